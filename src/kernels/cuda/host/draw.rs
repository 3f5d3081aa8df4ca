//! Drawing of tokens.

use burn::tensor::{DType, TensorMetadata};

use super::{
    engine::{Engine, rows},
    norm::stored,
    operate::{Operate, Raw, operate, spec},
};
use crate::kernels::cuda::launch;

/// One token for each of `count` rows of the table, and its log-probability; `tables` are those of
/// [`launch::draw_words`].
pub(super) fn draw_tokens<B: Operate>(
    scores: Raw<B>,
    tables: [Raw<B>; 2],
    count: usize,
    penalises: bool,
) -> [Raw<B>; 2] {
    let dtype = scores.dtype();
    let outputs = [spec(&[count], DType::I32), spec(&[count], DType::F32)];
    let [table, seen] = tables;
    operate::<B, 3, 2>("draw_tokens", [scores, table, seen], outputs, move |engine, [scores, table, seen]| {
        let scores = rows(engine, scores);
        let [table, seen] = [table, seen].map(|tensor| engine.contiguous(tensor));
        let (ids, logprobs) = (engine.empty(&[count], DType::I32), engine.empty(&[count], DType::F32));
        let launch = launch::draw_tokens(stored(dtype), scores.layout, count, penalises);
        engine.launch(launch, &[&scores.tensor, &table, &seen, &ids, &logprobs]);
        [ids, logprobs]
    })
}
