//! A path in a JSON object becomes the text of a cell.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::Value;

/// A JSON object none of whose own keys stands twice.
pub(super) struct Object(pub(super) BTreeMap<String, Value>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Keys)
    }
}

struct Keys;

impl<'de> Visitor<'de> for Keys {
    type Value = Object;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Object, A::Error> {
        let mut object = BTreeMap::new();
        while let Some((key, value)) = entries.next_entry::<String, Value>()? {
            if object.insert(key, value).is_some() {
                return Err(A::Error::custom("a key stands twice"));
            }
        }
        Ok(Object(object))
    }
}

/// The text at a path: a scalar as written, or the scalars of a list joined by `separator`; `None`
/// for nothing.
///
/// # Errors
/// `Misshapen` when the value is a list where one value is due, or the reverse, or an object.
pub(super) fn text<'a>(
    object: &'a Object,
    path: &[String],
    separator: Option<&str>,
) -> Result<Option<Cow<'a, str>>, Misshapen> {
    let Some((first, rest)) = path.split_first() else { return Ok(None) };
    let mut value = object.0.get(first).unwrap_or(&Value::Null);
    for key in rest {
        value = match value {
            Value::Null => return Ok(None),
            Value::Object(inner) => inner.get(key).unwrap_or(&Value::Null),
            _ => return Err(Misshapen),
        };
    }
    match (value, separator) {
        (Value::Null, _) => Ok(None),
        (Value::Array(elements), Some(separator)) => {
            let filled = elements.iter().filter(|element| !element.is_null());
            let texts: Result<Vec<_>, _> = filled.map(scalar).collect();
            Ok(Some(Cow::Owned(texts?.join(separator))))
        }
        (_, Some(_)) => Err(Misshapen),
        (value, None) => scalar(value).map(Some),
    }
}

/// Whether the object a path belongs to has its last key; `None` where that object is null.
pub(super) fn has_key(object: &Object, path: &[String]) -> Option<bool> {
    let (first, rest) = path.split_first()?;
    let mut found = object.0.get(first);
    for key in rest {
        found = match found {
            None => return Some(false),
            Some(Value::Object(inner)) => inner.get(key),
            Some(_) => return None,
        };
    }
    Some(found.is_some())
}

/// A value of another shape than declared.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Misshapen;

fn scalar(value: &Value) -> Result<Cow<'_, str>, Misshapen> {
    match value {
        Value::String(text) => Ok(Cow::Borrowed(text)),
        Value::Number(number) => Ok(Cow::Owned(number.to_string())),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => Err(Misshapen),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(path: &str, separator: Option<&str>) -> Result<Option<String>, Misshapen> {
        let object = r#"{"a":{"b":3},"t":["x",null,"y"],"n":null,"f":true}"#;
        let object: Object = serde_json::from_str(object).unwrap();
        let path: Vec<String> = path.split('.').map(str::to_owned).collect();
        text(&object, &path, separator).map(|text| text.map(Cow::into_owned))
    }

    #[test]
    fn follows_paths_and_joins_lists() {
        assert_eq!(at("a.b", None), Ok(Some("3".to_owned())));
        assert_eq!(at("t", Some("|")), Ok(Some("x|y".to_owned())));
        for path in ["n", "n.x", "a.c", "z"] {
            assert_eq!(at(path, None), Ok(None), "{path}");
        }
    }

    #[test]
    fn a_key_is_there_lacking_or_has_nowhere_to_be() {
        let object: Object = serde_json::from_str(r#"{"a":{"b":3},"n":null}"#).unwrap();
        let has = |path: &[&str]| {
            has_key(&object, &path.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(has(&["a", "b"]), Some(true));
        assert_eq!(has(&["a", "c"]), Some(false));
        assert_eq!(has(&["z"]), Some(false));
        assert_eq!(has(&["n", "c"]), None);
    }

    #[test]
    fn other_shapes_are_refused() {
        for (path, separator) in
            [("a", None), ("t", None), ("f", None), ("t.x", None), ("a.b", Some("|"))]
        {
            assert_eq!(at(path, separator), Err(Misshapen), "{path}");
        }
        assert!(serde_json::from_str::<Object>(r#"{"a":1,"a":2}"#).is_err());
    }
}
