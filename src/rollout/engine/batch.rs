//! Rows that are decoded together, and their cache, in which they all end at the same entry.

use std::sync::Arc;

use burn::tensor::Tensor;

use super::{
    row::DecodingRow,
    scheduler::Occupancy,
    state::{DecodingState, most_tokens_left},
};
use crate::{
    kernels::{DrawnTokens, Kernels, RotaryTable, RowDraw},
    metrics::{Part, timed, timed_on},
    model::{KvCache, Model, Sequence, index_tensor},
    rollout::{footprint::prefill_blocks, request::Request},
};

/// A request with the number that its rows go by.
pub(super) type NumberedRequest<'a> = (usize, &'a Request<'a>);

/// Rows with a cache.
pub(super) struct Batch<B: Kernels> {
    rows: Vec<DecodingRow>,
    /// `None` without rows.
    cache: Option<KvCache<B>>,
    /// `None` where the rows have changed since it was made.
    state: Option<DecodingState<B>>,
    /// The rotation that the last state had.
    rotary: Option<RotaryTable<B>>,
}

impl<B: Kernels> Batch<B> {
    /// A batch without rows.
    pub(super) fn new() -> Self {
        Self { rows: Vec::new(), cache: None, state: None, rotary: None }
    }

    /// Its rows, finished ones among them until they are retired.
    pub(super) fn rows_mut(&mut self) -> &mut [DecodingRow] {
        &mut self.rows
    }

    /// How full it is.
    pub(super) fn occupancy(&self) -> Occupancy {
        let unfinished = self.rows.iter().filter(|row| !row.is_finished).count();
        Occupancy { rows: self.rows.len(), unfinished }
    }

