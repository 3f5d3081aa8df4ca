//! What a text calls its answer: "the final answer is …", "answer: …", `#### …`, `A: …`, "答案是…".

use super::{context::floor_boundary, reading::Reading};
use crate::verify::label;

/// Bytes between an announcement and its answer.
const REACH: usize = 120;

/// Announcements, surest first.
const PHRASES: [&str; 32] = [
    "final answer is",
    "final answer",
    "answer is",
    "answer:",
    "answer**:",
    "verdict is",
    "verdict:",
    "verdict**:",
    "judgment:",
    "judgement:",
    "answer",
    "答案是",
    "答案为",
    "答案：",
    "答案",
    "故选",
    "应选",
    "答えは",
    "答え",
    "정답은",
    "정답",
    "réponse est",
    "réponse",
    "antwort ist",
    "antwort lautet",
    "antwort",
    "respuesta es",
    "respuesta",
    "risposta è",
    "risposta",
    "resposta é",
    "ответ",
];

/// Announcements that are nouns: what follows must show that it is what they announce.
const BARE: [&str; 11] = [
    "final answer",
    "answer",
    "答案",
    "答え",
    "정답",
    "réponse",
    "antwort",
    "respuesta",
    "risposta",
    "resposta",
    "ответ",
];

/// The answers that a text announces, surest announcement first, the last of each kind, each with whether it is
/// certain.
pub(crate) fn answers(text: &str, reading: &Reading) -> Vec<(String, bool)> {
    let lower = text.to_ascii_lowercase();
    let mut marked = Vec::new();
    if let Some(at) = lower.rfind("####") {
        marked.extend(answer_on_line(text, at + 4, reading));
    }
    if let Some(at) = line_label(text) {
        marked.extend(answer_on_line(text, at, reading));
    }
    let mut announced: Vec<(String, bool)> = Vec::new();
    for phrase in PHRASES {
        let Some(at) = lower.rfind(phrase) else { continue };
        let from = at + phrase.len();
        if BARE.contains(&phrase) && !announces(text, at, from) {
            continue;
        }
        let reach = floor_boundary(text, from + REACH);
        // In "final answer: the largest number is 34" the answer follows the last "is".
        let is = if phrase.ends_with("is") { None } else { last_is(&lower[from..reach]) };
        let values = is.map(|is| values_in(text, from + is, reading)).filter(|values| !values.is_empty());
        announced.extend(values.unwrap_or_else(|| values_in(text, from, reading)));
    }
    let agree = announced.windows(2).all(|pair| pair[0].0 == pair[1].0);
    announced.iter_mut().for_each(|(_, certain)| *certain &= agree);
    marked.append(&mut announced);
    marked.dedup_by(|next, before| next.0 == before.0);
    marked
}

/// Whether a bare "answer" announces what follows, as "Answer: 5" and "the answer to it is 5" do; "to answer, divide
/// by 9" does not.
fn announces(text: &str, at: usize, from: usize) -> bool {
    let before = text[..at].trim_end().to_ascii_lowercase();
    let verb = ["to", "can", "we", "must", "should", "will", "please", "i"];
    let last = before.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or("");
    let behind = text[from..].trim_start_matches(|c: char| c.is_whitespace() || "*\"'）)".contains(c));
    let marked = behind.starts_with(|c: char| !c.is_alphabetic() && !",;.?!(".contains(c))
        || behind.starts_with(['是', '为', 'は', '은'])
        || behind.split(|c: char| !c.is_alphabetic()).next().is_some_and(|word| word.len() <= 1)
        || ["is", "lautet", "ist", "est", "es", "è"]
            .iter()
            .any(|word| behind.starts_with(&format!("{word} ")));
    !verb.contains(&last) && (marked || last_is(&text[from..floor_boundary(text, from + REACH)]).is_some())
}

/// Where a text announces its final answer for the last time.
pub(crate) fn final_answer(text: &str) -> Option<usize> {
    text.to_ascii_lowercase().rfind("final answer")
}

/// Behind the last `A:` at the beginning of a line.
fn line_label(text: &str) -> Option<usize> {
    let line = text.lines().rev().find_map(|line| line.trim_start().strip_prefix("A:"))?;
    Some(line.as_ptr() as usize - text.as_ptr() as usize)
}

fn answer_on_line(text: &str, from: usize, reading: &Reading) -> Option<(String, bool)> {
    let line = text[from..].trim_start_matches([' ', '#']);
    let from = text.len() - line.len();
    let line = line.lines().next()?.trim();
    let reach = from + line.len().min(REACH);
    let stated = reading.first_behind(from, reach).map(|(answer, _)| answer);
    let words = || if reading.has_any(from, reach) { None } else { words(line) };
    stated.or_else(words).map(|answer| (answer, true))
}

/// Where the last "is" of a sentence ends.
fn last_is(text: &str) -> Option<usize> {
    let sentence = first_sentence(text.trim_start_matches([' ', ':', '*']));
    let begin = text.find(sentence)?;
    [" is ", " is: "].into_iter().filter_map(|word| Some(begin + sentence.rfind(word)? + word.len())).max()
}

/// The first formulas or numbers behind an announcement, and its letter if it begins with one; its words where
/// there are none. What is denied is no answer.
fn values_in(text: &str, from: usize, reading: &Reading) -> Vec<(String, bool)> {
    let bare = text[from..].trim_start_matches(|c: char| c.is_whitespace() || "*:：=\"'是为".contains(c));
    let from = text.len() - bare.len();
    let sentence = first_sentence(bare);
    let reach = from + if sentence.ends_with(':') { REACH } else { sentence.len().min(REACH) };
    let letter = bare.trim_start_matches(['(', '*', '"']).split(|c: char| !c.is_alphanumeric()).next();
    let letter = letter.filter(|word| word.len() == 1).and_then(|_| label::stated_choice(sentence));
    if reading.has_any(from, reach) {
        return reading.first_behind(from, reach).into_iter().chain(letter).collect();
    }
    let words = words(bare).filter(|words| !contradicts(text, words) && !is_asked(&text[..from], words));
    words.map(|words| (words, true)).into_iter().chain(letter).collect()
}

/// Whether a text begins with the opposite of the verdict that it announces: "Yes … so the answer is no".
fn contradicts(text: &str, words: &str) -> bool {
    let first = text.split_whitespace().next().and_then(label::yes_no);
    first.is_some_and(|first| label::yes_no(words) == Some(!first))
}

/// Whether a verdict is only asked for: "we need to check if the answer is correct".
fn is_asked(before: &str, words: &str) -> bool {
    /// Words of "if the proposed answer is".
    const NEAR: usize = 5;
    let sentence = before.rsplit(['.', '!', '?', '\n']).next().unwrap_or("").to_ascii_lowercase();
    let words_before = sentence.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty());
    let words_before: Vec<&str> = words_before.collect();
    let doubted = words_before.iter().rev().take(NEAR).any(|word| ["if", "whether"].contains(word));
    doubted && label::yes_no(words).is_some()
}

/// Up to the first full stop with a space behind it, or the end of the line.
fn first_sentence(text: &str) -> &str {
    let line = text.lines().next().unwrap_or("");
    let end = [". ", "。"].into_iter().filter_map(|stop| line.find(stop)).min().unwrap_or(line.len());
    &line[..end]
}

/// A few words: a name, a letter, a verdict.
fn words(text: &str) -> Option<String> {
    let sentence = first_sentence(text).trim_matches(|c: char| c.is_whitespace() || "*.:\"'".contains(c));
    (!sentence.is_empty() && sentence.split_whitespace().count() <= 8).then(|| sentence.to_owned())
}
