//! What the vision towers of several families have in common: how patches are embedded, how they attend, and how images
//! of one size go through a tower together. Knows no family, no text and no files.

mod attention;
mod embed;
mod grid;
mod sizes;

pub(super) use attention::{AttentionLayout, Padding, VisionAttention};
pub(super) use embed::PatchEmbed;
pub(super) use grid::{axial_angles, patch_coordinates};
pub(super) use sizes::features_by_size;
