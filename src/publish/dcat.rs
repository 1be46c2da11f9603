//! A catalogue becomes DCAT-AP, with what StatDCAT-AP adds, as JSON-LD.

use jiff::civil::Date;
use serde_json::{Map, Value, json};

use crate::publish::catalogue::{Catalogue, Column, File, Period, Role, Table};
use crate::publish::{datapackage, notes, text_of};
use crate::vocabulary::calendar::last_day;

/// Its name in a release.
pub const NAME: &str = "dcat.jsonld";

/// Where the vocabularies of the Publications Office begin.
const AUTHORITY: &str = "http://publications.europa.eu/resource/authority";

/// The bytes of the description: a dataset for the release, one for each table, their files.
///
/// Identifiers are relative to where the file is read from, or to the homepage where it is known.
#[must_use]
pub fn dcat(catalogue: &Catalogue) -> Vec<u8> {
    let mut graph = vec![
        release(catalogue),
        json!({
            "@id": "#producteur", "@type": "foaf:Agent", "foaf:name": french(&catalogue.producer),
        }),
        json!({
            "@id": catalogue.licence.path,
            "@type": "dct:LicenseDocument",
            "dct:title": french(&catalogue.licence.title),
            "dct:identifier": catalogue.licence.id,
        }),
    ];
    for table in &catalogue.tables {
        graph.push(dataset(catalogue, table));
    }
    graph.extend(distributed(catalogue).map(|file| distribution(catalogue, file)));
    graph.extend(properties(catalogue));
    let mut context = context();
    if let (Some(homepage), Some(context)) = (&catalogue.homepage, context.as_object_mut()) {
        let base = format!("{}/", homepage.trim_end_matches('/'));
        context.insert("@base".to_owned(), json!(base));
    }
    text_of(&json!({ "@context": context, "@graph": graph }))
}

fn context() -> Value {
    json!({
        "adms": "http://www.w3.org/ns/adms#",
        "dcat": "http://www.w3.org/ns/dcat#",
        "dct": "http://purl.org/dc/terms/",
        "foaf": "http://xmlns.com/foaf/0.1/",
        "qb": "http://purl.org/linked-data/cube#",
        "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
        "skos": "http://www.w3.org/2004/02/skos/core#",
        "spdx": "http://spdx.org/rdf/terms#",
        "stat": "http://data.europa.eu/s1n/",
        "xsd": "http://www.w3.org/2001/XMLSchema#",
    })
}

fn french(text: &str) -> Value {
    json!({ "@value": text, "@language": "fr" })
}

fn one(id: &str) -> Value {
    json!({ "@id": id })
}

fn day(day: Date) -> Value {
    json!({ "@type": "xsd:date", "@value": day.to_string() })
}

