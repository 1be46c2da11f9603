//! A catalogue becomes `import.sql`, for DuckDB.

use crate::publish::catalogue::Catalogue;
use crate::publish::imports::{head, kinds, sums};

/// Its name in a release.
pub const NAME: &str = "import.sql";

/// The script.
#[must_use]
pub fn script(catalogue: &Catalogue) -> String {
    let usage = "duckdb -bail conum.duckdb < import.sql";
    let mut script = head(catalogue, "--", usage);
    script.push_str("-- Le Parquet a les mêmes lignes : FROM 'table.parquet'.\n");
    for table in &catalogue.tables {
        let name = &table.name;
        let columns: Vec<String> = kinds(table, ("VARCHAR", "BIGINT"))
            .map(|(column, kind)| format!("    '{column}': '{kind}'"))
            .collect();
        let shown = sums(table).map(|(column, _)| format!(", sum({column}) AS {column}"));
        let shown: String = shown.collect();
        let are_expected: String = sums(table)
            .map(|(column, sum)| format!("\n    AND coalesce(sum({column}), 0) = {sum}"))
            .collect();
        script.push_str(&format!(
            "\n-- {}\nCREATE OR REPLACE TABLE {name} AS\n\
             SELECT * FROM read_csv('{name}.csv', header = true, delim = ',', quote = '\"', \
             nullstr = '', columns = {{\n{}\n}});\n\
             SELECT '{name}' AS nom, count(*) AS lignes{shown} FROM {name};\n\
             SELECT CASE WHEN count(*) = {}{are_expected}\n    THEN 'conforme' \
             ELSE error('{name} : lignes ou sommes inattendues') END AS controle\nFROM {name};\n",
            table.title,
            columns.join(",\n"),
            table.rows,
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
        assert!(script.contains("    'departement': 'VARCHAR',\n    'nb_postes': 'BIGINT',\n"));
        let expected = "CASE WHEN count(*) = 2\n    AND coalesce(sum(nb_postes), 0) = 5\n";
        assert!(script.contains(expected), "{script}");
    }
}
