//! Python literals as JSON values: labels that were written with `str()` have single quotes, `None` and `True`.
//! Knows the syntax alone, not what labels mean.

use serde_json::{Map, Number, Value};

/// How deep containers may nest.
const DEEPEST: usize = 32;

/// Reads a literal of dicts, lists, tuples, strings, numbers, `True`, `False` and `None` (and JSON's words for them).
///
/// # Errors
/// Says what stands where it cannot stand.
pub(crate) fn parse(text: &str) -> Result<Value, String> {
    let mut reader = Reader { rest: text };
    let value = reader.value(0)?;
    reader.skip_space();
    if reader.rest.is_empty() { Ok(value) } else { Err(reader.unexpected("the end")) }
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn unexpected(&self, expected: &str) -> String {
        match self.rest.chars().next() {
            Some(found) => format!("{found:?} where {expected} must stand"),
            None => format!("the end where {expected} must stand"),
        }
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// Takes a mark if it is next, spaces aside.
    fn takes(&mut self, mark: char) -> bool {
        self.skip_space();
        let rest = self.rest.strip_prefix(mark);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn value(&mut self, depth: usize) -> Result<Value, String> {
        if depth > DEEPEST {
            return Err(format!("more than {DEEPEST} brackets in each other"));
        }
        if self.takes('{') {
            return self.dict(depth);
        }
        if self.takes('[') {
            return self.list(']', depth).map(Value::Array);
        }
        if self.takes('(') {
            return self.list(')', depth).map(Value::Array);
        }
        if self.rest.starts_with(['\'', '"']) {
            return self.string().map(Value::String);
        }
        self.word_or_number()
    }

    fn dict(&mut self, depth: usize) -> Result<Value, String> {
        let mut object = Map::new();
        while !self.takes('}') {
            self.skip_space();
            let key = self.string()?;
            if !self.takes(':') {
                return Err(self.unexpected("':'"));
            }
            object.insert(key, self.value(depth + 1)?);
            if !self.takes(',') && !self.rest.starts_with('}') {
                return Err(self.unexpected("',' or '}'"));
            }
        }
        Ok(Value::Object(object))
    }

    fn list(&mut self, close: char, depth: usize) -> Result<Vec<Value>, String> {
        let mut items = Vec::new();
        while !self.takes(close) {
            items.push(self.value(depth + 1)?);
            if !self.takes(',') && !self.rest.starts_with(close) {
                return Err(self.unexpected("',' or a closing bracket"));
            }
        }
        Ok(items)
    }

    fn word_or_number(&mut self) -> Result<Value, String> {
        let end = self.rest.find(|c: char| !(c.is_ascii_alphanumeric() || "+-._".contains(c)));
        let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        let value = match word {
            "None" | "null" => Value::Null,
            "True" | "true" => Value::Bool(true),
            "False" | "false" => Value::Bool(false),
            _ => number(word).map(Value::Number).ok_or_else(|| self.unexpected("a value"))?,
        };
        self.rest = rest;
        Ok(value)
    }

    fn string(&mut self) -> Result<String, String> {
        let mut characters = self.rest.chars();
        let quote = characters.next().filter(|c| ['\'', '"'].contains(c));
        let quote = quote.ok_or_else(|| self.unexpected("a string"))?;
        let mut text = String::new();
        while let Some(character) = characters.next() {
            match character {
                c if c == quote => {
                    self.rest = characters.as_str();
                    return Ok(text);
                }
                '\\' => {
                    self.rest = characters.as_str();
                    text.extend(self.escaped()?);
                    characters = self.rest.chars();
                }
                c => text.push(c),
            }
        }
        Err("a string without an end".to_owned())
    }

    /// What a backslash and the characters behind it stand for.
    fn escaped(&mut self) -> Result<Vec<char>, String> {
        let mut characters = self.rest.chars();
        let escape = characters.next().ok_or("a string without an end")?;
        self.rest = characters.as_str();
        Ok(match escape {
            'n' => vec!['\n'],
            't' => vec!['\t'],
            'r' => vec!['\r'],
            'b' => vec!['\u{8}'],
            'f' => vec!['\u{c}'],
            '\n' => vec![],
            '\\' | '\'' | '"' | '/' => vec![escape],
            'x' => vec![self.code_point(2)?],
            'u' => vec![self.code_point(4)?],
            'U' => vec![self.code_point(8)?],
            other => vec!['\\', other],
        })
    }

    fn code_point(&mut self, digits: usize) -> Result<char, String> {
        let number = self.rest.get(..digits).and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let character = number.and_then(char::from_u32).ok_or_else(|| self.unexpected("a code point"))?;
        self.rest = &self.rest[digits..];
        Ok(character)
    }
}

fn number(word: &str) -> Option<Number> {
    let begins = word.trim_start_matches(['+', '-']).starts_with(|c: char| c.is_ascii_digit() || c == '.');
    let whole = word.parse::<i64>().ok().map(Number::from);
    whole.or_else(|| Number::from_f64(word.parse().ok()?)).filter(|_| begins)
}
