//! A small text-only reasoning data set: chains of integer calculations with the structure of the solutions in
//! GSM8K (`tests/oracle/gsm8k_structure.py` measures it), without the stories around them.
//!
//! Pure and seeded. Writes no files and knows nothing of models, tokenizers or judge prompts.

use std::collections::HashSet;

use super::exercise::{Exercise, Solution};
use crate::random::Stream;

/// How often GSM8K's solutions take 2, 3 and 4 calculations, in per mille of those three.
const LENGTHS: [(usize, usize); 3] = [(2, 353), (3, 360), (4, 287)];

/// How often its calculations multiply, add, subtract and divide, in per mille.
const OPERATORS: [(char, usize); 4] = [('*', 387), ('+', 285), ('-', 167), ('/', 161)];

/// How often a calculation after the first starts anew instead of going on with the last result.
const STARTS_ANEW: f64 = 0.22;

/// How often the last result stands first in the calculation that uses it.
const STANDS_FIRST: f64 = 0.525;

/// No result is larger.
const LARGEST: u32 = 60;

/// One calculation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Operation {
    pub left: u32,
    pub operator: char,
    pub right: u32,
    pub result: u32,
}

impl Operation {
    /// A calculation with `given` as one of its numbers, if there is one; otherwise of two new numbers.
    pub(super) fn draw(given: Option<u32>, stream: &mut Stream) -> Self {
        loop {
            let operator = weighted(&OPERATORS, stream);
            let small = matches!(operator, '*' | '/');
            let new = |stream: &mut Stream| 2 + stream.below(if small { 8 } else { 18 }) as u32;
            let first = given.unwrap_or_else(|| match operator {
                '/' => new(stream) * new(stream),
                _ => new(stream),
            });
            let second = new(stream);
            let swap = given.is_some() && !stream.chance(STANDS_FIRST);
            let (left, right) = if swap { (second, first) } else { (first, second) };
            if let Some(step) = Self::of(left, operator, right) {
                return step;
            }
        }
    }

    /// `None` where the result is no integer from 1 to the largest allowed, or the calculation is trivial.
    fn of(left: u32, operator: char, right: u32) -> Option<Self> {
        let result = match operator {
            '*' => left.checked_mul(right),
            '+' => left.checked_add(right),
            '-' => left.checked_sub(right),
            _ => left.checked_div(right).filter(|quotient| quotient * right == left),
        }?;
        let wanted = (1..=LARGEST).contains(&result) && !by_one(left, operator, right);
        wanted.then_some(Self { left, operator, right, result })
    }

    /// `14+23=37`, with another result than the true one where there was a slip.
    pub(super) fn text(&self, result: u32) -> String {
        format!("{}{}{}={result}", self.left, self.operator, self.right)
    }
}

/// Whether a number is multiplied or divided by one.
fn by_one(left: u32, operator: char, right: u32) -> bool {
    match operator {
        '*' => left == 1 || right == 1,
        '/' => right == 1,
        _ => false,
    }
}

/// One calculation of a chain: on numbers and earlier results.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Link {
    step: Operation,
    /// The earlier calculation whose result stands on the left; a number otherwise.
    left: Option<usize>,
    right: Option<usize>,
}

/// A chain of calculations, each named by a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chain {
    id: String,
    question: String,
    links: Vec<Link>,
}

impl Chain {
    /// A chain of two to four calculations in which every result is used.
    pub(super) fn draw(id: String, stream: &mut Stream) -> Self {
        loop {
            let length = weighted(&LENGTHS, stream);
            if let Some(links) = draw_links(length, stream) {
                let question = word(&links, stream);
                return Self { id, question, links };
            }
        }
    }

    /// The name of its sort: how many calculations it takes.
    pub(super) fn sort(&self) -> String {
        format!("{}-steps", self.links.len())
    }

