//! A catalogue becomes `datapackage.json`, Data Package v2.

use serde_json::{Map, Value, json};

use crate::publish::catalogue::{Catalogue, File, Table};
use crate::publish::fields::{TABLE_SCHEMA, schema};
use crate::publish::text_of;

/// Its name in a release.
pub const NAME: &str = "datapackage.json";
const PROFILE: &str = "https://datapackage.org/profiles/2.0/datapackage.json";

/// The bytes of `datapackage.json`: every table as CSV, with its schema, and as Parquet.
#[must_use]
pub fn datapackage(catalogue: &Catalogue) -> Vec<u8> {
    let tables = catalogue.tables.iter();
    let resources: Vec<Value> = tables.flat_map(|table| resources_of(catalogue, table)).collect();
    let workbooks = catalogue.files.iter().filter(|file| file.extension() == "xlsx");
    let workbooks = workbooks.map(|file| {
        let title = format!("{}, classeur des principales tables", catalogue.title);
        Value::Object(resource(file, "xlsx", &title))
    });
    let resources: Vec<Value> = resources.into_iter().chain(workbooks).collect();
    let mut package = json!({
        "$schema": PROFILE,
        "name": catalogue.name,
        "id": format!("{}@{}", catalogue.name, catalogue.version()),
        "title": catalogue.title,
        "description": catalogue.description(),
        "version": catalogue.version(),
        "created": format!("{}T00:00:00Z", catalogue.as_of),
        "keywords": ["conseillers numériques", "inclusion numérique", "statistiques"],
        "licenses": [licence(catalogue)],
        "sources": sources(catalogue),
        "contributors": contributors(catalogue),
        "resources": resources,
    });
    if let (Some(homepage), Some(package)) = (&catalogue.homepage, package.as_object_mut()) {
        package.insert("homepage".to_owned(), json!(homepage));
    }
    text_of(&package)
}

/// The licence, as Data Package and Table Schema write it.
pub(super) fn licence(catalogue: &Catalogue) -> Value {
    let licence = &catalogue.licence;
    json!({ "name": licence.id, "title": licence.title, "path": licence.path })
}

/// The producer, as Data Package and Table Schema write it.
pub(super) fn contributors(catalogue: &Catalogue) -> Value {
    json!([{ "title": catalogue.producer, "role": "publisher", "roles": ["publisher"] }])
}

fn sources(catalogue: &Catalogue) -> Value {
    let day = catalogue.as_of.to_string();
    let read = catalogue.sources.iter();
    let read = read.map(|source| json!({ "title": source.title, "version": day }));
    let references = catalogue.references.iter().map(|title| json!({ "title": title }));
    read.chain(references).collect()
}

fn resources_of(catalogue: &Catalogue, table: &Table) -> Vec<Value> {
    let mut resources = Vec::new();
    if let Some(file) = catalogue.file(&format!("{}.csv", table.name)) {
        let mut csv = resource(file, "csv", &table.title);
        let mut fields = schema(table);
        fields.insert("$schema".to_owned(), json!(TABLE_SCHEMA));
        let rest = [
            ("type", json!("table")),
            ("description", json!(format!("{} {}", table.definition, table.why))),
            ("encoding", json!("utf-8")),
            ("dialect", json!({ "delimiter": ",", "quoteChar": "\"", "lineTerminator": "\n" })),
            ("schema", Value::Object(fields)),
            ("grain", json!(table.grain)),
            ("rows", json!(table.rows)),
            ("hiddenRows", json!(table.hidden)),
        ];
        csv.extend(rest.map(|(key, value)| (key.to_owned(), value)));
        resources.push(Value::Object(csv));
    }
    if let Some(file) = catalogue.file(&format!("{}.parquet", table.name)) {
        // Of a format it knows, `parquet`, frictionless reads the rows, and then cannot tell the
        // length of the file nor its hash.
        resources.push(Value::Object(resource(file, "apache-parquet", &table.title)));
    }
    resources
}

fn resource(file: &File, format: &str, title: &str) -> Map<String, Value> {
    let name = file.path.to_lowercase().replace('.', "-");
    let pairs = [
        ("name", json!(name)),
        ("path", json!(file.path)),
        ("title", json!(title)),
        ("format", json!(format)),
        ("mediatype", json!(file.media_type())),
        ("bytes", json!(file.bytes)),
        ("hash", json!(format!("sha256:{}", file.sha256))),
    ];
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::invented;

    #[test]
    fn a_package_has_each_table_twice_and_says_the_hash_of_each() {
        let bytes = datapackage(&invented::catalogue());
        assert_eq!(bytes, datapackage(&invented::catalogue()));
        let package: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(package["created"], "2025-07-01T00:00:00Z");
        assert_eq!(package["licenses"][0]["name"], "etalab-2.0");
        let resources = package["resources"].as_array().unwrap();
        assert_eq!(resources.len(), 6);
        let [csv, parquet, ..] = resources.as_slice() else { panic!() };
        assert_eq!((&csv["type"], &csv["rows"]), (&json!("table"), &json!(5)));
        assert_eq!(csv["hash"], format!("sha256:{}", "ab".repeat(32)));
        assert_eq!(parquet["mediatype"], "application/vnd.apache.parquet");
        assert!(parquet.get("type").is_none() && parquet.get("schema").is_none());
    }
}
