//! Workers that die, hang, or never come to life.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use super::*;
use crate::error::is_input_error;

/// Code of a function that does `first` when it is called for the first time, in whatever worker.
fn first_time(folder: &Path, first: &str) -> String {
    let mark = folder.join("called");
    format!(
        "
import os, sys, time, subprocess
def f(completions):
    if not os.path.exists({mark:?}):
        open({mark:?}, 'w').close()
        {first}
    return [float(completion) for completion in completions]
"
    )
}

#[test]
fn a_worker_that_dies_is_started_again_and_asked_again() {
    if !has_python() {
        return;
    }
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("reward.py"), first_time(folder.path(), "os._exit(7)")).unwrap();
    let functions = try_start(folder.path(), &["f"], 1, &quick()).unwrap();
    assert_eq!(rewards(&functions.score(0, &queries(&["1", "2"]))), [1.0, 2.0]);

    let (dying, _folder) = start("import os\ndef f(completions):\n    os._exit(7)\n", &["f"]);
    let scored = dying.score(0, &queries(&["1"]));
    let expected = ["the worker ended (exit status: 7", "given up after verify.remote.retries = 2"];
    assert!(expected.iter().all(|expected| reason(&scored[0]).contains(expected)), "{scored:?}");
}

#[test]
fn a_worker_that_hangs_is_killed_with_all_that_it_started() {
    if !has_python() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let beats = folder.path().join("beats");
    let script = format!("while :; do echo x >> {}; sleep 0.05; done", beats.display());
    let hang = format!("subprocess.Popen(['sh', '-c', {script:?}]); time.sleep(600)");
    fs::write(folder.path().join("reward.py"), first_time(folder.path(), &hang)).unwrap();
    // A busy machine takes a while to start an interpreter.
    let remote = RemoteConfig { timeout_seconds: 5.0, ..quick() };
    let functions = try_start(folder.path(), &["f"], 1, &remote).unwrap();
    assert_eq!(rewards(&functions.score(0, &queries(&["1"]))), [1.0]);
    let beaten = fs::metadata(&beats).unwrap().len();
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(fs::metadata(&beats).unwrap().len(), beaten, "what the worker started goes on");
}

#[test]
fn a_function_that_keeps_hanging_is_given_up() {
    if !has_python() {
        return;
    }
    let folder = folder_with("import time\ndef f(completions):\n    time.sleep(600)\n");
    let remote = RemoteConfig { timeout_seconds: 5.0, retries: 0, ..quick() };
    let functions = try_start(folder.path(), &["f"], 1, &remote).unwrap();
    let begun = Instant::now();
    let scored = functions.score(0, &queries(&["1"]));
    let expected = "the worker did not answer within 5s (verify.remote.timeout_seconds";
    assert!(reason(&scored[0]).contains(expected), "{scored:?}");
    drop(functions);
    assert!(begun.elapsed() < Duration::from_secs(60));
}

#[test]
fn what_cannot_be_loaded_is_refused_at_the_start() {
    if !has_python() {
        return;
    }
    for (code, expected) in [
        ("def f(:\n", "SyntaxError"),
        (
            "import no_such_module_anywhere\n",
            "ModuleNotFoundError: No module named 'no_such_module_anywhere'",
        ),
        (
            "def g():\n    pass\ndef _h():\n    pass\nf = 3\n",
            "the file has no function 'f'; its functions are: g",
        ),
        ("raise SystemExit('out of order')", "SystemExit: out of order"),
        ("def setup():\n    1 / 0\nsetup()\n", "reward.py\", line 3, in <module>"),
        ("import os\nos._exit(3)\n", "ended (exit status: 3"),
    ] {
        let folder = folder_with(code);
        let error = try_start(folder.path(), &["f"], 2, &quick()).unwrap_err();
        assert!(is_input_error(&error) && error.to_string().contains(expected), "{error}");
        assert!(error.to_string().contains("verify.python"), "{error}");
    }
    let missing = TempDir::new().unwrap();
    let error = try_start(missing.path(), &["f"], 1, &quick()).unwrap_err().to_string();
    assert!(error.contains("FileNotFoundError") && error.contains("reward.py:f"), "{error}");

    let function = || vec![PythonFunction::parse("reward.py:f").unwrap()];
    let remote = quick();
    let nobody = PythonSettings { executable: "no-such-python", workers: 1, remote: &remote };
    let error = PythonRewards::start(function(), nobody).unwrap_err();
    assert!(is_input_error(&error));
    assert!(
        error.to_string().contains("verify.python_executable = \"no-such-python\": cannot start it"),
        "{error}"
    );
    let other = PythonSettings { executable: "cat", ..nobody };
    assert!(is_input_error(&PythonRewards::start(function(), other).unwrap_err()));
    let slow = RemoteConfig { timeout_seconds: 0.5, ..quick() };
    let folder = folder_with("import time\ntime.sleep(600)\n");
    let error = try_start(folder.path(), &["f"], 1, &slow).unwrap_err().to_string();
    assert!(
        error.contains("did not answer within 500ms") && error.contains("loaded the functions"),
        "{error}"
    );
}