    /// The solution with a slip of `slip` in the calculation number `place`, which the rest goes on with.
    /// `None` where that leaves the integers.
    fn solve(&self, place: usize, slip: i64) -> Option<Solution> {
        let mut results: Vec<u32> = Vec::new();
        let mut lines = Vec::new();
        for (index, link) in self.links.iter().enumerate() {
            let number = |earlier: Option<usize>, own: u32| earlier.map_or(own, |index| results[index]);
            let step = Operation::of(
                number(link.left, link.step.left),
                link.step.operator,
                number(link.right, link.step.right),
            )?;
            let result = i64::from(step.result) + if index == place { slip } else { 0 };
            let result = u32::try_from(result).ok().filter(|result| *result > 0)?;
            lines.push(step.text(result));
            results.push(result);
        }
        let answer = results.last().expect("a chain has calculations").to_string();
        Some(Solution { working: lines.join(". ") + ".", answer })
    }
}

impl Exercise for Chain {
    fn id(&self) -> &str {
        &self.id
    }

    fn question(&self) -> &str {
        &self.question
    }

    fn images(&self) -> Vec<String> {
        Vec::new()
    }

    fn solution(&self) -> Solution {
        self.solve(0, 0).expect("the chain was drawn so that every calculation is possible")
    }

    /// From a slip of one or two in one of the calculations.
    fn wrong_solution(&self, stream: &mut Stream) -> Solution {
        const SLIPS: [i64; 4] = [-2, -1, 1, 2];
        let right = self.solution().answer;
        loop {
            let (place, slip) = (stream.below(self.links.len()), SLIPS[stream.below(SLIPS.len())]);
            if let Some(solution) = self.solve(place, slip).filter(|solution| solution.answer != right) {
                return solution;
            }
        }
    }
}

/// `count` chains whose questions are not among `known`; they become known.
pub(super) fn chains(
    name: &str,
    count: usize,
    known: &mut HashSet<String>,
    stream: &mut Stream,
) -> Vec<Chain> {
    let mut chains = Vec::with_capacity(count);
    while chains.len() < count {
        let chain = Chain::draw(format!("{name}-{:05}", chains.len() + 1), stream);
        if known.insert(chain.question.clone()) {
            chains.push(chain);
        }
    }
    chains
}

/// `None` where the last two results do not go together.
fn draw_links(length: usize, stream: &mut Stream) -> Option<Vec<Link>> {
    let mut links: Vec<Link> = Vec::with_capacity(length);
    let mut waiting: Option<usize> = None;
    for index in 0..length {
        let last = index.checked_sub(1);
        // What started anew is joined with what waits for it, so that every result is used.
        if let (Some(waiting), Some(last)) = (waiting.take(), last) {
            let operator = weighted(&OPERATORS, stream);
            let step = Operation::of(links[waiting].step.result, operator, links[last].step.result)?;
            links.push(Link { step, left: Some(waiting), right: Some(last) });
            continue;
        }
        let anew = index + 1 < length && index > 0 && stream.chance(STARTS_ANEW);
        let given = last.filter(|_| !anew).map(|last| links[last].step.result);
        let step = Operation::draw(given, stream);
        waiting = last.filter(|_| anew);
        let first = given.is_some_and(|given| given == step.left);
        let used = last.filter(|_| given.is_some());
        links.push(Link { step, left: used.filter(|_| first), right: used.filter(|_| !first) });
    }
    Some(links)
}

/// `a = 14 + 23, b = 8 * a. What is b?`
fn word(links: &[Link], stream: &mut Stream) -> String {
    const WORDINGS: [&str; 3] = ["What is", "Find", "Calculate"];
    let letter = |index: usize| char::from(b'a' + index as u8).to_string();
    let number = |earlier: Option<usize>, own: u32| earlier.map_or_else(|| own.to_string(), letter);
    let define = |(index, link): (usize, &Link)| {
        let Operation { left, operator, right, .. } = link.step;
        format!("{} = {} {operator} {}", letter(index), number(link.left, left), number(link.right, right))
    };
    let definitions: Vec<String> = links.iter().enumerate().map(define).collect();
    let wording = stream.below(WORDINGS.len());
    let end = if wording == 0 { '?' } else { '.' };
    format!("{}. {} {}{end}", definitions.join(", "), WORDINGS[wording], letter(links.len() - 1))
}

