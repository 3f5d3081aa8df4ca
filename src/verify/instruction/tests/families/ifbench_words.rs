//! IFBench's `words:…`.

use super::obeys;

#[test]
fn letters_of_words() {
    obeys(
        "words:alphabet",
        "{}",
        &[
            ("All bears can dance.", true),
            ("Young zebras ask.", true),
            ("All cats dance.", false),
            ("Alone", false),
            ("1 2 3", false),
        ],
    );
    obeys(
        "words:vowel",
        "{}",
        &[
            ("A tall man sat in his den", true),
            ("one two three all in", false),
            ("a\nb", false),
            ("猫が好き", false),
            ("Café, à la carte", true),
        ],
    );
    obeys(
        "words:consonants",
        "{}",
        &[("string - trees", true), ("string a", false), ("string 5", false), ("- -", false)],
    );
    let ten = "level radar civic kayak refer rotor madam tenet solos stats";
    obeys(
        "words:palindrome",
        "{}",
        &[
            (ten, true),
            (&"Level, ".repeat(10), false),
            (&ten.replace("stats", "noon"), false),
            (&ten.replace("stats", "aaaaa"), false),
        ],
    );
    obeys(
        "words:prime_lengths",
        "{}",
        &[
            ("We can't swim here - no", false),
            ("We swims here", false),
            ("Is her table empty?", true),
            ("a", false),
        ],
    );
    obeys("words:repeats", r#"{"small_n": 2}"#, &[("one One two", true), ("one one, One.", false)]);
    obeys(
        "words:no_consecutive",
        "{}",
        &[("Big cats bark", true), ("Big bears", false), ("one", false), ("\"Big\" (Bears)", false)],
    );
}

#[test]
fn places_of_words() {
    obeys(
        "words:last_first",
        "{}",
        &[("I saw him. Him I know.", true), ("I saw him. He left.", false), ("I saw him.", false)],
    );
    obeys(
        "words:paragraph_last_first",
        "{}",
        &[("Cats like cats.\nDogs eat dogs!", true), ("Cats.", false), ("Cats like dogs", false)],
    );
    obeys(
        "words:words_position",
        r#"{"keyword": "sun"}"#,
        &[
            ("The sun is the sun now.", true),
            ("The sun shines.", true),
            ("The sun is hot now.", false),
            ("sun sun", false),
        ],
    );
    for identifier in ["words:keywords_specific_position", "keywords:keyword_specific_position"] {
        let arguments = r#"{"keyword": "sun", "n": 2, "m": 3}"#;
        obeys(
            identifier,
            arguments,
            &[("One. See the (Sun) now.", true), ("One. The sun now.", false), ("See the sun.", false)],
        );
    }
}
