//! Rows that are decoded together, and their cache, in which they all end at the same entry.

use burn::tensor::Tensor;
use rayon::prelude::*;

use super::{row::DecodingRow, scheduler::Occupancy};
use crate::{
    kernels::Kernels,
    metrics::{Part, timed, timed_on},
    model::{KvCache, Model, Position, Sequence, index_tensor},
    rollout::request::Request,
};

/// What a forward pass says of the next token of some rows, on the host.
pub(super) struct NextTokenScores {
    /// Row-major `[distributions, vocabulary]`.
    values: Vec<f32>,
    vocabulary: usize,
    /// The first of the rows that were run; the others follow.
    first_row: usize,
    /// For each of these rows, the number of the distribution that it draws from.
    sources: Vec<usize>,
}

/// Rows with a cache.
pub(super) struct Batch<B: Kernels> {
    rows: Vec<DecodingRow>,
    /// `None` without rows.
    cache: Option<KvCache<B>>,
}

impl<B: Kernels> Batch<B> {
    /// A batch without rows.
    pub(super) fn new() -> Self {
        Self { rows: Vec::new(), cache: None }
    }

    /// How full it is.
    pub(super) fn occupancy(&self) -> Occupancy {
        let unfinished = self.rows.iter().filter(|row| !row.is_finished).count();
        Occupancy { rows: self.rows.len(), unfinished }
    }

    /// Runs the prompts of these requests and adds a row for each of their completions.
    pub(super) fn prefill(
        &mut self,
        model: &Model<B>,
        admitted: &[usize],
        requests: &[Request<'_>],
    ) -> NextTokenScores {
        let prompts: Vec<Sequence> =
            admitted.iter().map(|&index| Sequence::new(requests[index].prompt, &[], &model.config)).collect();
        let device = model.device();
        let (values, cache, starts) = timed_on::<B, _>(Part::Prefill, &device, || {
            let (hidden, cache, batch) = model.prefill(&prompts);
            (on_host(model.logits(hidden)), cache, batch.starts)
        });
        let (mut rows, mut sources) = (Vec::new(), Vec::new());
        for (place, &request) in admitted.iter().enumerate() {
            let of = &requests[request];
            for sample in 0..of.completions() {
                sources.push(place);
                rows.push(DecodingRow::new((request, sample), of, &prompts[place].positions, starts[place]));
            }
        }
        let cache = cache.select_rows(index_tensor(&sources, &device), 0);
        let first_row = self.rows.len();
        self.join(rows, cache);
        NextTokenScores { values, vocabulary: model.config.text.vocab_size, first_row, sources }
    }

    /// Adds rows behind those that are there.
    fn join(&mut self, mut rows: Vec<DecodingRow>, cache: KvCache<B>) {
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

    /// Runs every row's newest token.
    ///
    /// # Panics
    /// Without rows, or before they have drawn a first token.
    pub(super) fn decode(&mut self, model: &Model<B>) -> NextTokenScores {
        let (ids, positions): (Vec<u32>, Vec<Position>) =
            self.rows.iter_mut().map(DecodingRow::newest).unzip();
        let starts: Vec<usize> = self.rows.iter().map(|row| row.start).collect();
        let cache = self.cache.as_mut().expect("rows have a cache");
        // The transfer of the scores waits for the device, so that the clock does, too.
        let values =
            timed(Part::Decode, || on_host(model.logits(model.decode(&ids, &positions, &starts, cache))));
        NextTokenScores {
            values,
            vocabulary: model.config.text.vocab_size,
            first_row: 0,
            sources: (0..self.rows.len()).collect(),
        }
    }

    /// Draws one token for each unfinished row that was run.
    pub(super) fn draw(&mut self, scores: &NextTokenScores, requests: &[Request<'_>]) {
        let NextTokenScores { values, vocabulary, first_row, sources } = scores;
        let draw = |(row, &source): (&mut DecodingRow, &usize)| {
            let request = &requests[row.request];
            row.draw(&values[source * vocabulary..][..*vocabulary], request);
        };
        timed(Part::Draw, || {
            let rows = self.rows[*first_row..].par_iter_mut().zip(sources);
            rows.filter(|(row, _)| !row.is_finished).for_each(draw);
        });
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
        let unseen = self.rows.iter().map(|row| row.start).min();
        let cache = self.cache.take();
        if let (Some(cache), Some(unseen)) = (cache, unseen) {
            self.rows.iter_mut().for_each(|row| row.start -= unseen);
            self.cache = Some(cache.select_rows(index_tensor(&kept, &model.device()), unseen));
        }
        finished
    }
}

/// A matrix as a row-major list.
fn on_host<B: Kernels>(matrix: Tensor<B, 2>) -> Vec<f32> {
    matrix.into_data().convert::<f32>().into_vec().expect("f32 after conversion")
}
