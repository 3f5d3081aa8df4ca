//! What a chat template can use: filters, tests and functions as Jinja2 has them where transformers sets it up.

use minijinja::{
    Environment, Error, ErrorKind, FormatStyle, Output, State,
    value::{Kwargs, Rest, Value, ValueKind},
};

use super::{bounds::count, date, methods, operators, python, values};

/// Names of operators, under which instructions call them; no template can spell them.
pub(super) mod names {
    pub(in crate::processor::template) const ADD: &str = "+";
    pub(in crate::processor::template) const SUBTRACT: &str = "-";
    pub(in crate::processor::template) const MULTIPLY: &str = "*";
    pub(in crate::processor::template) const DIVIDE: &str = "/";
    pub(in crate::processor::template) const DIVIDE_DOWN: &str = "//";
    pub(in crate::processor::template) const REMAINDER: &str = "%";
    pub(in crate::processor::template) const POWER: &str = "**";
    pub(in crate::processor::template) const JOIN: &str = "~";
    pub(in crate::processor::template) const SLICE: &str = "[:]";
    pub(in crate::processor::template) const MAP: &str = "{:}";
}

/// What is drawn on when a template runs.
pub(super) fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_trim_blocks(true);
    environment.set_lstrip_blocks(true);
    environment.set_unknown_method_callback(methods::call);
    environment.set_formatter(emit);
    add_operators(&mut environment);
    add_functions(&mut environment);
    add_filters(&mut environment);
    add_tests(&mut environment);
    environment
}

/// Writes a value into the prompt, or into a text that a template captures.
fn emit(out: &mut Output<'_>, state: &State<'_, '_>, value: &Value) -> Result<(), Error> {
    let text = match value.as_str() {
        Some(text) => std::borrow::Cow::Borrowed(text),
        None => python::text(value)?.into(),
    };
    count(state, text.len())?;
    out.write_str(&text).map_err(Error::from)
}

fn add_operators(environment: &mut Environment<'_>) {
    environment
        .add_function(names::ADD, |state: &State<'_, '_>, a: &Value, b: &Value| operators::add(state, a, b));
    environment.add_function(names::SUBTRACT, |a: &Value, b: &Value| operators::subtract(a, b));
    environment.add_function(names::MULTIPLY, |state: &State<'_, '_>, a: &Value, b: &Value| {
        operators::multiply(state, a, b)
    });
    environment.add_function(names::DIVIDE, |a: &Value, b: &Value| operators::divide(a, b));
    environment.add_function(names::DIVIDE_DOWN, |a: &Value, b: &Value| operators::divide_down(a, b));
    environment.add_function(names::REMAINDER, |state: &State<'_, '_>, a: &Value, b: &Value| {
        operators::remainder(state, a, b)
    });
    environment.add_function(names::POWER, |a: &Value, b: &Value| operators::power(a, b));
    environment.add_function(names::JOIN, |state: &State<'_, '_>, a: &Value, b: &Value| {
        operators::join(state, a, b)
    });
    environment.add_function(names::MAP, |items: Rest<Value>| values::literal(&items));
    environment.add_function(names::SLICE, |value: &Value, start: &Value, stop: &Value, step: &Value| {
        operators::slice(value, start, stop, step)
    });
}

fn add_functions(environment: &mut Environment<'_>) {
    environment.add_function("raise_exception", |message: String| -> Result<Value, Error> {
        Err(Error::new(ErrorKind::InvalidOperation, message))
    });
    environment.add_function(date::FUNCTION, |state: &State<'_, '_>, format: &str| date::now(state, format));
}

fn add_filters(environment: &mut Environment<'_>) {
    // They differ from Jinja2's, and no template is known to need them: refused by name.
    for unlike in ["pprint", "attr", "urlencode"] {
        environment.remove_filter(unlike);
    }
    environment.add_filter("tojson", |value: &Value, options: Kwargs| python::to_json(value, options));
    environment.add_filter("string", |value: &Value| python::text(value));
    environment.add_filter("join", join);
    environment.add_filter(
        "replace",
        |state: &State<'_, '_>, text: &Value, old: &str, new: &str, most: Option<i64>| {
            methods::replaced(state, &python::text(text)?, [old, new], most)
        },
    );
    environment.add_filter("indent", indent);
    environment.add_filter("format", |state: &State<'_, '_>, format: &str, values: Rest<Value>| {
        operators::formatted(state, FormatStyle::Printf, format, &values)
    });
    environment
        .add_filter("upper", |state: &State<'_, '_>, text: &Value| turned(state, text, str::to_uppercase));
    environment
        .add_filter("lower", |state: &State<'_, '_>, text: &Value| turned(state, text, str::to_lowercase));
    environment.add_filter("length", length);
    environment.add_filter("count", length);
    environment.add_filter("trim", trim);
    environment
        .add_filter("capitalize", |text: &Value| Ok::<_, Error>(methods::capitalized(&python::text(text)?)));
    environment.add_filter("title", |text: &Value| Ok::<_, Error>(titled(&python::text(text)?)));
    environment.add_filter("escape", escape);
    environment.add_filter("e", escape);
    environment.add_filter("wordcount", |text: &str| text.split_whitespace().count());
    environment.add_filter("int", |value: &Value, default: Option<Value>| number(value, default, true));
    environment.add_filter("float", |value: &Value, default: Option<Value>| number(value, default, false));
}

