//! RMSNorm and SwiGLU.

use super::program::{KernelLaunch, KernelProgram, Pitched, Storage, blocks, vector, word};

const NORM: &[&str] = &[include_str!("../source/prelude.cuh"), include_str!("../source/rms_norm.cu")];
const SILU: &[&str] = &[include_str!("../source/prelude.cuh"), include_str!("../source/gated_silu.cu")];

/// The most rows whose shares of a weight's gradient one block adds up.
const ROWS_PER_PART: usize = 64;

/// Rows to normalise.
#[derive(Debug, Clone, Copy)]
pub struct NormShape {
    /// How inputs, outputs and their gradients are stored.
    pub storage: Storage,
    /// How the weight is stored.
    pub weight: Storage,
    /// The rows of `x`.
    pub x: Pitched,
    /// The pitch of the output, or of its gradient.
    pub y_pitch: usize,
}

impl NormShape {
    fn launch(&self, entry: &'static str, slots: &'static [&'static str], more: &[usize]) -> KernelLaunch {
        let mut extents = vec![self.x.columns, self.x.pitch, self.y_pitch];
        extents.extend(more);
        let defines = vec![
            ("T_BF16", self.storage.flag()),
            ("W_BF16", self.weight.flag()),
            ("VECTOR", vector(self.storage, &extents)),
        ];
        let scalars = [self.x.rows, self.x.columns, self.x.pitch, self.y_pitch];
        KernelLaunch {
            program: KernelProgram { entry, defines, parts: NORM },
            grid: [word(self.x.rows), 1, 1],
            block: 256,
            shared_bytes: 0,
            slots,
            scalars: scalars.map(word).to_vec(),
        }
    }
}

/// `y = x · inverse · weight`, `inverse = 1 / sqrt(mean(x²) + ε)` per row, kept in f32, `[rows]`, for the backward
/// pass.
pub fn rms_norm(shape: &NormShape, epsilon: f32) -> KernelLaunch {
    let mut launch = shape.launch("rms_norm", &["x", "weight", "y", "inverse"], &[]);
    launch.scalars.push(epsilon.to_bits());
    launch
}

/// The gradient of `x`, with `y_pitch` of the incoming one.
pub fn rms_norm_backward_input(shape: &NormShape, dx_pitch: usize) -> KernelLaunch {
    let slots = &["x", "weight", "inverse", "dy", "dx"];
    let mut launch = shape.launch("rms_norm_backward_input", slots, &[dx_pitch]);
    launch.scalars.push(word(dx_pitch));
    launch
}

/// How many partial sums [`rms_norm_backward_weight`] writes.
pub fn norm_parts(rows: usize) -> usize {
    rows.div_ceil(ROWS_PER_PART).clamp(1, 512)
}

/// Shares of the weight's gradient, f32 `[norm_parts(rows), columns]`, to be added up by [`column_sums`].
pub fn rms_norm_backward_weight(shape: &NormShape) -> KernelLaunch {
    let parts = norm_parts(shape.x.rows);
    let mut launch = shape.launch("rms_norm_backward_weight", &["x", "inverse", "dy", "partial"], &[]);
    let width = launch.program.defines[2].1 as usize;
    launch.block = 128;
    launch.grid = [blocks(shape.x.columns, 128 * width), word(parts), 1];
    launch.scalars.push(blocks(shape.x.rows, parts));
    launch
}

/// The sum of each column of f32 `[parts, columns]`, in order, stored as `output`.
pub fn column_sums(parts: usize, columns: usize, output: Storage) -> KernelLaunch {
    let defines = vec![("T_BF16", 0), ("W_BF16", output.flag()), ("VECTOR", 1)];
    KernelLaunch {
        program: KernelProgram { entry: "column_sums", defines, parts: NORM },
        grid: [blocks(columns, 32), 1, 1],
        block: 256,
        shared_bytes: 0,
        slots: &["partial", "output"],
        scalars: vec![word(parts), word(columns)],
    }
}

/// A launch over rows of equal length whose pitches differ.
fn elementwise(
    entry: &'static str,
    storage: Storage,
    rows: usize,
    columns: usize,
    (slots, pitches): (&'static [&'static str], &[usize]),
) -> KernelLaunch {
    let extents: Vec<usize> = pitches.iter().copied().chain([columns]).collect();
    let width = vector(storage, &extents);
    let scalars = [rows, columns].iter().chain(pitches).map(|&count| word(count)).collect();
    KernelLaunch {
        program: KernelProgram {
            entry,
            defines: vec![("T_BF16", storage.flag()), ("VECTOR", width)],
            parts: SILU,
        },
        grid: [word(rows), blocks(columns, 256 * width as usize), 1],
        block: 256,
        shared_bytes: 0,
        slots,
        scalars,
    }
}

/// `y = silu(gate) · up`; `gate` gives rows and columns, the pitches are those of `gate`, `up` and `y`.
pub fn gated_silu(storage: Storage, gate: Pitched, [up, y]: [usize; 2]) -> KernelLaunch {
    let pitches = [gate.pitch, up, y];
    elementwise("gated_silu", storage, gate.rows, gate.columns, (&["gate", "up", "y"], &pitches))
}

/// The gradients of `gate` and `up`; the pitches are those of `up`, `dy`, `dgate` and `dup`.
pub fn gated_silu_backward(
    storage: Storage,
    gate: Pitched,
    [up, dy, dgate, dup]: [usize; 4],
) -> KernelLaunch {
    let slots = &["gate", "up", "dy", "dgate", "dup"];
    let pitches = [gate.pitch, up, dy, dgate, dup];
    elementwise("gated_silu_backward", storage, gate.rows, gate.columns, (slots, &pitches))
}
