//! Short labels: choice letters, and yes or no, in the ways models write them. Knows nothing of problems or
//! references.

mod choice;
mod stated;
mod verdict;

pub(crate) use choice::{choice, choices, option};
pub(crate) use stated::stated_choice;
pub(crate) use verdict::yes_no;

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
        let next = wrapped
            .unwrap_or(text)
            .trim_matches(|c: char| c.is_whitespace() || "$*().:,;!\"'[]。：（）".contains(c));
        if next == text {
            return text;
        }
        text = next;
    }
}

#[cfg(test)]
mod tests;
