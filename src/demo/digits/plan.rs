//! How much of what: splits the source digits, draws the images and poses the problems.

use anyhow::Result;
use serde::Serialize;

use super::super::exercise::{Exercise, Solution};
use super::{
    number::{NumberImage, draw_images},
    source::SourceDigit,
    task::{DigitsExercise, Task},
};
use crate::{
    error::input_error,
    random::{Stream, hash_text},
};

/// The sizes of a data set and its seed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    pub seed: u64,
    /// Source digits kept for the test images; no other image shows them.
    pub test_digits: usize,
    /// Source digits of the warm-start images; training images may show them too.
    pub warm_digits: usize,
    pub train_images: usize,
    pub test_images: usize,
    pub warm_images: usize,
    pub train_problems: usize,
    pub test_problems: usize,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            seed: 0,
            test_digits: 360,
            warm_digits: 300,
            train_images: 2250,
            test_images: 300,
            warm_images: 2400,
            train_problems: 4500,
            test_problems: 600,
        }
    }
}

/// One part of the data set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// The source digits it may show, as indices into the source.
    pub pool: Vec<usize>,
    pub images: Vec<NumberImage>,
    pub problems: Vec<Posed>,
}

/// An exercise about an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posed {
    /// Unique within the data set: the image's name and the task's.
    pub id: String,
    /// The image's file, relative to the data set.
    pub image: String,
    pub exercise: DigitsExercise,
}

/// A line of a problem file in our own format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProblemRow {
    pub id: String,
    pub question: String,
    pub images: Vec<String>,
    pub answer: String,
    pub verifier: &'static str,
    pub source: String,
}

impl Posed {
    /// The problem with its true answer.
    pub fn row(&self) -> ProblemRow {
        let task = self.exercise.task;
        ProblemRow {
            id: self.id.clone(),
            question: self.exercise.question.clone(),
            images: vec![self.image.clone()],
            answer: self.exercise.solution().answer,
            verifier: task.verifier(),
            source: format!("digits-vl/{}", task.name()),
        }
    }
}

impl Exercise for Posed {
    fn id(&self) -> &str {
        &self.id
    }

    fn question(&self) -> &str {
        &self.exercise.question
    }

    fn images(&self) -> Vec<String> {
        vec![self.image.clone()]
    }

    fn solution(&self) -> Solution {
        self.exercise.solution()
    }

    fn wrong_solution(&self, stream: &mut Stream) -> Solution {
        self.exercise.wrong_solution(stream)
    }
}

/// What was drawn: which digits stand in which images, and what is asked about them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawing {
    pub train: Split,
    pub test: Split,
    /// The warm-start images; their pairs are composed elsewhere, so it has no problems.
    pub warm: Split,
}

impl Plan {
    /// The random stream for one purpose.
    pub fn stream(&self, purpose: &str) -> Stream {
        Stream::new(&[self.seed, hash_text(purpose)])
    }

    /// Splits the digits and draws every image and problem.
    ///
    /// # Errors
    /// An input error where the digits are too few for the plan.
    pub fn draw(&self, digits: &[SourceDigit]) -> Result<Drawing> {
        let kept = self.test_digits + self.warm_digits;
        if digits.len() < kept {
            return Err(input_error(format!(
                "{} source digits are fewer than the {} test and {} warm-start digits asked for",
                digits.len(),
                self.test_digits,
                self.warm_digits
            )));
        }
        let mut order: Vec<usize> = (0..digits.len()).collect();
        self.stream("split").shuffle(&mut order);
        let (test, rest) = order.split_at(self.test_digits);
        let warm = &rest[..self.warm_digits];
        Ok(Drawing {
            train: self.part(digits, rest, "train", self.train_images, self.train_problems)?,
            test: self.part(digits, test, "test", self.test_images, self.test_problems)?,
            warm: self.part(digits, warm, "warm", self.warm_images, 0)?,
        })
    }

    fn part(
        &self,
        digits: &[SourceDigit],
        pool: &[usize],
        name: &str,
        images: usize,
        problems: usize,
    ) -> Result<Split> {
        let mut stream = self.stream(name);
        let images = draw_images(digits, pool, name, images, &mut stream)?;
        let problems = pose(&images, &PROBLEM_TURN, problems, &mut stream)?;
        Ok(Split { pool: pool.to_vec(), images, problems })
    }
}

/// One turn through the tasks of the problems: every other one is a sum, which takes working.
const PROBLEM_TURN: [Task; 10] = [
    Task::Sum,
    Task::Read,
    Task::Sum,
    Task::Difference,
    Task::Sum,
    Task::Choice,
    Task::Sum,
    Task::Largest,
    Task::Sum,
    Task::Even,
];

/// `count` exercises, spread evenly over the images and over `turn`; no task twice about one image.
///
/// # Errors
/// An input error where the images are too few.
pub(crate) fn pose(
    images: &[NumberImage],
    turn: &[Task],
    count: usize,
    stream: &mut Stream,
) -> Result<Vec<Posed>> {
    let each = until_repeated(turn);
    let most = images.len() * each;
    if count > most {
        return Err(input_error(format!(
            "{} images allow {most} problems, {each} each, but {count} are asked for; ask for more images",
            images.len()
        )));
    }
    let posed = (0..count).map(|i| {
        // One step further through the tasks with every round through the images.
        let (round, place) = (i / images.len(), i % images.len());
        let image = &images[place];
        let task = turn[(place + round) % turn.len()];
        Posed {
            id: format!("{}-{}", image.name(), task.name()),
            image: image.file.clone(),
            exercise: DigitsExercise::draw(task, &image.number, stream),
        }
    });
    Ok(posed.collect())
}

