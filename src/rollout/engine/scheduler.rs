//! Which requests are admitted when, and when finished rows leave the batch. Counts rows; knows no tokens.

use std::sync::Mutex;

use crate::rollout::{config::EngineConfig, request::Request};

/// Rows that come or go copy the whole cache. That is worth it once they are one row in so many: a lower number leaves
/// more rows idle, a higher one copies more often than decoding gains.
const ROWS_WORTH_A_COPY: usize = 4;

/// Whether `changing` rows of `all` are enough to copy the cache for.
pub(super) fn are_worth_a_copy(changing: usize, all: usize) -> bool {
    ROWS_WORTH_A_COPY * changing >= all
}

/// Requests that no worker has admitted yet; workers share it.
pub(super) struct RequestQueue {
    /// How many completions each request wants.
    completions: Vec<usize>,
    /// The numbers of the requests that wait, the next one last.
    waiting: Mutex<Vec<usize>>,
}

impl RequestQueue {
    /// Longest prompts first: later ones then fit under the cache of those that are being decoded. Requests that want
    /// no completions do not wait.
    pub(super) fn new(requests: &[Request<'_>]) -> Self {
        let wanted = |&index: &usize| requests[index].completions() > 0;
        let mut waiting: Vec<usize> = (0..requests.len()).filter(wanted).collect();
        waiting.sort_by_key(|&index| (requests[index].prompt.ids.len(), std::cmp::Reverse(index)));
        Self {
            completions: requests.iter().map(Request::completions).collect(),
            waiting: Mutex::new(waiting),
        }
    }

    /// Batches that are decoded side by side: as many as the configuration says, but no more than requests.
    pub(super) fn workers(&self, config: EngineConfig, best: usize) -> usize {
        config.workers_of(best).min(self.completions.len()).max(1)
    }

    /// Rows of one worker's batch. The completions of a request stay together, so that the workers' shares differ by
    /// one request at most.
    fn capacity(&self, config: EngineConfig, workers: usize) -> usize {
        let rows: usize = self.completions.iter().sum();
        let largest = self.completions.iter().copied().max().unwrap_or(0);
        config.max_rows.min((rows + workers * largest).div_ceil(workers))
    }

    /// The next requests, as many as have room for their completions in `free` rows; where the batch is idle, at least
    /// one.
    fn take(&self, free: usize, idle: bool) -> Vec<usize> {
        let mut waiting = self.waiting.lock().expect("no worker panics while it takes requests");
        let (mut taken, mut rows) = (Vec::new(), 0);
        while let Some(&next) = waiting.last() {
            rows += self.completions[next];
            if rows > free && !(idle && taken.is_empty()) {
                break;
            }
            taken.extend(waiting.pop());
        }
        taken
    }
}

/// How full a batch is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Occupancy {
    pub rows: usize,
    /// Rows that are not finished.
    pub unfinished: usize,
}

/// What happens to a batch before its next forward pass.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Changes {
    /// Finished rows leave.
    pub retire: bool,
    /// The numbers of the requests that enter.
    pub admit: Vec<usize>,
}

/// The schedule of one worker.
pub(super) struct Scheduler<'a> {
    queue: &'a RequestQueue,
    /// Rows that may be unfinished at a time.
    capacity: usize,
}

impl<'a> Scheduler<'a> {
    pub(super) fn new(queue: &'a RequestQueue, config: EngineConfig, workers: usize) -> Self {
        Self { queue, capacity: queue.capacity(config, workers) }
    }

    /// Decides who comes and who goes.
    pub(super) fn next(&self, Occupancy { rows, unfinished }: Occupancy) -> Changes {
        let free = self.capacity.saturating_sub(unfinished);
        let admit = match are_worth_a_copy(free, self.capacity) {
            true => self.queue.take(free, unfinished == 0),
            false => Vec::new(),
        };
        Changes { retire: !admit.is_empty() || are_worth_a_copy(rows - unfinished, rows), admit }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{model::ModelInput, rollout::Sampling};

    fn prompts(lengths: &[usize]) -> Vec<ModelInput> {
        lengths.iter().map(|&length| ModelInput { ids: vec![1; length], images: Vec::new() }).collect()
    }

    fn queue(lengths: &[usize], samples: usize) -> RequestQueue {
        RequestQueue::new(&Request::numbered(&prompts(lengths), Sampling::greedy(1), samples, 0))
    }

    #[test]
    fn the_longest_prompts_come_first_and_equals_in_their_order() {
        assert_eq!(queue(&[2, 5, 2, 3], 1).take(9, true), [1, 3, 0, 2]);
    }

    #[test]
    fn a_request_enters_as_a_whole_and_an_idle_batch_takes_one_however_large() {
        let queue = queue(&[4, 3, 2], 4);
        assert_eq!(queue.take(7, false), [0]);
        assert_eq!(queue.take(3, false), [0; 0]);
        assert_eq!(queue.take(3, true), [1]);
    }

    #[test]
    fn requests_without_completions_do_not_wait() {
        assert_eq!(queue(&[4, 3], 0).take(9, true), [0; 0]);
    }

    #[test]
    fn rows_come_and_go_once_they_are_a_quarter() {
        let queue = queue(&[1; 20], 1);
        let config = EngineConfig { max_rows: 8, workers: 1, dtype: None };
        let scheduler = Scheduler::new(&queue, config, 1);
        let next = |rows, unfinished| scheduler.next(Occupancy { rows, unfinished });
        assert_eq!(next(0, 0), Changes { retire: true, admit: (0..8).collect() });
        assert_eq!(next(8, 7), Changes { retire: false, admit: vec![] });
        assert_eq!(next(8, 6), Changes { retire: true, admit: vec![8, 9] });
    }

    #[test]
    fn with_nothing_waiting_finished_rows_still_leave() {
        let queue = queue(&[1; 8], 1);
        let scheduler = Scheduler::new(&queue, EngineConfig { max_rows: 8, workers: 1, dtype: None }, 1);
        let next = |rows, unfinished| scheduler.next(Occupancy { rows, unfinished });
        assert_eq!(next(0, 0).admit.len(), 8);
        assert_eq!(next(8, 6), Changes { retire: true, admit: vec![] });
        assert_eq!(next(6, 5), Changes { retire: false, admit: vec![] });
    }

    #[test]
    fn workers_share_the_rows_up_to_one_request() {
        let queue = queue(&[1; 3], 4);
        let config = EngineConfig { max_rows: 256, workers: 2, dtype: None };
        assert_eq!((queue.workers(config, 9), queue.capacity(config, 2)), (2, 10));
        let automatic = EngineConfig { workers: 0, ..config };
        assert_eq!(queue.workers(automatic, 9), 3);
    }
}
