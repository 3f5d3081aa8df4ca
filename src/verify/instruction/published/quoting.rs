//! IFBench's `format:…` for brackets and quotation marks.

use super::super::{
    compliance::Compliance,
    definition::{Definition, define},
    quantity::Quantity,
    rule::Rule,
};

/// How deep brackets and quotations must nest.
const BRACKETS: usize = 5;
const QUOTATIONS: usize = 3;

pub(super) static DEFINITIONS: &[Definition] = &[
    define("format:parentheses", &[], |_| {
        Ok(Rule::new(|response| {
            Quantity::at_least(BRACKETS).check(deepest(response, brackets(response)), "levels of brackets")
        }))
    }),
    define("format:quotes", &[], |_| {
        Ok(Rule::new(|response| {
            Quantity::at_least(QUOTATIONS)
                .check(deepest(response, quotations(response)), "levels of quotations")
        }))
    }),
    define("format:quote_unquote", &[], |_| Ok(Rule::new(explained))),
];

/// What a mark does.
#[derive(Clone, Copy, PartialEq)]
enum Mark {
    Opens(char),
    Closes(char),
    /// Opens, or closes what the same mark opened last.
    Either(char),
}

fn brackets(text: &str) -> impl Iterator<Item = (usize, Mark)> {
    text.char_indices().filter_map(|(at, c)| match c {
        '(' => Some((at, Mark::Opens(')'))),
        '[' => Some((at, Mark::Opens(']'))),
        '{' => Some((at, Mark::Opens('}'))),
        ')' | ']' | '}' => Some((at, Mark::Closes(c))),
        _ => None,
    })
}

/// Double and single quotation marks; an apostrophe in a word is none.
fn quotations(text: &str) -> impl Iterator<Item = (usize, Mark)> {
    let mut before = ' ';
    text.char_indices().filter_map(move |(at, c)| {
        let follows = text[at + c.len_utf8()..].chars().next().unwrap_or(' ');
        let in_word = before.is_alphanumeric() && follows.is_alphanumeric();
        before = c;
        match c {
            '“' => Some((at, Mark::Opens('”'))),
            '‘' => Some((at, Mark::Opens('’'))),
            '”' => Some((at, Mark::Closes(c))),
            '’' if !in_word => Some((at, Mark::Closes(c))),
            '"' => Some((at, Mark::Either(c))),
            '\'' if !in_word => Some((at, Mark::Either(c))),
            _ => None,
        }
    })
}

/// How many marks enclose a letter or digit at most, each closed. A mark that closes nothing begins anew.
fn deepest(text: &str, marks: impl Iterator<Item = (usize, Mark)>) -> usize {
    // The end that is awaited, and how deep the letters within it are enclosed.
    let mut open: Vec<(char, usize)> = Vec::new();
    let (mut deepest, mut from) = (0, 0);
    for (at, mark) in marks {
        if let Some((_, depth)) = open.last_mut().filter(|_| text[from..at].contains(char::is_alphanumeric)) {
            *depth = (*depth).max(1);
        }
        from = at;
        let awaited = open.last().map(|(end, _)| *end);
        match mark {
            Mark::Opens(end) => open.push((end, 0)),
            Mark::Either(end) if awaited != Some(end) => open.push((end, 0)),
            Mark::Closes(end) | Mark::Either(end) if awaited == Some(end) => {
                let depth = open.pop().map_or(0, |(_, depth)| depth);
                deepest = deepest.max(depth);
                if let Some((_, outer)) = open.last_mut().filter(|_| depth > 0) {
                    *outer = (*outer).max(depth + 1);
                }
            }
            Mark::Closes(_) | Mark::Either(_) => open.clear(),
        }
    }
    deepest
}

/// Whether there are quotations, and text follows each of them before the next or the end. (The original is content
/// with none.)
fn explained(response: &str) -> Compliance {
    let mut pieces = response.split(['"', '“', '”', '„', '«', '»']).skip(1);
    let mut count = 0;
    while let Some(quoted) = pieces.next() {
        let Some(behind) = pieces.next() else {
            return Compliance::new(false, "a quotation without an end");
        };
        if !quoted.contains(char::is_alphanumeric) || !behind.contains(char::is_alphabetic) {
            return Compliance::new(false, format!("no explanation follows {quoted:?}"));
        }
        count += 1;
    }
    Compliance::new(count > 0, "no quotation")
}
