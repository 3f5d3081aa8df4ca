//! Answers between `<answer>` and `</answer>`.

use super::boxes::is_placeholder;

/// Where the content of the last `<answer>` lies, in bytes, and whether it is closed.
pub(crate) struct Tagged {
    pub open: usize,
    pub start: usize,
    /// `None` where the text ends first.
    pub end: Option<usize>,
}

/// The last `<answer>` of a text; one that only shows the format does not count.
pub(crate) fn last(text: &str) -> Option<Tagged> {
    const OPEN: &str = "<answer>";
    let mut behind = None;
    for (open, _) in text.rmatch_indices(OPEN) {
        let start = open + OPEN.len();
        // An earlier one that closes only behind the next is a mention.
        let until = behind.unwrap_or(text.len());
        let end = text[start..until].find("</answer>").map(|length| start + length);
        if end.map_or(behind.is_none(), |end| !is_placeholder(&text[start..end])) {
            return Some(Tagged { open, start, end });
        }
        behind = Some(open);
    }
    None
}
