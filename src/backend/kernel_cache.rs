//! Kernels that are compiled at run time (CUDA, wgpu) are kept from one process to the next.

use std::sync::{Arc, Once};

use cubecl::config::{CubeClRuntimeConfig, RuntimeConfig};

/// Keeps compiled kernels where autotune keeps its choices (in `target` or the user's cache), unless a `cubecl.toml`
/// names another directory. Call it before a device is opened.
pub(super) fn keep_compiled() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let mut config = CubeClRuntimeConfig::from_current_dir().override_from_env();
        let directory = config.autotune.cache.clone();
        config.compilation.cache.get_or_insert(directory);
        *CubeClRuntimeConfig::storage().lock() = Some(Arc::new(config));
    });
}
