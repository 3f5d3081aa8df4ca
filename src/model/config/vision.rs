//! The shape of a vision tower, and how the fields that all towers have are read. What only one family's tower has is
//! set by that family.

use anyhow::Result;
use serde::Deserialize;
use serde_json::Value;

use super::{check::check_sizes, shape::TextConfig};
use crate::{error::input_error, model::rope::VISION_ROPE_THETA};

/// The vision tower's shape.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct VisionConfig {
    pub depth: usize,
    pub hidden_size: usize,
    pub intermediate_size: usize,
    pub num_heads: usize,
    #[serde(skip)]
    pub in_channels: usize,
    pub out_hidden_size: usize,
    pub patch_size: usize,
    pub spatial_merge_size: usize,
    pub temporal_patch_size: usize,
    /// Whether blocks have what a decoder's layers have, RMSNorm and a gated feed-forward network; otherwise they have
    /// LayerNorm, and GELU between two linear maps.
    #[serde(skip)]
    pub gated: bool,
    /// Attention within windows; `None` where every block attends over the whole image.
    #[serde(skip)]
    pub windows: Option<VisionWindows>,
    /// Entries of the square grid of learned position embeddings, in a tower that has one.
    #[serde(skip)]
    pub num_position_embeddings: Option<usize>,
    /// Blocks whose outputs reach the first decoder layers directly (DeepStack, arXiv 2406.04334), each by the merger
    /// that stands at its place in this list.
    #[serde(skip)]
    pub deepstack_visual_indexes: Vec<usize>,
}

/// How attention within windows is laid out.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct VisionWindows {
    /// Side of a window, in pixels.
    pub window_size: usize,
    /// Blocks that attend over the whole image; the others stay within their window.
    pub fullatt_block_indexes: Vec<usize>,
}

impl VisionConfig {
    /// Reads what all towers have. The family sets the rest.
    ///
    /// # Errors
    /// When a field is missing, of another type or out of bounds.
    pub(in crate::model) fn read(value: &Value) -> Result<Self> {
        if let Some(theta) =
            value["rope_parameters"]["rope_theta"].as_f64().filter(|theta| *theta != VISION_ROPE_THETA)
        {
            return Err(input_error(format!(
                "vision_config.rope_parameters.rope_theta {theta} is not supported; expected {VISION_ROPE_THETA}"
            )));
        }
        let mut vision: Self = serde_json::from_value(value.clone())
            .map_err(|error| input_error(format!("vision_config: {error}")))?;
        // Some released files say `in_chans`, some say both.
        let channels = ["in_channels", "in_chans"].into_iter().find_map(|key| value[key].as_u64());
        vision.in_channels = channels.unwrap_or(3) as usize;
        let sizes = [
            ("hidden_size", vision.hidden_size),
            ("intermediate_size", vision.intermediate_size),
            ("num_heads", vision.num_heads),
            ("in_channels", vision.in_channels),
            ("out_hidden_size", vision.out_hidden_size),
            ("patch_size", vision.patch_size),
            ("spatial_merge_size", vision.spatial_merge_size),
            ("temporal_patch_size", vision.temporal_patch_size),
        ];
        check_sizes("vision_config.", ("depth", vision.depth), &sizes)?;
        if !vision.hidden_size.is_multiple_of(vision.num_heads * 4) {
            return Err(input_error(format!(
                "vision_config: hidden_size {} must be a multiple of 4 x num_heads {}",
                vision.hidden_size, vision.num_heads
            )));
        }
        Ok(vision)
    }

    /// Refuses a tower whose features are not as wide as the language model.
    ///
    /// # Errors
    /// Names both widths.
    pub(in crate::model) fn check_width(&self, text: &TextConfig) -> Result<()> {
        match self.out_hidden_size == text.hidden_size {
            true => Ok(()),
            false => Err(input_error(format!(
                "vision_config.out_hidden_size {} must be the language model's hidden_size {}",
                self.out_hidden_size, text.hidden_size
            ))),
        }
    }

    /// Values in one flattened patch.
    pub fn patch_dim(&self) -> usize {
        self.in_channels * self.temporal_patch_size * self.patch_size * self.patch_size
    }

    /// Side of an attention window, in merged cells; `None` without windows.
    pub fn window_cells(&self) -> Option<usize> {
        self.windows.as_ref().map(|windows| windows.window_size / self.patch_size / self.spatial_merge_size)
    }

    /// Whether a block attends over the whole image.
    pub fn attends_over_image(&self, block: usize) -> bool {
        self.windows.as_ref().is_none_or(|windows| windows.fullatt_block_indexes.contains(&block))
    }
}
