//! `math`: the same mathematics. It claims every reference that nothing else has claimed.

use super::comparing::Compare;
use crate::{
    data::Problem,
    verify::{
        explanation::Explanation,
        extract,
        math::{self, Comparison, Settings},
        text,
    },
};

/// Compares values, equations, sets and whatever else [`math`] reads.
pub(crate) struct Math {
    /// What counts as equal, and what a comparison may cost.
    pub settings: Settings,
}

impl Compare for Math {
    const NAME: &'static str = "math";

    fn claims(&self, _: &str) -> bool {
        true
    }

    fn compare(&self, problem: &Problem, gold: &str, answer: &str) -> Option<Comparison> {
        let comparison = math::compare(gold, answer, self.settings);
        let is_worked_out = comparison != Comparison::SameText && comparison.is_equal();
        Some(match is_worked_out && repeats_question(&problem.question, gold, answer) {
            true => Comparison::Unreadable("it repeats the calculation that the question asks for"),
            false => comparison,
        })
    }

    /// Words that are no mathematics are their own value.
    fn canonical(&self, _: &Problem, answer: &str) -> Option<String> {
        let words = || text::normal(answer).to_lowercase();
        let value = math::canonical(answer, self.settings.limits).unwrap_or_else(words);
        // What is left out of a value, or is not read again as what it was, must not change it.
        math::compare(answer, &value, self.settings).is_equal().then_some(value)
    }

    fn holds(&self, _: &Problem, gold: &str, response: &str) -> bool {
        math::holds_value(gold, response, &extract::formulas(response), self.settings)
    }

    fn explain(&self, _: &Problem, gold: &str, answer: &str) -> Explanation {
        math::explain(gold, answer, self.settings)
    }
}

/// Whether an answer to a question for a number is only the calculation that the question asks for: `9 + 10` has the
/// value of 19, and yet answers nothing.
fn repeats_question(question: &str, gold: &str, answer: &str) -> bool {
    let is_number = |text: &str| text.chars().all(|c| c.is_ascii_digit() || ".,-−$\\ ".contains(c));
    if question.is_empty() || !is_number(gold) || is_number(answer) {
        return false;
    }
    let [question, answer] = [question, answer].map(calculation);
    let bare = answer.trim_start_matches('-');
    if bare.contains(['+', '-', '*', '/', '^']) && question.contains(&answer) {
        return true;
    }
    // "10 + 9" is the question's calculation turned around.
    let plain =
        bare.contains(['+', '-', '*']) && bare.chars().all(|c| c.is_ascii_digit() || ".+-*()".contains(c));
    let asked: Vec<&str> = numbers(&question).collect();
    plain && numbers(bare).all(|number| asked.contains(&number))
}

/// The numbers of a text, as they are written.
fn numbers(text: &str) -> impl Iterator<Item = &str> {
    let parts = text.split(|c: char| !c.is_ascii_digit() && c != '.').map(|part| part.trim_matches('.'));
    parts.filter(|part| !part.is_empty())
}

/// A text without spaces, with one sign for every operation.
fn calculation(text: &str) -> String {
    let signs = text.replace("\\times", "*").replace("\\cdot", "*").replace("\\div", "/");
    let sign = |c: char| match c {
        '×' | '·' | 'x' => '*',
        '÷' => '/',
        '−' | '–' => '-',
        other => other,
    };
    text::normal(&signs).chars().filter(|c| !c.is_whitespace()).map(sign).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_calculation_of_the_question_is_no_answer_to_it() {
        for (question, gold, answer) in [
            ("What is 9 + 10?", "19", "9 + 10"),
            ("What is 9 + 10?", "19", "9+10"),
            ("Compute $3 \\times 4$.", "12", r"3\cdot 4"),
            ("Compute 2 x 8.", "16", "2 x 8"),
            ("What is 12 ÷ 4?", "3", "12/4"),
            ("What is 9 + 10?", "19", "10 + 9"),
            ("Tom has 3 apples and buys 5.", "8", "3+5"),
        ] {
            assert!(repeats_question(question, gold, answer), "{question} {answer}");
        }
        for (question, gold, answer) in [
            ("What is 9 + 10?", "19", "19"),
            ("What is 3 divided by 4?", "0.75", "3/4"),
            ("Write 1/2 + 1/2 as a number.", "1", "1.0"),
            ("What is x + 1 for x = 2?", "x + 1", "x + 1"),
            ("Which is larger, -5 or -6?", "-5", "-5"),
            ("", "19", "9 + 10"),
        ] {
            assert!(!repeats_question(question, gold, answer), "{question} {answer}");
        }
    }
}
