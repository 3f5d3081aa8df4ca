//! Formulas between delimiters.

use super::context::is_percent;

/// Bytes between two formulas that a conjunction joins.
const NEAR: usize = 12;

/// Formulas that make one answer, at most.
const MOST_FORMULAS: usize = 32;

/// A formula: where it lies with its delimiters, and without them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Formula {
    /// First byte and end, delimiters included.
    pub outside: (usize, usize),
    /// First byte and end of what the delimiters enclose.
    pub inside: (usize, usize),
}

/// Every formula of a text. `$…$` and `\(…\)` end with their line; a dollar sign behind a digit opens nothing.
pub(crate) fn formulas(text: &str) -> Vec<Formula> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    // Where a closing delimiter was looked for in vain: it will not be found further on either.
    let mut unclosed = [false; 4];
    while at < bytes.len() {
        let rest = &bytes[at..];
        let escaped = at > 0 && bytes[at - 1] == b'\\' && !(at > 1 && bytes[at - 2] == b'\\');
        let opened = match rest {
            [b'\\', b'[', ..] => Some((0, 2, &b"\\]"[..], false)),
            [b'\\', b'(', ..] => Some((1, 2, &b"\\)"[..], true)),
            [b'$', b'$', ..] if !escaped => Some((2, 2, &b"$$"[..], false)),
            [b'$', ..] if !(escaped || (at > 0 && bytes[at - 1].is_ascii_digit())) => {
                Some((3, 1, &b"$"[..], true))
            }
            _ => None,
        };
        let Some((kind, length, close, one_line)) = opened.filter(|(kind, ..)| !unclosed[*kind]) else {
            at += 1;
            continue;
        };
        match closing(bytes, at + length, close, one_line) {
            Ok(end) if end > at + length && !(kind == 3 && is_money(bytes, at + 1, end)) => {
                found.push(Formula { outside: (at, end + close.len()), inside: (at + length, end) });
                at = end + close.len();
            }
            Ok(_) => at += length,
            Err(at_end) => {
                unclosed[kind] = at_end;
                at += length;
            }
        }
    }
    found
}

/// Whether two dollar signs are prices, as in "$5 and he pays $6": what lies between begins with a digit, and a
/// digit follows it or only it ends with a space.
fn is_money(bytes: &[u8], start: usize, end: usize) -> bool {
    let follows = bytes.get(end + 1).is_some_and(u8::is_ascii_digit);
    bytes[start].is_ascii_digit() && (follows || bytes[end - 1] == b' ')
}

/// Where a delimiter closes; an error that says whether the text ended first, or only the line.
fn closing(bytes: &[u8], from: usize, close: &[u8], one_line: bool) -> Result<usize, bool> {
    let mut at = from;
    while at < bytes.len() {
        match bytes[at] {
            b'\n' if one_line => return Err(false),
            _ if bytes[at..].starts_with(close) => return Ok(at),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    Err(true)
}

/// The last formula of a text, with those before it that "and", "or" or a comma joins to it.
pub(crate) fn answer(text: &str) -> Option<String> {
    let all = formulas(text);
    Some(joined(text, &all, all.len().checked_sub(1)?))
}

/// The formula at `last`, and those joined to it from before.
pub(crate) fn joined(text: &str, all: &[Formula], last: usize) -> String {
    let mut first = last;
    while first > 0
        && last - first < MOST_FORMULAS
        && is_joined(&text[all[first - 1].outside.1..all[first].outside.0])
    {
        first -= 1;
    }
    group(text, &all[first..=last])
}

fn group(text: &str, formulas: &[Formula]) -> String {
    let parts: Vec<&str> =
        formulas.iter().map(|formula| text[formula.inside.0..formula.inside.1].trim()).collect();
    let mut answer = parts.join(", ");
    if let Some(last) = formulas.last()
        && is_percent(&text[last.outside.1..])
    {
        answer.push_str("\\%");
    }
    answer
}

fn is_joined(between: &str) -> bool {
    let words = between.trim().trim_start_matches(',').trim();
    between.len() <= NEAR && (matches!(words, "and" | "or") || (words.is_empty() && between.contains(',')))
}
