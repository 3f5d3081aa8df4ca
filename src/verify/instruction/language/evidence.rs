//! How much a text looks like each of the languages that share a script: its frequent words, its peculiar letters,
//! and the trigrams that the detector knows.

use std::{collections::HashMap, sync::LazyLock};

use whatlang::Detector;

use super::{
    codes::LANGUAGES,
    parts::PARTS,
    script::Writing,
    words::{ARABIC, CYRILLIC, DEVANAGARI, LATIN, Vocabulary},
};
use crate::verify::instruction::{boundary::is_word, sentences::split};

/// What a letter counts that only one language has, where a word counts 1.
const LETTER: f64 = 0.4;

/// What a letter counts against each language that lacks it.
const FOREIGN: f64 = 0.3;

/// What a part of a word counts that only one language has.
const PART: f64 = 0.4;

/// The longest part of a word that is looked for, in characters, its edges included.
const LONGEST_PART: usize = 5;

/// The parts into which a text is cut, at most, so that the time per letter is bounded.
const MOST_PARTS: usize = 64;

/// What the detector's guess counts at full confidence, where a text of nothing but known words counts 1.
const TRIGRAMS: f64 = 0.15;

/// The languages of IFEval's data, which come first in [`LANGUAGES`].
const OF_THE_DATA: usize = 31;

/// What the likeness to a language counts that the data never asks for.
const RARE: f64 = 0.9;

/// Told only the languages that can be asked for, the detector mistakes fewer short texts.
static DETECTOR: LazyLock<Detector> = LazyLock::new(|| {
    Detector::with_allowlist(LANGUAGES.iter().filter_map(|language| language.detected).collect())
});

/// Which languages of one script have a word, a part of words, or a letter.
struct Owners {
    codes: Vec<&'static str>,
    words: HashMap<&'static str, Vec<usize>>,
    parts: HashMap<&'static str, Vec<usize>>,
    letters: HashMap<char, Vec<usize>>,
}

impl Owners {
    fn of(vocabularies: &'static [Vocabulary]) -> Self {
        let mut words: HashMap<_, Vec<usize>> = HashMap::new();
        let mut parts: HashMap<_, Vec<usize>> = HashMap::new();
        let mut letters: HashMap<_, Vec<usize>> = HashMap::new();
        for (place, vocabulary) in vocabularies.iter().enumerate() {
            for word in vocabulary.words.split_whitespace() {
                let owners = words.entry(word).or_default();
                if owners.last() != Some(&place) {
                    owners.push(place);
                }
            }
            let own = PARTS.iter().filter(|(code, _)| *code == vocabulary.code);
            for part in own.flat_map(|(_, parts)| parts.split_whitespace()) {
                parts.entry(part).or_default().push(place);
            }
            for letter in vocabulary.letters.chars() {
                letters.entry(letter).or_default().push(place);
            }
        }
        Self { codes: vocabularies.iter().map(|vocabulary| vocabulary.code).collect(), words, parts, letters }
    }

    fn scores(&self, text: &str) -> Vec<f64> {
        let mut scores = vec![0.0; self.codes.len()];
        let small = text.to_lowercase();
        let mut count = 0;
        for word in words(&small) {
            count += 1;
            share(&mut scores, self.words.get(word), 1.0);
            self.add_parts(&mut scores, word);
        }
        for owners in small.chars().filter_map(|letter| self.letters.get(&letter)) {
            share(&mut scores, Some(owners), LETTER);
            let others = scores.iter_mut().enumerate().filter(|(place, _)| !owners.contains(place));
            others.for_each(|(_, score)| *score -= FOREIGN);
        }
        let of_the_data =
            |code: &str| LANGUAGES[..OF_THE_DATA].iter().any(|language| language.codes[0] == code);
        let prior = |code: &str| if of_the_data(code) { 1.0 } else { RARE };
        let weighted = scores.iter().zip(&self.codes).map(|(score, code)| score * prior(code));
        weighted.map(|score| score / f64::from(count.max(1))).collect()
    }

    /// How much a sentence looks like each language, the detector's guess included.
    fn likeness(&self, sentence: &str) -> Vec<f64> {
        let mut scores = self.scores(sentence);
        if let Some(found) = DETECTOR.detect(sentence) {
            let language = LANGUAGES.iter().find(|language| language.detected == Some(found.lang()));
            let place = language.and_then(|found| self.codes.iter().position(|code| *code == found.codes[0]));
            if let Some(place) = place {
                scores[place] += TRIGRAMS * found.confidence().max(0.1);
            }
        }
        scores
    }

    /// Looks every part of a word up, with `_` for its edges.
    fn add_parts(&self, scores: &mut [f64], word: &str) {
        if self.parts.is_empty() {
            return;
        }
        let word = format!("_{word}_");
        let edges: Vec<usize> = word.char_indices().map(|(at, _)| at).chain([word.len()]).collect();
        for (place, start) in edges.iter().enumerate() {
            for end in edges.iter().skip(place + 2).take(LONGEST_PART - 1) {
                share(scores, self.parts.get(&word[*start..*end]), PART);
            }
        }
    }
}

/// Divides a weight among those who own a word or letter.
fn share(scores: &mut [f64], owners: Option<&Vec<usize>>, weight: f64) {
    for owner in owners.into_iter().flatten() {
        scores[*owner] += weight / owners.map_or(1, Vec::len) as f64;
    }
}

fn owners(script: Writing) -> Option<&'static Owners> {
    static OWNERS: LazyLock<HashMap<Writing, Owners>> = LazyLock::new(|| {
        HashMap::from([
            (Writing::Latin, Owners::of(&LATIN)),
            (Writing::Cyrillic, Owners::of(&CYRILLIC)),
            (Writing::Arabic, Owners::of(&ARABIC)),
            (Writing::Devanagari, Owners::of(&DEVANAGARI)),
        ])
    });
    OWNERS.get(&script)
}

/// The languages of a script by how much a text looks like them, the best first; `None` where the script tells the
/// language.
///
/// Each sentence counts by its number of words. The detector is asked about each by itself, because its confidence
/// grows with the length of a text: it would be as sure of a sentence that is repeated four times as of a long text.
/// Long texts are cut into parts of several sentences.
pub(crate) fn ranking(text: &str, script: Writing) -> Option<Vec<(&'static str, f64)>> {
    let owners = owners(script)?;
    let mut scores = vec![0.0; owners.codes.len()];
    let mut count = 0.0;
    let sentences = split(text);
    for part in sentences.chunks(sentences.len().div_ceil(MOST_PARTS).max(1)) {
        let sentence = &part.join(" ");
        let words = words(sentence).count() as f64;
        count += words;
        for (score, likeness) in scores.iter_mut().zip(owners.likeness(sentence)) {
            *score += words * likeness;
        }
    }
    scores.iter_mut().for_each(|score| *score /= f64::max(count, 1.0));
    let mut ranking: Vec<_> = owners.codes.iter().copied().zip(scores).collect();
    ranking.sort_by(|first, second| second.1.total_cmp(&first.1));
    Some(ranking)
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !is_word(c)).filter(|word| word.contains(char::is_alphabetic))
}
