//! How long prompts are: as the data has them, rendered and tokenized, or as somebody says.

use anyhow::Result;
use rayon::prelude::*;
use serde::Serialize;

use crate::{
    data::{BadRows, Problem},
    judge::{Item, JudgePrompts},
    model::ImagePatches,
    processor::{Processor, UnfitText},
    recycle::RecycleConfig,
};

/// Problems that are rendered, at most.
const SAMPLE: usize = 256;

/// Lengths of prompts of one sort, in tokens, images included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PromptLengths {
    pub mean: u64,
    pub longest: u64,
    /// A sample of them.
    #[serde(skip)]
    sample: Vec<u64>,
}

impl PromptLengths {
    /// All of one length.
    pub fn all(tokens: u64) -> Self {
        Self::of(vec![tokens])
    }

    fn of(sample: Vec<u64>) -> Self {
        let count = sample.len().max(1) as u64;
        Self {
            mean: sample.iter().sum::<u64>().div_ceil(count),
            longest: sample.iter().copied().max().unwrap_or(0),
            sample,
        }
    }
}

/// So many prompts of some lengths each, in one call of the engine.
pub(super) type PromptMix<'a> = [(u64, &'a PromptLengths)];

/// The length to which prompts are padded, in the mean over `batches` that take so many of a mix one after the other,
/// the longest first.
///
/// Four prompts of 9 tokens and four of 5 in two batches: 9 and 5, in the mean 7. In one batch: 9.
pub(super) fn padded_length(mix: &PromptMix<'_>, batches: u64, prompts_per_batch: u64) -> u64 {
    let share = |count: u64, sample: &[u64]| count as f64 / sample.len().max(1) as f64;
    let mut lengths: Vec<(u64, f64)> = mix
        .iter()
        .flat_map(|&(count, lengths)| {
            lengths.sample.iter().map(move |&length| (length, share(count, &lengths.sample)))
        })
        .collect();
    lengths.sort_by_key(|&(length, _)| std::cmp::Reverse(length));
    let longest = |batch: u64| {
        // In the middle of the batch's first prompt.
        let place = (batch * prompts_per_batch) as f64 + 0.5;
        let mut passed = 0.0;
        let reaches = |&&(_, share): &&(u64, f64)| {
            passed += share;
            passed >= place
        };
        lengths.iter().find(reaches).or(lengths.last()).map_or(0, |&(length, _)| length)
    };
    (0..batches).map(longest).sum::<u64>().div_ceil(batches.max(1))
}

/// Sizes of the prompts of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PromptSizes {
    /// Lengths of the prompts of the data's own problems.
    pub original: PromptLengths,
    /// Lengths of the prompts of judge and reflection problems that training makes of them. They show the question again, a wording and
    /// one or two answers: bare ones as long as the reference, or, as often as `recycle.solution_share` says, whole
    /// solutions, taken to be half as long as completions may be.
    pub recycled: PromptLengths,
    /// Lengths of the prompts of judge problems that an evaluation makes, which show bare answers.
    pub judged: PromptLengths,
    /// Tokens of a prompt's images, at most.
    pub image_tokens: u64,
    /// Mean bytes of an image, cut into patches.
    pub image_bytes: u64,
    /// Problems that were rendered; 0: lengths were given or assumed.
    pub rendered: usize,
}

impl PromptSizes {
    /// Prompts that are all of one length, recycled ones included: `text` tokens and an image of `image` tokens.
    pub fn assumed(text: u64, image: u64, image_bytes: u64) -> Self {
        let lengths = || PromptLengths::all(text + image);
        Self {
            original: lengths(),
            recycled: lengths(),
            judged: lengths(),
            image_tokens: image,
            image_bytes,
            rendered: 0,
        }
    }

    /// Renders and tokenizes problems, at most a few hundred at equal distances, and for each a pair and a reflection
    /// that show its reference as an answer.
    ///
    /// Of a recycled problem whose prompt would be too long there is none, so that it counts as long as the original.
    ///
    /// # Errors
    /// When a problem cannot be rendered and may not be skipped; the message names it.
    pub fn measured(
        processor: &Processor,
        problems: &[Problem],
        (recycle, prompts): (&RecycleConfig, &JudgePrompts),
        max_new_tokens: u64,
        bad_rows: BadRows,
    ) -> Result<Self> {
        let sample: Vec<&Problem> = problems.iter().step_by(problems.len().div_ceil(SAMPLE).max(1)).collect();
        let measured = sample.into_par_iter().map(|problem| Measured::new(processor, problem, prompts));
        let measured: Vec<Measured> =
            measured.filter(|found| found.is_ok() || bad_rows == BadRows::Refuse).collect::<Result<_>>()?;
        let share = recycle.solution_share;
        let recycled = measured.iter().enumerate().flat_map(|(index, found)| {
            // One in `1 / share` shows whole solutions.
            let whole = (share * (index + 1) as f64).floor() > (share * index as f64).floor();
            let solution = if whole { max_new_tokens / 2 } else { 0 };
            [found.pair + 2 * solution, found.reflection + solution]
        });
        let images: u64 = measured.iter().map(|found| found.images).sum();
        let bytes: u64 = measured.iter().map(|found| found.image_bytes).sum();
        Ok(Self {
            original: PromptLengths::of(measured.iter().map(|found| found.original).collect()),
            recycled: PromptLengths::of(recycled.collect()),
            judged: PromptLengths::of(measured.iter().map(|found| found.pair).collect()),
            image_tokens: measured.iter().map(|found| found.image_tokens).max().unwrap_or(0),
            image_bytes: bytes / images.max(1),
            rendered: measured.len(),
        })
    }
}

/// What one problem's prompts come to.
struct Measured {
    original: u64,
    pair: u64,
    reflection: u64,
    images: u64,
    image_tokens: u64,
    image_bytes: u64,
}

impl Measured {
    fn new(processor: &Processor, problem: &Problem, prompts: &JudgePrompts) -> Result<Self> {
        let own = processor.prompt(problem)?.input;
        let Problem { question, answer, .. } = problem;
        let length = |item: Item| -> Result<u64> {
            let recycled = prompts.problem(item, problem, problem.id.clone());
            match processor.prompt(&recycled) {
                Ok(prompt) => Ok(prompt.input.ids.len() as u64),
                Err(error) if error.is::<UnfitText>() => Ok(own.ids.len() as u64),
                Err(error) => Err(error),
            }
        };
        let per_token = processor.image().map_or(1, |image| image.merge_size.pow(2));
        let sum = |count: &dyn Fn(&ImagePatches) -> usize| -> u64 {
            own.images.iter().map(|image| count(image) as u64).sum()
        };
        Ok(Self {
            original: own.ids.len() as u64,
            pair: length(prompts.pairwise(question, [answer, answer], 0, 0))?,
            reflection: length(prompts.reflection(question, answer, 0))?,
            images: own.images.len() as u64,
            image_tokens: sum(&|image| image.patches() / per_token),
            image_bytes: sum(&|image| image.pixels.len() * size_of::<f32>()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_padded_to_their_own_longest_prompt() {
        let (long, short) = (PromptLengths::all(9), PromptLengths::all(5));
        let mix = [(4, &short), (4, &long)];
        assert_eq!(padded_length(&mix, 2, 4), 7);
        assert_eq!(padded_length(&mix, 1, 4), 9);
        assert_eq!(padded_length(&mix, 4, 2), 7);
        assert_eq!(padded_length(&[], 1, 4), 0);
    }
}
