//! From scores to one token per row on the device: penalty, temperature, top-k, top-p, the draw by inverse transform in
//! order of the vocabulary, and the token's log-probability. Nothing comes back to the host.

use tch::{Device, Kind, Tensor};

use super::tensors::{in_f32, upload};
use crate::kernels::draw::RowDraw;

/// What top-p is where it cuts nothing: no sum of probabilities reaches it.
const KEEPS_ALL: f64 = 2.0;

/// Ids (64-bit integers) and log-probabilities (f32), both `[rows]`, from scores `[n, vocabulary]`.
pub(super) fn tokens(scores: &Tensor, rows: &[RowDraw<'_>]) -> (Tensor, Tensor) {
    let device = scores.device();
    let scores = of_rows(scores, rows);
    let logprobs = tempered_log_softmax(&scores, rows);
    let candidates = match rows.iter().any(RowDraw::penalises) {
        true => tempered_log_softmax(&penalised(&scores, rows), rows),
        false => logprobs.shallow_clone(),
    };
    let best = || candidates.argmax(1, true);
    let ids = if rows.iter().all(RowDraw::is_greedy) {
        best()
    } else {
        let weights = match rows.iter().any(RowDraw::cuts) {
            true => most_likely(&candidates, rows),
            false => candidates.exp(),
        };
        let drawn = inverse_transform(&weights, rows);
        match rows.iter().any(RowDraw::is_greedy) {
            true => best().where_self(&column(rows, device, |row| i64::from(row.is_greedy())).ne(0), &drawn),
            false => drawn,
        }
    };
    let logprobs = logprobs.gather(1, &ids, false);
    (ids.squeeze_dim(1), logprobs.squeeze_dim(1))
}

/// The scores that each row draws from, `[rows, vocabulary]`.
fn of_rows(scores: &Tensor, rows: &[RowDraw<'_>]) -> Tensor {
    let sources: Vec<i64> = rows.iter().map(|row| row.scores as i64).collect();
    if sources.iter().copied().eq(0..scores.size()[0]) {
        return scores.shallow_clone();
    }
    scores.index_select(0, &upload(&sources, scores.device()))
}

/// A value of each row, `[rows, 1]`.
fn column<T: tch::kind::Element>(
    rows: &[RowDraw<'_>],
    device: Device,
    value: impl Fn(&RowDraw<'_>) -> T,
) -> Tensor {
    let values: Vec<T> = rows.iter().map(value).collect();
    upload(&values, device).unsqueeze(1)
}

/// Log-probabilities at each row's temperature, in f32.
fn tempered_log_softmax(scores: &Tensor, rows: &[RowDraw<'_>]) -> Tensor {
    if rows.iter().all(|row| row.logprob_temperature() == 1.0) {
        return scores.log_softmax(1, Kind::Float);
    }
    let heat = column(rows, scores.device(), |row| row.logprob_temperature() as f32);
    (in_f32(scores) / heat).log_softmax(1, Kind::Float)
}

/// Scores with those of tokens that have been seen made smaller.
fn penalised(scores: &Tensor, rows: &[RowDraw<'_>]) -> Tensor {
    let device = scores.device();
    let vocabulary = scores.size()[1];
    let places = rows
        .iter()
        .enumerate()
        .flat_map(|(place, row)| row.seen.iter().map(move |&id| place as i64 * vocabulary + i64::from(id)));
    let places: Vec<i64> = places.collect();
    let mut seen = Tensor::zeros([scores.size().iter().product()], (Kind::Bool, device));
    let seen = seen.index_fill_(0, &upload(&places, device), 1).view_as(scores);
    let penalty = column(rows, device, |row| row.repetition_penalty as f32);
    let scores = in_f32(scores);
    let held_back = (&scores * &penalty).where_self(&scores.lt(0.0), &(&scores / &penalty));
    held_back.where_self(&seen, &scores)
}

/// Probabilities without those of tokens beyond the most likely ones that a row keeps.
fn most_likely(logprobs: &Tensor, rows: &[RowDraw<'_>]) -> Tensor {
    let (device, vocabulary) = (logprobs.device(), logprobs.size()[1]);
    let kept = |row: &RowDraw<'_>| if row.top_k == 0 { vocabulary } else { vocabulary.min(row.top_k as i64) };
    let by_sum = rows.iter().any(|row| row.cuts() && row.top_p < 1.0);
    let most = match by_sum {
        true => vocabulary,
        false => rows.iter().filter(|row| row.cuts()).map(kept).max().unwrap_or(vocabulary),
    };
    let sorted = match most < vocabulary {
        true => logprobs.topk(most, 1, true, true).0,
        false => logprobs.sort(1, true).0,
    };
    let last = column(rows, device, |row| kept(row).min(most) - 1);
    let mut threshold = sorted.gather(1, &last, false);
    if by_sum {
        let sum = column(rows, device, |row| if row.top_p < 1.0 { row.top_p } else { KEEPS_ALL });
        let sums = sorted.exp().cumsum(1, Kind::Double);
        let reached = sum.searchsorted(&sums, false, false, "left", None::<Tensor>);
        threshold = threshold.maximum(&sorted.gather(1, &reached.clamp_max(most - 1), false));
    }
    if most < vocabulary {
        let all = column(rows, device, |row| i64::from(kept(row) > most)).ne(0);
        threshold = threshold.masked_fill(&all, f64::NEG_INFINITY);
    }
    logprobs.exp() * logprobs.ge_tensor(&threshold)
}

/// The token of each row in which a uniform share of its weights falls, `[rows, 1]`. Sums are in f64, so that a
/// vocabulary of any size is drawn from as its probabilities say.
fn inverse_transform(weights: &Tensor, rows: &[RowDraw<'_>]) -> Tensor {
    let last = weights.size()[1] - 1;
    let sums = weights.cumsum(1, Kind::Double);
    let uniform = column(rows, weights.device(), |row| row.uniform.unwrap_or(0.0));
    let share = uniform * sums.narrow(1, last, 1);
    share.searchsorted(&sums, false, true, "right", None::<Tensor>).clamp_max(last)
}
