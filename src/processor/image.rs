//! Images into patches, as the image processor of Qwen2-VL makes them: resize, normalise, cut.
//! Knows nothing of text.

use std::path::Path;

use anyhow::{Context, Result};
use image::RgbImage;
use serde::Deserialize;
use serde_json::Value;

use super::{
    decode::{decode, decode_bytes},
    files::read_json,
    resize,
};
use crate::{data::ImageRef, error::input_error, model::ImagePatches};

/// How a model wants its images.
#[derive(Debug, Clone, PartialEq)]
pub struct ImageProcessorConfig {
    /// Side of a patch, in pixels.
    pub patch_size: usize,
    /// Frames in a patch; a still image is repeated.
    pub temporal_patch_size: usize,
    /// Patches on a side of the block that becomes one feature.
    pub merge_size: usize,
    /// Bounds of the area after resizing, in pixels.
    pub min_pixels: usize,
    pub max_pixels: usize,
    /// Factor from 8-bit values to those that mean and deviation refer to.
    pub rescale_factor: f64,
    /// Per channel: red, green, blue.
    pub image_mean: [f32; 3],
    pub image_std: [f32; 3],
}

/// The file's fields that matter; where one is absent, Qwen2-VL's default holds.
#[derive(Deserialize)]
#[serde(default)]
struct PreprocessorFile {
    patch_size: usize,
    temporal_patch_size: usize,
    merge_size: usize,
    min_pixels: Option<usize>,
    max_pixels: Option<usize>,
    size: Option<SizeField>,
    rescale_factor: f64,
    image_mean: [f32; 3],
    image_std: [f32; 3],
    do_resize: bool,
    do_rescale: bool,
    do_normalize: bool,
    resample: u32,
}

/// How transformers 5 writes the bounds of the area.
#[derive(Deserialize, Default)]
struct SizeField {
    shortest_edge: Option<usize>,
    longest_edge: Option<usize>,
}

/// PIL's number for bicubic resampling.
const BICUBIC: u32 = 3;

impl Default for PreprocessorFile {
    fn default() -> Self {
        Self {
            patch_size: 14,
            temporal_patch_size: 2,
            merge_size: 2,
            min_pixels: None,
            max_pixels: None,
            size: None,
            rescale_factor: 1.0 / 255.0,
            image_mean: [0.481_454_66, 0.457_827_5, 0.408_210_73],
            image_std: [0.268_629_54, 0.261_302_6, 0.275_777_1],
            do_resize: true,
            do_rescale: true,
            do_normalize: true,
            resample: BICUBIC,
        }
    }
}

impl ImageProcessorConfig {
    /// The image processing of a model directory: `preprocessor_config.json`, or the `image_processor` of
    /// `processor_config.json` as transformers 5 writes it; `None` for a model that reads text only.
    ///
    /// # Errors
    /// When the file is malformed, or asks for processing that is not supported.
    pub(super) fn from_dir(directory: &Path) -> Result<Option<Self>> {
        let own_file = directory.join("preprocessor_config.json");
        if own_file.is_file() {
            return Self::from_file(&own_file).map(Some);
        }
        let shared_file = directory.join("processor_config.json");
        match read_json(&shared_file)?.as_ref().and_then(|config| config.get("image_processor")) {
            Some(config) => Self::from_json(config.clone(), &shared_file).map(Some),
            None => Ok(None),
        }
    }

    /// Reads a `preprocessor_config.json`.
    ///
    /// # Errors
    /// When the file is missing or malformed, or asks for processing that is not supported.
    pub fn from_file(path: &Path) -> Result<Self> {
        let value = read_json(path)?.ok_or_else(|| {
            input_error(format!(
                "no image processor file {}; copy it from the model's repository",
                path.display()
            ))
        })?;
        Self::from_json(value, path)
    }

    /// Reads the content of `path`, which errors name.
    pub(super) fn from_json(value: Value, path: &Path) -> Result<Self> {
        let file: PreprocessorFile = serde_json::from_value(value)
            .map_err(|error| input_error(format!("{}: {error}", path.display())))?;
        check(&file).map_err(|complaint| input_error(format!("{}: {complaint}", path.display())))?;
        let size = file.size.unwrap_or_default();
        Ok(Self {
            patch_size: file.patch_size,
            temporal_patch_size: file.temporal_patch_size,
            merge_size: file.merge_size,
            min_pixels: file.min_pixels.or(size.shortest_edge).unwrap_or(56 * 56),
            max_pixels: file.max_pixels.or(size.longest_edge).unwrap_or(28 * 28 * 1280),
            rescale_factor: file.rescale_factor,
            image_mean: file.image_mean,
            image_std: file.image_std,
        })
    }

