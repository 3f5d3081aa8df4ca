//! What is asked about a number, and how it is worked out: one short template per task, which right
//! and plausibly wrong solutions share.

use super::super::exercise::Solution;
use super::number::written;
use crate::random::Stream;

/// What is asked about the number in an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Task {
    /// The number itself.
    Read,
    /// The sum of its digits.
    Sum,
    /// The largest digit minus the smallest.
    Difference,
    /// The largest digit.
    Largest,
    /// How many digits are even.
    Even,
    /// The last digit, as one of four options.
    Choice,
}

impl Task {
    /// Every task.
    pub const ALL: [Task; 6] =
        [Task::Read, Task::Sum, Task::Difference, Task::Largest, Task::Even, Task::Choice];

    /// The name used in ids and sources.
    pub fn name(self) -> &'static str {
        match self {
            Task::Read => "read",
            Task::Sum => "sum",
            Task::Difference => "difference",
            Task::Largest => "largest",
            Task::Even => "even",
            Task::Choice => "choice",
        }
    }

    /// The verifier that checks an answer.
    pub fn verifier(self) -> &'static str {
        match self {
            Task::Choice => "choice",
            _ => "math",
        }
    }

    fn wordings(self) -> &'static [&'static str] {
        match self {
            Task::Read => {
                &["What number is written?", "Read the number.", "Which number does the image show?"]
            }
            Task::Sum => {
                &["What is the sum of the digits?", "Add up all the digits.", "What do the digits add up to?"]
            }
            Task::Difference => &[
                "What is the difference between the largest and the smallest digit?",
                "Subtract the smallest digit from the largest.",
            ],
            Task::Largest => &["Which digit is the largest?", "What is the largest digit?"],
            Task::Even => &["How many digits are even?", "Count the even digits."],
            Task::Choice => &["Which digit comes last?", "Choose the last digit."],
        }
    }
}

/// A task about one number, put in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigitsExercise {
    pub task: Task,
    pub number: Vec<u8>,
    /// The four different options of [`Task::Choice`], the last digit among them; empty otherwise.
    pub options: Vec<u8>,
    pub question: String,
}

impl DigitsExercise {
    /// Words the task at random.
    pub fn draw(task: Task, number: &[u8], stream: &mut Stream) -> Self {
        let wordings = task.wordings();
        let mut question = wordings[stream.below(wordings.len())].to_owned();
        let options = if task == Task::Choice { draw_options(number, stream) } else { Vec::new() };
        question += &list_options(&options);
        Self { task, number: number.to_vec(), options, question }
    }

    /// The right solution.
    pub fn solution(&self) -> Solution {
        self.solve(&self.number, 0)
    }

    /// A plausible solution with a wrong answer: from a misread number or, where there is arithmetic,
    /// as often from a slip of one.
    pub fn wrong_solution(&self, stream: &mut Stream) -> Solution {
        if matches!(self.task, Task::Sum | Task::Difference) && stream.chance(0.5) {
            let down = self.solution().answer != "0" && stream.chance(0.5);
            return self.solve(&self.number, if down { -1 } else { 1 });
        }
        let right = self.solution().answer;
        let mut number = self.number.clone();
        loop {
            // One misread digit may leave the answer as it is (the largest of 99): then another.
            number = self.misread(&number, stream);
            let solution = self.solve(&number, 0);
            if solution.answer != right {
                return solution;
            }
        }
    }

    fn misread(&self, number: &[u8], stream: &mut Stream) -> Vec<u8> {
        match (stream.choose(&self.options), number) {
            (Some(&option), [first @ .., _]) => [first, &[option]].concat(),
            _ => change_digit(number, stream),
        }
    }

    /// Solves the task for `number`; `slip` is added to the last calculation's result.
    fn solve(&self, number: &[u8], slip: i32) -> Solution {
        let largest = number.iter().max().expect("a number has digits");
        let smallest = number.iter().min().expect("a number has digits");
        let (steps, answer) = match self.task {
            Task::Read => (String::new(), written(number)),
            Task::Sum => add_up(number, slip),
            Task::Difference => {
                let difference = i32::from(largest - smallest) + slip;
                let steps =
                    format!(" Largest {largest}, smallest {smallest}: {largest}-{smallest}={difference}.");
                (steps, difference.to_string())
            }
            Task::Largest => (format!(" Largest {largest}."), largest.to_string()),
            Task::Even => count_even(number),
            Task::Choice => {
                let last = number.last().expect("a number has digits");
                let letter = self.letter_of(*last);
                (format!(" Last {last}: {letter}."), letter.to_string())
            }
        };
        Solution { working: format!("I see {}.{steps}", written(number)), answer }
    }

