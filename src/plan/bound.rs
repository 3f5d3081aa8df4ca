//! How long prompts may be for a run to fit into memory, by the plan's arithmetic.

use super::{MemoryPlan, PromptSizes, Workload};

/// Prompts that a recipe must fit with for its plan to say anything of longer ones.
const SHORT: u64 = 64;

/// The most tokens of a prompt, `most` at the most, with which a run fits into `memory` bytes. All prompts are taken to
/// be that long, as a batch is padded to its longest; their images count as text. `None` where the plan does not fit
/// with short prompts either, so that their length is not what is wrong.
pub fn longest_prompt(workload: &Workload<'_>, memory: u64, most: u64) -> Option<u64> {
    let fits = |tokens: u64| {
        let prompts = PromptSizes::assumed(tokens, 0, 0);
        MemoryPlan::new(&Workload { prompts, ..workload.clone() }).peak().1.bytes <= memory
    };
    let (mut fitting, mut beyond) = (SHORT.min(most), most);
    if !fits(fitting) {
        return None;
    }
    if fits(most) {
        return Some(most);
    }
    while beyond - fitting > 1 {
        let middle = fitting + (beyond - fitting) / 2;
        if fits(middle) {
            fitting = middle;
        } else {
            beyond = middle;
        }
    }
    Some(fitting)
}
