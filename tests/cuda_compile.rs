//! Every CUDA source, in the specialisations that models use, compiles for the cards that there are; kernels that must
//! be fast keep all they work on in registers. Needs NVIDIA's compiler, no card:
//!
//! ```text
//! pip download --no-deps nvidia-cuda-nvrtc==13.0.88     (a wheel is a zip; `.ci/run` has the whole of it)
//! SPARK_NVRTC=…/nvidia/cu13/lib cargo test --test cuda_compile -- --ignored
//! ```

use std::{
    collections::BTreeMap,
    ffi::{CStr, CString, c_char, c_int, c_void},
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
};

use libloading::Library;
use spark::kernels::{
    AdamWStep, HeadCounts, Tree,
    cuda::launch::{
        AdamWForm, AngleTable, AttentionShape, AttentionSpan, CacheShape, KernelLaunch, NormShape, Pitched,
        RotationShape,
        Storage::{Bf16, F32},
        TreeTiles, Turn, adamw, attention_backward_keys, attention_backward_query, attention_delta,
        attention_forward, column_sums, decode_attention, decode_combine, draw_tokens, gated_silu,
        gated_silu_backward, prefill_attention, rms_norm, rms_norm_backward_input, rms_norm_backward_weight,
        rotate, rotate_append, target_logprobs, target_logprobs_backward,
    },
};

/// As CubeCL names the architectures of A100, H100 and B200.
const ARCHITECTURES: [&str; 3] = ["sm_80", "sm_90a", "sm_100a"];

/// The heads of SmolLM2, one that does not fit tensor cores, those of Qwen2.5-VL's eyes, of its text and of Llama, and
/// one more.
const HEADS: [usize; 5] = [64, 20, 80, 128, 96];

/// Launches that have every source in every form.
fn launches() -> Vec<KernelLaunch> {
    let mut launches = elementwise();
    // The plain forms are the same text for all heads.
    for (storage, heads) in [(Bf16, &HEADS[..]), (F32, &HEADS[..2])] {
        for &head_dim in heads {
            launches.extend(attention(AttentionShape {
                storage,
                tokens: 64,
                heads: HeadCounts { queries: 16, keys: 2 },
                head_dim,
                pitches: [16 * head_dim, 2 * head_dim, 2 * head_dim],
            }));
        }
    }
    launches
}

fn elementwise() -> Vec<KernelLaunch> {
    let corrections = [0.1, 0.05];
    let step = AdamWStep {
        beta1: 0.9,
        beta2: 0.95,
        epsilon: 1e-8,
        weight_decay: 0.1,
        learning_rate: 1e-5,
        scale: 1.0,
        corrections,
    };
    let mut launches = vec![column_sums(4, 64, F32), column_sums(4, 64, Bf16)];
    for storage in [F32, Bf16] {
        for columns in [2048, 33] {
            let x = Pitched::packed(4, columns);
            for weight in [F32, Bf16] {
                let shape = NormShape { storage, weight, x, y_pitch: columns };
                launches.extend([
                    rms_norm(&shape, 1e-6),
                    rms_norm_backward_input(&shape, columns),
                    rms_norm_backward_weight(&shape),
                ]);
            }
            launches.extend([
                gated_silu(storage, x, [columns; 2]),
                gated_silu_backward(storage, x, [columns; 4]),
                target_logprobs(storage, x, 1.0),
                target_logprobs_backward(storage, x, 1.0, columns),
                draw_tokens(storage, x, 2, false),
                draw_tokens(storage, x, 2, true),
            ]);
        }
        for (fresh, copy) in [(true, false), (false, true), (false, false)] {
            launches.push(adamw(64, AdamWForm { gradient: storage, fresh, copy }, &step));
        }
    }
    launches
}

fn attention(shape: AttentionShape) -> Vec<KernelLaunch> {
    let AttentionShape { storage, tokens, heads, head_dim, pitches } = shape;
    let tiles = TreeTiles::new(&[Tree { trunk: tokens, branches: vec![] }], &shape);
    let [query, key, _] = pitches;
    let table = AngleTable { positions: tokens, pitch: head_dim / 2 };
    let rotation = RotationShape { storage, tokens, heads, head_dim, from: [query, key], table };
    let cache = CacheShape { storage, rows: 4, heads, head_dim, capacity: 512, pitches: [query; 2] };
    let mut launches = vec![
        attention_delta(&shape, query, query),
        rotate(&rotation, Turn::Forward, [query, key]),
        rotate_append(&rotation, &cache, 0, [key, query]),
        decode_attention(&cache, 300),
        decode_combine(&cache, 300),
        prefill_attention(&cache, 0, 16),
    ];
    for span in [AttentionSpan::Forest(&tiles), AttentionSpan::Rows { rows: 1, length: tokens }] {
        launches.extend([
            attention_forward(&shape, &span, query),
            attention_backward_query(&shape, &span, [query; 2]),
            attention_backward_keys(&shape, &span, [query, key, key]),
        ]);
    }
    launches
}

