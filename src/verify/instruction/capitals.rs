//! Upper and lower case.

use super::{boundary::is_word, compliance::Compliance};

/// Whether all letters that have a case are capitals, or all are small. A text without such letters is
/// neither. (The original counts it as both.)
pub(crate) fn all(response: &str, capitals: bool) -> Compliance {
    let small = |c: &char| !c.to_uppercase().eq([*c]);
    let big = |c: &char| !c.to_lowercase().eq([*c]);
    let (smalls, bigs) = (response.chars().filter(small).count(), response.chars().filter(big).count());
    let (wrong, what) = if capitals { (smalls, "small letters") } else { (bigs, "capitals") };
    if smalls + bigs == 0 {
        return Compliance::new(false, "no letters that have a case");
    }
    Compliance::new(wrong == 0, format!("{wrong} {what}"))
}

/// The number of words in capitals alone, those of one letter included (the original's rule). An apostrophe
/// does not divide a word.
pub(crate) fn words(response: &str) -> usize {
    let words = response.split(|c: char| !(is_word(c) || "_'’".contains(c)));
    words.filter(|word| is_capital(word.trim_matches(['\'', '’', '_']))).count()
}

fn is_capital(word: &str) -> bool {
    let fits = |c: char| c.is_uppercase() || "'’".contains(c) || (is_word(c) && !c.is_alphanumeric());
    word.starts_with(char::is_uppercase) && word.chars().all(fits)
}
