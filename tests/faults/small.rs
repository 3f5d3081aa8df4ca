//! A disk that is really too small: a `tmpfs` with few bytes, for whoever may mount one.

use std::{ffi::CString, fs, io, path::Path};

use super::{
    outcome::{Survival, Unbroken, Verdict, go_on, said},
    scene::Scene,
};

const MIB: u64 = 1 << 20;

/// The sizes to try, from next to nothing to enough.
///
/// # Errors
/// Where nothing can be mounted.
pub fn sizes(stopped: &Scene) -> Result<Vec<u64>, String> {
    let scene = stopped.fresh();
    fs::create_dir(scene.run()).unwrap();
    Disk::mount(&scene.run(), MIB).map_err(|error| error.to_string())?;
    Ok((0..20).map(|step| 16 * 1024 + step * MIB).collect())
}

/// A run on a disk of so many bytes, which then gets room.
pub fn run_on(unbroken: &Unbroken, stopped: &Scene, bytes: u64) -> Verdict {
    let scene = stopped.fresh();
    fs::create_dir(scene.run()).unwrap();
    let disk = Disk::mount(&scene.run(), bytes).map_err(|error| error.to_string())?;
    let ended = scene.let_run(scene.start());
    if !ended.succeeded() {
        let times = ended.stderr.matches("No space left on device").count();
        if ended.code != Some(1) || times != 1 {
            return Err(format!("the reason is told {times} times: {}", said(&ended)));
        }
        unbroken.check_leftovers(&scene.run())?;
    }
    let kept = scene.metric_rows(scene.saved_step());
    disk.resize(256 * MIB).map_err(|error| error.to_string())?;
    go_on(&scene)?;
    unbroken.check(&scene, &kept).map(|()| Survival::Same)
}

/// A mounted disk, gone when dropped.
struct Disk(CString);

impl Disk {
    fn mount(place: &Path, bytes: u64) -> io::Result<Self> {
        let disk = Self(CString::new(place.to_str().unwrap()).unwrap());
        disk.call(bytes, 0)?;
        Ok(disk)
    }

    fn resize(&self, bytes: u64) -> io::Result<()> {
        self.call(bytes, libc::MS_REMOUNT)
    }

    fn call(&self, bytes: u64, flags: libc::c_ulong) -> io::Result<()> {
        let options = CString::new(format!("size={bytes}")).unwrap();
        // SAFETY: all texts end with zeros and outlive the call.
        let result = unsafe {
            libc::mount(c"none".as_ptr(), self.0.as_ptr(), c"tmpfs".as_ptr(), flags, options.as_ptr().cast())
        };
        if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // SAFETY: a plain system call.
        unsafe { libc::umount2(self.0.as_ptr(), libc::MNT_DETACH) };
    }
}
