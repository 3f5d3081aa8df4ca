//! The sizes of a recipe's data: read from its files, or assumed where there are none.

use std::{collections::HashSet, path::Path};

use anyhow::Result;

use super::{ProcessBase, PromptSizes};
use crate::{
    config::RunConfig,
    data::{DataFiles, ImageRef, Problem, ReadOptions, footprint::problem_bytes, sampled_problems},
    model::{ImageShape, ModelConfig},
    processor::{
        Processor,
        footprint::{cached_image_bytes, tokenizer_bytes},
    },
};

/// What a plan knows of a recipe's data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataSizes {
    pub prompts: PromptSizes,
    pub base: ProcessBase,
    /// Held-out problems, where they are known.
    pub test_problems: Option<usize>,
    /// Where the lengths come from, for people to read.
    pub basis: String,
}

impl DataSizes {
    /// Reads the recipe's problems, train and test, and renders a sample of the former. `images` is the number of
    /// images in the data, where somebody knows better than the files.
    ///
    /// # Errors
    /// Input errors that name file and row.
    pub fn read(config: &RunConfig, processor: &Processor, images: Option<u64>) -> Result<Self> {
        let [train, test] = [&config.data.train, &config.data.test];
        let read = |files: &DataFiles, most: Option<usize>, without_answer: bool| {
            let reading = |path: &Path| ReadOptions { without_answer, ..config.data.reading(path) };
            sampled_problems(files, most, reading)
        };
        let problems = read(train, config.data.max_problems, config.verify.without_answer.admits())?;
        let held_out = if test.exist() { read(test, None, false)? } else { Vec::new() };
        let new_tokens = config.train.sampling.max_new_tokens as u64;
        let asked = (&config.recycle, config.judge.prompts());
        let prompts = PromptSizes::measured(processor, &problems, asked, new_tokens, config.data.bad_rows)?;
        let different: HashSet<ImageRef> =
            problems.iter().chain(&held_out).flat_map(Problem::all_images).cloned().collect();
        let images = images.unwrap_or(different.len() as u64);
        Ok(Self {
            base: ProcessBase {
                process: 0,
                tokenizer: tokenizer_bytes(&config.model.path),
                problems: train.iter().chain(test.iter()).map(|file| problem_bytes(&file.path)).sum(),
                images: cached_image_bytes(images, prompts.image_bytes),
            },
            test_problems: (!held_out.is_empty()).then_some(held_out.len()),
            basis: format!(
                "{} problems of {}, rendered; recycled ones show the question again with their references as answers, \
                 whole solutions half as long as they may be",
                prompts.rendered,
                train.display()
            ),
            prompts,
        })
    }

    /// Prompts of `text` tokens and one image of `image` tokens, `why` the data was not read. A run is taken to keep as
    /// many images as it can, unless their number is given.
    pub fn assumed(
        model: &ModelConfig,
        directory: &Path,
        [text, image]: [u64; 2],
        images: Option<u64>,
        why: &str,
    ) -> Self {
        let image_bytes =
            ImageShape::new(model, image as usize).map_or(0, |image| image.pixels * size_of::<f32>() as u64);
        let images = images.unwrap_or(if image_bytes > 0 { u64::MAX } else { 0 });
        Self {
            prompts: PromptSizes::assumed(text, image, image_bytes),
            base: ProcessBase {
                process: 0,
                tokenizer: tokenizer_bytes(directory),
                problems: 0,
                images: cached_image_bytes(images, image_bytes),
            },
            test_problems: None,
            basis: why.to_owned(),
        }
    }
}
