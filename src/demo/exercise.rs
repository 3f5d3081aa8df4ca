//! What the shipped data sets have in common: exercises that can be worked out, rightly and wrongly.

use crate::random::Stream;

/// A worked answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Solution {
    /// What was read and how the answer follows; ends in a full stop.
    pub working: String,
    /// The final answer.
    pub answer: String,
}

impl Solution {
    /// The working and the boxed answer, as a model writes it.
    pub fn text(&self) -> String {
        format!("{} \\boxed{{{}}}", self.working, self.answer)
    }
}

/// An exercise whose solutions we can write: warm-start pairs are made of them.
pub(super) trait Exercise {
    /// Unique within its data set.
    fn id(&self) -> &str;
    /// What is asked.
    fn question(&self) -> &str;
    /// Files of images shown, relative to the data set.
    fn images(&self) -> Vec<String>;
    /// The right solution.
    fn solution(&self) -> Solution;
    /// A plausible solution with a wrong answer.
    fn wrong_solution(&self, stream: &mut Stream) -> Solution;
}
