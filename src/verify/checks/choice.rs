//! `choice`: the same letter or letters, or the text of that option where the reference or the question gives it.

use std::sync::LazyLock;

use regex::Regex;

use super::comparing::{Compare, compared};
use crate::{
    data::Problem,
    verify::{
        label,
        math::{self, Comparison, Settings},
        text,
    },
};

/// Compares letters.
pub(crate) struct Choice {
    /// What counts as the same text of an option.
    pub settings: Settings,
}

impl Compare for Choice {
    const NAME: &'static str = "choice";

    /// Whether the reference is a capital letter (a small one is more often a variable), one with its option's
    /// text ("B) 12", but not "A: 12", which announces an answer), or several from A to H in their order, which
    /// words hardly are.
    fn claims(&self, gold: &str) -> bool {
        let letter = label::bare(gold);
        let one = letter.len() == 1 && letter.bytes().all(|byte| byte.is_ascii_uppercase());
        one || is_option(gold) || is_letters(gold)
    }

    fn compare(&self, problem: &Problem, gold: &str, answer: &str) -> Option<Comparison> {
        if let Some(letters) = label::choices(gold) {
            return Some(match (label::choices(answer), label::choice(answer)) {
                (Some(given), _) => compared(given == letters),
                (None, Some(_)) => Comparison::Different,
                // "AB" may be a segment after all.
                (None, None) => return self.same_text(gold, answer),
            });
        }
        let (expected, given) = (label::option(gold), label::option(answer));
        if let (Some(expected), Some(given)) = (&expected, &given)
            && !expected.text.is_empty()
            && !given.text.is_empty()
        {
            let same = math::compare(&expected.text, &given.text, self.settings).is_equal();
            return Some(compared(expected.letter == given.letter && same));
        }
        match letter(problem, answer) {
            Some(given) => Some(compared(given == letter(problem, gold)?)),
            None if label::choices(answer).is_some() && problem.candidates().is_none() => {
                Some(Comparison::Different)
            }
            None => self.same_text(&expected.filter(|expected| !expected.text.is_empty())?.text, answer),
        }
    }

    fn canonical(&self, problem: &Problem, answer: &str) -> Option<String> {
        let several =
            label::choices(answer).map(|letters| letters.iter().map(char::to_string).collect::<Vec<_>>());
        several.map(|letters| letters.join(", ")).or_else(|| letter(problem, answer).map(String::from))
    }
}

impl Choice {
    /// Equal where the answer is the same text or mathematics; anything else is no answer of this sort.
    fn same_text(&self, gold: &str, answer: &str) -> Option<Comparison> {
        Some(math::compare(gold, answer, self.settings)).filter(Comparison::is_equal)
    }
}

/// The letter that a text gives, by itself or as the text of that option.
fn letter(problem: &Problem, text: &str) -> Option<char> {
    label::choice(text).or_else(|| letter_of(text, &options(&problem.question)))
}

/// A capital letter with a mark and its option's text behind it.
fn is_option(gold: &str) -> bool {
    let capital = gold.trim_start_matches(['(', ' ', '*']).starts_with(|c: char| c.is_ascii_uppercase());
    let announcement = gold.trim_start().starts_with("A:");
    capital && !announcement && label::option(gold).is_some_and(|option| !option.text.is_empty())
}

/// Several capital letters from A to H, in their order.
fn is_letters(gold: &str) -> bool {
    let given: Vec<char> = gold.chars().filter(char::is_ascii_alphabetic).collect();
    label::choices(gold)
        .is_some_and(|letters| letters == given && letters.iter().all(|letter| *letter <= 'H'))
}

/// `(A) …`, `A) …`, `A. …`, `A: …` at the beginning of a line or behind another option.
static OPTION: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?m)(?:^|\s)(?:\(([A-Z])\)|([A-Z])[).:])\s+").expect("a valid pattern"));

/// The options that a question lists: letters from A on, and their texts. Empty where there are none.
fn options(question: &str) -> Vec<(char, &str)> {
    let mut found: Vec<(char, usize, usize)> = Vec::new();
    for captures in OPTION.captures_iter(question) {
        let (Some(whole), Some(letter)) = (captures.get(0), captures.get(1).or(captures.get(2))) else {
            continue;
        };
        let letter = letter.as_str().chars().next().unwrap_or('?');
        // The letters come in order; anything else is the question's own text.
        let expected = char::from(b'A' + found.len().min(25) as u8);
        if letter == expected {
            found.push((letter, whole.start(), whole.end()));
        } else if letter == 'A' {
            found = vec![(letter, whole.start(), whole.end())];
        }
    }
    let ends: Vec<usize> = found.iter().skip(1).map(|(_, start, _)| *start).chain([question.len()]).collect();
    let texts = found.iter().zip(ends).map(|((letter, _, start), end)| {
        let text = question[*start..end].trim();
        (*letter, text.lines().next().unwrap_or("").trim().trim_end_matches([',', ';']))
    });
    let options: Vec<(char, &str)> = texts.collect();
    if options.len() < 2 { Vec::new() } else { options }
}

/// The letter of the one option whose text an answer gives.
fn letter_of(answer: &str, options: &[(char, &str)]) -> Option<char> {
    /// No option is longer, in bytes.
    const LONGEST: usize = 4096;
    if answer.len() > LONGEST {
        return None;
    }
    let plain = |text: &str| text::normal(text).to_lowercase();
    let answer = plain(answer);
    let mut letters = options.iter().filter(|(_, option)| plain(option) == answer).map(|(letter, _)| *letter);
    letters.next().filter(|_| letters.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_found_in_lines_and_in_a_row() {
        let expected = vec![('A', "Paris"), ('B', "Rome"), ('C', "Berlin")];
        assert_eq!(options("Which city?\nA. Paris\nB. Rome\nC. Berlin"), expected);
        assert_eq!(options("Which city? (A) Paris (B) Rome (C) Berlin"), expected);
        assert_eq!(options("Which city?\nA) Paris\nB) Rome\nC) Berlin\n\nAnswer with a letter."), expected);
        assert_eq!(options("Is A. Smith right?"), vec![]);
        assert_eq!(options("What is 2 + 2?"), vec![]);
    }

    #[test]
    fn a_text_names_an_option_if_only_one_has_it() {
        let options = [('A', "12"), ('B', "New York"), ('C', "12")];
        assert_eq!(letter_of(r"\text{new york}", &options), Some('B'));
        assert_eq!(letter_of("12", &options), None);
        assert_eq!(letter_of("13", &options), None);
    }
}
