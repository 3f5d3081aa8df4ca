//! A process together with those it starts, as far as the system has such groups.

pub(crate) use platform::{has_exited, kill, lead};

#[cfg(unix)]
mod platform {
    use std::{
        os::unix::process::CommandExt,
        process::{Child, Command},
    };

    use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

    /// Makes the process the first of a group of its own. Ctrl-C in the terminal then asks only us to
    /// stop: the step that is being finished still needs its rewards.
    pub(crate) fn lead(command: &mut Command) {
        command.process_group(0);
    }

    /// Whether the process has exited. It is left for [`Child::wait`], which keeps its id, and so its
    /// group's, from being given to others.
    pub(crate) fn has_exited(child: &mut Child) -> bool {
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        !matches!(waitid(WaitId::Pid(Pid::from_child(child)), look), Ok(None))
    }

    /// Kills the process and those it started. It must not have been waited for.
    pub(crate) fn kill(child: &mut Child) {
        // This fails where no process of the group is left.
        let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
    }
}

#[cfg(not(unix))]
mod platform {
    use std::process::{Child, Command};

    /// There are no groups here.
    pub(crate) fn lead(_command: &mut Command) {}

    /// Whether the process has exited.
    pub(crate) fn has_exited(child: &mut Child) -> bool {
        !matches!(child.try_wait(), Ok(None))
    }

    /// Kills the process; those it started end when they read the end of their stdin.
    pub(crate) fn kill(child: &mut Child) {
        // This fails where the process has exited already.
        let _ = child.kill();
    }
}
