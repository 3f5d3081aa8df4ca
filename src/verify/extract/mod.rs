//! Finding the final answer in a response, in the ways that are allowed, in their order. Linear in the
//! text. Knows nothing of what the answer is compared with.

mod boxes;
mod context;
mod gold;
mod grammar;
mod latex;
mod phrases;
mod plain;
mod reading;
mod spans;
mod tags;
mod words;

use clap::ValueEnum;
use reading::Reading;
use serde::{Deserialize, Serialize};

pub(crate) use boxes::first_box;
pub use boxes::last_box;
pub use gold::gold_answer;

/// A way to find an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Extractor {
    /// The last `\boxed{…}`, or several that belong together; likewise the last `<answer>…</answer>`.
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
    /// Whether the text leaves no doubt that this is its answer: a box, `<answer>`, `####`, an announcement that
    /// gives one value, or a text that holds no other. Otherwise the text states several things, of which this
    /// is the likeliest.
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
    let place = |extractor| order.iter().position(|other| *other == extractor);
    let latex_first = place(Extractor::Latex)
        .is_some_and(|latex| place(Extractor::Plain).is_some_and(|plain| latex < plain));
    let mut reading = None;
    order.into_iter().flat_map(move |asked| {
        let (extractor, found): (Extractor, FoundAnswers<'a>) = if asked == Extractor::Box {
            (asked, Box::new(boxed(response).into_iter()))
        } else {
            let reading = reading.get_or_insert_with(|| Reading::new(response));
            let swapped = latex_first && reading.ends_in_plain(response);
            let extractor = if swapped { other_of(asked) } else { asked };
            (extractor, outside_of_boxes(response, reading, extractor))
        };
        found.map(move |(text, certain)| Candidate { text: without_emphasis(text), extractor, certain })
    })
}

/// Answers, and whether each is certain.
type FoundAnswers<'a> = Box<dyn Iterator<Item = (String, bool)> + 'a>;

/// Every formula of a response: what its boxes and its delimiters hold.
pub(crate) fn formulas(response: &str) -> Vec<&str> {
    let delimited = latex::formulas(response).into_iter().map(|formula| formula.inside);
    boxes::insides(response).into_iter().chain(delimited).map(|(start, end)| &response[start..end]).collect()
}

/// Plain for LaTeX, and LaTeX for plain.
fn other_of(extractor: Extractor) -> Extractor {
    match extractor {
        Extractor::Latex => Extractor::Plain,
        Extractor::Plain => Extractor::Latex,
        other => other,
    }
}

fn outside_of_boxes<'a>(text: &'a str, reading: &Reading, extractor: Extractor) -> FoundAnswers<'a> {
    match extractor {
        Extractor::Box => Box::new(std::iter::empty()),
        Extractor::Phrase => Box::new(phrases::answers(text, reading).into_iter()),
        Extractor::Latex => {
            let last = reading.last(true).map(|group| (group.text.clone(), reading.is_unanimous()));
            Box::new(last.into_iter())
        }
        Extractor::Plain => Box::new(plain::answers(text, reading)),
    }
}

/// The answer in the last box or between the last `<answer>` and `</answer>`, whichever comes later, and whether it
/// is the only one. Nothing where that is not closed.
fn boxed(response: &str) -> Option<(String, bool)> {
    let Some(tagged) = tags::last(response) else { return boxes::answer(response) };
    let inside = |at: usize| tagged.end.is_none_or(|end| at < end);
    if boxes::last_start(response).is_some_and(|at| at > tagged.open && !inside(at)) {
        return boxes::answer(response);
    }
    let Some(end) = tagged.end else { return Some((String::new(), true)) };
    let inside = response[tagged.start..end].trim();
    boxes::answer(inside)
        .or_else(|| Some(sentence_answer(inside).unwrap_or_else(|| (inside.to_owned(), true))))
}

/// The answer in a text that is a sentence rather than a formula or a few words.
fn sentence_answer(text: &str) -> Option<(String, bool)> {
    let words = text.split(|c: char| !c.is_alphabetic()).filter(|word| word.len() > 1);
    if words.take(3).count() < 3 {
        return None;
    }
    let reading = Reading::new(text);
    let ways = [Extractor::Phrase, Extractor::Latex, Extractor::Plain];
    ways.into_iter().flat_map(|extractor| outside_of_boxes(text, &reading, extractor)).next()
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
    let place = |extractor| order.iter().position(|other| *other == extractor);
    if let (Some(first), Some(phrase)) = (place(Extractor::Box), place(Extractor::Phrase))
        && first < phrase
        && phrases::final_answer(response)
            > boxes::last_end(response).max(tags::last(response).and_then(|tag| tag.end))
    {
        order.swap(first, phrase);
    }
    order
}

#[cfg(test)]
mod tests;
