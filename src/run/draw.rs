//! First line of a step: which problems the policy is asked, original and recycled ones.

use super::{
    step::{DrawnProblems, Step},
    training::Run,
};
use crate::{data::Problem, kernels::TrainBackend};

impl<B: TrainBackend> Run<B> {
    /// The next original problems and the recycled ones whose turn it is.
    pub(super) fn draw_problems(&mut self, step: &Step) -> DrawnProblems {
        let mut problems = self.draw_original(self.config.train.prompts_per_step);
        let taken = self.state.recycler.take(self.config.train.recycled_per_step, step.number);
        let count = taken.len();
        let usable: Vec<Problem> =
            taken.into_iter().filter(|problem| self.processor.prompt(problem).is_ok()).collect();
        let unrenderable = count - usable.len();
        problems.extend(usable);
        DrawnProblems { problems, unrenderable }
    }

    /// The next original problems.
    pub(super) fn draw_original(&mut self, count: usize) -> Vec<Problem> {
        self.state.problems.next(count, &self.train, self.config.data.curriculum)
    }
}
