//! [`JudgePrompts`]: how a run words its problems about answers, and items made with these wordings. Knows nothing of
//! files, and nothing of which item is asked when.

use std::{collections::BTreeMap, ops::Range, sync::LazyLock};

use serde::{Deserialize, Serialize};

use super::{
    item::{Item, Label},
    kind_wordings::KindWordings,
    stored::StoredPrompts,
    wording::Wording,
};
use crate::data::{Kind, Problem, ReflectedProblem};

/// Wordings per kind of prompt that ship and may be trained on.
pub const WORDINGS: usize = 8;

/// Wordings that ship and are never trained on: accuracy under them shows whether a model learnt to judge, or to
/// answer eight sentences.
pub const HELD_OUT_WORDINGS: Range<usize> = WORDINGS..WORDINGS + 4;

/// What ships.
static BUILT_IN: LazyLock<JudgePrompts> =
    LazyLock::new(|| toml::from_str(include_str!("wordings.toml")).expect("a test reads what ships"));

/// How problems about answers are worded: for each kind, wordings that are trained on and others that only the
/// evaluation uses. What a recipe does not say is as it ships; the default says nothing.
///
/// ```
/// use spark::judge::JudgePrompts;
///
/// let recipe = r#"
///     pointwise.trained = ["{question}\nSomebody says {answer}. Yes or No? Put it in \\boxed{}."]
/// "#;
/// let prompts: JudgePrompts = toml::from_str(recipe)?;
/// let item = prompts.pointwise("2 + 2 = ?", "5", false, 0);
/// assert_eq!(item.prompt, "2 + 2 = ?\nSomebody says 5. Yes or No? Put it in \\boxed{}.");
/// # Ok::<_, toml::de::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "StoredPrompts", into = "StoredPrompts")]
pub struct JudgePrompts {
    /// The system message of every problem about answers, in place of the original problem's; "" for none.
    system: Option<String>,
    /// What a recipe says of a kind.
    own: BTreeMap<Kind, KindWordings>,
}

impl TryFrom<StoredPrompts> for JudgePrompts {
    type Error = String;

    fn try_from(stored: StoredPrompts) -> Result<Self, String> {
        let (system, own) = stored.into_parts();
        own.iter().try_for_each(|(kind, own)| own.check().map_err(|why| format!("{kind}: {why}")))?;
        let critiques =
            own.get(&Kind::CRITIQUE).into_iter().flat_map(|own| own.trained.iter().chain(&own.held_out));
        match critiques.map(Wording::text).find(|text| !asks_for_box(text)) {
            None => Ok(Self { system, own }),
            Some(text) => Err(format!(
                "critique: the verdict is read from a box, and the last line of {text:?} does not ask for \\boxed{{…}}"
            )),
        }
    }
}

impl From<JudgePrompts> for StoredPrompts {
    fn from(JudgePrompts { system, own }: JudgePrompts) -> Self {
        Self::new(system, own)
    }
}

