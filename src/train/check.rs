//! What the `[train]` part of a recipe may say.

use anyhow::Result;

use super::{
    config::TrainConfig,
    objective::KlPlace,
    schedule::{LearningRate, Schedule},
};
use crate::{data::Kind, error::input_error};

/// Names from outside that a recipe may use beside the built-in ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KnownNames {
    /// Advantage estimators (`train.advantage`).
    pub advantages: Vec<String>,
    /// Objectives that may stand in for the surrogate (`train.loss`).
    pub losses: Vec<String>,
    /// Kinds of problems (`train.kind_weights`).
    pub kinds: Vec<Kind>,
}

impl TrainConfig {
    /// Refuses settings that cannot be meant. Names are those of what ships and of `names`.
    ///
    /// # Errors
    /// An input error that names the first setting that is out of range or unknown, and what it may be.
    pub fn check(&self, names: &KnownNames) -> Result<()> {
        self.check_sizes()?;
        self.check_shares()?;
        self.check_weights()?;
        self.check_learning_rate()?;
        self.check_objective()?;
        self.check_names(names)
    }

    fn check_sizes(&self) -> Result<()> {
        let at_least_one = [
            ("steps", self.steps as usize),
            ("prompts_per_step", self.prompts_per_step),
            ("max_new_tokens", self.sampling.max_new_tokens),
            ("micro_batch_tokens", self.micro_batch_tokens),
            ("epochs", self.epochs),
            ("mini_batches", self.mini_batches),
            ("reference_every", self.reference.every as usize),
        ];
        for (name, value) in at_least_one {
            require(value >= 1, name, &value, "at least 1")?;
        }
        let samples = self.samples_per_prompt;
        require(
            samples >= 2,
            "samples_per_prompt",
            &samples,
            "at least 2: an advantage compares within a group",
        )?;
        Ok(())
    }

    fn check_shares(&self) -> Result<()> {
        let temperature = self.sampling.temperature;
        require(temperature > 0.0, "temperature", &temperature, "above 0: training explores")?;
        let top_p = self.sampling.top_p;
        require(top_p > 0.0 && top_p <= 1.0, "top_p", &top_p, "above 0 and at most 1")?;
        for (name, value) in
            [("clip_low", self.loss.clip.low), ("importance_low", self.importance.bounds.low)]
        {
            require((0.0..=1.0).contains(&value), name, &value, "from 0 to 1")?;
        }
        let share = self.auxiliary.self_reward_share;
        require((0.0..=1.0).contains(&share), "auxiliary.self_reward_share", &share, "from 0 to 1")?;
        let below_one = [
            ("ema_decay", self.ema_decay),
            ("reference_decay", self.reference.decay),
            ("adamw.beta1", self.adamw.beta1),
            ("adamw.beta2", self.adamw.beta2),
        ];
        for (name, value) in below_one {
            require((0.0..1.0).contains(&value), name, &value, "at least 0 and below 1")?;
        }
        Ok(())
    }

    fn check_weights(&self) -> Result<()> {
        let above_zero = [
            ("max_grad_norm", self.max_grad_norm),
            ("adamw.epsilon", self.adamw.epsilon),
            ("kl_horizon", self.kl.horizon),
            ("auxiliary.self_reward_scale", self.auxiliary.self_reward_scale),
            ("auxiliary.refinement_gamma", self.auxiliary.refinement_gamma),
        ];
        for (name, value) in above_zero {
            require(value > 0.0, name, &value, "above 0")?;
        }
        let not_negative = [
            ("learning_rate", self.learning_rate.peak),
            ("clip_high", self.loss.clip.high),
            ("kl_coefficient", self.kl.coefficient),
            ("kl_target", self.kl.target),
            ("entropy_coefficient", self.entropy_coefficient),
            ("advantage_epsilon", self.advantage.epsilon),
            ("adamw.weight_decay", self.adamw.weight_decay),
            ("auxiliary.reflection_likelihood", self.auxiliary.reflection_likelihood),
            ("auxiliary.refinement", self.auxiliary.refinement),
            ("auxiliary.consistency", self.auxiliary.consistency),
            ("auxiliary.verdict_likelihood", self.auxiliary.verdict_likelihood),
            ("auxiliary.self_reward", self.auxiliary.self_reward),
            ("auxiliary.self_reward_share_spread", self.auxiliary.self_reward_share_spread),
            ("auxiliary.replay", self.auxiliary.replay),
        ];
        let not_negative = not_negative.map(|(name, value)| (name.to_owned(), value)).into_iter();
        let of_kinds =
            self.kind_weights.iter().map(|(kind, weight)| (format!("kind_weights.{kind}"), weight));
        for (name, value) in not_negative.chain(of_kinds) {
            require(value.is_finite() && value >= 0.0, &name, &value, "a number of at least 0")?;
        }
        Ok(())
    }

