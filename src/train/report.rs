//! What is measured of a step's updates: sums over micro-batches and ranks, and the metrics they become.

use anyhow::Result;

use super::objective::NamedSum;
use crate::{distributed::Peers, error::NotFinite, metrics::names};

/// Metrics of every step, in the order in which they are written; 0 where nothing was measured.
const ALWAYS: [&str; 7] = [
    names::LR,
    names::LOSS,
    names::GRAD_NORM,
    names::KL,
    names::ENTROPY,
    names::CLIP_RATIO,
    names::ROLLOUT_LOGPROB_GAP,
];

/// What the updates of a step did.
#[derive(Debug, Clone, PartialEq)]
pub struct UpdateReport {
    /// The advantage of every rollout of every group; empty where there were no groups.
    pub advantages: Vec<Vec<f64>>,
    /// Tokens of the sequences learnt from, prompts counted as often as they are shared.
    pub tokens: usize,
    metrics: Vec<NamedSum>,
}

impl Default for UpdateReport {
    fn default() -> Self {
        let metrics = ALWAYS.map(|name| NamedSum::total(name, 0.0)).to_vec();
        Self { advantages: Vec::new(), tokens: 0, metrics }
    }
}

impl UpdateReport {
    /// A metric by its key, for example `"loss"`, `"grad_norm"` (before clipping), `"kl"` (per token) or
    /// `"objective/replay"`; 0 where nothing of that name was measured.
    pub fn metric(&self, name: &str) -> f64 {
        self.metrics.iter().find(|metric| metric.name == name).map_or(0.0, NamedSum::value)
    }

    /// All metrics with their keys.
    pub fn metrics(&self) -> impl Iterator<Item = (&str, f64)> {
        self.metrics.iter().map(|metric| (metric.name.as_str(), metric.value()))
    }

    /// Sets a metric.
    pub(super) fn set(&mut self, name: &str, value: f64) {
        match self.metrics.iter_mut().find(|metric| metric.name == name) {
            Some(metric) => *metric = NamedSum { sum: value, denominator: None, ..metric.clone() },
            None => self.metrics.push(NamedSum::total(name, value)),
        }
    }

    /// Adds what other updates of the step say of auxiliary objectives, and their tokens.
    pub(super) fn add_objectives(&mut self, other: Self) {
        let of_objectives = other.metrics.iter().filter(|metric| metric.name.starts_with(names::OBJECTIVES));
        of_objectives.for_each(|metric| self.set(&metric.name, metric.value()));
        self.tokens += other.tokens;
    }

    /// Several updates of one step as one: the means of their metrics, or those of the first, and all tokens.
    pub(super) fn over(updates: Vec<Self>) -> Self {
        let mut whole = Self::default();
        let count = updates.len().max(1) as f64;
        for metric in updates.iter().flat_map(|update| &update.metrics) {
            let name = &metric.name;
            let mean = || updates.iter().map(|update| update.metric(name)).sum::<f64>() / count;
            whole.set(name, if metric.first_update { updates[0].metric(name) } else { mean() });
        }
        whole.tokens = updates.iter().map(|update| update.tokens).sum();
        whole
    }
}

/// Sums of one update, gathered over micro-batches.
#[derive(Debug, Default)]
pub(super) struct Totals {
    sums: Vec<NamedSum>,
    /// Tokens of all ranks' micro-batches: each rank counts all of them.
    pub tokens: usize,
}

impl Totals {
    /// Adds to the sum of the same name.
    pub(super) fn add(&mut self, sum: NamedSum) {
        match self.sums.iter_mut().find(|known| known.name == sum.name) {
            Some(known) => {
                known.sum += sum.sum;
                known.denominator = known.denominator.zip(sum.denominator).map(|(one, other)| one + other);
            }
            None => self.sums.push(sum),
        }
    }

    /// A sum by its name, divided by its denominator where it has one; 0 where there is none of that name.
    pub(super) fn value(&self, name: &str) -> f64 {
        self.sums.iter().find(|sum| sum.name == name).map_or(0.0, NamedSum::value)
    }

