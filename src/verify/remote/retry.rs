//! Trying again: how often, and with which pauses. Knows nothing of what is tried.

use std::{thread, time::Duration};

use super::reward::Unscored;

/// However often it was doubled, a pause is no longer than this.
pub(crate) const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Why an attempt brought nothing.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// It may pass: another attempt is worth its while.
    Passing(String),
    /// Another attempt would end the same way.
    Final(String),
}

/// How often to try again, and the pause before the first time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Retries {
    pub retries: u32,
    pub backoff: Duration,
}

impl Retries {
    /// Calls `attempt` until it succeeds, fails for good, or has failed once more than `retries`.
    ///
    /// # Errors
    /// The last failure's reason.
    pub(crate) fn run<T>(self, mut attempt: impl FnMut() -> Result<T, Failure>) -> Result<T, Unscored> {
        let mut failed = 0;
        loop {
            match attempt() {
                Ok(value) => return Ok(value),
                Err(Failure::Final(reason)) => return Err(Unscored { reason }),
                Err(Failure::Passing(reason)) if failed == self.retries => {
                    let retries = self.retries;
                    let reason = format!("{reason}; given up after verify.remote.retries = {retries}");
                    return Err(Unscored { reason });
                }
                Err(Failure::Passing(_)) => thread::sleep(self.pause(failed)),
            }
            failed += 1;
        }
    }

    /// The pause after so many failures before the present one.
    fn pause(self, failed: u32) -> Duration {
        self.backoff.saturating_mul(2_u32.saturating_pow(failed)).min(LONGEST_PAUSE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUICK: Retries = Retries { retries: 2, backoff: Duration::ZERO };

    #[test]
    fn pauses_double_up_to_a_minute() {
        let retries = Retries { retries: 99, backoff: Duration::from_secs(1) };
        let seconds = [0, 1, 2, 5, 6, 40].map(|failed| retries.pause(failed).as_secs());
        assert_eq!(seconds, [1, 2, 4, 32, 60, 60]);
    }

    #[test]
    fn a_passing_failure_is_tried_again_and_a_final_one_is_not() {
        let mut attempts = 0;
        let third = QUICK.run(|| {
            attempts += 1;
            if attempts == 3 { Ok(attempts) } else { Err(Failure::Passing("busy".to_owned())) }
        });
        assert_eq!(third, Ok(3));

        let mut attempts = 0;
        let failed: Result<(), _> = QUICK.run(|| {
            attempts += 1;
            Err(Failure::Final("no".to_owned()))
        });
        assert_eq!((attempts, failed.unwrap_err().reason.as_str()), (1, "no"));
    }

    #[test]
    fn giving_up_names_the_last_reason_and_the_setting() {
        let mut attempts = 0;
        let failed: Result<(), _> = QUICK.run(|| {
            attempts += 1;
            Err(Failure::Passing(format!("busy {attempts}")))
        });
        assert_eq!(failed.unwrap_err().reason, "busy 3; given up after verify.remote.retries = 2");
    }
}
