//! A catalogue becomes `import.py`, for pandas.

use crate::publish::catalogue::Catalogue;
use crate::publish::imports::{head, kinds, sums};

/// Its name in a release.
pub const NAME: &str = "import.py";

const FUNCTIONS: &str = r#"
from importlib.util import find_spec
from pathlib import Path

import pandas as pd

DOSSIER = Path(__file__).resolve().parent


def lire(nom, colonnes):
    """Le Parquet si pyarrow est installé, sinon le CSV : les mêmes lignes."""
    if find_spec("pyarrow"):
        table = pd.read_parquet(DOSSIER / f"{nom}.parquet")
        return table[list(colonnes)].astype(colonnes)
    return pd.read_csv(
        DOSSIER / f"{nom}.csv", dtype=colonnes, keep_default_na=False, na_values=[""]
    )


def controler(nom, table, lignes, sommes):
    print(f"{nom} : {len(table)} lignes")
    if len(table) != lignes:
        raise SystemExit(f"{nom} : {lignes} lignes attendues")
    for mesure, attendue in sommes.items():
        somme = int(table[mesure].sum())
        print(f"  {mesure} : {somme}")
        if somme != attendue:
            raise SystemExit(f"{nom}, {mesure} : {attendue} attendu")


# Colonnes, nombre de lignes et sommes de chaque table.
TABLES = {
"#;

const END: &str = r#"}

tables = {nom: lire(nom, colonnes) for nom, (colonnes, _, _) in TABLES.items()}

if __name__ == "__main__":
    for nom, (_, lignes, sommes) in TABLES.items():
        controler(nom, tables[nom], lignes, sommes)
"#;

/// The script.
#[must_use]
pub fn script(catalogue: &Catalogue) -> String {
    let usage = "python import.py, ou python -i import.py pour travailler.";
    let mut script = head(catalogue, "#", usage);
    script.push_str(FUNCTIONS);
    for table in &catalogue.tables {
        let columns = kinds(table, ("string", "Int64"));
        let columns: Vec<String> = columns
            .map(|(column, kind)| format!("            \"{column}\": \"{kind}\",\n"))
            .collect();
        let sums: Vec<String> =
            sums(table).map(|(column, sum)| format!("\"{column}\": {sum}")).collect();
        script.push_str(&format!(
            "    # {}\n    \"{}\": (\n        {{\n{}        }},\n",
            table.title,
            table.name,
            columns.concat(),
        ));
        script.push_str(&format!(
            "        {},\n        {{{}}},\n    ),\n",
            table.rows,
            sums.join(", ")
        ));
    }
    script + END
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::invented;

    #[test]
    fn codes_are_read_as_text_and_sums_are_checked() {
        let script = script(&invented::catalogue());
        let expected = "    \"employeurs_par_type\": (\n        {\n            \"type_employeur\": \
            \"string\",\n";
        assert!(script.contains(expected), "{script}");
        let expected =
            "        2,\n        {\"nb_postes\": 5, \"investissement_etat_centimes\": 18714500},\n";
        assert!(script.contains(expected), "{script}");
    }
}
