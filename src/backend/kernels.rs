//! Kernels that are compiled at run time (CUDA, wgpu) are kept from one process to the next.

use std::sync::{Arc, Once};

use cubecl::config::{CubeClRuntimeConfig, RuntimeConfig};

/// Keeps them where the choices of tuning are kept, in `target` or the user's cache, unless a `cubecl.toml` has a place
/// for them. Call before a device is opened.
pub fn keep_compiled() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let mut config = CubeClRuntimeConfig::from_current_dir().override_from_env();
        let place = config.autotune.cache.clone();
        config.compilation.cache.get_or_insert(place);
        *CubeClRuntimeConfig::storage().lock() = Some(Arc::new(config));
    });
}
