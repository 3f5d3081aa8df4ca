//! Weights in the order in which a product with few rows reads them: once, from the first byte to the last. Packed once
//! per set of weights and read at every token of every completion.
//!
//! Knows the order; knows nothing of how products are computed, nor of any backend.

use std::sync::Arc;

use half::bf16;
use rayon::prelude::*;

/// Outputs that lie side by side: one wide vector of them.
pub const PANEL: usize = 16;

/// One number for each output of a panel, as wide as a line of the cache.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub struct PanelLine<T>(pub [T; PANEL]);

/// A map of `[input, output]`, cut into panels of a fixed number of outputs; the outputs that the last one has too many
/// are zero. A clone shares the numbers.
#[derive(Debug, Clone)]
pub struct PackedWeight {
    pub(super) input: usize,
    pub(super) output: usize,
    pub(super) panels: Panels,
}

/// The numbers, panel after panel.
#[derive(Debug, Clone)]
pub(super) enum Panels {
    /// A line for each input.
    F32(Arc<Vec<PanelLine<f32>>>),
    /// A line for every two inputs, the first in the lower half of each word. An odd last one is followed by zeros.
    Bf16(Arc<Vec<PanelLine<u32>>>),
}

/// How a matrix of weights lies in memory.
#[derive(Debug, Clone, Copy)]
pub enum WeightOrder {
    /// `[input, output]`
    InputFirst,
    /// `[output, input]`
    OutputFirst,
}

impl WeightOrder {
    /// The place of an entry in a map of `[input, output]`.
    fn place(self, [input, output]: [usize; 2], from: usize, to: usize) -> usize {
        match self {
            Self::InputFirst => from * output + to,
            Self::OutputFirst => to * input + from,
        }
    }
}

impl PackedWeight {
    /// Packs row-major numbers of f32.
    ///
    /// # Panics
    /// When there are not as many as the shape says.
    pub(super) fn from_f32(weight: &[f32], shape: [usize; 2], order: WeightOrder) -> Self {
        assert_eq!(weight.len(), shape[0] * shape[1], "sizes do not fit");
        let lines = lines(shape, shape[0], |from, to| weight[order.place(shape, from, to)]);
        Self { input: shape[0], output: shape[1], panels: Panels::F32(Arc::new(lines)) }
    }

    /// Packs row-major numbers of bf16.
    ///
    /// # Panics
    /// When there are not as many as the shape says.
    pub(super) fn from_bf16(weight: &[bf16], shape: [usize; 2], order: WeightOrder) -> Self {
        assert_eq!(weight.len(), shape[0] * shape[1], "sizes do not fit");
        let bits = |from: usize, to: usize| match from < shape[0] {
            true => u32::from(weight[order.place(shape, from, to)].to_bits()),
            false => 0,
        };
        let pair = |pair: usize, to: usize| bits(2 * pair, to) | bits(2 * pair + 1, to) << 16;
        let lines = lines(shape, shape[0].div_ceil(2), pair);
        Self { input: shape[0], output: shape[1], panels: Panels::Bf16(Arc::new(lines)) }
    }

    /// `[input, output]`
    pub fn shape(&self) -> [usize; 2] {
        [self.input, self.output]
    }
}

/// The lines of all panels, `depth` each; `value` is asked for a place along the depth and an output.
fn lines<T: Copy + Default + Send>(
    [_, output]: [usize; 2],
    depth: usize,
    value: impl Fn(usize, usize) -> T + Sync,
) -> Vec<PanelLine<T>> {
    let mut lines = vec![PanelLine([T::default(); PANEL]); output.div_ceil(PANEL) * depth];
    lines.par_chunks_exact_mut(depth.max(1)).enumerate().for_each(|(panel, lines)| {
        let first = panel * PANEL;
        let count = PANEL.min(output - first);
        for (place, PanelLine(line)) in lines.iter_mut().enumerate() {
            for (offset, slot) in line[..count].iter_mut().enumerate() {
                *slot = value(place, first + offset);
            }
        }
    });
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn f32_lines(packed: &PackedWeight) -> &[PanelLine<f32>] {
        match &packed.panels {
            Panels::F32(lines) => lines,
            Panels::Bf16(_) => panic!("packed in bf16"),
        }
    }

    #[test]
    fn a_panel_has_a_line_for_every_input_and_zeros_behind_the_last_output() {
        // Two inputs, 17 outputs: the number says input and output.
        let weight: Vec<f32> =
            (0..2).flat_map(|from| (0..17).map(move |to| (100 * from + to) as f32)).collect();
        let packed = PackedWeight::from_f32(&weight, [2, 17], WeightOrder::InputFirst);
        let lines = f32_lines(&packed);
        assert_eq!((lines.len(), size_of_val(lines), packed.shape()), (4, 256, [2, 17]));
        assert_eq!((lines[0].0[15], lines[1].0[0], lines[1].0[15]), (15.0, 100.0, 115.0));
        assert_eq!((lines[2].0[0], lines[3].0[0], lines[3].0[1]), (16.0, 116.0, 0.0));
        let turned: Vec<f32> = (0..17).flat_map(|to| [to as f32, 100.0 + to as f32]).collect();
        let other = PackedWeight::from_f32(&turned, [2, 17], WeightOrder::OutputFirst);
        assert!(f32_lines(&other).iter().zip(lines).all(|(other, line)| other.0 == line.0));
    }

    #[test]
    fn two_inputs_share_a_word_and_an_odd_one_has_zeros_beside_it() {
        let weight = [1.0, 2.0, 3.0].map(bf16::from_f32);
        let packed = PackedWeight::from_bf16(&weight, [3, 1], WeightOrder::InputFirst);
        let Panels::Bf16(lines) = &packed.panels else { panic!("packed in f32") };
        let half = |word: u32| [word << 16, word & 0xffff_0000].map(f32::from_bits);
        assert_eq!([half(lines[0].0[0]), half(lines[1].0[0])], [[1.0, 2.0], [3.0, 0.0]]);
    }
}
