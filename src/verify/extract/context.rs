//! What stands around an answer in its text.

/// Whether what follows an answer makes it a percentage.
pub(crate) fn is_percent(after: &str) -> bool {
    let after = after.trim_start_matches([' ', '$', '~', '*']);
    let after = after.trim_start_matches("\\)").trim_start_matches("\\]").trim_start();
    let lower = after.get(..7.min(after.len())).unwrap_or("").to_ascii_lowercase();
    after.starts_with('%')
        || after.starts_with("\\%")
        || lower.starts_with("percent")
        || lower.starts_with("pct")
}

/// The greatest index of a character that is not above `at`.
pub(crate) fn floor_boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|index| text.is_char_boundary(*index)).unwrap_or(0)
}
