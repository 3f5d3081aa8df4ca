//! [`StartingModel`]: what a run began with.

use std::sync::Arc;

use burn::tensor::backend::Backend;

use crate::model::Model;

/// The model that a run started from, until its scores are known.
pub struct StartingModel<B: Backend>(pub(super) Arc<Model<B>>);
