//! The table of atoms and the way from an expression to its normal form.

use num_rational::BigRational;

use crate::verify::math::{
    atoms::{Atom, Atoms},
    budget::{Budget, Stop},
    expr::{Constant, Expr},
    fraction::{Fraction, whole},
    polynomial::Polynomial,
};

/// Terms of a sum or factors of a product that are written out.
const LONGEST_SERIES: i64 = 2000;

/// A normal form, or why there is none.
pub(crate) type Normal = Result<Fraction, Stop>;

/// Works out normal forms over one table of atoms.
pub(crate) struct Normalizer<'a> {
    pub atoms: Atoms,
    pub budget: &'a Budget,
    /// Whether a logarithm was taken of an even power of an unknown.
    pub has_even_logarithm: bool,
    /// Whether unknowns to even powers in logarithms count as positive too.
    pub positive_in_logarithms: bool,
    /// Values of unknowns, such as the indices of sums that are being written out; `None` while one stays unknown.
    bindings: Vec<(String, Option<Fraction>)>,
    /// Whether degrees are turned into radians, as an angle's are.
    pub(super) radians: bool,
}

impl<'a> Normalizer<'a> {
    pub(crate) fn new(budget: &'a Budget) -> Self {
        Self {
            atoms: Atoms::default(),
            budget,
            has_even_logarithm: false,
            positive_in_logarithms: false,
            bindings: Vec::new(),
            radians: false,
        }
    }

    /// The normal form of an expression.
    ///
    /// # Errors
    /// When it is no scalar, is undefined, or costs too much.
    pub(crate) fn normal(&mut self, expr: &Expr) -> Normal {
        self.budget.spend(20)?;
        match expr {
            Expr::Number(literal) => Ok(Fraction::constant(literal.value.clone())),
            Expr::Based(value, _) => Ok(Fraction::constant(value.clone())),
            Expr::Constant(Constant::Imaginary) => {
                Ok(self.symbol_or("i", Atom::Constant(Constant::Imaginary)))
            }
            Expr::Constant(constant) => Ok(self.atom(Atom::Constant(*constant))),
            Expr::Symbol(name) => Ok(self.symbol_or(name, Atom::Symbol(name.clone()))),
            Expr::Sum(terms) => {
                let mut sum = Fraction::zero();
                for term in terms {
                    let term = self.normal(term)?;
                    sum = self.add(&sum, &term)?;
                }
                Ok(sum)
            }
            Expr::Product(factors) => {
                let mut product = Fraction::one();
                for factor in factors {
                    let factor = self.normal(factor)?;
                    product = self.multiply(&product, &factor)?;
                }
                Ok(product)
            }
            Expr::Quotient(above, below) => {
                let (above, below) = (self.normal(above)?, self.normal(below)?);
                self.divide(&above, &below)
            }
            Expr::Ratio(parts) if parts.len() == 2 => {
                let (above, below) = (self.normal(&parts[0])?, self.normal(&parts[1])?);
                self.divide(&above, &below)
            }
            Expr::Power(base, exponent) => {
                let (base, exponent) = (self.normal(base)?, self.normal(exponent)?);
                self.power(&base, &exponent)
            }
            Expr::Negative(part) => Ok(self.normal(part)?.negated()),
            Expr::Percent(part) => {
                let part = self.normal(part)?;
                Ok(part.scaled(&BigRational::new(1.into(), 100.into())))
            }
            Expr::Degrees(part) => self.degrees(part),
            Expr::Quantity(part, _) => self.normal(part),
            Expr::Call(function, arguments) => self.call(*function, arguments),
            Expr::Apply(name, arguments) => {
                let arguments = arguments.iter().map(|part| self.normal(part)).collect::<Result<_, _>>()?;
                Ok(self.atom(Atom::Apply(name.clone(), arguments)))
            }
            Expr::Series(product, parts, variable) => self.series(*product, parts, variable),
            _ => Err(Stop::Unreadable("no single value")),
        }
    }

    /// The normal form with an unknown at a value.
    ///
    /// # Errors
    /// When it has none there.
    pub(crate) fn normal_at(&mut self, expr: &Expr, name: &str, value: &Fraction) -> Normal {
        self.bindings.push((name.to_owned(), Some(value.clone())));
        let normal = self.normal(expr);
        self.bindings.pop();
        normal
    }

    /// An atom by itself.
    pub(crate) fn atom(&mut self, atom: Atom) -> Fraction {
        Fraction::polynomial(Polynomial::unknown(self.atoms.number(atom)))
    }

    /// The value of an index of a sum, or the atom of that name.
    fn symbol_or(&mut self, name: &str, atom: Atom) -> Fraction {
        match self.bindings.iter().rev().find(|(bound, _)| bound == name) {
            Some((_, Some(value))) => value.clone(),
            Some((_, None)) => self.atom(Atom::Symbol(name.to_owned())),
            None => self.atom(atom),
        }
    }

    fn degrees(&mut self, part: &Expr) -> Normal {
        let part = self.normal(part)?;
        if !self.radians {
            return Ok(part);
        }
        let pi = self.atom(Atom::Constant(Constant::Pi)).scaled(&BigRational::new(1.into(), 180.into()));
        self.multiply(&part, &pi)
    }

    /// A sum or product over an index, written out where its range is known and short.
    fn series(&mut self, product: bool, parts: &[Expr; 3], variable: &str) -> Normal {
        let [body, from, to] = parts;
        let (from, to) = (self.normal(from)?, self.normal(to)?);
        let range = (whole(&from), whole(&to));
        let (Some(first), Some(last)) = range else {
            self.bindings.push((variable.to_owned(), None));
            let body = self.normal(body);
            self.bindings.pop();
            return Ok(self.atom(Atom::Series(product, Box::new([body?, from, to]), variable.to_owned())));
        };
        if last.saturating_sub(first) > LONGEST_SERIES {
            return Err(Stop::GaveUp("too long a sum"));
        }
        let mut total = if product { Fraction::one() } else { Fraction::zero() };
        for index in first..=last {
            self.bindings.push((variable.to_owned(), Some(Fraction::integer(index))));
            let term = self.normal(body);
            self.bindings.pop();
            total = if product { self.multiply(&total, &term?)? } else { self.add(&total, &term?)? };
        }
        Ok(total)
    }
}
