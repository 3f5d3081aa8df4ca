//! IFBench's `words:…`: letters and places of words. Words are what spaces separate, without the marks around them.

use std::collections::{HashMap, HashSet};

use anyhow::Result;

use super::super::{
    arguments::Arguments,
    boundary::folded,
    compliance::Compliance,
    definition::{Definition, define},
    quantity::Quantity,
    rule::Rule,
    sentences,
    text::tokens,
};

/// Palindromes that `words:palindrome` asks for, and the letters of each.
const PALINDROMES: (usize, usize) = (10, 5);

/// The arguments of the two identifiers for a keyword's place.
const PLACE: &[&str] = &["keyword", "n", "m"];

pub(super) static DEFINITIONS: &[Definition] = &[
    define("words:alphabet", &[], |_| Ok(Rule::new(alphabet))),
    define("words:vowel", &[], |_| Ok(Rule::new(three_vowels))),
    define("words:consonants", &[], |_| {
        Ok(Rule::new(|response| every_word(response, "without two consonants together", has_cluster)))
    }),
    define("words:palindrome", &[], |_| {
        Ok(Rule::new(|response| {
            let words: HashSet<String> =
                tokens(response).map(letters).filter(|word| is_palindrome(word, PALINDROMES.1)).collect();
            Quantity::at_least(PALINDROMES.0).check(words.len(), "different palindromes of 5 letters or more")
        }))
    }),
    define("keywords:palindrome", &[], |_| {
        Ok(Rule::new(|response| {
            let found = tokens(response).map(letters).any(|word| is_palindrome(&word, 3));
            Compliance::new(found, "no palindrome of 3 letters or more")
        }))
    }),
    define("words:prime_lengths", &[], |_| {
        Ok(Rule::new(|response| {
            every_word(response, "of no prime length", |word| is_prime(letters(word).chars().count()))
        }))
    }),
    define("words:repeats", &["small_n"], |a| {
        let most = a.quantity_at_most("small_n")?;
        Ok(Rule::new(move |response| {
            let mut counts: HashMap<String, usize> = HashMap::new();
            tokens(response).for_each(|word| *counts.entry(folded(word)).or_default() += 1);
            most.check(counts.values().copied().max().unwrap_or(0), "times the same word")
        }))
    }),
    define("words:last_first", &[], |_| Ok(Rule::new(chained_sentences))),
    define("words:paragraph_last_first", &[], |_| Ok(Rule::new(framed_paragraphs))),
    define("words:no_consecutive", &[], |_| {
        Ok(Rule::new(|response| {
            neighbours(response, "begin with the same letter", |first, second| first != second)
        }))
    }),
    define("keywords:no_adjacent_consecutive", &[], |_| {
        Ok(Rule::new(|response| {
            neighbours(response, "begin with letters that follow each other", |first, second| {
                u32::from(first) + 1 != u32::from(second)
            })
        }))
    }),
    define("words:words_position", &["keyword"], |a| {
        let keyword = folded(&a.word("keyword")?);
        Ok(Rule::new(move |response| {
            let words: Vec<String> = tokens(response).map(folded).collect();
            let places = [words.get(1), words.len().checked_sub(2).and_then(|place| words.get(place))];
            let reason = format!("{keyword:?} is not the second word and the last but one");
            Compliance::new(words.len() > 2 && places.iter().all(|word| *word == Some(&keyword)), reason)
        }))
    }),
    define("words:keywords_specific_position", PLACE, keyword_at_place),
    define("keywords:keyword_specific_position", PLACE, keyword_at_place),
];

