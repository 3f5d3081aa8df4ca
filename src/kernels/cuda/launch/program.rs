//! What a launch consists of.

/// How numbers lie in memory; arithmetic is in f32.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Storage {
    /// 32-bit floats.
    F32,
    /// 16-bit brain floats.
    Bf16,
}

impl Storage {
    /// Bytes of one number.
    pub fn bytes(self) -> usize {
        match self {
            Storage::F32 => 4,
            Storage::Bf16 => 2,
        }
    }

    /// Numbers in 16 bytes: what one thread reads at once.
    pub(super) fn widest(self) -> usize {
        16 / self.bytes()
    }

    /// As a macro's value in the sources.
    pub(super) fn flag(self) -> u32 {
        u32::from(self == Storage::Bf16)
    }
}

/// A matrix in device memory, of which each row is contiguous.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pitched {
    /// How many rows there are.
    pub rows: usize,
    /// Numbers in a row.
    pub columns: usize,
    /// Numbers between the starts of two rows, at least `columns`.
    pub pitch: usize,
}

impl Pitched {
    /// Rows without gaps.
    pub fn packed(rows: usize, columns: usize) -> Self {
        Self { rows, columns, pitch: columns }
    }
}

/// A source with the macros that specialise it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct KernelProgram {
    /// The name of the function to launch.
    pub entry: &'static str,
    /// The macros, in a fixed order.
    pub defines: Vec<(&'static str, u32)>,
    /// The parts of the source, in order.
    pub(super) parts: &'static [&'static str],
}

impl KernelProgram {
    /// Identifies the entry and its specialisation, say `rms_norm_T1_W0`, as a key for caches.
    pub fn name(&self) -> String {
        let defines = self.defines.iter().map(|(name, value)| format!("_{name}{value}"));
        std::iter::once(self.entry.to_owned()).chain(defines).collect()
    }

    /// The whole source text: the macros, of which one chooses the entry of those in the source, then the parts.
    pub fn text(&self) -> String {
        let entry = format!("#define ENTRY_{}\n", self.entry);
        let defines = self.defines.iter().map(|(name, value)| format!("#define {name} {value}\n"));
        let parts = self.parts.iter().map(|&part| part.to_owned());
        std::iter::once(entry).chain(defines).chain(parts).collect()
    }

    /// The parts of the source, without the macros.
    pub fn parts(&self) -> &'static [&'static str] {
        self.parts
    }
}

/// One launch of a kernel. Pointers are given by the caller, in the order of `slots`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KernelLaunch {
    /// What to compile.
    pub program: KernelProgram,
    /// Blocks along x, y and z.
    pub grid: [u32; 3],
    /// Threads of a block, along x alone.
    pub block: u32,
    /// Bytes of dynamic shared memory.
    pub shared_bytes: u32,
    /// What each pointer argument is.
    pub slots: &'static [&'static str],
    /// The words of the last argument; floats by their bits.
    pub scalars: Vec<u32>,
}

/// The most numbers, a power of two up to 16 bytes of them, that divide all of `extents`: what one thread can read
/// at once where rows start and end at these places. Buffers themselves start at multiples of 16 bytes.
pub(super) fn vector(storage: Storage, extents: &[usize]) -> u32 {
    let mut width = storage.widest();
    while extents.iter().any(|extent| extent % width != 0) {
        width /= 2;
    }
    width as u32
}

/// A count as a word of the arguments.
///
/// # Panics
/// Where it does not fit 32 bits.
pub(super) fn word(count: usize) -> u32 {
    u32::try_from(count).expect("sizes of one launch fit 32 bits")
}

/// Blocks of `size` that cover `count`, at least one.
pub(super) fn blocks(count: usize, size: usize) -> u32 {
    word(count.div_ceil(size).max(1))
}
