//! Judge prompts as a recipe writes them: a table for each kind, with its wordings as texts. A wording is read where it
//! stands, so that a mistake in it is told with its line.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    kind_wordings::KindWordings,
    wording::{SEVERAL, Wording},
};
use crate::data::Kind;

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct StoredPrompts {
    #[serde(skip_serializing_if = "Option::is_none")]
    system: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pointwise: Option<StoredKind<1>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pairwise: Option<StoredKind<2>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    choice: Option<StoredKind<SEVERAL>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reflection: Option<StoredKind<1>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    critique: Option<StoredKind<1>>,
}

/// The wordings of a kind, each of which shows so many answers.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredKind<const ANSWERS: usize> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    system: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    trained: Vec<StoredWording<ANSWERS>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    held_out: Vec<StoredWording<ANSWERS>>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
struct StoredWording<const ANSWERS: usize>(Wording);

impl<const ANSWERS: usize> TryFrom<String> for StoredWording<ANSWERS> {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Wording::parse(text, ANSWERS).map(Self)
    }
}

impl<const ANSWERS: usize> From<StoredWording<ANSWERS>> for String {
    fn from(StoredWording(wording): StoredWording<ANSWERS>) -> Self {
        wording.text().to_owned()
    }
}

impl<const ANSWERS: usize> From<StoredKind<ANSWERS>> for KindWordings {
    fn from(StoredKind { system, trained, held_out }: StoredKind<ANSWERS>) -> Self {
        let wordings =
            |stored: Vec<StoredWording<ANSWERS>>| stored.into_iter().map(|stored| stored.0).collect();
        Self { system, trained: wordings(trained), held_out: wordings(held_out) }
    }
}

impl<const ANSWERS: usize> From<KindWordings> for StoredKind<ANSWERS> {
    fn from(KindWordings { system, trained, held_out }: KindWordings) -> Self {
        let stored = |wordings: Vec<Wording>| wordings.into_iter().map(StoredWording).collect();
        Self { system, trained: stored(trained), held_out: stored(held_out) }
    }
}

impl StoredPrompts {
    pub(super) fn new(system: Option<String>, mut own: BTreeMap<Kind, KindWordings>) -> Self {
        Self {
            system,
            pointwise: own.remove(&Kind::POINTWISE).map(Into::into),
            pairwise: own.remove(&Kind::PAIRWISE).map(Into::into),
            choice: own.remove(&Kind::CHOICE).map(Into::into),
            reflection: own.remove(&Kind::REFLECTION).map(Into::into),
            critique: own.remove(&Kind::CRITIQUE).map(Into::into),
        }
    }

    /// The system message, and the wordings of the kinds that have a table.
    pub(super) fn into_parts(self) -> (Option<String>, BTreeMap<Kind, KindWordings>) {
        let own = [
            (Kind::POINTWISE, self.pointwise.map(KindWordings::from)),
            (Kind::PAIRWISE, self.pairwise.map(KindWordings::from)),
            (Kind::CHOICE, self.choice.map(KindWordings::from)),
            (Kind::REFLECTION, self.reflection.map(KindWordings::from)),
            (Kind::CRITIQUE, self.critique.map(KindWordings::from)),
        ];
        (self.system, own.into_iter().filter_map(|(kind, own)| Some((kind, own?))).collect())
    }
}
