//! The supervised pairs that a run replays beside its own completions.

use anyhow::{Result, ensure};

use super::inputs::load_examples;
use crate::{
    config::RunConfig, data::ShuffledCursor, error::input_error, random::hash_text, train::batch::Example,
};

/// The pairs that a run replays, none where it does not.
pub struct Replay(Vec<Example>);

impl Replay {
    /// # Errors
    /// Input errors that name the file, or the setting.
    pub fn load(config: &RunConfig) -> Result<Self> {
        let auxiliary = &config.train.auxiliary;
        if auxiliary.replay == 0.0 {
            return Ok(Self(Vec::new()));
        }
        let examples = load_examples(&auxiliary.replay_data, config)?;
        ensure!(
            !examples.is_empty() && auxiliary.replay_batch > 0,
            input_error(
                "train.auxiliary.replay needs pairs: set replay_data to a file and replay_batch above 0"
            )
        );
        Ok(Self(examples))
    }

    /// Where drawing begins; `None` where nothing is replayed.
    pub fn cursor(&self, seed: u64) -> Option<ShuffledCursor> {
        let seed = seed ^ hash_text("replay");
        (!self.0.is_empty()).then(|| ShuffledCursor::new(seed, self.0.len()))
    }

    /// The next pairs of a cursor over as many as there are.
    pub fn draw(&self, cursor: Option<&mut ShuffledCursor>, count: usize) -> Vec<Example> {
        let drawn = cursor.map_or_else(Vec::new, |cursor| cursor.next(count));
        drawn.into_iter().map(|index| self.0[index].clone()).collect()
    }
}
