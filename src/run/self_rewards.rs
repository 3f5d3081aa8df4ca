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
    train::{AuxiliaryConfig, batch::Example},
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
/// ones, drawn at random, `most` together. Only answers whose verdict is certain, and only whole ones.
pub fn self_reward_examples(
    groups: &[RolloutGroup],
    most: usize,
    token: u32,
    (verifier, model): (&Verifier, &ModelConfig),
    mut stream: Stream,
) -> Vec<Example> {
    let (mut right, mut wrong) = (Vec::new(), Vec::new());
    let original = groups.iter().enumerate().filter(|(_, group)| group.problem.kind == Kind::REASON);
    for (place, group) in original {
        let answers = Answers::of(group, Admission::default(), verifier);
        for (sort, reward, all) in [(answers.right, 1.0, &mut right), (answers.wrong, 0.0, &mut wrong)] {
            all.extend(sort.into_iter().map(|answer| (place, answer, reward)));
        }
    }
    let of_each = right.len().min(wrong.len()).min(most / 2);
    let mut drawn = Vec::with_capacity(2 * of_each);
    for mut all in [right, wrong] {
        stream.shuffle(&mut all);
        all.truncate(of_each);
        drawn.extend(all);
    }
    // Side by side, the answers to one problem share its prompt in the update.
    drawn.sort_by_key(|(place, ..)| *place);
    let example = |(place, answer, reward): (usize, LabelledAnswer<'_>, f64)| {
        let completion = [answer.rollout.completion.token_ids.as_slice(), &[token]].concat();
        let sequence = Sequence::new(&groups[place].prompt.input, &completion, model);
        Example { advantage: reward, ..Example::to_imitate(sequence) }
    };
    drawn.into_iter().map(example).collect()
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
        let drawn = |most| {
            let reading = (&Verifier::default(), &model);
            self_reward_examples(&groups, most, 9, reading, Stream::new(&[1]))
        };
        let rewards = |most| drawn(most).iter().map(|example| example.advantage).collect::<Vec<_>>();
        assert_eq!(rewards(32), [1.0, 1.0, 0.0, 0.0]);
        assert_eq!(rewards(3), [1.0, 0.0]);
        assert!(drawn(32).iter().all(|example| example.sequence.completion() == [5, 6, 9]));
        // The answers to one problem lie side by side, the right ones first.
        let both = [groups[0].clone(), groups[0].clone()];
        let of_both = self_reward_examples(&both, 32, 9, (&Verifier::default(), &model), Stream::new(&[1]));
        let rewards: Vec<f64> = of_both.iter().map(|example| example.advantage).collect();
        let next_problems = rewards.windows(2).filter(|two| **two == [0.0, 1.0]).count();
        assert_eq!((rewards.len(), next_problems), (8, 1), "{rewards:?}");
    }
}
