//! Rules for a response as a whole: how it begins and ends, and what it is.

use std::collections::BTreeSet;

use serde::de::IgnoredAny;

use super::{
    boundary::{folded, occurrences},
    compliance::Compliance,
};

/// Marks that may stand around an answer without changing it.
const DECORATION: [char; 10] = ['"', '\'', '*', '_', '`', '“', '”', '(', ')', '.'];

/// Whether a response names exactly one of the options, in any case unless it is a letter. An option inside
/// a longer one that is named is not named itself. (The original asks whether the response is a part of an
/// option, which "a" is of most.)
pub(crate) fn choice(response: &str, options: &[String]) -> Compliance {
    let small = folded(response);
    let is_named = |option: &&str| match bare(option).chars().count() {
        // "a)" is not named by the article.
        1 => bare(response) == bare(option) || occurrences(response, option).next().is_some(),
        _ => occurrences(&small, &folded(bare(option))).next().is_some(),
    };
    let options = options.iter().map(String::as_str);
    let named: BTreeSet<String> = options.filter(is_named).map(|option| folded(bare(option))).collect();
    let inside = |option: &String| named.iter().any(|longer| longer != option && longer.contains(option));
    let count = named.iter().filter(|option| !inside(option)).count();
    Compliance::new(count == 1, format!("{count} options named, one asked"))
}

/// A text without the marks around it, unless it consists of nothing else.
fn bare(text: &str) -> &str {
    let bare = text.trim().trim_matches(DECORATION);
    if bare.trim().is_empty() { text.trim() } else { bare }
}

/// Whether a response is one JSON object or array, perhaps in a fenced block. (For the original a number or
/// a quotation is JSON, too.)
pub(crate) fn json(response: &str) -> Compliance {
    let text = unfenced(response.trim()).trim();
    match serde_json::from_str::<IgnoredAny>(text) {
        Ok(_) => Compliance::new(text.starts_with(['{', '[']), "neither an object nor an array"),
        Err(error) => Compliance::new(false, format!("no JSON ({error})")),
    }
}

/// What is in a fenced block, where a text is nothing else.
pub(crate) fn unfenced(text: &str) -> &str {
    let Some(inner) = text.strip_prefix("```").and_then(|rest| rest.strip_suffix("```")) else { return text };
    match inner.split_once('\n') {
        Some((name, body)) if name.trim().chars().all(char::is_alphanumeric) => body,
        _ => inner,
    }
}

/// Whether a response begins with the prompt, spacing aside, and goes on. (The original is content with the
/// prompt alone.)
pub(crate) fn repeats(response: &str, prompt: &str) -> Compliance {
    let spaced = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let (response, prompt) = (spaced(response), spaced(prompt));
    match response.strip_prefix(&prompt) {
        None => Compliance::new(false, "the prompt is not repeated first"),
        Some(rest) => Compliance::new(rest.contains(char::is_alphanumeric), "nothing follows the prompt"),
    }
}

/// Whether `******` separates two responses whose words differ.
pub(crate) fn two_responses(response: &str) -> Compliance {
    let parts: Vec<String> = response.split("******").map(plain_words).collect();
    match parts.as_slice() {
        [first, second] if first.is_empty() || second.is_empty() => {
            Compliance::new(false, "a response is blank")
        }
        [first, second] => Compliance::new(first != second, "both responses are the same"),
        parts => Compliance::new(false, format!("{} responses between ******, 2 asked", parts.len())),
    }
}

/// The words of a text without markdown and punctuation around them. Signs stay: `-1` is not `1`, nor `C++`
/// `C#`.
fn plain_words(text: &str) -> String {
    let opening = |c: char| "\"'*_`“‘([".contains(c);
    let closing = |c: char| "\"'*_`”’)].,;:!?…".contains(c);
    let words =
        text.split_whitespace().map(|word| word.trim_start_matches(opening).trim_end_matches(closing));
    let is_mark = |word: &&str| word.chars().all(|c| "#->|".contains(c));
    folded(&words.filter(|word| !is_mark(word)).collect::<Vec<_>>().join(" "))
}

/// Whether a response ends with a phrase, in any case; quotes and stars behind it do not count.
pub(crate) fn end(response: &str, phrase: &str) -> Compliance {
    let closing = |c: char| c.is_whitespace() || "\"'*_”’`".contains(c);
    let plain = |text: &str| match text.trim_end_matches(closing) {
        "" => folded(text),
        text => folded(text),
    };
    let (response, phrase) = (plain(response), plain(phrase));
    let ends = response.strip_suffix(&phrase).is_some_and(|before| {
        let edge = &response[before.char_indices().next_back().map_or(0, |(at, _)| at)..];
        occurrences(edge, &phrase).next().is_some()
    });
    Compliance::new(ends, format!("does not end with {phrase:?}"))
}

/// Whether the whole response stands in double quotation marks.
pub(crate) fn quotation(response: &str) -> Compliance {
    let pairs = [('"', '"'), ('“', '”'), ('„', '“'), ('„', '”'), ('«', '»'), ('「', '」'), ('『', '』')];
    let inside = |(open, close): (char, char)| response.trim().strip_prefix(open)?.strip_suffix(close);
    let is_filled = pairs.into_iter().filter_map(inside).any(|inner| !inner.trim().is_empty());
    Compliance::new(is_filled, "not in quotation marks")
}

/// Whether there is no comma, in any script.
pub(crate) fn no_commas(response: &str) -> Compliance {
    let commas = response.chars().filter(|c| [',', '，', '、', '،'].contains(c)).count();
    Compliance::new(commas == 0, format!("{commas} commas"))
}
