//! Marks around pieces of text: `[placeholders]`, `*highlights*`, `<<titles>>`. All must hold something;
//! the original also counts `[]`, `**` and `<<>>`.

use std::sync::LazyLock;

use regex::Regex;

use super::{compliance::Compliance, quantity::Quantity};

static PLACEHOLDER: LazyLock<Regex> = LazyLock::new(|| pattern(r"\[[^\[\]\n]+\]"));
static TITLE: LazyLock<Regex> = LazyLock::new(|| pattern(r"<<[^\n<>]*[^\s<>][^\n]*?>>"));
static HIGHLIGHT: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\*\*[^*\s](?:[^*\n]*[^*\s])?\*\*|\*[^*\s](?:[^*\n]*[^*\s])?\*"));

fn pattern(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a valid pattern")
}

/// Whether there are at least so many `[placeholders]`.
pub(crate) fn placeholders(response: &str, count: usize) -> Compliance {
    let found =
        PLACEHOLDER.find_iter(response).filter(|found| found.as_str().contains(char::is_alphanumeric));
    Quantity::at_least(count).check(found.count(), "placeholders")
}

/// Whether there is a title, `<<…>>`.
pub(crate) fn title(response: &str) -> Compliance {
    Compliance::new(TITLE.is_match(response), "no title in <<…>>")
}

/// Whether there are at least so many `*highlights*`; `**bold**` ones count, once each.
pub(crate) fn highlights(response: &str, count: usize) -> Compliance {
    Quantity::at_least(count).check(HIGHLIGHT.find_iter(response).count(), "highlighted sections")
}
