//! From settings to a source of rewards.

use anyhow::Result;

use super::{command::CommandRewards, config::RemoteConfig, http::HttpRewards, reward::RewardSource};

impl RemoteConfig {
    /// The source these settings describe, its command started; `None` where they name none.
    ///
    /// # Errors
    /// When a setting is out of range, and when the command cannot be started.
    pub(in crate::verify) fn open(&self) -> Result<Option<Box<dyn RewardSource>>> {
        self.check()?;
        if let Some(url) = &self.url {
            return Ok(Some(Box::new(HttpRewards::new(url, self))));
        }
        if self.command.is_empty() {
            return Ok(None);
        }
        Ok(Some(Box::new(CommandRewards::start(self)?)))
    }
}
