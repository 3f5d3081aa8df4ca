//! Short labels: choice letters, and yes or no, in the ways models write them.

use super::text::normal;

/// The text without wrappers that carry no meaning: `\text{…}`, `$`, `**`, brackets, end punctuation.
pub(crate) fn bare(text: &str) -> &str {
    let mut text = text.trim();
    loop {
        let wrapped = [
            "\\text{",
            "\\textbf{",
            "\\textit{",
            "\\textrm{",
            "\\emph{",
            "\\mathrm{",
            "\\mathbf{",
            "\\mathit{",
        ]
        .into_iter()
        .find_map(|open| text.strip_prefix(open)?.strip_suffix('}'));
        let next =
            wrapped.unwrap_or(text).trim_matches(|c: char| c.is_whitespace() || "$*().:,;!\"'[]".contains(c));
        if next == text {
            return text;
        }
        text = next;
    }
}

/// A choice letter A to Z, from "B", "(b)", "B.", "Option B", "\text{B}", "B) 12".
pub(crate) fn choice(text: &str) -> Option<char> {
    choice_letter(text).or_else(|| choice_letter(&normal(text)))
}

fn choice_letter(text: &str) -> Option<char> {
    let stripped = bare(text);
    let lower = stripped.to_ascii_lowercase();
    let prefix = ["option ", "answer ", "choice "].into_iter().find(|prefix| lower.starts_with(prefix));
    let letter = bare(&stripped[prefix.map_or(0, str::len)..]);
    let mut characters = letter.chars();
    let first = characters.next().filter(char::is_ascii_alphabetic)?;
    // "B) 12" names the option and repeats it; "Because" is a word.
    match characters.next() {
        None | Some(')' | '.' | ':') => Some(first.to_ascii_uppercase()),
        Some(_) => None,
    }
}

/// A verdict on correctness: true for yes, correct, right, true; false for their opposites, and for
/// "not" before one of either sort the reverse.
///
/// The first word must be one of these, and a text that says both ("Yes or No") is no verdict.
pub(crate) fn yes_no(text: &str) -> Option<bool> {
    let lower = bare(text).to_lowercase();
    let words: Vec<&str> =
        lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let mut verdict = None;
    for (index, word) in words.iter().enumerate() {
        let reversed = index > 0 && words[index - 1] == "not";
        let Some(found) = word_verdict(word).map(|found| found != reversed) else { continue };
        let leads = index == usize::from(reversed);
        if verdict.map_or(!leads, |before| before != found) {
            return None;
        }
        verdict = Some(found);
    }
    verdict
}

fn word_verdict(word: &str) -> Option<bool> {
    match word {
        "yes" | "correct" | "right" | "true" => Some(true),
        "no" | "incorrect" | "wrong" | "false" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choice_letters_in_all_forms() {
        for text in [
            "B",
            "b",
            "(B)",
            "B.",
            "B)",
            "**B**",
            "Option B",
            "\\text{B}",
            "$B$",
            "B) 12",
            "(B).",
            "option (b)",
            r"\text{B) } 12",
        ] {
            assert_eq!(choice(text), Some('B'), "{text}");
        }
        for text in ["", "12", "Because", "B or C", "A B"] {
            assert_eq!(choice(text), None, "{text}");
        }
    }

    #[test]
    fn verdicts_in_all_forms() {
        for text in [
            "Yes",
            "yes.",
            "\\text{Yes}",
            "Correct",
            "right",
            "TRUE",
            "Yes, it is",
            "Yes, it is correct",
            "not wrong",
        ] {
            assert_eq!(yes_no(text), Some(true), "{text}");
        }
        for text in [
            "No",
            "no!",
            "incorrect",
            "Wrong.",
            "false",
            "not correct",
            "No, it is not right",
            "No, it is wrong",
        ] {
            assert_eq!(yes_no(text), Some(false), "{text}");
        }
        for text in [
            "",
            "maybe",
            "nothing",
            "12",
            "notyes",
            "Yes or No",
            "Yes/No",
            "not sure",
            "it is right",
            "yes, but wrong",
        ] {
            assert_eq!(yes_no(text), None, "{text}");
        }
    }
}
