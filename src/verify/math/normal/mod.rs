//! The normal form of a scalar: a fraction of polynomials over atoms, exact wherever that is possible.
//! Two expressions with the same normal form are equal whatever their unknowns are.

mod arithmetic;
mod calls;
mod logarithms;
mod normalizer;
mod powers;
mod roots;

pub(crate) use normalizer::Normalizer;
