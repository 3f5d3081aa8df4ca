//! Draws a number: each source digit enlarged smoothly, dark ink on white paper, side by side.

use anyhow::Result;
use image::{
    GrayImage, ImageEncoder, Luma,
    codecs::png::{CompressionType, FilterType, PngEncoder},
    imageops,
};

use super::source::{FULL_INK, SOURCE_SIDE, SourceDigit};

/// Pixels along one side of a drawn digit: with patches of 14 pixels, two by two merged, one digit is
/// exactly one vision token.
pub(super) const DIGIT_SIDE: u32 = 28;

/// The digits in a row: `28·n` wide, 28 high.
pub(crate) fn render(digits: &[&SourceDigit]) -> GrayImage {
    let mut paper = GrayImage::new(DIGIT_SIDE * digits.len() as u32, DIGIT_SIDE);
    for (place, digit) in (0i64..).zip(digits) {
        // Enlarged one by one, so that no digit bleeds into its neighbour's token.
        imageops::replace(&mut paper, &enlarge(digit), place * i64::from(DIGIT_SIDE), 0);
    }
    paper
}

fn enlarge(digit: &SourceDigit) -> GrayImage {
    let side = SOURCE_SIDE as u32;
    let small = GrayImage::from_fn(side, side, |x, y| {
        let ink = u32::from(digit.ink[y as usize * SOURCE_SIDE + x as usize]);
        Luma([(255 - ink * 255 / u32::from(FULL_INK)) as u8])
    });
    imageops::resize(&small, DIGIT_SIDE, DIGIT_SIDE, imageops::FilterType::CatmullRom)
}

/// The image as a grey 8-bit PNG file.
///
/// # Errors
/// When the encoder fails.
pub(crate) fn encode_png(image: &GrayImage) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    PngEncoder::new_with_quality(&mut bytes, CompressionType::Best, FilterType::Adaptive).write_image(
        image.as_raw(),
        image.width(),
        image.height(),
        image::ExtendedColorType::L8,
    )?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ink_is_dark_paper_is_white_and_digits_keep_to_their_squares() {
        let full = SourceDigit { label: 1, ink: [16; 64] };
        let blank = SourceDigit { label: 0, ink: [0; 64] };
        let image = render(&[&blank, &full, &blank]);
        assert_eq!(image.dimensions(), (84, 28));
        for (x, _, Luma([grey])) in image.enumerate_pixels() {
            assert_eq!(*grey, if (28..56).contains(&x) { 0 } else { 255 });
        }
    }

    #[test]
    fn a_png_reads_back_as_the_same_grey_image() {
        let mut ink = [0; 64];
        ink[27] = 16;
        let image = render(&[&SourceDigit { label: 3, ink }]);
        let decoded = image::load_from_memory(&encode_png(&image).unwrap()).unwrap();
        assert_eq!(decoded, image::DynamicImage::ImageLuma8(image));
    }
}
