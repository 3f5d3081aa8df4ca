//! JSON as data needs it: what serde_json would settle in silence is refused. A key that stands twice keeps its last
//! value there, and nobody learns of the first. Knows nothing of files, lines or rows.

use std::{cell::RefCell, fmt};

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Reads one JSON value; nothing may follow it.
///
/// # Errors
/// Says what is wrong and at which column, without naming a file. Values nested deeper than 128 levels are refused.
pub(crate) fn parse_json(text: &str) -> Result<Value, String> {
    let repeated = RepeatedKey::default();
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = repeated.watched().deserialize(&mut deserializer).map_err(|error| malformed(&error, text))?;
    deserializer.end().map_err(|error| malformed(&error, text))?;
    match repeated.complaint() {
        Some(complaint) => Err(complaint),
        None => Ok(value),
    }
}

fn malformed(error: &serde_json::Error, text: &str) -> String {
    let whole = error.to_string();
    let what = whole.split(" at line ").next().unwrap_or_default();
    if what.contains("recursion limit") {
        return "it is nested deeper than 128 levels; flatten it".to_owned();
    }
    let line = text.lines().nth(error.line().saturating_sub(1)).unwrap_or_default();
    let start = error.column().saturating_sub(2);
    let around: &[u8] = line.as_bytes().get(start..(start + 12).min(line.len())).unwrap_or_default();
    let no_number = ["NaN", "Infinity"].iter().any(|name| String::from_utf8_lossy(around).contains(name));
    let hint = if no_number { "; NaN and Infinity are no JSON: write null" } else { "" };
    format!("malformed JSON at column {} ({what}){hint}", error.column())
}

/// The first key that stands twice in an object of a value, once the value has been read.
#[derive(Debug, Default)]
pub(super) struct RepeatedKey(RefCell<Option<String>>);

impl RepeatedKey {
    /// Reads a value and watches its keys.
    pub(super) fn watched(&self) -> WatchedValue<'_> {
        WatchedValue(self)
    }

    /// What is wrong with the value.
    pub(super) fn complaint(self) -> Option<String> {
        let key = self.0.into_inner()?;
        Some(format!("the key \"{key}\" stands twice in one object; keep one of the two"))
    }
}

/// Reads any value, and notes keys that stand twice.
#[derive(Debug, Clone, Copy)]
pub(super) struct WatchedValue<'a>(&'a RepeatedKey);

impl<'de> DeserializeSeed<'de> for WatchedValue<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for WatchedValue<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let value = entries.next_value_seed(self)?;
            if object.contains_key(&key) {
                self.0.0.borrow_mut().get_or_insert(key);
            } else {
                object.insert(key, value);
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_read_as_serde_json_reads_them() {
        let text = r#"{"a": [1, -2, 0.1, 18446744073709551615, "é\n", null, true], "b": {"c": {}}}"#;
        assert_eq!(parse_json(text).unwrap(), serde_json::from_str::<Value>(text).unwrap());
        assert_eq!(parse_json(" \"\\u0000\" ").unwrap(), json!("\u{0}"));
    }

    #[test]
    fn what_is_not_plain_json_is_refused_with_its_column() {
        for (text, expected) in [
            (r#"{"a": 1, "a": 2}"#, "the key \"a\" stands twice"),
            (r#"{"x": [{"b": 1, "b": 1}]}"#, "the key \"b\" stands twice"),
            (r#"{"a": NaN}"#, "write null"),
            (r#"{"a": -Infinity}"#, "write null"),
            (r#"{"a": 1} x"#, "malformed JSON at column 10 (trailing characters)"),
            (r#"{"a": "\ud800"}"#, "malformed JSON"),
            ("{\"a\": \"\u{0}\"}", "control character"),
            (r#"{"a": 1e999}"#, "out of range"),
            (&("[".repeat(200) + &"]".repeat(200)), "deeper than 128 levels"),
        ] {
            let complaint = parse_json(text).unwrap_err();
            assert!(complaint.contains(expected), "{text}: {complaint}");
        }
        assert!(parse_json(&("[".repeat(120) + &"]".repeat(120))).is_ok());
    }
}
