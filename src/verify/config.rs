//! The `[verify]` part of a recipe.

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::{
    composition,
    extract::Extractor,
    math::{Limits, Settings},
    remote::{PYTHON, PythonFunction, RemoteConfig, RewardBound, one_or_more},
    shaping::ShapingConfig,
    without_answer::WithoutAnswer,
};
use crate::error::input_error;

/// More interpreters than this are more than any machine has cores for.
const MOST_WORKERS: usize = 1024;

/// The interpreter of functions in Python, where the recipe names none.
const PYTHON_EXECUTABLE: &str = "python3";

/// How large a reward from outside may be, where the recipe does not say.
const REWARD_BOUND: f64 = 1000.0;

/// What the policy's own verdict makes of a reward without a reference, where the recipe does not say.
const JUDGE_CLAMP: [f64; 2] = [0.8, 1.2];

/// How responses are checked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct VerifyConfig {
    /// Where answers may stand, tried in this order: "box", "phrase", "latex", "plain". In training a box
    /// alone teaches to give one.
    pub extract: Vec<Extractor>,
    /// The verifier of problems that name none; without one it follows from the answer's shape.
    pub verifier: Option<String>,
    /// A decimal with at least this many places may stand for an exact value that it rounds.
    pub rounding_places: u32,
    /// Whether some of several constraints earn their share of the reward; otherwise it takes all.
    pub partial_credit: bool,
    /// Milliseconds after which a comparison gives up, should its steps not have run out before.
    pub timeout_milliseconds: u64,
    /// Penalties on the form of responses.
    pub shaping: ShapingConfig,
    /// Where rewards from outside of the process come from, and how long to wait for them.
    pub remote: RemoteConfig,
    /// Reward functions in Python, `"FILE:FUNCTION"` or several with weights, `["FILE:FUNCTION=0.2", …]`. Where
    /// `verifier` is not set, they are the verifier. Paths start at the working directory.
    #[serde(deserialize_with = "one_or_more")]
    pub python: Vec<String>,
    /// The interpreter that runs the functions.
    pub python_executable: String,
    /// Interpreters that share the batches.
    pub python_workers: usize,
    /// Whether the functions get prompts and completions as lists of chat messages, instead of texts.
    pub python_messages: bool,
    /// The largest size of a reward from outside; one beyond it counts as a reward that could not be had.
    pub reward_bound: f64,
    /// What becomes of problems of the training data without an answer: "refuse", or a reward by what the replies have
    /// in common, "majority" or "judged_majority".
    pub without_answer: WithoutAnswer,
    /// What the policy's own verdict makes of such a reward at least and at most, for "judged_majority".
    pub judge_clamp: [f64; 2],
}

impl Default for VerifyConfig {
    fn default() -> Self {
        Self {
            extract: vec![Extractor::Box],
            verifier: None,
            rounding_places: Settings::default().rounding_places,
            partial_credit: false,
            timeout_milliseconds: Limits::default().milliseconds,
            shaping: ShapingConfig::default(),
            remote: RemoteConfig::default(),
            python: Vec::new(),
            python_executable: PYTHON_EXECUTABLE.to_owned(),
            python_workers: 1,
            python_messages: false,
            reward_bound: REWARD_BOUND,
            without_answer: WithoutAnswer::Refuse,
            judge_clamp: JUDGE_CLAMP,
        }
    }
}

impl VerifyConfig {
    /// Checks the ranges. Whether the verifiers that it names exist is known only to a
    /// [`Verifier`](super::Verifier), which may have more than those that ship.
    ///
    /// # Errors
    /// Names the first setting that is out of range.
    pub fn check(&self) -> Result<()> {
        if self.extract.is_empty() {
            return Err(input_error("verify.extract = []: name at least one of box, phrase, latex, plain"));
        }
        if self.timeout_milliseconds == 0 {
            return Err(input_error("verify.timeout_milliseconds = 0: must be at least 1"));
        }
        if let Some(names) = &self.verifier {
            composition::parse(names).map_err(|error| input_error(format!("verify.verifier: {error:#}")))?;
        }
        self.shaping.check()?;
        self.remote.check()?;
        let complaints = self.check_outside().and_then(|()| self.check_judge_clamp());
        complaints.map_err(|complaint| input_error(format!("verify.{complaint}")))?;
        self.python_functions().map(drop)
    }

    /// Refuses settings of rewards from outside that are out of range, or have no effect.
    fn check_outside(&self) -> Result<(), String> {
        let without_effect = "has no effect without verify.python = \"FILE:FUNCTION\"";
        let (bound, workers) = (self.reward_bound, self.python_workers);
        if !(bound.is_finite() && bound > 0.0) {
            return Err(format!("reward_bound = {bound}: must be a finite number above 0"));
        }
        if !(1..=MOST_WORKERS).contains(&workers) {
            return Err(format!("python_workers = {workers}: must be 1 to {MOST_WORKERS}"));
        }
        if self.python_executable.is_empty() {
            return Err(
                "python_executable = \"\": name an interpreter, by its path or one on PATH".to_owned()
            );
        }
        if !self.python.is_empty() {
            return Ok(());
        }
        if bound != REWARD_BOUND && self.remote.url.is_none() && self.remote.command.is_empty() {
            return Err(format!(
                "reward_bound = {bound}: has no effect without rewards from outside (verify.python, \
                 verify.remote.url, verify.remote.command)"
            ));
        }
        if self.python_executable != PYTHON_EXECUTABLE {
            return Err(format!("python_executable = {:?}: {without_effect}", self.python_executable));
        }
        if workers != 1 {
            return Err(format!("python_workers = {workers}: {without_effect}"));
        }
        if self.python_messages {
            return Err(format!("python_messages = true: {without_effect}"));
        }
        Ok(())
    }

