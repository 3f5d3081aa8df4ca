//! First line of a step: which problems the policy is asked, original and recycled ones.

use super::{
    step::{DrawnProblems, LeftOut, Step},
    training::Run,
};
use crate::{data::Problem, kernels::TrainBackend, processor::UnfitText, train::TrainConfig};

impl<B: TrainBackend> Run<B> {
    /// The next original problems and the recycled ones whose turn it is. These may take over places of original problems
    /// that have taught nothing lately.
    pub(super) fn draw_problems(&mut self, step: &Step) -> DrawnProblems {
        let TrainConfig { prompts_per_step, recycled_per_step, .. } = self.config.train;
        if self.config.recycle.same_step {
            let problems = self.draw_original(prompts_per_step);
            return DrawnProblems { problems, left_out: LeftOut::default() };
        }
        let places = self.state.recycler.places_of(prompts_per_step);
        let recycled = self.draw_recycled(step, recycled_per_step + places);
        let taken_over = recycled.problems.len().saturating_sub(recycled_per_step);
        let mut problems = self.draw_original(prompts_per_step - taken_over);
        problems.extend(recycled.problems);
        DrawnProblems { problems, ..recycled }
    }

    /// Recycled problems, `count` at most. Says on stderr, once in a process, that some are left out.
    pub(super) fn draw_recycled(&mut self, step: &Step, count: usize) -> DrawnProblems {
        let (mut problems, mut left_out) = (Vec::new(), LeftOut::default());
        for problem in self.state.recycler.take(count, step.number) {
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