    /// Decodes, resizes, normalises and cuts the image, within its own area bounds where it has some.
    ///
    /// # Errors
    /// When the file cannot be decoded or its aspect ratio is extreme; the message names the file.
    pub fn load(&self, image: &ImageRef) -> Result<ImagePatches> {
        let pixels = decode(&image.path)?;
        let min_pixels = image.min_pixels.unwrap_or(self.min_pixels);
        let max_pixels = image.max_pixels.unwrap_or(self.max_pixels);
        self.patches(&pixels, min_pixels, max_pixels)
            .with_context(|| format!("image {}", image.path.display()))
    }

    /// The same of an image that is in memory, whose number errors name.
    ///
    /// # Errors
    /// When it cannot be decoded or its aspect ratio is extreme.
    pub fn load_bytes(&self, bytes: &[u8], number: usize) -> Result<ImagePatches> {
        let name = format!("number {number}");
        let pixels = decode_bytes(bytes, name.as_ref())?;
        self.patches(&pixels, self.min_pixels, self.max_pixels).with_context(|| format!("image {name}"))
    }

    /// The image as patches, resized to an area between the bounds (in pixels).
    ///
    /// # Errors
    /// When its aspect ratio is extreme.
    pub fn patches(&self, image: &RgbImage, min_pixels: usize, max_pixels: usize) -> Result<ImagePatches> {
        let (height, width) = resize::smart_resize(
            image.height() as usize,
            image.width() as usize,
            self.patch_size * self.merge_size,
            min_pixels.max(1),
            max_pixels,
        )?;
        Ok(self.cut(&resize::bicubic(image, height, width)))
    }

    /// Features the model makes of an image: one per merge block.
    pub fn features(&self, image: &ImagePatches) -> usize {
        image.patches() / (self.merge_size * self.merge_size)
    }

    /// Cuts an image whose sides are multiples of `patch_size * merge_size`.
    ///
    /// With merge size 2, a grid of 2 × 4 patches is laid out `(0,0) (0,1) (1,0) (1,1)`, then
    /// `(0,2) (0,3) (1,2) (1,3)`; within a patch the order is channel, frame, row, column.
    fn cut(&self, image: &RgbImage) -> ImagePatches {
        let (patch, merge) = (self.patch_size, self.merge_size);
        let (rows, columns) = (image.height() as usize / patch, image.width() as usize / patch);
        let levels = self.normalised_levels();
        let mut pixels = Vec::with_capacity(rows * columns * 3 * self.temporal_patch_size * patch * patch);
        for (top, left) in grid(rows / merge, columns / merge) {
            for (row, column) in grid(merge, merge) {
                let origin = ((top * merge + row) * patch, (left * merge + column) * patch);
                for (channel, levels) in levels.iter().enumerate() {
                    for _ in 0..self.temporal_patch_size {
                        pixels.extend(grid(patch, patch).map(|(y, x)| {
                            let at = image.get_pixel((origin.1 + x) as u32, (origin.0 + y) as u32);
                            levels[usize::from(at[channel])]
                        }));
                    }
                }
            }
        }
        ImagePatches { grid_thw: [1, rows, columns], pixels }
    }

    /// Per channel, what each 8-bit value becomes.
    fn normalised_levels(&self) -> [[f32; 256]; 3] {
        // Mean and deviation are brought to the 8-bit scale, as transformers does, for equal rounding.
        let scale = (1.0 / self.rescale_factor) as f32;
        std::array::from_fn(|channel| {
            let (mean, std) = (self.image_mean[channel] * scale, self.image_std[channel] * scale);
            std::array::from_fn(|level| (level as f32 - mean) / std)
        })
    }
}

/// Row-major coordinates.
pub(super) fn grid(rows: usize, columns: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..rows).flat_map(move |row| (0..columns).map(move |column| (row, column)))
}

