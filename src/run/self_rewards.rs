//! A step's answers with one more token behind them, by whose probability the policy says how good each is. Knows
//! sequences and rewards; what is learnt from them is the trainer's affair.

use anyhow::Result;

use crate::{
    config::RunConfig,
    data::Kind,
    error::input_error,
    eval::OwnReward,
    model::{ModelConfig, Sequence},
    processor::Processor,
    random::Stream,
    recycle::{Admission, Answers, LabelledAnswer},
    rollout::RolloutGroup,
    train::{AuxiliaryConfig, SelfRewardBalance, batch::Example},
    verify::Verifier,
};

/// The token behind an answer; `None` where the objective is off.
///
/// # Errors
/// Input errors: the setting names no token of the tokenizer, or one that ends a reply.
pub fn self_reward_token(auxiliary: &AuxiliaryConfig, processor: &Processor) -> Result<Option<u32>> {
    if auxiliary.self_reward == 0.0 {
        return Ok(None);
    }
    let name = &auxiliary.self_reward_token;
    let refused = |what: &str| {
        Err(input_error(format!(
            "train.auxiliary.self_reward_token = {name:?} {what}; name a special token that no reply has, such as \
             \"<|vision_start|>\" of Qwen2.5 or \"<file_sep>\" of SmolLM2 (tokenizer.json, added_tokens)"
        )))
    };
    match processor.tokenizer().token_id(name) {
        None => refused("is no token of the model's tokenizer"),
        Some(id) if processor.eos_token_ids().contains(&id) => refused("ends a reply"),
        found => Ok(found),
    }
}

/// What an evaluation under a recipe reads the own rewards of samples off; `None` where the policy learns none, or no
/// samples are voted over.
///
/// # Errors
/// As [`self_reward_token`], and where the recipe does not say what the token's log-probability is worth.
pub fn own_reward(config: &RunConfig, processor: &Processor) -> Result<Option<OwnReward>> {
    if config.eval.vote_samples == 0 {
        return Ok(None);
    }
    let auxiliary = &config.train.auxiliary;
    let token = self_reward_token(auxiliary, processor)?;
    token.map(|token| Ok(OwnReward { token, scale: auxiliary.own_reward_scale()? })).transpose()
}

/// Examples of the groups' answers, whose last token is `token` and whose advantage is the reward: as many right as wrong
/// ones, of the step or of each problem, drawn at random, `self_reward_answers` together at most. Only answers whose
/// verdict is certain, and only whole ones.
pub fn self_reward_examples(
    groups: &[RolloutGroup],
    auxiliary: &AuxiliaryConfig,
    token: u32,
    (verifier, model): (&Verifier, &ModelConfig),
    mut stream: Stream,
) -> Vec<Example> {
    let original = groups.iter().enumerate().filter(|(_, group)| group.problem.kind == Kind::REASON);
    let sorted = original.map(|(place, group)| RightAndWrong::of(place, group, verifier));
    let most = auxiliary.self_reward_answers / 2;
    let pairs = match auxiliary.self_reward_balance {
        SelfRewardBalance::Step => {
            sorted.fold(RightAndWrong::default(), RightAndWrong::and).pairs(&mut stream)
        }
        SelfRewardBalance::Problem => {
            let mut pairs: Vec<_> = sorted.flat_map(|answers| answers.pairs(&mut stream)).collect();
            stream.shuffle(&mut pairs);
            pairs
        }
    };
    let mut drawn: Vec<(Placed<'_>, f64)> =
        pairs.into_iter().take(most).flat_map(|(right, wrong)| [(right, 1.0), (wrong, 0.0)]).collect();
    // Side by side, the answers to one problem share its prompt in the update; the right ones stand first.
    drawn.sort_by_key(|((place, _), reward)| (*place, *reward == 0.0));
    let example = |((place, answer), reward): (Placed<'_>, f64)| {
        let completion = [answer.rollout.completion.token_ids.as_slice(), &[token]].concat();
        let sequence = Sequence::new(&groups[place].prompt.input, &completion, model);
        Example { advantage: reward, ..Example::to_imitate(sequence) }
    };
    drawn.into_iter().map(example).collect()
}

/// An answer and the place of its group.
type Placed<'a> = (usize, LabelledAnswer<'a>);

/// Answers, sorted.
#[derive(Default)]
struct RightAndWrong<'a> {
    right: Vec<Placed<'a>>,
    wrong: Vec<Placed<'a>>,
}

impl<'a> RightAndWrong<'a> {
    fn of(place: usize, group: &'a RolloutGroup, verifier: &Verifier) -> Self {
        let Answers { right, wrong, .. } = Answers::of(group, Admission::default(), verifier);
        let placed = |sort: Vec<LabelledAnswer<'a>>| sort.into_iter().map(|answer| (place, answer)).collect();
        Self { right: placed(right), wrong: placed(wrong) }
    }

    fn and(mut self, other: Self) -> Self {
        self.right.extend(other.right);
        self.wrong.extend(other.wrong);
        self
    }

