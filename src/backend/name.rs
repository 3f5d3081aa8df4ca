//! The names of backends as people write them: `flex`, `cuda:1`, `vulkan-unfused`.

use anyhow::Result;

use crate::error::input_error;

/// Every backend, compiled in or not, the best first, with the cargo feature it needs.
pub(super) const BACKENDS: [(&str, bool); 5] = [
    ("cuda", cfg!(feature = "cuda")),
    ("vulkan", cfg!(feature = "vulkan")),
    ("wgpu", cfg!(feature = "wgpu")),
    ("tch", cfg!(feature = "tch")),
    ("flex", cfg!(feature = "flex")),
];

/// The backends that fuse operations into one kernel, and can be asked not to.
const FUSING: [&str; 3] = ["cuda", "vulkan", "wgpu"];

/// A backend as asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BackendName<'a> {
    /// The backend, without device number or form.
    pub kind: &'a str,
    /// The number of the device, where one is named.
    pub index: Option<usize>,
    /// Whether operations may be fused into one kernel.
    pub fused: bool,
}

/// The names of the backends compiled into this binary, the best first.
pub fn compiled_in() -> Vec<&'static str> {
    BACKENDS.iter().filter(|(_, compiled)| *compiled).map(|(name, _)| *name).collect()
}

impl<'a> BackendName<'a> {
    /// `name`, `name:index`, `name-unfused` or `name-unfused:index`; without a name, the best compiled in.
    ///
    /// # Errors
    /// When the backend is unknown or has no such form, or none is compiled in.
    pub(super) fn parse(asked: Option<&'a str>) -> Result<Self> {
        let asked = match asked {
            Some(name) => name,
            None => compiled_in().first().copied().ok_or_else(|| {
                input_error(
                    "no backend is compiled in: build with one of --features flex, cuda, vulkan, wgpu, tch",
                )
            })?,
        };
        let (name, index) = match asked.split_once(':') {
            Some((name, index)) => (name, Some(index)),
            None => (asked, None),
        };
        let (kind, fused) = match name.strip_suffix("-unfused") {
            Some(kind) => (kind, false),
            None => (name, true),
        };
        if !BACKENDS.iter().any(|(known, _)| *known == kind) {
            let known: Vec<&str> = BACKENDS.iter().map(|(name, _)| *name).collect();
            return Err(input_error(format!(
                "--backend {name} is unknown; choose one of {}",
                known.join(", ")
            )));
        }
        if !fused && !FUSING.contains(&kind) {
            return Err(input_error(format!("--backend {kind} never fuses operations: write {kind}")));
        }
        let parsed = index.map(str::parse).transpose();
        let index = parsed.map_err(|_| {
            input_error(format!("--backend {asked}: {index:?} is not a device number; write {name}:0"))
        })?;
        if kind == "flex" && index.is_some_and(|index| index > 0) {
            return Err(input_error("--backend flex has one device: write flex"));
        }
        Ok(Self { kind, index, fused })
    }
}

/// The kind of the named backend, compiled in or not; without a name, of the best compiled in.
///
/// # Errors
/// When the backend is unknown, or none is compiled in.
pub fn backend_kind(name: Option<&str>) -> Result<&str> {
    Ok(BackendName::parse(name)?.kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(asked: &str) -> String {
        BackendName::parse(Some(asked)).unwrap_err().to_string()
    }

    #[test]
    fn names_may_carry_a_device_number_and_forbid_fusion() {
        let parsed = |asked| BackendName::parse(Some(asked)).unwrap();
        assert_eq!(parsed("cuda:1"), BackendName { kind: "cuda", index: Some(1), fused: true });
        assert_eq!(parsed("flex"), BackendName { kind: "flex", index: None, fused: true });
        assert_eq!(parsed("vulkan-unfused:2"), BackendName { kind: "vulkan", index: Some(2), fused: false });
    }

    #[test]
    fn what_is_not_a_name_is_refused() {
        assert!(refused("cuda:x").contains("not a device number"));
        assert!(refused("npu").contains("choose one of cuda"));
        assert!(refused("flex:1").contains("one device"));
        assert!(refused("tch-unfused").contains("never fuses"));
    }
}
