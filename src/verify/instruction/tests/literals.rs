//! Labels as Python writes them.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::literal::parse;

#[test]
fn python_literals_are_read() {
    for (text, expected) in [
        ("None", json!(null)),
        ("{'a': True, \"b\": False, 'c': None,}", json!({"a": true, "b": false, "c": null})),
        ("[1, -2, 3.5, 1e3, (4,), ()]", json!([1, -2, 3.5, 1000.0, [4], []])),
        (r#"'it\'s \n "x" \u00e9 \x41 \d'"#, json!("it's \n \"x\" é A \\d")),
        (r#""it's""#, json!("it's")),
        (" { } ", json!({})),
        ("{'a': [{'b': 'c, d'}]}", json!({"a": [{"b": "c, d"}]})),
    ] {
        assert_eq!(parse(text).as_ref(), Ok(&expected), "{text}");
    }
}

#[test]
fn what_is_no_literal_is_refused() {
    for text in [
        "",
        "a",
        "{'a'}",
        "{'a': }",
        "['a' 'b']",
        "[1",
        "'a",
        "{1: 2}",
        "[1]]",
        "__import__('os')",
        "'\\u12'",
        "nan",
        "1_0x",
    ] {
        assert!(parse(text).is_err(), "{text}: {:?}", parse(text));
    }
    assert!(parse(&"[".repeat(100_000)).is_err());
}

/// A value as Python's `repr` writes it.
fn repr(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => {
            format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'").replace('\n', "\\n"))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(repr).collect::<Vec<_>>().join(", ")),
        Value::Object(object) => {
            let items = object.iter().map(|(key, value)| format!("{}: {}", repr(&json!(key)), repr(value)));
            format!("{{{}}}", items.collect::<Vec<_>>().join(", "))
        }
    }
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        r#"[a-zé'"\\\n ,:\[\]{}]{0,8}"#.prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z']{1,4}", inner, 0..4).prop_map(|map| json!(map)),
        ]
    })
}

proptest! {
    #[test]
    fn a_value_is_read_from_its_python_spelling(value in values()) {
        prop_assert_eq!(parse(&repr(&value)), Ok(value));
    }

    #[test]
    fn any_text_is_read_or_refused(text in r#"[\PC]{0,40}|[\[\]{}(),:'"a1\\ -]{0,30}"#) {
        drop(parse(&text));
    }
}
