//! Rotary positions: where each token stands (three axes for images), and the rotation by halves.

use burn::tensor::{Tensor, TensorData, backend::Backend};

use super::config::{ModelConfig, TextConfig};
use super::input::ModelInput;
use crate::kernels::RotaryTable;

/// Time, height and width position of one token; equal for text.
pub type Position = [u32; 3];

/// Positions of a prompt's tokens, and the position of the first token after it.
///
/// Text counts up on all three axes. An image's tokens share the time position, and count rows and
/// columns of merged cells from there; text goes on after the largest position used.
///
/// ```text
/// ids        a  b  I  I  I  I  I  I  c      I: image of 2 x 3 merged cells
/// time       0  1  2  2  2  2  2  2  5
/// height     0  1  2  2  2  3  3  3  5
/// width      0  1  2  3  4  2  3  4  5      next: 6
/// ```
///
/// # Panics
/// When the runs of image tokens disagree with the images; the processor has checked them.
pub fn prompt_positions(input: &ModelInput, config: &ModelConfig) -> (Vec<Position>, u32) {
    let merge = config.vision.as_ref().map_or(1, |vision| vision.spatial_merge_size);
    let mut images = input.images.iter();
    let mut positions = Vec::with_capacity(input.ids.len());
    let mut next = 0;
    while positions.len() < input.ids.len() {
        if Some(input.ids[positions.len()]) != config.image_token_id {
            positions.push([next; 3]);
            next += 1;
            continue;
        }
        let [_, height, width] = images.next().expect("an image for every run of image tokens").grid_thw;
        let (rows, columns) = ((height / merge) as u32, (width / merge) as u32);
        let cells = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
        positions.extend(cells.map(|(row, column)| [next, next + row, next + column]));
        next += rows.max(columns);
    }
    assert_eq!(positions.len(), input.ids.len(), "image tokens and image features differ in number");
    (positions, next)
}

/// The rotary table of `angles`, row-major `[rows, sequence, half]`.
pub fn rotary_table<B: Backend>(
    angles: &[f32],
    [rows, sequence, half]: [usize; 3],
    device: &B::Device,
) -> RotaryTable<B> {
    let table = |function: fn(f32) -> f32| {
        let values: Vec<f32> = angles.iter().map(|&angle| function(angle)).collect();
        Tensor::from_data(TensorData::new(values, [rows, 1, sequence, half]), device)
    };
    RotaryTable { cos: table(f32::cos), sin: table(f32::sin) }
}

/// `theta^(-i / count)` for `i` in `0..count`, in f32 as the reference computes them.
pub fn inverse_frequencies(theta: f64, count: usize) -> Vec<f32> {
    (0..count).map(|i| 1.0 / (theta as f32).powf(i as f32 / count as f32)).collect()
}

/// The language model's rotation for rows of equal length (padding: any position).
pub fn text_rotary<B: Backend>(
    rows: &[impl AsRef<[Position]>],
    config: &TextConfig,
    device: &B::Device,
) -> RotaryTable<B> {
    let half = config.head_dim / 2;
    let frequencies = inverse_frequencies(config.rope_theta, half);
    let axes = axis_per_frequency(config);
    let length = rows.first().map_or(0, |row| row.as_ref().len());
    let angles: Vec<f32> = rows
        .iter()
        .flat_map(AsRef::as_ref)
        .flat_map(|position| frequencies.iter().zip(&axes).map(|(f, &axis)| position[axis] as f32 * f))
        .collect();
    rotary_table(&angles, [rows.len(), length, half], device)
}

/// Which position axis drives each frequency: sections one after the other.
fn axis_per_frequency(config: &TextConfig) -> Vec<usize> {
    match config.mrope_section {
        None => vec![0; config.head_dim / 2],
        Some(section) => (0..3).flat_map(|axis| std::iter::repeat_n(axis, section[axis])).collect(),
    }
}
