//! The cases of `cached_attention`: prompts of several lengths, then token after token.

use anyhow::Result;
use burn::tensor::{Tensor, TensorData, backend::Backend};
use serde_json::json;

use super::{
    attention::{HEADS_AT_3B, HeadShape},
    case::{CaseWork, MeasuredCase, Workplace, median},
    inputs::{normal_data, rotary_data},
};
use crate::kernels::{Kernels, KeyValues, Qkv, RotaryTable, TrainBackend, Visibility};

/// Rows that share a cache.
#[derive(Clone)]
struct DecodeCase {
    /// The first position of every row that counts.
    starts: Vec<usize>,
    /// Positions that are read at once.
    prompt: usize,
    /// Positions that follow one by one, at least one.
    tokens: usize,
    heads: HeadShape,
}

impl DecodeCase {
    /// Starts that go up by one from row to row, and begin again where the prompt ends.
    fn new([rows, prompt, tokens]: [usize; 3], heads: HeadShape) -> Self {
        Self { starts: (0..rows).map(|row| row % prompt).collect(), prompt, tokens, heads }
    }

    fn length(&self) -> usize {
        self.prompt + self.tokens
    }
}

/// Everything that a case reads, `[rows, length, features]` and `[rows, 1, length, head_dim / 2]`.
struct DecodeInputs<B: Backend> {
    qkv: [Tensor<B, 3>; 3],
    rotary: [Tensor<B, 4>; 2],
}

impl<B: Kernels> DecodeInputs<B> {
    fn pass(
        &self,
        [first, new]: [usize; 2],
        heads: HeadShape,
        visibility: &Visibility<B>,
        cache: &mut Option<KeyValues<B>>,
    ) -> Tensor<B, 3> {
        let [query, key, value] = self.qkv.clone().map(|tensor| {
            let [rows, _, features] = tensor.dims();
            tensor.narrow(1, first, new).reshape([rows * new, features])
        });
        let [cos, sin] = self.rotary.clone().map(|tensor| tensor.narrow(2, first, new));
        let rotary = RotaryTable { cos, sin };
        let inputs = Qkv { query, key, value, heads: heads.counts(), rotary: &rotary };
        let output = B::cached_attention(inputs, visibility, cache);
        let features = output.dims()[1];
        output.reshape([visibility.starts().len(), new, features])
    }
}

/// The output at every position, those before a row's start included, and the median seconds of a single token.
fn measure<B: TrainBackend>(case: &DecodeCase, place: &Workplace<B>) -> Result<MeasuredCase> {
    let (rows, length, heads) = (case.starts.len(), case.length(), case.heads);
    let mut stream = place.stream(length as u64);
    let matrices = heads.matrices(1).map(|input| {
        let data = normal_data(&mut stream, [rows, length, input.shape[1]], (input.scale, place.dtype));
        (input.name.to_owned(), data)
    });
    let angles = rotary_data(&mut stream, [rows, length, heads.head_dim]);
    let on_device = |data: &TensorData| (data.clone(), data.dtype);
    let inputs = DecodeInputs::<B::InnerBackend> {
        qkv: matrices.each_ref().map(|(_, data)| {
            let (data, dtype) = on_device(data);
            Tensor::from_data(data, (&place.device, dtype))
        }),
        rotary: angles.each_ref().map(|data| {
            let (data, dtype) = on_device(data);
            Tensor::from_data(data, (&place.device, dtype))
        }),
    };
    let (outputs, forward_seconds) = decode(case, &inputs, place)?;
    let mut tensors = vec![("output".to_owned(), outputs.into_data())];
    tensors.extend(matrices);
    tensors.extend(["cos", "sin"].map(str::to_owned).into_iter().zip(angles));
    let mut parameters = heads.parameters();
    parameters["starts"] = json!(case.starts);
    parameters["prompt"] = json!(case.prompt);
    Ok(MeasuredCase { parameters, tensors, forward_seconds, backward_seconds: None })
}

/// Reads the prompt and then one token after the other: outputs `[rows, length, features]`, and seconds of a token.
fn decode<B: TrainBackend>(
    case: &DecodeCase,
    inputs: &DecodeInputs<B::InnerBackend>,
    place: &Workplace<B>,
) -> Result<(Tensor<B::InnerBackend, 3>, f64)> {
    let visibility = || Visibility::new(case.starts.clone(), case.length());
    let (prompt, later, mut cache) = (visibility(), visibility(), None);
    let mut outputs = vec![inputs.pass([0, case.prompt], case.heads, &prompt, &mut cache)];
    let mut seconds = Vec::new();
    for position in case.prompt..case.length() {
        let token = || outputs.push(inputs.pass([position, 1], case.heads, &later, &mut cache));
        seconds.push(place.seconds(token)?);
    }
    Ok((Tensor::cat(outputs, 1), median(seconds)))
}

/// The large one is 64 rows of Qwen2.5-3B after 512 tokens.
pub(super) fn cached_attention<B: TrainBackend>(large: bool) -> Vec<CaseWork<B>> {
    let mut cases = vec![
        DecodeCase::new([1, 1, 2], HeadShape::new(1, 1, 2)),
        DecodeCase::new([3, 5, 9], HeadShape::new(4, 2, 6)),
        DecodeCase::new([5, 70, 67], HeadShape::new(6, 2, 20)),
        DecodeCase::new([2, 33, 100], HeadShape::new(4, 2, 64)),
        DecodeCase::new([3, 130, 7], HeadShape::new(8, 1, 128)),
    ];
    if large {
        cases.push(DecodeCase::new([64, 512, 8], HEADS_AT_3B));
    }
    let work = |case: DecodeCase| Box::new(move |place: &Workplace<B>| measure(&case, place)) as CaseWork<B>;
    cases.into_iter().map(work).collect()
}