impl JudgePrompts {
    /// The wordings that ship.
    pub fn built_in() -> &'static Self {
        static NONE: JudgePrompts = JudgePrompts { system: None, own: BTreeMap::new() };
        &NONE
    }

    /// How many wordings of a kind may be trained on; their numbers are the first ones.
    pub fn trained(&self, kind: Kind) -> usize {
        self.of(kind).map_or(0, |wordings| wordings.trained.len())
    }

    /// The numbers of the wordings of a kind that only the evaluation uses.
    pub fn held_out(&self, kind: Kind) -> Range<usize> {
        let trained = self.trained(kind);
        trained..trained + self.of(kind).map_or(0, |wordings| wordings.held_out.len())
    }

    /// The largest number of wordings of one kind that may be trained on.
    pub fn most_trained(&self) -> usize {
        self.counts().into_iter().map(|(_, trained)| trained).max().unwrap_or(0)
    }

    /// "Is this answer correct?"
    ///
    /// # Panics
    /// Like all that make items, when there is no wording of this number.
    pub fn pointwise(&self, question: &str, candidate: &str, right: bool, wording: usize) -> Item {
        self.item(Kind::POINTWISE, Label::YesNo(right), question, &[candidate], wording)
    }

    /// "Which of these two is correct?", the right one being in place 0 or 1.
    pub fn pairwise(&self, question: &str, shown: [&str; 2], place: usize, wording: usize) -> Item {
        self.item(Kind::PAIRWISE, Label::Letter { place, candidates: 2 }, question, &shown, wording)
    }

    /// "Which of these is correct?", the right one being in this place from 0.
    pub fn choice(&self, question: &str, candidates: &[&str], place: usize, wording: usize) -> Item {
        let label = Label::Letter { place, candidates: candidates.len() };
        self.item(Kind::CHOICE, label, question, candidates, wording)
    }

    /// "Here is a possibly wrong answer: judge it and solve the problem."
    pub fn reflection(&self, question: &str, candidate: &str, wording: usize) -> Item {
        self.item(Kind::REFLECTION, Label::Original, question, &[candidate], wording)
    }

    /// "Is this answer correct, and what is the answer?"
    pub fn critique(&self, question: &str, candidate: &str, right: bool, wording: usize) -> Item {
        self.item(Kind::CRITIQUE, Label::Critique { right }, question, &[candidate], wording)
    }

    /// An item as a problem, under the system message that is set for its kind, or else the original's.
    pub fn problem(&self, item: Item, original: &Problem, id: String) -> Problem {
        let of_kind = self.own.get(&item.kind).and_then(|own| own.system.as_ref());
        let problem = item.problem(original, id);
        match of_kind.or(self.system.as_ref()) {
            Some(system) => {
                let own = Some(original.system.clone().unwrap_or_default());
                let reflects_on = problem.reflects_on.map(|about| ReflectedProblem { system: own, ..about });
                Problem {
                    system: Some(system.clone()).filter(|text| !text.is_empty()),
                    reflects_on,
                    ..problem
                }
            }
            None => problem,
        }
    }

    /// Asks in the first wording whether an answer to a problem is right, checked against `expected`.
    pub fn is_it_right(&self, problem: &Problem, answer: &str, expected: bool) -> Problem {
        let item = self.pointwise(&problem.question, answer, expected, 0);
        self.problem(item, problem, problem.id.clone())
    }

    /// Asks in the first wording which of two answers to a problem is right, in both orders; the first of the two is.
    pub fn both_orders(&self, problem: &Problem, [right, wrong]: [&str; 2]) -> [Problem; 2] {
        [([right, wrong], 0), ([wrong, right], 1)].map(|(shown, place)| {
            let item = self.pairwise(&problem.question, shown, place, 0);
            self.problem(item, problem, problem.id.clone())
        })
    }

    /// An item in each wording of each kind, with a name for people: "pointwise.trained, wording 2".
    pub fn samples(&self) -> Vec<(String, Item)> {
        let of_kind = |(kind, trained): (Kind, usize)| {
            (0..self.held_out(kind).end).map(move |wording| {
                let name = match wording.checked_sub(trained) {
                    None => format!("{kind}.trained, wording {}", wording + 1),
                    Some(held_out) => format!("{kind}.held_out, wording {}", held_out + 1),
                };
                (name, self.sample(kind, wording))
            })
        };
        self.counts().into_iter().flat_map(of_kind).collect()
    }

    /// The first wording that does not ask for a box, by its name, where there is one.
    pub fn without_box(&self) -> Option<String> {
        self.samples().into_iter().find(|(_, item)| !asks_for_box(&item.prompt)).map(|(name, _)| name)
    }

    /// The kinds that have wordings, and how many of each may be trained on.
    pub(super) fn counts(&self) -> Vec<(Kind, usize)> {
        let counted = Kind::ALL.map(|kind| (kind, self.trained(kind)));
        counted.into_iter().filter(|(_, trained)| *trained > 0).collect()
    }

    fn sample(&self, kind: Kind, wording: usize) -> Item {
        let (question, answers) = ("What is 1 + 1?", ["2", "3", "4"]);
        match kind {
            Kind::PAIRWISE => self.pairwise(question, [answers[0], answers[1]], 0, wording),
            Kind::CHOICE => self.choice(question, &answers, 0, wording),
            Kind::REFLECTION => self.reflection(question, answers[0], wording),
            Kind::CRITIQUE => self.critique(question, answers[0], true, wording),
            _ => self.pointwise(question, answers[0], true, wording),
        }
    }

    fn item(&self, kind: Kind, label: Label, question: &str, answers: &[&str], wording: usize) -> Item {
        let wording = self.of(kind).and_then(|wordings| wordings.numbered(wording));
        Item { kind, prompt: wording.expect("a wording of this number").fill(question, answers), label }
    }

    /// A kind's wordings, those of the recipe or those that ship; `None` for a kind that has none.
    fn of(&self, kind: Kind) -> Option<&KindWordings> {
        let own = self.own.get(&kind).filter(|own| !own.trained.is_empty());
        own.or_else(|| BUILT_IN.own.get(&kind))
    }
}

