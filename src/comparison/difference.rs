//! How far two traces are apart, and what of it is beyond a tolerance. Pure.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{tolerance::Tolerance, trace::Trace};

/// How far a trace is from the reference's.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    pub largest_logprob: f64,
    pub mean_logprob: f64,
    /// Share of greedy answers that are the same.
    pub greedy: f64,
    /// Cosine between the gradients of each group of parameters.
    pub cosines: BTreeMap<String, f64>,
    pub largest_loss: f64,
    /// The other trace's own [`Trace::decode_gap`].
    pub decode_gap: f64,
}

impl Difference {
    /// # Panics
    /// When the traces are not of the same script.
    pub fn between(reference: &Trace, other: &Trace) -> Self {
        assert_eq!(reference.logprobs.len(), other.logprobs.len(), "both read the same completions");
        let logprobs: Vec<f64> = distances(&reference.logprobs, &other.logprobs).collect();
        let same = reference.greedy.iter().zip(&other.greedy).filter(|(one, two)| one == two).count();
        let losses = reference.losses.iter().zip(&other.losses).map(|(one, two)| (one - two).abs());
        Self {
            largest_logprob: largest(logprobs.iter().copied()),
            mean_logprob: logprobs.iter().sum::<f64>() / logprobs.len() as f64,
            greedy: same as f64 / reference.greedy.len() as f64,
            cosines: cosines(&reference.gradients, &other.gradients),
            largest_loss: largest(losses),
            decode_gap: other.decode_gap,
        }
    }

    /// What is beyond the tolerance, in words.
    pub fn misses(&self, tolerance: Tolerance) -> Vec<String> {
        let mut misses = Vec::new();
        // A value that is not a number is a miss.
        let mut at_most = |name: &str, value: f64, bound: f64| {
            if value.is_nan() || value > bound {
                misses.push(format!("{name} differs by {value:.2e}, more than {bound:.0e}"));
            }
        };
        at_most("a log-probability", self.largest_logprob, tolerance.logprob);
        at_most("a loss", self.largest_loss, tolerance.loss);
        at_most("a log-probability decoded from a cache", self.decode_gap, tolerance.decode);
        if self.greedy < tolerance.greedy {
            let (share, least) = (100.0 * self.greedy, 100.0 * tolerance.greedy);
            misses.push(format!("{share:.1} % of greedy answers are the same, less than {least:.1} %"));
        }
        let differs = |cosine: f64| cosine.is_nan() || cosine < tolerance.cosine;
        for (group, cosine) in self.cosines.iter().filter(|(_, cosine)| differs(**cosine)) {
            misses.push(format!(
                "gradients of {group} have a cosine of {cosine:.6}, less than {}",
                tolerance.cosine
            ));
        }
        misses
    }
}

fn distances<'a>(one: &'a [f32], other: &'a [f32]) -> impl Iterator<Item = f64> + 'a {
    one.iter().zip(other).map(|(one, other)| f64::from((one - other).abs()))
}

/// The largest of some numbers that are not negative; NaN, if there is one.
fn largest(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(0.0, |most, value| if value > most || value.is_nan() { value } else { most })
}

/// The group of a parameter: parameters of one group do the same work.
fn group(name: &str) -> &'static str {
    const PARTS: [(&str, &str); 6] = [
        ("visual.", "vision"),
        ("embed_tokens", "embedding"),
        ("lm_head", "head"),
        ("norm", "norms"),
        ("self_attn", "attention"),
        ("mlp", "mlp"),
    ];
    PARTS.iter().find(|(part, _)| name.contains(part)).map_or("others", |(_, group)| group)
}

/// The cosine between two gradients for each group of parameters; 1 where both are zero.
fn cosines(one: &[(String, Vec<f32>)], other: &[(String, Vec<f32>)]) -> BTreeMap<String, f64> {
    let mut sums: BTreeMap<String, [f64; 3]> = BTreeMap::new();
    let other: BTreeMap<&str, &Vec<f32>> =
        other.iter().map(|(name, values)| (name.as_str(), values)).collect();
    for (name, values) in one {
        let [dot, own, others] = sums.entry(group(name).to_owned()).or_default();
        for (&left, &right) in values.iter().zip(other[name.as_str()]) {
            let (left, right) = (f64::from(left), f64::from(right));
            (*dot, *own, *others) = (*dot + left * right, *own + left * left, *others + right * right);
        }
    }
    let cosine = |[dot, own, others]: [f64; 3]| match own + others {
        0.0 => 1.0,
        _ => dot / (own * others).sqrt(),
    };
    sums.into_iter().map(|(group, sums)| (group, cosine(sums))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace(logprob: f32, token: u32, slope: f32, loss: f64) -> Trace {
        Trace {
            backend: "test".to_owned(),
            decode_gap: 0.0,
            greedy: vec![vec![1, token], vec![3]],
            logprobs: vec![-1.0, logprob],
            gradients: vec![
                ("model.layers.0.mlp.up_proj.weight".to_owned(), vec![1.0, slope]),
                ("model.layers.0.self_attn.q_proj.weight".to_owned(), vec![0.0]),
                ("visual.blocks.0.mlp.up_proj.weight".to_owned(), vec![2.0]),
            ],
            losses: vec![0.1, loss],
            first_rollout_seconds: 1.0,
            first_update_seconds: 1.0,
            rollout_tokens_per_second: 1.0,
            train_tokens_per_second: 1.0,
            memory_bytes: None,
            peak_memory_bytes: None,
        }
    }

    #[test]
    fn the_same_trace_is_within_any_tolerance() {
        let one = trace(-2.0, 2, 0.0, 0.2);
        let difference = Difference::between(&one, &one);
        assert_eq!(difference.cosines.keys().collect::<Vec<_>>(), ["attention", "mlp", "vision"]);
        assert_eq!(difference.misses(Tolerance::F32), [""; 0]);
    }

    #[test]
    fn every_kind_of_difference_is_a_miss_by_name() {
        let one = trace(-2.0, 2, 0.0, 0.2);
        let misses = |other: &Trace| Difference::between(&one, other).misses(Tolerance::F32).join("; ");
        assert!(misses(&trace(-2.001, 2, 0.0, 0.2)).contains("log-probability differs by 1.00e-3"));
        assert!(misses(&trace(-2.0, 5, 0.0, 0.2)).contains("50.0 % of greedy"));
        assert!(misses(&trace(-2.0, 2, 1.0, 0.2)).contains("gradients of mlp have a cosine of 0.707107"));
        assert!(misses(&trace(-2.0, 2, 0.0, 0.21)).contains("a loss differs"));
        let decoded = Trace { decode_gap: 2e-4, ..one.clone() };
        assert!(misses(&decoded).contains("decoded from a cache differs"));
        assert!(misses(&trace(f32::NAN, 2, f32::NAN, f64::NAN)).matches("NaN").count() == 3);
    }
}
