//! What will not work, by what was measured: each finding with its figure, an example where there is one, and what to
//! do about it. Pure: facts and a recipe in, sentences out.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{
    facts::{PreflightFacts, RecycledFacts},
    replies::ReplyFacts,
};
use crate::{config::RunConfig, storage::in_words, verify::Extractor};

/// Fewer replies than this say nothing of a share.
const FEWEST_REPLIES: usize = 8;

/// Fewer groups than this say nothing of their spread.
const FEWEST_GROUPS: usize = 4;

/// The share of replies that must have a fault for it to be told, and for it to be a cause that nothing is learnt.
const TOLD: f64 = 0.25;
const ALL: f64 = 0.95;

/// The share of groups without spread that is told.
const FLAT: f64 = 0.75;

/// Something that will not work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreflightFinding {
    /// A name for scripts.
    pub name: String,
    /// What is so, with its figure.
    pub sentence: String,
    /// What to do about it.
    pub remedy: String,
}

impl PreflightFinding {
    pub(super) fn new(name: &str, sentence: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { name: name.to_owned(), sentence: sentence.into(), remedy: remedy.into() }
    }
}

impl fmt::Display for PreflightFinding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}; {}", self.sentence, self.remedy)
    }
}

/// All findings, the gravest first.
pub(super) fn findings(facts: &PreflightFacts, config: &RunConfig) -> Vec<PreflightFinding> {
    let original = &facts.original;
    let explained = [cut_off(original, config), unreadable(original, config)];
    let is_explained = explained.iter().any(Option::is_some);
    let recycled = facts.recycled.as_ref();
    explained
        .into_iter()
        .chain([
            without_reward(original),
            without_spread(original).filter(|_| !(is_explained && original.groups_with_spread == 0)),
            unlabelled_without_spread(original).filter(|_| !is_explained),
            recycled.filter(|_| !is_explained).and_then(|recycled| nothing_recycled(recycled, original)),
            recycled.and_then(judge_unreadable),
            recycled.and_then(judge_cut_off),
            recycled.and_then(left_out),
            disk(facts),
        ])
        .flatten()
        .collect()
}

/// Whether nothing can be learnt: no reward differs from the others of its group, and what is read of the replies says
/// that it will stay so.
pub(super) fn learns_nothing(facts: &PreflightFacts) -> bool {
    let original = &facts.original;
    let recycled = facts.recycled.as_ref().map_or(0, |recycled| recycled.asked.groups_with_spread);
    let is_hopeless = original.share(original.unreadable_ended + original.cut_off) >= ALL;
    original.replies >= FEWEST_REPLIES && original.groups_with_spread + recycled == 0 && is_hopeless
}

fn cut_off(facts: &ReplyFacts, config: &RunConfig) -> Option<PreflightFinding> {
    let share = facts.share(facts.cut_off);
    if facts.replies < FEWEST_REPLIES || share < TOLD {
        return None;
    }
    let limit = config.train.sampling.max_new_tokens;
    let sentence =
        format!("{} of {} replies are cut off after {limit} tokens", percent(share), facts.replies);
    let longest = match facts.longest_ended {
        0 => "none of them ended by itself".to_owned(),
        longest => format!("the longest that ended has {longest}"),
    };
    Some(PreflightFinding::new(
        "cut_off",
        sentence,
        format!("{longest}: raise train.max_new_tokens, or ask for short answers (data.instruction)"),
    ))
}

/// Replies without a readable answer. Of those that were cut off nothing is said here: their remedy is another.
fn unreadable(facts: &ReplyFacts, config: &RunConfig) -> Option<PreflightFinding> {
    let ended = facts.ended();
    let share = facts.unreadable_ended as f64 / ended.max(1) as f64;
    if ended < FEWEST_REPLIES.min(facts.replies) || facts.replies < FEWEST_REPLIES || share < TOLD {
        return None;
    }
    let first = facts.first_unreadable.as_deref().unwrap_or_default();
    let shown = if first.is_empty() { "it is empty".to_owned() } else { format!("{first:?}") };
    let of = if facts.cut_off > 0 { "replies that ended" } else { "replies" };
    let sentence = format!("{} of {ended} {of} have no readable answer (first: {shown})", percent(share));
    Some(PreflightFinding::new("unreadable", sentence, extraction_remedy(facts, config)))
}

/// What to set so that answers are found: an instruction that asks for what is looked for, or looking for more.
fn extraction_remedy(facts: &ReplyFacts, config: &RunConfig) -> String {
    let set = &config.verify.extract;
    let looked: Vec<&str> = set.iter().map(|way| way.name()).collect();
    let mut remedy = format!("verify.extract looks for {}", looked.join(", "));
    let helpful: Vec<String> =
        facts.found_by.iter().map(|(way, count)| format!("{way} would find {count}")).collect();
    if !helpful.is_empty() {
        remedy += &format!(", and {} of {}", helpful.join(", "), facts.unreadable);
    }
    let asks = config.data.instruction.as_deref().is_some_and(|text| text.contains("\\boxed"));
    let instruction = r"data.instruction='Put the final answer in \boxed{}.'";
    remedy += ": ";
    remedy += &match (set.contains(&Extractor::Box) && !asks, helpful.is_empty()) {
        (true, true) => format!("set {instruction}, or another verify.extract"),
        (true, false) => format!("set {instruction}, or verify.extract={}", all_ways(set, facts)),
        (false, true) => {
            "set a data.instruction that asks for answers in this form, or look for them in another (box, phrase, latex, \
             plain)"
                .to_owned()
        }
        (false, false) => format!("set verify.extract={}, or another data.instruction", all_ways(set, facts)),
    };
    remedy
}

