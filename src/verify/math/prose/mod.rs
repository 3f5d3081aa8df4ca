//! Words around an answer: what they say about it, and answers that are words for mathematics, such as "no
//! solution". Knows text only; what is left as formulas is read elsewhere.

mod clauses;
mod phrases;
mod remarks;
mod scan;
mod spelling;
mod vocabulary;

pub(crate) use phrases::{everything_but, whole};
pub(crate) use remarks::separated;
pub(crate) use spelling::spelled;
