//! The reader of Parquet files panics at some damaged ones. That is caught, and becomes an error as any other; nothing is
//! printed of it.

use std::{
    cell::Cell,
    panic::{self, AssertUnwindSafe},
    sync::Once,
};

use parquet::errors::{ParquetError, Result};

thread_local! {
    /// Whether this thread is reading a Parquet file.
    static READS: Cell<bool> = const { Cell::new(false) };
}

/// What `read` gives; an error where it panics. What it has read from is not to be used then.
pub(super) fn caught<T>(read: impl FnOnce() -> Result<T>) -> Result<T> {
    silence_panics();
    READS.set(true);
    let read = panic::catch_unwind(AssertUnwindSafe(read));
    READS.set(false);
    read.unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().cloned();
        let said = said.or_else(|| panic.downcast_ref::<&str>().map(|&text| text.to_owned()));
        Err(ParquetError::General(said.unwrap_or_else(|| "it cannot be read".to_owned())))
    })
}

/// Has panics within [`caught`] print nothing; all others are told as they were before.
fn silence_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let tell = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if !READS.get() {
                tell(panic);
            }
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error() {
        let read = caught(|| -> Result<()> { panic!("out of {}", "bounds") });
        assert!(read.unwrap_err().to_string().contains("out of bounds"));
        assert_eq!(caught(|| Ok(3)).unwrap(), 3);
        assert!(!READS.get());
    }
}
