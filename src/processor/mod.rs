//! From a problem to what the model takes, and from sampled ids back to text.

use crate::model::ModelInput;

/// A problem as the model sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Prompt {
    /// The rendered chat template, images as single pads.
    pub text: String,
    pub input: ModelInput,
}
