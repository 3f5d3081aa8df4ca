//! What the hub says of a repository at a revision: the commit, the names of its files, and what its card declares.

use serde::Deserialize;
use serde_json::Value;

use super::{
    client::{Client, HubFailure},
    name::{RepoKind, RepoName, is_commit},
};

/// A repository at a commit.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Listing {
    pub(super) commit: String,
    /// Paths within the repository, in order.
    pub(super) files: Vec<String>,
    /// What the head of its README says; null where that says nothing.
    pub(super) card: Value,
}

#[derive(Deserialize)]
struct Answer {
    sha: String,
    #[serde(default)]
    siblings: Vec<Sibling>,
    #[serde(default, rename = "cardData")]
    card: Value,
}

#[derive(Deserialize)]
struct Sibling {
    rfilename: String,
}

/// Asks for a repository at the revision that its name wants.
pub(super) fn listing(client: &Client<'_>, name: &RepoName) -> Result<Listing, HubFailure> {
    let kind = match name.kind {
        RepoKind::Model => "models",
        RepoKind::Dataset => "datasets",
    };
    let revision = escaped(name.wanted_revision(), "");
    let path = format!("/api/{kind}/{}/revision/{revision}", name.id);
    let body = client.text(&path)?;
    let wrong = |why: &str| {
        HubFailure::Unusable(format!("{}{path} is not what a hub answers ({why})", client.settings.endpoint))
    };
    let Answer { sha, siblings, card } =
        serde_json::from_slice(&body).map_err(|error| wrong(&error.to_string()))?;
    if !is_commit(&sha) {
        return Err(wrong("its sha is no commit"));
    }
    let mut files: Vec<String> = siblings.into_iter().map(|sibling| sibling.rfilename).collect();
    if let Some(file) = files.iter().find(|file| !is_plain(file)) {
        return Err(wrong(&format!("{file:?} is no path within a repository")));
    }
    files.sort();
    Ok(Listing { commit: sha, files, card })
}

/// The path of a file's content on the hub.
pub(super) fn content_path(name: &RepoName, commit: &str, file: &str) -> String {
    format!("/{}/resolve/{commit}/{}", name.address(), escaped(file, "/"))
}

/// Whether a path stays within its folder, wherever it is joined to one.
fn is_plain(path: &str) -> bool {
    !path.contains('\\') && path.split('/').all(|part| !part.is_empty() && part != "." && part != "..")
}

/// A text within an address; letters, digits, `-._~` and `kept` stand for themselves.
fn escaped(text: &str, kept: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        let letter = char::from(byte);
        if letter.is_ascii_alphanumeric() || "-._~".contains(letter) || kept.contains(letter) {
            escaped.push(letter);
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_escaped_and_paths_stay_within() {
        assert_eq!(escaped("refs/pr/1", ""), "refs%2Fpr%2F1");
        assert_eq!(escaped("a b/é.json", "/"), "a%20b/%C3%A9.json");
        assert!(is_plain("a/b.json") && is_plain(".gitattributes"));
        for path in ["../a", "/a", "a//b", "a/..", "a\\b", ""] {
            assert!(!is_plain(path), "{path}");
        }
    }
}
