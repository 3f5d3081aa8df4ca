//! Runs a command, stops it before every call that changes a file below a folder, and does there what it is told.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::Path,
    process::{Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use super::{
    calls::{Call, Change},
    process::{self, Registers},
};

/// What happens to a process at a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Go,
    /// `kill -9` before the call.
    Kill,
    /// `kill -9` after half of the bytes, where the call writes some; otherwise right after the call.
    KillAmid,
    /// The call is not made and returns this error.
    Fail(libc::c_int),
    /// Half of the bytes are written, and the process is told so.
    Shorten,
    /// The process is sent a signal and the call goes on.
    Signal(libc::c_int),
}

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub signal: Option<i32>,
    pub stderr: String,
}

impl Ended {
    pub fn succeeded(&self) -> bool {
        self.code == Some(0)
    }

    pub fn killed(&self) -> bool {
        self.signal == Some(libc::SIGKILL)
    }
}

/// Runs a command to its end, `act` deciding at every call that changes something below `root`. It is sent each of
/// the signals when its time has come.
///
/// # Panics
/// Where the system forbids tracing, as some containers do: nothing could be tried there.
#[allow(clippy::zombie_processes, reason = "the tracer waits for the process, and for its threads")]
pub fn trace(
    mut command: Command,
    root: &Path,
    alarms: &[(Duration, libc::c_int)],
    act: &mut dyn FnMut(&Call) -> Action,
) -> Ended {
    let mut stderr = tempfile::tempfile().unwrap();
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(stderr.try_clone().unwrap());
    process::prepare(&mut command);
    let child = command.spawn().unwrap_or_else(|error| panic!("cannot trace {command:?}: {error}"));
    let main = child.id() as libc::pid_t;
    let (ended, timer) = start_timer(main, alarms.to_vec());
    let mut tracer = Tracer { main, root, act, calls: 0, started: false, amid: None };
    let status = tracer.run().unwrap_or_else(|error| panic!("tracing {command:?}: {error}"));
    drop(ended);
    timer.join().unwrap();
    Ended {
        code: libc::WIFEXITED(status).then(|| libc::WEXITSTATUS(status)),
        signal: libc::WIFSIGNALED(status).then(|| libc::WTERMSIG(status)),
        stderr: text(&mut stderr),
    }
}

/// Sends the process signals at their times; stops when the sender is dropped.
fn start_timer(
    main: libc::pid_t,
    alarms: Vec<(Duration, libc::c_int)>,
) -> (mpsc::Sender<()>, thread::JoinHandle<()>) {
    let ((sender, receiver), began) = (mpsc::channel(), Instant::now());
    let timer = thread::spawn(move || {
        for (time, signal) in alarms {
            let left = time.saturating_sub(began.elapsed());
            if receiver.recv_timeout(left) != Err(mpsc::RecvTimeoutError::Timeout) {
                return;
            }
            process::signal(main, signal);
        }
    });
    (sender, timer)
}

fn text(file: &mut File) -> String {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0)).unwrap();
    file.read_to_end(&mut bytes).unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

struct Tracer<'a> {
    main: libc::pid_t,
    root: &'a Path,
    act: &'a mut dyn FnMut(&Call) -> Action,
    calls: usize,
    /// The process has made its first stop, at its first instruction.
    started: bool,
    /// The thread in a call after which the process is killed.
    amid: Option<libc::pid_t>,
}

impl Tracer<'_> {
    /// Follows the process to its end and returns its status.
    fn run(&mut self) -> io::Result<libc::c_int> {
        let options = libc::PTRACE_O_TRACESECCOMP
            | libc::PTRACE_O_TRACECLONE
            | libc::PTRACE_O_TRACEFORK
            | libc::PTRACE_O_TRACEVFORK
            | libc::PTRACE_O_TRACESYSGOOD
            | libc::PTRACE_O_EXITKILL;
        loop {
            let (thread, status) = process::wait()?;
            if libc::WIFEXITED(status) || libc::WIFSIGNALED(status) {
                if thread == self.main {
                    return Ok(status);
                }
                continue;
            }
            if !std::mem::replace(&mut self.started, true) {
                process::request(libc::PTRACE_SETOPTIONS, thread, options as usize)?;
                self.go(libc::PTRACE_CONT, thread, 0);
                continue;
            }
            self.stopped(thread, status)?;
        }
    }

    fn stopped(&mut self, thread: libc::pid_t, status: libc::c_int) -> io::Result<()> {
        let (signal, event) = (libc::WSTOPSIG(status), status >> 16);
        if event == libc::PTRACE_EVENT_SECCOMP {
            return self.at_call(thread);
        }
        if signal == libc::SIGTRAP | 0x80 && self.amid == Some(thread) {
            process::signal(self.main, libc::SIGKILL);
        }
        // A new thread begins with a stop of its own; stops of the tracer's are not the process's business.
        let delivered = match signal {
            _ if event != 0 || signal & 0x80 != 0 => 0,
            libc::SIGTRAP | libc::SIGSTOP => 0,
            signal => signal,
        };
        self.go(libc::PTRACE_CONT, thread, delivered);
        Ok(())
    }

    fn at_call(&mut self, thread: libc::pid_t) -> io::Result<()> {
        // A process that was killed meanwhile has no registers; its end comes next.
        let Ok(registers) = Registers::of(thread) else { return Ok(()) };
        let call = Call::decode(thread, &registers).filter(|call| call.is_below(self.root));
        let Some(mut call) = call else {
            self.go(libc::PTRACE_CONT, thread, 0);
            return Ok(());
        };
        assert!(call.change != Change::Unseen, "{call}: the tracer cannot see what this changes; teach it");
        call.index = self.calls;
        self.calls += 1;
        match (self.act)(&call) {
            Action::Go => {}
            Action::Kill => process::signal(self.main, libc::SIGKILL),
            Action::Signal(signal) => process::signal(self.main, signal),
            Action::Fail(error) => registers.fail(thread, error)?,
            Action::Shorten => {
                if call.can_be_cut() && registers.arguments()[2] > 1 {
                    registers.halve_length(thread)?;
                }
            }
            Action::KillAmid => {
                if call.can_be_cut() {
                    registers.halve_length(thread)?;
                }
                self.amid = Some(thread);
                self.go(libc::PTRACE_SYSCALL, thread, 0);
                return Ok(());
            }
        }
        self.go(libc::PTRACE_CONT, thread, 0);
        Ok(())
    }

    /// Lets a thread go on; one that is being killed cannot.
    fn go(&self, how: libc::c_uint, thread: libc::pid_t, signal: libc::c_int) {
        drop(process::request(how, thread, signal as usize));
    }
}
