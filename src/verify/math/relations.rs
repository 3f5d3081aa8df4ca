//! Equations and inequalities: what they solve to, and when two of them say the same.

use num_rational::BigRational;
use num_traits::{Signed, Zero};

use super::{
    budget::Stop,
    comparer::Comparer,
    expr::{Constant, Expr, Function, Relation},
    fraction::Fraction,
    numeric,
    polynomial::Polynomial,
    real_set::{Bound, RealSet},
};

/// `left - right`, and how it relates to zero.
struct Statement {
    difference: Fraction,
    relation: Relation,
}

/// One step of a chain.
type RelationStep<'a> = (&'a Expr, Relation, &'a Expr);

/// The steps of a chain: `a < b < c` is `a < b` and `b < c`.
fn steps(chain: &Expr) -> Vec<RelationStep<'_>> {
    let Expr::Chain(first, rest) = chain else { return Vec::new() };
    let lefts = std::iter::once(&**first).chain(rest.iter().map(|(_, right)| right));
    lefts.zip(rest).map(|(left, (relation, right))| (left, *relation, right)).collect()
}

/// Whether every number is in this relation to a bound: below infinity, above minus infinity.
fn is_beyond_all(relation: Relation, bound: &Expr) -> bool {
    let infinity = |expr: &Expr| *expr == Expr::Constant(Constant::Infinity);
    match relation {
        Relation::Less => infinity(bound),
        Relation::Greater => matches!(bound, Expr::Negative(inside) if infinity(inside)),
        _ => false,
    }
}

