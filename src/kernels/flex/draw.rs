//! From scores to one token per row: temperature, top-k, top-p, and the token's log-probability. Sums in f64, so that
//! a vocabulary of any size is drawn from as its probabilities say.

use rayon::prelude::*;

use crate::{
    kernels::draw::RowDraw,
    lanes::{exp, largest, replace_and_sum, wide},
};

/// A token and its log-probability for each row; `scores` are row-major `[n, vocabulary]`.
pub(super) fn tokens(scores: &[f32], vocabulary: usize, rows: &[RowDraw<'_>]) -> Vec<(u32, f32)> {
    let draw = |row: &RowDraw<'_>| match row.uniform {
        Some(uniform) => token(&scores[row.scores * vocabulary..][..vocabulary], row, uniform),
        None => (0, 0.0),
    };
    rows.par_iter().map(draw).collect()
}

fn token(scores: &[f32], row: &RowDraw<'_>, uniform: f64) -> (u32, f32) {
    if !row.penalises() {
        return plain_token(scores, row, uniform);
    }
    let (id, _) = plain_token(&penalised(scores, row.seen, row.repetition_penalty as f32), row, uniform);
    let temperature = row.logprob_temperature();
    let scaled = |score: f32| f64::from(score) / temperature;
    let best = scaled(scores[argmax(scores)]);
    let total: f64 = scores.iter().map(|&score| (scaled(score) - best).exp()).sum();
    (id, (scaled(scores[id as usize]) - best - total.ln()) as f32)
}

/// The scores with those of tokens that have occurred made smaller, once however often they have.
fn penalised(scores: &[f32], seen: &[u32], penalty: f32) -> Vec<f32> {
    let mut penalised = scores.to_vec();
    for &id in seen {
        let score = scores[id as usize];
        penalised[id as usize] = if score < 0.0 { score * penalty } else { score / penalty };
    }
    penalised
}

/// Tokens whose weights are added up together.
const BLOCK: usize = 1024;

/// The probability of each token relative to the most likely one.
struct Weights {
    /// `e^((score − largest) / temperature)`
    of_tokens: Vec<f32>,
    /// Sums over blocks of [`BLOCK`] tokens.
    of_blocks: Vec<f64>,
    total: f64,
}

impl Weights {
    fn new(scores: &[f32], largest: f32, temperature: f64) -> Self {
        let (mut of_tokens, inverse) = (scores.to_vec(), (1.0 / temperature) as f32);
        let weigh = |block: &mut [f32]| {
            f64::from(wide!(replace_and_sum(block, |score| exp((score - largest) * inverse))))
        };
        let of_blocks: Vec<f64> = of_tokens.chunks_mut(BLOCK).map(weigh).collect();
        let total = of_blocks.iter().sum();
        Self { of_tokens, of_blocks, total }
    }

    /// Inverse transform: the token in which a uniform share of the total weight falls. `None` only when
    /// rounding lets the share pass the end.
    fn draw(&self, uniform: f64) -> Option<usize> {
        let mut left = uniform * self.total;
        for (block, weights) in self.of_blocks.iter().zip(self.of_tokens.chunks(BLOCK)).enumerate() {
            if left < *weights.0 {
                let found = first_past(left, weights.1.iter().map(|&weight| f64::from(weight)));
                return found.map(|place| block * BLOCK + place);
            }
            left -= weights.0;
        }
        None
    }
}

fn plain_token(scores: &[f32], row: &RowDraw<'_>, uniform: f64) -> (u32, f32) {
    let temperature = row.logprob_temperature();
    let best = argmax(scores);
    let weights = Weights::new(scores, scores[best], temperature);
    let chosen = if row.is_greedy() {
        best
    } else if !row.cuts() {
        weights.draw(uniform).unwrap_or(best)
    } else {
        let kept = most_likely(scores, &weights, row);
        let total: f64 = kept.iter().map(|(_, weight)| weight).sum();
        let place = first_past(uniform * total, kept.iter().map(|(_, weight)| *weight));
        place.map_or(best, |place| kept[place].0)
    };
    let above = f64::from(scores[chosen] - scores[best]) / temperature;
    (chosen as u32, (above - weights.total.ln()) as f32)
}

/// Where the sum of the weights passes `share`.
fn first_past(share: f64, weights: impl Iterator<Item = f64>) -> Option<usize> {
    let mut left = share;
    for (place, weight) in weights.enumerate() {
        left -= weight;
        if left < 0.0 {
            return Some(place);
        }
    }
    None
}

/// The first of the largest scores.
fn argmax(scores: &[f32]) -> usize {
    assert!(!scores.is_empty(), "no scores to sample from");
    let most = wide!(largest(scores));
    scores.iter().position(|&score| score == most).unwrap_or(0)
}

/// The tokens that top-k and top-p keep, at least one, in the order of their ids: the order in which every backend
/// draws, so that one uniform number is one token.
fn most_likely(scores: &[f32], weights: &Weights, row: &RowDraw<'_>) -> Vec<(usize, f64)> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]).then(a.cmp(&b)));
    if row.top_k > 0 {
        order.truncate(row.top_k);
    }
    let mut kept = Vec::new();
    let mut sum = 0.0;
    for id in order {
        let weight = f64::from(weights.of_tokens[id]);
        kept.push((id, weight));
        sum += weight / weights.total;
        if sum >= row.top_p {
            break;
        }
    }
    kept.sort_unstable_by_key(|&(id, _)| id);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCORES: [f32; 4] = [0.0, 2.0, 1.0, -1.0];

    const PLAIN: RowDraw<'_> = RowDraw {
        scores: 0,
        uniform: Some(0.5),
        temperature: 1.0,
        top_k: 0,
        top_p: 1.0,
        repetition_penalty: 1.0,
        seen: &[],
    };

    fn drawn(scores: &[f32], row: RowDraw<'_>) -> (u32, f32) {
        tokens(scores, scores.len(), &[row])[0]
    }

    #[test]
    fn greedy_takes_the_first_best_and_reports_the_models_own_probability() {
        let greedy = RowDraw { temperature: 0.0, ..PLAIN };
        let (id, logprob) = drawn(&SCORES, greedy);
        assert_eq!(id, 1);
        assert!((logprob - 0.6439f32.ln()).abs() < 1e-3);
        assert_eq!(drawn(&[1.0, 1.0], greedy).0, 0);
    }

    #[test]
    fn a_penalty_holds_seen_tokens_back_and_leaves_the_reported_probability_alone() {
        let greedy =
            |seen| drawn(&SCORES, RowDraw { temperature: 0.0, repetition_penalty: 4.0, seen, ..PLAIN });
        assert_eq!(greedy(&[]).0, 1);
        let (id, logprob) = greedy(&[1, 1, 3]);
        assert_eq!(id, 2);
        assert!((logprob - 0.2369f32.ln()).abs() < 1e-3, "{logprob}");
        assert_eq!(penalised(&SCORES, &[1, 1, 3], 4.0), [0.0, 0.5, 1.0, -4.0]);
    }

    #[test]
    fn of_equals_at_the_border_top_k_keeps_the_first() {
        let kept = |uniform| drawn(&[1.0, 1.0, 1.0], RowDraw { uniform: Some(uniform), top_k: 2, ..PLAIN }).0;
        assert_eq!([kept(0.1), kept(0.6), kept(0.9999)], [0, 1, 1]);
    }
}
