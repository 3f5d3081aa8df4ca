//! Sequences of different length side by side: padding, positions, and where image features go.
//! Host data only.

use std::sync::Arc;

use super::{
    config::ModelConfig,
    input::{ImagePatches, ModelInput},
    rope::{Position, prompt_positions},
};

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
}

/// Where a short row is filled up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Padding {
    /// All rows end together: for decoding.
    Left,
    /// All rows start together: for training.
    Right,
}

/// Rows of one length.
///
/// ```text
/// rows 5 6 7 and 8, padded on the right:   ids 5 6 7 | 8 0 0
/// rows 5 6 7 and 8, padded on the left:    ids 5 6 7 | 0 0 8
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
    /// Every image once, however many rows show it.
    pub images: Vec<Arc<ImagePatches>>,
    /// For each token `[rows · length]`: its row in `images`' features, where it is an image token.
    pub features: Vec<Option<usize>>,
}

impl PaddedBatch {
    /// Pads the sequences to the longest.
    pub fn new(sequences: &[Sequence], padding: Padding, config: &ModelConfig) -> Self {
        let length = sequences.iter().map(Sequence::length).max().unwrap_or(0);
        let mut batch = Self {
            length,
            ids: vec![0; sequences.len() * length],
            positions: vec![vec![[0; 3]; length]; sequences.len()],
            starts: Vec::with_capacity(sequences.len()),
            images: Vec::new(),
            features: vec![None; sequences.len() * length],
        };
        let mut first_features = Vec::new();
        for (row, sequence) in sequences.iter().enumerate() {
            let start = match padding {
                Padding::Left => length - sequence.length(),
                Padding::Right => 0,
            };
            batch.starts.push(start);
            batch.ids[row * length + start..][..sequence.length()].copy_from_slice(&sequence.ids);
            batch.positions[row][start..][..sequence.length()].copy_from_slice(&sequence.positions);
            batch.place_features(row * length + start, sequence, &mut first_features, config);
        }
        batch
    }

    /// Rows in the batch.
    pub fn rows(&self) -> usize {
        self.starts.len()
    }

    fn place_features(
        &mut self,
        start: usize,
        sequence: &Sequence,
        first_features: &mut Vec<usize>,
        config: &ModelConfig,
    ) {
        let mut features = sequence
            .images
            .iter()
            .map(|image| self.image_features(image, first_features, config))
            .collect::<Vec<_>>()
            .into_iter()
            .flatten();
        for (offset, &id) in sequence.ids[..sequence.prompt_length].iter().enumerate() {
            if Some(id) == config.image_token_id {
                self.features[start + offset] = features.next();
            }
        }
    }

    /// The feature rows of an image, which is added unless it is there already.
    fn image_features(
        &mut self,
        image: &Arc<ImagePatches>,
        first_features: &mut Vec<usize>,
        config: &ModelConfig,
    ) -> std::ops::Range<usize> {
        let merge = config.vision.as_ref().map_or(1, |vision| vision.spatial_merge_size);
        let cells = |image: &ImagePatches| image.patches() / (merge * merge);
        let known = self.images.iter().position(|known| Arc::ptr_eq(known, image));
        let index = known.unwrap_or_else(|| {
            let first = self.images.iter().map(|image| cells(image)).sum();
            first_features.push(first);
            self.images.push(image.clone());
            self.images.len() - 1
        });
        first_features[index]..first_features[index] + cells(image)
    }
}
