//! Labels that are read, and those that are refused.

use super::{Constraint, label};
use crate::error::is_input_error;

#[test]
fn the_data_has_25_functions_and_all_are_covered_here() {
    let tests = concat!(include_str!("words.rs"), include_str!("layout.rs"), include_str!("whole.rs"));
    for (name, _) in label::FUNCTIONS {
        assert!(tests.contains(&format!("\"{name}\"")), "{name}");
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
        (r#"{"func_name": "validate_response_language", "language": "sw"}"#, "known are en, es"),
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
