//! What an update holds: gradients, what the graph keeps of a micro-batch, the optimizer's step.

use super::{
    Item, KernelForm, Moment, Parameters, Sizes, Workload,
    activations::{Block, vision_kept},
    sampling::heaps,
    standing,
};

const SMALLER_BATCH: &str = "lower train.micro_batch_tokens";
const SHORTER_ROWS: &str = "lower train.max_new_tokens: a micro-batch is a single row already";
const SMALLER_MODEL: &str = "take a smaller model (model.path)";

/// The moments that can be the largest, in the order in which they pass.
pub fn moments(workload: &Workload<'_>, sizes: &Sizes) -> Vec<Moment> {
    let parts = Parts::new(workload, sizes);
    let moment = |at, own: Vec<Item>| {
        let mut items = standing(workload, sizes);
        items.push(heaps(workload, sizes));
        items.extend(own);
        Moment::new(at, workload.kernels, items)
    };
    let mut moments = vec![
        moment("at the loss", parts.loss()),
        moment("when the backward pass begins", parts.backward_begins()),
        moment("when the backward pass ends", parts.backward_ends()),
        moment("in the optimizer's step", parts.optimizer()),
    ];
    if workload.train.kl.coefficient > 0.0 {
        moments.push(moment("while the reference reads the batch", parts.reference()));
    }
    moments
}

/// The sizes of what is held, in numbers.
struct Parts {
    parameters: Parameters,
    kernels: KernelForm,
    /// Gradients of earlier micro-batches.
    accumulated: u64,
    /// Kept by the graph of the language model.
    text: u64,
    /// Kept by the graph of the vision tower.
    vision: u64,
    /// Scores over the vocabulary of all completion tokens.
    scores: u64,
    /// Whether the loss has a bonus on entropy.
    entropy: bool,
    /// Beyond what is kept, as the last layer goes backward.
    last_layer: u64,
    /// Beyond nothing kept, as a layer of the reference goes forward.
    reference_layer: u64,
    /// Gradients of the head and of the last layer.
    first_gradients: u64,
    embedding: u64,
    tied: bool,
    remedy: &'static str,
}

impl Parts {
    fn new(workload: &Workload<'_>, sizes: &Sizes) -> Self {
        let Workload { model, parameters, kernels, .. } = workload;
        let text = &model.text;
        let block = Block::text(text, *kernels, sizes.sequence);
        let (tokens, targets) = (sizes.micro_tokens(), sizes.micro_targets());
        let hidden = text.hidden_size as u64;
        let embedding = text.vocab_size as u64 * hidden;
        let layer_weights = hidden * text.intermediate_size as u64 * 3;
        let layers = text.num_hidden_layers as u64;
        let kept_layers = match workload.train.activation_checkpointing {
            true => layers * hidden + block.kept(),
            false => layers * block.kept(),
        };
        let scored = match workload.train.logits_chunk as u64 {
            0 => targets,
            chunk => targets.min(chunk),
        };
        Self {
            parameters: *parameters,
            kernels: *kernels,
            accumulated: if sizes.micro_batches > 1 { parameters.trainable } else { 0 },
            text: tokens * (kept_layers + hidden) + targets * hidden,
            vision: match (&model.vision, &sizes.image) {
                (Some(vision), Some(image)) => sizes.micro_prompts * vision_kept(vision, *kernels, image),
                _ => 0,
            },
            scores: scored * text.vocab_size as u64,
            entropy: workload.train.entropy_coefficient > 0.0,
            last_layer: tokens * block.backward(),
            reference_layer: tokens * block.forward(),
            first_gradients: (embedding + layer_weights).min(parameters.trainable),
            embedding,
            tied: text.tie_word_embeddings,
            remedy: if sizes.micro_rows > 1 { SMALLER_BATCH } else { SHORTER_ROWS },
        }
    }

    fn kept(&self) -> Vec<Item> {
        vec![
            Item::device("gradients, accumulated", self.accumulated, SMALLER_MODEL),
            Item::device("activations, text", self.text, self.remedy),
            Item::device("activations, vision", self.vision, self.remedy),
        ]
    }

    fn with(&self, own: Item) -> Vec<Item> {
        self.kept().into_iter().chain([own]).collect()
    }

    /// Scores and their gradient; the generic form: shifted scores, their logarithms, probabilities and
    /// the terms of the entropy. A bonus on entropy keeps the generic form's besides.
    fn loss(&self) -> Vec<Item> {
        let bonus = if self.entropy { 4 } else { 0 };
        let matrices = bonus
            + match self.kernels {
                KernelForm::HandWritten => 2,
                KernelForm::Generic => 4,
            };
        self.with(Item::device("scores over the vocabulary", matrices * self.scores, self.remedy))
    }

    /// The reference runs while the policy's graph and its scores are kept.
    fn reference(&self) -> Vec<Item> {
        let matrices = match self.kernels {
            KernelForm::HandWritten => 1,
            KernelForm::Generic => 4,
        };
        let own = self.scores + self.reference_layer.max(matrices * self.scores);
        self.with(Item::device("scores, and the reference at work", own, self.remedy))
    }

    fn backward_begins(&self) -> Vec<Item> {
        let mut items = self.with(Item::device("gradients of activations", self.last_layer, self.remedy));
        items.push(Item::device("gradients, head and last layer", self.first_gradients, SMALLER_MODEL));
        items
    }

    /// The embedding's gradient is built beside zeros of its size, and added to the head's where the two
    /// are one.
    fn backward_ends(&self) -> Vec<Item> {
        let scattered = self.embedding * if self.tied { 2 } else { 1 };
        vec![
            Item::device("gradients, accumulated", self.accumulated, SMALLER_MODEL),
            Item::device("gradients, micro-batch", self.parameters.trainable, SMALLER_MODEL),
            Item::device("vision, or embedding gradients", self.vision.max(scattered), self.remedy),
        ]
    }

    /// The old weights are held until the new ones are all there; gradients go as these come. Of the
    /// largest tensor, numerator, denominator and scaled gradient.
    fn optimizer(&self) -> Vec<Item> {
        let Parameters { trainable, largest, .. } = self.parameters;
        vec![
            Item::device("gradients, then new weights", trainable, SMALLER_MODEL),
            Item::device("the largest tensor's step", 3 * largest, SMALLER_MODEL),
        ]
    }
}
