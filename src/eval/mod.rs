//! How good a model is: at solving, at judging, and at solving with a second look. Everything is sampled through a
//! [`RolloutPipeline`](crate::rollout::RolloutPipeline), so that a scripted sampler can stand in for a model; nothing
//! here changes weights, and nothing prints.

mod answer;
mod config;
mod judge_set;
mod mean;
mod reflect;
mod score;
mod scores;
mod strategy;
mod summary;
mod vote;

pub use answer::FinalAnswer;
pub use config::EvalConfig;
pub use judge_set::JudgeSet;
pub use reflect::answer_with_reflection;
pub use score::{ScoredCompletion, completion_logprobs, score_rows};
pub use scores::{Scores, accuracy, evaluate};
pub use strategy::{AnswerOptions, Strategy, answer_problems};
pub use summary::AnswerSummary;
pub use vote::{Votes, votes};
