//! Families of values such as `kπ` for every integer k: the letter does not matter, nor where k begins to count.

use std::borrow::Cow;

use num_rational::BigRational;

use super::{
    atoms::{Atom, Atoms},
    budget::Stop,
    comparer::Comparer,
    conditions::Declaration,
    expr::Expr,
    fraction::Fraction,
    polynomial::Polynomial,
};

/// Letters that count, where nothing says what they are.
const COUNTING: [&str; 5] = ["k", "n", "m", "l", "j"];

/// The letters of both sides that stand for any value of a sort, renamed alike; as they are where they cannot be
/// told to correspond.
pub(crate) struct Renaming {
    /// The old and new name of each letter.
    pub gold: Vec<(String, String)>,
    pub answer: Vec<(String, String)>,
    /// The new names of those that stand for integers.
    pub indices: Vec<String>,
    /// Whether both sides declare letters to be of sorts that differ.
    pub conflict: bool,
}

impl Renaming {
    /// From what both sides declare, and what they hold.
    pub(crate) fn new(gold: (&Expr, &[Declaration]), answer: (&Expr, &[Declaration])) -> Self {
        let mut renaming =
            Self { gold: Vec::new(), answer: Vec::new(), indices: Vec::new(), conflict: false };
        let (left, right) = (used(gold.0, gold.1), used(answer.0, answer.1));
        let pairs = match (left.is_empty(), right.is_empty()) {
            (true, true) => return renaming,
            (false, true) => left.iter().map(|own| (own.clone(), undeclared(answer.0, own))).collect(),
            (true, false) => right.iter().map(|own| (undeclared(gold.0, own), own.clone())).collect(),
            (false, false) => paired(&left, &right),
        };
        for (place, (left, right)) in pairs.into_iter().enumerate() {
            let name = format!("\\index_{place}");
            renaming.conflict |= !left.may_be(&right);
            if left.sort == 'Z' && right.sort == 'Z' {
                renaming.indices.push(name.clone());
            }
            renaming.gold.push((left.letter, name.clone()));
            renaming.answer.push((right.letter, name));
        }
        renaming
    }
}

impl Declaration {
    /// Whether two letters may be of the same sort, as far as it is said; whether zero is natural is open.
    fn may_be(&self, other: &Self) -> bool {
        let natural = |sort| matches!(sort, 'N' | 'P');
        self.sort == other.sort
            || self.sort == '?'
            || other.sort == '?'
            || (natural(self.sort) && natural(other.sort))
    }
}

/// An expression with its letters renamed.
pub(crate) fn renamed<'a>(expr: &'a Expr, names: &[(String, String)]) -> Cow<'a, Expr> {
    if names.is_empty() {
        return Cow::Borrowed(expr);
    }
    Cow::Owned(expr.rewritten(&|part| match part {
        Expr::Symbol(name) => {
            names.iter().find(|(old, _)| old == name).map(|(_, new)| Expr::Symbol(new.clone()))
        }
        _ => None,
    }))
}

/// The declarations of letters that occur.
fn used(expr: &Expr, declarations: &[Declaration]) -> Vec<Declaration> {
    declarations.iter().filter(|declared| expr.holds(&declared.letter)).cloned().collect()
}

/// What the letter of one side is on the other, which declares none: the same, or the only one that counts.
fn undeclared(expr: &Expr, declared: &Declaration) -> Declaration {
    let other_case = match declared.letter.as_str() {
        "c" => "C",
        "C" => "c",
        letter => letter,
    };
    let candidates: Vec<&str> = match declared.sort {
        'Z' | 'N' | 'P' => COUNTING.into_iter().collect(),
        _ => vec![other_case],
    };
    let mut found = candidates.into_iter().filter(|letter| expr.holds(letter));
    let letter = match (expr.holds(&declared.letter), found.next(), found.next()) {
        (false, Some(letter), None) => letter,
        _ => &declared.letter,
    };
    Declaration { letter: letter.to_owned(), sort: declared.sort }
}

/// The letters of two sides in pairs: by name where they have the same, else in their order.
fn paired(left: &[Declaration], right: &[Declaration]) -> Vec<(Declaration, Declaration)> {
    let same = left.iter().all(|own| right.iter().any(|other| other.letter == own.letter));
    if left.len() != right.len() || left.iter().zip(right).any(|(own, other)| !same && !own.may_be(other)) {
        return Vec::new();
    }
    let partner = |own: &Declaration| right.iter().find(|other| other.letter == own.letter).cloned();
    let in_order = left.iter().zip(right).map(|(own, other)| (own.clone(), other.clone()));
    match same {
        true => left.iter().filter_map(|own| Some((own.clone(), partner(own)?))).collect(),
        false => in_order.collect(),
    }
}

impl Comparer<'_> {
    /// Whether two values that hold an integer go through the same values: k may count backwards, or from
    /// another beginning.
    pub(crate) fn same_family(&mut self, gold: &Expr, answer: &Expr) -> Result<bool, Stop> {
        for index in self.indices.clone() {
            if !(gold.holds(&index) && answer.holds(&index)) {
                continue;
            }
            let (gold, answer) = (self.normalizer.normal(gold)?, self.normalizer.normal(answer)?);
            let atom = self.normalizer.atoms.number(Atom::Symbol(index));
            let (Some((step, start)), Some((other_step, other_start))) =
                (linear(&gold, atom, &self.normalizer.atoms), linear(&answer, atom, &self.normalizer.atoms))
            else {
                return Ok(false);
            };
            if !self.same_fraction(&step, &other_step)?
                && !self.same_fraction(&step, &other_step.negated())?
            {
                return Ok(false);
            }
            let between = self.normalizer.subtract(&start, &other_start)?;
            let steps = self.normalizer.divide(&between, &step)?;
            return Ok(steps.as_constant().is_some_and(|steps| BigRational::is_integer(&steps)));
        }
        Ok(false)
    }
}

/// The factor of an atom and what is added to it; `None` where it occurs in any other way.
fn linear(value: &Fraction, atom: u32, atoms: &Atoms) -> Option<(Fraction, Fraction)> {
    let elsewhere = |other: u32| other != atom && atoms.depends(other, atom);
    if value.below.unknowns().any(|other| other == atom || elsewhere(other))
        || value.above.unknowns().any(elsewhere)
    {
        return None;
    }
    let (mut step, mut start) = (Polynomial::default(), Polynomial::default());
    for (monomial, factor) in value.above.terms() {
        match monomial.iter().find(|(other, _)| *other == atom) {
            None => start.add(&Polynomial::term(monomial.clone(), factor.clone())),
            Some((_, 1)) => {
                let rest = monomial.iter().filter(|(other, _)| *other != atom).copied().collect();
                step.add(&Polynomial::term(rest, factor.clone()));
            }
            Some(_) => return None,
        }
    }
    let over = |above: Polynomial| Fraction { above, below: value.below.clone() };
    (!step.is_zero()).then(|| (over(step), over(start)))
}
