//! `remote`: the reward that a server or a command of the recipe gives. What it shares with functions in Python: the
//! answer that is listed beside such a reward.

use std::sync::Arc;

use anyhow::Result;

use crate::{
    data::Problem,
    error::input_error,
    verify::{
        check::{Check, Response},
        extract::{Extractor, candidates},
        remote::{RewardBound, RewardQuery, RewardSource, Unscored},
        reply::behind_thoughts,
        verdict::Verdict,
    },
};

/// Asks for rewards, for many responses at once.
pub(crate) struct Remote {
    /// The server or command; `None` where the recipe names none.
    pub rewards: Option<Arc<dyn RewardSource>>,
    /// How large a reward may be.
    pub bound: RewardBound,
    /// Where the answers stand that are listed beside the rewards.
    pub extract: Vec<Extractor>,
}

/// The first answer in a response, for the record: the reward does not depend on it.
pub(super) fn first_answer(response: &str, extract: &[Extractor]) -> Option<String> {
    let mut found = candidates(behind_thoughts(response), extract).map(|candidate| candidate.text);
    found.find(|text| !text.is_empty())
}

impl Check for Remote {
    fn name(&self) -> &str {
        "remote"
    }

    fn check_reference(&self, _: &Problem) -> Result<()> {
        match self.rewards {
            Some(_) => Ok(()),
            None => {
                Err(input_error("its verifier is \"remote\"; set verify.remote.url or verify.remote.command"))
            }
        }
    }

    fn is_outside(&self) -> bool {
        true
    }

    /// Asks nobody: rewards are only asked for in batches, with the prompts.
    fn check(&self, _: &Problem, _: &str) -> Verdict {
        Verdict::unread("not asked")
    }

    fn check_all(&self, responses: &[Response<'_>]) -> Vec<Result<Verdict, Unscored>> {
        let Some(source) = &self.rewards else {
            return responses
                .iter()
                .map(|response| Ok(self.check(response.problem, response.text)))
                .collect();
        };
        let queries: Vec<RewardQuery<'_>> = responses
            .iter()
            .map(|&Response { problem, prompt, text }| RewardQuery {
                prompt,
                response: text,
                label: &problem.answer,
            })
            .collect();
        let scored = source.score(&queries).into_iter().zip(&queries);
        scored
            .map(|(scored, query)| {
                let scored = scored?;
                let reward = self.bound.check(scored.reward)?;
                let extracted = first_answer(query.response, &self.extract);
                let reason = scored.reason.unwrap_or_else(|| "as the reward source says".to_owned());
                Ok(Verdict { reward, extracted, reason, ..Verdict::default() })
            })
            .collect()
    }
}
