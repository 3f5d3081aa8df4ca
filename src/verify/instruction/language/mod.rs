//! The language a response is written in. The language that was asked for is known, so the question is whether the
//! text is that one rather than another: its script must fit, and among the languages of the script none may fit
//! better.

mod codes;
mod evidence;
mod parts;
mod script;
mod words;

use anyhow::Result;

use self::{
    codes::{LANGUAGES, LanguageCode},
    evidence::ranking,
    script::{Letters, Writing},
};
use super::{boundary::is_word, compliance::Compliance, text::blocks};
use crate::error::input_error;

/// Letters, vowel signs included, that a text needs to be told by its words.
const ENOUGH: usize = 10;

/// Letters from which on a paragraph is looked at by itself.
const PARAGRAPH: usize = 30;

/// The share of a text's letters that its language's script must have.
const SCRIPT: f64 = 0.75;

/// How much a text must look like a language at least, where all of its words being frequent ones is 1.
const LIKENESS: f64 = 0.08;

/// How many times better than the next a language must fit.
const MARGIN: f64 = 1.05;

/// How many times better another language must fit a paragraph to be called its language.
const CLEARLY: f64 = 2.0;

/// A language that can be told from others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Language(&'static LanguageCode);

impl Language {
    /// The language of a code (`it`) or an English name (`Italian`).
    ///
    /// # Errors
    /// Lists the languages that can be told.
    pub(crate) fn parse(name: &str) -> Result<Self> {
        let wanted = name.trim().to_lowercase();
        let is_it = |entry: &&LanguageCode| {
            entry.codes.contains(&wanted.as_str()) || entry.name.to_lowercase() == wanted
        };
        LANGUAGES.iter().find(is_it).map(Self).ok_or_else(|| {
            let known: Vec<&str> = LANGUAGES.iter().map(|entry| entry.codes[0]).collect();
            input_error(format!(
                "language {name:?} cannot be told from others; known are {}",
                known.join(", ")
            ))
        })
    }

    /// Whether a response is written in it. A text too short to tell is not, nor is one of which a whole paragraph
    /// is clearly in another language.
    pub(crate) fn check(self, response: &str) -> Compliance {
        let refused = |why: String| Compliance::new(false, why);
        let name = self.0.name;
        if Letters::of(response).total() == 0 {
            return refused(format!("no letters, {name} asked"));
        }
        if !self.fits_script(response) {
            return refused(format!("not written in the script of {name}"));
        }
        let Some(ranking) = ranking(response, self.0.script) else {
            return Compliance::new(true, "the language asked for");
        };
        let (best, likeness) = ranking[0];
        let is_close = ranking.get(1).is_some_and(|(_, second)| MARGIN * second >= likeness);
        if response.chars().filter(|c| is_word(*c)).count() < ENOUGH {
            return refused(format!("too short to tell whether it is {name}"));
        }
        if likeness < LIKENESS || is_close {
            return refused(format!("cannot be told to be {name}"));
        }
        if best != self.0.codes[0] {
            return refused(format!("written in {best:?}, {name} asked"));
        }
        let other = blocks(response).into_iter().find(|block| self.is_other(block));
        Compliance::new(other.is_none(), format!("a paragraph is not in {name}"))
    }

    /// Whether most letters are of the language's script. Japanese needs kana, which Chinese must not have.
    fn fits_script(self, text: &str) -> bool {
        let letters = Letters::of(text);
        let (kana, han) = (letters.share(Writing::Kana), letters.share(Writing::Han));
        match self.0.script {
            Writing::Kana => kana + han >= SCRIPT && kana >= 0.1,
            Writing::Han => han >= SCRIPT && kana < 0.05,
            Writing::Hangul => letters.share(Writing::Hangul) + han >= SCRIPT && han < 0.3,
            script => letters.share(script) >= SCRIPT,
        }
    }

    /// Whether a paragraph is clearly in another language.
    fn is_other(self, block: &str) -> bool {
        if Letters::of(block).total() < PARAGRAPH {
            return false;
        }
        if !self.fits_script(block) {
            return true;
        }
        let Some(ranking) = ranking(block, self.0.script) else { return false };
        let own =
            ranking.iter().find(|(code, _)| *code == self.0.codes[0]).map_or(0.0, |(_, likeness)| *likeness);
        let (best, likeness) = ranking[0];
        best != self.0.codes[0] && likeness >= LIKENESS && likeness >= CLEARLY * own
    }
}