#[test]
#[ignore = "needs NVIDIA's compiler, see above"]
fn every_source_compiles_for_every_architecture() {
    let folder = std::env::var("SPARK_NVRTC").expect("SPARK_NVRTC: the folder that has libnvrtc.so.13");
    let compiler = Nvrtc::open(Path::new(&folder));
    // Launches of one program differ by their sizes alone.
    let texts: BTreeMap<String, String> =
        launches().iter().map(|launch| (launch.program.text(), launch.program.name())).collect();
    let jobs: Vec<(&str, &str, &str)> = texts
        .iter()
        .flat_map(|(text, name)| {
            ARCHITECTURES.map(|architecture| (text.as_str(), name.as_str(), architecture))
        })
        .collect();
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some((text, name, architecture)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let (compiled, log) = compiler.compile(text, architecture);
            assert!(compiled, "{name} for {architecture}:\n{log}");
            let spills = log.lines().filter(|line| line.contains("spill") && !line.contains(NO_SPILLS));
            let spills: Vec<&str> = spills.collect();
            // The plain forms of attention, those for rows of odd lengths, and drawing, whose block of 1,024 threads
            // leaves 64 registers for each, may put a few words aside.
            let hot = !name.contains("VECTOR1")
                && !name.starts_with("draw_tokens")
                && (!name.contains("HEAD_DIM") || text.contains("mma.sync"));
            assert!(spills.is_empty() || !hot, "{name} for {architecture}: {spills:?}");
            println!("{architecture} {name}: {} {}", resources(&log).join("; "), spills.join("; "));
        }
    };
    std::thread::scope(|scope| {
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        (0..workers).for_each(|_| drop(scope.spawn(work)));
    });
    assert!(jobs.len() > 100, "{} are not all", jobs.len());
}

const NO_SPILLS: &str = "0 bytes spill stores, 0 bytes spill loads";

/// Each kernel of a text with its registers and its static shared memory.
fn resources(log: &str) -> Vec<String> {
    let mut entry = "";
    let mut found = Vec::new();
    for line in log.lines() {
        if let Some((_, rest)) = line.split_once("Function properties for ") {
            entry = rest;
        } else if let Some((_, rest)) = line.split_once("Used ") {
            found.push(format!("{entry} {rest}"));
        }
    }
    found
}

type Program = *mut c_void;
type Create = unsafe extern "C" fn(
    *mut Program,
    *const c_char,
    *const c_char,
    c_int,
    *const *const c_char,
    *const *const c_char,
) -> c_int;
type Compile = unsafe extern "C" fn(Program, c_int, *const *const c_char) -> c_int;
type LogSize = unsafe extern "C" fn(Program, *mut usize) -> c_int;
type Log = unsafe extern "C" fn(Program, *mut c_char) -> c_int;
type Destroy = unsafe extern "C" fn(*mut Program) -> c_int;

/// NVIDIA's compiler at run time.
struct Nvrtc {
    library: Library,
    /// Must be there before the compiler looks for it by name.
    _builtins: Library,
}

impl Nvrtc {
    fn open(folder: &Path) -> Self {
        let open = |start: &str| {
            let mut files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
            let named =
                |path: &std::path::PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with(start);
            let path = files.find(named).unwrap_or_else(|| panic!("no {start}* in {}", folder.display()));
            // SAFETY: loading NVIDIA's libraries has no effect but their own.
            unsafe { Library::new(path) }.unwrap()
        };
        let builtins = open("libnvrtc-builtins.so");
        Self { library: open("libnvrtc.so"), _builtins: builtins }
    }

    /// Whether it compiles, and what the compiler says.
    fn compile(&self, text: &str, architecture: &str) -> (bool, String) {
        let text = CString::new(text).unwrap();
        let options =
            [format!("--gpu-architecture={architecture}"), "-lineinfo".into(), "--ptxas-options=-v".into()]
                .map(|option| CString::new(option).unwrap());
        let options = options.each_ref().map(|option| option.as_ptr());
        let none = std::ptr::null();
        // SAFETY: the functions are NVIDIA's, as nvrtc.h declares them; strings outlive the calls.
        unsafe {
            let mut program: Program = std::ptr::null_mut();
            let create = self.library.get::<Create>(b"nvrtcCreateProgram").unwrap();
            assert_eq!(create(&mut program, text.as_ptr(), none, 0, none.cast(), none.cast()), 0);
            let compile = self.library.get::<Compile>(b"nvrtcCompileProgram").unwrap();
            let code = compile(program, options.len() as c_int, options.as_ptr());
            let mut size = 0;
            self.library.get::<LogSize>(b"nvrtcGetProgramLogSize").unwrap()(program, &mut size);
            let mut log = vec![0u8; size.max(1)];
            self.library.get::<Log>(b"nvrtcGetProgramLog").unwrap()(program, log.as_mut_ptr().cast());
            self.library.get::<Destroy>(b"nvrtcDestroyProgram").unwrap()(&mut program);
            let log = CStr::from_bytes_until_nul(&log).unwrap().to_string_lossy().into_owned();
            (code == 0, log)
        }
    }
}
