//! Runs CUDA kernels on the processor: compiles a launch's source with g++ behind the headers here, and calls it with
//! buffers that are surrounded by guards.

use std::{
    cell::RefCell,
    collections::HashMap,
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, Mutex, OnceLock},
};

use half::bf16;
use spark::kernels::cuda::launch::{KernelLaunch, Pitched, Storage};

/// Bytes before and behind every buffer; no kernel may write them, and what it reads there is NaN.
const GUARD: usize = 4096;

/// Memory as a card has it, at a multiple of 16 bytes. What has not been written is NaN, as f32 and as bf16.
pub struct Buffer {
    /// The guards and the bytes between them.
    memory: RefCell<Vec<u128>>,
    bytes: usize,
}

impl Buffer {
    /// Room that nothing has been written to.
    pub fn empty(bytes: usize) -> Self {
        Self { memory: RefCell::new(vec![u128::MAX; (bytes + 2 * GUARD).div_ceil(16)]), bytes }
    }

    /// Room for a matrix.
    pub fn room(layout: Pitched, storage: Storage) -> Self {
        Self::empty(layout.rows * layout.pitch * storage.bytes())
    }

    /// A matrix's numbers, rounded to how they are stored, with NaN between its rows.
    pub fn matrix(values: &[f32], layout: Pitched, storage: Storage) -> Self {
        assert_eq!(values.len(), layout.rows * layout.columns);
        let buffer = Self::room(layout, storage);
        for (row, values) in values.chunks(layout.columns).enumerate() {
            for (column, &value) in values.iter().enumerate() {
                let place = row * layout.pitch + column;
                match storage {
                    Storage::F32 => buffer.write(4 * place, &value.to_ne_bytes()),
                    Storage::Bf16 => buffer.write(2 * place, &bf16::from_f32(value).to_ne_bytes()),
                }
            }
        }
        buffer
    }

    /// Numbers without gaps.
    pub fn numbers(values: &[f32], storage: Storage) -> Self {
        Self::matrix(values, Pitched::packed(1, values.len()), storage)
    }

    /// 32-bit words.
    pub fn words(words: &[u32]) -> Self {
        let buffer = Self::empty(4 * words.len());
        words.iter().enumerate().for_each(|(place, word)| buffer.write(4 * place, &word.to_ne_bytes()));
        buffer
    }

    fn write(&self, place: usize, bytes: &[u8]) {
        assert!(place + bytes.len() <= self.bytes);
        // SAFETY: the place lies inside of the memory.
        unsafe { self.pointer().add(place).copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) }
    }

    /// Where the buffer starts, behind its first guard.
    pub fn pointer(&self) -> *mut u8 {
        let start = self.memory.borrow_mut().as_mut_ptr().cast::<u8>();
        // SAFETY: the guard lies inside of the memory.
        unsafe { start.add(GUARD) }
    }

    /// The bytes between the guards.
    fn content(&self) -> Vec<u8> {
        // SAFETY: the buffer has this many bytes.
        unsafe { std::slice::from_raw_parts(self.pointer(), self.bytes) }.to_vec()
    }

    /// The numbers of a matrix.
    ///
    /// # Panics
    /// Where a kernel has written between the rows.
    pub fn read(&self, layout: Pitched, storage: Storage) -> Vec<f32> {
        let content = self.content();
        let mut values = Vec::new();
        for row in content.chunks(layout.pitch * storage.bytes()).take(layout.rows) {
            let (row, gap) = row.split_at(layout.columns * storage.bytes());
            assert!(gap.iter().all(|&byte| byte == 0xff), "written between the rows");
            match storage {
                Storage::F32 => {
                    values.extend(row.chunks_exact(4).map(|x| f32::from_ne_bytes(x.try_into().unwrap())))
                }
                Storage::Bf16 => values
                    .extend(row.chunks_exact(2).map(|x| bf16::from_ne_bytes(x.try_into().unwrap()).to_f32())),
            }
        }
        values
    }

    /// All numbers.
    pub fn read_numbers(&self, storage: Storage) -> Vec<f32> {
        self.read(Pitched::packed(1, self.bytes / storage.bytes()), storage)
    }

    /// All words.
    pub fn read_words(&self) -> Vec<u32> {
        self.content().chunks_exact(4).map(|word| u32::from_ne_bytes(word.try_into().unwrap())).collect()
    }

    fn assert_guards(&self, slot: &str) {
        let memory = self.memory.borrow();
        // SAFETY: all of the memory is initialised bytes.
        let bytes = unsafe { std::slice::from_raw_parts(memory.as_ptr().cast::<u8>(), memory.len() * 16) };
        let guards = [&bytes[..GUARD], &bytes[GUARD + self.bytes..]];
        assert!(
            guards.iter().all(|guard| guard.iter().all(|&byte| byte == 0xff)),
            "written outside of {slot}"
        );
    }
}

