//! How long prompts are: as the data has them, rendered and tokenized, or as somebody says.

use anyhow::Result;
use rayon::prelude::*;
use serde::Serialize;

use crate::{data::Problem, judge::Item, model::ImagePatches, processor::Processor, recycle::RecycleConfig};

/// Problems that are rendered, at most.
const SAMPLE: usize = 256;

/// Lengths of prompts of one sort, in tokens, images included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct PromptLengths {
    pub mean: u64,
    pub longest: u64,
}

impl PromptLengths {
    /// All of one length.
    pub fn all(tokens: u64) -> Self {
        Self { mean: tokens, longest: tokens }
    }

    fn of(lengths: &[u64]) -> Self {
        let count = lengths.len().max(1) as u64;
        Self {
            mean: lengths.iter().sum::<u64>().div_ceil(count),
            longest: lengths.iter().copied().max().unwrap_or(0),
        }
    }
}

/// Sizes of the prompts of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct PromptSizes {
    /// Of the data's own problems.
    pub original: PromptLengths,
    /// Of the judge and reflection problems that training makes of them. They show the question again, a wording and
    /// one or two answers: bare ones as long as the reference, or, where `recycle.solution_share` is above 0, whole
    /// solutions, taken to be half as long as completions may be.
    pub recycled: PromptLengths,
    /// The longest of the judge problems that an evaluation makes, which show bare answers.
    pub judged: u64,
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
        let lengths = PromptLengths::all(text + image);
        let judged = lengths.longest;
        Self { original: lengths, recycled: lengths, judged, image_tokens: image, image_bytes, rendered: 0 }
    }

    /// Renders and tokenizes problems, at most a few hundred at equal distances, and for each a pair and a reflection
    /// that show its reference as an answer.
    ///
    /// # Errors
    /// When a problem cannot be rendered; the message names it.
    pub fn measured(
        processor: &Processor,
        problems: &[Problem],
        recycle: &RecycleConfig,
        max_new_tokens: u64,
    ) -> Result<Self> {
        let sample: Vec<&Problem> = problems.iter().step_by(problems.len().div_ceil(SAMPLE).max(1)).collect();
        let measured: Vec<Measured> =
            sample.into_par_iter().map(|problem| Measured::new(processor, problem)).collect::<Result<_>>()?;
        let all = |length: &dyn Fn(&Measured) -> u64| measured.iter().map(length).collect::<Vec<u64>>();
        let original = PromptLengths::of(&all(&|found| found.original));
        let bare: Vec<u64> = measured.iter().flat_map(|found| found.recycled).collect();
        let bare = PromptLengths::of(&bare);
        let shows_solutions = recycle.solution_share > 0.0;
        let recycled = PromptLengths {
            mean: bare.mean + (0.75 * recycle.solution_share * max_new_tokens as f64) as u64,
            longest: bare.longest + if shows_solutions { max_new_tokens } else { 0 },
        };
        let images: u64 = measured.iter().map(|found| found.images).sum();
        let bytes: u64 = measured.iter().map(|found| found.image_bytes).sum();
        Ok(Self {
            original,
            recycled,
            judged: bare.longest,
            image_tokens: all(&|found| found.image_tokens).into_iter().max().unwrap_or(0),
            image_bytes: bytes / images.max(1),
            rendered: measured.len(),
        })
    }
}

/// What one problem's prompts come to.
struct Measured {
    original: u64,
    /// A pair and a reflection.
    recycled: [u64; 2],
    images: u64,
    image_tokens: u64,
    image_bytes: u64,
}

impl Measured {
    fn new(processor: &Processor, problem: &Problem) -> Result<Self> {
        let own = processor.prompt(problem)?.input;
        let Problem { question, answer, .. } = problem;
        let length = |item: Item| -> Result<u64> {
            let recycled = item.problem(problem, problem.id.clone());
            Ok(processor.prompt(&recycled)?.input.ids.len() as u64)
        };
        let per_token = processor.image().map_or(1, |image| image.merge_size.pow(2));
        let sum = |count: &dyn Fn(&ImagePatches) -> usize| -> u64 {
            own.images.iter().map(|image| count(image) as u64).sum()
        };
        Ok(Self {
            original: own.ids.len() as u64,
            recycled: [
                length(Item::pairwise(question, [answer, answer], 0, 0))?,
                length(Item::reflection(question, answer, 0))?,
            ],
            images: own.images.len() as u64,
            image_tokens: sum(&|image| image.patches() / per_token),
            image_bytes: sum(&|image| image.pixels.len() * size_of::<f32>()),
        })
    }
}
