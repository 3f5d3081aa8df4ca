//! How good a model is: at solving, at judging, and at solving with a second look. Everything is sampled through a
//! [`RolloutPipeline`](crate::rollout::RolloutPipeline), so that a scripted sampler can stand in for a model; nothing
//! here changes weights, and nothing prints.

mod answer;
mod config;
mod judge_set;
mod judging;
mod mean;
mod ranking;
mod reflect;
mod score;
mod scores;
mod strategy;
mod summary;
mod verdict_odds;
mod vote;

pub use answer::FinalAnswer;
pub use config::EvalConfig;
pub use judge_set::JudgeSet;
pub use judging::{JudgeMeasures, VerdictMeasures, judge_measures};
pub use ranking::area_under_curve;
pub use reflect::answer_with_reflection;
pub use score::{ScoredCompletion, score_rows};
pub use scores::{Scores, accuracy, evaluate};
pub use strategy::{AnswerOptions, Strategy, answer_problems};
pub use summary::AnswerSummary;
pub use vote::{Votes, votes};

pub use crate::model::completion_logprobs;
