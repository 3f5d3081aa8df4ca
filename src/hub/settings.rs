//! Where the hub and the cache are, and who asks: the variables that everything which uses the hub follows.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Result;

use crate::error::input_error;

const ENDPOINT: &str = "https://huggingface.co";

/// Seconds that a connection may be silent, where no variable says otherwise; as in `huggingface_hub`.
const TIMEOUT: u64 = 10;

/// How the hub is used.
#[derive(Debug, Clone)]
pub struct HubSettings {
    /// `HF_ENDPOINT`: the hub, or a mirror of it.
    pub endpoint: String,
    /// `HF_HUB_CACHE`, or `hub` in `HF_HOME`.
    pub cache: PathBuf,
    /// `HF_TOKEN`, or what a login left in `HF_HOME`.
    pub(super) token: Option<HubToken>,
    /// The variable that forbids the network, as `HF_HUB_OFFLINE=1`.
    pub offline: Option<String>,
    /// `HF_HUB_DOWNLOAD_TIMEOUT`: how long a connection may be silent.
    pub timeout: Duration,
    /// The wait before the first repetition of a request that failed; later ones wait longer.
    pub patience: Duration,
    /// Shows no progress.
    pub quiet: bool,
}

/// A secret that is sent to the hub alone, and never shown.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct HubToken(String);

impl HubToken {
    /// What a request carries.
    pub(super) fn header(&self) -> String {
        format!("Bearer {}", self.0)
    }
}

impl fmt::Debug for HubToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("HubToken(…)")
    }
}

impl HubSettings {
    /// From the variables that `huggingface_hub` knows, which `variable` looks up. `home` is the user's directory.
    ///
    /// # Errors
    /// Input errors that name the variable.
    pub fn from_variables(
        variable: &dyn Fn(&str) -> Option<String>,
        home: Option<&Path>,
        quiet: bool,
    ) -> Result<Self> {
        let set = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let expanded = |value: String| match (value.strip_prefix("~/"), home) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => PathBuf::from(value),
        };
        let own = set("HF_HOME").map(expanded);
        let general = || Some(cache_home(variable, home)?.join("huggingface"));
        let hub_home = own.or_else(general);
        let cache = set("HF_HUB_CACHE").or_else(|| set("HUGGINGFACE_HUB_CACHE")).map(expanded);
        let cache = cache.or_else(|| Some(hub_home.as_ref()?.join("hub")));
        let cache = cache.ok_or_else(|| {
            input_error("there is no home directory to keep models in; set HF_HOME to a directory")
        })?;
        let token_file = set("HF_TOKEN_PATH").map(expanded).or_else(|| Some(hub_home?.join("token")));
        let token = match set("HF_TOKEN").or_else(|| set("HUGGING_FACE_HUB_TOKEN")) {
            Some(token) => Some(("HF_TOKEN".to_owned(), token)),
            None if set("HF_HUB_DISABLE_IMPLICIT_TOKEN").is_some_and(|value| is_true(&value)) => None,
            None => {
                token_file.and_then(|file| Some((file.display().to_string(), fs::read_to_string(file).ok()?)))
            }
        };
        let is_set = |name: &&str| set(name).is_some_and(|value| is_true(&value));
        let offline = ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"].into_iter().find(is_set);
        Ok(Self {
            endpoint: endpoint(set("HF_ENDPOINT"))?,
            cache,
            token: token.map(|(from, text)| token_of(&from, &text)).transpose()?.flatten(),
            offline: offline.map(|name| format!("{name}={}", set(name).unwrap_or_default())),
            timeout: Duration::from_secs(seconds(set("HF_HUB_DOWNLOAD_TIMEOUT"))?),
            patience: Duration::from_millis(500),
            quiet,
        })
    }
}

/// Where programs keep what they can make again: `XDG_CACHE_HOME`, or `.cache` in the user's directory.
pub fn cache_home(variable: &dyn Fn(&str) -> Option<String>, home: Option<&Path>) -> Option<PathBuf> {
    let set = variable("XDG_CACHE_HOME").filter(|value| !value.is_empty()).map(PathBuf::from);
    set.or_else(|| Some(home?.join(".cache")))
}

fn is_true(value: &str) -> bool {
    ["1", "on", "yes", "true"].contains(&value.to_lowercase().as_str())
}

