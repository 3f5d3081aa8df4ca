//! Counting sentences.

use super::text::blocks;

/// Abbreviations whose stop ends no sentence.
const INSIDE: [&str; 19] = [
    "dr", "mr", "mrs", "ms", "prof", "st", "gen", "sen", "gov", "capt", "lt", "vs", "cf", "fig", "approx",
    "e.g", "i.e", "a.k.a", "incl",
];

/// Abbreviations whose stop ends a sentence where a capital follows.
const LAST: [&str; 8] = ["etc", "inc", "ltd", "jr", "sr", "co", "a.m", "p.m"];

/// The longest last word that is looked at, so that the count is linear.
const LONGEST: usize = 16;

/// The number of sentences.
///
/// They end with `.`, `!`, `?` or `…` before a space or the end, with the full stops of other scripts, or
/// with a blank line. These end none: the stop of an abbreviation, of initials (`J.`, `U.S.`) or of a number
/// that begins a line (`1. …`); and dots (`...`), or a stop in a quotation (`"Stop!" he said`), before a
/// small letter. A run of marks (`?!`) ends one.
pub(crate) fn sentences(text: &str) -> usize {
    blocks(text).iter().map(|block| in_block(block)).sum()
}

fn in_block(block: &str) -> usize {
    let (mut count, mut open) = (0, false);
    for (at, character) in block.char_indices() {
        open |= character.is_alphanumeric();
        if open && ends(character, &block[..at], &block[at + character.len_utf8()..]) {
            count += 1;
            open = false;
        }
    }
    count + usize::from(open)
}

fn ends(stop: char, before: &str, after: &str) -> bool {
    match stop {
        '。' | '．' | '｡' | '！' | '？' | '।' | '॥' | '؟' | '۔' => true,
        '.' | '!' | '?' | '…' if !at_gap(after) => false,
        '…' => !continues(after),
        '.' if before.ends_with('.') => !continues(after),
        '.' if is_abbreviated(before, after) => false,
        '.' | '!' | '?' => !(after.starts_with(is_closing) && continues(after)),
        _ => false,
    }
}

fn at_gap(after: &str) -> bool {
    after.chars().next().is_none_or(|c| c.is_whitespace() || is_closing(c) || "*_`".contains(c))
}

fn is_closing(c: char) -> bool {
    "\"'”’)]»".contains(c)
}

fn continues(after: &str) -> bool {
    next_letter(after).is_some_and(char::is_lowercase)
}

fn next_letter(after: &str) -> Option<char> {
    after.chars().find(|c| !(c.is_whitespace() || is_closing(*c) || "*_`".contains(*c)))
}

/// Whether a stop behind this text belongs to its last word.
fn is_abbreviated(before: &str, after: &str) -> bool {
    let word = last_word(before);
    let small = word.to_lowercase();
    let capital_follows = || next_letter(after).is_some_and(char::is_uppercase);
    INSIDE.contains(&small.as_str())
        || (LAST.contains(&small.as_str()) && !capital_follows())
        || is_initials(word)
        || numbers_line(word, before, after)
}

fn last_word(before: &str) -> &str {
    let backwards = before.char_indices().rev().take(LONGEST);
    let word = backwards.take_while(|(_, c)| !(c.is_whitespace() || "([\"'“*_".contains(*c)));
    word.last().map_or("", |(at, _)| &before[at..])
}

/// `J`, `U.S`, `Ph.D`, `z.B`; a single `I` is a word.
fn is_initials(word: &str) -> bool {
    let mut parts = word.split('.');
    let short = parts.all(|part| !part.is_empty() && part.chars().count() <= 2);
    let single = word.chars().count() == 1;
    short && word != "I" && word.contains(char::is_uppercase) && (single || word.contains('.'))
}

/// Whether a number begins its line and a text follows it.
fn numbers_line(word: &str, before: &str, after: &str) -> bool {
    let line = before[..before.len() - word.len()].trim_end_matches([' ', '\t']);
    (1..=3).contains(&word.len())
        && word.bytes().all(|byte| byte.is_ascii_digit())
        && (line.is_empty() || line.ends_with('\n'))
        && after.starts_with([' ', '\t'])
}
