//! IFBench's `sentence:…` and the training set's first and last words: what each sentence must be like.

use std::iter;

use anyhow::Result;

use super::super::{
    arguments::Arguments,
    boundary::{folded, occurrences},
    compliance::Compliance,
    definition::{Definition, define},
    quantity::Quantity,
    rule::Rule,
    sentences,
    text::{tokens, words},
};

pub(super) static DEFINITIONS: &[Definition] = &[
    define("sentence:keyword", &["word", "N"], |a| {
        let (word, number) = (a.word("word")?, a.place("N")?);
        Ok(Rule::new(move |response| {
            let found = sentences::split(response);
            let Some(sentence) = found.get(number - 1) else {
                return Quantity::at_least(number).check(found.len(), "sentences");
            };
            let is_there = occurrences(&folded(sentence), &folded(&word)).next().is_some();
            Compliance::new(is_there, format!("{word:?} is not in sentence {number}"))
        }))
    }),
    define("sentence:increment", &["small_n"], |a| {
        let step = a.count("small_n")?;
        Ok(Rule::new(move |response| {
            let counts: Vec<usize> = sentences::split(response).into_iter().map(words).collect();
            let grows = counts.windows(2).all(|pair| pair[1] == pair[0] + step);
            let reason = format!("sentences of {counts:?} words, {step} more each asked");
            Compliance::new(counts.len() > 1 && grows, reason)
        }))
    }),
    define("sentence:alliteration_increment", &[], |_| {
        Ok(Rule::new(|response| {
            let runs: Vec<usize> = sentences::split(response).into_iter().map(alliteration).collect();
            let grows = runs.windows(2).all(|pair| pair[1] > pair[0]);
            let reason = format!("sentences with {runs:?} alliterative words in a row, more each asked");
            Compliance::new(runs.len() > 1 && grows, reason)
        }))
    }),
    define("first_word:first_word_sent", &["first_word"], |a| {
        edge_of_sentences(a, "first_word", |sentence| tokens(sentence).next())
    }),
    define("last_word:last_word_sent", &["last_word"], |a| {
        edge_of_sentences(a, "last_word", |sentence| tokens(sentence).last())
    }),
    define("first_word:first_word_answer", &["first_word"], |a| {
        edge_of_response(a, "first_word", |response| tokens(response).next())
    }),
    define("last_word:last_word_answer", &["last_word"], |a| {
        edge_of_response(a, "last_word", |response| tokens(response).last())
    }),
    define("detectable_format:sentence_hyphens", &[], |_| Ok(Rule::new(joined_by_hyphens))),
];

/// The longest run of words with one first letter. (The original adds up all runs of a sentence.)
fn alliteration(sentence: &str) -> usize {
    let first = |word: &str| word.chars().find(|c| c.is_alphanumeric()).map(|c| c.to_lowercase().to_string());
    let (mut longest, mut run, mut before) = (0, 0, None);
    for letter in tokens(sentence).map(first) {
        run = if letter == before { run + 1 } else { 1 };
        longest = longest.max(run);
        before = letter;
    }
    longest
}

fn edge_of_sentences(a: &Arguments<'_>, argument: &str, edge: fn(&str) -> Option<&str>) -> Result<Rule> {
    let word = folded(&a.word(argument)?);
    Ok(Rule::new(move |response| {
        let found = sentences::split(response);
        let broken =
            found.iter().find(|sentence| edge(sentence).map(folded).as_deref() != Some(word.as_str()));
        let there = broken.and_then(|sentence| edge(sentence)).unwrap_or_default();
        Compliance::new(!found.is_empty() && broken.is_none(), format!("{there:?} where {word:?} must stand"))
    }))
}

fn edge_of_response(a: &Arguments<'_>, argument: &str, edge: fn(&str) -> Option<&str>) -> Result<Rule> {
    let word = folded(&a.word(argument)?);
    Ok(Rule::new(move |response| {
        let there = edge(response).map(folded).unwrap_or_default();
        Compliance::new(there == word, format!("{there:?} where {word:?} must stand"))
    }))
}

/// Whether at least two sentences follow each other with a hyphen and no space between ("One.-Two.").
fn joined_by_hyphens(response: &str) -> Compliance {
    let text = response.trim();
    let ends =
        text.match_indices('-').filter(|(at, _)| text[..*at].ends_with(['.', '!', '?'])).map(|(at, _)| at);
    let (mut parts, mut start) = (0, 0);
    for end in ends.chain(iter::once(text.len())) {
        let part = &text[start..end];
        if part.trim() != part || sentences::split(part).len() != 1 {
            return Compliance::new(false, "not one sentence between hyphens");
        }
        parts += 1;
        start = (end + 1).min(text.len());
    }
    Quantity::at_least(2).check(parts, "sentences joined by hyphens")
}
