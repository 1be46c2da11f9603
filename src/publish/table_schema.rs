//! A table becomes its Table Schema, as schema.data.gouv.fr takes it.

use serde_json::json;

use crate::publish::catalogue::{Catalogue, Table};
use crate::publish::datapackage::{contributors, licence};
use crate::publish::fields::{TABLE_SCHEMA, schema};
use crate::publish::text_of;

/// The name of the schema of a table in a release.
#[must_use]
pub fn name(table: &Table) -> String {
    format!("{}.schema.json", table.name)
}

/// The bytes of the schema of a table.
#[must_use]
pub fn table_schema(catalogue: &Catalogue, table: &Table) -> Vec<u8> {
    let mut all = json!({
        "$schema": TABLE_SCHEMA,
        "name": table.name.replace('_', "-"),
        "title": table.title,
        "description": format!("{} {} Une ligne : {}.", table.definition, table.why, table.grain),
        "countryCode": "FR",
        "licenses": [licence(catalogue)],
        "created": catalogue.as_of.to_string(),
        "lastModified": catalogue.as_of.to_string(),
        "version": catalogue.version(),
        "contributors": contributors(catalogue),
    });
    if let Some(all) = all.as_object_mut() {
        if let Some(homepage) = &catalogue.homepage {
            all.insert("homepage".to_owned(), json!(homepage));
            let path = format!("{}/{}", homepage.trim_end_matches('/'), name(table));
            all.insert("path".to_owned(), json!(path));
        }
        all.extend(schema(table));
    }
    text_of(&all)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::publish::invented;

    #[test]
    fn a_schema_says_where_it_is_from() {
        let mut catalogue = invented::catalogue();
        let schema = |catalogue: &Catalogue| -> Value {
            serde_json::from_slice(&table_schema(catalogue, &catalogue.tables[0])).unwrap()
        };
        let all = schema(&catalogue);
        assert_eq!((&all["countryCode"], &all["version"]), (&json!("FR"), &json!("2025.7.1")));
        assert!(all.get("path").is_none() && all["fields"].as_array().unwrap().len() == 6);
        catalogue.homepage = Some("https://exemple.fr/conum/".to_owned());
        let path = "https://exemple.fr/conum/activites_par_employeur_periode.schema.json";
        assert_eq!(schema(&catalogue)["path"], path);
    }
}
