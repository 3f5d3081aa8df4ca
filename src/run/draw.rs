//! First line of a step: which problems the policy is asked, original and recycled ones.

use super::{
    step::{DrawnProblems, LeftOut, Step},
    training::Run,
};
use crate::{data::Problem, kernels::TrainBackend, processor::UnfitText};

impl<B: TrainBackend> Run<B> {
    /// The next original problems and the recycled ones whose turn it is. Says on stderr, once in a process, that some
    /// of these are left out.
    pub(super) fn draw_problems(&mut self, step: &Step) -> DrawnProblems {
        let mut problems = self.draw_original(self.config.train.prompts_per_step);
        let mut left_out = LeftOut::default();
        for problem in self.state.recycler.take(self.config.train.recycled_per_step, step.number) {
            let Err(error) = self.processor.prompt(&problem) else {
                problems.push(problem);
                continue;
            };
            if !self.has_left_out && self.peers.writes() {
                say!(
                    "step {}: recycled problems are left out that no prompt can hold, and counted as recycled/too_long and recycled/unrenderable; the first: {error:#}",
                    step.number
                );
            }
            self.has_left_out = true;
            match error.downcast_ref() {
                Some(UnfitText::Long { .. }) => left_out.too_long += 1,
                _ => left_out.unrenderable += 1,
            }
        }
        DrawnProblems { problems, left_out }
    }

    /// The next original problems.
    pub(super) fn draw_original(&mut self, count: usize) -> Vec<Problem> {
        self.state.problems.next(count, &self.train, self.config.data.curriculum)
    }
}
