//! The settings of a run as flat keys, and which of them may change on the way.
//!
//! What the policy began as, what it is asked, how its answers are checked and what it is measured by makes a run what
//! it is. How it learns, how it is computed and what is kept of it may change; the step from which a change holds is
//! kept with the run.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::config::RunConfig;

/// Keys and sections that a resumed run may change. Everything else is refused, whatever is added to a recipe later.
/// Paths are here because what they lead to is compared by its content.
const MAY_CHANGE: [&str; 29] = [
    "checkpoint",
    "data.bad_rows",
    "data.curriculum",
    "data.image_cache",
    "data.image_root",
    "data.test",
    "data.train",
    "eval.every",
    "eval.min_gain",
    "eval.patience",
    "model.dtype",
    "model.freeze",
    "model.path",
    "preflight",
    "recycle",
    "rollout",
    "sft.batch_size",
    "sft.data",
    "train",
    "verify.python_executable",
    "verify.python_workers",
    "verify.remote.backoff_seconds",
    "verify.remote.batch_size",
    "verify.remote.max_in_flight",
    "verify.remote.retries",
    "verify.remote.timeout_seconds",
    "verify.remote.url",
    "verify.timeout_milliseconds",
    "watch",
];

/// A setting that is not what it was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SettingChange {
    /// The first step under the new value.
    pub step: u64,
    /// `section.key`.
    pub key: String,
    /// The old value; null where there was none.
    pub from: Value,
    /// The new value; null where there is none.
    pub to: Value,
}

impl SettingChange {
    /// Whether a resumed run may make it.
    pub fn is_allowed(&self) -> bool {
        let covers = |allowed: &&str| {
            self.key.strip_prefix(*allowed).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        MAY_CHANGE.iter().any(covers)
    }

    /// `train.steps: 20 -> 40`.
    pub fn in_words(&self) -> String {
        let shown = |value: &Value| if value.is_null() { "none".to_owned() } else { value.to_string() };
        format!("{}: {} -> {}", self.key, shown(&self.from), shown(&self.to))
    }
}

/// Every setting by its flat key.
#[derive(Debug, Clone, PartialEq)]
pub struct RunSettings(BTreeMap<String, Value>);

impl RunSettings {
    pub fn of(config: &RunConfig) -> Self {
        let mut flat = BTreeMap::new();
        let all = serde_json::to_value(config).expect("a configuration is plain data");
        flatten(String::new(), all, &mut flat);
        Self(flat)
    }

    /// The settings before these changes, of which later ones come later.
    #[must_use]
    pub fn before(mut self, changes: &[SettingChange]) -> Self {
        for change in changes.iter().rev() {
            match &change.from {
                Value::Null => self.0.remove(&change.key),
                value => self.0.insert(change.key.clone(), value.clone()),
            };
        }
        self
    }

    /// What is to be changed, with `step` as the first one under it, so that these become `other`.
    pub fn changes_to(&self, other: &Self, step: u64) -> Vec<SettingChange> {
        let keys: BTreeSet<&String> = self.0.keys().chain(other.0.keys()).collect();
        let value = |settings: &Self, key: &String| settings.0.get(key).cloned().unwrap_or_default();
        let change = |key: &String| {
            let (from, to) = (value(self, key), value(other, key));
            (from != to).then(|| SettingChange { step, key: key.clone(), from, to })
        };
        keys.into_iter().filter_map(change).collect()
    }
}

/// Values by `section.key`; what is null is left out, as in TOML.
fn flatten(prefix: String, value: Value, flat: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let key = if prefix.is_empty() { key } else { format!("{prefix}.{key}") };
                flatten(key, value, flat);
            }
        }
        Value::Null => {}
        value => _ = flat.insert(prefix, value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(settings: &[&str]) -> RunSettings {
        let settings: Vec<String> = settings.iter().map(|setting| (*setting).to_owned()).collect();
        RunSettings::of(&RunConfig::load("recipes/digits.toml".as_ref(), &settings).unwrap())
    }

    fn changes(settings: &[&str]) -> Vec<(String, bool)> {
        let changes = config(&[]).changes_to(&config(settings), 7);
        changes.iter().map(|change| (change.in_words(), change.is_allowed())).collect()
    }

    #[test]
    fn how_it_learns_may_change_and_what_it_is_may_not() {
        assert_eq!(changes(&[]), []);
        // What a setting needs beside it is there before and after.
        let beside = ["eval.every=5"];
        let allowed = |setting: &str| {
            let [from, to] = [&beside[..], &[beside[0], setting][..]].map(config);
            from.changes_to(&to, 7)[0].is_allowed()
        };
        for setting in [
            "train.steps=7",
            "train.token_budget=9",
            "train.learning_rate=1e-5",
            "train.adamw.beta2=0.9",
            "train.kind_weights.reason=2.0",
            "recycle.wordings=2",
            "checkpoint.keep=9",
            "watch.stop=true",
            "rollout.max_rows=3",
            "model.dtype=bf16",
            "data.train=elsewhere.jsonl",
            "verify.remote.retries=2",
            "eval.every=6",
        ] {
            assert!(allowed(setting), "{setting}");
        }
        for setting in [
            "seed=2",
            "lora.rank=4",
            "data.instruction=Think!",
            "data.source_weights={a=1}",
            "eval.problems=3",
            "eval.best_by=pass@1",
            "verify.partial_credit=true",
            "verify.verifier=exact",
            "verify.remote.unscored=leave_out",
            "sft.from_scratch=true",
        ] {
            assert!(!allowed(setting), "{setting}");
        }
    }

    #[test]
    fn judge_prompts_are_compared_by_their_contents() {
        let dir = tempfile::tempdir().unwrap();
        let [one, same, other] = ["one", "same", "other"].map(|name| dir.path().join(name));
        let text = "pointwise.trained = ['{question} {answer}? \\boxed{}']";
        std::fs::write(&one, text).unwrap();
        std::fs::write(&same, format!("# As before.\n{text}")).unwrap();
        std::fs::write(&other, text.replace('?', "!")).unwrap();
        let with = |path: &std::path::Path| config(&[&format!("judge.prompts={}", path.display())]);
        assert_eq!(with(&one).changes_to(&with(&same), 7), []);
        for (from, to) in [(with(&one), with(&other)), (config(&[]), with(&one))] {
            let changes = from.changes_to(&to, 7);
            assert_eq!(changes[0].key, "judge.prompts.pointwise.trained");
            assert!(!changes[0].is_allowed());
        }
    }

    #[test]
    fn changes_are_told_by_their_old_and_new_values() {
        assert_eq!(
            changes(&["seed=2", "train.steps=7"]),
            [("seed: 1 -> 2".to_owned(), false), ("train.steps: 120 -> 7".to_owned(), true)]
        );
        assert_eq!(changes(&["data.instruction=Think!"])[0].0, "data.instruction: none -> \"Think!\"");
    }

    #[test]
    fn settings_go_back_along_their_changes() {
        let (first, second) = (config(&[]), config(&["train.steps=7", "data.instruction=x"]));
        let third = config(&["train.steps=9"]);
        let mut changes = first.changes_to(&second, 3);
        changes.extend(second.changes_to(&third, 5));
        assert_eq!(third.clone().before(&changes), first);
        assert_eq!(third.before(&changes[2..]), second);
    }
}
