//! Rotary position embedding by halves: which inverse frequency and which position axis turn each pair of
//! values of a head. Knows positions, no tokens and no images.

use burn::tensor::{Tensor, TensorData, backend::Backend};

use crate::kernels::RotaryTable;

/// The base of the rotary frequencies of vision towers.
pub(super) const VISION_ROPE_THETA: f64 = 10_000.0;

/// Time, height and width position of one token; equal for text.
pub type Position = [u32; 3];

/// How a model turns queries and keys with their positions, one entry per pair of values of a head. A
/// family's configuration computes it once; scaled frequencies and positions on several axes are both only
/// numbers here.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rope {
    /// Angle per position.
    pub frequencies: Vec<f32>,
    /// Which of the three positions of a token drives each frequency.
    pub axes: Vec<usize>,
}

impl Rope {
    /// Frequencies that fall from 1 to almost `1 / theta`, all driven by the first axis, for heads of
    /// `2 · pairs` values.
    pub fn plain(theta: f64, pairs: usize) -> Self {
        Self { frequencies: inverse_frequencies(theta, pairs), axes: vec![0; pairs] }
    }

    /// The rotation of rows of equal length; what stands in padding does not matter.
    pub(super) fn table<B: Backend>(&self, rows: &[&[Position]], device: &B::Device) -> RotaryTable<B> {
        let length = rows.first().map_or(0, |row| row.len());
        let angles: Vec<f32> = rows
            .iter()
            .copied()
            .flatten()
            .flat_map(|position| {
                self.frequencies.iter().zip(&self.axes).map(|(f, &axis)| position[axis] as f32 * f)
            })
            .collect();
        rotary_table(&angles, [rows.len(), length, self.frequencies.len()], device)
    }
}

/// The rotary table of `angles`, row-major `[rows, sequence, half]`.
pub(super) fn rotary_table<B: Backend>(
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
pub(super) fn inverse_frequencies(theta: f64, count: usize) -> Vec<f32> {
    (0..count).map(|i| 1.0 / (theta as f32).powf(i as f32 / count as f32)).collect()
}