    /// Refuses bounds that are none, or have no effect.
    fn check_judge_clamp(&self) -> Result<(), String> {
        let [low, high] = self.judge_clamp;
        let setting = format!("judge_clamp = [{low}, {high}]");
        if !(low.is_finite() && high.is_finite() && 0.0 <= low && low <= high && high > 0.0) {
            return Err(format!("{setting}: must be two numbers of 0 or more, the smaller first"));
        }
        if self.judge_clamp != JUDGE_CLAMP && self.without_answer != WithoutAnswer::JudgedMajority {
            return Err(format!(
                "{setting}: has no effect without verify.without_answer = \"judged_majority\""
            ));
        }
        Ok(())
    }

    /// The functions that `verify.python` names.
    ///
    /// # Errors
    /// Quotes the first that cannot be read.
    pub(super) fn python_functions(&self) -> Result<Vec<PythonFunction>> {
        self.python.iter().map(|text| PythonFunction::parse(text)).collect()
    }

    /// The verifier of problems that name none, as the recipe sets it: functions in Python are set to be used.
    pub(super) fn setting(&self) -> Option<&str> {
        self.verifier.as_deref().or((!self.python.is_empty()).then_some(PYTHON))
    }

    /// How large a reward from outside may be.
    pub(super) fn bound(&self) -> RewardBound {
        RewardBound(self.reward_bound)
    }

    /// The defaults, with answers looked for everywhere: what suits responses that were not asked for a box.
    pub fn anywhere() -> Self {
        Self { extract: Extractor::ALL.to_vec(), ..Self::default() }
    }

    /// What counts as equal mathematics.
    pub(super) fn math(&self) -> Settings {
        let limits = Limits { milliseconds: self.timeout_milliseconds, ..Limits::default() };
        Settings { rounding_places: self.rounding_places, limits }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_is_refused_by_name() {
        let refusal = |text: &str| {
            let config: VerifyConfig = toml::from_str(text).unwrap();
            format!("{:#}", config.check().unwrap_err())
        };
        assert!(refusal("extract = []").contains("verify.extract"));
        assert!(refusal("verifier = 'math=0'").contains("verify.verifier"));
        assert!(refusal("timeout_milliseconds = 0").contains("verify.timeout_milliseconds"));
        assert!(refusal("shaping.format_penalty = -1.0").contains("verify.shaping.format_penalty"));
        for (text, expected) in [
            ("python = 'reward.py'", "verify.python = \"reward.py\": expected FILE:FUNCTION"),
            ("python = ['a.py:f', '']", "verify.python = \"\": expected FILE:FUNCTION"),
            ("python_executable = 'python3.12'", "verify.python_executable = \"python3.12\": has no effect"),
            ("python_workers = 2", "verify.python_workers = 2: has no effect"),
            ("python_messages = true", "verify.python_messages = true: has no effect"),
            ("reward_bound = 5", "verify.reward_bound = 5: has no effect"),
            ("python = 'a.py:f'\npython_workers = 0", "verify.python_workers = 0: must be 1 to"),
            ("python = 'a.py:f'\npython_executable = ''", "verify.python_executable"),
            ("python = 'a.py:f'\nreward_bound = inf", "verify.reward_bound = inf: must be a finite number"),
            ("remote.command = ['x']\nreward_bound = 0", "verify.reward_bound = 0"),
            ("judge_clamp = [0.9, 1.1]", "verify.judge_clamp = [0.9, 1.1]: has no effect"),
            (
                "without_answer = 'judged_majority'\njudge_clamp = [1.2, 0.8]",
                "verify.judge_clamp = [1.2, 0.8]: must",
            ),
        ] {
            assert!(refusal(text).contains(expected), "{text}: {}", refusal(text));
        }
        assert!(toml::from_str::<VerifyConfig>("extract = ['boxes']").is_err());
        let error = toml::from_str::<VerifyConfig>("python = 3").unwrap_err().to_string();
        assert!(error.contains("expected \"FILE:FUNCTION\", or a list of such texts"), "{error}");
        assert!(VerifyConfig::default().check().is_ok());
    }

    #[test]
    fn functions_are_one_text_or_a_list_and_are_the_verifier_where_none_is_set() {
        let one: VerifyConfig = toml::from_str("python = 'reward.py:correct'\nreward_bound = 5").unwrap();
        assert_eq!((one.python.len(), one.setting()), (1, Some("python")));
        assert!(one.check().is_ok());
        let several = "python = ['a.py:f=0.2', 'b.py:g=0.8']\nverifier = 'math=0.5,python=0.5'";
        let several: VerifyConfig = toml::from_str(several).unwrap();
        assert_eq!(several.setting(), Some("math=0.5,python=0.5"));
        let weights: Vec<f64> =
            several.python_functions().unwrap().iter().map(|function| function.weight).collect();
        assert_eq!(weights, [0.2, 0.8]);
        for config in [VerifyConfig::default(), one, several] {
            let written = toml::to_string(&config).unwrap();
            assert_eq!(toml::from_str::<VerifyConfig>(&written).unwrap(), config, "{written}");
        }
    }
}
