//! `remote`: the reward that a server or a command of the recipe gives.

use std::sync::Arc;

use anyhow::Result;

use crate::{
    data::Problem,
    error::input_error,
    verify::{
        check::{Check, Response},
        extract::{Extractor, candidates},
        remote::{RewardQuery, RewardSource, Unscored},
        reply::behind_thoughts,
        verdict::Verdict,
    },
};

/// Asks for rewards, for many responses at once.
pub(crate) struct Remote {
    /// The server or command; `None` where the recipe names none.
    pub rewards: Option<Arc<dyn RewardSource>>,
    /// Where the answers stand that are listed beside the rewards.
    pub extract: Vec<Extractor>,
}

impl Remote {
    fn first_answer(&self, response: &str) -> Option<String> {
        let mut found = candidates(behind_thoughts(response), &self.extract).map(|candidate| candidate.text);
        found.find(|text| !text.is_empty())
    }
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
                let reward = scored?;
                let extracted = self.first_answer(query.response);
                let reason = reward.reason.unwrap_or_else(|| "as the reward source says".to_owned());
                Ok(Verdict { reward: reward.reward, extracted, reason, ..Verdict::default() })
            })
            .collect()
    }
}
