//! Where sentences end.

use super::{
    abbreviation::FullStop,
    boundary::{is_closing, is_emoji},
    text::blocks,
};

/// Characters that are looked at behind a stop, at most, so that the work per stop is bounded.
const LONGEST_GAP: usize = 64;

/// The number of sentences; see [`split`].
pub(crate) fn sentences(text: &str) -> usize {
    split(text).len()
}

/// The sentences of a text, with their marks.
///
/// They end with `.`, `!`, `?` or `…` before a space, a footnote (`[1]`), an emoji or the end, with the full stops of other
/// scripts, or with a blank line. These end none: the stop of an abbreviation, of initials (`J.`, `U.S.`) or of a
/// number that begins a line (`1. …`); and dots (`...`), or a stop in a quotation (`"FullStop!" he said`), before a
/// small letter. A run of marks (`?!`) ends one.
pub(crate) fn split(text: &str) -> Vec<&str> {
    blocks(text).into_iter().flat_map(in_block).collect()
}

fn in_block(block: &str) -> Vec<&str> {
    let (mut sentences, mut start, mut open) = (Vec::new(), 0, false);
    for (at, character) in block.char_indices() {
        open |= character.is_alphanumeric();
        let end = at + character.len_utf8();
        if open && ends(character, block, start, at) {
            let end = end + closing_marks(&block[end..]);
            sentences.push(block[start..end].trim());
            (start, open) = (end, false);
        }
    }
    // What follows the last stop without a letter (a mark, an emoji) belongs to the last sentence.
    let rest = block[start.min(block.len())..].trim();
    match sentences.pop() {
        last if open => sentences.extend(last.into_iter().chain([rest])),
        Some(last) => {
            sentences.push(if rest.is_empty() { last } else { block[offset(block, last)..].trim() })
        }
        None => {}
    }
    sentences
}

/// Where a part of a block begins in it.
fn offset(block: &str, part: &str) -> usize {
    part.as_ptr() as usize - block.as_ptr() as usize
}

/// The length of the quotation marks and brackets that close behind a stop.
fn closing_marks(after: &str) -> usize {
    after.len() - after.trim_start_matches(|c: char| is_closing(c) || "*_`".contains(c)).len()
}

fn ends(stop: char, block: &str, sentence: usize, at: usize) -> bool {
    let (before, after) = (&block[..at], &block[at + stop.len_utf8()..]);
    match stop {
        '。' | '．' | '｡' | '！' | '？' | '।' | '॥' | '؟' | '۔' => true,
        '.' | '!' | '?' | '…' if !at_gap(after) => false,
        '…' => !continues(after),
        '.' if before.ends_with('.') => !continues(after),
        '.' if (FullStop { before, sentence, after }).is_abbreviation() => false,
        '.' | '!' | '?' => !(after.starts_with(is_closing) && continues(after)),
        _ => false,
    }
}

fn at_gap(after: &str) -> bool {
    after
        .chars()
        .next()
        .is_none_or(|c| c.is_whitespace() || is_closing(c) || "*_`".contains(c) || is_emoji(c))
        || behind_footnote(after).is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace))
}

/// What follows `[12]`, where that follows a stop.
fn behind_footnote(after: &str) -> Option<&str> {
    let digits = after.strip_prefix('[')?;
    let rest = digits.trim_start_matches(|c: char| c.is_ascii_digit());
    (rest.len() < digits.len()).then(|| rest.strip_prefix(']')).flatten()
}

fn continues(after: &str) -> bool {
    let is_gap = |c: &char| c.is_whitespace() || is_closing(*c) || "*_`".contains(*c);
    after.chars().take(LONGEST_GAP).find(|c| !is_gap(c)).is_some_and(char::is_lowercase)
}
