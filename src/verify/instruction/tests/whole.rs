//! Responses as a whole.

use super::{Constraint, follows};

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
            ("It is -1.\n******\nIt is 1.", true),
            ("C++ ****** C#", true),
            ("😀 ****** 😂", true),
            ("- same ****** ## “Same”.", false),
        ],
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
