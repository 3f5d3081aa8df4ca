//! The sizes images are brought to, and the resampling itself: bicubic (a = −0.5), antialiased, in the
//! 16-bit fixed point of torchvision's uint8 path, so that pixels equal those of transformers.

use anyhow::Result;
use image::RgbImage;

use crate::error::input_error;

/// More than any model is given, and no more than memory holds.
const MOST_PIXELS: usize = 100_000_000;

/// The size of an image of `height` × `width` after resizing, as `(height, width)`: multiples of
/// `factor`, an area between `min_pixels` and `max_pixels`, and the aspect ratio nearly kept.
///
/// # Errors
/// When one side is more than 200 times the other, or the result is larger than 100 megapixels.
pub fn smart_resize(
    height: usize,
    width: usize,
    factor: usize,
    min_pixels: usize,
    max_pixels: usize,
) -> Result<(usize, usize)> {
    let ratio = height.max(width) as f64 / height.min(width) as f64;
    if ratio > 200.0 {
        return Err(input_error(format!(
            "an image of {width}x{height} pixels is {ratio:.0} times as long as wide, at most 200 is supported; crop it"
        )));
    }
    let area = (height * width) as f64;
    let multiples = |side: f64, round: fn(f64) -> f64| round(side / factor as f64) as usize * factor;
    let (h, w) = (height as f64, width as f64);
    let near = (multiples(h, f64::round_ties_even), multiples(w, f64::round_ties_even));
    let (height, width) = if near.0 * near.1 > max_pixels {
        let shrink = (area / max_pixels as f64).sqrt();
        (multiples(h / shrink, f64::floor).max(factor), multiples(w / shrink, f64::floor).max(factor))
    } else if near.0 * near.1 < min_pixels {
        let grow = (min_pixels as f64 / area).sqrt();
        (multiples(h * grow, f64::ceil), multiples(w * grow, f64::ceil))
    } else {
        near
    };
    if height.saturating_mul(width) > MOST_PIXELS {
        return Err(input_error(format!(
            "the image would be resized to {width}x{height} pixels, more than {MOST_PIXELS} in all; lower min_pixels or max_pixels"
        )));
    }
    Ok((height, width))
}

/// Resamples to `height` × `width`: across, then down, with 8 bits per channel between the passes.
pub(super) fn bicubic(image: &RgbImage, height: usize, width: usize) -> RgbImage {
    let across = if image.width() as usize == width { image.clone() } else { resample_across(image, width) };
    if across.height() as usize == height { across } else { resample_down(&across, height) }
}

/// What each pixel of a resampled line is made of.
struct Kernel {
    /// Bits behind the binary point of the weights.
    precision: u32,
    taps: Vec<Taps>,
}

/// A run of source pixels and their weights.
struct Taps {
    start: usize,
    weights: Vec<i32>,
}

impl Kernel {
    fn new(from: usize, to: usize) -> Self {
        let taps: Vec<_> = (0..to).map(|target| exact_taps(from, to, target)).collect();
        let largest = taps.iter().flat_map(|(_, weights)| weights).copied().fold(0.0, f64::max);
        // As many bits as leave the largest weight below 2^15.
        let precision =
            (0..22).find(|&bits| (0.5 + largest * f64::from(2 << bits)) as i32 >= 1 << 15).unwrap_or(22);
        let fixed = |weight: f64| (weight * f64::from(1 << precision)).round() as i32;
        let taps = taps
            .into_iter()
            .map(|(start, weights)| Taps { start, weights: weights.into_iter().map(fixed).collect() })
            .collect();
        Self { precision, taps }
    }

    /// The weighted sum of one channel; `source` gives the run's k-th pixel.
    fn apply(&self, taps: &Taps, source: impl Fn(usize) -> u8) -> u8 {
        let half = 1 << (self.precision - 1);
        let sum = taps.weights.iter().enumerate().fold(half, |sum, (k, w)| sum + w * i32::from(source(k)));
        (sum >> self.precision).clamp(0, 255) as u8
    }
}

