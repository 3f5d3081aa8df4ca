//! A whole model's shape.

use super::{shape::TextConfig, vision::VisionConfig};
use crate::model::family::Family;

/// A whole model's shape.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelConfig {
    /// Which kind of network the shape is for.
    pub family: Family,
    pub text: TextConfig,
    pub vision: Option<VisionConfig>,
    /// The id that stands for one image feature in a prompt.
    pub image_token_id: Option<u32>,
}

impl ModelConfig {
    /// The shape of a model that reads text only.
    pub(in crate::model) fn text_only(family: Family, text: TextConfig) -> Self {
        Self { family, text, vision: None, image_token_id: None }
    }
}
