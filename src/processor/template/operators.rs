//! Python's operators on a template's values. The template engine's own differ in a few: it divides towards another side
//! where the divisor is negative, repeats and joins texts without a bound, and slices backwards past the end.

use minijinja::{
    Error, ErrorKind, FormatStyle, State, format_filter,
    value::{Value, ValueKind},
};

use super::{bounds::count, python::text};

/// What takes a list's entry, for the bound on memory.
const ENTRY: usize = size_of::<Value>();

#[derive(Debug, Clone, Copy)]
enum Number {
    Int(i128),
    Float(f64),
}

impl Number {
    fn of(value: &Value) -> Option<Self> {
        match value.kind() {
            ValueKind::Bool => Some(Self::Int(value.is_true().into())),
            ValueKind::Number if value.is_integer() => value.clone().try_into().ok().map(Self::Int),
            ValueKind::Number => value.clone().try_into().ok().map(Self::Float),
            _ => None,
        }
    }

    fn float(self) -> f64 {
        match self {
            Self::Int(number) => number as f64,
            Self::Float(number) => number,
        }
    }
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, message.into())
}

fn unsupported(operator: &str, left: &Value, right: &Value) -> Error {
    invalid(format!("{operator} is not defined for {} and {}", left.kind(), right.kind()))
}

fn integer(number: Option<i128>) -> Result<Value, Error> {
    let number = number.ok_or_else(|| invalid("the result is too large"))?;
    Ok(i64::try_from(number).map_or_else(|_| Value::from(number), Value::from))
}

/// A number from two: integers by one function, floats by the other.
fn arithmetic(
    operator: &str,
    [left, right]: [&Value; 2],
    integers: fn(i128, i128) -> Option<i128>,
    floats: fn(f64, f64) -> f64,
) -> Result<Value, Error> {
    match (Number::of(left), Number::of(right)) {
        (Some(Number::Int(left)), Some(Number::Int(right))) => integer(integers(left, right)),
        (Some(left), Some(right)) => Ok(floats(left.float(), right.float()).into()),
        _ => Err(unsupported(operator, left, right)),
    }
}

fn items(value: &Value) -> Option<Vec<Value>> {
    let is_list = matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable);
    is_list.then(|| value.try_iter().ok().map(Iterator::collect)).flatten()
}

pub(super) fn add(state: &State<'_, '_>, left: &Value, right: &Value) -> Result<Value, Error> {
    if let (Some(left), Some(right)) = (left.as_str(), right.as_str()) {
        count(state, left.len() + right.len())?;
        return Ok([left, right].concat().into());
    }
    if let (Some(mut left), Some(right)) = (items(left), items(right)) {
        count(state, ENTRY * (left.len() + right.len()))?;
        left.extend(right);
        return Ok(left.into());
    }
    arithmetic("+", [left, right], i128::checked_add, |left, right| left + right)
}

pub(super) fn subtract(left: &Value, right: &Value) -> Result<Value, Error> {
    arithmetic("-", [left, right], i128::checked_sub, |left, right| left - right)
}

pub(super) fn multiply(state: &State<'_, '_>, left: &Value, right: &Value) -> Result<Value, Error> {
    let times = |value: &Value| match Number::of(value) {
        Some(Number::Int(times)) => Some(usize::try_from(times.max(0)).unwrap_or(usize::MAX)),
        _ => None,
    };
    for (value, other) in [(left, right), (right, left)] {
        let Some(times) = times(other) else { continue };
        if let Some(text) = value.as_str() {
            count(state, text.len().saturating_mul(times))?;
            return Ok(text.repeat(times).into());
        }
        if let Some(items) = items(value) {
            count(state, ENTRY.saturating_mul(items.len()).saturating_mul(times))?;
            let length = items.len() * times;
            return Ok(items.into_iter().cycle().take(length).collect::<Vec<Value>>().into());
        }
    }
    arithmetic("*", [left, right], i128::checked_mul, |left, right| left * right)
}

fn refuse_zero(right: &Value) -> Result<(), Error> {
    match Number::of(right) {
        Some(number) if number.float() == 0.0 => Err(invalid("division by zero")),
        _ => Ok(()),
    }
}

pub(super) fn divide(left: &Value, right: &Value) -> Result<Value, Error> {
    refuse_zero(right)?;
    match (Number::of(left), Number::of(right)) {
        (Some(left), Some(right)) => Ok((left.float() / right.float()).into()),
        _ => Err(unsupported("/", left, right)),
    }
}

/// Division that rounds down, whatever the signs.
pub(super) fn divide_down(left: &Value, right: &Value) -> Result<Value, Error> {
    refuse_zero(right)?;
    let floats = |left: f64, right: f64| ((left - float_remainder(left, right)) / right).round();
    let integers = |left: i128, right: i128| {
        let quotient = left.checked_div(right)?;
        let is_above = left % right != 0 && (left < 0) != (right < 0);
        Some(quotient - i128::from(is_above))
    };
    arithmetic("//", [left, right], integers, floats)
}