    fn letter_of(&self, digit: u8) -> char {
        let place = self.options.iter().position(|&option| option == digit);
        (b'A' + place.expect("only the options are ever read in a choice") as u8).into()
    }
}

/// ` A) 6 B) 8`, to follow a question.
pub(crate) fn list_options(options: &[u8]) -> String {
    ('A'..).zip(options).map(|(letter, option)| format!(" {letter}) {option}")).collect()
}

/// `4+0=4;4+7=11;11+1=12.` and the sum; `slip` is added to the last result.
fn add_up(number: &[u8], slip: i32) -> (String, String) {
    let mut sum = i32::from(number[0]);
    let mut steps = Vec::new();
    for (place, &digit) in number.iter().enumerate().skip(1) {
        let slip = if place + 1 == number.len() { slip } else { 0 };
        let next = sum + i32::from(digit) + slip;
        steps.push(format!("{sum}+{digit}={next}"));
        sum = next;
    }
    (format!(" {}.", steps.join(";")), sum.to_string())
}

fn count_even(number: &[u8]) -> (String, String) {
    let even: Vec<String> = number.iter().filter(|&digit| digit % 2 == 0).map(u8::to_string).collect();
    let listed = if even.is_empty() { "none".to_owned() } else { even.join(",") };
    (format!(" Even: {listed}."), even.len().to_string())
}

/// Another digit in one place; a number never begins with a zero.
fn change_digit(number: &[u8], stream: &mut Stream) -> Vec<u8> {
    let place = stream.below(number.len());
    let least = u8::from(place == 0);
    let others: Vec<u8> = (least..=9).filter(|digit| *digit != number[place]).collect();
    let mut changed = number.to_vec();
    changed[place] = others[stream.below(others.len())];
    changed
}

fn draw_options(number: &[u8], stream: &mut Stream) -> Vec<u8> {
    let last = *number.last().expect("a number has digits");
    let mut others: Vec<u8> = (0..=9).filter(|digit| *digit != last).collect();
    stream.shuffle(&mut others);
    let mut options = [&[last], &others[..3]].concat();
    stream.shuffle(&mut options);
    options
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn exercise(task: Task, number: &[u8]) -> DigitsExercise {
        DigitsExercise::draw(task, number, &mut Stream::new(&[5]))
    }

    #[test]
    fn each_task_works_its_answer_out() {
        for (task, number, text) in [
            (Task::Read, [4, 0, 7, 1], "I see 4071. \\boxed{4071}"),
            (Task::Sum, [4, 0, 7, 1], "I see 4071. 4+0=4;4+7=11;11+1=12. \\boxed{12}"),
            (Task::Difference, [4, 0, 7, 1], "I see 4071. Largest 7, smallest 0: 7-0=7. \\boxed{7}"),
            (Task::Largest, [4, 0, 7, 1], "I see 4071. Largest 7. \\boxed{7}"),
            (Task::Even, [4, 0, 7, 1], "I see 4071. Even: 4,0. \\boxed{2}"),
            (Task::Even, [5, 1, 7, 1], "I see 5171. Even: none. \\boxed{0}"),
        ] {
            assert_eq!(exercise(task, &number).solution().text(), text);
        }
    }

    #[test]
    fn a_choice_offers_the_last_digit_and_three_others() {
        let exercise = exercise(Task::Choice, &[4, 0, 7]);
        let letter = exercise.solution().answer;
        assert!(exercise.question.contains(&format!("{letter}) 7")), "{}", exercise.question);
        assert_eq!(exercise.solution().working, format!("I see 407. Last 7: {letter}."));
        assert_eq!(exercise.options.iter().collect::<HashSet<_>>().len(), 4);
    }

    #[test]
    fn a_slip_changes_the_last_result_only() {
        let sum = exercise(Task::Sum, &[4, 0, 7, 1]);
        assert_eq!(sum.solve(&sum.number, 1).text(), "I see 4071. 4+0=4;4+7=11;11+1=13. \\boxed{13}");
        let difference = exercise(Task::Difference, &[9, 2]);
        assert_eq!(
            difference.solve(&[9, 2], -1).text(),
            "I see 92. Largest 9, smallest 2: 9-2=6. \\boxed{6}"
        );
    }

    #[test]
    fn wrong_solutions_are_wrong_and_never_negative() {
        let mut stream = Stream::new(&[9]);
        for task in Task::ALL {
            for number in [vec![9, 9], vec![1, 1], vec![4, 0, 7, 1], vec![2, 0, 0]] {
                let exercise = DigitsExercise::draw(task, &number, &mut stream);
                for _ in 0..50 {
                    let wrong = exercise.wrong_solution(&mut stream);
                    assert_ne!(wrong.answer, exercise.solution().answer);
                    assert!(!wrong.answer.starts_with('-') && !wrong.working.contains("see 0"));
                }
            }
        }
    }
}
