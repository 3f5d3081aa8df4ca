//! The door for samplers: prompts in, completions with log-probabilities out, or an error.

use anyhow::Result;
use burn::tensor::backend::Backend;

use super::{
    completion::Completion, continuations::Continuations, pending::PendingCompletions, request::Request,
};
use crate::model::Model;

/// A sampler: something that continues prompts.
///
/// A sampler within this process keeps the weights that it was given last; one elsewhere sends them there. Training
/// calls [`update_weights`](Self::update_weights) before the completions of a step, and
/// [`release_weights`](Self::release_weights) once it has them.
///
/// # Example
/// A sampler that says nothing: every completion is one stop token.
///
/// ```no_run
/// use anyhow::Result;
/// use burn::tensor::backend::Backend;
/// use spark::{
///     model::Model,
///     rollout::{Completion, FinishReason, Generate, Request},
/// };
///
/// struct Silent;
///
/// impl<B: Backend> Generate<B> for Silent {
///     fn generate(
///         &self,
///         requests: &[Request<'_>],
///         progress: &dyn Fn(usize),
///     ) -> Result<Vec<Vec<Completion>>> {
///         let stop = |request: &Request<'_>| Completion {
///             token_ids: request.stop_ids[..1].to_vec(),
///             logprobs: vec![0.0],
///             finish_reason: FinishReason::Stop,
///         };
///         progress(requests.len());
///         Ok(requests.iter().map(|request| vec![stop(request); request.completions()]).collect())
///     }
///
///     fn update_weights(&mut self, _policy: &Model<B>) -> Result<()> {
///         Ok(())
///     }
/// }
/// ```
pub trait Generate<B: Backend> {
    /// The completions of every request, in the order of the requests and of their streams. `progress` is told of
    /// requests that are done, by their number since it was last told.
    ///
    /// # Errors
    /// When there are no weights to sample from, or the sampler fails.
    fn generate(&self, requests: &[Request<'_>], progress: &dyn Fn(usize)) -> Result<Vec<Vec<Completion>>>;

    /// Begins to sample what [`generate`](Self::generate) would, beside other work of this process. `None` from a sampler that
    /// works within it.
    ///
    /// # Errors
    /// When there are no weights to sample from, or a request cannot be sent.
    fn begin(&self, _requests: &[Request<'_>]) -> Result<Option<PendingCompletions>> {
        Ok(None)
    }

    /// How likely given continuations are: the natural log-probability of the tokens of each that count, taken together,
    /// in the order of the prompts and of their continuations. Nothing is sampled. `None` from a sampler that cannot
    /// tell.
    ///
    /// # Errors
    /// When there are no weights, or the sampler fails.
    fn logprobs(&self, _asked: &[Continuations<'_>]) -> Result<Option<Vec<Vec<f64>>>> {
        Ok(None)
    }

    /// Samples from this policy from now on.
    ///
    /// # Errors
    /// When the weights cannot be handed over.
    fn update_weights(&mut self, policy: &Model<B>) -> Result<()>;

    /// Nothing is sampled before the next [`update_weights`](Self::update_weights): weights and caches may go, so that
    /// an update has the memory, and changes the weights in place where nobody else holds them.
    ///
    /// # Errors
    /// When the sampler fails.
    fn release_weights(&mut self) -> Result<()> {
        Ok(())
    }
}
