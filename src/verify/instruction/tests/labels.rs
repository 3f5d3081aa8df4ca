//! Labels that are read, and those that are refused.

use super::{super::published, Constraint, has_constraints};
use crate::error::is_input_error;

#[test]
fn the_data_has_25_functions_and_all_are_covered_here() {
    let tests = concat!(include_str!("words.rs"), include_str!("layout.rs"), include_str!("whole.rs"));
    for known in published::functions() {
        assert!(tests.contains(&format!("\"{}\"", known.name)), "{}", known.name);
    }
}

#[test]
fn labels_come_in_several_forms() {
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
        (r#"{"func_name": "verify_titel"}"#, "is unknown; did you mean \"validate_title\"?"),
        (r#"{"func_name": "verify_word_constraint"}"#, "did you mean \"validate_word_constraint\"?"),
        (r#"{"func_name": "validate_uppercases"}"#, "did you mean \"validate_uppercase\"?"),
        (
            r#"{"func_name": "validate_placeholders"}"#,
            r#"validate_placeholders: "N" must be a whole number, not null"#,
        ),
        (r#"{"func_name": "validate_placeholders", "N": -1}"#, "not -1"),
        (r#"{"func_name": "validate_placeholders", "N": 1.5}"#, "not 1.5"),
        (r#"{"func_name": "verify_letter_frequency", "letter": "ab", "N": 1}"#, "one letter"),
        (r#"{"func_name": "validate_paragraphs", "N": 1, "i": 1, "first_word": "?"}"#, "a word"),
        (r#"{"func_name": "verify_keywords", "keyword_list": []}"#, "at least one"),
        (r#"{"func_name": "validate_word_constraint", "N": 1, "quantifier": "some"}"#, "\"at least\""),
        (r#"{"func_name": "validate_word_constraint", "N": 1, "quantifier": null}"#, "\"at least\""),
        (r#"{"func_name": "validate_paragraphs", "N": 1, "i": 2, "first_word": "x"}"#, "from 1 to N"),
        (r#"{"func_name": "validate_response_language", "language": "xx"}"#, "known are en, es"),
    ] {
        let error = Constraint::parse(label).unwrap_err();
        assert!(is_input_error(&error) && error.to_string().contains(expected), "{label}: {error}");
    }
}

#[test]
fn the_shapes_of_the_data_mean_the_same() {
    let expected = Constraint::parse(
        r#"[{"instruction_id": ["keywords:existence", "punctuation:no_comma"], "kwargs": [{"keywords": ["a"]}, null]}]"#,
    )
    .unwrap();
    assert_eq!(
        expected.iter().map(Constraint::name).collect::<Vec<_>>(),
        ["keywords:existence", "punctuation:no_comma"]
    );
    for label in [
        r#"{"instruction_id_list": ["keywords:existence", "punctuation:no_comma"], "kwargs": [{"keywords": ["a"], "N": null}, {}]}"#,
        "[{'instruction_id': ['keywords:existence', 'punctuation:no_comma'], 'kwargs': [{'keywords': ['a'], 'N': None}, None]}]",
        r#"["{\"instruction_id\": [\"keywords:existence\", \"punctuation:no_comma\"], \"kwargs\": [{\"keywords\": [\"a\"]}, null]}"]"#,
        r#"{"instruction_id": ["keywords:existence", "punctuation:no_comma"], "kwargs": "[{\"keywords\": [\"a\"]}, null]"}"#,
        r#"[{"instruction_id": "keywords:existence", "kwargs": {"keywords": ["a"]}}, {"instruction_id": ["punctuation:no_comma"]}]"#,
        r#"{"key": 3, "prompt": "x", "instruction_id_list": ["keywords:existence", "punctuation:no_comma"], "kwargs": ["{'keywords': ['a']}", null]}"#,
    ] {
        assert_eq!(Constraint::parse(label).unwrap(), expected, "{label}");
        assert!(has_constraints(label), "{label}");
    }
    let python = "{'func_name': 'validate_word_constraint', 'N': 100, 'quantifier': 'at least', 'keyword': None, 'flag': True}";
    assert_eq!(Constraint::parse(python).unwrap()[0].name(), "validate_word_constraint");
}

#[test]
fn labels_of_identifiers_that_cannot_be_followed_are_refused_by_name() {
    for (label, expected) in [
        (
            r#"{"instruction_id": ["keywords:existense"], "kwargs": [null]}"#,
            "did you mean \"keywords:existence\"?",
        ),
        (r#"{"instruction_id": ["words:start_verb"], "kwargs": [null]}"#, "part-of-speech"),
        (
            r#"{"instruction_id": ["count:numbers"], "kwargs": [{"N": 2, "M": 3}]}"#,
            "argument \"M\" is unknown; known are N",
        ),
        (r#"{"instruction_id": ["punctuation:no_comma"], "kwargs": [{"N": 2}]}"#, "known are none"),
        (r#"{"instruction_id": ["count:numbers"], "kwargs": [null]}"#, "\"N\" must be a whole number"),
        (
            r#"{"instruction_id": ["count:numbers"], "kwargs": []}"#,
            "1 constraints in \"instruction_id\" but 0",
        ),
        (r#"{"instruction_id": ["count:numbers"], "kwargs": [3]}"#, "must be an object"),
        (r#"{"instruction_id": [], "kwargs": []}"#, "at least one"),
        (r#"{"instruction_id": [3], "kwargs": [null]}"#, "array of texts"),
        (
            r#"{"instruction_id": ["keywords:frequency"], "kwargs": [{"keyword": "a", "frequency": 2}]}"#,
            "\"relation\"",
        ),
        (r#"{"instruction_id": ["validate_title"], "kwargs": [null]}"#, "is unknown"),
        (r#"[[[[[[[[{"func_name": "validate_title"}]]]]]]]]"#, "wrapped"),
    ] {
        let error = Constraint::parse(label).unwrap_err();
        assert!(is_input_error(&error) && error.to_string().contains(expected), "{label}: {error}");
    }
}

#[test]
fn other_references_are_not_taken_for_constraints() {
    for reference in
        ["42", "[1, 2]", "{x : x > 0}", "\\{1, 2\\}", "func_name", "(instruction)", "instruction_id = 3"]
    {
        assert!(!has_constraints(reference), "{reference}");
    }
}
