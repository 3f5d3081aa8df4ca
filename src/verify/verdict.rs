//! What a verifier found.

use serde::{Deserialize, Serialize};

use super::{extract::Extractor, without_answer::Agreement};

/// Why a verdict is not certain. It still has a reward, but nothing else is built on it: no judge item gets its
/// label from a verdict in doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    /// No answer was found, or it could not be read.
    Unread,
    /// The comparison reached one of its limits.
    GaveUp,
    /// The response holds several answers, and nothing in it says which of them is meant.
    SeveralAnswers,
    /// A reward on record says otherwise.
    Contradicted,
    /// The problem has no reference answer.
    NoReference,
}

/// How right a response is, and why.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// 0 (wrong) to 1 (right); a remote reward, and one without a reference, may lie outside.
    pub reward: f64,
    /// The answer read from the response; `None` where none was found.
    pub extracted: Option<String>,
    /// Why, in a few words: "equal", "different", "no answer" …
    pub reason: String,
    /// How the answer was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extractor: Option<Extractor>,
    /// Why the verdict is not certain; `None` where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubt: Option<Doubt>,
    /// What the reward rests on where there is no reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreement: Option<Agreement>,
    /// What each verifier gave, where there were several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<WeightedReward>,
}

/// One verifier's share in a reward.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WeightedReward {
    /// The name of the verifier.
    pub verifier: String,
    /// What it counts, relative to the other weights of the composition.
    pub weight: f64,
    /// What it gave.
    pub reward: f64,
}

impl Verdict {
    /// Whether the response was fully right. Without a reference none is, whatever its reward.
    pub fn is_correct(&self) -> bool {
        self.reward >= 1.0 && self.doubt != Some(Doubt::NoReference)
    }

    /// Whether the answer stood where nothing but an answer stands, as in a box; so does one that was not looked for
    /// in the text.
    pub fn is_final(&self) -> bool {
        self.extractor.is_none_or(|extractor| extractor == Extractor::Box)
    }

    /// A verdict without an answer, for a response in which none could be read.
    pub(super) fn unread(reason: &str) -> Self {
        Self { reason: reason.to_owned(), doubt: Some(Doubt::Unread), ..Self::default() }
    }

    /// A verdict on an answer that was read, worth 1 where it is equal to the reference and 0 elsewhere.
    pub(super) fn found(answer: &str, extractor: Extractor, equal: bool, reason: String) -> Self {
        Self {
            reward: f64::from(u8::from(equal)),
            extracted: Some(answer.to_owned()),
            reason,
            extractor: Some(extractor),
            ..Self::default()
        }
    }

    /// The same verdict with a doubt, where there is one.
    #[must_use]
    pub(super) fn doubted(self, doubt: Option<Doubt>) -> Self {
        Self { doubt: doubt.or(self.doubt), ..self }
    }

    /// The weighted mean of several verdicts on one response. The answer is that of the first that found
    /// one; a doubt about one of them is a doubt about the whole.
    pub(super) fn combined(verdicts: Vec<(String, f64, Self)>) -> Self {
        let total: f64 = verdicts.iter().map(|(_, weight, _)| weight).sum();
        let reward = verdicts.iter().map(|(_, weight, verdict)| weight * verdict.reward).sum::<f64>() / total;
        let reasons: Vec<String> =
            verdicts.iter().map(|(name, _, verdict)| format!("{name}: {}", verdict.reason)).collect();
        let first =
            verdicts.iter().map(|(_, _, verdict)| verdict).find(|verdict| verdict.extracted.is_some());
        Self {
            // Sums of weights such as 0.1 + 0.2 leave a full reward just below one.
            reward: if verdicts.iter().all(|(_, _, verdict)| verdict.is_correct()) {
                reward.max(1.0)
            } else {
                reward
            },
            extracted: first.and_then(|verdict| verdict.extracted.clone()),
            extractor: first.and_then(|verdict| verdict.extractor),
            reason: reasons.join("; "),
            doubt: verdicts.iter().find_map(|(_, _, verdict)| verdict.doubt),
            agreement: None,
            parts: verdicts
                .into_iter()
                .map(|(verifier, weight, verdict)| WeightedReward {
                    verifier,
                    weight,
                    reward: verdict.reward,
                })
                .collect(),
        }
    }
}