/// What the release and its tables have in common.
fn common(catalogue: &Catalogue, id: &str, title: &str) -> Map<String, Value> {
    let identifier = format!("{}@{}", catalogue.name, catalogue.version());
    let pairs = [
        ("@id", json!(id)),
        ("@type", json!("dcat:Dataset")),
        ("dct:title", french(title)),
        ("dct:identifier", json!(format!("{identifier}{id}"))),
        ("dct:issued", day(catalogue.as_of)),
        ("dct:modified", day(catalogue.as_of)),
        ("dcat:version", json!(catalogue.version())),
        ("dct:language", one(&format!("{AUTHORITY}/language/FRA"))),
        ("dct:publisher", one("#producteur")),
        ("dct:license", one(&catalogue.licence.path)),
        ("dct:accessRights", one(&format!("{AUTHORITY}/access-right/PUBLIC"))),
        ("dct:accrualPeriodicity", one(&format!("{AUTHORITY}/frequency/MONTHLY"))),
        ("dct:spatial", one(&format!("{AUTHORITY}/country/FRA"))),
        ("dcat:theme", one(&format!("{AUTHORITY}/data-theme/GOVE"))),
    ];
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

fn release(catalogue: &Catalogue) -> Value {
    let mut all = common(catalogue, "#diffusion", &catalogue.title);
    let tables = catalogue.tables.iter().map(|table| one(&format!("#{}", table.name)));
    let of_no_table = distributed(catalogue).filter(|file| table_of(catalogue, file).is_none());
    let files = of_no_table.map(|file| one(&format!("#fichier-{}", file.path)));
    let sources = catalogue.sources.iter().map(|source| source.title.as_str());
    let sources = sources
        .chain(catalogue.references.iter().map(String::as_str))
        .map(|title| json!({ "@type": "dct:ProvenanceStatement", "rdfs:label": french(title) }));
    all.insert("dct:description".to_owned(), french(&catalogue.description()));
    all.insert("dct:hasPart".to_owned(), tables.collect());
    all.insert("dcat:distribution".to_owned(), files.collect());
    all.insert("dct:provenance".to_owned(), sources.collect());
    all.insert("dcat:keyword".to_owned(), json!([french("conseillers numériques")]));
    all.insert("foaf:page".to_owned(), one(notes::NAME));
    insert_period(&mut all, catalogue.period.as_ref());
    if let Some(homepage) = &catalogue.homepage {
        all.insert("dcat:landingPage".to_owned(), one(homepage));
    }
    Value::Object(all)
}

fn dataset(catalogue: &Catalogue, table: &Table) -> Value {
    let id = format!("#{}", table.name);
    let mut all = common(catalogue, &id, &table.title);
    let files = distributed(catalogue).filter(|file| table_of(catalogue, file) == Some(table));
    let files = files.map(|file| one(&format!("#fichier-{}", file.path)));
    let named = |role: Role| {
        let columns = table.columns.iter().filter(move |column| column.role == role);
        columns.map(|column| one(&column_id(column))).collect::<Value>()
    };
    let mut units: Vec<&str> = table.figures().map(|column| column.unit.as_str()).collect();
    units.sort_unstable();
    units.dedup();
    let units = units
        .into_iter()
        .map(|unit| json!({ "@type": "skos:Concept", "skos:prefLabel": french(unit) }));
    let description = format!("{} {} Une ligne : {}.", table.definition, table.why, table.grain);
    all.insert("dct:description".to_owned(), french(&description));
    all.insert("dct:isPartOf".to_owned(), one("#diffusion"));
    all.insert("dcat:distribution".to_owned(), files.collect());
    all.insert("stat:dimension".to_owned(), named(Role::Dimension));
    all.insert("stat:attribute".to_owned(), named(Role::Note));
    all.insert("stat:statUnitMeasure".to_owned(), units.collect());
    all.insert(
        "stat:numSeries".to_owned(),
        json!({ "@type": "xsd:integer", "@value": table.series.to_string() }),
    );
    insert_period(&mut all, table.period.as_ref());
    Value::Object(all)
}

fn insert_period(all: &mut Map<String, Value>, period: Option<&Period>) {
    let Some(Period { first, last }) = period else { return };
    let days = (format!("{first}-01").parse::<Date>(), last_day(last));
    let (Ok(first), Some(last)) = days else { return };
    let covered = json!({
        "@type": "dct:PeriodOfTime", "dcat:startDate": day(first), "dcat:endDate": day(last),
    });
    all.insert("dct:temporal".to_owned(), covered);
    all.insert(
        "dcat:temporalResolution".to_owned(),
        json!({ "@type": "xsd:duration", "@value": "P1M" }),
    );
}

/// Files that hold figures, or describe all that do.
fn distributed(catalogue: &Catalogue) -> impl Iterator<Item = &File> {
    let is_data = |file: &&File| {
        matches!(file.extension(), "csv" | "parquet" | "xlsx") || file.path == datapackage::NAME
    };
    catalogue.files.iter().filter(is_data)
}

fn distribution(catalogue: &Catalogue, file: &File) -> Value {
    let table = table_of(catalogue, file);
    let title = table.map_or_else(
        || file.path.clone(),
        |table| format!("{} ({})", table.title, file.extension()),
    );
    let media = format!("https://www.iana.org/assignments/media-types/{}", file.media_type());
    let mut all = json!({
        "@id": format!("#fichier-{}", file.path),
        "@type": "dcat:Distribution",
        "dct:title": french(&title),
        "dcat:accessURL": one(&file.path),
        "dcat:downloadURL": one(&file.path),
        "dcat:mediaType": one(&media),
        "dcat:byteSize":
            { "@type": "xsd:nonNegativeInteger", "@value": file.bytes.to_string() },
        "dct:license": one(&catalogue.licence.path),
        "dct:issued": day(catalogue.as_of),
        "spdx:checksum": {
            "@type": "spdx:Checksum",
            "spdx:algorithm": one("http://spdx.org/rdf/terms#checksumAlgorithm_sha256"),
            "spdx:checksumValue": { "@type": "xsd:hexBinary", "@value": file.sha256 },
        },
    });
    let format = match file.extension() {
        "csv" => "CSV",
        "parquet" => "PARQUET",
        "xlsx" => "XLSX",
        "json" => "JSON",
        _ => return all,
    };
    if let Some(all) = all.as_object_mut() {
        all.insert("dct:format".to_owned(), one(&format!("{AUTHORITY}/file-type/{format}")));
    }
    all
}

/// The table whose rows a file has.
fn table_of<'c>(catalogue: &'c Catalogue, file: &File) -> Option<&'c Table> {
    let (name, extension) = file.path.rsplit_once('.')?;
    let tables = &catalogue.tables;
    matches!(extension, "csv" | "parquet")
        .then(|| tables.iter().find(|table| table.name == name))
        .flatten()
}

