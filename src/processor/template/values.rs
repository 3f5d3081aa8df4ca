//! JSON values as a template sees them: objects keep the order of their fields, as Python's dictionaries do. The template
//! engine's own maps are sorted by their keys.

use std::sync::Arc;

use minijinja::{
    Error, ErrorKind,
    machinery::{ast::Expr, parse_expr},
    value::{Enumerator, Object, Value, ValueKind},
};

/// Fields in their order.
#[derive(Debug, Default)]
pub(super) struct OrderedMap(Vec<(Value, Value)>);

impl OrderedMap {
    /// The map of these pairs; of equal keys the first keeps its place, and the last its value.
    pub(super) fn new(pairs: impl IntoIterator<Item = (Value, Value)>) -> Self {
        let mut map = Self::default();
        for (key, value) in pairs {
            match map.0.iter_mut().find(|(known, _)| *known == key) {
                Some((_, old)) => *old = value,
                None => map.0.push((key, value)),
            }
        }
        map
    }
}

impl Object for OrderedMap {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.0.iter().find(|(known, _)| known == key).map(|(_, value)| value.clone())
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.0.iter().map(|(key, _)| key.clone()).collect())
    }
}

/// A JSON value.
pub(super) fn from_json(json: &serde_json::Value) -> Value {
    match json {
        serde_json::Value::Array(items) => items.iter().map(from_json).collect(),
        serde_json::Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| (Value::from(name.as_str()), from_json(value)));
            Value::from_object(OrderedMap::new(fields))
        }
        plain => Value::from_serialize(plain),
    }
}

/// What a template writes as `{key: value, …}`; the arguments are keys and values by turns.
pub(super) fn literal(arguments: &[Value]) -> Result<Value, Error> {
    let pairs = arguments.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone()));
    match arguments.len().is_multiple_of(2) {
        true => Ok(Value::from_object(OrderedMap::new(pairs))),
        false => Err(Error::new(ErrorKind::InvalidOperation, "a key without a value")),
    }
}

/// A constant with maps in the order in which the template writes them: they are sorted by the time that it is compiled.
pub(super) fn constant(value: &Value, written: Option<&str>) -> Value {
    if !matches!(value.kind(), ValueKind::Map | ValueKind::Seq) {
        return value.clone();
    }
    let expression = written.and_then(|text| parse_expr(text).ok());
    expression.as_ref().and_then(ordered).filter(|ordered| ordered == value).unwrap_or_else(|| value.clone())
}

fn ordered(expression: &Expr<'_>) -> Option<Value> {
    match expression {
        Expr::Map(map) => {
            let keys = map.keys.iter().map(ordered).collect::<Option<Vec<_>>>()?;
            let values = map.values.iter().map(ordered).collect::<Option<Vec<_>>>()?;
            Some(Value::from_object(OrderedMap::new(keys.into_iter().zip(values))))
        }
        Expr::List(list) => list.items.iter().map(ordered).collect::<Option<Vec<_>>>().map(Value::from),
        other => other.as_const(),
    }
}
