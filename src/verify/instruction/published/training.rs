//! The rest of IFBench's training constraints: keywords, brackets, paragraphs and marks.

use super::super::{
    boundary::folded,
    compliance::Compliance,
    definition::{Definition, define},
    keywords, layout,
    quantity::Quantity,
    rule::Rule,
    text::{blocks, tokens},
};

pub(super) static DEFINITIONS: &[Definition] = &[
    define("keywords:word_once", &["keyword"], |a| {
        let word = a.word("keyword")?;
        Ok(Rule::new(move |response| keywords::frequency(response, &word, Quantity::exactly(1))))
    }),
    // The instruction says "{frequency} times"; the relation is not in its text.
    define("keywords:word_count_different_numbers", &["keyword", "frequency", "relation"], |a| {
        let (word, times) = (a.word("keyword")?, Quantity::exactly(a.count("frequency")?));
        Ok(Rule::new(move |response| keywords::frequency(response, &word, times)))
    }),
    define("keywords:exclude_word_harder", &["keyword", "instruction"], |a| {
        let words = vec![a.word("keyword")?];
        Ok(Rule::new(move |response| keywords::none_present(response, &words)))
    }),
    define("keywords:start_end", &[], |_| Ok(Rule::new(framed))),
    define("paragraphs:paragraphs", &[], |_| {
        Ok(Rule::new(|response| layout::paragraph_count(response, "***", 2)))
    }),
    define("paragraphs:paragraphs2", &[], |_| {
        Ok(Rule::new(|response| Quantity::exactly(2).check(blocks(response).len(), "paragraphs")))
    }),
    define("punctuation:punctuation_dot", &[], |_| Ok(Rule::new(|response| without(response, "..．。…")))),
    define("punctuation:punctuation_exclamation", &[], |_| {
        Ok(Rule::new(|response| without(response, "!！‼⁉❗")))
    }),
    define("detectable_format:square_brackets", &[], |_| Ok(Rule::new(in_brackets))),
    define("detectable_format:bigram_wrapping", &[], |_| Ok(Rule::new(wrapped_pairs))),
];

/// Whether a response ends with the word it begins with, and nothing behind it.
fn framed(response: &str) -> Compliance {
    let words: Vec<String> = tokens(response).map(folded).collect();
    let ends_bare = response.trim_end().ends_with(char::is_alphanumeric);
    let same = words.len() > 1 && words.first() == words.last();
    Compliance::new(same && ends_bare, "does not end with just the word it begins with")
}

fn without(response: &str, marks: &str) -> Compliance {
    let count = response.chars().filter(|c| marks.contains(*c)).count();
    Compliance::new(count == 0, format!("{count} marks that must not be used"))
}

/// Whether every word stands in square brackets of its own.
fn in_brackets(response: &str) -> Compliance {
    let inner = |run: &str| run.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).map(str::to_owned);
    let is_wrapped = |run: &&str| {
        inner(run).is_some_and(|word| word.contains(char::is_alphanumeric) && !word.contains(['[', ']']))
    };
    let broken = response.split_whitespace().find(|run| !is_wrapped(run));
    Compliance::new(broken.is_none(), format!("not in brackets: {}", broken.unwrap_or_default()))
}

/// Whether every two words stand in `<<` and `>>`; one word may be left at the end.
fn wrapped_pairs(response: &str) -> Compliance {
    let runs: Vec<&str> = response.split_whitespace().collect();
    let word = |run: &str| run.contains(char::is_alphanumeric) && !run.contains(['<', '>']);
    let is_pair = |pair: &[&str]| match pair {
        [first, second] => {
            first.strip_prefix("<<").is_some_and(word) && second.strip_suffix(">>").is_some_and(word)
        }
        rest => rest.iter().all(|run| word(run.trim_start_matches("<<").trim_end_matches(">>"))),
    };
    let broken = runs.chunks(2).find(|pair| !is_pair(pair));
    Compliance::new(
        runs.len() > 1 && broken.is_none(),
        format!("not wrapped: {}", broken.unwrap_or_default().join(" ")),
    )
}
