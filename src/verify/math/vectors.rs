//! Vectors as sums of the unit vectors i, j and k, and transposed ones. The letters i, j and k are unit vectors
//! where they are set as vectors, or where the other side is a vector; elsewhere i is the imaginary unit.

use super::{
    budget::Stop,
    comparer::Comparer,
    expr::{Constant, Expr},
    fraction::Fraction,
};

/// The unknowns that unit vectors are read as: `\mathbf{i}`, `\hat{\jmath}`.
pub(crate) const UNIT_VECTORS: [&str; 3] = ["\\veci", "\\vecj", "\\veck"];

/// An expression with its transposed matrices and tuples written out.
pub(crate) fn transposed(expr: &Expr) -> Option<Expr> {
    let is_sign = |expr: &Expr| matches!(expr, Expr::Symbol(name) if matches!(name.as_str(), "T" | "\\top" | "\\intercal" | "\\mathsf"));
    let turned = |part: &Expr| match part {
        Expr::Power(base, exponent) if is_sign(exponent) => match &**base {
            Expr::Tuple(_) => Some((**base).clone()),
            Expr::Interval(ends, [true, true]) => Some(Expr::Tuple(ends.to_vec())),
            Expr::Matrix(rows) => Some(Expr::Matrix(
                (0..rows[0].len())
                    .map(|column| rows.iter().map(|row| row[column].clone()).collect())
                    .collect(),
            )),
            _ => None,
        },
        _ => None,
    };
    expr.any(&|part| turned(part).is_some()).then(|| expr.rewritten(&turned))
}

/// Whether a part is a unit vector that is set as one.
fn is_unit(part: &Expr) -> bool {
    matches!(part, Expr::Symbol(name) if UNIT_VECTORS.contains(&name.as_str()))
}

/// Which unit vector a part may be.
fn axis(part: &Expr) -> Option<usize> {
    match part {
        Expr::Constant(Constant::Imaginary) => Some(0),
        Expr::Symbol(name) => UNIT_VECTORS
            .iter()
            .position(|unit| unit == name)
            .or_else(|| ["i", "j", "k"].iter().position(|letter| letter == name)),
        _ => None,
    }
}

/// The letters of unit vectors as the plain letters that they are elsewhere.
pub(crate) fn with_plain_letters(expr: &Expr) -> Option<Expr> {
    expr.any(&is_unit).then(|| {
        expr.rewritten(&|part| match axis(part).filter(|_| is_unit(part))? {
            0 => Some(Expr::Constant(Constant::Imaginary)),
            1 => Some(Expr::Symbol("j".to_owned())),
            _ => Some(Expr::Symbol("k".to_owned())),
        })
    })
}

/// Whether at least two of the letters i, j and k stand in an expression.
fn has_letters(expr: &Expr) -> bool {
    (0..3).filter(|place| expr.any(&|part| axis(part) == Some(*place))).count() > 1
}

fn is_vector(expr: &Expr) -> bool {
    match expr {
        Expr::Tuple(_) | Expr::Interval(_, [true, true]) => true,
        Expr::Matrix(rows) => rows.len() == 1 || rows[0].len() == 1,
        _ => false,
    }
}

impl Comparer<'_> {
    /// Whether two vectors are the same, where one of them is a sum of unit vectors; `None` where neither is.
    ///
    /// # Errors
    /// When a component cannot be worked out.
    pub(crate) fn equal_vectors(&mut self, gold: &Expr, answer: &Expr) -> Result<Option<bool>, Stop> {
        let units = (gold.any(&is_unit), answer.any(&is_unit));
        let written =
            |units: bool, expr: &Expr, other: &Expr| units || (is_vector(other) && has_letters(expr));
        if !(written(units.0, gold, answer) || written(units.1, answer, gold)) {
            return Ok(None);
        }
        let (Some(left), Some(right)) = (self.components(gold)?, self.components(answer)?) else {
            return Ok(None);
        };
        let length = left.len().max(right.len());
        for place in 0..length {
            let zero = Fraction::zero();
            let (left, right) = (left.get(place).unwrap_or(&zero), right.get(place).unwrap_or(&zero));
            if !self.same_fraction(left, right)? {
                return Ok(Some(false));
            }
        }
        Ok(Some(true))
    }

    fn components(&mut self, expr: &Expr) -> Result<Option<Vec<Fraction>>, Stop> {
        match expr {
            Expr::Tuple(parts) => {
                parts.iter().map(|part| self.normalizer.normal(part)).collect::<Result<_, _>>().map(Some)
            }
            Expr::Interval(ends, _) => {
                ends.iter().map(|part| self.normalizer.normal(part)).collect::<Result<_, _>>().map(Some)
            }
            _ => {
                let columns = expr.rewritten(&|part| {
                    let axis = axis(part)?;
                    let cell = |place| vec![Expr::integer(i64::from(place == axis))];
                    Some(Expr::Matrix((0..3).map(cell).collect()))
                });
                let Some(entries) = self.entries(&columns)? else { return Ok(None) };
                let single = entries.len() == 1 || entries[0].len() == 1;
                Ok(single.then(|| entries.into_iter().flatten().collect()))
            }
        }
    }
}