    /// Each right answer beside a wrong one, at random, as long as there are both.
    fn pairs(mut self, stream: &mut Stream) -> Vec<(Placed<'a>, Placed<'a>)> {
        stream.shuffle(&mut self.right);
        stream.shuffle(&mut self.wrong);
        self.right.into_iter().zip(self.wrong).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::rollout::testing;

    fn auxiliary(token: &str) -> AuxiliaryConfig {
        AuxiliaryConfig {
            self_reward: 0.1,
            self_reward_token: token.to_owned(),
            ..AuxiliaryConfig::default()
        }
    }

    #[test]
    fn the_token_is_one_that_the_tokenizer_has_and_no_reply() {
        let processor = Processor::from_dir(Path::new("tests/fixtures/checkpoints/llama_smollm2")).unwrap();
        let message = |name: &str| self_reward_token(&auxiliary(name), &processor).unwrap_err().to_string();
        assert!(message("").contains("is no token"), "{}", message(""));
        assert!(message("<no token>").contains("added_tokens"));
        let end = processor.decode(&[processor.end_of_turn()], false).unwrap();
        assert!(message(&end).contains("ends a reply"), "{end}");
        let start = processor.tokenizer().token_id("<|im_start|>");
        assert!(start.is_some());
        assert_eq!(self_reward_token(&auxiliary("<|im_start|>"), &processor).unwrap(), start);
        assert_eq!(self_reward_token(&AuxiliaryConfig::default(), &processor).unwrap(), None);
    }

    #[test]
    fn an_evaluation_reads_own_rewards_where_the_policy_learns_them_and_samples_are_voted_over() {
        let processor = Processor::from_dir(Path::new("tests/fixtures/checkpoints/llama_smollm2")).unwrap();
        let of = |vote_samples: usize, auxiliary: AuxiliaryConfig| {
            let mut config = RunConfig::default();
            config.eval.vote_samples = vote_samples;
            config.train.auxiliary = auxiliary;
            own_reward(&config, &processor)
        };
        let learning = AuxiliaryConfig { self_reward_offset: Some(-17.0), ..auxiliary("<|im_start|>") };
        let found = of(4, learning.clone()).unwrap().unwrap();
        assert_eq!(Some(found.token), processor.tokenizer().token_id("<|im_start|>"));
        assert!((found.scale.reward(-12.0) - 0.5).abs() < 1e-12);
        assert_eq!(of(0, learning).unwrap(), None);
        assert_eq!(of(4, AuxiliaryConfig::default()).unwrap(), None);
        assert!(of(4, auxiliary("<no token>")).is_err());
    }

    #[test]
    fn as_many_right_as_wrong_answers_are_drawn_with_the_token_behind_them() {
        let rollout = |answer: &str| {
            let mut rollout = testing::rollout(Some(answer), f64::from(u8::from(answer == "7")));
            rollout.completion.token_ids = vec![5, 6];
            rollout
        };
        let answers = ["7", "7", "7", "8", "9"].map(rollout).to_vec();
        let groups = [testing::group(testing::problem("p", "3 + 4?", "7"), answers)];
        let model = ModelConfig::from_dir(Path::new("models/tiny-text")).unwrap();
        let reading = (&Verifier::default(), &model);
        let settings = |most| AuxiliaryConfig { self_reward_answers: most, ..AuxiliaryConfig::default() };
        let drawn = |most| self_reward_examples(&groups, &settings(most), 9, reading, Stream::new(&[1]));
        let rewards = |most| drawn(most).iter().map(|example| example.advantage).collect::<Vec<_>>();
        assert_eq!(rewards(32), [1.0, 1.0, 0.0, 0.0]);
        assert_eq!(rewards(3), [1.0, 0.0]);
        assert!(drawn(32).iter().all(|example| example.sequence.completion() == [5, 6, 9]));
        // The answers to one problem lie side by side, the right ones first.
        let both = [groups[0].clone(), groups[0].clone()];
        let of_both = self_reward_examples(&both, &settings(32), 9, reading, Stream::new(&[1]));
        let rewards: Vec<f64> = of_both.iter().map(|example| example.advantage).collect();
        let next_problems = rewards.windows(2).filter(|two| **two == [0.0, 1.0]).count();
        assert_eq!((rewards.len(), next_problems), (8, 1), "{rewards:?}");
    }
    /// An easy problem has most of the right answers, a hard one most of the wrong ones: balanced over the step, the
    /// problem tells them apart.
    #[test]
    fn balanced_by_problem_each_has_as_many_right_as_wrong_answers() {
        let rollout = |answer: &str| testing::rollout(Some(answer), f64::from(u8::from(answer == "7")));
        let group = |id: &str, answers: &[&str]| {
            let answers = answers.iter().map(|answer| rollout(answer)).collect();
            testing::group(testing::problem(id, "3 + 4?", "7"), answers)
        };
        let groups = [
            group("easy", &["7", "7", "7", "7", "8"]),
            group("hard", &["7", "8", "9", "6", "5"]),
            group("solved", &["7", "7", "7"]),
            group("unsolved", &["8", "9", "6"]),
        ];
        let model = ModelConfig::from_dir(Path::new("models/tiny-text")).unwrap();
        let rewards = |self_reward_answers, self_reward_balance| -> Vec<f64> {
            let settings =
                AuxiliaryConfig { self_reward_answers, self_reward_balance, ..AuxiliaryConfig::default() };
            let reading = (&Verifier::default(), &model);
            let drawn = self_reward_examples(&groups, &settings, 9, reading, Stream::new(&[1]));
            drawn.iter().map(|example| example.advantage).collect()
        };
        assert_eq!(rewards(32, SelfRewardBalance::Problem), [1.0, 0.0, 1.0, 0.0]);
        assert_eq!(rewards(2, SelfRewardBalance::Problem), [1.0, 0.0]);
        let over_the_step = rewards(32, SelfRewardBalance::Step);
        assert_eq!((over_the_step.len(), over_the_step.iter().sum::<f64>()), (16, 8.0));
    }
}