    /// Refuses an update that is made of anything but numbers.
    ///
    /// # Errors
    /// A [`NotFinite`] that names what is none.
    pub(super) fn check_finite(&self, grad_norm: f64) -> Result<()> {
        let measured = [
            ("the loss", self.value(names::LOSS)),
            ("the entropy", self.value(names::ENTROPY)),
            (
                "the gap between the sampler's log-probabilities and the trainer's",
                self.value(names::ROLLOUT_LOGPROB_GAP),
            ),
            ("the gradient norm", grad_norm),
        ];
        let broken: Vec<String> = measured
            .into_iter()
            .filter(|(_, value)| !value.is_finite())
            .map(|(name, value)| format!("{name} is {value}"))
            .collect();
        if broken.is_empty() {
            return Ok(());
        }
        Err(NotFinite(format!("{}; nothing was updated", broken.join(", "))).into())
    }

    /// What all ranks summed up together. A rank without a micro-batch for an objective has no sum for it.
    ///
    /// # Errors
    /// When a peer is lost.
    pub(super) fn over_ranks(self, peers: &Peers) -> Result<Self> {
        if peers.world() == 1 {
            return Ok(self);
        }
        let mut all = Self { sums: Vec::new(), tokens: self.tokens };
        peers.gather(self.sums)?.into_iter().flatten().for_each(|sum| all.add(sum));
        Ok(all)
    }

    /// What an update with these sums did.
    pub(super) fn report(self, grad_norm: f64, learning_rate: f64) -> UpdateReport {
        let mut report = UpdateReport { tokens: self.tokens, ..UpdateReport::default() };
        report.set(names::LR, learning_rate);
        report.metrics[0].first_update = true;
        report.set(names::GRAD_NORM, grad_norm);
        for sum in self.sums {
            match report.metrics.iter_mut().find(|metric| metric.name == sum.name) {
                Some(metric) => *metric = sum,
                None => report.metrics.push(sum),
            }
        }
        report
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn update(loss: f64, gap: f64, kl: Option<(f64, f64)>) -> UpdateReport {
        let mut totals = Totals { tokens: 10, ..Totals::default() };
        totals.add(NamedSum::total(names::LOSS, loss));
        totals.add(NamedSum::mean(names::ROLLOUT_LOGPROB_GAP, gap, 2.0).of_first_update());
        kl.into_iter().for_each(|(sum, weight)| totals.add(NamedSum::mean(names::KL, sum, weight)));
        totals.report(1.0, 0.5)
    }

    #[test]
    fn an_update_that_is_no_number_is_refused_by_what_it_is() {
        let mut totals = Totals::default();
        totals.add(NamedSum::total(names::LOSS, 1.0));
        assert!(totals.check_finite(0.5).is_ok());
        let error = totals.check_finite(f64::INFINITY).unwrap_err();
        assert_eq!(error.to_string(), "the gradient norm is inf; nothing was updated");
        totals.add(NamedSum::total(names::LOSS, f64::NAN));
        let error = totals.check_finite(1.0).unwrap_err();
        assert!(error.is::<NotFinite>() && error.to_string().starts_with("the loss is NaN; "), "{error}");
    }

    #[test]
    fn sums_of_one_name_add_up_and_are_divided_once() {
        let mut totals = Totals::default();
        totals.add(NamedSum::mean("objective/mine", 3.0, 2.0));
        totals.add(NamedSum::total("objective/mine/count", 2.0));
        totals.add(NamedSum::mean("objective/mine", 5.0, 6.0));
        totals.add(NamedSum::total("objective/mine/count", 6.0));
        totals.add(NamedSum::mean("objective/none", 0.0, 0.0));
        let report = totals.report(0.0, 0.0);
        let names = ["objective/mine", "objective/mine/count", "objective/none", "objective/other"];
        assert_eq!(names.map(|name| report.metric(name)), [1.0, 8.0, 0.0, 0.0]);
    }

    #[test]
    fn the_updates_of_a_step_are_averaged_but_for_what_is_measured_before_them() {
        let report = UpdateReport::over(vec![update(1.0, 4.0, Some((3.0, 2.0))), update(2.0, 8.0, None)]);
        let found: Vec<(&str, f64)> = report.metrics().collect();
        let expected = [
            ("lr", 0.5),
            ("loss", 1.5),
            ("grad_norm", 1.0),
            ("kl", 0.75),
            ("entropy", 0.0),
            ("clip_ratio", 0.0),
            ("rollout_logprob_gap", 2.0),
        ];
        assert_eq!(found, expected);
        assert_eq!(report.tokens, 20);
        assert_eq!(UpdateReport::over(vec![]), UpdateReport::default());
    }
}
