//! Sequences of different length in one batch: laid end to end for training, padded for decoding; positions,
//! and where image features go. Host data only.

use std::sync::Arc;

use super::{
    config::ModelConfig,
    input::{ImagePatches, ModelInput},
    positions::prompt_positions,
    rope::Position,
};
use crate::kernels::Tree;

/// A prompt and what follows it, with a position for every token.
#[derive(Debug, Clone)]
pub struct Sequence {
    pub ids: Vec<u32>,
    pub positions: Vec<Position>,
    pub images: Vec<Arc<ImagePatches>>,
    /// Tokens of the prompt; the rest is the completion.
    pub prompt_length: usize,
}

impl Sequence {
    /// The prompt followed by `completion` (empty for a prompt alone).
    pub fn new(prompt: &ModelInput, completion: &[u32], config: &ModelConfig) -> Self {
        let (mut positions, next) = prompt_positions(prompt, config);
        positions.extend((0..completion.len() as u32).map(|offset| [next + offset; 3]));
        Self {
            ids: [prompt.ids.as_slice(), completion].concat(),
            positions,
            images: prompt.images.clone(),
            prompt_length: prompt.ids.len(),
        }
    }

    /// Tokens in all.
    pub fn length(&self) -> usize {
        self.ids.len()
    }

    /// The tokens after the prompt.
    pub fn completion(&self) -> &[u32] {
        &self.ids[self.prompt_length..]
    }

    /// Whether both follow the same prompt with the same images.
    pub fn shares_prompt(&self, other: &Self) -> bool {
        self.ids[..self.prompt_length] == other.ids[..other.prompt_length]
            && self.images.len() == other.images.len()
            && self.images.iter().zip(&other.images).all(|(own, other)| Arc::ptr_eq(own, other))
    }
}

/// The images of a batch, and which tokens their features stand for.
#[derive(Debug, Clone, Default)]
pub struct BatchImages {
    /// Every image once, however often it is shown.
    pub images: Vec<Arc<ImagePatches>>,
    /// The row of each image's first feature.
    first_features: Vec<usize>,
    /// The row of each token's feature among all features; `None` for what is no image token.
    pub features: Vec<Option<usize>>,
}

impl BatchImages {
    fn new(tokens: usize) -> Self {
        Self { features: vec![None; tokens], ..Self::default() }
    }

    /// Places the features of a prompt that begins at token `start` of the batch.
    fn place(&mut self, start: usize, sequence: &Sequence, config: &ModelConfig) {
        let features: Vec<_> =
            sequence.images.iter().map(|image| self.image_features(image, config)).collect();
        let mut features = features.into_iter().flatten();
        for (offset, &id) in sequence.ids[..sequence.prompt_length].iter().enumerate() {
            if Some(id) == config.image_token_id {
                self.features[start + offset] = features.next();
            }
        }
    }

    /// The feature rows of an image, which is added unless it is there already.
    fn image_features(&mut self, image: &Arc<ImagePatches>, config: &ModelConfig) -> std::ops::Range<usize> {
        let merge = config.vision.as_ref().map_or(1, |vision| vision.spatial_merge_size);
        let cells = |image: &ImagePatches| image.patches() / (merge * merge);
        let known = self.images.iter().position(|known| Arc::ptr_eq(known, image));
        let index = known.unwrap_or_else(|| {
            let first = self.images.iter().map(|image| cells(image)).sum();
            self.first_features.push(first);
            self.images.push(image.clone());
            self.images.len() - 1
        });
        self.first_features[index]..self.first_features[index] + cells(image)
    }
}

/// Rows of one length that end together, for decoding.
///
/// ```text
/// rows 5 6 7 and 8:   ids 5 6 7 | 0 0 8
/// ```
#[derive(Debug, Clone)]
pub struct PaddedBatch {
    /// Tokens per row, padding included.
    pub length: usize,
    /// Row-major `[rows, length]`; padding is id 0.
    pub ids: Vec<u32>,
    /// Per row and token; padding stands at 0.
    pub positions: Vec<Vec<Position>>,
    /// First real token of each row.
    pub starts: Vec<usize>,
    pub images: BatchImages,
}

