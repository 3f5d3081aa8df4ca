//! From scores to one token: temperature, top-k, top-p, and the token's log-probability.
//! A pure function of the scores and the stream.

use super::sampling::Sampling;
use crate::{
    lanes::{exp, largest, replace_and_sum, wide},
    random::Stream,
};

/// Draws a token and returns it with its log-probability before penalty, top-k and top-p. `seen` are the
/// tokens that the repetition penalty, if there is one, applies to.
///
/// # Panics
/// When `scores` is empty.
pub fn sample(scores: &[f32], seen: &[u32], sampling: &Sampling, stream: &mut Stream) -> (u32, f32) {
    if sampling.repetition_penalty == 1.0 {
        return sample_plainly(scores, sampling, stream);
    }
    let (id, _) =
        sample_plainly(&penalised(scores, seen, sampling.repetition_penalty as f32), sampling, stream);
    let temperature = sampling.logprob_temperature();
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
    fn draw(&self, stream: &mut Stream) -> Option<usize> {
        let mut left = stream.uniform() * self.total;
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

fn sample_plainly(scores: &[f32], sampling: &Sampling, stream: &mut Stream) -> (u32, f32) {
    let temperature = sampling.logprob_temperature();
    let best = argmax(scores);
    let weights = Weights::new(scores, scores[best], temperature);
    let chosen = if sampling.temperature <= 0.0 {
        best
    } else if sampling.top_k == 0 && sampling.top_p >= 1.0 {
        weights.draw(stream).unwrap_or(best)
    } else {
        let kept = most_likely(scores, &weights, sampling);
        let total: f64 = kept.iter().map(|(_, weight)| weight).sum();
        let place = first_past(stream.uniform() * total, kept.iter().map(|(_, weight)| *weight));
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

/// The tokens that top-k and top-p keep, most likely first; at least one.
fn most_likely(scores: &[f32], weights: &Weights, sampling: &Sampling) -> Vec<(usize, f64)> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]).then(a.cmp(&b)));
    if sampling.top_k > 0 {
        order.truncate(sampling.top_k);
    }
    let mut kept = Vec::new();
    let mut sum = 0.0;
    for id in order {
        let weight = f64::from(weights.of_tokens[id]);
        kept.push((id, weight));
        sum += weight / weights.total;
        if sum >= sampling.top_p {
            break;
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCORES: [f32; 4] = [0.0, 2.0, 1.0, -1.0];

    fn frequencies(sampling: Sampling) -> [f64; 4] {
        let mut counts = [0.0; 4];
        let mut stream = Stream::new(&[1]);
        for _ in 0..20_000 {
            counts[sample(&SCORES, &[], &sampling, &mut stream).0 as usize] += 1.0 / 20_000.0;
        }
        counts
    }

    fn close(left: [f64; 4], right: [f64; 4]) -> bool {
        left.iter().zip(right).all(|(l, r)| (l - r).abs() < 0.015)
    }

    #[test]
    fn tokens_come_as_often_as_the_softmax_says() {
        let sampling = Sampling { temperature: 1.0, ..Sampling::greedy(1) };
        assert!(close(frequencies(sampling), [0.0871, 0.6439, 0.2369, 0.0321]));
        let sharper = Sampling { temperature: 0.5, ..sampling };
        assert!(close(frequencies(sharper), [0.0159, 0.8650, 0.1171, 0.0021]));
    }

    #[test]
    fn top_k_and_top_p_cut_the_tail() {
        let sampling = Sampling { temperature: 1.0, top_k: 2, ..Sampling::greedy(1) };
        assert!(close(frequencies(sampling), [0.0, 0.7311, 0.2689, 0.0]));
        assert!(close(
            frequencies(Sampling { top_p: 0.7, top_k: 0, ..sampling }),
            [0.0, 0.7311, 0.2689, 0.0]
        ));
        assert!(close(frequencies(Sampling { top_p: 0.6, top_k: 0, ..sampling }), [0.0, 1.0, 0.0, 0.0]));
    }

    #[test]
    fn greedy_takes_the_first_best_and_reports_the_models_own_probability() {
        let (id, logprob) = sample(&SCORES, &[], &Sampling::greedy(1), &mut Stream::new(&[1]));
        assert_eq!(id, 1);
        assert!((logprob - 0.6439f32.ln()).abs() < 1e-3);
        assert_eq!(sample(&[1.0, 1.0], &[], &Sampling::greedy(1), &mut Stream::new(&[1])).0, 0);
    }

    #[test]
    fn a_penalty_holds_seen_tokens_back_and_leaves_the_reported_probability_alone() {
        let sampling = Sampling { repetition_penalty: 4.0, ..Sampling::greedy(1) };
        let greedy = |seen: &[u32]| sample(&SCORES, seen, &sampling, &mut Stream::new(&[1]));
        assert_eq!(greedy(&[]).0, 1);
        let (id, logprob) = greedy(&[1, 1, 3]);
        assert_eq!(id, 2);
        assert!((logprob - 0.2369f32.ln()).abs() < 1e-3, "{logprob}");
        assert_eq!(penalised(&SCORES, &[1, 1, 3], 4.0), [0.0, 0.5, 1.0, -4.0]);
    }
}