impl Comparer<'_> {
    /// Whether two chains of relations say the same, in any order and multiplied by any constant.
    pub(crate) fn same_relations(&mut self, gold: &Expr, answer: &Expr) -> Result<bool, Stop> {
        if !gold.has_symbols() || !answer.has_symbols() {
            return self.same_sides(gold, answer);
        }
        if let (Some((left, gold)), Some((right, answer))) = (self.solutions(gold)?, self.solutions(answer)?)
        {
            return Ok(left == right && self.same_set(&gold, &answer)?);
        }
        let (gold, answer) = (self.statements(gold)?, self.statements(answer)?);
        if gold.len() != answer.len() {
            return Ok(false);
        }
        let mut left: Vec<&Statement> = answer.iter().collect();
        for statement in &gold {
            let mut found = None;
            for (place, other) in left.iter().enumerate() {
                if self.same_statement(statement, other)? {
                    found = Some(place);
                    break;
                }
            }
            match found {
                Some(place) => left.remove(place),
                None => return Ok(false),
            };
        }
        Ok(true)
    }

    /// Whether two chains without unknowns, which are true or false whatever they say, have the same sides.
    fn same_sides(&mut self, gold: &Expr, answer: &Expr) -> Result<bool, Stop> {
        let (gold, answer) = (steps(gold), steps(answer));
        let backwards: Vec<_> =
            answer.iter().rev().map(|(left, relation, right)| (*right, relation.flipped(), *left)).collect();
        Ok(self.same_steps(&gold, &answer)? || self.same_steps(&gold, &backwards)?)
    }

    fn same_steps(&mut self, gold: &[RelationStep<'_>], answer: &[RelationStep<'_>]) -> Result<bool, Stop> {
        if gold.len() != answer.len() {
            return Ok(false);
        }
        for ((left, relation, right), (other_left, other_relation, other_right)) in gold.iter().zip(answer) {
            if relation != other_relation
                || !self.same(left, other_left)?
                || !self.same(right, other_right)?
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn statements(&mut self, chain: &Expr) -> Result<Vec<Statement>, Stop> {
        steps(chain)
            .into_iter()
            .map(|(left, relation, right)| {
                let (left, right) = (self.normalizer.normal(left)?, self.normalizer.normal(right)?);
                Ok(Statement { difference: self.normalizer.subtract(&left, &right)?, relation })
            })
            .collect()
    }

    fn same_statement(&mut self, gold: &Statement, answer: &Statement) -> Result<bool, Stop> {
        let symmetric =
            |relation| matches!(relation, Relation::Equal | Relation::Approximate | Relation::NotEqual);
        if gold.relation != answer.relation && gold.relation != answer.relation.flipped() {
            return Ok(false);
        }
        let Some(sign) = self.proportion(&gold.difference, &answer.difference)? else { return Ok(false) };
        Ok(match gold.relation {
            relation if symmetric(relation) => true,
            // The sign of what is below the line is not known.
            _ if !gold.difference.is_polynomial() || !answer.difference.is_polynomial() => {
                gold.relation == answer.relation
                    && self.same_fraction(&gold.difference, &answer.difference)?
            }
            relation => relation == if sign > 0.0 { answer.relation } else { answer.relation.flipped() },
        })
    }

    /// The sign of the constant between two differences; only what stands above the line counts.
    fn proportion(&mut self, left: &Fraction, right: &Fraction) -> Result<Option<f64>, Stop> {
        let (left, right) = (&left.above, &right.above);
        if left.is_zero() || right.is_zero() {
            return Ok((left.is_zero() && right.is_zero()).then_some(1.0));
        }
        if left.len() == right.len() {
            let ((a, x), (b, y)) = (left.leading().expect("not zero"), right.leading().expect("not zero"));
            let ratio = x / y;
            if a == b && *left == right.scaled(&ratio) {
                return Ok(Some(if ratio.is_positive() { 1.0 } else { -1.0 }));
            }
        }
        numeric::proportion(left, right, &self.normalizer.atoms, self.normalizer.budget)
    }

    /// The solutions of a statement in one unknown that can be solved, and that unknown: a chain, or several
    /// joined by "or" or "and".
    pub(crate) fn solutions(&mut self, statement: &Expr) -> Result<Option<(u32, RealSet)>, Stop> {
        match statement {
            Expr::Union(parts) => self.joined(parts, RealSet::union),
            Expr::Intersection(parts) => self.joined(parts, |left, right| left.intersection(&right)),
            chain => self.chain_solutions(chain),
        }
    }

    /// The solutions of several statements about the same unknown, put together.
    fn joined(
        &mut self,
        parts: &[Expr],
        join: impl Fn(RealSet, RealSet) -> RealSet,
    ) -> Result<Option<(u32, RealSet)>, Stop> {
        let mut result: Option<(u32, RealSet)> = None;
        for part in parts {
            let Some((unknown, set)) = self.chain_solutions(part)? else { return Ok(None) };
            result = match result {
                None => Some((unknown, set)),
                Some((known, before)) if known == unknown => Some((known, join(before, set))),
                Some(_) => return Ok(None),
            };
        }
        Ok(result)
    }

    fn chain_solutions(&mut self, chain: &Expr) -> Result<Option<(u32, RealSet)>, Stop> {
        let mut result: Option<(u32, RealSet)> = None;
        for (left, relation, right) in steps(chain) {
            let Some((unknown, set)) = self.solve(left, relation, right)? else { return Ok(None) };
            result = match result {
                None => Some((unknown, set)),
                Some((known, before)) if known == unknown => Some((known, before.intersection(&set))),
                Some(_) => return Ok(None),
            };
        }
        Ok(result)
    }

    fn solve(
        &mut self,
        left: &Expr,
        relation: Relation,
        right: &Expr,
    ) -> Result<Option<(u32, RealSet)>, Stop> {
        if relation == Relation::In {
            return self.membership(left, right);
        }
        if relation == Relation::Approximate {
            return Ok(None);
        }
        for (absolute, relation, bound) in [(left, relation, right), (right, relation.flipped(), left)] {
            if let Expr::Call(Function::Abs, inside) = absolute {
                return self.solve_absolute(&inside[0], relation, bound);
            }
        }
        for (side, relation, bound) in [(left, relation, right), (right, relation.flipped(), left)] {
            if is_beyond_all(relation, bound) {
                let side = self.normalizer.normal(side)?;
                return Ok(self.linear(&side)?.map(|(unknown, ..)| (unknown, RealSet::all())));
            }
        }
        let (left, right) = (self.normalizer.normal(left)?, self.normalizer.normal(right)?);
        let difference = self.normalizer.subtract(&left, &right)?;
        self.solve_linear(&difference, relation)
    }

    /// The solutions of `x ∈ S`.
    fn membership(&mut self, element: &Expr, set: &Expr) -> Result<Option<(u32, RealSet)>, Stop> {
        let element = self.normalizer.normal(element)?;
        let Some((unknown, _, _)) = self.linear(&element)? else { return Ok(None) };
        Ok(self.real_set(set)?.map(|set| (unknown, set)))
    }

    /// `|f| < c` is `-c < f < c`; `|f| > c` is what that leaves.
    fn solve_absolute(
        &mut self,
        inside: &Expr,
        relation: Relation,
        bound: &Expr,
    ) -> Result<Option<(u32, RealSet)>, Stop> {
        let (inside, bound) = (self.normalizer.normal(inside)?, self.normalizer.normal(bound)?);
        let value = numeric::real_value(&bound, &self.normalizer.atoms, self.normalizer.budget)?;
        if value.is_none_or(|value| value <= 0.0) {
            return Ok(None);
        }
        let (inner, complement) = match relation {
            Relation::Less | Relation::LessEqual => (relation, false),
            Relation::Greater => (Relation::LessEqual, true),
            Relation::GreaterEqual => (Relation::Less, true),
            _ => return Ok(None),
        };
        let high = self.normalizer.subtract(&inside, &bound)?;
        let low = self.normalizer.subtract(&bound.negated(), &inside)?;
        let (Some((unknown, high)), Some((_, low))) =
            (self.solve_linear(&high, inner)?, self.solve_linear(&low, inner)?)
        else {
            return Ok(None);
        };
        let between = high.intersection(&low);
        Ok(Some((unknown, if complement { between.complement() } else { between })))
    }

    /// Solves `a x + b` against zero.
    fn solve_linear(
        &mut self,
        difference: &Fraction,
        relation: Relation,
    ) -> Result<Option<(u32, RealSet)>, Stop> {
        let Some((unknown, slope, constant)) = self.linear(difference)? else { return Ok(None) };
        let relation = if slope.is_negative() { relation.flipped() } else { relation };
        let place = constant.scaled(&-slope.recip());
        let closed = matches!(relation, Relation::LessEqual | Relation::GreaterEqual | Relation::Equal);
        let Some(bound) = self.bound_of(place, closed)? else { return Ok(None) };
        let point = |bound: Bound| {
            RealSet::piece(Bound { closed: true, ..bound.clone() }, Bound { closed: true, ..bound })
        };
        let set = match relation {
            Relation::Less | Relation::LessEqual => RealSet::below(bound),
            Relation::Greater | Relation::GreaterEqual => RealSet::above(bound),
            Relation::Equal => point(bound),
            Relation::NotEqual => point(bound).complement(),
            Relation::In | Relation::Approximate => return Ok(None),
        };
        Ok(Some((unknown, set)))
    }

    /// The one unknown of a linear expression, its rational factor, and the rest.
    fn linear(&self, expr: &Fraction) -> Result<Option<(u32, BigRational, Fraction)>, Stop> {
        if !expr.is_polynomial() {
            return Ok(None);
        }
        let mut found: Option<(u32, BigRational)> = None;
        let mut rest = Polynomial::default();
        for (monomial, value) in expr.above.terms() {
            match monomial.as_slice() {
                [(atom, 1)] if self.is_unknown(*atom) && found.is_none() => {
                    found = Some((*atom, value.clone()))
                }
                other if other.iter().any(|(atom, _)| self.is_unknown(*atom)) => return Ok(None),
                _ => rest.add(&Polynomial::term(monomial.clone(), value.clone())),
            }
        }
        Ok(found
            .filter(|(_, slope)| !slope.is_zero())
            .map(|(unknown, slope)| (unknown, slope, Fraction::polynomial(rest))))
    }

    /// Whether an atom, or anything it is made of, is unknown.
    pub(crate) fn is_unknown(&self, atom: u32) -> bool {
        self.normalizer.atoms.is_unknown(atom)
    }
}
