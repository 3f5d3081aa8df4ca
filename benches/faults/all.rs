//! The kinds of faults, and their moments.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::faults::{
    calls::{Call, Change},
    damage::{self, Damage},
    full::{Failure, fail},
    kill::{Cut, During, kill, kill_in_time, kill_recovery},
    outcome::{Unbroken, Verdict},
    scene::{STEPS, Scene, Work},
    small, starts,
    stop::{self, SIGNALS, interrupt, interrupt_in_time, interrupt_twice},
    sync::check_order,
    tally::{Tally, table},
};

/// Runs that are killed after random times.
const RANDOM: usize = 200;

/// What was asked for on the command line.
struct Options {
    program: PathBuf,
    /// One of so many moments is tried.
    every: usize,
    /// A part of the names of the kinds that are tried.
    only: String,
    seed: u64,
}

impl Options {
    fn read() -> Self {
        let arguments: Vec<String> = std::env::args().collect();
        let value = |name: &str| {
            let place = arguments.iter().position(|argument| argument == name)?;
            Some(arguments.get(place + 1).unwrap_or_else(|| panic!("{name} needs a value")).clone())
        };
        let number = |name: &str| value(name).map(|text| text.parse().expect("a number"));
        Self {
            program: value("--spark").unwrap_or_else(|| env!("CARGO_BIN_EXE_spark").to_owned()).into(),
            every: number("--every").unwrap_or(1),
            only: value("--only").unwrap_or_default(),
            seed: number("--seed").unwrap_or(1) as u64,
        }
    }
}

/// What the trials need, and what they came to.
struct Bench {
    options: Options,
    unbroken: Unbroken,
    stopped: Scene,
    /// Seconds that an unbroken run takes.
    whole: f64,
    tallies: Vec<Tally>,
}

