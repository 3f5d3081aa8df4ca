//! One step's numbers, in the order in which they were set.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// A step and its metrics.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "SavedRecord")]
pub struct Record {
    pub step: u64,
    values: Vec<(String, f64)>,
}

impl Record {
    /// A record without values.
    pub fn new(step: u64) -> Self {
        Self { step, values: Vec::new() }
    }

    /// Adds a metric, or replaces its value.
    pub fn set(&mut self, name: impl Into<String>, value: f64) {
        let name = name.into();
        match self.values.iter_mut().find(|(known, _)| *known == name) {
            Some((_, old)) => *old = value,
            None => self.values.push((name, value)),
        }
    }

    /// A metric's value.
    pub fn get(&self, name: &str) -> Option<f64> {
        self.values.iter().find(|(known, _)| known == name).map(|(_, value)| *value)
    }

    /// All metrics.
    pub fn values(&self) -> impl Iterator<Item = (&str, f64)> {
        self.values.iter().map(|(name, value)| (name.as_str(), *value))
    }

    /// As a line of `metrics.jsonl`; a number that is not finite becomes null.
    pub fn to_json(&self) -> Value {
        let mut object = Map::new();
        object.insert("step".to_owned(), json!(self.step));
        object.extend(self.values.iter().map(|(name, value)| (name.clone(), json!(value))));
        Value::Object(object)
    }
}

/// A record as it is read back: what is no number was written as null.
#[derive(Deserialize)]
struct SavedRecord {
    step: u64,
    values: Vec<(String, Option<f64>)>,
}

impl From<SavedRecord> for Record {
    fn from(SavedRecord { step, values }: SavedRecord) -> Self {
        let values = values.into_iter().map(|(name, value)| (name, value.unwrap_or(f64::NAN))).collect();
        Self { step, values }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_that_is_saved_and_read_back_makes_the_same_row() {
        let mut record = Record::new(7);
        record.set("loss", 0.1 + 0.2);
        record.set("kl", f64::NAN);
        record.set("lr", -1e-300);
        let read: Record = serde_json::from_str(&serde_json::to_string(&record).unwrap()).unwrap();
        assert_eq!(read.to_json().to_string(), record.to_json().to_string());
        assert!(read.get("kl").unwrap().is_nan());
    }
}
