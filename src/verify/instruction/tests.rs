//! Each constraint against responses made by hand, and labels as the data writes them.

use proptest::prelude::*;

use super::*;
use crate::error::is_input_error;

/// Checks a table of (response, followed) against one label.
fn follows(label: &str, cases: &[(&str, bool)]) {
    let [constraint] = &Constraint::parse(label).unwrap()[..] else { panic!("{label}: one constraint") };
    for (response, followed) in cases {
        let outcome = constraint.check(response);
        assert_eq!(outcome.followed, *followed, "{label}\n{response:?}: {}", outcome.reason);
    }
    for blank in ["", "  \n\t"] {
        assert!(!constraint.check(blank).followed, "{label}: blank");
    }
}

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
        &[("ÜBUNG macht den Meister", true), ("Ubung", false), ("übungen", true)],
    );
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
fn paragraph_count() {
    follows(
        r#"{"func_name": "verify_paragraph_count", "N": 2}"#,
        &[
            ("one\n* * *\ntwo", true),
            ("one\r\n\r\n* * *\r\n\r\ntwo\r\n", true),
            ("one\n\ntwo", false),
            ("one * * * two", true),
            ("one\n* * *\ntwo\n* * *\n", true),
            ("one\n* * *\n\n* * *\ntwo", false),
            ("one\n***\ntwo", false),
        ],
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
fn nth_paragraph() {
    follows(
        r#"{"func_name": "validate_paragraphs", "N": 2, "first_word": "Hello", "i": 2}"#,
        &[
            ("One.\n\nHello there.", true),
            ("One.\r\n\r\n\r\n\"Hello\", he said.", true),
            ("Hello.\n\nTwo.", false),
            ("One.\nHello.", false),
            ("One.\n\nHelloworld", false),
            ("One.\n\n**hello** there", true),
            ("One.\n\n- Hello: a\n- b", true),
            ("One.\n \n# Hello’s", true),
            ("One.\n\nHello—you", true),
            ("One.\n\n* * *", false),
        ],
    );
}

#[test]
fn postscript() {
    follows(
        r#"{"func_name": "verify_postscript", "postscript_marker": "P.S."}"#,
        &[
            ("Text.\n\nP.S. And this.", true),
            ("Text.\nP.S.", false),
            ("Text.", false),
            ("P.S. only", false),
            ("Text.\nP.S. I like P.S.", true),
            ("Text. P.S. Inline.", true),
            ("I like the P.S. of letters", false),
            ("Text.\nP.P.S. More", false),
            ("Grüße.\n**P.S.** Ünd", true),
        ],
    );
}

#[test]
fn placeholders() {
    follows(
        r#"{"func_name": "validate_placeholders", "N": 2}"#,
        &[
            ("[name] and [address]", true),
            ("[name]", false),
            ("[] []", false),
            ("[ä] [ö] [ü]", true),
            ("[open [name] [two]", true),
            ("[link](x) [y\nz]", false),
            ("- [ ] [a]", false),
        ],
    );
}

#[test]
fn bullet_points() {
    follows(
        r#"{"func_name": "verify_bullet_points", "N": 2}"#,
        &[
            ("* a\n* b", true),
            ("- a\r\n- ü", true),
            ("* a\n  - b", true),
            ("* a", false),
            ("*bold* text\n**more**\n* a", false),
            ("* a\n* * *\n* b", true),
            ("-5 degrees\n- a\n- b", true),
            ("\u{a0}* * *\n* a\n\t* b", true),
            ("* a\n-\n* \n", false),
            ("• a\n• b", false),
            ("* a\n---\n- - -\n- b", true),
        ],
    );
}

#[test]
fn title() {
    follows(
        r#"{"func_name": "validate_title"}"#,
        &[
            ("<<A title>>\nText", true),
            ("# <<Über>>", true),
            ("<<>>", false),
            ("<< >>", false),
            ("<Title>", false),
            ("a << b", false),
        ],
    );
}

#[test]
fn one_of_the_options() {
    follows(
        r#"{"func_name": "validate_choice", "options": ["My answer is yes.", "My answer is no.", "My answer is not known."]}"#,
        &[
            ("My answer is yes.", true),
            ("**my answer is no**", true),
            ("My answer is not known.", true),
            ("a", false),
            ("My answer is yes. My answer is no.", false),
            ("Well: “My answer is yes.”", true),
            ("My answer is yes. I repeat: my answer is yes.", true),
            ("My answer is yesterday.", false),
        ],
    );
}

#[test]
fn one_of_several_letters() {
    follows(
        r#"{"func_name": "validate_choice", "options": ["a)", "b)"]}"#,
        &[("a)", true), ("b) is a good one", true), ("a", true), ("c)", false), ("a) or b)", false)],
    );
    follows(
        r#"{"func_name": "validate_choice", "options": ["yes", "no", "Yes", "?"]}"#,
        &[("YES!", true), ("yesterday", false), ("yes or no", false), ("?", true)],
    );
}

#[test]
fn highlights() {
    follows(
        r#"{"func_name": "validate_highlighted_sections", "N": 2}"#,
        &[
            ("*one* and *two*", true),
            ("**one** and *zwölf*", true),
            ("**one**", false),
            ("* a\n* b\n* c", false),
            ("3 * 4 * 5 * 6", false),
            ("*one*", false),
        ],
    );
}

#[test]
fn sections() {
    follows(
        r#"{"func_name": "validate_sections", "N": 2, "section_splitter": "SECTION"}"#,
        &[
            ("SECTION 1\nText\nSECTION 2\nMore", true),
            ("Before.\n**SECTION 1** a\n**SECTION 2** ü", true),
            ("SECTION 1\nText", false),
            ("SECTION 1\nSECTION 2\nText", false),
            ("section 1 a section 2 b", false),
            ("In SECTION 1 of the book\nSECTION 1 a", false),
            ("SECTION 1: a\r\nSECTION 2: see SECTION 1.", true),
            ("SECTIONS\nSECTION 1\n42", false),
            ("SECTION 1\n42\n\nSECTION II\nText", true),
            ("SECTION A\nSECTION B\nText", false),
        ],
    );
}

#[test]
fn json() {
    follows(
        r#"{"func_name": "validate_json_format"}"#,
        &[
            (r#"{"a": [1, 2]}"#, true),
            ("```json\n{\"ä\": \"→\"}\n```", true),
            ("```\n[1]\n```", true),
            (r#"{"a": 1} and more"#, false),
            ("{'a': 1}", false),
            ("text", false),
            ("\"text\"", false),
            ("3", false),
            ("```json\r\n{}\r\n```\r\n", true),
            ("``````", false),
            ("```", false),
        ],
    );
    let deep = "[".repeat(100_000);
    assert!(!Constraint::parse(r#"{"func_name": "validate_json_format"}"#).unwrap()[0].check(&deep).followed);
}

#[test]
fn repeated_prompt() {
    follows(
        r#"{"func_name": "validate_repeat_prompt", "original_prompt": "Write  a poem.\nNow."}"#,
        &[
            ("Write a poem. Now. Roses are red.", true),
            ("Write a poem. Now.", false),
            ("Sure! Write a poem. Now. Roses", false),
            ("write a poem. now. Roses", false),
            ("Write a poem.\r\n\r\nNow.\n\nRösen", true),
        ],
    );
}

#[test]
fn two_responses() {
    follows(
        r#"{"func_name": "validate_two_responses"}"#,
        &[
            ("one\n******\ntwo", true),
            ("eins ****** zwei", true),
            ("same\n******\nsame", false),
            ("one", false),
            ("a ****** b ****** c", false),
            ("one\n******\n", false),
            ("same\n******\n**Same!**", false),
            ("一\r\n******\r\n二", true),
            ("a\n************\nb", false),
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

#[test]
fn end_phrase() {
    follows(
        r#"{"func_name": "validate_end", "end_phrase": "Is there anything else?"}"#,
        &[
            ("Yes. Is there anything else?", true),
            ("Yes. \"is there anything else?\"\n", true),
            ("Yes. **Is there anything else?**", true),
            ("Is there anything else? No.", false),
            ("Yes.", false),
            ("Yes. Is there\r\nanything else?\r\n", true),
            ("Is there anything else? \u{201d}", true),
        ],
    );
    follows(
        r#"{"func_name": "validate_end", "end_phrase": "yes"}"#,
        &[("Oh yes", true), ("eyes", false), ("猫yes", true), ("yes", true)],
    );
    follows(
        r#"{"func_name": "validate_end", "end_phrase": "*"}"#,
        &[("Text *", false), ("*", true), ("Text", false)],
    );
    follows(
        r#"{"func_name": "validate_end", "end_phrase": "Grüße"}"#,
        &[("Viele GRÜSSE", false), ("viele grüße", true), ("Grüße!", false)],
    );
}

#[test]
fn quotation() {
    follows(
        r#"{"func_name": "validate_quotation"}"#,
        &[
            ("\"all of it\"", true),
            ("“all of it”\n", true),
            ("\"part\" of it", false),
            ("\"", false),
            ("\"\"", false),
            ("„alles“", true),
            ("'single'", false),
        ],
    );
}

#[test]
fn no_commas() {
    follows(
        r#"{"func_name": "validate_no_commas"}"#,
        &[
            ("none; here", true),
            ("one, here", false),
            ("一、二", false),
            ("1,000", false),
            ("- a\n- b", true),
        ],
    );
}

#[test]
fn the_data_has_25_functions_and_all_are_covered_here() {
    let tests = include_str!("tests.rs");
    for (name, _) in label::FUNCTIONS {
        assert!(tests.contains(&format!("\"{name}\"")), "{name}");
    }
}

#[test]
fn labels_come_in_several_dresses() {
    let object = r#"{"func_name": "validate_title", "N": null, "quantifier": null}"#;
    let expected = Constraint::parse(object).unwrap();
    assert_eq!(expected[0].name(), "validate_title");
    assert_eq!(Constraint::parse(&format!("[{object}]")).unwrap(), expected);
    assert_eq!(Constraint::parse(&serde_json::to_string(object).unwrap()).unwrap(), expected);
    assert_eq!(Constraint::parse(&format!("[{object}, {object}]")).unwrap().len(), 2);
    for number in ["2", "2.0", "\"2\""] {
        let label = format!(r#"{{"func_name": "validate_placeholders", "N": {number}}}"#);
        assert!(Constraint::parse(&label).unwrap()[0].check("[a] [b]").followed);
    }
}

#[test]
fn labels_that_cannot_be_followed_are_refused_by_name() {
    for (label, expected) in [
        ("no json", "no JSON"),
        ("[]", "at least one"),
        ("3", "must be an object"),
        (r#"{"N": 3}"#, "func_name"),
        (r#"{"func_name": "verify_titel"}"#, "is unknown; did you mean"),
        (
            r#"{"func_name": "validate_placeholders"}"#,
            r#"validate_placeholders: "N" must be a whole number, not null"#,
        ),
        (r#"{"func_name": "validate_placeholders", "N": -1}"#, "not -1"),
        (r#"{"func_name": "validate_placeholders", "N": 1.5}"#, "not 1.5"),
        (r#"{"func_name": "verify_letter_frequency", "letter": "ab", "N": 1}"#, "one letter"),
        (r#"{"func_name": "validate_paragraphs", "N": 1, "i": 1, "first_word": "?"}"#, "a word"),
        (r#"{"func_name": "validate_response_language", "language": "sw"}"#, "known are en, es"),
        (r#"{"func_name": "verify_keywords", "keyword_list": []}"#, "at least one"),
        (r#"{"func_name": "validate_word_constraint", "N": 1, "quantifier": "some"}"#, "\"at least\""),
        (r#"{"func_name": "validate_paragraphs", "N": 1, "i": 2, "first_word": "x"}"#, "from 1 to N"),
        (r#"{"func_name": "validate_response_language", "language": "xx"}"#, "known are en, es"),
    ] {
        let error = Constraint::parse(label).unwrap_err();
        assert!(is_input_error(&error) && error.to_string().contains(expected), "{label}: {error}");
    }
}

/// Each constraint once, with arguments that occur.
const LABELS: &str = r#"[
    {"func_name": "verify_keywords", "keyword_list": ["a"]},
    {"func_name": "verify_keyword_frequency", "word": "a", "N": 1},
    {"func_name": "validate_forbidden_words", "forbidden_words": ["ü"]},
    {"func_name": "verify_letter_frequency", "letter": "a", "N": 1},
    {"func_name": "validate_response_language", "language": "en"},
    {"func_name": "verify_paragraph_count", "N": 1},
    {"func_name": "validate_word_constraint", "N": 1, "quantifier": "around"},
    {"func_name": "verify_sentence_constraint", "N": 1, "quantifier": "at least"},
    {"func_name": "validate_paragraphs", "N": 1, "i": 1, "first_word": "a"},
    {"func_name": "verify_postscript", "postscript_marker": "P.S."},
    {"func_name": "validate_placeholders", "N": 1},
    {"func_name": "verify_bullet_points", "N": 1},
    {"func_name": "validate_title"},
    {"func_name": "validate_choice", "options": ["a", "é"]},
    {"func_name": "validate_highlighted_sections", "N": 1},
    {"func_name": "validate_sections", "N": 1, "section_splitter": "\u0023"},
    {"func_name": "validate_json_format"},
    {"func_name": "validate_repeat_prompt", "original_prompt": "a"},
    {"func_name": "validate_two_responses"},
    {"func_name": "validate_uppercase"},
    {"func_name": "validate_lowercase"},
    {"func_name": "validate_frequency_capital_words", "N": 1, "quantifier": "at most"},
    {"func_name": "validate_end", "end_phrase": "a"},
    {"func_name": "validate_quotation"},
    {"func_name": "validate_no_commas"}
]"#;

#[test]
fn long_texts_take_little_time() {
    let constraints = Constraint::parse(LABELS).unwrap();
    for unit in [
        "* ", "word ", "a\n\n", "[", "<<", "******", "ü", ".", "\"", "#", "A. ", ".*", "a. ", "P.S. ", "我",
        "\u{301}", "aa_", "*a", "a...\"", "1. ", "\t", "…",
    ] {
        let response = unit.repeat(250_000 / unit.len());
        for constraint in &constraints {
            let started = std::time::Instant::now();
            constraint.check(&response);
            assert!(started.elapsed().as_secs_f64() < 2.5, "{} on {unit:?}", constraint.name());
        }
    }
}

/// What the rules look for, to be strung together.
const PIECES: [&str; 40] = [
    "a",
    "É",
    "e\u{301}",
    "猫",
    "क्षि",
    "ß",
    "İ",
    "😀",
    "\u{a0}",
    "\u{200d}",
    " ",
    "\n",
    "\r\n",
    "\t",
    "\n\n",
    "* ",
    "- ",
    "* * *",
    "******",
    "**",
    "*",
    "_",
    "#",
    "```",
    "[",
    "]",
    "<<",
    ">>",
    "{",
    "\"",
    "”",
    ".",
    "...",
    "!",
    "。",
    "P.S.",
    "1. ",
    "Dr.",
    "e.g.",
    ",",
];

const ARGUMENTS: [&str; 13] = [
    "N",
    "i",
    "quantifier",
    "letter",
    "word",
    "first_word",
    "language",
    "keyword_list",
    "forbidden_words",
    "options",
    "section_splitter",
    "end_phrase",
    "original_prompt",
];

/// Values that an argument might have.
const VALUES: [&str; 12] = [
    "null",
    "\"around\"",
    "1",
    "2.0",
    "-1",
    "1e300",
    "\"3\"",
    "\"inf\"",
    "\"\"",
    "\"é\"",
    "[]",
    "[\"*\", \"猫\"]",
];

proptest! {
    #[test]
    fn any_text_is_checked_without_a_panic(
        pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..20),
        noise in r"\PC{0,20}",
    ) {
        let response = pieces.concat() + &noise;
        for constraint in Constraint::parse(LABELS).unwrap() {
            constraint.check(&response);
        }
    }

    #[test]
    fn any_label_is_read_or_refused(
        function in 0..label::FUNCTIONS.len(),
        values in prop::collection::vec(prop::sample::select(&VALUES[..]), ARGUMENTS.len()),
        pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..10),
        noise in r"\PC{0,30}",
    ) {
        let mut label = format!("{{\"func_name\": \"{}\"", label::FUNCTIONS[function].0);
        for (argument, value) in ARGUMENTS.iter().zip(values) {
            label += &format!(", \"{argument}\": {value}");
        }
        for constraint in Constraint::parse(&(label + "}")).unwrap_or_default() {
            constraint.check(&pieces.concat());
        }
        drop(Constraint::parse(&noise));
    }
}