/// The first source pixel of a target pixel, and the weights from there on; they add up to one.
fn exact_taps(from: usize, to: usize, target: usize) -> (usize, Vec<f64>) {
    let scale = from as f64 / to as f64;
    let stretch = scale.max(1.0);
    let (support, centre) = (2.0 * stretch, scale * (target as f64 + 0.5));
    let start = (centre - support + 0.5).max(0.0) as usize;
    let end = ((centre + support + 0.5) as usize).min(from);
    let weights: Vec<f64> =
        (start..end).map(|x| cubic((x as f64 - centre + 0.5) * (1.0 / stretch))).collect();
    let total: f64 = weights.iter().sum();
    (start, weights.into_iter().map(|weight| weight / total).collect())
}

/// Keys' cubic convolution kernel with a = −0.5.
fn cubic(x: f64) -> f64 {
    const A: f64 = -0.5;
    let x = x.abs();
    if x < 1.0 {
        ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0
    } else if x < 2.0 {
        (((x - 5.0) * x + 8.0) * x - 4.0) * A
    } else {
        0.0
    }
}

fn resample_across(image: &RgbImage, width: usize) -> RgbImage {
    let from = image.width() as usize;
    let kernel = Kernel::new(from, width);
    let mut out = RgbImage::new(width as u32, image.height());
    for (source, target) in image.chunks_exact(from * 3).zip(out.chunks_exact_mut(width * 3)) {
        for (taps, pixel) in kernel.taps.iter().zip(target.chunks_exact_mut(3)) {
            for (channel, value) in pixel.iter_mut().enumerate() {
                *value = kernel.apply(taps, |k| source[(taps.start + k) * 3 + channel]);
            }
        }
    }
    out
}

fn resample_down(image: &RgbImage, height: usize) -> RgbImage {
    let kernel = Kernel::new(image.height() as usize, height);
    let row = image.width() as usize * 3;
    let mut out = RgbImage::new(image.width(), height as u32);
    for (taps, target) in kernel.taps.iter().zip(out.chunks_exact_mut(row)) {
        let source = &image.as_raw()[taps.start * row..];
        for (x, value) in target.iter_mut().enumerate() {
            *value = kernel.apply(taps, |k| source[k * row + x]);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sizes_round_half_to_even_as_python_does() {
        // 42 / 28 = 1.5 → 2, 70 / 28 = 2.5 → 2.
        assert_eq!(smart_resize(42, 70, 28, 1, 1 << 20).unwrap(), (56, 56));
    }

    #[test]
    fn areas_are_brought_within_their_bounds() {
        assert_eq!(smart_resize(1000, 2000, 28, 3136, 100_000).unwrap(), (196, 420));
        assert_eq!(smart_resize(10, 10, 28, 3136, 100_352).unwrap(), (56, 56));
    }

    #[test]
    fn extreme_aspect_ratios_are_refused() {
        assert!(smart_resize(1, 200, 28, 3136, 100_352).is_ok());
        assert!(smart_resize(1, 201, 28, 3136, 100_352).unwrap_err().to_string().contains("crop"));
    }

    #[test]
    fn a_flat_image_stays_flat() {
        let image = RgbImage::from_pixel(13, 9, image::Rgb([7, 130, 255]));
        for (height, width) in [(40, 50), (4, 3), (9, 13)] {
            let resized = bicubic(&image, height, width);
            assert_eq!((resized.height() as usize, resized.width() as usize), (height, width));
            assert!(resized.pixels().all(|pixel| pixel.0 == [7, 130, 255]));
        }
    }

    proptest! {
        #[test]
        fn sizes_are_positive_multiples_within_the_upper_bound(
            height in 1usize..5000, width in 1usize..5000, factor in 1usize..64,
        ) {
            prop_assume!(height.max(width) <= 200 * height.min(width));
            let (min, max) = (4 * factor * factor, 4000 * factor * factor);
            let (h, w) = smart_resize(height, width, factor, min, max).unwrap();
            prop_assert!(h > 0 && w > 0 && h % factor == 0 && w % factor == 0);
            prop_assert!(h * w >= min && h * w <= max);
        }
    }
}