/// The remainder, which has the divisor's sign; or a text with values in the places of its `%s`.
pub(super) fn remainder(state: &State<'_, '_>, left: &Value, right: &Value) -> Result<Value, Error> {
    if let Some(format) = left.as_str() {
        let values = items(right).unwrap_or_else(|| vec![right.clone()]);
        return formatted(state, FormatStyle::Printf, format, &values);
    }
    refuse_zero(right)?;
    let integers = |left: i128, right: i128| {
        let rest = left.checked_rem(right)?;
        Some(if rest != 0 && (rest < 0) != (right < 0) { rest + right } else { rest })
    };
    arithmetic("%", [left, right], integers, float_remainder)
}

fn float_remainder(left: f64, right: f64) -> f64 {
    let rest = left % right;
    if rest != 0.0 && (rest < 0.0) != (right < 0.0) { rest + right } else { rest }
}

pub(super) fn power(left: &Value, right: &Value) -> Result<Value, Error> {
    if let (Some(Number::Int(base)), Some(Number::Int(exponent))) = (Number::of(left), Number::of(right))
        && exponent >= 0
    {
        return integer(u32::try_from(exponent).ok().and_then(|exponent| base.checked_pow(exponent)));
    }
    match (Number::of(left), Number::of(right)) {
        (Some(left), Some(right)) => Ok(left.float().powf(right.float()).into()),
        _ => Err(unsupported("**", left, right)),
    }
}

/// Both as texts, one after the other.
pub(super) fn join(state: &State<'_, '_>, left: &Value, right: &Value) -> Result<Value, Error> {
    let [left, right] = [text(left)?, text(right)?];
    count(state, left.len() + right.len())?;
    Ok([left, right].concat().into())
}

/// `value[start:stop:step]`.
pub(super) fn slice(value: &Value, start: &Value, stop: &Value, step: &Value) -> Result<Value, Error> {
    let index = |value: &Value| match value.is_none() {
        true => Ok(None),
        false => i64::try_from(value.clone()).map(Some),
    };
    let bounds = [index(start)?, index(stop)?];
    let step = index(step)?.unwrap_or(1);
    if step == 0 {
        return Err(invalid("a slice needs a step other than 0"));
    }
    if let Some(text) = value.as_str() {
        let characters: Vec<char> = text.chars().collect();
        let chosen = chosen(characters.len(), bounds, step);
        return Ok(chosen.map(|place| characters[place]).collect::<String>().into());
    }
    let items = items(value).ok_or_else(|| invalid(format!("{} cannot be sliced", value.kind())))?;
    Ok(chosen(items.len(), bounds, step).map(|place| items[place].clone()).collect::<Vec<Value>>().into())
}

/// The places of a slice among `length` items.
fn chosen(length: usize, [start, stop]: [Option<i64>; 2], step: i64) -> impl Iterator<Item = usize> {
    let length = length as i64;
    let (least, most) = if step > 0 { (0, length) } else { (-1, length - 1) };
    let place =
        |index: i64| (if index < 0 { index.saturating_add(length) } else { index }).clamp(least, most);
    let (first, end) = if step > 0 { (0, length) } else { (length - 1, -1) };
    let (start, stop) = (start.map_or(first, place), stop.map_or(end, place));
    let inside = move |place: &i64| if step > 0 { *place < stop } else { *place > stop };
    std::iter::successors(Some(start), move |place| place.checked_add(step))
        .take_while(inside)
        .map(|place| place as usize)
}

/// A text with values in its places.
pub(super) fn formatted(
    state: &State<'_, '_>,
    style: FormatStyle,
    format: &str,
    values: &[Value],
) -> Result<Value, Error> {
    const WIDEST: usize = 1000;
    let mut digits = format.split(|character: char| !character.is_ascii_digit());
    if digits.any(|digits| digits.parse::<usize>().map_or(!digits.is_empty(), |width| width > WIDEST)) {
        return Err(invalid(format!("a width or precision of more than {WIDEST} is not supported")));
    }
    let values: Vec<Value> = values
        .iter()
        .map(|value| match value.kind() {
            ValueKind::Number | ValueKind::Bool | ValueKind::String => Ok(value.clone()),
            _ if value.is_kwargs() => Ok(value.clone()),
            _ => text(value).map(Value::from),
        })
        .collect::<Result<_, Error>>()?;
    let places = format.matches(['%', '{']).count();
    let longest = values.iter().map(|value| value.as_str().map_or(WIDEST, str::len)).max().unwrap_or(0);
    count(state, format.len().saturating_add(places.saturating_mul(longest.max(WIDEST))))?;
    format_filter(style, format, &values).map(Value::from)
}
