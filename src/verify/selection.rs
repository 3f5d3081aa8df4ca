//! Which checks judge a problem. A row's own verifier comes first, the setting `verify.verifier` second, and the
//! shape of the reference answer third. Knows checks by name and claim; judges nothing itself.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use anyhow::Result;

use super::{check::Check, composition, remote::PYTHON};
use crate::{data::Problem, error::input_error};

/// The checks of one problem as places in [`CheckSelection::checks`], with their weights; never empty.
pub(crate) type CheckWeights = Arc<[(usize, f64)]>;

/// The checks that there are, and what has been decided so far.
pub(crate) struct CheckSelection {
    checks: Vec<Arc<dyn Check>>,
    /// Those that [`PYTHON`] stands for, with shares that add up to one; `None` where it is a check itself.
    joint: Option<CheckWeights>,
    /// The run's setting; `None` where the references decide.
    setting: Option<CheckWeights>,
    /// What names in rows mean, once looked up: a composition is read once, not for every response.
    by_names: RwLock<HashMap<String, CheckWeights>>,
    /// The checks that reference answers got by their shape.
    by_reference: RwLock<HashMap<String, CheckWeights>>,
}

impl CheckSelection {
    /// Selects among `checks`, by `setting` where a row names no verifier. The checks of functions in Python are
    /// `functions` by name, with their weights; together they are called [`PYTHON`].
    ///
    /// # Errors
    /// When two checks have the same name, a name cannot be written in a composition, or the setting names a check
    /// that does not exist.
    pub(crate) fn new(
        checks: Vec<Arc<dyn Check>>,
        functions: &[(&str, f64)],
        setting: Option<&str>,
    ) -> Result<Self> {
        let mut by_names: HashMap<String, CheckWeights> = HashMap::new();
        for (place, check) in checks.iter().enumerate() {
            let name = check.name();
            let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
            if name.is_empty() || !name.chars().all(is_plain) {
                return Err(input_error(format!(
                    "verifier {name:?}: a name is made of letters, digits, \"_\" and \"-\""
                )));
            }
            if by_names.insert(name.to_owned(), Arc::new([(place, 1.0)])).is_some() {
                return Err(input_error(format!("two verifiers are called {name:?}: rename one of them")));
            }
        }
        let mut selection = Self {
            checks,
            joint: None,
            setting: None,
            by_names: RwLock::new(by_names),
            by_reference: RwLock::default(),
        };
        if !functions.is_empty() {
            selection.join(functions)?;
        }
        if let Some(names) = setting {
            let weights = selection.named(names);
            selection.setting =
                Some(weights.map_err(|error| input_error(format!("verify.verifier: {error:#}")))?);
        }
        Ok(selection)
    }

    /// Lets [`PYTHON`] stand for several checks together.
    fn join(&mut self, members: &[(&str, f64)]) -> Result<()> {
        let total: f64 = members.iter().map(|(_, weight)| weight).sum();
        let places = members.iter().map(|&(member, weight)| Ok((self.place(member)?, weight / total)));
        let weights: CheckWeights = places.collect::<Result<_>>()?;
        let known = self.by_names.get_mut().unwrap_or_else(PoisonError::into_inner);
        if known.insert(PYTHON.to_owned(), Arc::clone(&weights)).is_some() {
            return Err(input_error(format!(
                "a verifier is called {PYTHON:?}, as all functions together are: rename it"
            )));
        }
        self.joint = Some(weights);
        Ok(())
    }

    /// Every check, in the order in which references are offered to them.
    pub(crate) fn checks(&self) -> &[Arc<dyn Check>] {
        &self.checks
    }

