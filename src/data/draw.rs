//! Which original problems a step draws: in shuffled order, by weights per source, and by how hard each has
//! turned out to be. Knows problems and rewards; nothing of models.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Problem, ShuffledCursor};
use crate::random::{Stream, hash_text};

/// Whether measured difficulty decides what is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Curriculum {
    /// Every problem once per epoch.
    #[default]
    Off,
    /// A problem whose answers were right with frequency `p` is passed over with probability
    /// `1 − max(0.1, 4 p (1 − p))`: what is always or never solved teaches least.
    Measured,
}

/// A problem that is always or never solved is still drawn this often.
const RARELY: f64 = 0.1;

/// What a new measurement counts beside all earlier ones.
const NEWEST: f64 = 0.5;

/// Proposals that may be passed over before the rest of a draw takes what comes.
const ROUNDS: usize = 8;

/// The place in an endless sequence of problems; saved with a run, it goes on exactly.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProblemDraw {
    seed: u64,
    /// How many problems there were.
    problems: usize,
    /// One for all problems, or one per source in the order of their names.
    lanes: Vec<Lane>,
    /// Draws so far: each has random numbers of its own.
    draws: u64,
    /// How often the answers to a problem were right, where that is asked for.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    success: BTreeMap<String, f64>,
    /// Problems passed over since the last report.
    #[serde(default)]
    passed_over: usize,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Lane {
    /// `None`: all problems.
    source: Option<String>,
    weight: f64,
    /// Weight not served yet: the lane with most of it is next.
    credit: f64,
    cursor: ShuffledCursor,
}

impl ProblemDraw {
    /// The beginning. With `weights`, each source is drawn in proportion to its own (1 where it is not named;
    /// problems without a source go by the empty name).
    pub fn new(seed: u64, problems: &[Problem], weights: &BTreeMap<String, f64>) -> Self {
        let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
        problems.iter().for_each(|problem| *sizes.entry(source(problem)).or_default() += 1);
        let of_source = |(name, size): (&str, usize)| Lane {
            source: Some(name.to_owned()),
            weight: weights.get(name).copied().unwrap_or(1.0),
            credit: 0.0,
            cursor: ShuffledCursor::new(seed ^ hash_text(name), size),
        };
        let lanes = match weights.is_empty() {
            true => {
                let cursor = ShuffledCursor::new(seed, problems.len());
                vec![Lane { source: None, weight: 1.0, credit: 0.0, cursor }]
            }
            false => sizes.into_iter().map(of_source).filter(|lane| lane.weight > 0.0).collect(),
        };
        Self { seed, problems: problems.len(), lanes, draws: 0, success: BTreeMap::new(), passed_over: 0 }
    }

    /// A source that the weights name and no problem has, or `None`.
    pub fn unknown_source<'a>(problems: &[Problem], weights: &'a BTreeMap<String, f64>) -> Option<&'a str> {
        let has = |name: &str| problems.iter().any(|problem| source(problem) == name);
        weights.keys().map(String::as_str).find(|name| !has(name))
    }

    /// How many problems it was begun on.
    pub fn problems(&self) -> usize {
        self.problems
    }

    /// Whether it was begun on problems of these numbers and sources, with these weights.
    pub fn fits(&self, problems: &[Problem], weights: &BTreeMap<String, f64>) -> bool {
        let shape = |draw: &Self| -> Vec<(Option<String>, f64, usize)> {
            draw.lanes.iter().map(|lane| (lane.source.clone(), lane.weight, lane.cursor.len())).collect()
        };
        shape(self) == shape(&Self::new(self.seed, problems, weights))
    }

    /// The next `count` problems.
    pub fn next(&mut self, count: usize, problems: &[Problem], curriculum: Curriculum) -> Vec<Problem> {
        self.draws += 1;
        let mut stream = Stream::new(&[hash_text("curriculum"), self.seed, self.draws]);
        let mut drawn = Vec::with_capacity(count);
        for round in 1..=ROUNDS {
            for index in self.propose(count - drawn.len(), problems) {
                let chance = self.chance(&problems[index], curriculum);
                if round == ROUNDS || chance >= 1.0 || stream.chance(chance) {
                    drawn.push(problems[index].clone());
                } else {
                    self.passed_over += 1;
                }
            }
        }
        drawn
    }

    /// Notes how often the answers to a problem were right.
    pub fn observe(&mut self, problem: &Problem, reward: f64) {
        let known = self.success.entry(problem.id.clone()).or_insert(reward);
        *known += NEWEST * (reward - *known);
    }

    /// Problems passed over since this was last asked.
    pub fn take_passed_over(&mut self) -> usize {
        std::mem::take(&mut self.passed_over)
    }

    fn chance(&self, problem: &Problem, curriculum: Curriculum) -> f64 {
        match (curriculum, self.success.get(&problem.id)) {
            (Curriculum::Measured, Some(p)) => (4.0 * p * (1.0 - p)).max(RARELY),
            _ => 1.0,
        }
    }

    /// The next indices, the lanes interleaved by their weights.
    fn propose(&mut self, count: usize, problems: &[Problem]) -> Vec<usize> {
        if count == 0 {
            return Vec::new();
        }
        let order: Vec<usize> = (0..count).map(|_| self.next_lane()).collect();
        let mut waiting: Vec<_> = self
            .lanes
            .iter_mut()
            .enumerate()
            .map(|(number, lane)| {
                let count = order.iter().filter(|&&other| other == number).count();
                let places = lane.cursor.next(count);
                let members: Vec<usize> = match &lane.source {
                    None => return places.into_iter(),
                    Some(name) => {
                        (0..problems.len()).filter(|&index| source(&problems[index]) == name).collect()
                    }
                };
                places.into_iter().map(|place| members[place]).collect::<Vec<_>>().into_iter()
            })
            .collect();
        order.into_iter().filter_map(|lane| waiting[lane].next()).collect()
    }

    /// Smooth weighted turns: weights 2 and 1 give a, b, a, a, b, a …
    fn next_lane(&mut self) -> usize {
        let total: f64 = self.lanes.iter().map(|lane| lane.weight).sum();
        self.lanes.iter_mut().for_each(|lane| lane.credit += lane.weight);
        let credits = self.lanes.iter().enumerate().rev();
        let next = credits.max_by(|(_, one), (_, other)| one.credit.total_cmp(&other.credit));
        let (next, _) = next.expect("there is a lane");
        self.lanes[next].credit -= total;
        next
    }
}

