//! One batch from its first prompt to its last token.

use super::{
    batch::Batch,
    row::DecodingRow,
    scheduler::{Changes, Scheduler},
};
use crate::{interrupt::Interrupt, kernels::Kernels, model::Model, rollout::request::Request};

/// What goes through the model next.
enum ScheduledPass {
    /// The prompts of these requests.
    Prefill(Vec<usize>),
    /// The newest token of every row.
    Decode,
}

/// Decodes one batch; requests come from a queue that it may share with other workers.
pub(super) struct Worker<'a, B: Kernels> {
    model: &'a Model<B>,
    requests: &'a [Request<'a>],
    scheduler: Scheduler<'a>,
    batch: Batch<B>,
    /// Whether prompts were run last: every row is then decoded before anything else changes.
    has_prefilled: bool,
}

impl<'a, B: Kernels> Worker<'a, B> {
    pub(super) fn new(model: &'a Model<B>, requests: &'a [Request<'a>], scheduler: Scheduler<'a>) -> Self {
        Self { model, requests, scheduler, batch: Batch::new(), has_prefilled: false }
    }

    /// Decodes until no request waits and no row is left, or somebody asks to stop. `finished` gets the rows in the
    /// order in which they leave.
    pub(super) fn work(mut self, interrupt: &Interrupt, finished: &mut dyn FnMut(DecodingRow)) {
        while !interrupt.asked()
            && let Some(pass) = self.schedule(finished)
        {
            match pass {
                ScheduledPass::Prefill(admitted) => {
                    let admitted: Vec<_> = admitted.iter().map(|&at| (at, &self.requests[at])).collect();
                    self.batch.prefill(self.model, &admitted);
                }
                ScheduledPass::Decode => self.batch.decode(self.model),
            }
        }
    }

    fn schedule(&mut self, finished: &mut dyn FnMut(DecodingRow)) -> Option<ScheduledPass> {
        if std::mem::take(&mut self.has_prefilled) {
            return Some(ScheduledPass::Decode);
        }
        let Changes { retire, admit } = self.scheduler.next(self.batch.occupancy());
        if retire {
            self.batch.retire(self.model).into_iter().for_each(finished);
        }
        self.has_prefilled = !admit.is_empty();
        match self.has_prefilled {
            true => Some(ScheduledPass::Prefill(admit)),
            false => (self.batch.occupancy().rows > 0).then_some(ScheduledPass::Decode),
        }
    }
}
