//! Which original problems a step draws: in shuffled order, by weights per source or file, and by how hard each has
//! turned out to be. Knows problems and rewards; nothing of models.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{DrawShares, FileShare, Problem, ShuffledCursor};
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
    /// One for all problems, or one per source in the order of their names, or one per file.
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
    /// The name of a source or a file. `None`: all problems.
    source: Option<String>,
    /// The place of a file's first problem; its others follow. `None`: the problems of a source, wherever they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    first: Option<usize>,
    weight: f64,
    /// Weight not served yet: the lane with most of it is next.
    credit: f64,
    cursor: ShuffledCursor,
}

impl ProblemDraw {
    /// The beginning: of sources and files, each is drawn in proportion to its weight, in shuffled epochs of its own.
    pub fn new(seed: u64, problems: &[Problem], shares: DrawShares<'_>) -> Self {
        let lanes = match shares {
            DrawShares::Even => vec![Lane::new(None, 1.0, ShuffledCursor::new(seed, problems.len()))],
            DrawShares::Sources(weights) => source_lanes(seed, problems, weights),
            DrawShares::Files(files) => file_lanes(seed, files),
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

    /// Whether it was begun on problems of these numbers, sources and files, in these shares.
    pub fn fits(&self, problems: &[Problem], shares: DrawShares<'_>) -> bool {
        let shape = |draw: &Self| -> Vec<(Option<String>, Option<usize>, f64, usize)> {
            let shape = |lane: &Lane| (lane.source.clone(), lane.first, lane.weight, lane.cursor.len());
            draw.lanes.iter().map(shape).collect()
        };
        shape(self) == shape(&Self::new(self.seed, problems, shares))
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
            .map(|(number, lane)| lane.next(order.iter().filter(|&&other| other == number).count(), problems))
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

impl Lane {
    fn new(source: Option<&str>, weight: f64, cursor: ShuffledCursor) -> Self {
        Self { source: source.map(str::to_owned), first: None, weight, credit: 0.0, cursor }
    }

    /// The places of its next problems among all.
    fn next(&mut self, count: usize, problems: &[Problem]) -> std::vec::IntoIter<usize> {
        let mut places = self.cursor.next(count);
        match (self.first, &self.source) {
            (Some(first), _) => places.iter_mut().for_each(|place| *place += first),
            (None, Some(name)) => {
                let members: Vec<usize> =
                    (0..problems.len()).filter(|&index| source(&problems[index]) == name).collect();
                places.iter_mut().for_each(|place| *place = members[*place]);
            }
            (None, None) => {}
        }
        places.into_iter()
    }
}

/// A lane for each source that has a weight; sources are in the order of their names.
fn source_lanes(seed: u64, problems: &[Problem], weights: &BTreeMap<String, f64>) -> Vec<Lane> {
    let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
    problems.iter().for_each(|problem| *sizes.entry(source(problem)).or_default() += 1);
    let lane = |(name, size): (&str, usize)| {
        let weight = weights.get(name).copied().unwrap_or(1.0);
        Lane::new(Some(name), weight, ShuffledCursor::new(seed ^ hash_text(name), size))
    };
    sizes.into_iter().map(lane).filter(|lane| lane.weight > 0.0).collect()
}

/// A lane for each file.
fn file_lanes(seed: u64, files: &[FileShare]) -> Vec<Lane> {
    let mut next = 0;
    let lane = |file: &FileShare| {
        let first = next;
        next += file.problems;
        let cursor = ShuffledCursor::new(seed ^ hash_text(&file.name), file.problems);
        Lane { first: Some(first), ..Lane::new(Some(&file.name), file.weight, cursor) }
    };
    files.iter().map(lane).collect()
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
        let mut draw = ProblemDraw::new(7, &problems, DrawShares::Even);
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
        let mut draw = ProblemDraw::new(1, &problems, DrawShares::Sources(&weights));
        let drawn = draw.next(12, &problems, Curriculum::Off);
        let count = |name: &str| ids(&drawn).iter().filter(|id| id.starts_with(name)).count();
        assert_eq!((count("a"), count("b"), count("c")), (4, 8, 0));
        let mut of_b: Vec<&str> = ids(&drawn).into_iter().filter(|id| id.starts_with('b')).collect();
        of_b.sort_unstable();
        assert_eq!(of_b, ["b0", "b0", "b1", "b1", "b2", "b2", "b3", "b3"]);
        let shares = DrawShares::Sources(&weights);
        assert!(draw.fits(&problems, shares) && !draw.fits(&problems[1..], shares));
        assert!(!draw.fits(&problems, DrawShares::Even));
        assert_eq!(ProblemDraw::unknown_source(&problems, &weights), None);
        assert_eq!(ProblemDraw::unknown_source(&problems[..40], &weights), Some("b"));
    }

    /// The share of a file is its weight among all weights, whatever its size, to within one problem at any time.
    #[test]
    fn files_are_drawn_by_their_weights_each_in_epochs_of_its_own() {
        let problems = problems(&[("a", 40), ("b", 4), ("c", 8)]);
        let share = |name: &str, weight, problems| FileShare { name: name.to_owned(), weight, problems };
        let files = [share("x/a", 1.0, 40), share("y/b", 2.5, 4), share("c", 0.5, 8)];
        let mut draw = ProblemDraw::new(1, &problems, DrawShares::Files(&files));
        let mut counts = [0.0; 3];
        let mut of_b = Vec::new();
        for step in 1..=40 {
            let drawn = draw.next(5, &problems, Curriculum::Off);
            for id in ids(&drawn) {
                counts["abc".find(&id[..1]).unwrap()] += 1.0;
                of_b.extend(id.starts_with('b').then(|| id.to_owned()));
            }
            for (count, weight) in counts.iter().zip([1.0, 2.5, 0.5]) {
                let expected = f64::from(5 * step) * weight / 4.0;
                assert!((count - expected).abs() < 1.0 + 1e-9, "{counts:?} after step {step}");
            }
        }
        assert_eq!(counts, [50.0, 125.0, 25.0]);
        for epoch in of_b.chunks_exact(4) {
            let mut epoch = epoch.to_vec();
            epoch.sort_unstable();
            assert_eq!(epoch, ["b0", "b1", "b2", "b3"]);
        }
        assert!(draw.fits(&problems, DrawShares::Files(&files)));
        let mut other = files.clone();
        other[1].weight = 2.0;
        assert!(!draw.fits(&problems, DrawShares::Files(&other)));
        let json = serde_json::to_string(&draw).unwrap();
        let mut restored: ProblemDraw = serde_json::from_str(&json).unwrap();
        assert_eq!(restored.next(9, &problems, Curriculum::Off), draw.next(9, &problems, Curriculum::Off));
    }

    #[test]
    fn what_is_always_or_never_solved_is_mostly_passed_over() {
        let problems = problems(&[("a", 90)]);
        let mut draw = ProblemDraw::new(3, &problems, DrawShares::Even);
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
        let mut draw = ProblemDraw::new(3, &problems, DrawShares::Even);
        problems.iter().for_each(|problem| draw.observe(problem, 1.0));
        assert_eq!(draw.next(40, &problems, Curriculum::Measured).len(), 40);
    }

    #[test]
    fn a_saved_draw_goes_on_where_it_was() {
        let problems = problems(&[("a", 9), ("b", 5)]);
        let weights = BTreeMap::from([("a".to_owned(), 0.3)]);
        let mut draw = ProblemDraw::new(5, &problems, DrawShares::Sources(&weights));
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
