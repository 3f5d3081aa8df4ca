//! Instruction following: constraints on a response's form that a program can check, as RLVR-IFEval (Tülu 3), IFEval,
//! open-instruct and IFBench publish them. Knows the response alone: nothing of problems or of what is right.
//!
//! Where the original's rule is a choice (paragraphs end with `* * *`, a title stands in `<<…>>`), it is kept. Three
//! rules are ours, since a policy finds every reward that costs nothing. A blank response follows nothing. Where the
//! published program asks for less than the wording that the model reads, the wording counts. And what there is
//! nothing of is not followed: "every quotation is explained" needs a quotation.

mod abbreviation;
mod arguments;
mod boundary;
mod capitals;
mod compliance;
mod constraint;
mod definition;
mod keywords;
mod label;
mod language;
mod layout;
mod literal;
mod marks;
mod published;
mod quantity;
mod rule;
mod sentences;
mod text;
mod whole;

pub use compliance::Compliance;
pub use constraint::Constraint;
pub(crate) use label::has_constraints;

#[cfg(test)]
mod tests;