fn source(problem: &Problem) -> &str {
    problem.source.as_deref().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(sources: &[(&str, usize)]) -> Vec<Problem> {
        let numbered = |&(name, count)| (0..count).map(move |number| (name, number));
        let problem = |(name, number): (&str, usize)| Problem {
            id: format!("{name}{number}"),
            source: Some(name.to_owned()),
            ..Problem::default()
        };
        sources.iter().flat_map(numbered).map(problem).collect()
    }

    fn ids(drawn: &[Problem]) -> Vec<&str> {
        drawn.iter().map(|problem| problem.id.as_str()).collect()
    }

    #[test]
    fn without_weights_the_order_is_the_cursors() {
        let problems = problems(&[("a", 6), ("b", 3)]);
        let mut draw = ProblemDraw::new(7, &problems, &BTreeMap::new());
        let mut cursor = ShuffledCursor::new(7, 9);
        for _ in 0..4 {
            let expected: Vec<&str> = cursor.next(5).into_iter().map(|i| problems[i].id.as_str()).collect();
            assert_eq!(ids(&draw.next(5, &problems, Curriculum::Off)), expected);
        }
    }

    #[test]
    fn sources_are_drawn_by_their_weights_each_in_epochs_of_its_own() {
        let problems = problems(&[("a", 40), ("b", 4), ("c", 8)]);
        let weights = BTreeMap::from([("b".to_owned(), 2.0), ("c".to_owned(), 0.0)]);
        let mut draw = ProblemDraw::new(1, &problems, &weights);
        let drawn = draw.next(12, &problems, Curriculum::Off);
        let count = |name: &str| ids(&drawn).iter().filter(|id| id.starts_with(name)).count();
        assert_eq!((count("a"), count("b"), count("c")), (4, 8, 0));
        let mut of_b: Vec<&str> = ids(&drawn).into_iter().filter(|id| id.starts_with('b')).collect();
        of_b.sort_unstable();
        assert_eq!(of_b, ["b0", "b0", "b1", "b1", "b2", "b2", "b3", "b3"]);
        assert!(draw.fits(&problems, &weights) && !draw.fits(&problems[1..], &weights));
        assert!(!draw.fits(&problems, &BTreeMap::new()));
        assert_eq!(ProblemDraw::unknown_source(&problems, &weights), None);
        assert_eq!(ProblemDraw::unknown_source(&problems[..40], &weights), Some("b"));
    }

    #[test]
    fn what_is_always_or_never_solved_is_mostly_passed_over() {
        let problems = problems(&[("a", 90)]);
        let mut draw = ProblemDraw::new(3, &problems, &BTreeMap::new());
        for (number, problem) in problems.iter().enumerate() {
            draw.observe(problem, [0.0, 0.5, 1.0][number % 3]);
        }
        let mut half = 0;
        for _ in 0..20 {
            let drawn = draw.next(10, &problems, Curriculum::Measured);
            assert_eq!(drawn.len(), 10);
            half += drawn.iter().filter(|p| p.id[1..].parse::<usize>().unwrap() % 3 == 1).count();
        }
        assert!((140..=190).contains(&half), "{half} of 200");
        assert!(draw.take_passed_over() > 100 && draw.take_passed_over() == 0);
    }

    #[test]
    fn a_draw_in_which_nothing_is_wanted_ends_and_is_full() {
        let problems = problems(&[("a", 3)]);
        let mut draw = ProblemDraw::new(3, &problems, &BTreeMap::new());
        problems.iter().for_each(|problem| draw.observe(problem, 1.0));
        assert_eq!(draw.next(40, &problems, Curriculum::Measured).len(), 40);
    }

    #[test]
    fn a_saved_draw_goes_on_where_it_was() {
        let problems = problems(&[("a", 9), ("b", 5)]);
        let weights = BTreeMap::from([("a".to_owned(), 0.3)]);
        let mut draw = ProblemDraw::new(5, &problems, &weights);
        for problem in draw.next(8, &problems, Curriculum::Measured) {
            draw.observe(&problem, 0.25);
        }
        let mut restored: ProblemDraw = serde_json::from_str(&serde_json::to_string(&draw).unwrap()).unwrap();
        for _ in 0..5 {
            assert_eq!(
                draw.next(7, &problems, Curriculum::Measured),
                restored.next(7, &problems, Curriculum::Measured)
            );
        }
    }
}
