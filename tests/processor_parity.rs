//! Images come out as transformers' image processor makes them; tests/oracle/image_processor.py wrote
//! what is expected.

use std::path::{Path, PathBuf};

use safetensors::SafeTensors;
use spark::processor::{ImageProcessorConfig, smart_resize};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/image_processor").join(name)
}

/// Mean and largest absolute difference to the expected patches, whose grid must be the same.
fn difference(name: &str) -> (f32, f32) {
    let config = ImageProcessorConfig::from_file(&fixture("preprocessor_config.json")).unwrap();
    let patches = config.load(&fixture(name).into()).unwrap();
    let bytes = std::fs::read(fixture("expected.safetensors")).unwrap();
    let expected = SafeTensors::deserialize(&bytes).unwrap();
    let words = |tensor: &str| -> Vec<[u8; 4]> {
        let view = expected.tensor(&format!("{name}.{tensor}")).unwrap();
        view.data().as_chunks().0.to_vec()
    };
    let grid: Vec<usize> = words("grid").into_iter().map(|word| i32::from_le_bytes(word) as usize).collect();
    assert_eq!(patches.grid_thw.as_slice(), grid, "{name}");
    let pixels: Vec<f32> = words("pixels").into_iter().map(f32::from_le_bytes).collect();
    assert_eq!(patches.pixels.len(), pixels.len(), "{name}");
    let differences = patches.pixels.iter().zip(&pixels).map(|(ours, theirs)| (ours - theirs).abs());
    let mean = differences.clone().sum::<f32>() / pixels.len() as f32;
    (mean, differences.fold(0.0, f32::max))
}

#[test]
fn resized_images_have_the_same_pixels() {
    for name in ["shrink.png", "grow.png", "as_is.png", "alpha.png", "palette.png", "grey.png"] {
        let (mean, max) = difference(name);
        println!("{name}: mean {mean:e}, max {max:e}");
        assert!(mean < 1e-6 && max < 1e-5, "{name}: mean {mean}, max {max}");
    }
}

#[test]
fn a_rotated_jpeg_stands_upright() {
    let (mean, max) = difference("rotated.jpg");
    println!("rotated.jpg: mean {mean:e}, max {max:e}");
    // JPEG decoders may differ by a level or two; one level is 1 / 255 / std < 0.0151.
    assert!(mean < 0.01 && max < 0.0302, "mean {mean}, max {max}");
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
