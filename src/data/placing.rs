//! Which image stands at which place of a conversation: parts and marks on one side, the images that the row lists on
//! the other. As many as are shown must be there; none is left over, and none is shown twice.

use super::{
    ImageRef,
    marks::unknown_mark,
    message::{ChatMessage, ContentPiece, ShownImage},
    rows::Complaint,
};

/// The images of a conversation in the order of their places. Where no message shows any, `listed` are put before the
/// text of the first user message.
pub(super) fn placed_images(
    messages: &mut [ChatMessage],
    listed: Vec<ImageRef>,
    field: &str,
) -> Result<Vec<ImageRef>, Complaint> {
    let shown: Vec<ShownImage> = messages.iter().flat_map(ChatMessage::images).cloned().collect();
    let marks: Vec<Option<usize>> = shown.iter().filter_map(ShownImage::mark).collect();
    match (marks.len(), shown.len() - marks.len()) {
        (0, 0) if listed.is_empty() => Ok(listed),
        (0, 0) => {
            refuse_unknown_marks(messages, field)?;
            show_first(messages, listed.len(), field)?;
            Ok(listed)
        }
        (_, 0) => by_marks(&marks, listed, field),
        (0, _) => {
            let parts = shown.into_iter().map(|image| match image {
                ShownImage::Part(image) => image,
                ShownImage::Mark(_) => None,
            });
            by_parts(parts.collect(), listed, field)
        }
        (marks, parts) => Err(format!(
            r#"field "{field}" shows {parts} images as parts and {marks} by marks like <image> in its text; keep one of the two"#
        )),
    }
}

impl ShownImage {
    /// The number that a mark has or has not; `None` for a part.
    fn mark(&self) -> Option<Option<usize>> {
        match self {
            Self::Mark(number) => Some(*number),
            Self::Part(_) => None,
        }
    }
}

fn by_marks(marks: &[Option<usize>], listed: Vec<ImageRef>, field: &str) -> Result<Vec<ImageRef>, Complaint> {
    if listed.is_empty() {
        return Err(format!(
            r#"field "{field}" has the mark of an image (like <image>) {} times, and the row gives no image; give them as "images", or, where the text means itself, say so with "image_places": []"#,
            marks.len()
        ));
    }
    if marks.len() != listed.len() {
        return Err(format!(
            r#"field "{field}" has the mark of an image (like <image>) {} times, and the row gives {} images; make them agree"#,
            marks.len(),
            listed.len()
        ));
    }
    if marks.iter().all(Option::is_none) {
        return Ok(listed);
    }
    let mut left: Vec<Option<ImageRef>> = listed.into_iter().map(Some).collect();
    let take = |mark: &Option<usize>| {
        let place = mark.and_then(|number| number.checked_sub(1))?;
        left.get_mut(place)?.take()
    };
    marks.iter().map(take).collect::<Option<Vec<_>>>().ok_or_else(|| {
        format!(
            r#"field "{field}": marks with a number, as <image 1>, must name every image of the row once, from 1 to {}"#,
            marks.len()
        )
    })
}

/// `listed` holds the images without a path, or all of them.
fn by_parts(
    shown: Vec<Option<ImageRef>>,
    listed: Vec<ImageRef>,
    field: &str,
) -> Result<Vec<ImageRef>, Complaint> {
    let open = shown.iter().filter(|image| image.is_none()).count();
    if open == listed.len() {
        let mut listed = listed.into_iter();
        let images = shown.into_iter().map(|image| image.or_else(|| listed.next()));
        return Ok(images.map(|image| image.expect("as many as are open")).collect());
    }
    let all = shown.len();
    if all != listed.len() {
        let listed = listed.len();
        return Err(match open == all {
            true => format!(
                r#"field "{field}" shows {open} images without a path, and "images" lists {listed}; make them agree"#
            ),
            false => format!(
                r#"field "{field}" shows {all} images, {open} of them without a path, and "images" lists {listed}; list all of them, those without a path, or none"#
            ),
        });
    }
    (1..)
        .zip(shown.into_iter().zip(listed))
        .map(|(number, (shown, listed))| agreed(number, shown, listed, field))
        .collect()
}

/// What a part shows and the list says of one image. Either may set the bounds of its area.
fn agreed(
    number: usize,
    shown: Option<ImageRef>,
    listed: ImageRef,
    field: &str,
) -> Result<ImageRef, Complaint> {
    let Some(shown) = shown else { return Ok(listed) };
    let differ = |shown: Option<usize>, listed: Option<usize>| {
        shown.zip(listed).is_some_and(|(shown, listed)| shown != listed)
    };
    if shown.path != listed.path {
        return Err(format!(
            r#"image {number} is {} in "{field}", and {} in "images"; make them agree, or leave out "images""#,
            shown.path.display(),
            listed.path.display()
        ));
    }
    if differ(shown.min_pixels, listed.min_pixels) || differ(shown.max_pixels, listed.max_pixels) {
        return Err(format!(
            r#"image {number} has other bounds of its area in "{field}" than in "images"; make them agree"#
        ));
    }
    Ok(ImageRef {
        min_pixels: shown.min_pixels.or(listed.min_pixels),
        max_pixels: shown.max_pixels.or(listed.max_pixels),
        ..shown
    })
}

fn refuse_unknown_marks(messages: &[ChatMessage], field: &str) -> Result<(), Complaint> {
    match messages.iter().flat_map(ChatMessage::texts).find_map(unknown_mark) {
        Some(mark) => Err(format!(
            r#"field "{field}" holds "{mark}", which looks like the place of an image; write <image> there, or take it out to show the images first"#
        )),
        None => Ok(()),
    }
}

/// Puts images before the text of the first user message.
fn show_first(messages: &mut [ChatMessage], images: usize, field: &str) -> Result<(), Complaint> {
    let user = messages.iter_mut().find(|message| message.role == "user");
    let user =
        user.ok_or_else(|| format!(r#"field "{field}": there is no user message to show "images" in"#))?;
    let open = std::iter::repeat_n(ContentPiece::Image(ShownImage::Part(None)), images);
    user.content.splice(0..0, open);
    Ok(())
}