/// How many consecutive tasks are all different, wherever one begins, when turn follows turn.
fn until_repeated(turn: &[Task]) -> usize {
    let repeats = |distance: &usize| (0..turn.len()).any(|i| turn[i] == turn[(i + distance) % turn.len()]);
    (1..=turn.len()).find(repeats).expect("after a whole turn it begins again")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::{demo::digits::written, error::is_input_error};

    fn digits(count: usize) -> Vec<SourceDigit> {
        (0..count).map(|i| SourceDigit { label: (i % 10) as u8, ink: [0; 64] }).collect()
    }

    fn small() -> Plan {
        Plan {
            seed: 3,
            test_digits: 40,
            warm_digits: 30,
            train_images: 90,
            test_images: 25,
            warm_images: 25,
            train_problems: 180,
            test_problems: 50,
        }
    }

    #[test]
    fn parts_have_their_sizes_and_test_digits_stay_in_the_test() {
        let drawing = small().draw(&digits(200)).unwrap();
        let Drawing { train, test, warm } = &drawing;
        assert_eq!((train.images.len(), test.images.len(), warm.images.len()), (90, 25, 25));
        assert_eq!((train.problems.len(), test.problems.len()), (180, 50));
        assert_eq!((train.pool.len(), test.pool.len(), warm.pool.len()), (160, 40, 30));
        let shown = |part: &Split| -> HashSet<usize> {
            part.images.iter().flat_map(|image| image.sources.clone()).collect()
        };
        assert!(shown(test).is_disjoint(&shown(train)) && shown(test).is_disjoint(&shown(warm)));
        assert!(shown(warm).iter().all(|source| warm.pool.contains(source)));
    }

    #[test]
    fn half_of_the_problems_are_sums_and_ids_are_unique() {
        let drawing = small().draw(&digits(200)).unwrap();
        for task in Task::ALL {
            let of_task = drawing.train.problems.iter().filter(|posed| posed.exercise.task == task).count();
            assert_eq!(of_task, if task == Task::Sum { 90 } else { 18 }, "{task:?}");
        }
        let problems = drawing.train.problems.iter().chain(&drawing.test.problems);
        assert_eq!(problems.map(|posed| &posed.id).collect::<HashSet<_>>().len(), 230);
    }

    #[test]
    fn no_task_comes_twice_about_one_image() {
        assert_eq!(until_repeated(&PROBLEM_TURN), 2);
        assert_eq!(until_repeated(&Task::ALL), Task::ALL.len());
        assert_eq!(until_repeated(&[Task::Sum, Task::Sum, Task::Read]), 1);
    }

    /// The answer as a reader of the labels alone would give it.
    fn answer(row: &ProblemRow, number: &[u8]) -> String {
        let mut sorted = number.to_vec();
        sorted.sort_unstable();
        let (smallest, largest) = (sorted[0], sorted[sorted.len() - 1]);
        match row.source.as_str() {
            "digits-vl/read" => written(number),
            "digits-vl/sum" => number.iter().map(|&digit| u32::from(digit)).sum::<u32>().to_string(),
            "digits-vl/difference" => (largest - smallest).to_string(),
            "digits-vl/largest" => largest.to_string(),
            "digits-vl/even" => number.iter().filter(|&&digit| digit % 2 == 0).count().to_string(),
            "digits-vl/choice" => {
                let last = format!(") {}", number[number.len() - 1]);
                let end = row.question.find(&last).expect("the digit is offered");
                row.question[end - 1..end].to_owned()
            }
            other => panic!("unknown source {other}"),
        }
    }

    #[test]
    fn answers_follow_from_the_labels() {
        let drawing = small().draw(&digits(200)).unwrap();
        for part in [&drawing.train, &drawing.test] {
            for row in part.problems.iter().map(Posed::row) {
                let image = part.images.iter().find(|image| image.file == row.images[0]).unwrap();
                assert_eq!(row.answer, answer(&row, &image.number), "{}", row.id);
                assert_eq!(row.verifier, if row.source.ends_with("choice") { "choice" } else { "math" });
            }
        }
    }

    #[test]
    fn the_seed_decides() {
        let digits = digits(200);
        assert_eq!(small().draw(&digits).unwrap(), small().draw(&digits).unwrap());
        assert_ne!(small().draw(&digits).unwrap(), Plan { seed: 4, ..small() }.draw(&digits).unwrap());
    }

    #[test]
    fn what_cannot_be_drawn_is_an_input_error() {
        assert!(is_input_error(&small().draw(&digits(69)).unwrap_err()));
        let greedy = Plan { train_problems: 181, ..small() };
        assert!(is_input_error(&greedy.draw(&digits(200)).unwrap_err()));
    }
}
