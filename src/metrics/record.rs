//! One step's numbers, in the order in which they were set.

use serde_json::{Map, Value, json};

/// A step and its metrics.
#[derive(Debug, Clone, PartialEq)]
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
