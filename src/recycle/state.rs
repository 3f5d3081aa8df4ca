//! What of a recycler is saved with a run, and how the states of older checkpoints are read.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    pace::{SampledTokens, SpreadlessShare},
    queue::{OLD_KINDS, Queue},
    tally::{EitherCounts, PlaceCounts, Tally},
    trends::{RewardMeans, RewardTrends},
};
use crate::data::Kind;

/// Everything that a recycler needs beside its settings and recipes to go on exactly.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "StoredState")]
pub(super) struct RecyclerState {
    pub seed: u64,
    pub queue: Queue,
    /// What has been made so far of each kind, by label.
    pub tallies: BTreeMap<Kind, Tally>,
    /// How the kinds' rewards have moved.
    pub trends: RewardTrends,
    /// What has been sampled so far.
    pub sampled: SampledTokens,
    /// How often original problems taught nothing.
    pub spreadless: SpreadlessShare,
    /// Items that have grown too old since the last report.
    pub aged: usize,
}

/// A state as it is stored, of today or with the fields that were once written out for three kinds.
#[derive(Deserialize)]
struct StoredState {
    seed: u64,
    queue: Queue,
    #[serde(default)]
    tallies: BTreeMap<Kind, Tally>,
    #[serde(default)]
    trends: RewardTrends,
    #[serde(default)]
    sampled: SampledTokens,
    #[serde(default)]
    spreadless: SpreadlessShare,
    aged: usize,
    pointwise: Option<EitherCounts>,
    pairwise: Option<EitherCounts>,
    reflection: Option<EitherCounts>,
    places: Option<PlaceCounts>,
    progress: Option<[Option<RewardMeans>; 3]>,
}

impl From<StoredState> for RecyclerState {
    fn from(stored: StoredState) -> Self {
        let StoredState { seed, queue, mut tallies, mut trends, sampled, spreadless, aged, .. } = stored;
        for (kind, either) in
            OLD_KINDS.into_iter().zip([stored.pointwise, stored.pairwise, stored.reflection])
        {
            if let Some(either) = either {
                tallies.insert(kind, Tally { either, ..Tally::default() });
            }
        }
        if let Some(places) = stored.places {
            tallies.insert(Kind::CHOICE, Tally { places, ..Tally::default() });
        }
        if let Some(progress) = stored.progress {
            trends = OLD_KINDS
                .into_iter()
                .zip(progress)
                .filter_map(|(kind, means)| Some((kind, means?)))
                .collect();
        }
        Self { seed, queue, tallies, trends, sampled, spreadless, aged }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Problem, ReplyForm};

    /// A state as it was written when there were three recycled kinds.
    const OLD: &str = r#"{
        "seed": 7,
        "queue": {"waiting": [
            {"born": 3, "problem": {"id": "p1#pairwise@3", "kind": "pairwise", "question": "Which?", "answer": "C",
                "verifier": "choice", "reply": {"choice": 4}}},
            {"born": 3, "problem": {"id": "p2#reflection@3", "kind": "reflection", "question": "Look.",
                "answer": "12", "reply": {"critique": {"right": true}}}},
            {"born": 4, "problem": {"id": "p3#pairwise@4", "kind": "pairwise", "question": "Which?", "answer": "A",
                "verifier": "choice"}},
            {"born": 4, "problem": {"id": "p3#reflection@4", "kind": "reflection", "question": "Look.",
                "answer": "12"}}
        ], "turn": 2},
        "pointwise": {"positive": 5, "negative": 4},
        "pairwise": {"positive": 2, "negative": 2},
        "reflection": {"positive": 3, "negative": 4},
        "places": {"4": [1, 0, 1, 1]},
        "progress": [{"fast": 0.5, "slow": 0.25}, null, null],
        "aged": 1
    }"#;

    #[test]
    fn a_state_of_old_is_read_under_the_kinds_of_today() {
        let mut state: RecyclerState = serde_json::from_str(OLD).unwrap();
        assert_eq!((state.seed, state.aged, state.queue.len()), (7, 1, 4));
        let either =
            |kind: Kind| (state.tallies[&kind].either.positive, state.tallies[&kind].either.negative);
        assert_eq!([Kind::POINTWISE, Kind::PAIRWISE, Kind::REFLECTION].map(either), [(5, 4), (2, 2), (3, 4)]);
        let mut places = PlaceCounts::default();
        [0, 2, 3].into_iter().for_each(|place| places.add(4, place));
        assert_eq!(state.tallies[&Kind::CHOICE].places, places);
        assert_eq!(state.trends.weights(&[Kind::POINTWISE, Kind::PAIRWISE]), [1.15, 0.15]);
        // It is the turn of reflections.
        let taken: Vec<Problem> = state.queue.take(4, &Kind::ALL[1..], &[]);
        let kinds: Vec<Kind> = taken.iter().map(|problem| problem.kind).collect();
        assert_eq!(kinds, [Kind::REFLECTION, Kind::CRITIQUE, Kind::PAIRWISE, Kind::CHOICE]);
        assert_eq!(taken[3].reply, ReplyForm::Choice(4));
    }

    #[test]
    fn a_state_that_is_written_is_read_back() {
        let state: RecyclerState = serde_json::from_str(OLD).unwrap();
        let text = serde_json::to_string(&state).unwrap();
        assert_eq!(serde_json::from_str::<RecyclerState>(&text).unwrap(), state);
    }
}
