//! What stands around an answer in its text.

/// Whether what follows an answer makes it a percentage.
pub(crate) fn is_percent(after: &str) -> bool {
    let after = after.trim_start_matches([' ', '$', '~', '*']);
    let after = after.trim_start_matches("\\)").trim_start_matches("\\]").trim_start();
    let lower = after.get(..7.min(after.len())).unwrap_or("").to_ascii_lowercase();
    after.starts_with('%')
        || after.starts_with("\\%")
        || lower.starts_with("percent")
        || lower.starts_with("per cen")
        || lower.starts_with("pct")
}

/// What follows an answer and multiplies or divides it: a percentage, a magnitude, cents.
pub(crate) fn multiplier(after: &str) -> Option<String> {
    if is_percent(after) {
        return Some("\\%".to_owned());
    }
    let after = after.trim_start_matches([' ', '$', '~', '*']);
    let word = after.split(|c: char| !c.is_alphabetic() && c != '¢').next()?.to_lowercase();
    let magnitudes = ["hundred", "thousand", "million", "billion", "trillion", "dozen", "cents", "cent", "¢"];
    magnitudes.contains(&word.as_str()).then(|| format!(" {word}"))
}

/// The greatest index of a character that is not above `at`.
pub(crate) fn floor_boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|index| text.is_char_boundary(*index)).unwrap_or(0)
}