/// Whether a prompt about answers asks for the reply in a box: its last line does.
pub fn asks_for_box(prompt: &str) -> bool {
    prompt.trim_end().lines().next_back().is_some_and(|line| line.contains("\\boxed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<JudgePrompts, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }

    const TWO: &str = r#"
        system = "You judge."
        [pointwise]
        trained = ["{question} {answer}? \\boxed{Yes} or \\boxed{No}", "{question} Is it {answer}? Yes or No."]
        held_out = ["{question} Really {answer}?"]
        [pairwise]
        system = ""
        [choice]
        trained = ["{question}\n{letter}: {answer}\nWhich?"]
    "#;

    #[test]
    fn a_recipe_replaces_the_wordings_of_the_kinds_that_it_words() {
        let prompts = read(TWO).unwrap();
        assert_eq!((prompts.trained(Kind::POINTWISE), prompts.held_out(Kind::POINTWISE)), (2, 2..3));
        assert_eq!((prompts.trained(Kind::CHOICE), prompts.held_out(Kind::CHOICE)), (1, 1..1));
        assert_eq!(prompts.trained(Kind::PAIRWISE), WORDINGS);
        assert_eq!(prompts.held_out(Kind::CRITIQUE), HELD_OUT_WORDINGS);
        assert_eq!((prompts.trained(Kind::REASON), prompts.most_trained()), (0, WORDINGS));
        assert_eq!(prompts.pointwise("1 + 1?", "2", true, 1).prompt, "1 + 1? Is it 2? Yes or No.");
        assert_eq!(prompts.pointwise("1 + 1?", "2", true, 2).prompt, "1 + 1? Really 2?");
        assert_eq!(prompts.choice("1?", &["1", "2", "3"], 0, 0).prompt, "1?\nA: 1\nB: 2\nC: 3\nWhich?");
        let shipped = JudgePrompts::default();
        assert_eq!(prompts.pairwise("?", ["1", "2"], 0, 3), shipped.pairwise("?", ["1", "2"], 0, 3));
        let names: Vec<String> = prompts.samples().into_iter().map(|(name, _)| name).take(4).collect();
        assert_eq!(
            names[..3],
            ["pointwise.trained, wording 1", "pointwise.trained, wording 2", "pointwise.held_out, wording 1"]
        );
        assert_eq!(names[3], "pairwise.trained, wording 1");
    }

    #[test]
    fn a_system_message_replaces_the_originals() {
        let original = Problem { system: Some("Be brief.".into()), ..Problem::default() };
        let system = |prompts: &JudgePrompts, item: Item| prompts.problem(item, &original, "p".into()).system;
        let prompts = read(TWO).unwrap();
        assert_eq!(system(&prompts, prompts.pointwise("?", "1", true, 0)).as_deref(), Some("You judge."));
        assert_eq!(system(&prompts, prompts.reflection("?", "1", 0)).as_deref(), Some("You judge."));
        assert_eq!(system(&prompts, prompts.pairwise("?", ["1", "2"], 0, 0)), None);
        let shipped = JudgePrompts::default();
        assert_eq!(system(&shipped, shipped.pointwise("?", "1", true, 0)), original.system);
    }

    #[test]
    fn what_is_written_is_read_back() {
        let prompts = read(TWO).unwrap();
        assert_eq!(read(&toml::to_string(&prompts).unwrap()).unwrap(), prompts);
        assert_eq!(toml::to_string(&JudgePrompts::default()).unwrap(), "");
    }

    #[test]
    fn what_cannot_be_meant_is_refused_by_name_and_line() {
        let refused = |text: &str| read(text).unwrap_err();
        let unknown =
            refused("[pointwise]\ntrained = [\n  \"{question} {answer}\",\n  \"{question} {anwser}\",\n]");
        assert!(unknown.contains("line 2") && unknown.contains("there is no place {anwser}"), "{unknown}");
        let both = "[pairwise]\ntrained = ['{question} {a} {b}']\nheld_out = ['{question} {a} {b}']";
        assert!(refused(both).contains("pairwise: wording 1 of held_out is among the trained ones"));
        assert!(refused("[pointwise]\nheld_out = ['{question} {answer}']").contains("no trained wordings"));
        assert!(refused("[critique]\ntrained = ['{question} {answer}: Yes or No?']").contains("\\boxed"));
        assert!(refused("[pointwize]\ntrained = []").contains("pointwize"));
        assert!(refused("[reason]\nsystem = ''").contains("reason"));
    }

    #[test]
    fn a_box_is_asked_for_in_the_last_line() {
        assert!(asks_for_box("How many?\nIs it 5? Reply \\boxed{Yes} or \\boxed{No}.\n"));
        assert!(!asks_for_box("How many? Reply in \\boxed{}.\nIs it 5? Reply Yes or No."));
    }
}
