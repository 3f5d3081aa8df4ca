//! How good a model is: at solving, at judging, and at solving with a second look. Everything is sampled through a
//! [`RolloutPipeline`](crate::rollout::RolloutPipeline), so that a scripted sampler can stand in for a model; nothing
//! here changes weights, and nothing prints.

mod accuracy;
mod answer;
mod best_by;
mod by_source;
mod config;
mod held_out;
mod history;
mod interval;
mod judge_set;
mod judging;
mod mean;
mod measuring;
mod named_figures;
mod own_reward;
mod pass;
mod preferred;
mod ranking;
mod reflect;
mod score;
mod scores;
mod strategy;
mod summary;
mod time_bound;
mod vote;

pub use accuracy::accuracy;
pub use answer::{FinalAnswer, TokensSpent};
pub use best_by::BestBy;
pub use by_source::SourceScores;
pub use config::EvalConfig;
pub use held_out::held_out_sample;
pub use history::{BestEvaluation, EvaluationHistory};
pub use judge_set::JudgeSet;
pub use judging::{AskedByOdds, JudgeMeasures, OddsMeasures, VerdictMeasures, judge_measures};
pub use measuring::Measuring;
pub use own_reward::{OwnLogprobs, OwnReward};
pub use pass::pass_at_k;
pub use preferred::{PairScores, preferred_orders};
pub use ranking::area_under_curve;
pub use reflect::answer_with_reflection;
pub use score::{ScoredCompletion, score_rows};
pub use scores::{Evaluation, Scores, evaluate, evaluate_in_full};
pub use strategy::{AnswerOptions, Strategy, answer_problems};
pub use summary::{AnswerSummary, PartSummary};
pub use time_bound::TimeBound;
pub use vote::{Election, VoteScores, Votes, elect, votes};

pub use crate::model::completion_logprobs;