fn join(
    state: &State<'_, '_>,
    parts: &Value,
    separator: Option<Value>,
    options: Kwargs,
) -> Result<Value, Error> {
    let named: Option<Value> = options.get("d")?;
    let attribute: Option<String> = options.get("attribute")?;
    options.assert_all_used()?;
    let separator = separator.or(named).map_or(Ok(String::new()), |separator| python::text(&separator))?;
    match attribute {
        None => methods::joined(state, parts, &separator),
        Some(attribute) => {
            let of = |part: Value| part.get_attr(&attribute);
            let parts = parts.try_iter()?.map(of).collect::<Result<Vec<_>, Error>>()?;
            methods::joined(state, &parts.into(), &separator)
        }
    }
}

/// Every line but the first, and blank ones unless asked for, further to the right.
fn indent(
    state: &State<'_, '_>,
    text: &str,
    width: Option<Value>,
    first: Option<bool>,
    options: Kwargs,
) -> Result<String, Error> {
    let width = width.or(options.get("width")?);
    let first = first.or(options.get("first")?).unwrap_or(false);
    let blank = options.get::<Option<bool>>("blank")?.unwrap_or(false);
    options.assert_all_used()?;
    let margin = match width {
        None => " ".repeat(4),
        Some(width) => match width.as_str() {
            Some(margin) => margin.to_owned(),
            None => {
                let width = usize::try_from(width)?;
                count(state, width)?;
                " ".repeat(width)
            }
        },
    };
    let lines = text.split('\n').count();
    count(state, text.len().saturating_add(lines.saturating_mul(margin.len())))?;
    let mut indented = String::new();
    for (place, line) in text.split('\n').enumerate() {
        indented.push_str(if place == 0 { "" } else { "\n" });
        let moves = if place == 0 { first } else { blank || !line.is_empty() };
        indented.push_str(if moves { &margin } else { "" });
        indented.push_str(line);
    }
    Ok(indented)
}

fn length(state: &State<'_, '_>, value: &Value) -> Result<usize, Error> {
    // Characters are counted each time, which is quick, but not for nothing.
    count(state, value.as_str().map_or(0, |text| text.len() / 16))?;
    let message = || Error::new(ErrorKind::InvalidOperation, format!("{} has no length", value.kind()));
    value.len().ok_or_else(message)
}

/// Without blanks, or the characters of a text, at both ends.
fn trim(state: &State<'_, '_>, text: &Value, characters: Option<String>) -> Result<String, Error> {
    let text = python::text(text)?;
    count(state, text.len())?;
    Ok(match characters {
        Some(characters) => text.trim_matches(|character| characters.contains(character)),
        None => text.trim(),
    }
    .to_owned())
}

fn turned(state: &State<'_, '_>, text: &Value, turn: fn(&str) -> String) -> Result<String, Error> {
    let text = python::text(text)?;
    count(state, text.len())?;
    Ok(turn(&text))
}

/// A capital after blanks, hyphens and opening brackets.
fn titled(text: &str) -> String {
    let is_between = |character: char| character.is_whitespace() || "-({[<".contains(character);
    let words = text.split_inclusive(is_between);
    words.map(methods::capitalized).collect()
}

fn escape(state: &State<'_, '_>, value: &Value) -> Result<String, Error> {
    let text = python::text(value)?;
    count(state, 5 * text.len())?;
    let escapes = [("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("'", "&#39;"), ("\"", "&#34;")];
    Ok(escapes.into_iter().fold(text, |text, (character, escaped)| text.replace(character, escaped)))
}

/// A number, or the default (0) for what is none.
fn number(value: &Value, default: Option<Value>, whole: bool) -> Result<Value, Error> {
    let parsed = match value.as_str() {
        Some(text) if whole && text.trim().parse::<i64>().is_ok() => {
            return Ok(text.trim().parse::<i64>().ok().into());
        }
        Some(text) => text.trim().parse::<f64>().ok(),
        None if value.kind() == ValueKind::Bool => Some(f64::from(u8::from(value.is_true()))),
        None if whole && value.is_integer() => return Ok(value.clone()),
        None => f64::try_from(value.clone()).ok(),
    };
    Ok(match parsed.filter(|number| !whole || number.is_finite()) {
        Some(number) if whole => (number as i64).into(),
        Some(number) => number.into(),
        None => default.unwrap_or_else(|| if whole { 0.into() } else { 0.0.into() }),
    })
}

fn add_tests(environment: &mut Environment<'_>) {
    let has_items = |value: &Value| {
        matches!(value.kind(), ValueKind::String | ValueKind::Seq | ValueKind::Iterable | ValueKind::Map)
    };
    environment.add_test("sequence", has_items);
    environment
        .add_test("number", |value: &Value| matches!(value.kind(), ValueKind::Number | ValueKind::Bool));
}
