//! Who is told of which rows of a batch, and what they have been told already. Knows no weights.

use std::collections::HashMap;

use super::{
    arrival::{CompletionNews, NewsListener, OwnedRequest},
    batch::NumberedRequest,
    row::DecodingRow,
};
use crate::rollout::request::Request;

/// The listeners of a batch's requests, by the numbers that these go by.
#[derive(Default)]
pub(super) struct Followers {
    by_request: HashMap<usize, Follower>,
    next: usize,
}

struct Follower {
    listener: NewsListener,
    /// How many tokens of each completion it knows; `None` where it knows the last.
    told: Vec<Option<usize>>,
}

impl Followers {
    /// Gives requests that somebody still waits for their numbers, and them to `enter`. Returns how many completions
    /// begin.
    pub(super) fn admit(
        &mut self,
        mut arrived: Vec<(OwnedRequest, NewsListener)>,
        enter: impl FnOnce(&[NumberedRequest<'_>]),
    ) -> usize {
        let nothing = CompletionNews { sample: 0, token_ids: &[], logprobs: &[], finish_reason: None };
        arrived.retain_mut(|(request, listener)| !request.streams.is_empty() && listener(nothing));
        let (requests, listeners): (Vec<OwnedRequest>, Vec<NewsListener>) = arrived.into_iter().unzip();
        if requests.is_empty() {
            return 0;
        }
        let first = self.next;
        self.next += requests.len();
        for (number, (request, listener)) in (first..).zip(requests.iter().zip(listeners)) {
            let told = vec![Some(0); request.streams.len()];
            self.by_request.insert(number, Follower { listener, told });
        }
        let requests: Vec<Request<'_>> = requests.iter().map(OwnedRequest::borrowed).collect();
        enter(&(first..).zip(&requests).collect::<Vec<_>>());
        requests.iter().map(Request::completions).sum()
    }

    /// Tells what is new of the rows. Those that nobody wants any more are finished by it. Returns how many completions
    /// are over since the last time.
    pub(super) fn tell(&mut self, rows: &mut [DecodingRow]) -> usize {
        let mut over = 0;
        for row in rows {
            let Some(follower) = self.by_request.get_mut(&row.request) else { continue };
            let Some(known) = follower.told[row.sample] else { continue };
            let completion = &row.completion;
            let wanted = (follower.listener)(CompletionNews {
                sample: row.sample,
                token_ids: &completion.token_ids[known..],
                logprobs: &completion.logprobs[known..],
                finish_reason: row.is_finished.then_some(completion.finish_reason),
            });
            row.is_finished |= !wanted;
            let known = completion.token_ids.len();
            follower.told[row.sample] = (!row.is_finished).then_some(known);
            if row.is_finished {
                over += 1;
                if follower.told.iter().all(Option::is_none) {
                    self.by_request.remove(&row.request);
                }
            }
        }
        over
    }
}
