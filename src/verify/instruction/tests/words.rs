//! Words, letters, languages, sentences, capitals.

use super::follows;

#[test]
fn keywords() {
    follows(
        r#"{"func_name": "verify_keywords", "keyword_list": ["Ozean", "blue sky"]}"#,
        &[
            ("der ozean, a Blue Sky", true),
            ("Ozean", false),
            ("blue\r\nsky Ozean", true),
            ("bluesky Ozean", false),
            ("**Ozean** _blue sky_", true),
        ],
    );
    follows(
        r#"{"func_name": "verify_keywords", "keyword_list": ["Übung"]}"#,
        &[("ÜBUNG macht den Meister", true), ("Ubung", false), ("übungen", false)],
    );
    for (word, response, expected) in [
        ("art", "We start the party.", false),
        ("rain", "It trains rainbows.", false),
        ("cat", "two cats", false),
        ("cat", "the cat's bed", true),
        ("well", "a well-known man", true),
        ("well-known", "a Well-Known man", true),
        ("well-known", "well known", false),
        ("can", "I can't go.", false),
        ("can", "I can go.", true),
        ("eau", "de l'eau", true),
        ("ice cream", "ice  creams", false),
        ("mother-in-law", "my mother-in-law's cat", true),
        ("猫", "私の猫です", true),
        ("แมว", "ฉันมีแมวหนึ่งตัว", true),
        ("고양이", "고양이가 있다", true),
        ("고양이", "새끼고양이", false),
        ("बिल्ली", "बिल्लीयाँ", false),
    ] {
        follows(
            &format!(r#"{{"func_name": "verify_keywords", "keyword_list": ["{word}"]}}"#),
            &[(response, expected)],
        );
    }
    follows(
        r#"{"func_name": "verify_keywords", "keyword_list": ["don't", "ΛΌΓΟΣ"]}"#,
        &[("I don’t know, ο λόγος", true), ("dont λόγος", false), ("DON'T ΛΌΓΟΣ", true)],
    );
}

#[test]
fn keyword_frequency() {
    follows(
        r#"{"func_name": "verify_keyword_frequency", "word": "cat", "N": 2}"#,
        &[
            ("A cat, a Cat.", true),
            ("cat cat cat", false),
            ("cat concatenate", false),
            ("the cat's **cat**", true),
            ("cat_cat cat", false),
            ("", false),
        ],
    );
    follows(
        r#"{"func_name": "verify_keyword_frequency", "word": "C++", "N": 1}"#,
        &[("I like C++.", true), ("C++ and C++", false), ("C", false)],
    );
    follows(
        r#"{"func_name": "verify_keyword_frequency", "word": "猫", "N": 1}"#,
        &[("猫 。", true), ("犬", false), ("猫 猫", false), ("私の猫が好き", true), ("猫と猫", false)],
    );
    follows(
        r#"{"func_name": "verify_keyword_frequency", "word": "ice cream", "N": 1}"#,
        &[("Ice\ncream!", true), ("ice creams", false), ("nice cream, ice cream", true)],
    );
    follows(
        r#"{"func_name": "verify_keyword_frequency", "word": "a-a", "N": 1}"#,
        &[("xa-a-a", true), ("a-a a-a", false), ("xa-a", false)],
    );
}

#[test]
fn forbidden_words() {
    follows(
        r#"{"func_name": "validate_forbidden_words", "forbidden_words": ["cat", "ice cream"]}"#,
        &[
            ("dogs only", true),
            ("a Cat", false),
            ("concatenate", true),
            ("*cat*", false),
            ("ICE CREAM!", false),
            ("ice, cream", true),
            ("a _cat_.", false),
            ("a cat_door", true),
        ],
    );
}

#[test]
fn letter_frequency() {
    follows(
        r#"{"func_name": "verify_letter_frequency", "letter": "a", "N": 3}"#,
        &[("banana", true), ("Banana bread", false), ("Abanana", true), ("b", false)],
    );
    follows(
        r#"{"func_name": "verify_letter_frequency", "letter": "é", "N": 1}"#,
        &[("café", true), ("cafe", false), ("éé", false)],
    );
    follows(
        r#"{"func_name": "verify_letter_frequency", "letter": "e", "N": 1}"#,
        &[("cafe\u{301} e", true), ("e\u{301}", false), ("ee", false)],
    );
    follows(
        r#"{"func_name": "verify_letter_frequency", "letter": "e\u0301", "N": 1}"#,
        &[("cafe\u{301} e", true), ("e", false)],
    );
    follows(
        r##"{"func_name": "verify_letter_frequency", "letter": "#", "N": 2}"##,
        &[("## A", true), ("# A", false)],
    );
}

#[test]
fn language() {
    follows(
        r#"{"func_name": "validate_response_language", "language": "de"}"#,
        &[
            ("Das ist ein ganz gewöhnlicher deutscher Satz über das Wetter von gestern.", true),
            ("This is quite an ordinary English sentence about the weather we had.", false),
            ("12345", false),
            ("Die Hauptstadt ist **Berlin**.", true),
            ("Ja.", false),
        ],
    );
    follows(
        r#"{"func_name": "validate_response_language", "language": "hi"}"#,
        &[
            ("यह हिंदी में लिखा हुआ एक साधारण वाक्य है और इसमें कुछ नहीं है।", true),
            ("hello there, my friend", false),
            ("これは日本語の文です。", false),
        ],
    );
    follows(
        r#"{"func_name": "validate_response_language", "language": "ja"}"#,
        &[("これは日本語で書かれた普通の文です。", true), ("안녕하세요 여러분", false), ("?", false)],
    );
}

#[test]
fn word_constraint() {
    follows(
        r#"{"func_name": "validate_word_constraint", "N": 3, "quantifier": "at least"}"#,
        &[
            ("one two three", true),
            ("one two", false),
            ("- one - two -", false),
            ("über größer 猫", true),
            ("我爱猫。", true),
            ("고양이가 있다", false),
            ("* - * --", false),
        ],
    );
    follows(
        r#"{"func_name": "validate_word_constraint", "N": 3, "quantifier": "at most"}"#,
        &[("one two three", true), ("one two three four", false), ("one", true)],
    );
    follows(
        r#"{"func_name": "validate_word_constraint", "N": 3, "quantifier": "around"}"#,
        &[("1 2 3 4", true), ("1 2", true), ("1 2 3 4 5", false), ("1", false)],
    );
    let words = |count: usize| "word ".repeat(count);
    follows(
        r#"{"func_name": "validate_word_constraint", "N": 100, "quantifier": "around"}"#,
        &[(&words(90), true), (&words(110), true), (&words(89), false), (&words(111), false)],
    );
    follows(
        r#"{"func_name": "validate_word_constraint", "N": 25, "quantifier": "around"}"#,
        &[(&words(23), true), (&words(27), true), (&words(22), false), (&words(28), false)],
    );
}

#[test]
fn sentence_constraint() {
    follows(
        r#"{"func_name": "verify_sentence_constraint", "N": 2, "quantifier": "exactly"}"#,
        &[
            ("One. Two.", true),
            ("Dr. Smith paid 3.50 dollars, e.g. for tea. He left!", true),
            ("Gen. Lee met Sen. Fox, a.k.a. Bob. He left.", true),
            ("Really?! Yes...", true),
            ("One", false),
            ("一つ。二つ。", true),
            ("# A title\n\nA sentence without end", true),
            ("1. First.\n2. Second.", true),
            ("She said \"No.\" Then she left.", true),
            ("...", false),
            ("Wait... what? Yes.", true),
            ("Wait… What?", true),
            ("\"Stop!\" he said. Then he left.", true),
            ("The U.S. Senate met J. Doe, Ph.D. student. It ended.", true),
            ("Tea, milk, etc. are here. So is he.", true),
            ("We met at 5 p.m. Then we left.", true),
            ("all small letters? yes. ", true),
            ("**One.** *Two.*", true),
            ("यह एक है। यह दो है।", true),
            ("یہ ایک ہے۔ یہ دو ہے۔", true),
            ("One.\r\n\r\nTwo", true),
            ("See a.b.c and 1.5 or x.rs! Fine", true),
        ],
    );
}

#[test]
fn capitals() {
    follows(
        r#"{"func_name": "validate_uppercase"}"#,
        &[
            ("ALL BIG, 123", true),
            ("ÜBER", true),
            ("Mostly BIG", false),
            ("123", false),
            ("# **TITLE**", true),
            ("STRAßE", false),
            ("Nº 5".to_uppercase().as_str(), true),
        ],
    );
    follows(
        r#"{"func_name": "validate_lowercase"}"#,
        &[("all small, 123", true), ("über", true), ("Not small", false), ("猫", false)],
    );
    follows(
        r#"{"func_name": "validate_frequency_capital_words", "N": 2, "quantifier": "at least"}"#,
        &[
            ("NASA and ESA", true),
            ("Nasa and ESA", false),
            ("**ÄÖ** I", true),
            ("A1 B2", false),
            ("IT’S", false),
            ("E\u{301}A, 'OK'", true),
        ],
    );
    follows(
        r#"{"func_name": "validate_frequency_capital_words", "N": 1, "quantifier": "less than"}"#,
        &[("none here", true), ("ONE here", false), ("ONE AND TWO", false)],
    );
}
