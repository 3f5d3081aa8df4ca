//! Whether questions need an instruction that asks for an answer in a box.

use crate::{data::Problem, verify::VerifyConfig};

/// What is asked for.
const INSTRUCTION: &str = r"Reason step by step, then put the final answer in \boxed{}.";

/// What shows that a question asks for a form of answer itself.
const FORMS: [&str; 4] = [r"\boxed", "boxed{", "<answer>", "####"];

/// Verifiers that read an answer from a text, so that it helps to ask for it in a box.
const READING: [&str; 4] = ["math", "choice", "yes_no", "exact"];

/// How many questions ask for a form of answer, and how many are checked without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Asking {
    problems: usize,
    asking: usize,
    /// Checked by something that reads no answer, by what their row says.
    without_answer: usize,
}

impl Asking {
    pub(super) fn of(problems: &[Problem]) -> Self {
        let asks = |problem: &&Problem| {
            let texts = std::iter::once(problem.question.as_str()).chain(problem.system.as_deref());
            let mut texts = texts.chain(problem.history.iter().map(|turn| turn.text.as_str()));
            texts.any(|text| FORMS.iter().any(|form| text.contains(form)))
        };
        let reads_none = |problem: &&Problem| problem.verifier.as_deref().is_some_and(|names| !reads(names));
        Self {
            problems: problems.len(),
            asking: problems.iter().filter(asks).count(),
            without_answer: problems.iter().filter(reads_none).count(),
        }
    }

    /// The instruction, if there is to be one, and why.
    pub(super) fn decided(self, verify: &VerifyConfig) -> (Option<String>, String) {
        let Self { problems, asking, without_answer } = self;
        let is_outside =
            !verify.python.is_empty() || verify.remote.url.is_some() || !verify.remote.command.is_empty();
        if is_outside || verify.verifier.as_deref().is_some_and(|names| !reads(names)) {
            return (None, "what gives the rewards need not read a box".to_owned());
        }
        if problems > 0 && 2 * without_answer > problems {
            return (
                None,
                format!("{without_answer} of {problems} problems are checked without reading an answer"),
            );
        }
        if problems > 0 && 2 * asking > problems {
            return (None, format!("{asking} of {problems} questions ask for a form of answer themselves"));
        }
        let why = match (problems, asking) {
            (0, _) => "the data cannot be read yet".to_owned(),
            (_, 0) => "no question asks for a form of answer".to_owned(),
            _ => format!("only {asking} of {problems} questions ask for a form of answer themselves"),
        };
        (Some(INSTRUCTION.to_owned()), why)
    }
}

/// Whether one of these verifiers, `math` or `math=0.8,exact=0.2`, reads an answer.
fn reads(names: &str) -> bool {
    names.split(',').any(|part| READING.contains(&part.split('=').next().unwrap_or_default().trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(question: &str, verifier: Option<&str>) -> Problem {
        Problem { question: question.to_owned(), verifier: verifier.map(str::to_owned), ..Problem::default() }
    }

    fn decided(problems: &[Problem], verify: &VerifyConfig) -> Option<String> {
        Asking::of(problems).decided(verify).0
    }

    #[test]
    fn a_box_is_asked_for_unless_the_questions_do_or_nothing_is_read_from_it() {
        let verify = VerifyConfig::default();
        let plain = [problem("What is 2 + 3?", None), problem("And 3?", Some("math=0.8,exact=0.2"))];
        assert!(decided(&plain, &verify).unwrap().contains(r"\boxed{}"));
        assert!(decided(&[], &verify).is_some());
        let asking = [problem(r"What is 2 + 3? Use \boxed{}.", None), problem("In <answer> tags.", None)];
        assert_eq!(decided(&asking, &verify), None);
        let mixed = [plain.as_slice(), &asking[..1]].concat();
        let (instruction, why) = Asking::of(&mixed).decided(&verify);
        assert!(instruction.is_some() && why.contains("only 1 of 3"), "{why}");
        let system = Problem { system: Some(r"Answer in \boxed{}.".to_owned()), ..problem("q", None) };
        assert_eq!(decided(&[system], &verify), None);
        assert_eq!(decided(&[problem("Write in capitals.", Some("instruction"))], &verify), None);
    }

    #[test]
    fn rewards_from_outside_need_no_box() {
        let python = VerifyConfig { python: vec!["reward.py:f".to_owned()], ..VerifyConfig::default() };
        assert_eq!(decided(&[problem("q", None)], &python), None);
        let named = VerifyConfig { verifier: Some("instruction".to_owned()), ..VerifyConfig::default() };
        assert_eq!(decided(&[problem("q", None)], &named), None);
    }
}