/// A word's letters and digits, small.
fn letters(word: &str) -> String {
    word.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn every_word(response: &str, fault: &str, holds: impl Fn(&str) -> bool) -> Compliance {
    let mut words = tokens(response).peekable();
    if words.peek().is_none() {
        return Compliance::new(false, "no words");
    }
    let broken = words.find(|word| !holds(word));
    Compliance::new(broken.is_none(), format!("a word {fault}: {}", broken.unwrap_or_default()))
}

/// Holds the first letters of words that follow each other against a rule.
fn neighbours(response: &str, fault: &str, holds: impl Fn(char, char) -> bool) -> Compliance {
    let words: Vec<&str> = tokens(response).collect();
    if words.len() < 2 {
        return Compliance::new(false, "fewer than two words");
    }
    let first = |word: &str| letters(word).chars().next().unwrap_or(' ');
    let broken = words.windows(2).find(|pair| !holds(first(pair[0]), first(pair[1])));
    Compliance::new(broken.is_none(), format!("words that {fault}: {}", broken.unwrap_or_default().join(" ")))
}

/// Whether each word begins with the letter after the one before it, A after Z.
fn alphabet(response: &str) -> Compliance {
    let place = |c: char| u32::from(c).wrapping_sub(u32::from('a'));
    neighbours(response, "do not begin with letters in order", |first, second| {
        first.is_ascii_lowercase() && second.is_ascii_lowercase() && (place(first) + 1) % 26 == place(second)
    })
}

/// Whether one paragraph has at most three of the five vowels; accents do not count, other scripts do not pass.
fn three_vowels(response: &str) -> Compliance {
    if response.trim().contains('\n') {
        return Compliance::new(false, "more than one paragraph");
    }
    let small = response.to_lowercase();
    if let Some(other) = small.chars().find(|c| c.is_alphabetic() && !plain(*c).is_ascii_lowercase()) {
        return Compliance::new(false, format!("a letter without a known vowel: {other}"));
    }
    let vowels: HashSet<char> = small.chars().map(plain).filter(|c| "aeiou".contains(*c)).collect();
    Compliance::new((1..=3).contains(&vowels.len()), format!("{} types of vowels, 3 asked", vowels.len()))
}

/// A small Latin letter without its accent.
fn plain(c: char) -> char {
    match c {
        'à'..='å' | 'ā' => 'a',
        'è'..='ë' | 'ē' => 'e',
        'ì'..='ï' | 'ī' => 'i',
        'ò'..='ö' | 'ø' | 'ō' => 'o',
        'ù'..='ü' | 'ū' => 'u',
        'ç' => 'c',
        'ñ' => 'n',
        other => other,
    }
}

fn has_cluster(word: &str) -> bool {
    let is_consonant = |c: &char| c.is_ascii_lowercase() && !"aeiou".contains(*c);
    let small: Vec<char> = word.chars().flat_map(char::to_lowercase).collect();
    small.windows(2).any(|pair| pair.iter().all(is_consonant))
}

/// Whether a word of so many letters reads the same backwards; one letter over and over is none.
fn is_palindrome(word: &str, least: usize) -> bool {
    let count = word.chars().count();
    let half = word.chars().take(count / 2).eq(word.chars().rev().take(count / 2));
    let mut characters = word.chars();
    let first = characters.next();
    count >= least && half && word.chars().all(char::is_alphabetic) && characters.any(|c| Some(c) != first)
}

fn is_prime(number: usize) -> bool {
    number > 1
        && (2..)
            .take_while(|divisor| divisor * divisor <= number)
            .all(|divisor| !number.is_multiple_of(divisor))
}

/// Whether the last word of each sentence is the first of the next.
fn chained_sentences(response: &str) -> Compliance {
    let found = sentences::split(response);
    if found.len() < 2 {
        return Compliance::new(false, "fewer than two sentences");
    }
    let edge = |word: Option<&str>| word.map(folded).unwrap_or_default();
    let is_broken = |pair: &&[&str]| edge(tokens(pair[0]).last()) != edge(tokens(pair[1]).next());
    let broken = found.windows(2).find(is_broken);
    let at = broken
        .map(|pair| format!("{:?} follows {:?}", edge(tokens(pair[1]).next()), edge(tokens(pair[0]).last())));
    Compliance::new(broken.is_none(), at.unwrap_or_default())
}

/// Whether each line ends with the word it begins with, and has another between or beside it.
fn framed_paragraphs(response: &str) -> Compliance {
    let lines = response.lines().filter(|line| line.contains(char::is_alphanumeric));
    let mut lines = lines.map(|line| tokens(line).map(folded).collect::<Vec<_>>());
    let broken = lines.find(|words| words.len() < 2 || words.first() != words.last());
    Compliance::new(broken.is_none(), "a paragraph does not end with the word it begins with")
}

/// Whether a keyword is the m-th word of the n-th sentence.
fn keyword_at_place(a: &Arguments<'_>) -> Result<Rule> {
    let (keyword, sentence, word) = (folded(&a.word("keyword")?), a.place("n")?, a.place("m")?);
    Ok(Rule::new(move |response| {
        let found = sentences::split(response);
        let Some(text) = found.get(sentence - 1) else {
            return Quantity::at_least(sentence).check(found.len(), "sentences");
        };
        let there = tokens(text).nth(word - 1).map(folded).unwrap_or_default();
        let reason = format!("word {word} of sentence {sentence} is {there:?}, {keyword:?} asked");
        Compliance::new(there == keyword, reason)
    }))
}