fn weighted<T: Copy>(choices: &[(T, usize)], stream: &mut Stream) -> T {
    let mut left = stream.below(choices.iter().map(|(_, weight)| weight).sum());
    for &(choice, weight) in choices {
        match left.checked_sub(weight) {
            Some(rest) => left = rest,
            None => return choice,
        }
    }
    unreachable!("the draw is below the sum of the weights")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Vec<Chain> {
        chains("test", 500, &mut HashSet::new(), &mut Stream::new(&[1]))
    }

    /// The calculations in a solution's working: what they say, and whether it is true.
    fn claims(working: &str) -> Vec<(String, bool)> {
        let lines = working.trim_end_matches('.').split(". ");
        let claim = |line: &str| {
            let (calculation, result) = line.split_once('=').unwrap();
            let place = calculation.find(['+', '-', '*', '/']).unwrap();
            let number = |text: &str| text.parse().unwrap();
            let (left, right) = (number(&calculation[..place]), number(&calculation[place + 1..]));
            let operator = calculation[place..].chars().next().unwrap();
            let true_result = Operation::of(left, operator, right).map(|step| step.result.to_string());
            (line.to_owned(), true_result.as_deref() == Some(result))
        };
        lines.map(claim).collect()
    }

    #[test]
    fn solutions_are_true_and_end_in_the_answer() {
        for chain in sample() {
            let Solution { working, answer } = chain.solution();
            let claims = claims(&working);
            assert_eq!(claims.len(), chain.links.len());
            assert!(claims.iter().all(|(_, is_true)| *is_true), "{working}");
            assert!(working.ends_with(&format!("={answer}.")), "{working}");
        }
    }

    #[test]
    fn wrong_solutions_slip_once_and_end_elsewhere() {
        let mut stream = Stream::new(&[2]);
        for chain in sample() {
            let wrong = chain.wrong_solution(&mut stream);
            assert_ne!(wrong.answer, chain.solution().answer);
            let slips = claims(&wrong.working).iter().filter(|(_, is_true)| !is_true).count();
            assert_eq!(slips, 1, "{}", wrong.working);
        }
    }

    #[test]
    fn every_result_is_used_and_the_question_names_them() {
        for chain in sample() {
            let used: HashSet<usize> =
                chain.links.iter().flat_map(|link| [link.left, link.right]).flatten().collect();
            assert_eq!(used.len(), chain.links.len() - 1, "{}", chain.question);
        }
        let mut stream = Stream::new(&[3]);
        let example = Chain::draw("example".to_owned(), &mut stream);
        assert!(example.question.starts_with("a = ") && example.question.contains(", b = "));
    }

    #[test]
    fn lengths_and_operators_are_as_frequent_as_in_gsm8k() {
        let chains = chains("test", 3000, &mut HashSet::new(), &mut Stream::new(&[4]));
        let share = |count: usize, all: usize| count as f64 / all as f64;
        let short = chains.iter().filter(|chain| chain.links.len() == 2).count();
        assert!((share(short, chains.len()) - 0.353).abs() < 0.06, "{short}");
        let steps: Vec<Operation> =
            chains.iter().flat_map(|chain| &chain.links).map(|link| link.step).collect();
        let products = steps.iter().filter(|step| step.operator == '*').count();
        assert!((share(products, steps.len()) - 0.387).abs() < 0.12, "{}", share(products, steps.len()));
    }

    #[test]
    fn no_question_comes_twice() {
        let mut known = HashSet::new();
        let mut stream = Stream::new(&[5]);
        let (first, second) =
            (chains("a", 300, &mut known, &mut stream), chains("b", 300, &mut known, &mut stream));
        let questions: HashSet<&str> = first.iter().chain(&second).map(Chain::question).collect();
        assert_eq!(questions.len(), 600);
    }
}
