//! Marks in a text that stand for images, as data sets write them: `<image>` for the next of the row's images,
//! `<image 2>` for the second. Knows nothing of rows or files.

use std::sync::LazyLock;

use regex::Regex;

/// `<image>`, `<ImageHere>` (InternLM), `<|image|>` (Llama); `<image 1>`, `<image1>` (MMMU), `<|image_1|>` (Phi).
static MARK: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)<image(?: ?here| ?(\d{1,3}))?>|<\|image(?:_(\d{1,3}))?\|>").expect("it is constant")
});

/// What other data writes for an image. It is never read: where it stands for none, replacing it would change a text.
const UNKNOWN: [&str; 8] =
    ["<img>", "<img ", "[image]", "[img]", "<image_placeholder>", "<|image_pad|>", "<picture>", "<video>"];

/// A text in pieces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum MarkedPiece<'a> {
    Text(&'a str),
    /// A mark; with the number of its image, from 1, or for the next one.
    Mark(Option<usize>),
}

/// Cuts a text at its marks. Everything else stays as it is, line ends beside a mark included.
pub(super) fn cut_at_marks(text: &str) -> Vec<MarkedPiece<'_>> {
    let mut pieces = Vec::new();
    let mut end = 0;
    for found in MARK.captures_iter(text) {
        let mark = found.get(0).expect("a match has a whole");
        if mark.start() > end {
            pieces.push(MarkedPiece::Text(&text[end..mark.start()]));
        }
        let number = found.get(1).or(found.get(2)).and_then(|number| number.as_str().parse().ok());
        pieces.push(MarkedPiece::Mark(number));
        end = mark.end();
    }
    if end < text.len() {
        pieces.push(MarkedPiece::Text(&text[end..]));
    }
    pieces
}

/// Whether a text would be cut.
pub(super) fn has_marks(text: &str) -> bool {
    MARK.is_match(text)
}

/// What looks like a mark in a text and is none that is read.
pub(super) fn unknown_mark(text: &str) -> Option<&'static str> {
    let text = text.to_lowercase();
    UNKNOWN.into_iter().find(|mark| text.contains(mark))
}

#[cfg(test)]
mod tests {
    use super::{MarkedPiece::*, *};

    #[test]
    fn a_text_is_cut_at_its_marks_and_nothing_else_changes() {
        assert_eq!(cut_at_marks("<image>\nWhat?"), [Mark(None), Text("\nWhat?")]);
        assert_eq!(cut_at_marks("a <ImageHere><|image|>b"), [Text("a "), Mark(None), Mark(None), Text("b")]);
        assert_eq!(
            cut_at_marks("<image 2> é <image1> <|image_3|>"),
            [Mark(Some(2)), Text(" é "), Mark(Some(1)), Text(" "), Mark(Some(3))]
        );
        assert_eq!(cut_at_marks("no mark"), [Text("no mark")]);
        assert!(cut_at_marks("").is_empty());
    }

    #[test]
    fn near_misses_are_text() {
        for text in
            ["<images>", "< image>", "<image", "image>", "<imagenet>", "<image 1234>", "1 < image > 0"]
        {
            assert_eq!(cut_at_marks(text), [Text(text)], "{text}");
            assert!(!has_marks(text));
        }
        assert_eq!(unknown_mark("see [IMAGE] and"), Some("[image]"));
        assert_eq!(unknown_mark("an image of a bimg>"), None);
    }
}
