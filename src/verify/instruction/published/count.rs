//! IFBench's `count:…`: how many words, numbers, names and marks there are.

use std::{collections::HashSet, sync::LazyLock};

use anyhow::Result;
use regex::Regex;

use super::super::{
    arguments::Arguments,
    boundary::{folded, occurrences},
    compliance::Compliance,
    definition::{Definition, define},
    keywords,
    layout::divided,
    quantity::Quantity,
    rule::Rule,
    sentences,
    text::{self, tokens},
};

const CONJUNCTIONS: [&str; 7] = ["and", "but", "for", "nor", "or", "so", "yet"];

/// The names that the instruction offers.
const NAMES: &str = "Emma Liam Sophia Jackson Olivia Noah Ava Lucas Isabella Mason Mia Ethan Charlotte Alexander Amelia \
     Benjamin Harper Leo Zoe Daniel Chloe Samuel Lily Matthew Grace Owen Abigail Gabriel Ella Jacob Scarlett Nathan \
     Victoria Elijah Layla Nicholas Audrey David Hannah Christopher Penelope Thomas Nora Andrew Aria Joseph Claire Ryan \
     Stella Jonathan";

const PRONOUNS: &str = "i me we us you he him she her it they them my mine our ours your yours his hers its their theirs \
     myself ourselves yourself yourselves himself herself itself themselves this that these those who whom whose which \
     what whoever whomever whatever whichever anybody anyone anything everybody everyone everything nobody nothing \
     somebody someone something each either neither both all some any none";

/// What a text must hold to have every mark; the interrobang is apart from the question and exclamation marks.
const MARKS: [char; 6] = ['.', ',', '!', '?', ';', ':'];

/// How often the five keywords of `keywords_multiple` must occur.
const TIMES: [(&str, usize); 5] =
    [("keyword1", 1), ("keyword2", 2), ("keyword3", 3), ("keyword4", 5), ("keyword5", 7)];

pub(super) static DEFINITIONS: &[Definition] = &[
    define("count:word_count_range", &["min_words", "max_words"], |a| {
        let (least, most) = (a.count("min_words")?, a.count("max_words")?);
        Ok(Rule::new(move |response| {
            let count = text::words(response);
            Compliance::new(
                (least..=most).contains(&count),
                format!("{count} words, {least} to {most} asked"),
            )
        }))
    }),
    define("count:unique_word_count", &["N"], |a| {
        let least = Quantity::at_least(a.count("N")?);
        Ok(Rule::new(move |response| least.check(different(response).len(), "different words")))
    }),
    define("count:conjunctions", &["small_n"], |a| {
        let least = Quantity::at_least(a.count("small_n")?);
        Ok(Rule::new(move |response| {
            let words = different(response);
            let used = CONJUNCTIONS.iter().filter(|word| words.contains(**word));
            least.check(used.count(), "different conjunctions")
        }))
    }),
    define("count:person_names", &["N"], |a| {
        let least = Quantity::at_least(a.count("N")?);
        Ok(Rule::new(move |response| {
            let is_named = |name: &&str| occurrences(response, name).next().is_some();
            least.check(NAMES.split_whitespace().filter(is_named).count(), "different names")
        }))
    }),
    define("count:numbers", &["N"], |a| {
        let number = Quantity::exactly(a.count("N")?);
        Ok(Rule::new(move |response| number.check(numbers(response).count(), "numbers")))
    }),
    define("count:punctuation", &[], |_| Ok(Rule::new(every_mark))),
    define("count:words_japanese", &["N"], |a| {
        let step = a.place("N")?;
        Ok(Rule::new(move |response| japanese(response, step)))
    }),
    define("count:pronouns", &["N"], |a| {
        let least = Quantity::at_least(a.count("N")?);
        Ok(Rule::new(move |response| least.check(pronouns(response), "pronouns")))
    }),
    define("count:keywords_multiple", &["keyword1", "keyword2", "keyword3", "keyword4", "keyword5"], |a| {
        keywords_by_number(a, &TIMES)
    }),
    define("count:count_increment_word", &["keyword1", "keyword2"], |a| keywords_by_number(a, &TIMES[..2])),
    define("count:count_unique", &[], |_| {
        Ok(Rule::new(|response| {
            let count = tokens(response).count();
            let repeated = count - different(response).len();
            Compliance::new(count > 0 && repeated == 0, format!("{repeated} words repeated"))
        }))
    }),
    define("count:lowercase_counting", &["N"], |a| {
        let most = a.quantity_at_most("N")?;
        Ok(Rule::new(move |response| {
            let is_small = |word: &&str| {
                word.chars().all(|c| !c.is_alphabetic() || c.is_lowercase())
                    && word.contains(char::is_lowercase)
            };
            most.check(tokens(response).filter(is_small).count(), "words in small letters")
        }))
    }),
    define("letters:letter_counting", &["N", "relation"], |a| {
        let quantity = a.quantity("N", "relation")?;
        Ok(Rule::new(move |response| {
            quantity.check(response.chars().filter(|c| c.is_alphabetic()).count(), "letters")
        }))
    }),
    define("count:counting_composition", &["n_sent", "n_words"], |a| {
        let (sentences, words) = (a.place("n_sent")?, a.place("n_words")?);
        Ok(Rule::new(move |response| composition(response, sentences, words)))
    }),
];

