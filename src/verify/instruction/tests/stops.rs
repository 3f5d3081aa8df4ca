//! Where sentences end, and which full stops belong to their word.

use proptest::prelude::*;

use super::super::sentences::split;

fn count(text: &str) -> usize {
    split(text).len()
}

#[test]
fn abbreviations_before_numbers_and_names_end_no_sentence() {
    for first in [
        "Chapter No. 7 ended.",
        "See Vol. 2 for this.",
        "Vol. IV is long.",
        "Read pp. 3 to 5.",
        "See p. 12 of it.",
        "Use Eq. 4 here.",
        "Use Eq. (4) here.",
        "See Eqs. 4 and 5.",
        "See Sec. 3 now.",
        "See Sec. 3.2 now.",
        "See fig. 3 now.",
        "Look (fig. 3) now.",
        "Built ca. 1900 there.",
        "Built c. 1900 there.",
        "Mt. Everest is high.",
        "St. Louis is big.",
        "Jan. 5 was cold.",
        "In Sept. it rained.",
        "On Mon. 5 May we met.",
        "Art. 5 says so.",
        "Apt. 12 is free.",
        "Apt. B is free.",
        "At 5 p.m. Friday we met.",
        "At 7 p.m. John came.",
        "On Jan. 5 at about 3 p.m. Dr. Li left.",
        "We met at 5 p.m. EST in Rome.",
        "By 9 a.m. Monday it was done.",
        "At 9 a.m. we left.",
        "Cats vs. Dogs is on.",
        "Pets, e.g. Tom, sleep.",
        "Pets, i.e. Cats, sleep.",
        "Tea, milk, etc. are here.",
        "Smith et al. (2010) said so.",
        "Acme Inc. Chairman Bob left.",
        "Martin L. King Jr. Day is near.",
        "The U.S. Army came.",
        "J. K. Rowling wrote it.",
        "J.K. Rowling wrote it.",
        "A Ph.D. Student spoke.",
        "Use max. 3 eggs.",
        "It is approx. 5 m long.",
        "Gen. Lee met Rev. King.",
        "Pi is 3.14 today.",
        "See www.example.com for it.",
        "Version 1.2.3 is out.",
        "Am 5. Mai war es warm.",
        "Siehe Nr. 5 hier.",
        "El Sr. García vino.",
        "Es kostet z.B. 5 Euro.",
        "См. стр. 5 здесь.",
        "The 2nd ed. John Smith made is good.",
    ] {
        assert_eq!(count(&format!("{first} Ok.")), 2, "{first}");
        assert_eq!(count(first), 1, "{first}");
    }
}

#[test]
fn the_same_words_end_sentences_where_nothing_goes_on() {
    for text in [
        "We met at 5 p.m. Then we left.",
        "We met at 5 p.m. He left.",
        "We met at 5 p.m. John left.",
        "Bring tea, milk, etc. Then go.",
        "He lives in the U.S. He likes it.",
        "He works at Acme Inc. She does, too.",
        "I live on Main St. The house is old.",
        "I saw the movie. 5 people came.",
        "I love modern art. 5 people came.",
        "I ate a fig. 3 others ate two.",
        "It is an app. 5 users love it.",
        "Choose plan B. Then go.",
        "I said no. 5 people left.",
        "They met in Dec. Snow fell all day.",
        "The sum is 12. The end is near.",
        "I was born in 1999. My dog, too.",
        "It was me. I did it.",
        "Read this ch. It is good.",
        "He got a Ph.D. She did not.",
        "No. It is false.",
        "Is it prime? No. 7 of them are.",
        "I like the sun. 5 people do not.",
        "Smith et al. Results are new.",
        "Am 5. Dann ging er.",
        "It is true.[1] It is known.",
        "Well done! 😀 Go on.",
        "Nice!😀 Go on.",
    ] {
        let expected = if text.contains('?') { 3 } else { 2 };
        assert_eq!(count(text), expected, "{text}");
    }
}

#[test]
fn marks_runs_of_marks_and_what_closes_behind_them() {
    for (text, expected) in [
        ("What?! Ok.", 2),
        ("Wait... what? Ok.", 2),
        ("Wait... What? Ok.", 3),
        ("He said \"Stop.\" Then he left.", 2),
        ("\"Stop!\" he said. Then he left.", 2),
        ("He left (at last.) Then she came.", 2),
        ("He (Dr. Li) left. She came.", 2),
        ("A. First thing\nB. Second thing", 1),
        ("1. First thing.\n2. Second thing.", 2),
        ("iv. Fourth thing.", 1),
        ("...", 0),
        ("…", 0),
        ("One.\n\nTwo", 2),
        ("「はい。」と言った。", 2),
    ] {
        assert_eq!(count(text), expected, "{text}");
    }
    assert_eq!(split("One. \"Two!\" (Three?) Four 😀"), ["One.", "\"Two!\"", "(Three?)", "Four 😀"]);
}

const BEFORE_NUMBERS: [&str; 16] = [
    "No.", "Nos.", "Vol.", "p.", "pp.", "Eq.", "Sec.", "Fig.", "Ch.", "ca.", "c.", "Art.", "Apt.", "approx.",
    "Jan.", "Oct.",
];
const BEFORE_NAMES: [&str; 10] = ["Dr.", "Mr.", "Mrs.", "Prof.", "St.", "Mt.", "Gen.", "vs.", "J.", "U.S."];
const NAMES: [&str; 6] = ["Smith", "Everest", "Berlin", "García", "Li", "Zoe"];
const WORDS: [&str; 8] = ["house", "river", "they", "green", "slowly", "table", "music", "seven"];
const OPENERS: [&str; 6] = ["The", "It", "He", "Then", "But", "We"];

proptest! {
    #[test]
    fn an_abbreviation_before_its_number_or_name_joins(
        word in prop::sample::select(&WORDS[..]),
        numbered in prop::sample::select(&BEFORE_NUMBERS[..]),
        named in prop::sample::select(&BEFORE_NAMES[..]),
        name in prop::sample::select(&NAMES[..]),
        number in 0u32..5000,
        behind in prop::sample::select(&OPENERS[..]),
    ) {
        let text = format!("Near the {word} see {numbered} {number} and {named} {name} there");
        prop_assert_eq!(count(&text), 1);
        prop_assert_eq!(count(&format!("{text}. {behind} left.")), 2);
    }

    /// Near miss: a stop behind any other word ends a sentence before a number and before a name.
    #[test]
    fn a_stop_behind_an_ordinary_word_ends(
        words in prop::collection::vec(prop::sample::select(&WORDS[..]), 1..6),
        next in prop::sample::select(&NAMES[..]),
        number in 0u32..5000,
        mark in prop::sample::select(&[".", "!", "?", "?!", "!!"][..]),
    ) {
        let text = words.join(" ");
        prop_assert_eq!(count(&format!("{text}{mark} {next} left.")), 2);
        prop_assert_eq!(count(&format!("{text}{mark} {number} left.")), 2);
    }

    /// Sentences are parts of their text, in order, and nothing but spaces is lost between them.
    #[test]
    fn sentences_are_the_text_divided(text in r"([A-Za-z]{1,6}[.!?]{0,2} ?[\n]{0,2}){0,12}") {
        let joined: String = split(&text).concat().split_whitespace().collect();
        let whole: String = text.split_whitespace().collect();
        prop_assert!(split(&text).is_empty() || joined == whole, "{joined:?} {whole:?}");
    }
}
