//! One constraint, and how a response is held against it.

use super::{
    boundary, capitals, compliance::Compliance, keywords, language::Language, layout, marks,
    quantity::Quantity, sentences, text, whole,
};

/// One constraint and its arguments.
#[derive(Debug, Clone, PartialEq)]
pub struct Constraint {
    pub(super) name: &'static str,
    pub(super) rule: Rule,
}

/// What a constraint asks for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Rule {
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
    /// The name by which labels call it.
    pub fn name(&self) -> &str {
        self.name
    }

    /// Whether a response follows it, and the figures.
    pub fn check(&self, response: &str) -> Compliance {
        if boundary::is_blank(response) {
            return Compliance::new(false, "the response is blank");
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
