//! A path in a value with parts becomes the text of a cell.

use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// A JSON object none of whose keys stands twice, at any depth.
pub(super) struct Object(pub(super) Value);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Keys).map(Object)
    }
}

/// A JSON value in which no object has a key twice.
struct Unique(Value);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Keys).map(Unique)
    }
}

struct Keys;

impl<'de> Visitor<'de> for Keys {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some((key, Unique(value))) = entries.next_entry::<String, Unique>()? {
            if object.insert(key, value).is_some() {
                return Err(A::Error::custom("a key stands twice"));
            }
        }
        Ok(Value::Object(object))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Unique(value)) = elements.next_element()? {
            list.push(value);
        }
        Ok(Value::Array(list))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Value, E> {
        Ok(Value::String(text))
    }

    fn visit_bool<E: Error>(self, is_true: bool) -> Result<Value, E> {
        Ok(Value::Bool(is_true))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Value, E> {
        Ok(Value::from(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
        Ok(Value::from(number))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        Ok(Value::from(number))
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
}

/// The value at a path, if all objects on the way are there.
///
/// # Errors
/// `Misshapen` when something on the way is no object.
pub(super) fn at<'a>(value: &'a Value, path: &[String]) -> Result<Option<&'a Value>, Misshapen> {
    let mut found = value;
    for key in path {
        found = match found {
            Value::Null => return Ok(None),
            Value::Object(inner) => match inner.get(key) {
                Some(inner) => inner,
                None => return Ok(None),
            },
            _ => return Err(Misshapen),
        };
    }
    Ok(Some(found))
}

/// The text at a path: a scalar as written, or the scalars of a list joined by `separator`; `None`
/// for nothing.
///
/// # Errors
/// `Misshapen` when the value is a list where one value is due, or the reverse, or an object.
pub(super) fn text<'a>(
    value: &'a Value,
    path: &[String],
    separator: Option<&str>,
) -> Result<Option<Cow<'a, str>>, Misshapen> {
    let value = at(value, path)?.unwrap_or(&Value::Null);
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
pub(super) fn has_key(value: &Value, path: &[String]) -> Option<bool> {
    let (first, rest) = path.split_first()?;
    let mut found = value.get(first);
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

/// A scalar as written; those that extended JSON wraps in an object are taken out of it.
fn scalar(value: &Value) -> Result<Cow<'_, str>, Misshapen> {
    match value {
        Value::String(text) => Ok(Cow::Borrowed(text)),
        Value::Number(number) => Ok(Cow::Owned(whole(&number.to_string()).to_owned())),
        Value::Bool(is_true) => Ok(Cow::Borrowed(if *is_true { "true" } else { "false" })),
        Value::Object(wrapped) if wrapped.len() == 1 => {
            let Some((key, inner)) = wrapped.iter().next() else { return Err(Misshapen) };
            match (key.as_str(), inner) {
                ("$numberDouble", Value::String(text)) => Ok(Cow::Borrowed(whole(text))),
                ("$oid" | "$numberInt" | "$numberLong", Value::String(text)) => {
                    Ok(Cow::Borrowed(text))
                }
                ("$date", Value::String(text)) => Ok(Cow::Borrowed(text)),
                ("$date", inner) => milliseconds(&scalar(inner)?),
                _ => Err(Misshapen),
            }
        }
        Value::Null | Value::Array(_) | Value::Object(_) => Err(Misshapen),
    }
}

/// A whole number stored as a double, without its decimal.
fn whole(number: &str) -> &str {
    number.strip_suffix(".0").unwrap_or(number)
}

fn milliseconds(text: &str) -> Result<Cow<'static, str>, Misshapen> {
    let number = text.parse().map_err(|_| Misshapen)?;
    let instant = Timestamp::from_millisecond(number).map_err(|_| Misshapen)?;
    Ok(Cow::Owned(instant.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(path: &str, separator: Option<&str>) -> Result<Option<String>, Misshapen> {
        let object = r#"{"a":{"b":3},"t":["x",null,"y"],"n":null,"f":true,
            "o":{"$oid":"61f"},"d":{"$date":{"$numberLong":"1691595688123"}},
            "e":{"$date":1691595688000},"w":{"$numberDouble":"4.0"},"x":2.0,
            "i":{"$numberInt":"7"},"u":{"$uuid":"1"}}"#;
        let Object(object) = serde_json::from_str(object).unwrap();
        let path: Vec<String> = path.split('.').map(str::to_owned).collect();
        text(&object, &path, separator).map(|text| text.map(Cow::into_owned))
    }

    #[test]
    fn follows_paths_and_joins_lists() {
        assert_eq!(at("a.b", None), Ok(Some("3".to_owned())));
        assert_eq!(at("t", Some("|")), Ok(Some("x|y".to_owned())));
        assert_eq!(at("f", None), Ok(Some("true".to_owned())));
        for path in ["n", "n.x", "a.c", "z"] {
            assert_eq!(at(path, None), Ok(None), "{path}");
        }
    }

    #[test]
    fn extended_json_is_taken_out_of_its_wrapping() {
        for (path, expected) in [
            ("o", "61f"),
            ("d", "2023-08-09T15:41:28.123Z"),
            ("e", "2023-08-09T15:41:28Z"),
            ("i", "7"),
            ("w", "4"),
            ("x", "2"),
        ] {
            assert_eq!(at(path, None), Ok(Some(expected.to_owned())), "{path}");
        }
        assert_eq!(at("u", None), Err(Misshapen));
    }

    #[test]
    fn a_key_is_there_lacking_or_has_nowhere_to_be() {
        let Object(object) = serde_json::from_str(r#"{"a":{"b":3},"n":null}"#).unwrap();
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
        for (path, separator) in [("a", None), ("t", None), ("t.x", None), ("a.b", Some("|"))] {
            assert_eq!(at(path, separator), Err(Misshapen), "{path}");
        }
        for text in [r#"{"a":1,"a":2}"#, r#"{"a":[{"b":1,"b":2}]}"#, "[1]", "1"] {
            assert!(serde_json::from_str::<Object>(text).is_err(), "{text}");
        }
    }
}
