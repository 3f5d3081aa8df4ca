//! Preflight: a few problems are tried before the first step, and what will not work is said with its remedy. A run
//! that cannot learn is refused before it costs hours.
//!
//! | file | what it is for |
//! |---|---|
//! | `trial` | problems sampled, verified and recycled as in a step, which moves nothing of the run |
//! | `replies` | groups to figures |
//! | `facts` | all that is measured |
//! | `costs` | figures to seconds and bytes |
//! | `findings`, `report` | figures to sentences; whether the run is worth starting |

mod costs;
mod facts;
mod findings;
mod replies;
mod report;
mod trial;

use std::time::Instant;

use anyhow::Result;

use self::{
    costs::MeasuredRates,
    trial::{RecycledTrial, Trial},
};
pub use self::{
    costs::RunCosts,
    facts::{PreflightFacts, RecycledFacts},
    findings::PreflightFinding,
    replies::ReplyFacts,
    report::PreflightReport,
};
use super::{directory::write_json, training::Run};
use crate::{
    data::Problem,
    error::input_error,
    kernels::TrainBackend,
    model::{ParameterCounts, parameter_shapes},
    recycle::LineReport,
    rollout::RolloutGroup,
    storage::free_bytes,
};

/// Groups that a forward pass is timed on.
const TIMED_GROUPS: usize = 2;

impl<B: TrainBackend> Run<B> {
    /// Tries a few problems before the first step of a new run, writes what was found to `preflight.json` and says it
    /// on stderr. The run that follows is the same as without. `None` where there is nothing to try: the recipe says
    /// so, the run is under way, or it was tried already.
    ///
    /// # Errors
    /// An input error where the run would take long and cannot learn, unless the recipe says that it is to start all
    /// the same; whatever sampling or verifying fails with.
    pub fn preflight(&mut self) -> Result<Option<PreflightReport>> {
        let is_new = self.config.preflight.on && self.state.step == 0 && self.steps_left();
        let path = self.dir.preflight();
        if !is_new || self.peers.from_first(|| Ok(path.exists()))? {
            return Ok(None);
        }
        let trial = self.try_problems()?;
        let report = self.peers.from_first(|| self.judged(&trial))?;
        if self.peers.writes() {
            write_json(&path, &report)?;
            self.tell(&report);
        }
        match report.refusal().filter(|_| self.config.preflight.refuse) {
            Some(why) => Err(input_error(why)),
            None => Ok(Some(report)),
        }
    }

    /// The judgement over what was sampled.
    fn judged(&self, trial: &Trial) -> Result<PreflightReport> {
        let must_be_read = |problem: &Problem| !self.verifier.asks_outside(problem);
        let facts_of =
            |groups: &[RolloutGroup]| ReplyFacts::of(groups, must_be_read, &self.config.verify.extract);
        let original = facts_of(&trial.original);
        let recycled =
            trial.recycled.as_ref().map(|RecycledTrial { report, groups, left_out }| RecycledFacts {
                made: report.lines.iter().map(LineReport::items).sum(),
                candidates: report.candidates,
                cut_off: report.truncated,
                unreadable: report.unparsed,
                doubtful: report.doubtful,
                left_out: *left_out,
                asked: facts_of(groups),
            });
        let rates = self.measured_rates(trial, &original, recycled.as_ref());
        let shapes = parameter_shapes::<B::InnerBackend>(
            &self.trainer.policy.config,
            &self.config.lora,
            &self.config.model.freeze,
        )?;
        let costs = RunCosts::new(
            &rates,
            &self.config,
            self.test.len(),
            &ParameterCounts::new(&shapes),
            free_bytes(self.dir.path()),
        );
        Ok(PreflightReport::new(PreflightFacts { original, recycled, costs }, &self.config))
    }

    fn measured_rates(
        &self,
        trial: &Trial,
        original: &ReplyFacts,
        recycled: Option<&RecycledFacts>,
    ) -> MeasuredRates {
        let timed = &trial.original[..trial.original.len().min(TIMED_GROUPS)];
        let rows: usize = timed.iter().map(|group| group.rollouts.len()).sum();
        let started = Instant::now();
        self.trainer.logprobs_of(timed);
        let judged = recycled.map_or(0.0, |recycled| recycled.asked.mean_tokens);
        MeasuredRates {
            tokens_per_second: trial.tokens_per_second,
            forward_seconds: started.elapsed().as_secs_f64() / rows.max(1) as f64,
            // What could not be tried is taken to be as long as the others.
            tokens: [original.mean_tokens, if judged > 0.0 { judged } else { original.mean_tokens }],
            cut_off: original.share(original.cut_off),
            teaching: original.groups_with_spread as f64 / original.groups.max(1) as f64,
        }
    }

    fn tell(&self, report: &PreflightReport) {
        let is_refused = self.config.preflight.refuse && report.refusal().is_some();
        // A refusal says the first finding itself.
        for finding in report.findings.iter().skip(usize::from(is_refused)) {
            say!("preflight: warning: {finding}");
        }
        if report.learns_nothing && !is_refused {
            say!("preflight: warning: nothing can be learnt like this; {}", self.why_it_starts());
        }
        if !self.quiet {
            say!("preflight: {}", report.summary());
        }
    }

    fn why_it_starts(&self) -> &'static str {
        match self.config.preflight.refuse {
            true => "the run is started all the same, as it does not take long",
            false => "the run is started all the same, as preflight.refuse = false says",
        }
    }
}