    /// Runs the prompts of these requests, adds a row for each of their completions and draws its first token. A few
    /// prompts go through the model at once, so that memory does not grow with their number.
    pub(super) fn prefill(&mut self, model: &Model<B>, admitted: &[NumberedRequest<'_>]) {
        let lengths = admitted.iter().map(|(_, request)| request.prompt.ids.len());
        for block in prefill_blocks(lengths) {
            self.prefill_block(model, &admitted[block]);
        }
    }

    fn prefill_block(&mut self, model: &Model<B>, admitted: &[NumberedRequest<'_>]) {
        let sequence = |(_, of): &NumberedRequest<'_>| Sequence::new(of.prompt, &[], &model.config);
        let prompts: Vec<Sequence> = admitted.iter().map(sequence).collect();
        let device = model.device();
        let (scores, cache, starts) = timed_on::<B, _>(Part::Prefill, &device, || {
            let (hidden, cache, batch) = model.prefill(&prompts);
            (model.logits(hidden), cache, batch.starts)
        });
        let (mut rows, mut sources) = (Vec::new(), Vec::new());
        for (place, &(request, of)) in admitted.iter().enumerate() {
            let stop_ids: Arc<[u32]> = of.stop_ids.into();
            for sample in 0..of.completions() {
                sources.push(place);
                rows.push(DecodingRow::new(
                    (request, sample),
                    (of, stop_ids.clone()),
                    &prompts[place].positions,
                    starts[place],
                ));
            }
        }
        let cache = cache.select_rows(index_tensor(&sources, &device), 0);
        let drawn = timed_on::<B, _>(Part::Draw, &device, || draw(&mut rows, scores, &sources));
        take(&mut rows, &[drawn]);
        self.join(rows, cache);
    }

    /// Adds rows behind those that are there.
    fn join(&mut self, mut rows: Vec<DecodingRow>, cache: KvCache<B>) {
        self.forget_state();
        let Some(old) = self.cache.take() else {
            (self.rows, self.cache) = (rows, Some(cache));
            return;
        };
        let length = old.length().max(cache.length());
        self.rows.iter_mut().for_each(|row| row.start += length - old.length());
        rows.iter_mut().for_each(|row| row.start += length - cache.length());
        self.rows.append(&mut rows);
        self.cache = Some(old.joined(cache));
    }

    /// Runs every row's newest token and draws the next one, for as many tokens as come back to the host together.
    ///
    /// # Panics
    /// Without rows.
    pub(super) fn decode(&mut self, model: &Model<B>) {
        let cache = self.cache.as_mut().expect("rows have a cache");
        let mut state = self
            .state
            .take()
            .unwrap_or_else(|| DecodingState::new(&self.rows, cache.length(), model, self.rotary.take()));
        let (device, sources) = (model.device(), (0..self.rows.len()).collect::<Vec<_>>());
        let drawn: Vec<DrawnTokens<B>> = (0..tokens_ahead::<B>(&self.rows))
            .map(|_| {
                let scores = timed_on::<B, _>(Part::Decode, &device, || state.run(model, cache));
                let drawn = timed_on::<B, _>(Part::Draw, &device, || draw(&mut self.rows, scores, &sources));
                state.advance(drawn.ids.clone());
                drawn
            })
            .collect();
        self.rows.iter_mut().for_each(|row| row.next_position += drawn.len());
        // The transfer waits for the device, so that the clock does, too.
        timed(Part::Decode, || take(&mut self.rows, &drawn));
        self.state = Some(state);
    }

    /// Takes finished rows out, and out of the cache what no other row sees.
    pub(super) fn retire(&mut self, model: &Model<B>) -> Vec<DecodingRow> {
        let kept: Vec<usize> = (0..self.rows.len()).filter(|&row| !self.rows[row].is_finished).collect();
        if kept.len() == self.rows.len() {
            return Vec::new();
        }
        let (rows, finished): (Vec<DecodingRow>, Vec<DecodingRow>) =
            std::mem::take(&mut self.rows).into_iter().partition(|row| !row.is_finished);
        self.rows = rows;
        self.forget_state();
        let unseen = self.rows.iter().map(|row| row.start).min();
        let cache = self.cache.take();
        if let (Some(cache), Some(unseen)) = (cache, unseen) {
            self.rows.iter_mut().for_each(|row| row.start -= unseen);
            self.cache = Some(cache.select_rows(index_tensor(&kept, &model.device()), unseen));
        }
        finished
    }

    /// The rows are not those that the state is of any more.
    fn forget_state(&mut self) {
        if let Some(state) = self.state.take() {
            self.rotary = Some(state.into_rotary());
        }
    }
}

/// Tokens that are drawn before any of them is looked at. A penalty looks at each.
fn tokens_ahead<B: Kernels>(rows: &[DecodingRow]) -> usize {
    let penalised = rows.iter().any(DecodingRow::penalises);
    let most = if penalised { 1 } else { B::tokens_per_transfer() };
    most.min(most_tokens_left(rows)).max(1)
}

/// Draws one token for each row; row `i` draws from row `sources[i]` of the scores.
fn draw<B: Kernels>(rows: &mut [DecodingRow], scores: Tensor<B, 2>, sources: &[usize]) -> DrawnTokens<B> {
    let uniforms: Vec<Option<f64>> = rows.iter_mut().map(DecodingRow::next_uniform).collect();
    let draws = rows.iter().zip(sources).zip(uniforms);
    let draws: Vec<RowDraw<'_>> = draws.map(|((row, &source), uniform)| row.draw(source, uniform)).collect();
    B::draw_tokens(scores, &draws)
}

/// Hands every row its tokens, one for each draw.
fn take<B: Kernels>(rows: &mut [DecodingRow], drawn: &[DrawnTokens<B>]) {
    let ids = Tensor::cat(drawn.iter().map(|drawn| drawn.ids.clone()).collect(), 0).into_data();
    let logprobs = Tensor::cat(drawn.iter().map(|drawn| drawn.logprobs.clone()).collect(), 0).into_data();
    let count = rows.len();
    for (place, (id, logprob)) in ids.iter::<u32>().zip(logprobs.iter::<f32>()).enumerate() {
        rows[place % count].take(id, logprob);
    }
}
