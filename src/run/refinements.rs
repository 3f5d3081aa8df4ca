//! Right reflections as answers to the problems that they are about. Knows prompts and sequences; what is learnt from
//! them is the trainer's affair.

use anyhow::{Context, Result};

use crate::{
    data::Kind,
    model::{ModelConfig, Sequence},
    processor::Processor,
    rollout::{Rollout, RolloutGroup},
    train::batch::Example,
};

/// The right completions of reflections on a wrong answer, each behind the prompt of the original problem. A reflection
/// that does not say which problem it is about, as those of older files do not, gives none.
///
/// # Errors
/// When an original problem cannot be asked, although its reflection could.
pub fn refinement_examples(
    groups: &[RolloutGroup],
    processor: &Processor,
    model: &ModelConfig,
) -> Result<Vec<Example>> {
    let mut examples = Vec::new();
    for group in groups.iter().filter(|group| is_on_a_wrong_answer(group)) {
        let completions = group.rollouts.iter().filter(|rollout| rollout.verdict.is_correct());
        let right: Vec<&Rollout> =
            completions.filter(|rollout| !rollout.completion.token_ids.is_empty()).collect();
        let original = if right.is_empty() { None } else { group.problem.reflected() };
        let Some(original) = original else { continue };
        let prompt = processor.prompt(&original).with_context(|| {
            format!("train.auxiliary.refinement: cannot ask the problem that {} is about", original.id)
        })?;
        examples.extend(right.into_iter().map(|rollout| {
            Example::to_imitate(Sequence::new(&prompt.input, &rollout.completion.token_ids, model))
        }));
    }
    Ok(examples)
}

fn is_on_a_wrong_answer(group: &RolloutGroup) -> bool {
    let problem = &group.problem;
    problem.kind == Kind::REFLECTION && problem.reflects_on.as_ref().is_some_and(|shown| !shown.right)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::{
        data::Problem,
        judge::{Item, JudgePrompts, Label},
        rollout::testing,
    };

    /// The group of a reflection on an answer to a problem, with a right and a wrong completion and an empty one.
    fn group(original: &Problem, prompts: &JudgePrompts, right: bool) -> RolloutGroup {
        let item = prompts.reflection(&original.question, "8", 0);
        let item = Item { label: Label::Reflection { right }, ..item };
        let rollout = |token_ids: &[u32], reward| {
            let mut rollout = testing::rollout(None, reward);
            rollout.completion.token_ids = token_ids.to_vec();
            rollout
        };
        let rollouts = vec![rollout(&[5, 6], 1.0), rollout(&[7], 0.0), rollout(&[], 1.0)];
        testing::group(prompts.problem(item, original, "p#reflection@1".into()), rollouts)
    }

    #[test]
    fn right_reflections_on_wrong_answers_stand_behind_the_original_prompt() {
        let directory = Path::new("models/tiny-text");
        let processor = Processor::from_dir(directory).unwrap();
        let model = ModelConfig::from_dir(directory).unwrap();
        let original = Problem { system: Some("Be brief.".into()), ..testing::problem("p", "3 + 4?", "7") };
        let asked = processor.prompt(&original).unwrap();
        let judge: JudgePrompts = toml::from_str("system = \"You judge.\"").unwrap();
        for prompts in [JudgePrompts::default(), judge] {
            let groups = [false, true].map(|right| group(&original, &prompts, right));
            assert!(groups[0].problem.question.len() > original.question.len());
            let examples = refinement_examples(&groups, &processor, &model).unwrap();
            assert_eq!(examples.len(), 1);
            assert_eq!(examples[0].sequence.completion(), [5, 6]);
            let expected = Sequence::new(&asked.input, &[5, 6], &model);
            assert!(examples[0].sequence.shares_prompt(&expected));
        }
    }

    #[test]
    fn what_does_not_say_which_problem_it_is_about_gives_none() {
        let directory = Path::new("models/tiny-text");
        let processor = Processor::from_dir(directory).unwrap();
        let model = ModelConfig::from_dir(directory).unwrap();
        let mut group = group(&testing::problem("p", "3 + 4?", "7"), JudgePrompts::built_in(), false);
        let critique = Problem { kind: Kind::CRITIQUE, ..group.problem.clone() };
        group.problem.reflects_on = None;
        let groups = [group.clone(), testing::group(critique, group.rollouts)];
        assert!(refinement_examples(&groups, &processor, &model).unwrap().is_empty());
    }
}
