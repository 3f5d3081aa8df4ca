//! What the watch remembers of a run's steps, and what it finds in the next one. Saved with the run, so that a resumed
//! run sees what the unbroken one would have seen.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Alarm, Shortfall, StepShortfall, StepYield, Symptom, WatchConfig};

/// The numbers of a step that tell whether a run is well. Those about completions are of original problems, and
/// missing where a step has none.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct StepHealth {
    /// The norm of the gradient before clipping.
    pub grad_norm: f64,
    /// Nats per sampled token: the mean of −log p over what was sampled.
    pub entropy: Option<f64>,
    pub reward: Option<f64>,
    /// The share of groups whose rewards are all equal.
    pub zero_spread: Option<f64>,
    /// Tokens per completion.
    pub length: Option<f64>,
    /// The share of completions that the token limit cut off.
    pub truncated: Option<f64>,
}

/// A run's steps as the watch remembers them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct WatchHistory {
    /// Steps in a row with a symptom, up to the last step.
    streaks: BTreeMap<Symptom, u64>,
    entropy: Level,
    reward: Level,
    length: Level,
    /// Shortfalls that have been told.
    #[serde(default)]
    told: BTreeSet<Shortfall>,
    /// Steps that taught nothing.
    #[serde(default)]
    without_lesson: u64,
}

/// What is usual for a number: its mean over the first steps, and its best mean over as many steps in a row.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Level {
    recent: Vec<f64>,
    first: Option<f64>,
    best: Option<f64>,
}

impl Level {
    fn add(&mut self, value: Option<f64>, steps: u64) {
        let steps = steps as usize;
        self.recent.extend(value);
        let surplus = self.recent.len().saturating_sub(steps);
        self.recent.drain(..surplus);
        if self.recent.len() == steps {
            let mean = self.recent.iter().sum::<f64>() / steps as f64;
            self.first.get_or_insert(mean);
            self.best = Some(self.best.map_or(mean, |best| best.max(mean)));
        }
    }
}

/// A symptom's number of the step, and what it is compared with.
type Finding = (Symptom, f64, Option<f64>);

impl WatchHistory {
    /// Takes in a step. Returns the symptoms that have become alarms with it.
    pub fn observe(&mut self, now: &StepHealth, config: &WatchConfig) -> Vec<Alarm> {
        let found = self.symptoms(now, config);
        self.streaks.retain(|symptom, _| found.iter().any(|(present, ..)| present == symptom));
        let mut alarms = Vec::new();
        for (symptom, now, before) in found {
            let steps = self.streaks.entry(symptom).or_default();
            *steps += 1;
            if *steps == config.patience {
                alarms.push(Alarm { symptom, steps: *steps, now, before });
            }
        }
        self.entropy.add(now.entropy, config.patience);
        self.reward.add(now.reward, config.patience);
        self.length.add(now.length, config.patience);
        alarms
    }

    /// Takes in what a step yielded. Returns the shortfalls that have not been told before.
    pub fn observe_yield(&mut self, of: StepYield) -> Vec<StepShortfall> {
        self.without_lesson += u64::from(of.teaches_nothing());
        let new = of.shortfalls().filter(|&shortfall| self.told.insert(shortfall));
        new.map(|shortfall| StepShortfall { shortfall, of }).collect()
    }

    /// Steps that taught nothing, so far.
    pub fn steps_without_lesson(&self) -> u64 {
        self.without_lesson
    }

    /// Steps in a row with a symptom, up to the last step.
    pub fn streak(&self, symptom: Symptom) -> u64 {
        self.streaks.get(&symptom).copied().unwrap_or_default()
    }

    /// Whether the weights that the last step was sampled from seem sound.
    pub fn is_sound(&self) -> bool {
        !self.streaks.keys().any(|symptom| symptom.is_of_broken_weights())
    }

