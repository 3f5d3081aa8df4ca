//! From patches back to the picture that they were cut from, so that somebody who takes pictures only sees the same.

use std::io::Cursor;

use anyhow::Result;
use image::{ImageFormat, Rgb, RgbImage};

use super::image::{ImageProcessorConfig, grid};
use crate::model::ImagePatches;

impl ImageProcessorConfig {
    /// The resized picture of which the patches were cut, as a PNG file: who resizes and cuts it as this model does gets the
    /// same patches.
    ///
    /// # Errors
    /// When the encoder fails.
    ///
    /// # Panics
    /// When the patches are not of this configuration.
    pub fn picture(&self, patches: &ImagePatches) -> Result<Vec<u8>> {
        let (patch, merge) = (self.patch_size, self.merge_size);
        let [_, rows, columns] = patches.grid_thw;
        let mut picture = RgbImage::new((columns * patch) as u32, (rows * patch) as u32);
        let per_patch = 3 * self.temporal_patch_size * patch * patch;
        let places = grid(rows / merge, columns / merge).flat_map(|(top, left)| {
            grid(merge, merge).map(move |(row, column)| (top * merge + row, left * merge + column))
        });
        for ((row, column), pixels) in places.zip(patches.pixels.chunks_exact(per_patch)) {
            for (y, x) in grid(patch, patch) {
                let level = |channel: usize| {
                    // All frames of an image are the same.
                    let at = channel * self.temporal_patch_size * patch * patch + y * patch + x;
                    self.level(channel, pixels[at])
                };
                let place = ((column * patch + x) as u32, (row * patch + y) as u32);
                picture.put_pixel(place.0, place.1, Rgb([level(0), level(1), level(2)]));
            }
        }
        let mut file = Cursor::new(Vec::new());
        picture.write_to(&mut file, ImageFormat::Png)?;
        Ok(file.into_inner())
    }

    /// The 8-bit value that is normalised to this one.
    fn level(&self, channel: usize, value: f32) -> u8 {
        let (mean, std) = (f64::from(self.image_mean[channel]), f64::from(self.image_std[channel]));
        ((f64::from(value) * std + mean) / self.rescale_factor).round().clamp(0.0, 255.0) as u8
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_picture_of_patches_has_the_same_patches() {
        let config =
            ImageProcessorConfig::from_file(Path::new("models/tiny-vl/preprocessor_config.json")).unwrap();
        let mut value = 0_u32;
        let noise = RgbImage::from_fn(61, 47, |_, _| {
            value = value.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            Rgb([(value >> 8) as u8, (value >> 16) as u8, (value >> 24) as u8])
        });
        let patches = config.patches(&noise, config.min_pixels, config.max_pixels).unwrap();
        let again = config.load_bytes(&config.picture(&patches).unwrap(), 1).unwrap();
        assert_eq!(again.grid_thw, patches.grid_thw);
        assert!(again == patches, "the pixels differ");
    }
}