    fn check_learning_rate(&self) -> Result<()> {
        let LearningRate { warmup_steps, warmup_ratio, schedule, min_ratio, .. } = self.learning_rate;
        if let Some(ratio) = warmup_ratio {
            require((0.0..=1.0).contains(&ratio), "warmup_ratio", &ratio, "from 0 to 1")?;
            if warmup_steps > 0 {
                return Err(input_error(format!(
                    "train.warmup_ratio = {ratio}: the warm-up is given in steps, too; set train.warmup_steps = 0 (now \
                     {warmup_steps}), or leave the share out"
                )));
            }
        }
        let Some(ratio) = min_ratio else { return Ok(()) };
        require((0.0..1.0).contains(&ratio), "min_learning_rate_ratio", &ratio, "at least 0 and below 1")?;
        if schedule == Schedule::Constant {
            return Err(input_error(
                "train.min_learning_rate_ratio: a constant learning rate has no floor; set train.schedule = \
                 \"cosine\" or \"linear\", or leave the floor out",
            ));
        }
        Ok(())
    }

    fn check_objective(&self) -> Result<()> {
        let dual = self.loss.clip.dual;
        require(dual == 0.0 || dual > 1.0, "dual_clip", &dual, "above 1, or 0 for no bound")?;
        let high = self.importance.bounds.high;
        require(high >= 1.0, "importance_high", &high, "at least 1")?;
        if self.reference.moves() && !self.kl.is_on() {
            return Err(input_error(
                "train.reference: there is no penalty against it; set train.kl_coefficient above 0, or leave \
                 train.reference out",
            ));
        }
        if self.kl.is_adaptive() && !self.kl.is_on() {
            return Err(input_error(
                "train.kl_target: there is no coefficient to adapt; set train.kl_coefficient above 0, or leave \
                 the target out",
            ));
        }
        // Normalised by itself, a component of the reward has the same size whatever the coefficient.
        if self.kl.is_adaptive() && self.kl.place == KlPlace::Reward && self.advantage.estimator == "gdpo" {
            return Err(input_error(
                "train.kl_target: with train.advantage = \"gdpo\" a KL penalty on the reward counts the same whatever \
                 its coefficient; leave the target out, or set train.kl_in = \"loss\"",
            ));
        }
        self.check_self_reward_share()
    }

    /// A share of the own reward needs one that is learnt, on the scale on which it is read.
    fn check_self_reward_share(&self) -> Result<()> {
        let (share, temperature) = (self.auxiliary.self_reward_share, self.sampling.temperature);
        if share == 0.0 {
            return Ok(());
        }
        if self.auxiliary.self_reward == 0.0 {
            return Err(input_error(format!(
                "train.auxiliary.self_reward_share = {share}: the policy learns no reward of its own; set \
                 train.auxiliary.self_reward above 0, or leave the share out"
            )));
        }
        if temperature != 1.0 {
            return Err(input_error(format!(
                "train.auxiliary.self_reward_share = {share}: the own reward is learnt at train.temperature = \
                 {temperature} and read at 1; set the temperature to 1, or leave the share out"
            )));
        }
        Ok(())
    }

    fn check_names(&self, names: &KnownNames) -> Result<()> {
        if !names.advantages.contains(&self.advantage.estimator) {
            self.advantage.rule(&[])?;
        }
        self.loss.check_name(names.losses.iter().map(String::as_str))?;
        let kinds: Vec<Kind> = Kind::ALL.iter().chain(&names.kinds).copied().collect();
        match self.kind_weights.iter().find(|(kind, _)| !kinds.contains(kind)) {
            None => Ok(()),
            Some((unknown, _)) => Err(input_error(format!(
                "train.kind_weights.{unknown}: there is no such kind of problem; kinds are {}",
                kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ")
            ))),
        }
    }
}

