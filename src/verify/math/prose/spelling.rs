//! Spellings that are brought to one before an answer is read: ellipses, unit vectors, angle brackets, formulas
//! within words, and the words of functions in pieces.

use std::borrow::Cow;

use super::clauses;
use crate::verify::text;

/// Commands that set a letter as a vector.
const VECTOR_COMMANDS: [&str; 8] =
    ["mathbf", "vec", "hat", "widehat", "boldsymbol", "bm", "overrightarrow", "textbf"];

/// Commands that are an ellipsis.
const ELLIPSES: [&str; 9] = ["ldots", "dots", "dotsc", "dotsb", "dotso", "dotsm", "dotsi", "cdots", "hdots"];

/// An answer's text before it is read: escapes, characters and spellings brought to one.
pub(crate) fn spelled(answer: &str) -> String {
    respelled(&text::plain_characters(&text::unescaped(answer))).into_owned()
}

/// The text with its spellings brought to one.
fn respelled(text: &str) -> Cow<'_, str> {
    let mut text = Cow::Borrowed(text);
    if text.contains("dots") || text.contains("...") || text.contains(['…', '⋯']) {
        text = Cow::Owned(with_ellipses(&text));
    }
    if text.contains('\\') {
        for (spelling, usual) in [
            ("\\left<", "\\langle "),
            ("\\right>", "\\rangle "),
            ("\\middle", ""),
            ("\\doteq", "\\approx "),
            ("\\text{)}", ")"),
            ("\\mathbb{Z}^+", "\\mathbb{P}"),
            ("\\mathbb{Z}^{+}", "\\mathbb{P}"),
            ("\\mathbb Z^+", "\\mathbb{P}"),
        ] {
            if text.contains(spelling) {
                text = Cow::Owned(text.replace(spelling, usual));
            }
        }
        if VECTOR_COMMANDS.iter().any(|command| text.contains(command)) {
            text = Cow::Owned(with_unit_vectors(&text));
        }
        if text.contains("\\text") && text.contains('$') {
            text = Cow::Owned(clauses::without_inner_dollars(&text));
        }
        if text.contains("cases}") || text.contains("{array}") {
            text = Cow::Owned(clauses::with_cells(&text));
        }
    }
    text
}

/// The length of an ellipsis that a text begins with.
fn ellipsis(text: &str) -> Option<usize> {
    if let Some(command) = text.strip_prefix('\\') {
        let length = command.bytes().take_while(u8::is_ascii_alphabetic).count();
        return ELLIPSES.contains(&&command[..length]).then_some(1 + length);
    }
    let first = text.chars().next()?;
    match first {
        '…' | '⋯' => Some(first.len_utf8()),
        '.' => Some(text.len() - text.trim_start_matches('.').len()).filter(|dots| *dots > 2),
        _ => None,
    }
}

/// Every ellipsis as `\ldots`, with a comma before it where it goes on a list. Dots behind a whole number by
/// itself are only punctuation.
fn with_ellipses(text: &str) -> String {
    let mut spelled = String::with_capacity(text.len() + 16);
    let mut at = 0;
    while let Some(next) = text[at..].chars().next() {
        let Some(length) = ellipsis(&text[at..]) else {
            spelled.push(next);
            at += next.len_utf8();
            continue;
        };
        let before = text[..at].trim_end();
        let dots = next == '.';
        at += length;
        if dots && text[at..].trim().is_empty() && before.chars().all(|c| c.is_ascii_digit()) {
            continue;
        }
        let item = before.rsplit([',', ' ', '+', '(', '{']).next().unwrap_or("");
        let goes_on = before.contains(',')
            && !item.contains('.')
            && before.ends_with(|c: char| c.is_alphanumeric() || c == '}');
        spelled.push_str(if goes_on { ", \\ldots " } else { "\\ldots " });
    }
    spelled
}

/// Letters i, j and k that are set as vectors, as commands of their own.
fn with_unit_vectors(text: &str) -> String {
    let mut spelled = String::with_capacity(text.len() + 16);
    let mut at = 0;
    while let Some(next) = text[at..].chars().next() {
        match unit_vector(&text[at..]) {
            Some((letter, length)) => {
                spelled.push_str("\\vec");
                spelled.push(letter);
                spelled.push(' ');
                at += length;
            }
            None => {
                spelled.push(next);
                at += next.len_utf8();
            }
        }
    }
    spelled
}

/// The letter that a text begins with as a vector, and the length it takes.
fn unit_vector(text: &str) -> Option<(char, usize)> {
    let command = text.strip_prefix('\\')?;
    let name = &command[..command.bytes().take_while(u8::is_ascii_alphabetic).count()];
    VECTOR_COMMANDS.contains(&name).then_some(())?;
    let rest = command[name.len()..].trim_start();
    let start = text.len() - rest.len();
    match rest.strip_prefix('{') {
        Some(inner) => {
            let (letter, length) = letter(inner.trim_start())?;
            let inside = inner.len() - inner.trim_start().len() + length;
            let close = inner[inside..].trim_start().strip_prefix('}')?;
            Some((letter, text.len() - close.len()))
        }
        None => letter(rest).map(|(letter, length)| (letter, start + length)),
    }
}

/// A letter i, j or k, with or without a dot, or set as a vector once more.
fn letter(text: &str) -> Option<(char, usize)> {
    if let Some(found) = unit_vector(text) {
        return Some(found);
    }
    for (command, letter) in [("\\imath", 'i'), ("\\jmath", 'j'), ("\\i", 'i'), ("\\j", 'j')] {
        if let Some(rest) = text.strip_prefix(command)
            && !rest.starts_with(|c: char| c.is_ascii_alphabetic())
        {
            return Some((letter, command.len()));
        }
    }
    let first = text.chars().next().filter(|c| matches!(c, 'i' | 'j' | 'k'))?;
    Some((first, 1))
}
