//! One Parquet value as JSON. What JSON cannot hold is refused rather than changed.

use base64::{Engine, engine::general_purpose::STANDARD};
use parquet::record::{Field, Row};
use serde_json::{Map, Number, Value};

/// The column of a struct that holds an image's bytes, as `datasets` writes it.
pub(super) const BYTES: &str = "bytes";

/// A row's fields; null ones count as absent elsewhere.
pub(super) fn fields(row: Row) -> Result<Map<String, Value>, String> {
    let mut fields = Map::new();
    for (name, field) in row.into_columns() {
        let value = value(field, &name).map_err(|why| format!(r#"field "{name}" {why}"#))?;
        if fields.insert(name.clone(), value).is_some() {
            return Err(format!(r#"the column "{name}" stands twice; keep one of the two"#));
        }
    }
    Ok(fields)
}

fn value(field: Field, name: &str) -> Result<Value, String> {
    Ok(match field {
        Field::Null => Value::Null,
        Field::Bool(truth) => Value::Bool(truth),
        Field::Byte(number) => number.into(),
        Field::Short(number) => number.into(),
        Field::Int(number) => number.into(),
        Field::Long(number) => number.into(),
        Field::UByte(number) => number.into(),
        Field::UShort(number) => number.into(),
        Field::UInt(number) => number.into(),
        Field::ULong(number) => number.into(),
        Field::Float16(number) => short(f32::from(number))?,
        Field::Float(number) => short(number)?,
        Field::Double(number) => float(number)?,
        Field::Str(text) => Value::String(text),
        Field::Bytes(bytes) => binary(bytes.data(), name),
        other @ (Field::Decimal(_)
        | Field::Date(_)
        | Field::TimeMillis(_)
        | Field::TimeMicros(_)
        | Field::TimestampMillis(_)
        | Field::TimestampMicros(_)) => match can_be_shown(&other) {
            true => Value::String(other.to_string()),
            false => return Err("has a date, time or decimal number that is out of range".to_owned()),
        },
        Field::Group(row) => Value::Object(fields(row)?),
        Field::ListInternal(list) => {
            list.elements().iter().map(|element| value(element.clone(), name)).collect::<Result<_, _>>()?
        }
        Field::MapInternal(map) => {
            let mut object = Map::new();
            for (key, entry) in map.entries() {
                let key = match value(key.clone(), name)? {
                    Value::String(key) => key,
                    other => other.to_string(),
                };
                if object.insert(key.clone(), value(entry.clone(), name)?).is_some() {
                    return Err(format!(r#"has the key "{key}" twice; keep one of the two"#));
                }
            }
            Value::Object(object)
        }
    })
}

/// Whether a value is one that its text can be made of: those of a damaged file need not be.
fn can_be_shown(field: &Field) -> bool {
    // Years up to about 250,000.
    const DAYS: i64 = 90_000_000;
    match field {
        Field::Decimal(decimal) => decimal.scale() >= 0 && decimal.precision() >= decimal.scale(),
        Field::Date(days) => i64::from(*days).abs() <= DAYS,
        Field::TimestampMillis(time) => (-DAYS * 86_400_000..=DAYS * 86_400_000).contains(time),
        Field::TimestampMicros(time) => (-DAYS * 86_400_000_000..=DAYS * 86_400_000_000).contains(time),
        _ => true,
    }
}

/// A number of few digits keeps them: 0.1, not 0.10000000149011612.
fn short(number: f32) -> Result<Value, String> {
    float(number.to_string().parse().unwrap_or_else(|_| f64::from(number)))
}

fn float(number: f64) -> Result<Value, String> {
    let found = Number::from_f64(number).map(Value::Number);
    found.ok_or_else(|| format!("is {number}, which JSON does not know; write null"))
}

/// Bytes of a column that is not declared as text: text where they are, as older writers leave it, else a data URL.
fn binary(bytes: &[u8], name: &str) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) if name != BYTES => Value::String(text.to_owned()),
        _ => Value::String(format!("data:application/octet-stream;base64,{}", STANDARD.encode(bytes))),
    }
}