pub fn main() -> ExitCode {
    let began = Instant::now();
    let options = Options::read();
    let program = options.program.canonicalize().expect("the binary");
    let unbroken = Unbroken::new(&program, Work::Train);
    let stopped = Scene::stopped(&program, Work::Train);
    let scene = During::Start.scene(&stopped);
    let whole = Instant::now();
    scene.let_run(scene.start());
    let whole = whole.elapsed().as_secs_f64();
    let mut bench = Bench { options, unbroken, stopped, whole, tallies: Vec::new() };
    bench.kills();
    bench.recoveries();
    bench.other_work(&program);
    bench.finished_work(&program);
    bench.random_kills();
    bench.full_disks();
    bench.damage();
    bench.signals();
    bench.starts();
    let kinds: Vec<Value> = bench.tallies.iter().map(Tally::to_json).collect();
    let sum = |count: &dyn Fn(&Tally) -> usize| bench.tallies.iter().map(count).sum::<usize>();
    let failed = sum(&|tally| tally.failed.len());
    println!("{}", table(&bench.tallies));
    println!(
        "{}",
        json!({
            "tried": sum(&|tally| tally.tried),
            "survived": sum(&|tally| tally.survived),
            "refused": sum(&|tally| tally.refused),
            "failed": failed,
            "seconds": began.elapsed().as_secs(),
            "kinds": kinds,
        })
    );
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

impl Bench {
    /// Does the trials of a kind, if it is asked for.
    fn each<M: Clone + Sync>(
        &mut self,
        kind: &str,
        moments: &[M],
        describe: impl Fn(&M) -> String,
        trial: impl Fn(&Self, &M) -> Verdict + Sync,
    ) {
        if !self.is_asked_for(kind) {
            return;
        }
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let moments: Vec<M> = moments.iter().step_by(self.options.every).cloned().collect();
        let tally = Tally::of(kind, &moments, threads, describe, |moment| trial(self, moment));
        eprintln!("{kind}: {} tried, {} failed", tally.tried, tally.failed.len());
        self.tallies.push(tally);
    }

    fn is_asked_for(&self, kind: &str) -> bool {
        kind.contains(&self.options.only)
    }

    fn kills(&mut self) {
        self.each(
            "synced in order",
            &[()],
            |()| "a resumed run".into(),
            |bench, ()| check_order(&bench.stopped),
        );
        let kinds = [
            (During::Start, "a new run"),
            (During::Resume, "a resumed run"),
            (During::SaveAgain, "a save over a saved step"),
        ];
        for (during, name) in kinds {
            let calls = during.calls(&self.stopped);
            let writes: Vec<Call> = calls.iter().filter(|call| call.can_be_cut()).cloned().collect();
            let cuts = [
                (format!("kill -9 before every call of {name}"), Cut::Before, &calls),
                (format!("kill -9 amid every write of {name}"), Cut::Amid, &writes),
                (format!("power cut before every call of {name}"), Cut::Power, &calls),
            ];
            for (kind, cut, calls) in cuts {
                self.each(&kind, calls, Call::to_string, |bench, call| {
                    kill(&bench.unbroken, &bench.stopped, during, call.index, cut)
                });
            }
        }
    }

    /// A save that is killed where names change, and its recovery at each of its first calls.
    fn recoveries(&mut self) {
        let calls = During::SaveAgain.calls(&self.stopped);
        let place = Path::new("run/checkpoints");
        let turns = |call: &&Call| call.to.is_some() && call.path.parent() == Some(place);
        let firsts: Vec<usize> = calls.iter().filter(turns).map(|call| call.index).collect();
        let moments: Vec<_> =
            firsts.iter().flat_map(|first| (0..30).map(|second| (*first, second))).collect();
        self.each(
            "kill -9 in a save, then at every call of the recovery",
            &moments,
            |(first, second)| format!("call {first}, then call {second} of the resumption"),
            |bench, moments| kill_recovery(&bench.unbroken, &bench.stopped, During::SaveAgain, *moments),
        );
    }

    /// Checkpoints of other shapes.
    fn other_work(&mut self, program: &Path) {
        let works = [
            (Work::TrainMoving, "a run with reference and average"),
            (Work::TrainAdapters, "a run on adapters"),
            (Work::Imitate, "spark sft"),
        ];
        for (work, name) in works {
            let kill_kind = format!("kill -9 before every call of {name}, resumed");
            let damage_kind = format!("damage to every file of the newest checkpoint of {name}");
            if !self.is_asked_for(&kill_kind) && !self.is_asked_for(&damage_kind) {
                continue;
            }
            let (unbroken, stopped) = (Unbroken::new(program, work), Scene::stopped(program, work));
            let calls = During::Resume.calls(&stopped);
            self.each(&kill_kind, &calls, Call::to_string, |_, call| {
                kill(&unbroken, &stopped, During::Resume, call.index, Cut::Before)
            });
            let files = each_damage(&damage::checkpoint_files(&stopped));
            self.each(&damage_kind, &files, describe, |_, (file, how)| {
                damage::damage(&unbroken, &stopped, &[(file, *how)], STEPS - 2)
            });
        }
    }

    /// Runs that have nothing left to do, and may save their last step again.
    fn finished_work(&mut self, program: &Path) {
        let works = [(Work::Train, "a finished run"), (Work::ImitateSavedOnce, "a finished spark sft")];
        for (work, name) in works {
            let kind = format!("kill -9 before every call of {name}, resumed");
            if !self.is_asked_for(&kind) {
                continue;
            }
            let (unbroken, finished) = (Unbroken::new(program, work), Scene::finished(program, work));
            let calls = During::Resume.calls(&finished);
            self.each(&kind, &calls, Call::to_string, |_, call| {
                kill(&unbroken, &finished, During::Resume, call.index, Cut::Before)
            });
        }
    }

    /// Random times within a run.
    fn times(&self) -> impl Iterator<Item = Duration> {
        let (mut state, whole) = (self.options.seed, self.whole);
        std::iter::repeat_with(move || {
            // Knuth's constants; the high bits are random enough for a time.
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            Duration::from_secs_f64((state >> 40) as f64 / (1_u64 << 24) as f64 * whole)
        })
    }

    /// Each a start, its resumption and the resumption of that, killed after random times.
    fn random_kills(&mut self) {
        let times = Vec::from_iter(self.times().take(3 * RANDOM));
        let moments: Vec<&[Duration]> = times.chunks(3).collect();
        self.each(
            "kill -9 at random, three times in a row",
            &moments,
            |times| format!("after {times:?}"),
            |bench, times| kill_in_time(&bench.unbroken, &bench.stopped, times),
        );
    }

    fn full_disks(&mut self) {
        for (during, name) in [(During::Start, "a new run"), (During::SaveAgain, "a save over a saved step")]
        {
            let calls = during.calls(&self.stopped);
            let failures = [
                (Failure::Full, "disk full from every write"),
                (Failure::FullAmid, "disk full amid every write"),
                (Failure::Error, "input/output error at every write and sync"),
            ];
            for (failure, what) in failures {
                let hit: Vec<Call> = calls.iter().filter(|call| failure.can_hit(call)).cloned().collect();
                self.each(&format!("{what} of {name}"), &hit, Call::to_string, |bench, call| {
                    fail(&bench.unbroken, &bench.stopped, during, call.index, failure)
                });
            }
        }
        match small::sizes(&self.stopped) {
            Ok(sizes) => self.each(
                "a disk that is too small, mounted",
                &sizes,
                |bytes| format!("{bytes} bytes"),
                |bench, bytes| small::run_on(&bench.unbroken, &bench.stopped, *bytes),
            ),
            Err(reason) => eprintln!("a disk that is too small, mounted: NOT TRIED, {reason}"),
        }
    }

    fn damage(&mut self) {
        let kinds = [
            (
                "damage to every file of the newest checkpoint",
                damage::checkpoint_files(&self.stopped),
                STEPS - 2,
            ),
            ("damage to every other file of a run", damage::other_files(&self.stopped), STEPS - 1),
        ];
        for (kind, files, kept) in kinds {
            self.each(kind, &each_damage(&files), describe, |bench, (file, how)| {
                damage::damage(&bench.unbroken, &bench.stopped, &[(file, *how)], kept)
            });
        }
        self.each(
            "damage to both checkpoints",
            &Damage::ALL,
            |damage| format!("{damage:?}"),
            |bench, how| {
                let name = |step: u64| PathBuf::from(format!("checkpoints/step-{step:06}/model.safetensors"));
                let [newest, older] = [name(STEPS - 1), name(STEPS - 2)];
                let files: [(&Path, Damage); 2] = [(&newest, *how), (&older, *how)];
                damage::damage(&bench.unbroken, &bench.stopped, &files, 0)
            },
        );
    }

    fn signals(&mut self) {
        let calls = stop::calls(&self.stopped);
        for (name, signal) in SIGNALS {
            self.each(&format!("{name} at every call"), &calls, Call::to_string, |bench, call| {
                interrupt(&bench.unbroken, &bench.stopped, call.index, signal)
            });
            let times = Vec::from_iter(self.times().take(RANDOM / 4));
            let after = |time: &Duration| format!("after {time:?}");
            self.each(&format!("{name} at random"), &times, after, |bench, time| {
                interrupt_in_time(&bench.unbroken, &bench.stopped, *time, signal)
            });
        }
        let calls = During::Resume.calls(&self.stopped);
        self.each("SIGTERM twice at every call", &calls, Call::to_string, |bench, call| {
            interrupt_twice(&bench.unbroken, &bench.stopped, call.index, libc::SIGTERM)
        });
    }

    fn starts(&mut self) {
        let calls = During::Start.calls(&self.stopped);
        let until = calls
            .iter()
            .position(|call| call.change == Change::Data && call.path.ends_with("rollouts.jsonl"));
        let claims = &calls[..until.expect("a first step")];
        let moment = |call: &Call| format!("the second comes at {call}");
        self.each("two starts, one --out", claims, moment, |bench, call| {
            starts::same_folder(&bench.unbroken, &bench.stopped, call.index)
        });
        self.each("two starts without --out", claims, moment, |bench, call| {
            starts::folders_of_their_own(&bench.unbroken, &bench.stopped, call.index)
        });
        let calls = During::Resume.calls(&self.stopped);
        let open: Vec<Call> =
            calls[1..].iter().take_while(|call| !call.path.ends_with("summary.json")).cloned().collect();
        self.each("resumed while it runs", &open, moment, |bench, call| {
            starts::resumed_while_running(&bench.unbroken, &bench.stopped, call.index)
        });
        self.each(
            "a start in somebody's folder",
            &[()],
            |()| "metrics.jsonl".into(),
            |bench, ()| starts::occupied(&bench.stopped),
        );
    }
}

/// Each damage to each file.
fn each_damage(files: &[PathBuf]) -> Vec<(PathBuf, Damage)> {
    files.iter().flat_map(|file| Damage::ALL.map(|damage| (file.clone(), damage))).collect()
}

fn describe((file, damage): &(PathBuf, Damage)) -> String {
    format!("{}: {damage:?}", file.display())
}