fn require(holds: bool, name: &str, value: &dyn std::fmt::Display, range: &str) -> Result<()> {
    if holds {
        return Ok(());
    }
    Err(input_error(format!("train.{name} = {value}: must be {range}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(setting: &str) -> String {
        let config: TrainConfig = toml::from_str(setting).unwrap();
        config.check(&KnownNames::default()).unwrap_err().to_string()
    }

    #[test]
    fn out_of_range_settings_are_named() {
        assert!(TrainConfig::default().check(&KnownNames::default()).is_ok());
        for setting in [
            "samples_per_prompt = 1",
            "epochs = 0",
            "temperature = 0.0",
            "top_p = 1.5",
            "clip_low = 2.0",
            "ema_decay = 1.0",
            "dual_clip = 0.5",
            "importance_high = 0.5",
            "learning_rate = -1.0",
            "kl_horizon = 0.0",
            "warmup_ratio = 1.5",
            "warmup_ratio = nan",
            "schedule = \"linear\"\nmin_learning_rate_ratio = 1.0",
        ] {
            let message = refused(setting);
            assert!(
                message.starts_with(&format!(
                    "train.{}",
                    setting.lines().last().unwrap().split(" =").next().unwrap()
                )),
                "{message}"
            );
        }
        assert!(refused("learning_rate = nan").starts_with("train.learning_rate"));
        assert!(
            refused("kind_weights = { pairwise = -1.0 }").starts_with("train.kind_weights.pairwise = -1")
        );
    }

    #[test]
    fn settings_that_would_change_nothing_are_refused() {
        assert!(refused("kl_target = 0.1\nkl_coefficient = 0.0").contains("train.kl_coefficient"));
        assert!(refused("reference = \"ema\"\nkl_coefficient = 0.0").contains("train.kl_coefficient"));
        let decoupled = refused("advantage = \"gdpo\"\nkl_in = \"reward\"\nkl_target = 0.1");
        assert!(decoupled.contains("train.kl_in = \"loss\""), "{decoupled}");
        assert!(
            refused("advantage = \"rloo\"\nadvantage_scope = \"kind\"").starts_with("train.advantage_scope")
        );
    }

    #[test]
    fn a_share_of_the_own_reward_needs_one_that_is_learnt() {
        let refused = |settings: &str| refused(&format!("[auxiliary]\n{settings}"));
        let share = "self_reward_share = 0.1";
        assert!(refused(share).contains("learns no reward of its own"));
        assert!(refused("self_reward_share = 1.5").starts_with("train.auxiliary.self_reward_share = 1.5"));
        assert!(
            refused("self_reward_share_spread = -1.0")
                .starts_with("train.auxiliary.self_reward_share_spread")
        );
        let warm = format!("temperature = 0.7\n[auxiliary]\nself_reward = 0.1\n{share}");
        let config: TrainConfig = toml::from_str(&warm).unwrap();
        assert!(
            config.check(&KnownNames::default()).unwrap_err().to_string().contains("train.temperature = 0.7")
        );
        let fine: TrainConfig = toml::from_str(&format!("[auxiliary]\nself_reward = 0.1\n{share}")).unwrap();
        assert!(fine.check(&KnownNames::default()).is_ok());
    }

    #[test]
    fn a_warm_up_is_given_once_and_a_floor_needs_a_schedule() {
        assert!(
            refused("warmup_steps = 5\nwarmup_ratio = 0.1").contains("set train.warmup_steps = 0 (now 5)")
        );
        assert!(refused("min_learning_rate_ratio = 0.1").contains("no floor"));
        for fine in [
            "warmup_ratio = 0.1",
            "warmup_steps = 0\nwarmup_ratio = 0.1",
            "schedule = \"cosine\"\nmin_learning_rate_ratio = 0.1",
        ] {
            let config: TrainConfig = toml::from_str(fine).unwrap();
            assert!(config.check(&KnownNames::default()).is_ok(), "{fine}");
        }
    }

    #[test]
    fn names_are_those_of_what_ships_and_of_what_is_passed_in() {
        let config: TrainConfig =
            toml::from_str("advantage = \"mine\"\nloss = \"own\"\nkind_weights = { \"new\" = 2.0 }").unwrap();
        let mut names = KnownNames::default();
        let refused = |names: &KnownNames| config.check(names).unwrap_err().to_string();
        assert!(refused(&names).starts_with("train.advantage = \"mine\": unknown; take one of group_norm"));
        names.advantages.push("mine".to_owned());
        assert!(refused(&names).starts_with("train.loss = \"own\": unknown; take one of ppo, gspo, cispo"));
        names.losses.push("own".to_owned());
        assert!(refused(&names).starts_with("train.kind_weights.new"));
        names.kinds.push(Kind::new("new"));
        assert!(config.check(&names).is_ok());
    }
}
