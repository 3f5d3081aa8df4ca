//! `Item`: a question about answers whose right reply is known, whatever made it. One function turns it into a
//! problem that is sampled, verified and learnt from like any other.

use super::kinds::letter;
use crate::data::{Kind, Problem, ReflectedProblem, ReplyForm};

/// A question about one answer or several to an original problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    pub kind: Kind,
    /// The user's text: the original question, the answers shown, and what is asked about them.
    pub prompt: String,
    /// The right reply, and how a reply is read.
    pub label: Label,
}

/// The right reply to an item, and how a reply is read and checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Label {
    /// Yes or No, read by the verifier `yes_no`.
    YesNo(bool),
    /// The letter of one of several candidates, read by the verifier `choice`.
    Letter { place: usize, candidates: usize },
    /// The original problem's reference answer, read by the original's verifier.
    Original,
    /// The same, after an answer that is right or not; the problem says which problem it reflects on.
    Reflection { right: bool },
    /// In a box of its own whether the shown answer is right, then the original's reference answer. Each is
    /// half of the reward.
    Critique { right: bool },
    /// An answer of the item's own; without a verifier's name, the answer's shape decides.
    Own { answer: String, verifier: Option<String> },
}

impl Label {
    /// The right reply in words; `None` where the original problem knows it.
    pub fn answer(&self) -> Option<String> {
        match self {
            Self::YesNo(right) => Some(if *right { "Yes" } else { "No" }.to_owned()),
            Self::Letter { place, .. } => Some(letter(*place as u8)),
            Self::Original | Self::Reflection { .. } | Self::Critique { .. } => None,
            Self::Own { answer, .. } => Some(answer.clone()),
        }
    }

    /// The replies that a verdict is one of, in a fixed order: Yes and No, or the letters. Empty where the reply
    /// is not a verdict.
    pub fn verdicts(&self) -> Vec<String> {
        match self {
            Self::YesNo(_) => vec!["Yes".to_owned(), "No".to_owned()],
            Self::Letter { candidates, .. } => (0..*candidates as u8).map(letter).collect(),
            _ => Vec::new(),
        }
    }

    fn verifier(&self) -> Option<String> {
        match self {
            Self::YesNo(_) => Some("yes_no".to_owned()),
            Self::Letter { .. } => Some("choice".to_owned()),
            Self::Own { verifier, .. } => verifier.clone(),
            Self::Original | Self::Reflection { .. } | Self::Critique { .. } => None,
        }
    }

    fn reply_form(&self) -> ReplyForm {
        match self {
            // A pair is the plain case: files say how many candidates there are only beyond two.
            Self::Letter { candidates, .. } if *candidates > 2 => ReplyForm::Choice(*candidates as u8),
            Self::Critique { right } => ReplyForm::Critique { right: *right },
            _ => ReplyForm::Answer,
        }
    }
}

impl Item {
    /// The item as a problem of its own. What it does not say itself is the original's: system message, images
    /// and source, and for some labels the reference answer and its verifier.
    ///
    /// ```
    /// use spark::{data::{Kind, Problem}, judge::JudgePrompts};
    ///
    /// let original = Problem { question: "2 + 2 = ?".into(), answer: "4".into(), ..Problem::default() };
    /// let item = JudgePrompts::built_in().pointwise(&original.question, "5", false, 0);
    /// let problem = item.problem(&original, "sum#pointwise".into());
    /// assert_eq!((problem.kind, problem.answer.as_str()), (Kind::POINTWISE, "No"));
    /// assert!(problem.question.contains("Proposed answer: 5"));
    /// ```
    pub fn problem(self, original: &Problem, id: String) -> Problem {
        let (answer, verifier) = match self.label.answer() {
            Some(answer) => (answer, self.label.verifier()),
            None => (original.answer.clone(), original.verifier.clone()),
        };
        // Answers that are right beside the original's reference are none to a question about answers.
        let alternatives =
            if self.label.answer().is_some() { Vec::new() } else { original.alternatives.clone() };
        let reply = self.label.reply_form();
        let image_places = image_places(&self.prompt, original);
        let reflects_on = match self.label {
            Label::Reflection { right } => ReflectedProblem::shown(&original.question, &self.prompt, right),
            _ => None,
        };
        Problem {
            id,
            kind: self.kind,
            question: self.prompt,
            image_places,
            answer,
            alternatives,
            verifier,
            reply,
            reflects_on,
            ..original.clone()
        }
    }
}

