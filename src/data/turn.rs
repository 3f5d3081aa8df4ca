//! What was said before the question: turns of a conversation, each with its images. And where images stand in a text.

use serde::{Deserialize, Serialize};

use super::ImageRef;

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Speaker {
    User,
    Assistant,
}

impl Speaker {
    /// The role that templates know it by.
    pub fn role(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

/// One turn before the question.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ChatTurn {
    pub speaker: Speaker,
    pub text: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<ImageRef>,
    /// As [`Problem::image_places`](super::Problem::image_places).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub image_places: Vec<usize>,
}

/// A text or an image, in the order in which they are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShownPiece<'a> {
    Text(&'a str),
    Image(&'a ImageRef),
}

/// A text with images at their places, which are numbers of characters before them; without places, all come first.
/// `None` where the places are not one for each image, in order and within the text.
///
/// ```
/// use spark::data::{ImageRef, ShownPiece, shown_pieces};
///
/// let image = ImageRef::from(std::path::PathBuf::from("a.png"));
/// let pieces = shown_pieces("Is this one?", std::slice::from_ref(&image), &[8]).unwrap();
/// assert_eq!(pieces, [ShownPiece::Text("Is this "), ShownPiece::Image(&image), ShownPiece::Text("one?")]);
/// ```
pub fn shown_pieces<'a>(
    text: &'a str,
    images: &'a [ImageRef],
    places: &[usize],
) -> Option<Vec<ShownPiece<'a>>> {
    if !places.is_empty() && places.len() != images.len() || !places.is_sorted() {
        return None;
    }
    let mut pieces = Vec::with_capacity(2 * images.len() + 1);
    let (mut rest, mut passed) = (text, 0);
    for (index, image) in images.iter().enumerate() {
        let characters = places.get(index).copied().unwrap_or(0) - passed;
        let (before, after) = rest.split_at(offset(rest, characters)?);
        if !before.is_empty() {
            pieces.push(ShownPiece::Text(before));
        }
        pieces.push(ShownPiece::Image(image));
        (rest, passed) = (after, passed + characters);
    }
    if !rest.is_empty() {
        pieces.push(ShownPiece::Text(rest));
    }
    Some(pieces)
}

/// The place of a character in bytes; `None` beyond the end.
fn offset(text: &str, characters: usize) -> Option<usize> {
    let starts = text.char_indices().map(|(start, _)| start);
    starts.chain([text.len()]).nth(characters)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{ShownPiece::*, *};

    fn images(count: usize) -> Vec<ImageRef> {
        (0..count).map(|number| PathBuf::from(format!("{number}.png")).into()).collect()
    }

    #[test]
    fn images_stand_at_their_places_in_characters() {
        let three = images(3);
        let [a, b, c] = [&three[0], &three[1], &three[2]].map(Image);
        let shown = |places: &[usize]| shown_pieces("éü!", &three, places);
        assert_eq!(shown(&[]).unwrap(), [a, b, c, Text("éü!")]);
        assert_eq!(shown(&[0, 0, 0]).unwrap(), [a, b, c, Text("éü!")]);
        assert_eq!(shown(&[0, 1, 3]).unwrap(), [a, Text("é"), b, Text("ü!"), c]);
        assert_eq!(shown(&[2, 2, 3]).unwrap(), [Text("éü"), a, b, Text("!"), c]);
        for wrong in [&[0, 1][..], &[1, 0, 2], &[0, 1, 4], &[0, 0, 0, 0]] {
            assert_eq!(shown(wrong), None, "{wrong:?}");
        }
        assert_eq!(shown_pieces("", &[], &[]).unwrap(), []);
    }
}
