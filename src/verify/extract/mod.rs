//! Finding the final answer in a response, in the ways that are allowed, in their order. Linear in the
//! text. Knows nothing of what the answer is compared with.

mod boxes;
mod context;
mod gold;
mod latex;
mod phrases;
mod plain;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

pub(crate) use boxes::first_box;
pub use boxes::last_box;
pub use gold::gold_answer;

/// A way to find an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Extractor {
    /// The last `\boxed{…}`, or several that belong together.
    Box,
    /// What follows "the final answer is", "answer:", `####` or `A:`.
    Phrase,
    /// The last formula between `$…$`, `$$…$$`, `\(…\)` or `\[…\]`.
    Latex,
    /// A short text as it stands, the last number, the letter of a choice.
    Plain,
}

impl Extractor {
    /// Every way, surest first.
    pub const ALL: [Extractor; 4] = [Self::Box, Self::Phrase, Self::Latex, Self::Plain];

    /// The name that settings and options use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Box => "box",
            Self::Phrase => "phrase",
            Self::Latex => "latex",
            Self::Plain => "plain",
        }
    }
}

/// A possible answer and how it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The answer, trimmed.
    pub text: String,
    /// The way in which it was found.
    pub extractor: Extractor,
    /// Whether it is certain that this is the answer that is meant, and no other part of the response.
    pub certain: bool,
}

/// The possible answers of a response, in the order of the given ways; each is only looked for when asked.
///
/// What comes late in the text overrules the order: a final answer that is announced behind the last box,
/// and a plain answer in a later sentence than the last formula, come first.
pub fn candidates<'a>(
    response: &'a str,
    extractors: &'a [Extractor],
) -> impl Iterator<Item = Candidate> + 'a {
    let order = in_order(response, extractors);
    order.into_iter().flat_map(move |extractor| {
        let found: Vec<String> = match extractor {
            Extractor::Box => boxes::answer(response).into_iter().collect(),
            Extractor::Phrase => phrases::answers(response),
            Extractor::Latex => latex::answer(response).into_iter().collect(),
            Extractor::Plain => plain::answers(response),
        };
        found.into_iter().map(move |text| Candidate {
            text: without_emphasis(text),
            extractor,
            certain: extractor == Extractor::Box,
        })
    })
}

/// Every formula of a response: what its boxes and its delimiters hold.
pub(crate) fn formulas(response: &str) -> Vec<&str> {
    let delimited = latex::formulas(response).into_iter().map(|formula| formula.inside);
    boxes::insides(response).into_iter().chain(delimited).map(|(start, end)| &response[start..end]).collect()
}

/// An answer without the stars of Markdown around it.
fn without_emphasis(text: String) -> String {
    match text.strip_prefix("**").and_then(|rest| rest.strip_suffix("**")) {
        Some(inner) if !inner.contains("**") => inner.trim().to_owned(),
        _ => text,
    }
}

fn in_order(response: &str, extractors: &[Extractor]) -> Vec<Extractor> {
    let mut order = extractors.to_vec();
    let place = |order: &[Extractor], extractor| order.iter().position(|other| *other == extractor);
    if let (Some(first), Some(phrase)) = (place(&order, Extractor::Box), place(&order, Extractor::Phrase))
        && first < phrase
        && phrases::final_answer(response) > boxes::last_end(response)
    {
        order.swap(first, phrase);
    }
    if let (Some(first), Some(plain)) = (place(&order, Extractor::Latex), place(&order, Extractor::Plain))
        && first < plain
        && latex::last_end(response).is_some_and(|end| plain::last_number_in_later_sentence(&response[end..]))
    {
        order.swap(first, plain);
    }
    order
}

#[cfg(test)]
mod tests;
