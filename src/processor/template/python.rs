//! Values as Python writes them: `str`, `repr` and `json.dumps`. Templates are written for Jinja2, where `{{ none }}` is
//! `None` and `{{ [0.5, "a"] }}` is `[0.5, 'a']`.

use std::fmt::{self, Write};

use minijinja::{
    Error, ErrorKind,
    value::{Kwargs, Value, ValueKind},
};

use super::bounds::BoundedText;

/// Values within values, at most.
const DEPTH: usize = 200;

/// Python's `str`.
pub(super) fn text(value: &Value) -> Result<String, Error> {
    let mut text = BoundedText::default();
    let written = write_text(value, &mut text);
    text.finish(written)
}

/// Writes Python's `str`; nothing for what is undefined, as Jinja2 does.
pub(super) fn write_text(value: &Value, out: &mut dyn Write) -> fmt::Result {
    match value.as_str() {
        Some(text) => out.write_str(text),
        None if value.is_undefined() => Ok(()),
        None => write_repr(value, out, 0),
    }
}

fn write_repr(value: &Value, out: &mut dyn Write, depth: usize) -> fmt::Result {
    if depth > DEPTH {
        return Err(fmt::Error);
    }
    match value.kind() {
        ValueKind::Undefined => out.write_str("Undefined"),
        ValueKind::None => out.write_str("None"),
        ValueKind::Bool => out.write_str(if value.is_true() { "True" } else { "False" }),
        ValueKind::Number => write_number(value, out, ["inf", "-inf", "nan"]),
        ValueKind::String => write_quoted(value.as_str().unwrap_or_default(), out),
        ValueKind::Seq | ValueKind::Iterable => {
            out.write_char('[')?;
            for (place, item) in value.try_iter().into_iter().flatten().enumerate() {
                out.write_str(if place == 0 { "" } else { ", " })?;
                write_repr(&item, out, depth + 1)?;
            }
            out.write_char(']')
        }
        ValueKind::Map => {
            out.write_char('{')?;
            for (place, key) in value.try_iter().into_iter().flatten().enumerate() {
                out.write_str(if place == 0 { "" } else { ", " })?;
                write_repr(&key, out, depth + 1)?;
                out.write_str(": ")?;
                write_repr(&value.get_item(&key).unwrap_or_default(), out, depth + 1)?;
            }
            out.write_char('}')
        }
        _ => write!(out, "{value}"),
    }
}

/// A text in quotes: single ones, unless it has single ones and no double ones.
fn write_quoted(text: &str, out: &mut dyn Write) -> fmt::Result {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    out.write_char(quote)?;
    for character in text.chars() {
        match character {
            '\n' => out.write_str("\\n")?,
            '\r' => out.write_str("\\r")?,
            '\t' => out.write_str("\\t")?,
            '\\' => out.write_str("\\\\")?,
            character if character == quote => write!(out, "\\{quote}")?,
            '\0'..='\x1f' | '\x7f'..='\u{a0}' | '\u{ad}' => write!(out, "\\x{:02x}", character as u32)?,
            '\u{2000}'..='\u{200f}'
            | '\u{2028}'..='\u{202f}'
            | '\u{205f}'..='\u{206f}'
            | '\u{3000}'
            | '\u{feff}' => {
                write!(out, "\\u{:04x}", character as u32)?;
            }
            character => out.write_char(character)?,
        }
    }
    out.write_char(quote)
}

