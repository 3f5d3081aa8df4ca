//! Long and arbitrary texts.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{super::published, Constraint};

/// Arguments that every identifier finds its own among.
const EVERY_ARGUMENT: &str = r#"{
    "keywords": ["a"], "keyword": "a", "frequency": 1, "relation": "at least", "forbidden_words": ["ü"], "letter": "a",
    "let_frequency": 1, "let_relation": "less than", "language": "it", "num_sentences": 1, "num_paragraphs": 1,
    "num_words": 1, "nth_paragraph": 1, "first_word": "a", "last_word": "a", "num_placeholders": 1,
    "postscript_marker": "P.S.", "num_bullets": 1, "num_highlights": 1, "section_spliter": "\u0023", "num_sections": 1,
    "prompt_to_repeat": "a b c d", "end_phrase": "a", "capital_frequency": 1, "capital_relation": "at least",
    "min_words": 1, "max_words": 9, "N": 1, "small_n": 1, "percentage": 50, "reference_text": "a b c", "options": "a/b",
    "sep": "-", "word": "a", "keyword1": "a", "keyword2": "b", "keyword3": "c", "keyword4": "d", "keyword5": "e", "n": 1,
    "m": 1, "n_start": 1, "n_end": 2, "n_sent": 1, "n_words": 1, "phrase": "a b a"
}"#;

/// Every constraint that identifiers name.
fn identified() -> Vec<Constraint> {
    let every: Map<String, Value> = serde_json::from_str(EVERY_ARGUMENT).unwrap();
    let label = |known: &published::Definition| {
        let own = |(key, _): &(&String, &Value)| known.arguments.contains(&key.as_str());
        let arguments: Map<String, Value> =
            every.iter().filter(own).map(|(key, value)| (key.clone(), value.clone())).collect();
        json!({"instruction_id": [known.name], "kwargs": [arguments]}).to_string()
    };
    published::identifiers().into_iter().flat_map(|known| Constraint::parse(&label(known)).unwrap()).collect()
}

/// Each function once, with arguments that occur.
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

/// What long texts are made of.
const UNITS: [&str; 33] = [
    "* ", "word ", "a\n\n", "[", "<<", "******", "ü", ".", "\"", "#", "A. ", ".*", "a. ", "P.S. ", "我",
    "\u{301}", "aa_", "*a", "a...\"", "1. ", "\t", "…", "(", "\"'", "A.-", "e.g. X ", "5 p.m. ", "<i>",
    "La. ", "x\n", "{'", "- a\n", "\"a\",",
];

#[test]
fn long_texts_take_little_time() {
    for (constraints, length) in [(Constraint::parse(LABELS).unwrap(), 250_000), (identified(), 60_000)] {
        for unit in UNITS {
            let response = unit.repeat(length / unit.len());
            for constraint in &constraints {
                let started = std::time::Instant::now();
                constraint.check(&response);
                assert!(started.elapsed().as_secs_f64() < 2.5, "{} on {unit:?}", constraint.name());
            }
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
        for constraint in [Constraint::parse(LABELS).unwrap(), identified()].concat() {
            constraint.check(&response);
        }
    }

    #[test]
    fn any_label_is_read_or_refused(
        function in 0..25usize,
        values in prop::collection::vec(prop::sample::select(&VALUES[..]), ARGUMENTS.len()),
        pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..10),
        noise in r"\PC{0,30}",
    ) {
        let mut label = format!("{{\"func_name\": \"{}\"", published::functions()[function].name);
        for (argument, value) in ARGUMENTS.iter().zip(values) {
            label += &format!(", \"{argument}\": {value}");
        }
        for constraint in Constraint::parse(&(label + "}")).unwrap_or_default() {
            constraint.check(&pieces.concat());
        }
        drop(Constraint::parse(&noise));
    }
}
