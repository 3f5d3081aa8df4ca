//! What an update holds: gradients, what the graph keeps of a micro-batch, the optimizer's step.

use super::{F32, Footprint, Workload, heaps::MomentDraft};
use crate::{
    model::{BlockShape, ImageShape, footprint::deepstack_layers},
    train::footprint::{
        MicroBatchSize, embedding_gradients, first_gradients, kept_activations, loss_matrices,
        optimizer_temporaries, scores,
    },
};

const SMALLER_BATCH: &str = "lower train.micro_batch_tokens";
const SHORTER_ROWS: &str = "lower train.max_new_tokens: a micro-batch is a single row already";
const SHORTER_PROMPTS: &str = "lower data.max_prompt_tokens";
const SMALLER_MODEL: &str = "take a smaller model (model.path)";

/// The largest micro-batch on its way through the model.
pub(super) struct UpdateMoments<'a> {
    workload: &'a Workload<'a>,
    micro: MicroBatchSize,
    block: BlockShape,
    /// Tokens of the longest row.
    row: u64,
}

impl<'a> UpdateMoments<'a> {
    pub(super) fn new(workload: &'a Workload<'a>) -> Self {
        let load = workload.update_load();
        let row = workload.prompts.original.longest.max(workload.prompts.recycled.longest) + load.new_tokens;
        let block = BlockShape::text(&workload.model.text, workload.machine.kernels, row);
        Self { workload, micro: load.largest_micro_batch(), block, row }
    }

    /// The moments that can be the largest, in the order in which they pass.
    pub(super) fn drafts(&self) -> Vec<MomentDraft> {
        let draft = |at, footprints| MomentDraft { at, side_by_side: false, footprints };
        let mut drafts = vec![
            draft("at the loss", self.loss()),
            draft("when the backward pass begins", self.backward_begins()),
            draft("when the backward pass ends", self.backward_ends()),
            draft("in the optimizer's step", self.optimizer()),
        ];
        if self.workload.recipe.reference {
            drafts.push(draft("while the reference reads the batch", self.reference()));
        }
        drafts
    }

    fn remedy(&self) -> &'static str {
        if self.micro.is_one_row { SHORTER_ROWS } else { SMALLER_BATCH }
    }

    /// Gradients of earlier micro-batches.
    fn accumulated(&self) -> Footprint {
        let several = self.micro.count > 1;
        let numbers = if several { self.workload.parameters.trainable } else { 0 };
        Footprint::numbers("gradients, accumulated", numbers, SMALLER_MODEL).in_blocks_of(self.largest())
    }

    /// Numbers in the largest tensor that learns.
    fn largest(&self) -> u64 {
        self.workload.parameters.largest
    }

    /// What the tower keeps, and what is added to the first decoder layers' outputs.
    fn vision(&self) -> u64 {
        let Workload { model, machine, prompts, .. } = self.workload;
        match (&model.vision, ImageShape::new(model, prompts.image_tokens as usize)) {
            (Some(vision), Some(image)) => {
                let added = self.micro.tokens * deepstack_layers(model) * model.text.hidden_size as u64;
                self.micro.prompts * image.kept(vision, machine.kernels) + added
            }
            _ => 0,
        }
    }

    fn scores(&self) -> u64 {
        scores(&self.workload.model.text, self.micro, self.workload.recipe.logits_chunk)
    }

    /// The scores of the heads that are at work, and their gradients.
    fn head_scores(&self) -> Footprint {
        let numbers = 2 * self.workload.machine.scores_at_once() * self.row * self.row;
        Footprint::numbers("scores of attention heads", numbers, SHORTER_PROMPTS)
    }

    /// Besides the gradients and activations that are there from the end of the forward pass on.
    fn with(&self, own: Footprint) -> Vec<Footprint> {
        let Workload { model, recipe, .. } = self.workload;
        let text = kept_activations(&model.text, &self.block, self.micro, recipe.activation_checkpointing);
        let widest = self.micro.tokens * self.block.widest();
        let host = self.workload.update_load().sequence_bytes();
        vec![
            self.accumulated(),
            Footprint::numbers("activations, text", text, self.remedy()).in_blocks_of(widest),
            Footprint::numbers("activations, vision", self.vision(), self.remedy()).in_blocks_of(widest),
            Footprint::host("token ids and positions", host, "lower train.prompts_per_step").in_blocks_of(0),
            own,
        ]
    }

    fn loss(&self) -> Vec<Footprint> {
        let Workload { machine, recipe, .. } = self.workload;
        let matrices = loss_matrices(machine.kernels, recipe.entropy_bonus) * self.scores();
        let own = Footprint::numbers("scores over the vocabulary", matrices, self.remedy());
        self.with(own.in_blocks_of(self.scores()))
    }

    /// The reference runs while the policy's graph and its scores are kept.
    fn reference(&self) -> Vec<Footprint> {
        let scores = self.scores();
        let layer = self.micro.tokens * self.block.forward();
        let own = scores + layer.max(self.workload.machine.kernels.logprob_matrices() * scores);
        let own = Footprint::numbers("scores, and the reference at work", own, self.remedy());
        self.with(own.in_blocks_of(scores.max(self.micro.tokens * self.block.widest())))
    }

    fn backward_begins(&self) -> Vec<Footprint> {
        let Workload { model, parameters, .. } = self.workload;
        let own = self.micro.tokens * self.block.backward();
        let own = Footprint::numbers("gradients of activations", own, self.remedy());
        let gradients = first_gradients(&model.text, *parameters);
        let gradients = Footprint::numbers("gradients, head and last layer", gradients, SMALLER_MODEL);
        let mut held = self.with(own.in_blocks_of(self.micro.tokens * self.block.widest()));
        held.push(gradients.in_blocks_of(self.largest()));
        held.push(self.head_scores().in_blocks_of(self.row * self.row));
        held
    }

    fn backward_ends(&self) -> Vec<Footprint> {
        let gradients = self.workload.parameters.trainable;
        let last = self.vision().max(embedding_gradients(&self.workload.model.text));
        vec![
            self.accumulated(),
            Footprint::numbers("gradients, micro-batch", gradients, SMALLER_MODEL)
                .in_blocks_of(self.largest()),
            Footprint::numbers("vision, or embedding gradients", last, self.remedy())
                .in_blocks_of(self.largest()),
        ]
    }

    /// Weights and moments are updated in place, or tensor by tensor.
    fn optimizer(&self) -> Vec<Footprint> {
        let Workload { machine, parameters, .. } = self.workload;
        let temporaries = optimizer_temporaries(machine.kernels, *parameters);
        vec![
            Footprint::numbers("gradients", parameters.trainable, SMALLER_MODEL).in_blocks_of(self.largest()),
            Footprint::numbers("the largest tensor's step", temporaries, SMALLER_MODEL)
                .in_blocks_of(self.largest()),
        ]
    }
}

/// What saving holds: every tensor passes through the host by itself, as values, in the file's type and as bytes.
pub(super) fn saving(workload: &Workload<'_>) -> MomentDraft {
    let copies = 3 * workload.parameters.largest * F32;
    let tensor = Footprint::host("a tensor on its way to the file", copies, SMALLER_MODEL);
    let footprints = vec![tensor.in_blocks_of(workload.parameters.largest)];
    MomentDraft { at: "while a checkpoint is written", side_by_side: false, footprints }
}