fn column_id(column: &Column) -> String {
    format!("#colonne-{}", column.name)
}

/// What the columns are, each once.
fn properties(catalogue: &Catalogue) -> Vec<Value> {
    let mut all: Vec<(&str, Value)> = Vec::new();
    for column in catalogue.tables.iter().flat_map(|table| &table.columns) {
        let kind = match column.role {
            Role::Dimension => json!("qb:DimensionProperty"),
            Role::Measure => json!("qb:MeasureProperty"),
            Role::Note => json!("qb:AttributeProperty"),
        };
        if all.iter().any(|(name, _)| *name == column.name) {
            continue;
        }
        let property = json!({
            "@id": column_id(column),
            "@type": kind,
            "rdfs:label": french(&column.title),
            "rdfs:comment": french(&column.description),
        });
        all.push((&column.name, property));
    }
    all.into_iter().map(|(_, property)| property).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::invented;

    #[test]
    fn each_table_is_a_dataset_with_its_two_files() {
        let bytes = dcat(&invented::catalogue());
        assert_eq!(bytes, dcat(&invented::catalogue()));
        let all: Value = serde_json::from_slice(&bytes).unwrap();
        let graph = all["@graph"].as_array().unwrap();
        let of = |id: &str| graph.iter().find(|node| node["@id"] == id).unwrap();
        let table = of("#activites_par_employeur_periode");
        assert_eq!(table["dcat:distribution"].as_array().unwrap().len(), 2);
        assert_eq!(
            table["stat:dimension"],
            json!([one("#colonne-type_employeur"), one("#colonne-periode")])
        );
        assert_eq!(table["stat:attribute"], json!([one("#colonne-secret")]));
        // Three measures of three employer types.
        assert_eq!(table["stat:numSeries"]["@value"], "9");
        assert_eq!(table["dct:temporal"]["dcat:endDate"]["@value"], "2024-12-31");
        assert_eq!(of("#diffusion")["dct:hasPart"].as_array().unwrap().len(), 3);
        let file = of("#fichier-employeurs_par_type.csv");
        assert_eq!(file["spdx:checksum"]["spdx:checksumValue"]["@value"], "ab".repeat(32));
        assert!(of("#employeurs_par_type").get("dct:temporal").is_none());
    }
}