/// A number; `special` are infinity, its negative, and what is no number.
fn write_number(value: &Value, out: &mut dyn Write, [infinite, negative, nan]: [&str; 3]) -> fmt::Result {
    let Some(number) = f64::try_from(value.clone()).ok().filter(|_| !value.is_integer()) else {
        return write!(out, "{value}");
    };
    if number.is_nan() {
        return out.write_str(nan);
    }
    if number.is_infinite() {
        return out.write_str(if number > 0.0 { infinite } else { negative });
    }
    let scientific = format!("{number:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let power: i32 = exponent.parse().unwrap_or(0);
    if (-4..16).contains(&power) {
        let plain = number.to_string();
        return write!(out, "{plain}{}", if plain.contains('.') { "" } else { ".0" });
    }
    write!(out, "{digits}e{}{:02}", if power < 0 { '-' } else { '+' }, power.abs())
}

/// The filter `tojson` as transformers has it, which is Python's `json.dumps` without escapes for HTML and, unless asked
/// for, for letters beyond ASCII.
pub(super) fn to_json(value: &Value, options: Kwargs) -> Result<String, Error> {
    let indent: Option<Value> = options.get("indent")?;
    let separators: Option<Vec<String>> = options.get("separators")?;
    let indent = indent.filter(|indent| !indent.is_none()).map(|indent| match indent.as_str() {
        Some(text) => Ok(text.to_owned()),
        None => usize::try_from(indent.clone()).map(|width| " ".repeat(width.min(64))),
    });
    let indent = indent.transpose()?;
    let separators = match separators.as_deref() {
        Some([item, key]) => [item.clone(), key.clone()],
        _ => [if indent.is_some() { "," } else { ", " }, ": "].map(str::to_owned),
    };
    let layout = JsonLayout {
        indent,
        separators,
        sorted: options.get::<Option<bool>>("sort_keys")?.unwrap_or(false),
        ascii: options.get::<Option<bool>>("ensure_ascii")?.unwrap_or(false),
    };
    options.assert_all_used()?;
    let mut text = BoundedText::default();
    let written = layout.written(value, &mut text, 0)?;
    text.finish(written)
}

/// How JSON is laid out.
struct JsonLayout {
    indent: Option<String>,
    /// Between items, and between a key and its value.
    separators: [String; 2],
    sorted: bool,
    ascii: bool,
}

impl JsonLayout {
    /// # Errors
    /// For what JSON has no form of; the inner result is that of writing.
    fn written(&self, value: &Value, out: &mut BoundedText, depth: usize) -> Result<fmt::Result, Error> {
        if depth > DEPTH {
            return Ok(Err(fmt::Error));
        }
        Ok(match value.kind() {
            ValueKind::None => out.write_str("null"),
            ValueKind::Bool => out.write_str(if value.is_true() { "true" } else { "false" }),
            ValueKind::Number => write_number(value, out, ["Infinity", "-Infinity", "NaN"]),
            ValueKind::String => self.quoted(value.as_str().unwrap_or_default(), out),
            ValueKind::Seq | ValueKind::Iterable => {
                let items = value.try_iter()?.map(|item| (None, item)).collect();
                return self.block(['[', ']'], items, out, depth);
            }
            ValueKind::Map => {
                let item = |key: Value| Ok((Some(json_key(&key)?), value.get_item(&key)?));
                let mut items = value.try_iter()?.map(item).collect::<Result<Vec<_>, Error>>()?;
                if self.sorted {
                    items.sort_by(|(one, _), (other, _)| one.cmp(other));
                }
                return self.block(['{', '}'], items, out, depth);
            }
            kind => {
                let message = format!("tojson: {kind} has no form in JSON");
                return Err(Error::new(ErrorKind::InvalidOperation, message));
            }
        })
    }

    fn block(
        &self,
        [open, close]: [char; 2],
        items: Vec<(Option<String>, Value)>,
        out: &mut BoundedText,
        depth: usize,
    ) -> Result<fmt::Result, Error> {
        let line = |out: &mut BoundedText, depth: usize| match &self.indent {
            Some(indent) => write!(out, "\n{}", indent.repeat(depth)),
            None => Ok(()),
        };
        let mut written = out.write_char(open);
        let is_empty = items.is_empty();
        for (place, (key, item)) in items.into_iter().enumerate() {
            written = written.and_then(|()| out.write_str(if place == 0 { "" } else { &self.separators[0] }));
            written = written.and_then(|()| line(out, depth + 1));
            if let Some(key) = key {
                written = written.and_then(|()| self.quoted(&key, out));
                written = written.and_then(|()| out.write_str(&self.separators[1]));
            }
            if written.is_err() {
                return Ok(written);
            }
            written = self.written(&item, out, depth + 1)?;
        }
        if !is_empty {
            written = written.and_then(|()| line(out, depth));
        }
        Ok(written.and_then(|()| out.write_char(close)))
    }

    fn quoted(&self, text: &str, out: &mut BoundedText) -> fmt::Result {
        out.write_char('"')?;
        for character in text.chars() {
            match character {
                '"' => out.write_str("\\\"")?,
                '\\' => out.write_str("\\\\")?,
                '\n' => out.write_str("\\n")?,
                '\r' => out.write_str("\\r")?,
                '\t' => out.write_str("\\t")?,
                '\x08' => out.write_str("\\b")?,
                '\x0c' => out.write_str("\\f")?,
                '\0'..='\x1f' => write!(out, "\\u{:04x}", character as u32)?,
                '\x7f'.. if self.ascii => {
                    for unit in character.encode_utf16(&mut [0; 2]) {
                        write!(out, "\\u{unit:04x}")?;
                    }
                }
                character => out.write_char(character)?,
            }
        }
        out.write_char('"')
    }
}

/// A key as `json.dumps` writes it: what is no text becomes one.
fn json_key(key: &Value) -> Result<String, Error> {
    match key.kind() {
        ValueKind::String => Ok(key.as_str().unwrap_or_default().to_owned()),
        ValueKind::Bool => Ok(if key.is_true() { "true" } else { "false" }.to_owned()),
        ValueKind::None => Ok("null".to_owned()),
        ValueKind::Number => text(key),
        kind => Err(Error::new(ErrorKind::InvalidOperation, format!("tojson: {kind} cannot be a key"))),
    }
}
