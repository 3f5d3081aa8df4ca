//! Matrices: sums, products and multiples of them, entry by entry.

use super::{budget::Stop, comparer::Comparer, expr::Expr, fraction::Fraction};

type Entries = Vec<Vec<Fraction>>;

impl Comparer<'_> {
    /// The entries of a matrix, or of an expression of matrices; `None` for anything else.
    ///
    /// # Errors
    /// When an entry cannot be worked out, or shapes do not fit.
    pub(crate) fn entries(&mut self, expr: &Expr) -> Result<Option<Entries>, Stop> {
        match expr {
            Expr::Matrix(rows) => {
                let entries =
                    rows.iter().map(|row| row.iter().map(|cell| self.normalizer.normal(cell)).collect());
                entries.collect::<Result<Entries, Stop>>().map(Some)
            }
            Expr::Quantity(inside, _) => self.entries(inside),
            Expr::Negative(inside) => Ok(self.entries(inside)?.map(|rows| map(rows, |cell| cell.negated()))),
            Expr::Sum(terms) if expr.has_matrix() => {
                let mut total: Option<Entries> = None;
                for term in terms {
                    let Some(term) = self.entries(term)? else { return Ok(None) };
                    total = Some(match total {
                        None => term,
                        Some(total) => self.add_entries(&total, &term)?,
                    });
                }
                Ok(total)
            }
            Expr::Product(factors) if expr.has_matrix() => {
                let mut scalar = Fraction::one();
                let mut total: Option<Entries> = None;
                for factor in factors {
                    match (self.entries(factor)?, total.take()) {
                        (Some(factor), None) => total = Some(factor),
                        (Some(factor), Some(before)) => {
                            total = Some(self.multiply_entries(&before, &factor)?)
                        }
                        (None, before) => {
                            let factor = self.normalizer.normal(factor)?;
                            scalar = self.normalizer.multiply(&scalar, &factor)?;
                            total = before;
                        }
                    }
                }
                total.map(|total| self.scale_entries(&total, &scalar)).transpose()
            }
            Expr::Quotient(above, below) if above.has_matrix() => {
                let below = self.normalizer.normal(below)?;
                let inverse = self.normalizer.divide(&Fraction::one(), &below)?;
                self.entries(above)?.map(|above| self.scale_entries(&above, &inverse)).transpose()
            }
            _ => Ok(None),
        }
    }

    fn scale_entries(&mut self, rows: &Entries, factor: &Fraction) -> Result<Entries, Stop> {
        rows.iter()
            .map(|row| row.iter().map(|cell| self.normalizer.multiply(cell, factor)).collect())
            .collect()
    }

    fn add_entries(&mut self, left: &Entries, right: &Entries) -> Result<Entries, Stop> {
        if left.len() != right.len() || left[0].len() != right[0].len() {
            return Err(Stop::Unreadable("matrices of different shapes"));
        }
        let rows = left.iter().zip(right);
        rows.map(|(left, right)| left.iter().zip(right).map(|(a, b)| self.normalizer.add(a, b)).collect())
            .collect()
    }

    fn multiply_entries(&mut self, left: &Entries, right: &Entries) -> Result<Entries, Stop> {
        if left[0].len() != right.len() {
            return Err(Stop::Unreadable("matrices of different shapes"));
        }
        let mut product = Vec::with_capacity(left.len());
        for row in left {
            let mut cells = Vec::with_capacity(right[0].len());
            for column in 0..right[0].len() {
                let mut sum = Fraction::zero();
                for (a, b) in row.iter().zip(right) {
                    let term = self.normalizer.multiply(a, &b[column])?;
                    sum = self.normalizer.add(&sum, &term)?;
                }
                cells.push(sum);
            }
            product.push(cells);
        }
        Ok(product)
    }
}

fn map(rows: Entries, function: impl Fn(&Fraction) -> Fraction) -> Entries {
    rows.iter().map(|row| row.iter().map(&function).collect()).collect()
}
