//! Answers in words: the same words, in any case and formatting; yes and true are one, no and false the other.

/// Whether two texts say the same.
pub(crate) fn same_words(left: &str, right: &str) -> bool {
    let (left, right) = (plain(left), plain(right));
    !left.is_empty() && (left == right || same_truth(&left, &right))
}

/// Whether two texts are the same words in any case, and so clearly words that they need not be read: none of
/// them is a letter by itself, and one is too long for a product of unknowns.
pub(crate) fn same_prose(left: &str, right: &str) -> bool {
    let words = |text: &str| text.split(' ').map(|word| word.chars().count()).collect::<Vec<_>>();
    let lengths = words(left);
    left.chars().all(|c| c.is_alphabetic() || c == ' ')
        && lengths.iter().all(|length| *length > 1)
        && lengths.iter().any(|length| *length > 3)
        && left.to_lowercase() == right.to_lowercase()
}

/// Whether both are words of truth, and the same one: "No" and "false".
pub(crate) fn same_truth(left: &str, right: &str) -> bool {
    truth(left).is_some_and(|left| truth(right) == Some(left))
}

fn plain(text: &str) -> String {
    text.to_lowercase().chars().filter(|c| c.is_alphanumeric()).collect()
}

fn truth(word: &str) -> Option<bool> {
    match word.to_lowercase().as_str() {
        "yes" | "true" => Some(true),
        "no" | "false" => Some(false),
        _ => None,
    }
}
