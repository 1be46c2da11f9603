//! The columns of a table become the fields of a Table Schema.

use serde_json::{Map, Value, json};

use crate::publish::catalogue::{Column, Role, Table};

/// The version of Table Schema.
pub(super) const TABLE_SCHEMA: &str = "https://datapackage.org/profiles/2.0/tableschema.json";

/// The fields of a table, its key, what stands for a missing value.
pub(super) fn schema(table: &Table) -> Map<String, Value> {
    let fields: Vec<Value> = table.columns.iter().map(field).collect();
    let mut schema = Map::new();
    schema.insert("fields".to_owned(), Value::Array(fields));
    schema.insert("primaryKey".to_owned(), json!(table.key));
    schema.insert("missingValues".to_owned(), json!([""]));
    schema
}

fn field(column: &Column) -> Value {
    let kind = if column.is_figure() { "integer" } else { "string" };
    let mut field = json!({
        "name": column.name,
        "type": kind,
        "title": column.title,
        "description": column.description,
        "constraints": constraints(column),
    });
    let mut add = |key: &str, value: Value| {
        if let Some(field) = field.as_object_mut() {
            field.insert(key.to_owned(), value);
        }
    };
    // A note is empty in most rows, and may be in all of them.
    if !column.example.is_empty() {
        add("example", json!(column.example));
    }
    if !column.unit.is_empty() {
        add("unit", json!(column.unit));
    }
    if column.codes.iter().any(|code| !code.label.is_empty()) {
        let labelled = column.codes.iter().map(|code| {
            let label = if code.label.is_empty() { &code.code } else { &code.label };
            json!({ "value": code.code, "label": label })
        });
        add("categories", labelled.collect());
    }
    field
}

fn constraints(column: &Column) -> Value {
    let mut constraints = Map::new();
    if column.role == Role::Dimension {
        constraints.insert("required".to_owned(), json!(true));
    }
    if !column.codes.is_empty() {
        let codes = column.codes.iter().map(|code| json!(code.code));
        constraints.insert("enum".to_owned(), codes.collect());
    }
    if let Some(pattern) = &column.pattern {
        constraints.insert("pattern".to_owned(), json!(pattern));
    }
    if column.is_count {
        constraints.insert("minimum".to_owned(), json!(0));
    }
    Value::Object(constraints)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::invented;

    #[test]
    fn a_dimension_is_required_and_a_count_is_not_negative() {
        let catalogue = invented::catalogue();
        let schema = Value::Object(schema(&catalogue.tables[0]));
        assert_eq!(schema["primaryKey"], json!(["type_employeur", "periode"]));
        assert_eq!(schema["missingValues"], json!([""]));
        let [kind, period, count] = [0, 1, 2].map(|place| &schema["fields"][place]);
        assert_eq!(kind["constraints"]["required"], true);
        assert!(kind["constraints"]["enum"].as_array().unwrap().contains(&json!("ccas")));
        assert_eq!(period["type"], "string");
        assert!(period["constraints"]["pattern"].as_str().unwrap().contains("-T[1-4]"));
        assert_eq!(count["constraints"], json!({ "minimum": 0 }));
        // As written in the file, whatever the type.
        assert_eq!(count["example"], "21");
        assert_eq!(schema["fields"][5]["example"], "s");
    }
}
