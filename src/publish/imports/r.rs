//! A catalogue becomes `import.R`, for R alone.

use crate::publish::catalogue::Catalogue;
use crate::publish::imports::{head, kinds, sums};

/// Its name in a release.
pub const NAME: &str = "import.R";

const FUNCTIONS: &str = r#"
# Le Parquet si nanoparquet ou arrow est installé, sinon le CSV avec R seul : les mêmes lignes.
lire <- function(nom, colonnes) {
  parquet <- paste0(nom, ".parquet")
  lu <- if (requireNamespace("nanoparquet", quietly = TRUE)) {
    as.data.frame(nanoparquet::read_parquet(parquet))
  } else if (requireNamespace("arrow", quietly = TRUE)) {
    as.data.frame(arrow::read_parquet(parquet))
  } else {
    read.csv(paste0(nom, ".csv"), colClasses = colonnes, na.strings = "",
             check.names = FALSE, encoding = "UTF-8")
  }
  chiffres <- names(colonnes)[colonnes == "numeric"]
  lu[chiffres] <- lapply(lu[chiffres], as.numeric)
  lu
}

controler <- function(nom, table, lignes, sommes) {
  cat(nom, " : ", nrow(table), " lignes\n", sep = "")
  if (nrow(table) != lignes) stop(nom, " : ", lignes, " lignes attendues")
  for (mesure in names(sommes)) {
    somme <- sum(table[[mesure]], na.rm = TRUE)
    cat("  ", mesure, " : ", format(somme, scientific = FALSE), "\n", sep = "")
    if (somme != sommes[[mesure]]) stop(nom, ", ", mesure, " : autre somme attendue")
  }
}
"#;

/// The script.
#[must_use]
pub fn script(catalogue: &Catalogue) -> String {
    let usage = "Rscript import.R, ou source(\"import.R\") pour travailler.";
    let mut script = head(catalogue, "#", usage);
    script.push_str(FUNCTIONS);
    for table in &catalogue.tables {
        let name = &table.name;
        let columns: Vec<String> = kinds(table, ("character", "numeric"))
            .map(|(column, kind)| format!("  {column} = \"{kind}\""))
            .collect();
        let sums: Vec<String> =
            sums(table).map(|(column, sum)| format!("{column} = {sum}")).collect();
        script.push_str(&format!(
            "\n# {}\n{name} <- lire(\"{name}\", c(\n{}\n))\n\
             controler(\"{name}\", {name}, {}, list({}))\n",
            table.title,
            columns.join(",\n"),
            table.rows,
            sums.join(", ")
        ));
    }
    script
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::invented;

    #[test]
    fn codes_are_read_as_text_and_sums_are_checked() {
        let script = script(&invented::catalogue());
        let expected = "employeurs_par_type <- lire(\"employeurs_par_type\", c(\n  \
            type_employeur = \"character\",\n  departement = \"character\",\n  \
            nb_postes = \"numeric\",\n";
        assert!(script.contains(expected), "{script}");
        let expected = "employeurs_par_type, 2, list(nb_postes = 5, investissement_etat_centimes = \
            18714500))\n";
        assert!(script.contains(expected), "{script}");
    }
}
