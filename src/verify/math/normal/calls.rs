//! Functions, worked out exactly where their arguments allow it.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, Signed, Zero};

use super::normalizer::{Normal, Normalizer};
use crate::verify::math::{
    atoms::Atom,
    budget::Stop,
    expr::{Constant, Expr, Function},
    fraction::{Fraction, leads_negative, whole},
    integers,
};

impl Normalizer<'_> {
    pub(crate) fn call(&mut self, function: Function, arguments: &[Expr]) -> Normal {
        if let (Function::Determinant, [Expr::Matrix(rows)]) = (function, arguments) {
            return self.determinant(rows);
        }
        let outside = self.radians;
        self.radians = is_circular(function) || outside;
        let values = arguments.iter().map(|part| self.normal(part)).collect::<Result<Vec<_>, _>>();
        self.radians = outside;
        let values = values?;
        match (function, values.as_slice()) {
            (Function::Ln, [value]) => self.logarithm(value),
            (Function::Log, [value, base]) => {
                let (above, below) = (self.logarithm(value)?, self.logarithm(base)?);
                self.divide(&above, &below)
            }
            (Function::Exp, [value]) => {
                let euler = self.atom(Atom::Constant(Constant::Euler));
                self.power(&euler, value)
            }
            (Function::Cis, [value]) => {
                let euler = self.atom(Atom::Constant(Constant::Euler));
                let imaginary = self.atom(Atom::Constant(Constant::Imaginary));
                let exponent = self.multiply(&imaginary, value)?;
                self.power(&euler, &exponent)
            }
            (Function::Root, [radicand, index]) => match whole(index) {
                Some(index @ 1..=64) => self.root(radicand, index as u32),
                _ => {
                    let exponent = self.divide(&Fraction::one(), index)?;
                    self.power(radicand, &exponent)
                }
            },
            (Function::Abs, [value]) => Ok(self.absolute(value)),
            _ => match self.exact(function, &values)? {
                Some(value) => Ok(Fraction::constant(value)),
                None => Ok(self.atom(Atom::Call(function, values))),
            },
        }
    }

    fn absolute(&mut self, value: &Fraction) -> Fraction {
        if let Some(number) = value.as_constant() {
            return Fraction::constant(number.abs());
        }
        let positive = if leads_negative(&value.above) { value.negated() } else { value.clone() };
        self.atom(Atom::Call(Function::Abs, vec![positive]))
    }

    /// The value of a function of numbers; `None` where it has no exact one.
    fn exact(&self, function: Function, arguments: &[Fraction]) -> Result<Option<BigRational>, Stop> {
        let numbers: Option<Vec<BigRational>> = arguments.iter().map(Fraction::as_constant).collect();
        let Some(numbers) = numbers else { return Ok(None) };
        let integers: Option<Vec<BigInt>> =
            numbers.iter().map(|number| number.is_integer().then(|| number.to_integer())).collect();
        let result = match (function, numbers.as_slice(), integers.as_deref()) {
            (Function::Floor, [number], _) => number.floor(),
            (Function::Ceil, [number], _) => number.ceil(),
            (Function::Max, numbers, _) => {
                numbers.iter().max().cloned().ok_or(Stop::Unreadable("no maximum"))?
            }
            (Function::Min, numbers, _) => {
                numbers.iter().min().cloned().ok_or(Stop::Unreadable("no minimum"))?
            }
            (Function::Real | Function::Conjugate, [number], _) => number.clone(),
            (Function::ImaginaryPart, [_], _) => BigRational::zero(),
            (Function::Factorial, _, Some([number])) if !number.is_negative() => {
                integers::factorial(number, 1, self.budget)?.into()
            }
            (Function::DoubleFactorial, _, Some([number])) if !number.is_negative() => {
                integers::factorial(number, 2, self.budget)?.into()
            }
            (Function::Binomial, _, Some([above, below])) if !above.is_negative() => {
                integers::binomial(above, below, self.budget)?.into()
            }
            (Function::Gcd, _, Some(numbers)) => integers::gcd(numbers.iter().cloned()).into(),
            (Function::Lcm, _, Some(numbers)) => integers::lcm(numbers.iter().cloned()).into(),
            (Function::Mod, _, Some([number, modulus])) if modulus.is_positive() => {
                num_integer::Integer::mod_floor(number, modulus).into()
            }
            (
                Function::Sin | Function::Tan | Function::Arcsin | Function::Arctan | Function::Sinh,
                [number],
                _,
            ) if number.is_zero() => BigRational::zero(),
            (Function::Cos | Function::Cosh | Function::Sec, [number], _) if number.is_zero() => {
                BigRational::one()
            }
            _ => return Ok(None),
        };
        Ok(Some(result))
    }

    /// The determinant of a small matrix, by its first row.
    fn determinant(&mut self, rows: &[Vec<Expr>]) -> Normal {
        if rows.len() > 4 || rows.iter().any(|row| row.len() != rows.len()) {
            return Err(Stop::Unreadable("a determinant that is not square, or too large"));
        }
        let values = rows
            .iter()
            .map(|row| row.iter().map(|cell| self.normal(cell)).collect())
            .collect::<Result<Vec<Vec<_>>, _>>()?;
        let columns: Vec<usize> = (0..rows.len()).collect();
        self.minor(&values, &columns)
    }

    fn minor(&mut self, rows: &[Vec<Fraction>], columns: &[usize]) -> Normal {
        let Some((first, rest)) = rows.split_first() else { return Ok(Fraction::one()) };
        let mut sum = Fraction::zero();
        for (place, &column) in columns.iter().enumerate() {
            let others: Vec<usize> = columns.iter().copied().filter(|other| *other != column).collect();
            let minor = self.minor(rest, &others)?;
            let term = self.multiply(&first[column], &minor)?;
            sum = if place % 2 == 0 { self.add(&sum, &term)? } else { self.subtract(&sum, &term)? };
        }
        Ok(sum)
    }
}

/// Whether a function takes an angle.
fn is_circular(function: Function) -> bool {
    matches!(
        function,
        Function::Sin
            | Function::Cos
            | Function::Tan
            | Function::Cot
            | Function::Sec
            | Function::Csc
            | Function::Cis
    )
}
