//! How likely given continuations are: packed forward passes in which continuations of one prompt share it.

use anyhow::{Result, ensure};

use crate::{
    interrupt::Interrupt,
    kernels::Kernels,
    model::{Model, Sequence, completion_logprobs},
    packing::{Family, packed_families},
    rollout::continuations::{Continuations, CountedTokens},
};

/// Tokens that go through the model at once; one continuation at least.
const TOKENS_AT_ONCE: usize = 4096;

/// The natural log-probability of the tokens of each continuation that count, taken together.
pub(super) fn logprobs<B: Kernels>(
    model: &Model<B>,
    asked: &[Continuations<'_>],
    interrupt: &Interrupt,
) -> Result<Vec<Vec<f64>>> {
    let sequences: Vec<Sequence> = asked
        .iter()
        .flat_map(|asked| {
            let sequence = |ids: &Vec<u32>| Sequence::new(asked.prompt, ids, &model.config);
            asked.token_ids.iter().map(move |ids| counting(asked.counted, sequence(ids)))
        })
        .collect();
    let families = sequences.chunk_by(Sequence::shares_prompt).map(|family| Family {
        shared: family[0].prompt_length,
        sizes: family.iter().map(|sequence| sequence.completion().len()).collect(),
    });
    let mut totals = Vec::with_capacity(sequences.len());
    for batch in packed_families(families, TOKENS_AT_ONCE) {
        interrupt.check()?;
        for logprobs in completion_logprobs(model, &sequences[batch]) {
            let total: f64 = logprobs.into_iter().map(f64::from).sum();
            ensure!(
                !total.is_nan(),
                "a log-probability is not a number: the weights hold NaN or infinite values"
            );
            totals.push(total);
        }
    }
    let mut totals = totals.into_iter();
    Ok(asked.iter().map(|asked| totals.by_ref().take(asked.token_ids.len()).collect()).collect())
}

/// The sequence with everything before the tokens that count as its prompt: only what follows is scored. Positions
/// stay as they were.
fn counting(counted: CountedTokens, sequence: Sequence) -> Sequence {
    match counted {
        CountedTokens::All => sequence,
        CountedTokens::Last => Sequence { prompt_length: sequence.length().saturating_sub(1), ..sequence },
    }
}