    fn symptoms(&self, now: &StepHealth, config: &WatchConfig) -> Vec<Finding> {
        let fell = |symptom, now: Option<f64>, usual: Option<f64>, share: f64| {
            now.zip(usual)
                .filter(|(now, usual)| *now < share * usual)
                .map(|(now, usual)| (symptom, now, Some(usual)))
        };
        let exactly = |symptom, now: Option<f64>, holds: &dyn Fn(f64) -> bool| {
            now.filter(|now| holds(*now)).map(|now| (symptom, now, None))
        };
        let collapsed = fell(Symptom::EntropyCollapsed, now.entropy, self.entropy.first, config.entropy_drop);
        let empty =
            || exactly(Symptom::EntropyCollapsed, now.entropy, &|entropy| entropy < config.min_entropy);
        [
            exactly(Symptom::NothingLearnt, Some(now.grad_norm), &|norm| norm == 0.0),
            // Where nothing at all is learnt, this goes without saying.
            exactly(Symptom::NoSpread, now.zero_spread, &|share| share == 1.0 && now.grad_norm != 0.0),
            collapsed.or_else(empty),
            fell(Symptom::RewardFell, now.reward, self.reward.best, config.reward_drop),
            fell(Symptom::LengthFell, now.length, self.length.first, config.length_drop),
            exactly(Symptom::Truncated, now.truncated, &|share| share >= config.max_truncated),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn healthy(step: u64) -> StepHealth {
        // As noisy as the default run's.
        let wobble = [0.0, 0.12, -0.1, 0.05, -0.07][step as usize % 5];
        StepHealth {
            grad_norm: 0.1 + wobble / 2.0,
            entropy: Some(0.12 / (1.0 + step as f64 / 20.0)),
            reward: Some(0.7 + wobble),
            zero_spread: Some(0.8 + wobble),
            length: Some(12.0 + step as f64 / 10.0),
            truncated: Some(0.0),
        }
    }

    /// What the steps after five healthy ones raise, by step.
    fn alarms(sick: StepHealth) -> Vec<(u64, Symptom)> {
        let (mut history, config) = (WatchHistory::default(), WatchConfig::default());
        let mut raised = Vec::new();
        for step in 1..=12 {
            let now = if step <= 5 { healthy(step) } else { sick };
            raised.extend(history.observe(&now, &config).into_iter().map(|alarm| (step, alarm.symptom)));
            assert_eq!(history.is_sound(), step <= 5 || sick == healthy(3), "step {step}");
        }
        raised
    }

    #[test]
    fn a_healthy_run_raises_no_alarm() {
        let (mut history, config) = (WatchHistory::default(), WatchConfig::default());
        for step in 1..=120 {
            assert_eq!(history.observe(&healthy(step), &config), []);
            assert!(history.is_sound());
        }
    }

    #[test]
    fn each_symptom_is_an_alarm_once_when_it_has_stayed() {
        let well = healthy(3);
        let no_reward = StepHealth { reward: Some(0.0), ..well };
        assert_eq!(alarms(no_reward), [(8, Symptom::RewardFell)]);
        assert_eq!(alarms(StepHealth { grad_norm: 0.0, ..well }), [(8, Symptom::NothingLearnt)]);
        assert_eq!(alarms(StepHealth { entropy: Some(0.0), ..well }), [(8, Symptom::EntropyCollapsed)]);
        assert_eq!(alarms(StepHealth { truncated: Some(1.0), ..well }), [(8, Symptom::Truncated)]);
    }

    #[test]
    fn little_spread_and_short_answers_are_said_but_break_no_weights() {
        let (mut history, config) = (WatchHistory::default(), WatchConfig::default());
        (1..=5).for_each(|step| _ = history.observe(&healthy(step), &config));
        let short = StepHealth { length: Some(2.0), zero_spread: Some(1.0), ..healthy(3) };
        let raised: Vec<Alarm> = (0..3).flat_map(|_| history.observe(&short, &config)).collect();
        assert_eq!(
            raised.iter().map(|alarm| alarm.symptom).collect::<Vec<_>>(),
            [Symptom::NoSpread, Symptom::LengthFell]
        );
        assert!(history.is_sound());
    }

    #[test]
    fn a_run_that_recovers_is_watched_anew() {
        let (mut history, config) = (WatchHistory::default(), WatchConfig::default());
        let flat = StepHealth { grad_norm: 0.0, ..healthy(3) };
        let observed: Vec<usize> = [flat, flat, healthy(3), flat, flat, flat, flat]
            .iter()
            .map(|step| history.observe(step, &config).len())
            .collect();
        assert_eq!(observed, [0, 0, 0, 0, 0, 1, 0]);
        assert_eq!(history.streak(Symptom::NothingLearnt), 4);
    }

    #[test]
    fn a_shortfall_is_told_once_and_counted_always() {
        let wrong = StepYield { groups: 8, replies: 64, items: Some(0), ..StepYield::default() };
        let right = StepYield { right: 64, items: Some(4), ..wrong };
        let mut history = WatchHistory::default();
        let told = |history: &mut WatchHistory, step| -> Vec<Shortfall> {
            history.observe_yield(step).iter().map(|told| told.shortfall).collect()
        };
        assert_eq!(told(&mut history, wrong), [Shortfall::AllWrong, Shortfall::NothingRecycled]);
        assert_eq!(told(&mut history, wrong), []);
        let text = serde_json::to_string(&history).unwrap();
        let mut resumed: WatchHistory = serde_json::from_str(&text).unwrap();
        assert_eq!(told(&mut resumed, right), [Shortfall::AllRight]);
        assert_eq!(resumed.steps_without_lesson(), 3);
    }

    #[test]
    fn a_saved_history_sees_what_the_unbroken_one_sees() {
        let config = WatchConfig::default();
        let mut unbroken = WatchHistory::default();
        (1..=4).for_each(|step| _ = unbroken.observe(&healthy(step), &config));
        let text = serde_json::to_string(&unbroken).unwrap();
        let mut resumed: WatchHistory = serde_json::from_str(&text).unwrap();
        let sick = StepHealth { reward: Some(0.01), entropy: Some(0.0), ..healthy(1) };
        for _ in 0..5 {
            assert_eq!(unbroken.observe(&sick, &config), resumed.observe(&sick, &config));
        }
        assert_eq!(unbroken, resumed);
    }
}
