//! What the model takes: token ids and image patches, on the host.

use std::sync::Arc;

/// One image, cut into patches and normalised.
#[derive(Debug, Clone, PartialEq)]
pub struct ImagePatches {
    /// Patches along time, height and width, before the merger.
    pub grid_thw: [usize; 3],
    /// `[t * h * w, channels * temporal_patch * patch * patch]`, row-major. Patches of one merge
    /// block (`merge × merge`) follow one another, blocks in raster order.
    pub pixels: Vec<f32>,
}

impl ImagePatches {
    /// Patches in the image.
    pub fn patches(&self) -> usize {
        self.grid_thw.iter().product()
    }
}

/// A tokenized prompt: every image appears as one run of image-pad ids, as long as the image has
/// features after the merger.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ModelInput {
    pub ids: Vec<u32>,
    pub images: Vec<Arc<ImagePatches>>,
}
