//! Drawing tokens without a sort and without the host: cuts by a threshold that is searched for, the draw itself by
//! inverse transform over sums of sums.

use burn::tensor::{
    DType, IndexingUpdateOp, Int, Tensor, TensorData, activation::log_softmax, backend::Backend,
};

use crate::kernels::{
    draw::{DrawnTokens, RowDraw},
    tensors::{in_f32, index_tensor},
};

/// Halvings of the interval that a threshold lies in: beyond what f32 can tell apart.
const HALVINGS: usize = 36;

/// What top-p is where it cuts nothing: no sum of probabilities reaches it.
const KEEPS_ALL: f32 = 2.0;

/// See [`Kernels::draw_tokens`](crate::kernels::Kernels::draw_tokens).
pub fn draw_tokens<B: Backend>(scores: Tensor<B, 2>, rows: &[RowDraw<'_>]) -> DrawnTokens<B> {
    let device = scores.device();
    let [given, vocabulary] = scores.dims();
    let sources: Vec<usize> = rows.iter().map(|row| row.scores).collect();
    let scores = match sources.iter().copied().eq(0..given) {
        true => scores,
        false => scores.select(0, index_tensor(&sources, &device)),
    };
    let scores = in_f32(scores);
    let column = |value: &dyn Fn(&RowDraw<'_>) -> f32| -> Tensor<B, 2> {
        let values: Vec<f32> = rows.iter().map(value).collect();
        Tensor::from_data(TensorData::new(values, [rows.len(), 1]), &device)
    };
    let heat = column(&|row| row.logprob_temperature() as f32);
    let logprobs = log_softmax(scores.clone() / heat.clone(), 1);
    let candidates = match rows.iter().any(RowDraw::penalises) {
        true => log_softmax(penalised(scores, rows) / heat, 1),
        false => logprobs.clone(),
    };
    let best = candidates.clone().argmax(1);
    let ids = if rows.iter().all(RowDraw::is_greedy) {
        best
    } else {
        let weights = match rows.iter().any(RowDraw::cuts) {
            true => {
                let top_k = column(&|row| if row.top_k == 0 { vocabulary } else { row.top_k } as f32);
                let top_p = column(&|row| if row.top_p < 1.0 { row.top_p as f32 } else { KEEPS_ALL });
                most_likely(candidates, top_k, top_p)
            }
            false => candidates.exp(),
        };
        let uniform = column(&|row| row.uniform.unwrap_or(0.0) as f32);
        let drawn = inverse_transform(weights.clone(), uniform);
        // Rounding can let a share pass the end of what is kept.
        let missed = weights.gather(1, drawn.clone()).equal_elem(0.0);
        let greedy = column(&|row| f32::from(u8::from(row.is_greedy()))).greater_elem(0.5);
        drawn.mask_where(missed.bool_or(greedy), best)
    };
    DrawnTokens { logprobs: logprobs.gather(1, ids.clone()).squeeze_dim(1), ids: ids.squeeze_dim(1) }
}

/// Scores with those of tokens that have been seen made smaller, `[rows, vocabulary]`.
fn penalised<B: Backend>(scores: Tensor<B, 2>, rows: &[RowDraw<'_>]) -> Tensor<B, 2> {
    let device = scores.device();
    let penalties: Vec<f32> = rows.iter().map(|row| row.repetition_penalty as f32).collect();
    let penalty = Tensor::from_data(TensorData::new(penalties, [rows.len(), 1]), &device);
    let seen = occurrences(rows, scores.dims(), &device).greater_elem(0.5);
    let (raised, lowered) = (scores.clone() * penalty.clone(), scores.clone() / penalty);
    let held_back = lowered.mask_where(scores.clone().lower_elem(0.0), raised);
    scores.mask_where(seen, held_back)
}

/// How often each row has seen each token, `[rows, vocabulary]`.
fn occurrences<B: Backend>(rows: &[RowDraw<'_>], shape: [usize; 2], device: &B::Device) -> Tensor<B, 2> {
    let longest = rows.iter().map(|row| row.seen.len()).max().unwrap_or(0).max(1);
    let (mut ids, mut counted) = (Vec::new(), Vec::new());
    for row in rows {
        let filling = longest - row.seen.len();
        ids.extend(row.seen.iter().map(|&id| id as i32).chain(std::iter::repeat_n(0, filling)));
        counted.extend(std::iter::repeat_n(1.0f32, row.seen.len()).chain(std::iter::repeat_n(0.0, filling)));
    }
    let ids = Tensor::from_data(TensorData::new(ids, [rows.len(), longest]), device);
    let counted = Tensor::from_data(TensorData::new(counted, [rows.len(), longest]), device);
    Tensor::zeros(shape, (device, DType::F32)).scatter(1, ids, counted, IndexingUpdateOp::Add)
}

/// Probabilities without those of tokens beyond the `top_k` most likely ones, or beyond the fewest that reach
/// `top_p`; log-probabilities `[rows, vocabulary]`, limits `[rows, 1]`.
fn most_likely<B: Backend>(logprobs: Tensor<B, 2>, top_k: Tensor<B, 2>, top_p: Tensor<B, 2>) -> Tensor<B, 2> {
    let weights = logprobs.clone().exp();
    let (mut low, mut high) = (logprobs.clone().min_dim(1).sub_scalar(1.0), logprobs.clone().max_dim(1));
    for _ in 0..HALVINGS {
        let middle = (low.clone() + high.clone()).div_scalar(2.0);
        let kept = logprobs.clone().greater_equal(middle.clone()).float();
        let enough = kept.clone().sum_dim(1).greater_equal(top_k.clone());
        let reached = (kept * weights.clone()).sum_dim(1).greater_equal(top_p.clone());
        let stands = enough.bool_or(reached);
        low = low.mask_where(stands.clone(), middle.clone());
        high = middle.mask_where(stands, high);
    }
    let kept = logprobs.greater_equal(low).float();
    weights * kept
}

/// The token of each row in which a uniform share of its weights falls, `[rows, 1]`. The weights are summed by cubes
/// of three equal sides, so that no running sum is longer than a side.
fn inverse_transform<B: Backend>(weights: Tensor<B, 2>, uniform: Tensor<B, 2>) -> Tensor<B, 2, Int> {
    let [rows, vocabulary] = weights.dims();
    let side = (1..).find(|side| side * side * side >= vocabulary).unwrap_or(1);
    let device = weights.device();
    let padding = Tensor::zeros([rows, side.pow(3) - vocabulary], (&device, weights.dtype()));
    let lines = Tensor::cat(vec![weights, padding], 1).reshape([rows, side * side, side]);
    let of_lines = lines.clone().sum_dim(2).reshape([rows, side, side]);
    let of_planes = of_lines.clone().sum_dim(2).reshape([rows, side]);
    let share = of_planes.clone().sum_dim(1) * uniform;
    let sums = RunningSums::new(side, &device);
    let (plane, share) = sums.find(of_planes, share);
    let (line, share) = sums.find(entry(of_lines, plane.clone()), share);
    let line = plane.mul_scalar(side as i32) + line;
    let (place, _) = sums.find(entry(lines, line.clone()), share);
    let token = line.mul_scalar(side as i32) + place;
    token.clamp_max((vocabulary - 1) as i32)
}

/// The vector at each row's index: `[rows, count, side]` and `[rows, 1]` to `[rows, side]`.
fn entry<B: Backend>(vectors: Tensor<B, 3>, index: Tensor<B, 2, Int>) -> Tensor<B, 2> {
    let [rows, _, side] = vectors.dims();
    let index = index.reshape([rows, 1, 1]).repeat_dim(2, side);
    vectors.gather(1, index).reshape([rows, side])
}

/// Running sums over a few numbers, as products with a triangle of ones that are added up one by one: a matrix product
/// may round its inputs.
struct RunningSums<B: Backend> {
    /// `[1, side, side]`
    triangle: Tensor<B, 3>,
}

impl<B: Backend> RunningSums<B> {
    fn new(side: usize, device: &B::Device) -> Self {
        let entry = |place: usize| if place % side <= place / side { 1.0f32 } else { 0.0 };
        let ones: Vec<f32> = (0..side * side).map(entry).collect();
        Self { triangle: Tensor::from_data(TensorData::new(ones, [1, side, side]), device) }
    }

    /// Where the sum of `[rows, side]` weights passes a share, `[rows, 1]`, and what is left of the share there.
    fn find(&self, weights: Tensor<B, 2>, share: Tensor<B, 2>) -> (Tensor<B, 2, Int>, Tensor<B, 2>) {
        let [rows, side] = weights.dims();
        let products = weights.clone().reshape([rows, 1, side]) * self.triangle.clone();
        let sums: Tensor<B, 2> = products.sum_dim(2).reshape([rows, side]);
        let passed = sums.clone().lower_equal(share.clone()).int().sum_dim(1);
        let place = passed.clamp_max(side as i32 - 1);
        let before = sums.gather(1, place.clone()) - weights.gather(1, place.clone());
        (place, share - before)
    }
}
