//! Image files into 8-bit RGB: upright, on white, and never larger than memory allows.

use std::{io::Cursor, path::Path};

use anyhow::Result;
use image::{
    DynamicImage::{self, ImageLuma16, ImageLumaA16, ImageRgb16, ImageRgba16},
    ImageDecoder, ImageFormat, ImageReader, Rgb, RgbImage, RgbaImage,
};
use libjpeg_turbo_rs::{Decoder as JpegDecoder, JpegError, PixelFormat};

use crate::error::input_error;

const MAX_SIDE: u32 = 16_384;
const MAX_PIXELS: u64 = 100_000_000;

/// Decodes a PNG, JPEG, WebP or GIF (its first frame), told by its content.
///
/// The image is treated as transformers' image processors treat a picture that PIL has opened: turned upright by its
/// EXIF orientation, 16 bits cut to the high byte (16-bit grey too, which PIL clips to white), and what is transparent
/// composited on white.
///
/// # Errors
/// When the file cannot be read or decoded, or has more than 16,384 pixels on a side or 100
/// megapixels in all; that is told from its header, before memory is taken.
pub(super) fn decode(path: &Path) -> Result<RgbImage> {
    let bytes = std::fs::read(path).map_err(|error| unreadable(path, &error))?;
    decode_bytes(&bytes, path)
}

/// The same of an image that is in memory; errors call it `path`.
pub(super) fn decode_bytes(bytes: &[u8], path: &Path) -> Result<RgbImage> {
    let unreadable = |error: &dyn std::fmt::Display| unreadable(path, error);
    let reader =
        ImageReader::new(Cursor::new(bytes)).with_guessed_format().map_err(|error| unreadable(&error))?;
    let is_jpeg = reader.format() == Some(ImageFormat::Jpeg);
    let mut decoder = reader.into_decoder().map_err(|error| unreadable(&error))?;
    check_size(path, decoder.dimensions())?;
    let orientation = decoder.orientation().map_err(|error| unreadable(&error))?;
    let photograph = if is_jpeg { decode_jpeg(bytes).map_err(|error| unreadable(&error))? } else { None };
    let mut image = match photograph {
        Some(image) => image,
        None => DynamicImage::from_decoder(decoder).map_err(|error| unreadable(&error))?,
    };
    image.apply_orientation(orientation);
    Ok(to_rgb8(image))
}

fn unreadable(path: &Path, error: &dyn std::fmt::Display) -> anyhow::Error {
    input_error(format!(
        "cannot read image {}: {error}; give an intact PNG, JPEG, WebP or GIF file",
        path.display()
    ))
}

/// A grey or colour JPEG to the bit as libjpeg-turbo decodes it, on which PIL and torchvision rest: other
/// decoders round differently, by a level or two. `None` for CMYK, which is left to the `image` crate.
fn decode_jpeg(bytes: &[u8]) -> Result<Option<DynamicImage>, JpegError> {
    let mut decoder = JpegDecoder::new(bytes)?;
    if !matches!(decoder.header().components.len(), 1 | 3) {
        return Ok(None);
    }
    decoder.set_output_format(PixelFormat::Rgb);
    let image = decoder.decode_image()?;
    let (width, height) = (image.width as u32, image.height as u32);
    let pixels = RgbImage::from_raw(width, height, image.into_vec()).expect("three bytes per pixel");
    Ok(Some(pixels.into()))
}

fn check_size(path: &Path, (width, height): (u32, u32)) -> Result<()> {
    let pixels = u64::from(width) * u64::from(height);
    if width.max(height) > MAX_SIDE || pixels > MAX_PIXELS {
        return Err(input_error(format!(
            "image {} has {width}x{height} pixels; at most {MAX_SIDE} on a side and {MAX_PIXELS} in all are read: scale it down",
            path.display()
        )));
    }
    if pixels == 0 {
        return Err(input_error(format!("image {} has no pixels; replace it", path.display())));
    }
    Ok(())
}

/// The picture in 8 bits per channel, on white where it is transparent.
fn to_rgb8(image: DynamicImage) -> RgbImage {
    match image.color().has_alpha() {
        true => on_white(&to_rgba8(image)),
        false => match image {
            ImageLuma16(_) | ImageRgb16(_) => {
                let (width, height) = (image.width(), image.height());
                let high_bytes = image.into_rgb16().into_raw().into_iter().map(high_byte);
                RgbImage::from_raw(width, height, high_bytes.collect()).expect("three bytes per pixel")
            }
            image => image.into_rgb8(),
        },
    }
}