/// Runs a launch twice, with threads in ascending and in descending order, and asserts that both write the same bits,
/// that no guard is written, and that there are as many buffers as slots.
pub fn run(launch: &KernelLaunch, buffers: &[&Buffer]) {
    assert_eq!(launch.slots.len(), buffers.len(), "{:?}", launch.slots);
    let before: Vec<Vec<u128>> = buffers.iter().map(|buffer| buffer.memory.borrow().clone()).collect();
    run_once(launch, buffers, true);
    let descending: Vec<Vec<u8>> = buffers.iter().map(|buffer| buffer.content()).collect();
    for (buffer, before) in buffers.iter().zip(before) {
        buffer.memory.borrow_mut().copy_from_slice(&before);
    }
    run_once(launch, buffers, false);
    for ((buffer, descending), slot) in buffers.iter().zip(descending).zip(launch.slots) {
        assert!(buffer.content() == descending, "{slot} depends on the order of threads");
        buffer.assert_guards(slot);
    }
}

fn run_once(launch: &KernelLaunch, buffers: &[&Buffer], descending: bool) {
    let pointers: Vec<*mut u8> = buffers.iter().map(|buffer| buffer.pointer()).collect();
    // SAFETY: the pointers are buffers of this process; guards show most writes outside of them.
    unsafe { run_on_pointers(launch, &pointers, descending) }
}

type Entry = unsafe extern "C" fn(*const u32, *const *mut u8, u32, *mut u32, i32) -> i32;

/// Runs a launch on memory of this process.
///
/// # Safety
/// The pointers must be what the launch's slots say.
pub unsafe fn run_on_pointers(launch: &KernelLaunch, pointers: &[*mut u8], descending: bool) {
    let [x, y, z] = launch.grid;
    let sizes = [x, y, z, launch.block, launch.shared_bytes];
    let mut scalars = launch.scalars.clone();
    let library = library(launch);
    // One kernel's state is shared by all who run it.
    let library = library.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    // SAFETY: `instructions.h` defines the function with this type; the caller vouches for the pointers.
    let code = unsafe {
        let entry = library.get::<Entry>(b"emulated_launch").unwrap();
        entry(
            sizes.as_ptr(),
            pointers.as_ptr(),
            pointers.len() as u32,
            scalars.as_mut_ptr(),
            i32::from(descending),
        )
    };
    assert_eq!(code, 0, "{} does not take {:?} or too large a block", launch.program.name(), launch.slots);
}

type Shared = Arc<Mutex<libloading::Library>>;

/// The launch's program as a library, compiled where no earlier run has.
fn library(launch: &KernelLaunch) -> Shared {
    static LOADED: OnceLock<Mutex<HashMap<PathBuf, Arc<OnceLock<Shared>>>>> = OnceLock::new();
    let header = concat!(include_str!("emulator.h"), include_str!("instructions.h"));
    let text = format!("{header}\n{}\nEMULATED_ENTRY({})\n", launch.program.text(), launch.program.entry);
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cuda_emulator");
    let path = folder.join(format!("{}-{:016x}.so", launch.program.name(), hasher.finish()));
    let place = LOADED.get_or_init(Default::default).lock().unwrap().entry(path.clone()).or_default().clone();
    place
        .get_or_init(|| {
            if !path.exists() {
                fs::create_dir_all(&folder).unwrap();
                compile(&text, &path);
            }
            // SAFETY: the library is what has just been compiled from this crate's sources.
            Arc::new(Mutex::new(unsafe { libloading::Library::new(&path) }.unwrap()))
        })
        .clone()
}

fn compile(text: &str, path: &Path) {
    let source = path.with_extension("cpp");
    fs::write(&source, text).unwrap();
    let unfinished = path.with_extension(format!("{}.part", std::process::id()));
    let flags = "-std=c++20 -O1 -fPIC -shared -fno-gnu-unique -fvisibility=hidden -Wno-unknown-pragmas -o";
    let output = Command::new("g++").args(flags.split(' ')).arg(&unfinished).arg(&source).output().expect(
        "g++ could not be started: the CUDA kernels are tested on the processor with it; install it (Debian, Ubuntu: \
         apt-get install g++)",
    );
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    fs::rename(&unfinished, path).unwrap();
}
