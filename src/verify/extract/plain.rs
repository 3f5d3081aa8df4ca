//! Answers in plain text: the whole of a short one, numbers, letters of choices.

use super::context::is_percent;

/// Bytes of a text that may be an answer as it stands.
const SHORT: usize = 200;

/// The answers that a text without delimiters may give, surest first.
pub(crate) fn answers(text: &str) -> Vec<String> {
    [whole(text), last_number(text), letter(text)].into_iter().flatten().collect()
}

/// A short text in which at most one part is a word: `-\frac{10}{9}`, `9 apples`.
fn whole(text: &str) -> Option<String> {
    let text = text.trim();
    let word =
        |part: &&str| part.len() > 1 && part.chars().all(|c| c.is_alphabetic() || ",;:!?'".contains(c));
    let is_answer = !text.is_empty() && text.len() <= SHORT && !text.contains(['\n', '$']);
    (is_answer && text.split_whitespace().filter(word).count() < 2).then(|| text.to_owned())
}

/// The letter of a choice: the one that a text begins with (`B. Because …`), or the only capital that stands
/// by itself; an A or I without a mark behind it is a word.
fn letter(text: &str) -> Option<String> {
    let parts = text.split_whitespace();
    let letters = parts.filter_map(|part| {
        let bare = part.trim_start_matches(['(', '*', '"']);
        let letter = bare.chars().next().filter(char::is_ascii_uppercase)?;
        let marks = &bare[1..];
        let marked = !marks.is_empty() && marks.chars().all(|c| ".):,;*\"!?".contains(c));
        (marked || (marks.is_empty() && !matches!(letter, 'A' | 'I'))).then_some((letter, marked))
    });
    let letters: Vec<(char, bool)> = letters.collect();
    let begins = text.trim_start_matches([' ', '\n', '(', '*', '"']).chars().next();
    match letters.as_slice() {
        [(first, true), ..] if begins == Some(*first) => Some(first.to_string()),
        [(first, _), rest @ ..] if rest.iter().all(|(letter, _)| letter == first) => Some(first.to_string()),
        _ => None,
    }
}

/// The last number of a text, as far as it reaches: sign, groups, decimals, a fraction or power without spaces.
pub(crate) fn last_number(text: &str) -> Option<String> {
    numbers(text).last().map(|span| with_percent(text, span))
}

/// The first number of a text, with those that "or" and "and" join to it: "5 or 6" is not five.
pub(crate) fn first_numbers(text: &str) -> Option<String> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    for span in numbers(text) {
        let joined =
            |last: &(usize, usize)| matches!(text[last.1..span.0].trim(), "or" | "and" | ", or" | ", and");
        if found.last().is_some_and(|last| !joined(last)) {
            break;
        }
        found.push(span);
    }
    let parts: Vec<String> = found.into_iter().map(|span| with_percent(text, span)).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// Whether a number stands behind the end of the sentence that a text begins in; it may have ended before.
pub(crate) fn last_number_in_later_sentence(text: &str) -> bool {
    if text.trim_start().starts_with(char::is_uppercase) {
        return last_number(text).is_some();
    }
    let ends = [". ", ".\n", "\n\n"].into_iter().filter_map(|end| text.find(end)).min();
    ends.is_some_and(|end| last_number(&text[end..]).is_some())
}

fn with_percent(text: &str, (start, end): (usize, usize)) -> String {
    let number = &text[start..end];
    if is_percent(&text[end..]) { format!("{number}\\%") } else { number.to_owned() }
}

/// Where the numbers of a text lie. A number begins behind a space, a bracket, a sign or a currency; digits
/// within a word are none.
fn numbers(text: &str) -> impl Iterator<Item = (usize, usize)> + '_ {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < bytes.len() {
            let begins = bytes[at].is_ascii_digit()
                || (bytes[at] == b'.' && bytes.get(at + 1).is_some_and(u8::is_ascii_digit));
            if !begins {
                at += 1;
                continue;
            }
            let start = at;
            at = end_of_number(bytes, at);
            let before = text[..start].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '\\') {
                continue;
            }
            return Some((start_with_sign(text, start), at));
        }
        None
    })
}

/// Digits with their groups and decimals, and what is tied to them by `/`, `^`, `*`, `+` or `-`.
fn end_of_number(bytes: &[u8], mut at: usize) -> usize {
    loop {
        while at < bytes.len() && bytes[at].is_ascii_digit() {
            at += 1;
        }
        let next = |ahead: usize| bytes.get(at + ahead).is_some_and(u8::is_ascii_digit);
        match bytes.get(at) {
            Some(b'.' | b',' | b'/' | b'^' | b'*' | b'+' | b'-' | b':') if next(1) => at += 1,
            Some(b'e' | b'E') if next(1) => at += 1,
            Some(b' ') if is_group_of_three(bytes, at) => at += 1,
            _ => return at,
        }
    }
}

/// `1 000`: a space between groups of three digits.
fn is_group_of_three(bytes: &[u8], at: usize) -> bool {
    let digits = |from: usize| {
        bytes[from.min(bytes.len())..].iter().take(4).take_while(|byte| byte.is_ascii_digit()).count()
    };
    let before = bytes[..at].iter().rev().take(4).take_while(|byte| byte.is_ascii_digit()).count();
    (1..=3).contains(&before) && digits(at + 1) == 3 && bytes[at - before] != b'0'
}

/// A minus belongs to a number if nothing that it could be subtracted from stands before it.
fn start_with_sign(text: &str, start: usize) -> usize {
    let before = text[..start].trim_end_matches(['$', '€', '£']);
    let Some(rest) = before.strip_suffix('-').or_else(|| before.strip_suffix('−')) else { return start };
    let opens = rest.chars().next_back().is_none_or(|c| c.is_whitespace() || "=([{:*$,".contains(c));
    if opens { rest.len() } else { start }
}
