//! Exercises in plain text for the warm start: add, subtract, compare and look up numbers. Short and
//! without an image, they build the skills that working and judging are made of at little cost. Knows
//! nothing of answers to be judged.

use super::{
    calculations::Operation,
    digits::list_options,
    exercise::Solution,
    warm_start::{Pair, compare},
};
use crate::{data::Kind, random::Stream};

/// Draws a drill of one sort.
type Sort = fn(&mut Stream) -> Drill;

/// What the tasks of digits-vl are made of.
pub(super) const DIGITS: [Sort; 5] = [add, subtract, same, which, look_up];

/// What calculations are made of, and judging them.
pub(super) const CALCULATIONS: [Sort; 3] = [calculate, same, which];

/// `count` drills, as many of each sort, in random order.
pub(super) fn drills(count: usize, sorts: &[Sort], stream: &mut Stream) -> Vec<Pair> {
    let mut pairs: Vec<Pair> =
        (0..count).map(|i| sorts[i % sorts.len()](stream).pair(i / sorts.len() + 1)).collect();
    stream.shuffle(&mut pairs);
    pairs
}

pub(super) struct Drill {
    name: &'static str,
    question: String,
    solution: Solution,
}

impl Drill {
    fn pair(self, number: usize) -> Pair {
        Pair {
            id: format!("drill-{}-{number:04}", self.name),
            kind: Kind::REASON,
            question: self.question,
            images: vec![],
            completion: self.solution.text(),
            answer: self.solution.answer,
        }
    }
}

fn add(stream: &mut Stream) -> Drill {
    let (sum_so_far, digit) = (stream.below(28), stream.below(10));
    let sum = sum_so_far + digit;
    Drill {
        name: "add",
        question: format!("What is {sum_so_far}+{digit}?"),
        solution: Solution { working: format!("{sum_so_far}+{digit}={sum}."), answer: sum.to_string() },
    }
}

fn subtract(stream: &mut Stream) -> Drill {
    let largest = stream.below(10);
    let smallest = stream.below(largest + 1);
    let difference = largest - smallest;
    Drill {
        name: "subtract",
        question: format!("What is {largest}-{smallest}?"),
        solution: Solution {
            working: format!("{largest}-{smallest}={difference}."),
            answer: difference.to_string(),
        },
    }
}

fn calculate(stream: &mut Stream) -> Drill {
    let step = Operation::draw(None, stream);
    let Operation { left, operator, right, result } = step;
    Drill {
        name: "calculate",
        question: format!("What is {left}{operator}{right}?"),
        solution: Solution { working: step.text(result) + ".", answer: result.to_string() },
    }
}

fn same(stream: &mut Stream) -> Drill {
    let first = number(stream);
    let second = if stream.chance(0.5) { first.clone() } else { other(&first, stream) };
    Drill {
        name: "same",
        question: format!("Is {second} the same as {first}?"),
        solution: Solution {
            working: compare(&first, &second),
            answer: if first == second { "Yes" } else { "No" }.to_owned(),
        },
    }
}

fn which(stream: &mut Stream) -> Drill {
    let wanted = number(stream);
    let wrong = other(&wanted, stream);
    let (a, b, answer) = if stream.chance(0.5) { (&wanted, &wrong, "A") } else { (&wrong, &wanted, "B") };
    Drill {
        name: "which",
        question: format!("Which one is {wanted}: {a} (A) or {b} (B)?"),
        solution: Solution {
            working: format!("A {} B {}", compare(&wanted, a), compare(&wanted, b)),
            answer: answer.to_owned(),
        },
    }
}

fn look_up(stream: &mut Stream) -> Drill {
    let mut digits: Vec<u8> = (0..10).collect();
    stream.shuffle(&mut digits);
    let place = stream.below(4);
    let (letter, digit) = (char::from(b'A' + place as u8), digits[place]);
    Drill {
        name: "look-up",
        question: format!("Where is {digit}?{}", list_options(&digits[..4])),
        solution: Solution { working: format!("Last {digit}: {letter}."), answer: letter.to_string() },
    }
}

/// One to four digits, as often of each length, never with a zero in front.
fn number(stream: &mut Stream) -> String {
    let length = 1 + stream.below(4) as u32;
    let least = if length == 1 { 0 } else { 10_usize.pow(length - 1) };
    (least + stream.below(10_usize.pow(length) - least)).to_string()
}

/// Another number: as often one digit changed as one drawn anew.
fn other(number: &str, stream: &mut Stream) -> String {
    loop {
        let drawn = if stream.chance(0.5) {
            let place = stream.below(number.len());
            let digit = usize::from(place == 0 && number.len() > 1);
            let digit = digit + stream.below(10 - digit);
            format!("{}{digit}{}", &number[..place], &number[place + 1..])
        } else {
            self::number(stream)
        };
        if drawn != number {
            return drawn;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn sample() -> Vec<Pair> {
        drills(1000, &DIGITS, &mut Stream::new(&[1]))
    }

    fn of_sort<'a>(pairs: &'a [Pair], name: &str) -> Vec<&'a Pair> {
        pairs.iter().filter(|pair| pair.id.contains(&format!("-{name}-"))).collect()
    }

    fn numbers(text: &str) -> Vec<usize> {
        let parts = text.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty());
        parts.map(|part| part.parse().unwrap()).collect()
    }

    #[test]
    fn every_sort_comes_equally_often_and_every_drill_ends_in_its_answer() {
        let pairs = sample();
        for name in ["add", "subtract", "same", "which", "look-up"] {
            assert_eq!(of_sort(&pairs, name).len(), 200, "{name}");
        }
        assert_eq!(pairs.iter().map(|pair| &pair.id).collect::<HashSet<_>>().len(), 1000);
        for pair in &pairs {
            assert!(pair.images.is_empty());
            assert!(
                pair.completion.ends_with(&format!(" \\boxed{{{}}}", pair.answer)),
                "{}",
                pair.completion
            );
        }
    }

    #[test]
    fn calculations_are_right() {
        let pairs = sample();
        for pair in of_sort(&pairs, "add") {
            let asked = numbers(&pair.question);
            assert_eq!(pair.answer, (asked[0] + asked[1]).to_string());
        }
        for pair in of_sort(&pairs, "subtract") {
            let asked = numbers(&pair.question);
            assert_eq!(pair.answer, (asked[0] - asked[1]).to_string());
        }
    }

    #[test]
    fn comparisons_are_right_and_balanced() {
        let pairs = sample();
        let same = of_sort(&pairs, "same");
        for pair in &same {
            let asked = numbers(&pair.question);
            assert_eq!(pair.answer == "Yes", asked[0] == asked[1], "{}", pair.question);
        }
        let yes = same.iter().filter(|pair| pair.answer == "Yes").count();
        assert!((70..=130).contains(&yes), "{yes} of 200");
        for pair in of_sort(&pairs, "which") {
            let asked = numbers(&pair.question);
            assert_eq!(asked[0], if pair.answer == "A" { asked[1] } else { asked[2] }, "{}", pair.question);
            assert_ne!(asked[1], asked[2]);
        }
    }

    #[test]
    fn the_letter_is_the_one_before_the_digit() {
        for pair in of_sort(&sample(), "look-up") {
            let digit = numbers(&pair.question)[0];
            assert!(pair.question.contains(&format!("{}) {digit}", pair.answer)), "{}", pair.question);
        }
    }
}