    /// The checks of a problem. A verdict about another answer is never judged by the run's setting, which is meant
    /// for references of the data; any other recycled problem without a verifier of its own follows the same rule
    /// as the problem it was made of.
    ///
    /// # Errors
    /// When the problem names a verifier that does not exist; the message lists those that do.
    pub(crate) fn of(&self, problem: &Problem) -> Result<CheckWeights> {
        if let Some(names) = &problem.verifier {
            return self.named(names);
        }
        match self.setting.as_ref().filter(|_| !problem.kind.is_judge()) {
            Some(setting) => Ok(Arc::clone(setting)),
            None => Ok(self.claimed(&problem.answer)),
        }
    }

    /// [`Self::of`] a problem, remembered for all problems that name the same checks or have the same reference.
    ///
    /// # Errors
    /// When the problem names a verifier that does not exist; the message lists those that do.
    pub(crate) fn remember(&self, problem: &Problem) -> Result<CheckWeights> {
        let weights = self.of(problem)?;
        let (known, key) = match &problem.verifier {
            Some(names) => (&self.by_names, names),
            None if self.setting.is_none() || problem.kind.is_judge() => {
                (&self.by_reference, &problem.answer)
            }
            None => return Ok(weights),
        };
        let mut known = known.write().unwrap_or_else(PoisonError::into_inner);
        known.entry(key.clone()).or_insert_with(|| Arc::clone(&weights));
        Ok(weights)
    }

    /// Whether the run's setting would judge a problem if its row did not name other checks.
    ///
    /// # Errors
    /// When the problem names a verifier that does not exist; the message lists those that do.
    pub(crate) fn overrules_setting(&self, problem: &Problem) -> Result<bool> {
        let (Some(setting), Some(names)) = (&self.setting, &problem.verifier) else { return Ok(false) };
        Ok(!problem.kind.is_judge() && self.named(names)? != *setting)
    }

    /// The checks that a composition names.
    ///
    /// # Errors
    /// When it cannot be read or names a check that does not exist; the message lists those that do.
    pub(crate) fn named(&self, names: &str) -> Result<CheckWeights> {
        if let Some(known) = self.by_names.read().unwrap_or_else(PoisonError::into_inner).get(names) {
            return Ok(Arc::clone(known));
        }
        let mut weights: Vec<(usize, f64)> = Vec::new();
        for (name, weight) in composition::parse(names)? {
            for (place, share) in self.members(name)?.iter().map(|&(place, share)| (place, weight * share)) {
                match weights.iter_mut().find(|(known, _)| *known == place) {
                    Some((_, sum)) => *sum += share,
                    None => weights.push((place, share)),
                }
            }
        }
        Ok(weights.into())
    }

    /// The checks that one name stands for, with shares that add up to one.
    fn members(&self, name: &str) -> Result<CheckWeights> {
        if let Some(joint) = self.joint.as_ref().filter(|_| name == PYTHON) {
            return Ok(Arc::clone(joint));
        }
        Ok(Arc::new([(self.place(name)?, 1.0)]))
    }

    fn place(&self, name: &str) -> Result<usize> {
        self.checks.iter().position(|check| check.name() == name).ok_or_else(|| {
            let names = self.checks.iter().map(|check| check.name());
            let known: Vec<&str> = names.chain(self.joint.as_ref().map(|_| PYTHON)).collect();
            input_error(format!("verifier {name:?} is unknown; choose one of {}", known.join(", ")))
        })
    }

    /// The first check that claims a reference; the last of all where none does.
    fn claimed(&self, reference: &str) -> CheckWeights {
        if let Some(known) = self.by_reference.read().unwrap_or_else(PoisonError::into_inner).get(reference) {
            return Arc::clone(known);
        }
        let claims = |check: &Arc<dyn Check>| check.claims(reference);
        let place = self.checks.iter().position(claims).unwrap_or(self.checks.len() - 1);
        Arc::new([(place, 1.0)])
    }
}

impl fmt::Debug for CheckSelection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.checks.iter().map(|check| check.name()).collect();
        f.debug_struct("CheckSelection").field("checks", &names).field("setting", &self.setting).finish()
    }
}
