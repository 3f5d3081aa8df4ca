//! Choice letters by themselves: one, one with its option's text, or several.

use super::{bare, stated::stated_choice};
use crate::verify::text::normal;

/// Bytes of a text that may be a label.
const LONGEST: usize = 4096;

/// A letter and the text of its option, as in "B) 12".
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LabelledOption {
    pub letter: char,
    /// Empty where the letter stands alone.
    pub text: String,
}

/// A choice letter A to Z, from "B", "(b)", "B.", "Option B", "\text{B}", "B) 12", "B is right", "B, not C".
pub(crate) fn choice(text: &str) -> Option<char> {
    if text.len() > LONGEST {
        return None;
    }
    let letter = |text: &str| option(text).map(|option| option.letter);
    letter(text).or_else(|| letter(&normal(text))).or_else(|| {
        let sentence = text.split_whitespace().nth(1).is_some() || !text.is_ascii();
        let stated = if sentence && choices(text).is_none() { stated_choice(text)?.0 } else { return None };
        stated.parse().ok()
    })
}

/// A letter, perhaps with its option's text behind a mark: "B", "Option (b)", "B. 12", "(B) 12".
pub(crate) fn option(text: &str) -> Option<LabelledOption> {
    if text.len() > LONGEST {
        return None;
    }
    let stripped = bare(text);
    let lower = stripped.to_ascii_lowercase();
    let prefix = ["option ", "answer ", "choice ", "reply ", "candidate ", "response ", "solution "];
    let prefix = prefix.into_iter().find(|prefix| lower.starts_with(prefix));
    let label = bare(&stripped[prefix.map_or(0, str::len)..]);
    let first = label.chars().next().filter(char::is_ascii_alphabetic)?;
    let rest = &label[1..];
    // "B) 12" names the option and repeats it; "Because" is a word.
    let text = match rest.chars().next() {
        None => "",
        Some(')' | '.' | ':' | '）' | '：') => {
            rest.trim_start_matches([')', '.', ':', '）', '：', '*', '}']).trim()
        }
        Some(_) => return None,
    };
    Some(LabelledOption { letter: first.to_ascii_uppercase(), text: text.to_owned() })
}

/// Several letters, in their order and each once, from "B, D", "B and D", "(B), (D)", "BD", "B D"; `None` for one
/// letter, and for letters of which only one is meant ("B or D").
pub(crate) fn choices(text: &str) -> Option<Vec<char>> {
    if text.len() > LONGEST {
        return None;
    }
    let plain = normal(text).replace(['{', '}'], " ");
    let parts = plain
        .split(|c: char| c.is_whitespace() || ",;&/.()[]*、，".contains(c))
        .filter(|part| !part.is_empty() && !part.eq_ignore_ascii_case("and"));
    let parts: Vec<&str> = parts.collect();
    let letters: String = match parts.as_slice() {
        [together] => (*together).to_owned(),
        parts if parts.iter().all(|part| part.len() == 1) => parts.concat(),
        _ => return None,
    };
    let one_case = letters.bytes().all(|byte| byte.is_ascii_uppercase())
        || letters.bytes().all(|byte| byte.is_ascii_lowercase());
    let mut sorted: Vec<char> = letters.to_ascii_uppercase().chars().collect();
    sorted.sort_unstable();
    sorted.dedup();
    let distinct = sorted.len() == letters.len() && (2..=8).contains(&sorted.len());
    (one_case && distinct).then_some(sorted)
}