fn check(file: &PreprocessorFile) -> Result<(), &'static str> {
    let sizes = [file.patch_size, file.temporal_patch_size, file.merge_size];
    if sizes.contains(&0) {
        return Err("patch_size, temporal_patch_size and merge_size must be positive");
    }
    if sizes.iter().any(|&size| size > 256) {
        return Err("patch_size, temporal_patch_size and merge_size must be at most 256");
    }
    if file.rescale_factor <= 0.0 || file.image_std.iter().any(|&std| std <= 0.0) {
        return Err("rescale_factor and image_std must be positive");
    }
    if !(file.do_resize && file.do_rescale && file.do_normalize) {
        return Err("do_resize, do_rescale and do_normalize must be true; other processing is not supported");
    }
    if file.resample != BICUBIC {
        return Err("resample must be 3 (bicubic); other resampling is not supported");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use image::Rgb;
    use serde_json::json;

    use super::*;

    fn config(value: Value) -> Result<ImageProcessorConfig> {
        ImageProcessorConfig::from_json(value, Path::new("preprocessor_config.json"))
    }

    #[test]
    fn area_bounds_are_read_as_transformers_4_and_5_write_them() {
        let old =
            config(json!({"min_pixels": 64, "max_pixels": 4096, "image_processor_type": "any"})).unwrap();
        let new = config(json!({"size": {"shortest_edge": 64, "longest_edge": 4096}})).unwrap();
        assert_eq!(old, new);
        assert_eq!((old.patch_size, old.min_pixels, old.max_pixels), (14, 64, 4096));
        let both = config(json!({"max_pixels": 9, "size": {"shortest_edge": 4, "longest_edge": 5}})).unwrap();
        assert_eq!((both.min_pixels, both.max_pixels), (4, 9));
    }

    #[test]
    fn unsupported_processing_is_refused() {
        for (value, expected) in [
            (json!({"do_normalize": false}), "do_normalize"),
            (json!({"resample": 2}), "bicubic"),
            (json!({"merge_size": 0}), "merge_size"),
            (json!({"patch_size": 1_000_000_000}), "at most 256"),
            (json!({"image_std": [0.5, 0.5, 0]}), "image_std"),
            (json!({"patch_size": "14"}), "preprocessor_config.json"),
        ] {
            let message = config(value).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
        let missing = ImageProcessorConfig::from_file(Path::new("/nowhere/preprocessor_config.json"));
        assert!(missing.unwrap_err().to_string().contains("/nowhere/preprocessor_config.json"));
    }

    #[test]
    fn patches_of_a_merge_block_follow_one_another() {
        let config = config(json!({
            "patch_size": 1, "temporal_patch_size": 2, "merge_size": 2, "rescale_factor": 1.0,
            "image_mean": [0, 0, 0], "image_std": [1, 2, 4],
        }))
        .unwrap();
        let image = RgbImage::from_fn(4, 2, |x, y| Rgb([(10 * y + x) as u8, 0, 4]));
        let patches = config.patches(&image, 1, 100).unwrap();
        assert_eq!(patches.grid_thw, [1, 2, 4]);
        assert_eq!(config.features(&patches), 2);
        let reds: Vec<f32> = patches.pixels.chunks(6).map(|patch| patch[0]).collect();
        assert_eq!(reds, [0.0, 1.0, 10.0, 11.0, 2.0, 3.0, 12.0, 13.0]);
        assert_eq!(patches.pixels[6..12], [1.0, 1.0, 0.0, 0.0, 1.0, 1.0]);
    }

    #[test]
    fn an_image_keeps_to_its_own_area_bounds() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("image.png");
        RgbImage::new(32, 32).save(&path).unwrap();
        let config = config(json!({"patch_size": 4, "min_pixels": 1, "max_pixels": 4096})).unwrap();
        let bounded = ImageRef { path: path.clone(), min_pixels: None, max_pixels: Some(256) };
        assert_eq!(config.load(&path.into()).unwrap().grid_thw, [1, 8, 8]);
        assert_eq!(config.load(&bounded).unwrap().grid_thw, [1, 4, 4]);
    }

    #[test]
    fn an_image_is_not_blown_up_beyond_memory() {
        let config =
            config(json!({"min_pixels": 1_000_000_000_000u64, "max_pixels": 1_000_000_000_000u64})).unwrap();
        let error = config.patches(&RgbImage::new(8, 8), config.min_pixels, config.max_pixels).unwrap_err();
        assert!(error.to_string().contains("lower min_pixels"), "{error}");
    }

    #[test]
    fn an_image_of_extreme_shape_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("line.png");
        RgbImage::new(300, 1).save(&path).unwrap();
        let error = config(json!({})).unwrap().load(&path.into()).unwrap_err();
        assert!(crate::error::is_input_error(&error));
        assert!(format!("{error:#}").contains("line.png"), "{error:#}");
    }
}
