//! Instruction following: constraints on a response's form that a program can check, the 25 of the
//! RLVR-IFEval data (Tülu 3). Knows the response alone: nothing of problems or of what is right.
//!
//! Where the original's rule is a choice (paragraphs end with `* * *`, a title stands in `<<…>>`), it is
//! kept. One rule is ours: a blank response follows nothing, since saying nothing must not earn a reward.

mod boundary;
mod capitals;
mod keywords;
mod label;
mod language;
mod layout;
mod marks;
mod quantity;
mod sentences;
mod text;
mod whole;

use anyhow::Result;

use language::Language;
use quantity::Quantity;

/// One constraint and its arguments.
#[derive(Debug, Clone, PartialEq)]
pub struct Constraint {
    name: &'static str,
    rule: Rule,
}

/// What a constraint came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    pub followed: bool,
    /// The figures ("3 sentences, at least 5 asked"), or "followed", or why not.
    pub reason: String,
}

impl Outcome {
    fn new(followed: bool, complaint: impl Into<String>) -> Self {
        Self { followed, reason: if followed { "followed".to_owned() } else { complaint.into() } }
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Rule {
    Keywords(Vec<String>),
    KeywordFrequency {
        word: String,
        times: usize,
    },
    ForbiddenWords(Vec<String>),
    LetterFrequency {
        letter: String,
        times: usize,
    },
    Language(Language),
    /// Paragraphs between lines of `* * *`.
    ParagraphCount(usize),
    Words(Quantity),
    Sentences(Quantity),
    /// Paragraphs between blank lines, and the word that one of them (counted from 1) begins with.
    NthParagraph {
        count: usize,
        number: usize,
        first_word: String,
    },
    Postscript(String),
    Placeholders(usize),
    Bullets(usize),
    Title,
    Choice(Vec<String>),
    Highlights(usize),
    Sections {
        count: usize,
        marker: String,
    },
    Json,
    RepeatPrompt(String),
    TwoResponses,
    Uppercase,
    Lowercase,
    CapitalWords(Quantity),
    End(String),
    Quotation,
    NoCommas,
}

impl Constraint {
    /// The constraints of a label: `{"func_name": …, arguments}`, an array of such objects, or either as a
    /// JSON string.
    ///
    /// # Errors
    /// Names the function and the argument that is missing or of the wrong sort.
    pub fn parse(label: &str) -> Result<Vec<Self>> {
        label::parse(label)
    }

    /// The name by which labels call it.
    pub fn name(&self) -> &str {
        self.name
    }

    /// Whether a response follows it, and the figures.
    pub fn check(&self, response: &str) -> Outcome {
        if boundary::is_blank(response) {
            return Outcome::new(false, "the response is blank");
        }
        match &self.rule {
            Rule::Keywords(words) => keywords::all_present(response, words),
            Rule::KeywordFrequency { word, times } => keywords::frequency(response, word, *times),
            Rule::ForbiddenWords(words) => keywords::none_present(response, words),
            Rule::LetterFrequency { letter, times } => keywords::letters(response, letter, *times),
            Rule::Language(language) => language.check(response),
            Rule::ParagraphCount(count) => layout::paragraph_count(response, *count),
            Rule::Words(quantity) => quantity.check(text::words(response), "words"),
            Rule::Sentences(quantity) => quantity.check(sentences::sentences(response), "sentences"),
            Rule::NthParagraph { count, number, first_word } => {
                layout::nth_paragraph(response, *count, *number, first_word)
            }
            Rule::Postscript(marker) => layout::postscript(response, marker),
            Rule::Placeholders(count) => marks::placeholders(response, *count),
            Rule::Bullets(count) => layout::bullets(response, *count),
            Rule::Title => marks::title(response),
            Rule::Choice(options) => whole::choice(response, options),
            Rule::Highlights(count) => marks::highlights(response, *count),
            Rule::Sections { count, marker } => layout::sections(response, *count, marker),
            Rule::Json => whole::json(response),
            Rule::RepeatPrompt(prompt) => whole::repeats(response, prompt),
            Rule::TwoResponses => whole::two_responses(response),
            Rule::Uppercase => capitals::all(response, true),
            Rule::Lowercase => capitals::all(response, false),
            Rule::CapitalWords(quantity) => quantity.check(capitals::words(response), "words in capitals"),
            Rule::End(phrase) => whole::end(response, phrase),
            Rule::Quotation => whole::quotation(response),
            Rule::NoCommas => whole::no_commas(response),
        }
    }
}

#[cfg(test)]
mod tests;
