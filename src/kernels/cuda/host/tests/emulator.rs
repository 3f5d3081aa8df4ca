//! Kernels on the processor: the headers under `tests/emulator/` make CUDA C++ the source of a library, which g++
//! compiles.

use std::{
    collections::HashMap,
    ffi::c_void,
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, PoisonError},
};

use libloading::{Library, Symbol};

use crate::kernels::cuda::launch::{KernelLaunch, KernelProgram};

/// Grid, block and shared bytes; pointers and how many; scalars; whether threads take turns in descending order.
type EmulatedLaunch = unsafe extern "C" fn(*const u32, *mut *mut c_void, u32, *mut c_void, i32) -> i32;

/// Runs a launch on the processor.
///
/// # Panics
/// When g++ is missing or refuses the source, or the emulator finds a fault.
pub fn emulate(launch: &KernelLaunch, pointers: &[*mut c_void]) {
    // The emulator has one state for the process.
    static LIBRARIES: Mutex<Option<HashMap<KernelProgram, Library>>> = Mutex::new(None);
    let mut libraries = LIBRARIES.lock().unwrap_or_else(PoisonError::into_inner);
    let library = libraries
        .get_or_insert_default()
        .entry(launch.program.clone())
        .or_insert_with(|| compiled(&launch.program));
    let sizes = [launch.grid[0], launch.grid[1], launch.grid[2], launch.block, launch.shared_bytes];
    let (mut pointers, mut scalars) = (pointers.to_vec(), launch.scalars.clone());
    scalars.push(0);
    // SAFETY: the library has just been made from the emulator's headers, which defines this function so.
    let code = unsafe {
        let run: Symbol<'_, EmulatedLaunch> = library.get(b"emulated_launch").expect("the entry is there");
        let count = pointers.len() as u32;
        run(sizes.as_ptr(), pointers.as_mut_ptr(), count, scalars.as_mut_ptr().cast(), 0)
    };
    assert_eq!(code, 0, "the emulator refuses {}", launch.program.name());
}

/// The program as a library, compiled once for each of its texts.
fn compiled(program: &KernelProgram) -> Library {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |file: &str| {
        let path = root.join("tests/emulator").join(file);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let [emulator, instructions] = ["emulator.h", "instructions.h"].map(read);
    let source = format!("{emulator}{instructions}\n{}\nEMULATED_ENTRY({})\n", program.text(), program.entry);
    let mut hasher = DefaultHasher::new();
    source.hash(&mut hasher);
    let directory: PathBuf = root.join("target/tmp/emulated");
    fs::create_dir_all(&directory).expect("the build directory can be written");
    let library = directory.join(format!("{}-{:016x}.so", program.entry, hasher.finish()));
    if !library.exists() {
        compile(&source, &library);
    }
    // SAFETY: the library runs nothing when it is opened.
    unsafe { Library::new(&library) }.expect("a library that g++ made can be opened")
}

fn compile(source: &str, library: &Path) {
    let (text, made) = (library.with_extension("cpp"), library.with_extension("part"));
    fs::write(&text, source).expect("the build directory can be written");
    let output = Command::new("g++")
        .args([
            "-std=c++20",
            "-O1",
            "-ffp-contract=off",
            "-fno-gnu-unique",
            "-fvisibility=hidden",
            "-fPIC",
            "-shared",
            "-w",
            "-o",
        ])
        .args([&made, &text])
        .output()
        .expect("g++ is needed for the emulator of CUDA kernels: apt install g++");
    assert!(output.status.success(), "g++: {}", String::from_utf8_lossy(&output.stderr));
    fs::rename(made, library).expect("the build directory can be written");
}
