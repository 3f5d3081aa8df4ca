//! JSON from outside: what Python's `json` writes, numbers that must be finite, and excerpts for
//! messages.

use serde_json::Value;

use super::reward::Unscored;

/// Characters of a foreign text that a message shows.
const EXCERPT: usize = 200;

/// The names Python's `json` gives to numbers that JSON does not have.
const NOT_FINITE: [&str; 3] = ["NaN", "Infinity", "-Infinity"];

/// Reads JSON. Python's `NaN` and `Infinity` become texts, so that one such reward among many is one
/// bad reward instead of an unreadable answer.
///
/// # Errors
/// Says where it stops being JSON.
pub(crate) fn parse(bytes: &[u8]) -> Result<Value, String> {
    let error = match serde_json::from_slice(bytes) {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    std::str::from_utf8(bytes)
        .ok()
        .and_then(|text| serde_json::from_str(&quote_not_finite(text)).ok())
        .ok_or_else(|| error.to_string())
}

/// The text with the [`NOT_FINITE`] words in quotes, where they are not part of a text already.
///
/// `{"a": NaN, "b": "NaN"}` becomes `{"a": "NaN", "b": "NaN"}`.
fn quote_not_finite(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 16);
    let (mut in_text, mut escaped) = (false, false);
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let word = NOT_FINITE.into_iter().find(|word| !in_text && rest.starts_with(word));
        let length = word.map_or(character.len_utf8(), str::len);
        match word {
            Some(word) => quoted.extend(["\"", word, "\""]),
            None => quoted.push(character),
        }
        in_text ^= character == '"' && !escaped;
        escaped = in_text && character == '\\' && !escaped;
        rest = &rest[length..];
    }
    quoted
}

/// A reward as a number.
///
/// # Errors
/// Shows what it is instead.
pub(crate) fn finite(value: &Value) -> Result<f64, Unscored> {
    value.as_f64().filter(|number| number.is_finite()).ok_or_else(|| {
        let shown = excerpt(value.to_string().as_bytes());
        Unscored { reason: format!("the reward is {shown}: it must be a finite number") }
    })
}

/// The beginning of a foreign text, on one line.
pub(crate) fn excerpt(bytes: &[u8]) -> String {
    // A character has four bytes at most: what lies behind is not shown.
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(4 * (EXCERPT + 1))]);
    let text = text.trim();
    let mut shown: String =
        text.chars().take(EXCERPT).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(EXCERPT).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_python_writes_for_numbers_that_are_none_becomes_text() {
        let text = br#"{"a": [NaN, -Infinity, 1.5], "b": "NaN \" Infinity", "c\\": Infinity}"#;
        let expected = json!({"a": ["NaN", "-Infinity", 1.5], "b": "NaN \" Infinity", "c\\": "Infinity"});
        assert_eq!(parse(text).unwrap(), expected);
    }

    #[test]
    fn what_is_not_json_is_refused_with_the_place() {
        assert!(parse(b"<html>").unwrap_err().contains("line 1 column 1"));
        assert!(parse(b"{\"a\": NaN").is_err());
        assert!(parse(b"\xff").is_err());
        assert!(parse(b"").is_err());
    }

    #[test]
    fn only_finite_numbers_are_rewards() {
        assert_eq!(finite(&json!(-2)), Ok(-2.0));
        assert_eq!(finite(&json!(0.5)), Ok(0.5));
        for value in [json!(null), json!("1.0"), json!("NaN"), json!(true), json!([1.0])] {
            assert!(finite(&value).unwrap_err().reason.contains(&value.to_string()), "{value}");
        }
    }

    #[test]
    fn an_excerpt_is_short_and_on_one_line() {
        assert_eq!(excerpt(b" a\nb \n"), "a b");
        let long = excerpt("ä".repeat(1000).as_bytes());
        assert_eq!(long.chars().count(), EXCERPT + 1);
        assert!(long.ends_with("ä…"));
    }
}
