//! Drawing of tokens.

use super::program::{KernelLaunch, KernelProgram, Pitched, Storage, vector, word};
use crate::kernels::RowDraw;

const DRAWING: &[&str] = &[include_str!("../source/prelude.cuh"), include_str!("../source/draw_tokens.cu")];

/// Words of one row in the table `rows` of [`draw_tokens`].
pub const DRAW_WORDS: usize = 10;

/// The tables `rows`, `[rows, DRAW_WORDS]`, and `seen`, the rows' tokens end to end (at least one word).
pub fn draw_words(rows: &[RowDraw<'_>]) -> (Vec<u32>, Vec<u32>) {
    let (mut words, mut seen) = (Vec::with_capacity(rows.len() * DRAW_WORDS), Vec::new());
    for row in rows {
        let penalised = if row.penalises() { row.seen } else { &[] };
        let uniform = row.uniform.unwrap_or(0.0).to_bits();
        words.extend([
            word(row.scores),
            u32::from(row.uniform.is_some()),
            uniform as u32,
            (uniform >> 32) as u32,
            (row.temperature as f32).to_bits(),
            word(row.top_k),
            (row.top_p as f32).to_bits(),
            (row.repetition_penalty as f32).to_bits(),
            word(seen.len()),
            word(penalised.len()),
        ]);
        seen.extend(penalised);
    }
    seen.resize(seen.len().max(1), 0);
    (words, seen)
}

/// Draws `rows` tokens, one a block, from `scores`; their ids (in 32 bits) and log-probabilities (f32) are `[rows]`.
/// `penalised`: whether a row has a repetition penalty.
pub fn draw_tokens(storage: Storage, scores: Pitched, rows: usize, penalised: bool) -> KernelLaunch {
    let bitmap = if penalised { scores.columns.div_ceil(32) } else { 0 };
    KernelLaunch {
        program: KernelProgram {
            entry: "draw_tokens",
            defines: vec![
                ("T_BF16", storage.flag()),
                // Two numbers a read: the kernel is long, and wider ones make the compiler slow.
                ("VECTOR", vector(storage, &[scores.pitch]).min(2)),
                ("PENALTY", u32::from(penalised)),
            ],
            parts: DRAWING,
        },
        grid: [word(rows), 1, 1],
        block: 1024,
        shared_bytes: word(4 * bitmap),
        slots: &["scores", "rows", "seen", "ids", "logprobs"],
        scalars: vec![word(scores.columns), word(scores.pitch)],
    }
}
