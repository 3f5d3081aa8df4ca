//! Verifiers with weights, as rows and settings write them: `math` or `math=0.8,instruction=0.2`. Knows names alone.

use anyhow::Result;

use crate::error::input_error;

/// The names in a composition and their weights, in the order in which they are written.
///
/// # Errors
/// Quotes the part that cannot be read, or the name that occurs twice.
pub(crate) fn parse(text: &str) -> Result<Vec<(&str, f64)>> {
    let mut parts: Vec<(&str, f64)> = Vec::new();
    for part in text.split(',') {
        let (name, weight) = match part.split_once('=') {
            Some((name, weight)) => match weight.trim().parse::<f64>() {
                Ok(weight) if weight.is_finite() && weight > 0.0 => (name, weight),
                _ => {
                    return Err(input_error(format!(
                        "verifier {part:?}: the weight must be a number above 0"
                    )));
                }
            },
            None => (part, 1.0),
        };
        let name = name.trim();
        if parts.iter().any(|(other, _)| *other == name) {
            return Err(input_error(format!("verifier {text:?} names {name} twice")));
        }
        parts.push((name, weight));
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_verifiers_have_weights() {
        assert_eq!(parse("math=0.75, exact=0.25").unwrap(), [("math", 0.75), ("exact", 0.25)]);
        assert_eq!(parse("yes_no").unwrap(), [("yes_no", 1.0)]);
        let refusal = |text: &str| format!("{:#}", parse(text).unwrap_err());
        assert!(refusal("math=0").contains("above 0"));
        assert!(refusal("math=inf").contains("above 0"));
        assert!(refusal("math,math=2").contains("names math twice"));
    }
}
