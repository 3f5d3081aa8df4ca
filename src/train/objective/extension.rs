//! An objective from outside, as the trainer adds it: what it contributes to the loss is a metric, too.

use std::sync::Arc;

use burn::tensor::backend::Backend;

use super::door::{LossInput, LossTerm, NamedSum, Objective};
use crate::{metrics::names, train::tensors::scalar};

/// The objective, and `objective/NAME` beside what it measures itself.
pub(crate) struct Extension<B: Backend>(pub Arc<dyn Objective<B>>);

impl<B: Backend> Objective<B> for Extension<B> {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn term(&self, input: &LossInput<B>) -> LossTerm<B> {
        let LossTerm { loss, mut sums } = self.0.term(input);
        let metric = names::objective(self.0.name());
        if let Some(loss) = loss.clone().filter(|_| sums.iter().all(|sum| sum.name != metric)) {
            sums.push(NamedSum::total(metric, scalar(loss)));
        }
        LossTerm { loss, sums }
    }

    fn needs_entropy_gradient(&self) -> bool {
        self.0.needs_entropy_gradient()
    }

    fn learns_without_advantage(&self) -> bool {
        self.0.learns_without_advantage()
    }
}
