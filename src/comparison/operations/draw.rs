//! The cases of `draw_tokens`: every way to draw, beside each other in one call.

use anyhow::Result;
use burn::tensor::{DType, Tensor, TensorData};
use serde_json::{Value, json};

use super::{
    case::{CaseWork, MeasuredCase, Workplace},
    inputs::normal_data,
};
use crate::{
    kernels::{Kernels, RowDraw, TrainBackend},
    random::Stream,
};

/// Temperature, top-k, top-p and repetition penalty of one row after the other.
const WAYS: [(f64, usize, f64, f64); 8] = [
    (1.0, 0, 1.0, 1.0),
    (0.0, 0, 1.0, 1.0),
    (0.7, 0, 1.0, 1.3),
    (1.3, 5, 1.0, 1.0),
    (1.0, 0, 0.8, 1.0),
    (0.9, 7, 0.6, 1.1),
    (0.0, 0, 1.0, 1.5),
    (1.0, 1, 0.01, 1.0),
];

/// So many rows over so large a vocabulary.
#[derive(Clone, Copy)]
struct DrawCase {
    rows: usize,
    vocabulary: usize,
    /// Whether rows draw in all ways, or all in the plain one.
    all_ways: bool,
}

impl DrawCase {
    fn draws<'a>(self, stream: &mut Stream, seen: &'a [u32]) -> Vec<RowDraw<'a>> {
        let mut draw = |row: usize| {
            let way = if self.all_ways { WAYS[row % WAYS.len()] } else { WAYS[0] };
            let (temperature, top_k, top_p, repetition_penalty) = way;
            // Two rows may draw from one row of scores, as the completions of a prompt do.
            let scores = row / 2;
            RowDraw {
                scores,
                uniform: Some(stream.uniform()),
                temperature,
                top_k,
                top_p,
                repetition_penalty,
                seen,
            }
        };
        (0..self.rows).map(&mut draw).collect()
    }
}

fn as_json(draw: &RowDraw<'_>) -> Value {
    json!({
        "scores": draw.scores, "uniform": draw.uniform, "temperature": draw.temperature, "top_k": draw.top_k,
        "top_p": draw.top_p, "repetition_penalty": draw.repetition_penalty, "seen": draw.seen,
    })
}

fn measure<B: TrainBackend>(case: DrawCase, place: &Workplace<B>) -> Result<MeasuredCase> {
    let mut stream = place.stream(case.vocabulary as u64);
    let shape = [case.rows.div_ceil(2), case.vocabulary];
    let scores = normal_data(&mut stream, shape, (2.0, place.dtype));
    let seen: Vec<u32> = (0..case.vocabulary as u32).step_by(3).take(500).collect();
    let draws = case.draws(&mut stream, &seen);
    let on_device = Tensor::<B::InnerBackend, 2>::from_data(scores.clone(), (&place.device, scores.dtype));
    let drawn = B::InnerBackend::draw_tokens(on_device.clone(), &draws);
    let tensors: Vec<(String, TensorData)> = vec![
        ("scores".to_owned(), scores),
        ("ids".to_owned(), drawn.ids.into_data().convert_dtype(DType::I64)),
        ("logprobs".to_owned(), drawn.logprobs.into_data()),
    ];
    let again = || drop(B::InnerBackend::draw_tokens(on_device.clone(), &draws));
    let forward_seconds = place.median_seconds(again)?;
    let parameters = json!({"draws": draws.iter().map(as_json).collect::<Vec<_>>()});
    Ok(MeasuredCase { parameters, tensors, forward_seconds, backward_seconds: None })
}

/// The large ones are 64 rows over the vocabulary of Qwen2.5, drawn plainly and in all ways.
pub(super) fn draw_tokens<B: TrainBackend>(large: bool) -> Vec<CaseWork<B>> {
    let case = |rows, vocabulary, all_ways| DrawCase { rows, vocabulary, all_ways };
    let mut cases = vec![
        case(1, 2, false),
        case(8, 33, true),
        case(40, 300, true),
        case(64, 5003, true),
        case(33, 512, false),
    ];
    if large {
        cases.extend([case(64, 151_936, false), case(64, 151_936, true)]);
    }
    let work = |case: DrawCase| Box::new(move |place: &Workplace<B>| measure(case, place)) as CaseWork<B>;
    cases.into_iter().map(work).collect()
}
