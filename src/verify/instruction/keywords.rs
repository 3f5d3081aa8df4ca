//! Words and letters that must or must not occur.

use super::{
    boundary::{folded, occurrences},
    compliance::Compliance,
    quantity::Quantity,
};

/// Whether every keyword occurs as a word of its own, in any case. (For the original "cat" is in "concatenate".)
pub(crate) fn all_present(response: &str, words: &[String]) -> Compliance {
    let response = folded(response);
    let is_missing = |word: &&str| occurrences(&response, &folded(word)).next().is_none();
    let missing: Vec<&str> = words.iter().map(String::as_str).filter(is_missing).collect();
    Compliance::new(missing.is_empty(), format!("missing: {}", missing.join(", ")))
}

/// Whether no forbidden word occurs as a word of its own. (The original also forbids "cat" in
/// "concatenate"; nobody who reads the instruction would.)
pub(crate) fn none_present(response: &str, words: &[String]) -> Compliance {
    let response = folded(response);
    let is_used = |word: &&str| occurrences(&response, &folded(word)).next().is_some();
    let used: Vec<&str> = words.iter().map(String::as_str).filter(is_used).collect();
    Compliance::new(used.is_empty(), format!("forbidden words used: {}", used.join(", ")))
}

/// Whether a word or phrase occurs so many times, whole and in any case. (The original never finds a phrase, nor a
/// word with punctuation in it.)
pub(crate) fn frequency(response: &str, word: &str, times: Quantity) -> Compliance {
    let count = occurrences(&folded(response), &folded(word)).count();
    times.check(count, &format!("times {word:?}"))
}

/// Whether a letter occurs so many times, in just this case (the original's rule). A letter with an
/// accent is another letter, also where the accent is a character of its own.
pub(crate) fn letters(response: &str, letter: &str, times: Quantity) -> Compliance {
    let is_bare = |at: usize| !response[at + letter.len()..].starts_with(is_accent);
    let count = response.match_indices(letter).filter(|(at, _)| is_bare(*at)).count();
    times.check(count, &format!("times {letter:?}"))
}

/// Whether a character is an accent on the one before it.
pub(crate) fn is_accent(c: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&c)
}
