//! A process whose changes to files wait for the tracer: `ptrace` and a seccomp filter, and what can be read of it
//! while it waits. Works without privileges; raw system calls are caught like the C library's.

use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom},
    os::unix::process::CommandExt,
    path::PathBuf,
    process::Command,
    ptr,
};

use super::calls;

/// Lets the command wait for its tracer at every call of the table, from its first instruction on.
pub fn prepare(command: &mut Command) {
    let filter = filter();
    let install = move || {
        let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_ptr().cast_mut() };
        // SAFETY: plain system calls, whose pointers outlive them; nothing is allocated between fork and exec.
        let results = unsafe {
            [
                libc::ptrace(libc::PTRACE_TRACEME, 0, 0, 0),
                i64::from(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)),
                i64::from(libc::prctl(
                    libc::PR_SET_SECCOMP,
                    libc::c_ulong::from(libc::SECCOMP_MODE_FILTER),
                    ptr::from_ref(&program),
                    0,
                    0,
                )),
            ]
        };
        if results == [0, 0, 0] { Ok(()) } else { Err(io::Error::last_os_error()) }
    };
    // SAFETY: the closure makes system calls only.
    unsafe { command.pre_exec(install) };
}

/// Asks the tracer at the calls of the table, allows all others.
fn filter() -> Vec<libc::sock_filter> {
    let instruction =
        |code: u32, jump: u8, k: u32| libc::sock_filter { code: code as u16, jt: jump, jf: 0, k };
    let load_number = instruction(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0);
    let (equal, answer) = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, libc::BPF_RET | libc::BPF_K);
    let numbers = Vec::from_iter(calls::numbers());
    let jump = |(index, number): (usize, &u32)| instruction(equal, (numbers.len() - index) as u8, *number);
    let mut filter = vec![load_number];
    filter.extend(numbers.iter().enumerate().map(jump));
    filter.push(instruction(answer, 0, libc::SECCOMP_RET_ALLOW));
    filter.push(instruction(answer, 0, libc::SECCOMP_RET_TRACE));
    filter
}

/// A `ptrace` request that takes numbers only.
pub fn request(request: libc::c_uint, thread: libc::pid_t, data: usize) -> io::Result<()> {
    // SAFETY: the kernel checks the thread; no memory of ours is touched.
    let result = unsafe { libc::ptrace(request, thread, 0, data) };
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Waits for the next event of any process or thread that this thread traces.
pub fn wait() -> io::Result<(libc::pid_t, libc::c_int)> {
    let mut status = 0;
    // SAFETY: `status` outlives the call.
    let thread = unsafe { libc::waitpid(-1, &mut status, libc::__WALL | libc::__WNOTHREAD) };
    if thread == -1 { Err(io::Error::last_os_error()) } else { Ok((thread, status)) }
}

pub fn signal(process: libc::pid_t, signal: libc::c_int) {
    // SAFETY: a plain system call; a process that has gone is no error here.
    unsafe { libc::kill(process, signal) };
}

/// The registers of a thread that waits at a call.
pub struct Registers(libc::user_regs_struct);

impl Registers {
    pub fn of(thread: libc::pid_t) -> io::Result<Self> {
        // SAFETY: all-zero registers are valid, and the kernel fills them.
        let mut registers: libc::user_regs_struct = unsafe { std::mem::zeroed() };
        // SAFETY: the pointer is to registers of this machine's layout.
        let result = unsafe { libc::ptrace(libc::PTRACE_GETREGS, thread, 0, ptr::from_mut(&mut registers)) };
        if result == -1 { Err(io::Error::last_os_error()) } else { Ok(Self(registers)) }
    }

    pub fn number(&self) -> libc::c_long {
        self.0.orig_rax as libc::c_long
    }

    pub fn arguments(&self) -> [u64; 6] {
        let registers = &self.0;
        [registers.rdi, registers.rsi, registers.rdx, registers.r10, registers.r8, registers.r9]
    }

    /// Lets the call be skipped, as if it had failed.
    pub fn fail(mut self, thread: libc::pid_t, error: libc::c_int) -> io::Result<()> {
        self.0.orig_rax = u64::MAX;
        self.0.rax = i64::from(-error) as u64;
        self.set(thread)
    }

    /// Halves the third argument, the number of bytes of a write.
    pub fn halve_length(mut self, thread: libc::pid_t) -> io::Result<()> {
        self.0.rdx /= 2;
        self.set(thread)
    }

    fn set(&self, thread: libc::pid_t) -> io::Result<()> {
        // SAFETY: the pointer is to registers of this machine's layout.
        let result = unsafe { libc::ptrace(libc::PTRACE_SETREGS, thread, 0, ptr::from_ref(&self.0)) };
        if result == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }
}

/// The path of an open file; `None` for pipes, sockets and numbers that are not open.
pub fn open_file(thread: libc::pid_t, descriptor: i32) -> Option<PathBuf> {
    let path = fs::read_link(format!("/proc/{thread}/fd/{descriptor}")).ok()?;
    path.is_absolute().then_some(path)
}

/// The folder that relative paths start from.
pub fn folder(thread: libc::pid_t, descriptor: i32) -> PathBuf {
    let link = match descriptor {
        libc::AT_FDCWD => format!("/proc/{thread}/cwd"),
        descriptor => format!("/proc/{thread}/fd/{descriptor}"),
    };
    fs::read_link(link).unwrap_or_default()
}

/// A text in the process's memory that ends with a zero.
pub fn string(thread: libc::pid_t, address: u64) -> String {
    let mut bytes = Vec::new();
    let mut read = || -> io::Result<()> {
        let mut memory = File::open(format!("/proc/{thread}/mem"))?;
        memory.seek(SeekFrom::Start(address))?;
        for byte in io::BufReader::with_capacity(256, memory).bytes() {
            match byte? {
                0 => break,
                byte => bytes.push(byte),
            }
        }
        Ok(())
    };
    // A page that ends before the text does: what was read is all there is.
    drop(read());
    String::from_utf8_lossy(&bytes).into_owned()
}
