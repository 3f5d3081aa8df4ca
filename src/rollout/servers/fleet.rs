//! The servers of a run: which of them are there, and which have the newest weights.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context, Result};

use super::{
    dialect::{Dialect, FoundServer},
    http::{CallFailure, HttpClient},
};
use crate::{
    error::input_error,
    rollout::config::{RolloutConfig, is_http},
};

/// How long a server that has failed is left alone.
const LEFT_ALONE: Duration = Duration::from_secs(1);

/// What all versions of weights begin with.
pub(super) const VERSIONS_BEGIN: &str = "spark-";

/// Weights that servers are to sample from.
#[derive(Debug, Clone)]
pub(super) struct PublishedWeights {
    pub dir: PathBuf,
    /// What servers call them.
    pub version: String,
}

/// A server.
#[derive(Debug)]
pub(super) struct ServerState {
    /// What it calls the model, once it has the newest weights.
    pub model: Option<String>,
    /// Threads that talk to it.
    pub busy: usize,
    pub not_before: Instant,
}

/// All servers by their URLs.
#[derive(Debug, Default)]
pub(super) struct Fleet {
    pub servers: BTreeMap<String, ServerState>,
}

impl Fleet {
    /// Takes in servers that have joined and forgets those that have left; these finish what they are at.
    ///
    /// # Errors
    /// When the file of servers cannot be read, or names none.
    pub(super) fn look(&mut self, config: &RolloutConfig) -> Result<()> {
        let listed = listed(config)?;
        self.servers.retain(|url, _| listed.contains(url));
        for url in listed {
            let joined = || ServerState { model: None, busy: 0, not_before: Instant::now() };
            self.servers.entry(url).or_insert_with(joined);
        }
        Ok(())
    }

    /// A server has failed: it is left alone for a while, and asked anew what weights it has.
    pub(super) fn lost(&mut self, url: &str) {
        if let Some(server) = self.servers.get_mut(url) {
            server.model = None;
            server.not_before = Instant::now() + LEFT_ALONE;
        }
    }

    /// A thread that talked to a server has ended.
    pub(super) fn idle(&mut self, url: &str) {
        if let Some(server) = self.servers.get_mut(url) {
            server.busy = server.busy.saturating_sub(1);
        }
    }

    /// Whether nobody talks to any server.
    pub(super) fn is_idle(&self) -> bool {
        self.servers.values().all(|server| server.busy == 0)
    }
}

/// The URLs that the recipe and its file name.
fn listed(config: &RolloutConfig) -> Result<Vec<String>> {
    let mut listed: Vec<String> = config.servers.clone();
    if let Some(file) = &config.servers_file {
        let text = fs::read_to_string(file)
            .with_context(|| format!("rollout.servers_file: reading {}", file.display()))?;
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        for line in lines {
            if !is_http(line) {
                return Err(input_error(format!(
                    "{}: {line:?} is no URL like http://127.0.0.1:8000",
                    file.display()
                )));
            }
            listed.push(line.to_owned());
        }
    }
    listed.iter_mut().for_each(|url| *url = url.trim_end_matches('/').to_owned());
    listed.sort();
    listed.dedup();
    Ok(listed)
}

/// Has a server go on with the weights, unless it does already or keeps its own; returns what requests call the model.
pub(super) fn prepared(
    client: &HttpClient,
    dialect: &dyn Dialect,
    url: &str,
    weights: Option<&PublishedWeights>,
) -> Result<String, CallFailure> {
    let models = client.get(&format!("{url}/v1/models"))?;
    let served = &models["data"][0];
    let Some(model) = served["id"].as_str() else {
        return Err(CallFailure::Lasting(format!("{url}/v1/models names no model: {models}")));
    };
    let Some(weights) = weights else { return Ok(model.to_owned()) };
    let server = FoundServer { client, url, served };
    dialect.renew(&server, &absolute(&weights.dir), &weights.version)?;
    Ok(dialect.model(&weights.dir, &weights.version).unwrap_or_else(|| model.to_owned()))
}

fn absolute(dir: &Path) -> PathBuf {
    std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_join_and_leave_by_the_file_that_lists_them() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("servers");
        let config = RolloutConfig {
            servers: vec!["http://a:1/".to_owned()],
            servers_file: Some(file.clone()),
            ..RolloutConfig::default()
        };
        let mut fleet = Fleet::default();
        assert!(fleet.look(&config).is_err(), "there is no file");
        fs::write(&file, "http://b:2\n# http://c:3\n\nhttp://a:1\n").unwrap();
        fleet.look(&config).unwrap();
        let urls = |fleet: &Fleet| fleet.servers.keys().cloned().collect::<Vec<_>>();
        assert_eq!(urls(&fleet), ["http://a:1", "http://b:2"]);
        fleet.servers.get_mut("http://a:1").unwrap().busy = 2;
        fs::write(&file, "http://c:3").unwrap();
        fleet.look(&config).unwrap();
        assert_eq!(urls(&fleet), ["http://a:1", "http://c:3"]);
        assert_eq!(fleet.servers["http://a:1"].busy, 2, "it is still at work");
        fs::write(&file, "c:3").unwrap();
        assert!(fleet.look(&config).unwrap_err().to_string().contains("c:3"));
    }
}
