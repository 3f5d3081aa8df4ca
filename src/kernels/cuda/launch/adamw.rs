//! AdamW in place.

use super::program::{KernelLaunch, KernelProgram, Storage, blocks, word};
use crate::kernels::AdamWStep;

const ADAMW: &[&str] = &[include_str!("../source/prelude.cuh"), include_str!("../source/adamw.cu")];

/// Which buffers an update reads and writes.
#[derive(Debug, Clone, Copy)]
pub struct AdamWForm {
    /// How the gradient is stored; weights and moments are f32.
    pub gradient: Storage,
    /// The first update, for which the moments hold nothing yet.
    pub fresh: bool,
    /// Whether the new weights are also written in bf16, to one more slot.
    pub copy: bool,
}

/// Updates `count` weights and their moments in place.
pub fn adamw(count: usize, form: AdamWForm, step: &AdamWStep) -> KernelLaunch {
    let [first, second] = step.corrections;
    let floats = [
        step.beta1,
        1.0 - step.beta1,
        step.beta2,
        1.0 - step.beta2,
        step.epsilon,
        1.0 - step.learning_rate * step.weight_decay,
        step.learning_rate / first,
        1.0 / second,
        step.scale,
    ];
    let scalars = std::iter::once(word(count)).chain(floats.map(|float| (float as f32).to_bits())).collect();
    KernelLaunch {
        program: KernelProgram {
            entry: "adamw",
            defines: vec![
                ("G_BF16", form.gradient.flag()),
                ("FRESH", u32::from(form.fresh)),
                ("COPY", u32::from(form.copy)),
            ],
            parts: ADAMW,
        },
        grid: [blocks(count, 256 * 4), 1, 1],
        block: 256,
        shared_bytes: 0,
        slots: if form.copy {
            &["weights", "gradient", "first", "second", "copy"]
        } else {
            &["weights", "gradient", "first", "second"]
        },
        scalars,
    }
}
