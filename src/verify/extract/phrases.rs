//! What a text calls its answer: "the final answer is …", "answer: …", `#### …`, `A: …`.

use super::{context::floor_boundary, latex, plain};

/// Bytes between an announcement and its answer.
const REACH: usize = 120;

/// The answers that a text announces, surest announcement first, the last of each kind.
pub(crate) fn answers(text: &str) -> Vec<String> {
    let lower = text.to_ascii_lowercase();
    let mut found = Vec::new();
    if let Some(at) = lower.rfind("####") {
        found.extend(answer_on_line(&text[at + 4..]));
    }
    found.extend(line_label(text));
    for phrase in ["final answer is", "final answer", "answer is", "answer:", "answer**:", "answer"] {
        let Some(at) = lower.rfind(phrase) else { continue };
        let reach = floor_boundary(text, at + phrase.len() + REACH);
        let from = at + phrase.len();
        // In "final answer: the largest number is 34" the answer follows the last "is".
        let is = if phrase.ends_with("is") { None } else { last_is(&lower[from..reach]) };
        found.extend(value_in(&text[from + is.unwrap_or(0)..]).or_else(|| value_in(&text[from..])));
    }
    found.dedup();
    found
}

/// Where a text announces its final answer for the last time.
pub(crate) fn final_answer(text: &str) -> Option<usize> {
    text.to_ascii_lowercase().rfind("final answer")
}

/// `A: 18` at the beginning of a line.
fn line_label(text: &str) -> Option<String> {
    let line = text.lines().rev().find_map(|line| line.trim_start().strip_prefix("A:"))?;
    answer_on_line(line)
}

fn answer_on_line(text: &str) -> Option<String> {
    let line = text.trim_start_matches([' ', '#']).lines().next()?.trim();
    value_in(line)
}

/// Where the last "is" of a sentence ends.
fn last_is(text: &str) -> Option<usize> {
    let sentence = first_sentence(text.trim_start_matches([' ', ':', '*']));
    let begin = text.find(sentence)?;
    [" is ", " is: "].into_iter().filter_map(|word| Some(begin + sentence.rfind(word)? + word.len())).max()
}

/// The first formula of a text if it comes soon, else its first numbers, else its first words. A text that begins
/// with "not" is read as words.
fn value_in(text: &str) -> Option<String> {
    let near = &text[..floor_boundary(text, REACH)];
    let bare = near.trim_start_matches(|c: char| c.is_whitespace() || "*:=\"'".contains(c));
    let begin = near.len() - bare.len();
    let formulas = latex::formulas(&text[begin..floor_boundary(text, begin + 16 * REACH)]);
    if bare.starts_with("not ") {
        return words(bare);
    }
    let number = plain::first_numbers(first_sentence(bare));
    let formula = formulas.iter().position(|formula| formula.outside.0 < REACH);
    if let Some(first) = formula {
        let before = &bare[..floor_boundary(bare, formulas[first].outside.0)];
        if plain::first_numbers(before).is_none() {
            return Some(latex::joined_after(&text[begin..], &formulas, first));
        }
    }
    number.or_else(|| words(bare))
}

/// Up to the first full stop with a space behind it, or the end of the line.
fn first_sentence(text: &str) -> &str {
    let line = text.lines().next().unwrap_or("");
    let end = line.match_indices(". ").map(|(at, _)| at).next().unwrap_or(line.len());
    &line[..end]
}

/// A few words: a name, a letter, a verdict.
fn words(text: &str) -> Option<String> {
    let sentence = first_sentence(text).trim_matches(|c: char| c.is_whitespace() || "*.:\"'".contains(c));
    (!sentence.is_empty() && sentence.split_whitespace().count() <= 8).then(|| sentence.to_owned())
}