fn endpoint(set: Option<String>) -> Result<String> {
    let endpoint = set.unwrap_or_else(|| ENDPOINT.to_owned());
    let endpoint = endpoint.trim().trim_end_matches('/');
    match endpoint.starts_with("https://") || endpoint.starts_with("http://") {
        true => Ok(endpoint.to_owned()),
        false => Err(input_error(format!(
            "HF_ENDPOINT={endpoint}: must begin with https:// or http://, as {ENDPOINT} does"
        ))),
    }
}

/// A token as it was written, without white space around it; none where nothing is left.
fn token_of(from: &str, text: &str) -> Result<Option<HubToken>> {
    let text = text.trim();
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(input_error(format!(
            "{from}: holds no token: there are spaces or other letters within it"
        )));
    }
    Ok((!text.is_empty()).then(|| HubToken(text.to_owned())))
}

fn seconds(set: Option<String>) -> Result<u64> {
    let Some(text) = set else { return Ok(TIMEOUT) };
    text.trim().parse().ok().filter(|&seconds| seconds > 0).ok_or_else(|| {
        input_error(format!("HF_HUB_DOWNLOAD_TIMEOUT={text}: must be a number of seconds above 0"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(variables: &[(&str, &str)], home: Option<&str>) -> Result<HubSettings> {
        let look = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        HubSettings::from_variables(&look, home.map(Path::new), true)
    }

    #[test]
    fn the_cache_is_where_other_programs_have_it() {
        let cache = |variables: &[(&str, &str)]| settings(variables, Some("/u")).unwrap().cache;
        assert_eq!(cache(&[]), Path::new("/u/.cache/huggingface/hub"));
        assert_eq!(cache(&[("XDG_CACHE_HOME", "/x")]), Path::new("/x/huggingface/hub"));
        assert_eq!(cache(&[("HF_HOME", "~/hf"), ("XDG_CACHE_HOME", "/x")]), Path::new("/u/hf/hub"));
        assert_eq!(cache(&[("HF_HOME", "/hf"), ("HF_HUB_CACHE", "/c")]), Path::new("/c"));
        assert!(settings(&[], None).unwrap_err().to_string().contains("set HF_HOME"));
        assert_eq!(settings(&[("HF_HOME", "/hf")], None).unwrap().cache, Path::new("/hf/hub"));
    }

    #[test]
    fn tokens_come_from_the_variable_or_the_login_and_are_never_shown() {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("token"), "hf_login\n").unwrap();
        let place = home.path().to_str().unwrap();
        let token = |more: &[(&str, &str)]| {
            let variables = [&[("HF_HOME", place)][..], more].concat();
            settings(&variables, None).unwrap().token.map(|token| token.header())
        };
        assert_eq!(token(&[]).as_deref(), Some("Bearer hf_login"));
        assert_eq!(token(&[("HF_TOKEN", " hf_own ")]).as_deref(), Some("Bearer hf_own"));
        assert_eq!(token(&[("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")]), None);
        let shown = format!("{:?}", settings(&[("HF_TOKEN", "hf_own")], Some("/u")).unwrap());
        assert!(!shown.contains("hf_own"), "{shown}");
        assert!(settings(&[("HF_TOKEN", "a\nb")], Some("/u")).unwrap_err().to_string().contains("HF_TOKEN"));
    }

    #[test]
    fn what_cannot_be_meant_is_refused_by_the_variables_name() {
        let offline = |name, value| settings(&[(name, value)], Some("/u")).unwrap().offline;
        assert_eq!(offline("HF_HUB_OFFLINE", "1").as_deref(), Some("HF_HUB_OFFLINE=1"));
        assert_eq!(offline("TRANSFORMERS_OFFLINE", "True").as_deref(), Some("TRANSFORMERS_OFFLINE=True"));
        assert_eq!(offline("HF_HUB_OFFLINE", "0"), None);
        assert_eq!(
            settings(&[("HF_ENDPOINT", "https://m.org/")], Some("/u")).unwrap().endpoint,
            "https://m.org"
        );
        for (name, value) in [("HF_ENDPOINT", "hub.local"), ("HF_HUB_DOWNLOAD_TIMEOUT", "soon")] {
            assert!(settings(&[(name, value)], Some("/u")).unwrap_err().to_string().contains(name));
        }
    }
}