/// Where the original's images stand in a prompt that shows its question; before everything in one that does not.
fn image_places(prompt: &str, original: &Problem) -> Vec<usize> {
    match prompt.find(&original.question) {
        Some(start) => {
            let before = prompt[..start].chars().count();
            original.image_places.iter().map(|place| before + place).collect()
        }
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(kind: Kind, label: Label) -> Item {
        Item { kind, prompt: "How many?\nWhat of this?".into(), label }
    }

    fn original() -> Problem {
        Problem {
            id: "p".into(),
            system: Some("Be brief.".into()),
            question: "How many?".into(),
            images: vec![std::path::PathBuf::from("a.png").into()],
            answer: "12".into(),
            verifier: Some("math".into()),
            source: Some("digits".into()),
            ..Problem::default()
        }
    }

    /// Kind, answer, verifier and reply of an item's problem; everything else is checked to be the original's.
    fn asked(item: Item) -> (Kind, String, Option<String>, ReplyForm) {
        let original = original();
        let problem = item.problem(&original, "p#item".into());
        assert_eq!(problem.id, "p#item");
        assert!(problem.question.starts_with("How many?\n"));
        let kept = (&problem.system, &problem.images, &problem.source);
        assert_eq!(kept, (&original.system, &original.images, &original.source));
        (problem.kind, problem.answer, problem.verifier, problem.reply)
    }

    fn expected(
        kind: Kind,
        answer: &str,
        verifier: &str,
        reply: ReplyForm,
    ) -> (Kind, String, Option<String>, ReplyForm) {
        (kind, answer.to_owned(), Some(verifier.to_owned()), reply)
    }

    #[test]
    fn every_form_of_item_has_its_label_its_verifier_and_its_reply() {
        let plain = ReplyForm::Answer;
        let letter = |candidates| Label::Letter { place: candidates - 1, candidates };
        let critique = Label::Critique { right: false };
        for (kind, label, answer, verifier, reply) in [
            (Kind::POINTWISE, Label::YesNo(false), "No", "yes_no", plain),
            (Kind::PAIRWISE, letter(2), "B", "choice", plain),
            (Kind::CHOICE, letter(3), "C", "choice", ReplyForm::Choice(3)),
            (Kind::REFLECTION, Label::Original, "12", "math", plain),
            (Kind::REFLECTION, Label::Reflection { right: true }, "12", "math", plain),
            (Kind::CRITIQUE, critique, "12", "math", ReplyForm::Critique { right: false }),
        ] {
            assert_eq!(asked(item(kind, label)), expected(kind, answer, verifier, reply));
        }
        let own = Label::Own { answer: "2".into(), verifier: Some("exact".into()) };
        let item = Item {
            kind: Kind::new("count"),
            prompt: "How many?\nHow many digits has it?".into(),
            label: own,
        };
        assert_eq!(asked(item), expected(Kind::new("count"), "2", "exact", plain));
    }

    #[test]
    fn a_reflection_says_which_problem_it_is_about() {
        let problem = |label| item(Kind::REFLECTION, label).problem(&original(), "p#item".into());
        let reflection = problem(Label::Reflection { right: false });
        let expected = Problem { id: "p#item".into(), ..original() };
        assert_eq!((reflection.reflected(), problem(Label::Original).reflected()), (Some(expected), None));
        assert!(!reflection.reflects_on.unwrap().right);
    }

    #[test]
    fn images_stay_where_they_are_in_the_question_and_further_answers_with_the_original() {
        let original = Problem {
            question: "Is é like this?".into(),
            images: vec![std::path::PathBuf::from("a.png").into(); 2],
            image_places: vec![3, 15],
            answer: "no".into(),
            alternatives: vec!["not".into()],
            ..Problem::default()
        };
        let asked = |item: Item| item.problem(&original, "p".into());
        let about = |label: Label| {
            let prompt = format!("{}\nAn answer: yes", original.question);
            asked(Item { kind: Kind::new("own"), prompt, label })
        };
        let item = about(Label::YesNo(false));
        assert_eq!((item.image_places, item.alternatives.len()), (vec![3, 15], 0));
        let item = about(Label::Original);
        assert_eq!((item.image_places, item.alternatives), (vec![3, 15], vec!["not".to_owned()]));
        let own = |prompt: &str| {
            let label = Label::YesNo(true);
            asked(Item { kind: Kind::new("own"), prompt: prompt.into(), label }).image_places
        };
        assert_eq!(own("ü: Is é like this? Yes?"), [6, 18]);
        assert_eq!(own("Something else?"), Vec::<usize>::new());
    }

    #[test]
    fn the_right_reply_is_among_the_verdicts() {
        for label in [Label::YesNo(false), Label::Letter { place: 3, candidates: 4 }] {
            assert!(label.verdicts().contains(&label.answer().unwrap()), "{label:?}");
        }
        assert_eq!(Label::Letter { place: 0, candidates: 3 }.verdicts(), ["A", "B", "C"]);
        assert!(Label::Original.verdicts().is_empty());
    }
}
