//! Images come out as transformers' image processor makes them; tests/oracle/image_processor.py wrote
//! what is expected.

use std::path::{Path, PathBuf};

use safetensors::SafeTensors;
use serde::Deserialize;
use spark::{
    data::ImageRef,
    processor::{ImageProcessorConfig, smart_resize},
};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/image_processor").join(name)
}

/// Expected tensors by name.
struct Expected(Vec<u8>);

impl Expected {
    fn read(name: &str) -> Self {
        Self(std::fs::read(fixture(name)).unwrap())
    }

    fn words(&self, tensor: &str) -> Vec<[u8; 4]> {
        let tensors = SafeTensors::deserialize(&self.0).unwrap();
        tensors.tensor(tensor).unwrap().data().as_chunks().0.to_vec()
    }

    fn floats(&self, tensor: &str) -> Vec<f32> {
        self.words(tensor).into_iter().map(f32::from_le_bytes).collect()
    }

    fn grid(&self, tensor: &str) -> Vec<usize> {
        self.words(tensor).into_iter().map(|word| i32::from_le_bytes(word) as usize).collect()
    }
}

fn config() -> ImageProcessorConfig {
    ImageProcessorConfig::from_file(&fixture("preprocessor_config.json")).unwrap()
}

/// Mean and largest absolute difference.
fn difference(ours: &[f32], theirs: &[f32]) -> (f32, f32) {
    assert_eq!(ours.len(), theirs.len());
    let differences = ours.iter().zip(theirs).map(|(ours, theirs)| (ours - theirs).abs());
    (differences.clone().sum::<f32>() / ours.len() as f32, differences.fold(0.0, f32::max))
}

#[test]
fn resized_images_have_the_same_pixels() {
    let expected = Expected::read("expected.safetensors");
    for name in ["shrink.png", "grow.png", "as_is.png", "alpha.png", "palette.png", "grey.png"] {
        let patches = config().load(&fixture(name).into()).unwrap();
        assert_eq!(patches.grid_thw.as_slice(), expected.grid(&format!("{name}.grid")), "{name}");
        let (mean, max) = difference(&patches.pixels, &expected.floats(&format!("{name}.pixels")));
        println!("{name}: mean {mean:e}, max {max:e}");
        assert!(mean < 1e-6 && max < 1e-5, "{name}: mean {mean}, max {max}");
    }
}

/// Patches of 16 pixels, areas as Qwen3-VL was released with them, and its mean and deviation.
#[test]
fn qwen3_vl_sees_the_same_pixels() {
    let expected = Expected::read("qwen3_vl.safetensors");
    let config = ImageProcessorConfig::from_file(&fixture("qwen3_vl.json")).unwrap();
    for name in ["grow.png", "alpha.png", "formats/wide.png", "formats/narrow.png", "formats/large.png"] {
        let patches = config.load(&fixture(name).into()).unwrap();
        assert_eq!(patches.grid_thw.as_slice(), expected.grid(&format!("{name}.grid")), "{name}");
        let sampled: Vec<f32> = patches.pixels.iter().copied().step_by(997).collect();
        let (mean, max) = difference(&sampled, &expected.floats(&format!("{name}.every_997th")));
        assert!(mean < 1e-6 && max < 1e-5, "{name}: mean {mean}, max {max}");
    }
}

/// One image of `formats/`.
#[derive(Deserialize)]
struct Format {
    name: String,
    max_pixels: usize,
}

/// The first frame of canvas.gif is smaller than the picture. What it leaves uncovered is black with us;
/// PIL paints it in the file's background colour.
const KNOWN_TO_DIFFER: &str = "canvas.gif";

#[test]
fn every_format_and_size_has_the_same_pixels() {
    let formats: Vec<Format> =
        serde_json::from_slice(&std::fs::read(fixture("formats.json")).unwrap()).unwrap();
    let expected = Expected::read("formats.safetensors");
    for Format { name, max_pixels } in formats.into_iter().filter(|format| format.name != KNOWN_TO_DIFFER) {
        let image = ImageRef { max_pixels: Some(max_pixels), ..fixture(&format!("formats/{name}")).into() };
        let patches = config().load(&image).unwrap();
        assert_eq!(patches.grid_thw.as_slice(), expected.grid(&format!("{name}.grid")), "{name}");
        let sampled: Vec<f32> = patches.pixels.iter().copied().step_by(97).collect();
        let (mean, max) = difference(&sampled, &expected.floats(&format!("{name}.every_97th")));
        println!("{name}: mean {mean:e}, max {max:e}");
        // JPEG is exact but for CMYK, where one level of 8 bits is 1 / 255 / std < 0.0151.
        let bounds = if name == "cmyk.jpg" { (1e-3, 0.0151) } else { (1e-6, 1e-5) };
        assert!(mean <= bounds.0 && max <= bounds.1, "{name}: mean {mean}, max {max}");
        let means = channel_means(&patches.pixels);
        assert!(difference(&means, &expected.floats(&format!("{name}.means"))).1 < 1e-3, "{name}: {means:?}");
    }
}

/// Red, green and blue; a patch holds one channel after the other.
fn channel_means(pixels: &[f32]) -> [f32; 3] {
    let channel_values = config().temporal_patch_size * config().patch_size.pow(2);
    std::array::from_fn(|channel| {
        let values = || pixels.chunks(channel_values).skip(channel).step_by(3).flatten();
        values().sum::<f32>() / values().count() as f32
    })
}

#[test]
fn images_are_resized_to_the_same_sizes() {
    let rows: Vec<[usize; 7]> =
        serde_json::from_slice(&std::fs::read(fixture("sizes.json")).unwrap()).unwrap();
    assert!(!rows.is_empty());
    for [height, width, factor, min, max, resized_height, resized_width] in rows {
        let resized = smart_resize(height, width, factor, min, max).unwrap();
        assert_eq!(resized, (resized_height, resized_width), "{height}x{width}, factor {factor}");
    }
}