/// The ways that are set, and those that would find something, as a value for `--set`.
fn all_ways(set: &[Extractor], facts: &ReplyFacts) -> String {
    let finds = |way: &Extractor| set.contains(way) || facts.found_by.contains_key(way.name());
    let ways: Vec<String> =
        Extractor::ALL.iter().filter(|way| finds(way)).map(|way| format!("{:?}", way.name())).collect();
    format!("'[{}]'", ways.join(","))
}

fn without_reward(facts: &ReplyFacts) -> Option<PreflightFinding> {
    let all = facts.replies + facts.unscored;
    (facts.unscored > 0).then(|| {
        PreflightFinding::new(
            "without_reward",
            format!("no reward could be had for {} of {all} replies", facts.unscored),
            "look at what gives the rewards (verify.python, verify.remote)",
        )
    })
}

fn without_spread(facts: &ReplyFacts) -> Option<PreflightFinding> {
    let groups = facts.groups - facts.groups_unlabelled;
    let flat = facts.groups - facts.groups_with_spread - facts.groups_unlabelled_flat;
    if groups < FEWEST_GROUPS || (flat as f64) < FLAT * groups as f64 {
        return None;
    }
    let (right, wrong) = (facts.groups_all_right, facts.groups_all_wrong);
    let sentence = format!(
        "in {flat} of {groups} groups all replies have the same reward and teach nothing: {wrong} are all wrong, {right} all right"
    );
    let remedy = match wrong >= right {
        true => {
            "the problems are too hard, or right answers are not taken for right (see rollouts.jsonl): take easier ones, \
             more train.samples_per_prompt, or train.refill_rounds"
        }
        false => {
            "the problems are too easy: take harder ones, data.curriculum=\"measured\" or train.refill_rounds"
        }
    };
    Some(PreflightFinding::new("without_spread", sentence, remedy))
}

/// Problems without a reference whose replies all agree, or all cannot be read.
fn unlabelled_without_spread(facts: &ReplyFacts) -> Option<PreflightFinding> {
    let (groups, flat) = (facts.groups_unlabelled, facts.groups_unlabelled_flat);
    if groups < FEWEST_GROUPS || (flat as f64) < FLAT * groups as f64 {
        return None;
    }
    Some(PreflightFinding::new(
        "unlabelled_without_spread",
        format!(
            "in {flat} of {groups} groups of problems without an answer all replies have the same reward and teach nothing: \
             all give the same answer, each gives another, or none can be read"
        ),
        "see rollouts.jsonl; where all agree, take harder problems, a higher train.temperature or more \
         train.samples_per_prompt",
    ))
}

fn nothing_recycled(facts: &RecycledFacts, original: &ReplyFacts) -> Option<PreflightFinding> {
    if facts.made > 0 || original.groups - original.groups_unlabelled < FEWEST_GROUPS {
        return None;
    }
    let RecycledFacts { candidates, cut_off, unreadable, doubtful, .. } = facts;
    let sentence = format!(
        "nothing could be recycled: {candidates} replies can be shown in a judge problem, {cut_off} were cut off, \
         {unreadable} have no readable answer, the verdict on {doubtful} is in doubt"
    );
    let remedy = match *candidates {
        0 => "set data.instruction so that replies end in an answer that can be read",
        _ => {
            "judge problems need right and wrong answers in balance: take problems that are sometimes solved"
        }
    };
    Some(PreflightFinding::new("nothing_recycled", sentence, remedy))
}

fn judge_unreadable(facts: &RecycledFacts) -> Option<PreflightFinding> {
    let asked = &facts.asked;
    let share = asked.unreadable_ended as f64 / asked.ended().max(1) as f64;
    if asked.ended() < FEWEST_REPLIES || share < TOLD {
        return None;
    }
    let first = asked.first_unreadable.as_deref().unwrap_or_default();
    Some(PreflightFinding::new(
        "judge_unreadable",
        format!(
            "{} of {} replies to judge and reflection problems have no readable verdict (first: {first:?})",
            percent(share),
            asked.ended()
        ),
        "they count as wrong; a wording that this model follows may be set with judge.prompts",
    ))
}

fn judge_cut_off(facts: &RecycledFacts) -> Option<PreflightFinding> {
    let asked = &facts.asked;
    let share = asked.share(asked.cut_off);
    (asked.replies >= FEWEST_REPLIES && share >= TOLD).then(|| {
        PreflightFinding::new(
            "judge_cut_off",
            format!(
                "{} of {} replies to judge and reflection problems are cut off",
                percent(share),
                asked.replies
            ),
            "raise train.max_new_tokens",
        )
    })
}

fn left_out(facts: &RecycledFacts) -> Option<PreflightFinding> {
    (facts.left_out > 0).then(|| {
        PreflightFinding::new(
            "recycled_left_out",
            format!("no prompt can hold {} of {} judge and reflection problems", facts.left_out, facts.made),
            "set recycle.solution_share=0, so that bare answers are shown, or raise data.max_prompt_tokens",
        )
    })
}

fn disk(facts: &PreflightFacts) -> Option<PreflightFinding> {
    let costs = &facts.costs;
    let free = costs.free_bytes?;
    (costs.kept_bytes > free).then(|| {
        PreflightFinding::new(
            "disk",
            format!(
                "checkpoints of {} each and the final model need {} at most, and {} are free",
                in_words(costs.checkpoint_bytes),
                in_words(costs.kept_bytes),
                in_words(free)
            ),
            "free space, name another disk with --out, lower checkpoint.keep, or train adapters (lora.rank)",
        )
    })
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

#[cfg(test)]
mod tests;
