//! The recipes that ship, a file each.

mod choice;
mod critique;
mod pairwise;
mod pointwise;
mod reflection;

pub use choice::ChoiceRecipe;
pub use critique::CritiqueRecipe;
pub use pairwise::PairwiseRecipe;
pub use pointwise::PointwiseRecipe;
pub use reflection::ReflectionRecipe;