fn to_rgba8(image: DynamicImage) -> RgbaImage {
    match image {
        ImageLumaA16(_) | ImageRgba16(_) => {
            let (width, height) = (image.width(), image.height());
            let high_bytes = image.into_rgba16().into_raw().into_iter().map(high_byte);
            RgbaImage::from_raw(width, height, high_bytes.collect()).expect("four bytes per pixel")
        }
        image => image.into_rgba8(),
    }
}

fn high_byte(value: u16) -> u8 {
    (value >> 8) as u8
}

/// The picture over a white one, with the rounding of PIL's `alpha_composite`.
fn on_white(image: &RgbaImage) -> RgbImage {
    RgbImage::from_fn(image.width(), image.height(), |x, y| {
        let [red, green, blue, alpha] = image.get_pixel(x, y).0;
        Rgb([red, green, blue].map(|value| blended_with_white(value, alpha)))
    })
}

/// `(value · alpha + 255 · (255 - alpha)) / 255`, rounded as PIL rounds it: in fixed point with seven further bits.
fn blended_with_white(value: u8, alpha: u8) -> u8 {
    const FURTHER_BITS: u32 = 7;
    let (value, alpha) = (u32::from(value), u32::from(alpha));
    let sum = ((value * alpha + 255 * (255 - alpha)) << FURTHER_BITS) + (128 << FURTHER_BITS);
    (((sum >> 8) + sum) >> (8 + FURTHER_BITS)) as u8
}

#[cfg(test)]
mod tests {
    use image::{ImageBuffer, Luma, LumaA, Rgba};

    use super::*;

    fn decoded(image: impl Into<DynamicImage>) -> [u8; 3] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("image.png");
        image.into().save(&path).unwrap();
        decode(&path).unwrap().get_pixel(0, 0).0
    }

    fn refused(name: &str, content: &[u8]) -> String {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(name);
        std::fs::write(&path, content).unwrap();
        let error = decode(&path).unwrap_err();
        assert!(crate::error::is_input_error(&error));
        error.to_string()
    }

    #[test]
    fn every_pixel_format_becomes_8_bit_rgb() {
        assert_eq!(decoded(ImageBuffer::from_pixel(2, 2, Luma([9u8]))), [9, 9, 9]);
        assert_eq!(decoded(ImageBuffer::from_pixel(2, 2, Luma([0x12FFu16]))), [0x12, 0x12, 0x12]);
        assert_eq!(decoded(ImageBuffer::from_pixel(2, 2, Rgb([0x01FFu16, 0x0280, 0xFFFF]))), [1, 2, 255]);
    }

    #[test]
    fn what_is_transparent_is_composited_on_white() {
        assert_eq!(decoded(ImageBuffer::from_pixel(2, 2, LumaA([9u8, 0]))), [255; 3]);
        assert_eq!(decoded(ImageBuffer::from_pixel(2, 2, Rgba([1u8, 2, 3, 0]))), [255; 3]);
        assert_eq!(decoded(ImageBuffer::from_pixel(2, 2, Rgba([1u8, 2, 3, 255]))), [1, 2, 3]);
        assert_eq!(decoded(ImageBuffer::from_pixel(2, 2, Rgba([0u8, 100, 255, 128]))), [127, 177, 255]);
        assert_eq!(decoded(ImageBuffer::from_pixel(2, 2, LumaA([0x1200u16, 0xFFFF]))), [0x12; 3]);
        assert_eq!(decoded(ImageBuffer::from_pixel(2, 2, Rgba([0u16, 0, 0, 0x00FF]))), [255; 3]);
    }

    #[test]
    fn blending_rounds_to_the_nearest_level() {
        for (value, alpha) in (0..=255).flat_map(|value| (0..=255).map(move |alpha| (value, alpha))) {
            let exact = f64::from(value) * f64::from(alpha) / 255.0 + 255.0 - f64::from(alpha);
            let blended = f64::from(blended_with_white(value, alpha));
            assert!((blended - exact).abs() <= 0.5, "{value} at {alpha}: {blended}, not {exact}");
        }
    }

    #[test]
    fn a_broken_file_is_named() {
        assert!(refused("broken.png", b"\x89PNG\r\n\x1a\nrest").contains("broken.png"));
        assert!(refused("text.jpg", b"no image").contains("text.jpg"));
        assert!(decode(Path::new("/nowhere/x.png")).unwrap_err().to_string().contains("/nowhere/x.png"));
    }

    #[test]
    fn an_image_larger_than_memory_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("long.png");
        RgbImage::new(MAX_SIDE + 1, 1).save(&path).unwrap();
        let message = decode(&path).unwrap_err().to_string();
        assert!(message.contains("long.png has 16385x1 pixels"), "{message}");
        assert!(check_size(&path, (10_000, 10_000)).is_ok());
        assert!(check_size(&path, (10_000, 10_001)).unwrap_err().to_string().contains("scale it down"));
    }
}
