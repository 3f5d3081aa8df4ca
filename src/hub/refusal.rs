//! What it means that the hub does not give what it is asked for, and what to do about it.

use anyhow::Error;

use super::{client::HubFailure, name::RepoName, settings::HubSettings};
use crate::error::input_error;

/// A failure of the hub, for the user: what was asked for and what to do.
pub(super) fn refusal(failure: &HubFailure, name: &RepoName, settings: &HubSettings) -> Error {
    input_error(format!("{name}: {}", sentence(failure, name, settings)))
}

/// A failure as a sentence without a full stop, with its remedy.
fn sentence(failure: &HubFailure, name: &RepoName, settings: &HubSettings) -> String {
    let endpoint = &settings.endpoint;
    match failure {
        HubFailure::Unreachable(reason) => format!(
            "there is no connection to {endpoint} ({reason}); where there is none at all, fetch {} elsewhere and set \
             HF_HOME to the copy, and HF_HUB_OFFLINE=1",
            name.id
        ),
        HubFailure::Passing { reason, .. } => format!("{reason}, again and again; try again later"),
        HubFailure::Unusable(reason) => reason.clone(),
        HubFailure::Refused { status, code, message } => refused(*status, code, message, name, settings),
    }
}

fn refused(status: u16, code: &str, message: &str, name: &RepoName, settings: &HubSettings) -> String {
    let (noun, endpoint, place) = (name.noun(), &settings.endpoint, name.address());
    let has_token = settings.token.is_some();
    match (code, status) {
        ("GatedRepo", _) if has_token => format!(
            "the {noun} is gated, and the account of your token may not read it: ask for access at {endpoint}/{place} \
             and accept its terms there; a fine-grained token must allow reading gated repositories"
        ),
        ("GatedRepo", _) => format!(
            "the {noun} is gated: accept its terms at {endpoint}/{place}, make a token at {endpoint}/settings/tokens, \
             and set HF_TOKEN to it"
        ),
        ("RevisionNotFound", _) => format!(
            "{} has no revision {:?}: a branch, tag or commit of {endpoint}/{place}/tree/main is needed",
            name.id,
            name.wanted_revision()
        ),
        ("EntryNotFound", _) => format!("{endpoint}/{place} has no such file"),
        ("DisabledRepo", _) => format!("{endpoint}/{place} has been disabled by the hub"),
        (_, 401) if has_token && message.contains("Invalid") => {
            format!("{endpoint} does not accept the token ({message}): set HF_TOKEN to a new one")
        }
        ("RepoNotFound", _) | (_, 401 | 404) => {
            let private = match has_token {
                true => "or the account of your token may not read it",
                false => "or it is private: then set HF_TOKEN to a token that may read it",
            };
            format!("{endpoint} has no {noun} {} ({status}), {private}", name.id)
        }
        (_, 403) => format!("{endpoint} forbids it ({}); see {endpoint}/{place}", said(status, message)),
        _ => format!("{endpoint} answers {}", said(status, message)),
    }
}

fn said(status: u16, message: &str) -> String {
    if message.is_empty() { status.to_string() } else { format!("{status}: {message}") }
}
