//! What glibc's allocator makes of moments that follow one another in one process, as on flex: memory that one thread
//! frees stays with that thread's heaps (`backend/allocator.rs`), so that what sampling leaves behind is of no use to the
//! update, and the other way round.

use super::{
    Footprint,
    footprint::{KEPT, PlannedMoment},
};

/// Blocks above this size are mapped one by one and returned when they are freed; smaller ones stay with the heaps of
/// the thread that asked for them.
pub(super) const MAPPED_BYTES: u64 = 32 << 20;

/// What a moment holds besides what is always held.
#[derive(Debug, Clone)]
pub(super) struct MomentDraft {
    pub at: &'static str,
    /// Whether it happens on threads of their own, not on the main one.
    pub side_by_side: bool,
    pub footprints: Vec<Footprint>,
}

impl MomentDraft {
    /// What its threads' heaps keep of it.
    fn kept(&self) -> u64 {
        let kept = self.footprints.iter().filter(|found| found.block <= MAPPED_BYTES);
        kept.map(|found| found.bytes).sum()
    }
}

/// What the heaps of both sorts of threads have kept in the end.
#[derive(Debug, Clone, Copy)]
pub(super) struct KeptMemory {
    side_by_side: u64,
    main: u64,
}

impl KeptMemory {
    /// The largest over all moments of a run.
    pub(super) fn new<'a>(drafts: impl Iterator<Item = &'a MomentDraft> + Clone) -> Self {
        let most = |side_by_side| {
            drafts
                .clone()
                .filter(|draft| draft.side_by_side == side_by_side)
                .map(MomentDraft::kept)
                .max()
                .unwrap_or(0)
        };
        Self { side_by_side: most(true), main: most(false) }
    }

    /// A moment with what is always held, and with what other moments have left.
    pub(super) fn moment(self, draft: MomentDraft, standing: &[Footprint]) -> PlannedMoment {
        let left = (self.side_by_side + self.main).saturating_sub(draft.kept());
        let left = Footprint::host(KEPT, left, "take a smaller model (model.path)");
        let footprints = standing.iter().cloned().chain(draft.footprints).chain([left]);
        PlannedMoment::new(draft.at, true, footprints.collect())
    }
}
