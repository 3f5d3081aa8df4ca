//! A batch that a command is working on: which queries have been answered, and which are still open.

use super::{
    lines,
    reward::{RewardQuery, Scored, Unscored},
};

/// The queries of a batch under consecutive ids, and the replies so far.
#[derive(Debug)]
pub(crate) struct Pending<'a> {
    first_id: u64,
    queries: &'a [RewardQuery<'a>],
    scored: Vec<Option<Scored>>,
}

impl<'a> Pending<'a> {
    /// A batch of which nothing is answered; its ids begin at `first_id`.
    pub(crate) fn new(first_id: u64, queries: &'a [RewardQuery<'a>]) -> Self {
        Self { first_id, queries, scored: vec![None; queries.len()] }
    }

    /// Queries without a reply.
    pub(crate) fn unanswered(&self) -> usize {
        self.scored.iter().filter(|scored| scored.is_none()).count()
    }

    /// The lines that ask for what is unanswered.
    pub(crate) fn questions(&self) -> Vec<u8> {
        let asked = self.queries.iter().zip(self.first_id..).zip(&self.scored);
        asked
            .filter(|(_, scored)| scored.is_none())
            .flat_map(|((query, id), _)| lines::question(id, query))
            .collect()
    }

    /// Takes a line of the command; false when it replies to none of the unanswered queries.
    pub(crate) fn take(&mut self, line: &[u8]) -> bool {
        let Some(reply) = lines::reply(line) else { return false };
        let place = reply.id.checked_sub(self.first_id).and_then(|place| usize::try_from(place).ok());
        match place.and_then(|place| self.scored.get_mut(place)) {
            Some(slot @ None) => {
                *slot = Some(reply.scored);
                true
            }
            _ => false,
        }
    }

    /// The results in the queries' order; what is unanswered has `failure` as its reason.
    pub(crate) fn finish(self, failure: &Unscored) -> Vec<Scored> {
        self.scored.into_iter().map(|scored| scored.unwrap_or_else(|| Err(failure.clone()))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_find_their_queries_and_the_rest_is_asked_again() {
        let query = |response| RewardQuery { prompt: "p", response, label: "l" };
        let queries = [query("a"), query("b"), query("c")];
        let mut pending = Pending::new(10, &queries);
        assert_eq!(pending.questions().iter().filter(|byte| **byte == b'\n').count(), 3);

        assert!(pending.take(br#"{"id": 12, "reward": 3}"#));
        assert!(pending.take(br#"{"id": 10, "reward": 1}"#));
        for stray in [
            "loading",
            r#"{"id": 9, "reward": 0}"#,
            r#"{"id": 13, "reward": 0}"#,
            r#"{"id": 10, "reward": 0}"#,
        ] {
            assert!(!pending.take(stray.as_bytes()), "{stray}");
        }
        assert_eq!(pending.unanswered(), 1);
        assert_eq!(pending.questions(), lines::question(11, &queries[1]));

        let gone = Unscored { reason: "gone".to_owned() };
        let scored = pending.finish(&gone);
        assert_eq!(scored[0].as_ref().unwrap().reward, 1.0);
        assert_eq!(scored[1], Err(gone));
        assert_eq!(scored[2].as_ref().unwrap().reward, 3.0);
    }
}
