//! Answers in plain text: the whole of a short one, the last formula or number, the letter of a choice, a verdict.

use std::iter;

use super::reading::Reading;
use crate::verify::label;

/// Bytes of a text that may be an answer as it stands.
const SHORT: usize = 200;

/// The answers that a text without delimiters may give, surest first, each with whether it is certain. Letters and
/// verdicts are only looked for when asked: most answers are numbers.
pub(crate) fn answers<'a>(
    text: &'a str,
    reading: &Reading,
) -> impl Iterator<Item = (String, bool)> + use<'a> {
    // What denies its only value states none.
    let denies = reading.groups.iter().any(|group| group.denied);
    let whole = whole(text).filter(|_| !denies).map(|text| (text, true));
    let last = reading.last(false).map(|group| (group.text.clone(), reading.is_unanimous()));
    let letter = move || label::stated_choice(text);
    // A text that is a verdict is offered in the words of its verdict.
    let verdict =
        move || label::yes_no(text).map(|right| (if right { "Yes" } else { "No" }.to_owned(), true));
    let is_bare = reading.groups.is_empty();
    let statement = move || statement(text).filter(|_| is_bare).map(|words| (words.to_owned(), true));
    let looked_for =
        iter::once_with(letter).chain(iter::once_with(verdict)).chain(iter::once_with(statement));
    whole.into_iter().chain(last).chain(looked_for.flatten())
}

/// The words for nothing or everything that a text without numbers ends with.
fn statement(text: &str) -> Option<&'static str> {
    const STATEMENTS: [&str; 6] = [
        "no real solution",
        "no solution",
        "does not exist",
        "all real numbers",
        "all integers",
        "empty set",
    ];
    let text = text.trim().to_lowercase();
    let bare = text.trim_end_matches(['.', '!', '*']).trim_end_matches('s');
    STATEMENTS.into_iter().find(|words| bare.ends_with(words.trim_end_matches('s')))
}

/// A short text without words, or with one behind the rest: `-\frac{10}{9}`, `9 apples`.
fn whole(text: &str) -> Option<String> {
    let text = text.trim();
    let is_word =
        |part: &str| part.len() > 1 && part.chars().all(|c| c.is_alphabetic() || ",.;:!?'’".contains(c));
    if text.is_empty() || text.len() > SHORT || text.contains(['\n', '$', '?']) {
        return None;
    }
    let parts: Vec<&str> = text.split_whitespace().collect();
    let (last, before) = parts.split_last()?;
    let formula = before.iter().all(|part| !is_word(part) && !part.ends_with(['.', '!', ':', ';']));
    let remarks =
        parts.iter().any(|part| part.starts_with('(') && is_word(part.trim_matches(['(', ')', '.'])));
    let alone = before.is_empty() || !is_word(last) || !ends_a_denial(last);
    (formula && alone && !remarks).then(|| text.to_owned())
}

fn ends_a_denial(word: &str) -> bool {
    let bare = word.trim_end_matches(|c: char| !c.is_alphabetic()).to_ascii_lowercase();
    label::yes_no(&bare) == Some(false)
}