/// The words of a response, each once, in small letters.
fn different(response: &str) -> HashSet<String> {
    tokens(response).map(folded).collect()
}

/// Numbers in digits: `1,000` and `3.5` are one each, `1,2` and `3-4` are two. (The original takes all marks away,
/// so that `3-4` is one.)
pub(super) fn numbers(response: &str) -> impl Iterator<Item = &str> {
    static NUMBER: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?\b|\d+(?:\.\d+)?").expect("a valid pattern")
    });
    NUMBER.find_iter(response).map(|found| found.as_str())
}

/// Whether every mark occurs, with an interrobang besides the question and exclamation marks.
fn every_mark(response: &str) -> Compliance {
    let interrobang = ["?!", "!?", "‽"].into_iter().find(|mark| response.contains(mark));
    let Some(interrobang) = interrobang else { return Compliance::new(false, "no interrobang") };
    let rest = response.replacen(interrobang, "", 1);
    let missing: String = MARKS.iter().filter(|mark| !rest.contains(**mark)).collect();
    Compliance::new(missing.is_empty(), format!("missing: {missing}"))
}

/// Whether every `step`-th word holds kana or Chinese characters; numbers are left out, and at least one such word
/// must be there.
fn japanese(response: &str, step: usize) -> Compliance {
    let words = response.split_whitespace().skip(step - 1).step_by(step);
    let is_number = |word: &&str| word.chars().all(|c| c.is_numeric() || !c.is_alphanumeric());
    let is_japanese =
        |word: &str| word.chars().any(|c| matches!(c, '\u{3041}'..='\u{30ff}' | '\u{4e00}'..='\u{9fff}'));
    let words: Vec<&str> = words.filter(|word| !is_number(word)).collect();
    let others = words.iter().filter(|word| !is_japanese(word)).count();
    Compliance::new(
        !words.is_empty() && others == 0,
        format!("{others} of {} words not in Japanese", words.len()),
    )
}

fn pronouns(response: &str) -> usize {
    let known: HashSet<&str> = PRONOUNS.split_whitespace().collect();
    let words = response.split(|c: char| c.is_whitespace() || "/'’".contains(c));
    let words = words.map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase());
    words.filter(|word| known.contains(word.as_str())).count()
}

/// Whether each keyword occurs as often as its place says.
fn keywords_by_number(a: &Arguments<'_>, times: &[(&str, usize)]) -> Result<Rule> {
    let keywords = times.iter().map(|(argument, times)| Ok((a.word(argument)?, Quantity::exactly(*times))));
    let keywords = keywords.collect::<Result<Vec<_>>>()?;
    Ok(Rule::new(move |response| {
        let mut counts = keywords.iter().map(|(word, times)| keywords::frequency(response, word, *times));
        let broken = counts.find(|count| !count.followed);
        broken.unwrap_or_else(|| Compliance::new(true, ""))
    }))
}

/// Three paragraphs between `* * *` or `***`, of so many sentences of so many words each. (The original counts
/// marks as words.)
fn composition(response: &str, sentences: usize, words: usize) -> Compliance {
    let paragraphs =
        divided(response, "* * *").filter(|parts| parts.len() > 1).or_else(|| divided(response, "***"));
    let Some(paragraphs) = paragraphs else { return Compliance::new(false, "a paragraph is blank") };
    if paragraphs.len() != 3 {
        return Quantity::exactly(3).check(paragraphs.len(), "paragraphs between * * *");
    }
    for paragraph in paragraphs {
        let found = sentences::split(paragraph);
        if found.len() != sentences {
            return Quantity::exactly(sentences).check(found.len(), "sentences in a paragraph");
        }
        if let Some(other) = found.iter().map(|sentence| text::words(sentence)).find(|count| *count != words)
        {
            return Quantity::exactly(words).check(other, "words in a sentence");
        }
    }
    Compliance::new(true, "")
}
