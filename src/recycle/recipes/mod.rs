//! The recipes that ship, a file each.

mod choice;
mod critique;
mod pairwise;
mod pointwise;
mod reflection;

pub(super) use choice::ChoiceRecipe;
pub(super) use critique::CritiqueRecipe;
pub(super) use pairwise::PairwiseRecipe;
pub(super) use pointwise::PointwiseRecipe;
pub(super) use reflection::ReflectionRecipe;