impl PaddedBatch {
    /// Pads the sequences on the left to the longest.
    pub fn new(sequences: &[Sequence], config: &ModelConfig) -> Self {
        let length = sequences.iter().map(Sequence::length).max().unwrap_or(0);
        let mut batch = Self {
            length,
            ids: vec![0; sequences.len() * length],
            positions: vec![vec![[0; 3]; length]; sequences.len()],
            starts: Vec::with_capacity(sequences.len()),
            images: BatchImages::new(sequences.len() * length),
        };
        for (row, sequence) in sequences.iter().enumerate() {
            let start = length - sequence.length();
            batch.starts.push(start);
            batch.ids[row * length + start..][..sequence.length()].copy_from_slice(&sequence.ids);
            batch.positions[row][start..][..sequence.length()].copy_from_slice(&sequence.positions);
            batch.images.place(row * length + start, sequence, config);
        }
        batch
    }

    /// Rows in the batch.
    pub fn rows(&self) -> usize {
        self.starts.len()
    }
}

/// Sequences laid end to end without padding. Neighbours with the same prompt share its tokens: the prompt
/// is a trunk, and each completion a branch.
///
/// ```text
/// 5 6 then 7 8, 5 6 then 9, and 4 then 3:    ids         5 6 | 7 8 | 9   4 3
///                                            positions   0 1   2 3   2   0 1
///                                            predictors    1   2     1   5      hidden state i predicts
///                                            targets       7   8     9   3      the token after it
/// ```
#[derive(Debug, Clone, Default)]
pub struct PackedBatch {
    pub ids: Vec<u32>,
    pub positions: Vec<Position>,
    pub trees: Vec<Tree>,
    pub images: BatchImages,
    /// The index of the hidden state that predicts each completion token, in the sequences' order.
    pub predictors: Vec<usize>,
    /// Every completion token.
    pub targets: Vec<u32>,
}

impl PackedBatch {
    /// Lays the sequences out.
    pub fn new(sequences: &[Sequence], config: &ModelConfig) -> Self {
        let mut batch = Self::default();
        for sequences in sequences.chunk_by(Sequence::shares_prompt) {
            batch.push_tree(sequences, config);
        }
        batch
    }

    /// Lays out sequences that share one prompt. A sequence that shares its prompt with no other is a trunk as a
    /// whole.
    fn push_tree(&mut self, sequences: &[Sequence], config: &ModelConfig) {
        let first = &sequences[0];
        let (start, prompt) = (self.ids.len(), first.prompt_length);
        let trunk = if sequences.len() == 1 { first.length() } else { prompt };
        self.push_tokens(first, 0..trunk);
        self.images.features.resize(self.ids.len(), None);
        self.images.place(start, first, config);
        let branched = if sequences.len() == 1 { &[] } else { sequences };
        let (last, mut next) = (start + prompt - 1, start + prompt);
        for sequence in sequences {
            let completion = sequence.completion();
            self.targets.extend_from_slice(completion);
            let predictors = std::iter::once(last).chain(next..);
            self.predictors.extend(predictors.take(completion.len()));
            next += completion.len();
        }
        branched.iter().for_each(|sequence| self.push_tokens(sequence, prompt..sequence.length()));
        self.images.features.resize(self.ids.len(), None);
        let branches = branched.iter().map(|sequence| sequence.completion().len());
        self.trees.push(Tree { trunk, branches: branches.filter(|&length| length > 0).collect() });
    }

    fn push_tokens(&mut self, sequence: &Sequence, tokens: std::ops::Range<usize>) {
        self.ids.extend_from_slice(&sequence.ids[tokens.clone()]);
        self.positions.extend_from_slice(&sequence.positions[tokens]);
    }
}
