//! The recipes that ship, a file each.

mod choice;
mod critique;
mod pairwise;
mod pointwise;
mod reflection;

pub use choice::Choice;
pub use critique::Critique;
pub use pairwise::Pairwise;
pub use pointwise::Pointwise;
pub use reflection::Reflection;
