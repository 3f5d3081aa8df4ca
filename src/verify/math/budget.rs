//! What one comparison may cost. Counted in steps, so that the same pair always ends the same way;
//! the clock is only the last resort.

use std::{
    cell::Cell,
    time::{Duration, Instant},
};

/// Why a comparison came to no result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// The text is no mathematics that is known here; the reason.
    Unreadable(&'static str),
    /// It would have cost more than its budget; the limit that was reached.
    GaveUp(&'static str),
}

/// Bounds of one comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of an answer that are read as mathematics.
    pub length: usize,
    /// Brackets, functions and powers within each other.
    pub depth: usize,
    /// Decimal digits of an exact number.
    pub digits: usize,
    /// Elementary steps, about ten nanoseconds each.
    pub steps: u64,
    /// The clock: only reached where steps are dearer than thought.
    pub milliseconds: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { length: 8192, depth: 64, digits: 2000, steps: 2_000_000, milliseconds: 1000 }
    }
}

/// What is left of the limits.
#[derive(Debug)]
pub(crate) struct Budget {
    pub limits: Limits,
    steps: Cell<u64>,
    checked: Cell<u64>,
    deadline: Instant,
}

impl Budget {
    /// How many steps pass between two looks at the clock.
    const CLOCK_STEPS: u64 = 20_000;

    /// A whole budget; its clock starts now.
    pub(crate) fn new(limits: Limits) -> Self {
        let deadline = Instant::now() + Duration::from_millis(limits.milliseconds);
        Self { limits, steps: Cell::new(0), checked: Cell::new(0), deadline }
    }

    /// Takes steps off the budget.
    ///
    /// # Errors
    /// When no steps are left.
    pub(crate) fn spend(&self, steps: u64) -> Result<(), Stop> {
        let spent = self.steps.get().saturating_add(steps);
        self.steps.set(spent);
        if spent > self.limits.steps {
            return Err(Stop::GaveUp("too many steps"));
        }
        if spent - self.checked.get() >= Self::CLOCK_STEPS {
            self.checked.set(spent);
            if Instant::now() > self.deadline {
                return Err(Stop::GaveUp("out of time"));
            }
        }
        Ok(())
    }

    /// Bits that an exact number may have.
    pub(crate) fn bits(&self) -> u64 {
        // A decimal digit takes log2(10) = 3.32… bits.
        self.limits.digits as u64 * 10 / 3 + 8
    }
}
