//! One of two labels for each item of a batch, balanced by construction.

use super::tally::EitherCounts;
use crate::random::Stream;

/// The labels that an item can truthfully have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Offer {
    /// This one only.
    Only(bool),
    /// Either of the two.
    Either,
}

/// How many of `labels` are `label`.
fn count(labels: &[Option<bool>], label: bool) -> usize {
    labels.iter().filter(|given| **given == Some(label)).count()
}

/// A label per offer, or none where the offer is dropped.
///
/// With a share of ½ an item weighs ½ for or against. The surplus ends within ½ of zero both over this
/// batch and over all batches so far, so |true − false| ≤ 1 for each: of the offers right, right, right,
/// either, the last is labelled wrong and one of the first is dropped.
#[derive(Debug, Clone)]
pub(super) struct EitherLabels {
    labels: Vec<Option<bool>>,
    share: f64,
    /// The least surplus over all batches that the batch may end with.
    low: f64,
    /// The greatest.
    high: f64,
    surplus: f64,
}

impl EitherLabels {
    /// Labels `offers` so that a share of `share` is `true`, after the items in `before`.
    pub(super) fn balanced(offers: &[Offer], share: f64, before: EitherCounts, stream: &mut Stream) -> Self {
        let surplus = before.surplus(share);
        let low = (surplus - 0.5).max(-0.5);
        let high = (surplus + 0.5).min(0.5);
        let mut balance = Self { labels: vec![None; offers.len()], share, low, high, surplus };
        for (index, offer) in offers.iter().enumerate() {
            if let Offer::Only(label) = offer {
                balance.give(index, *label);
            }
        }
        for (index, _) in offers.iter().enumerate().filter(|(_, offer)| **offer == Offer::Either) {
            let label = balance.nearer(balance.weight(true), balance.weight(false), stream);
            balance.give(index, label);
        }
        while balance.outside(balance.surplus) > 0.0 && balance.made() > 0 {
            balance.drop_one(stream);
        }
        balance
    }

    /// Drops at random until `most` are left, and keeps the balance.
    pub(super) fn limit(&mut self, most: usize, stream: &mut Stream) {
        while self.made() > most {
            self.drop_one(stream);
        }
    }

    /// Offers that have a label.
    pub(super) fn made(&self) -> usize {
        self.labels.iter().flatten().count()
    }

    /// The label of each offer, in order.
    pub(super) fn as_slice(&self) -> &[Option<bool>] {
        &self.labels
    }

    fn weight(&self, label: bool) -> f64 {
        if label { 1.0 - self.share } else { -self.share }
    }

    fn give(&mut self, index: usize, label: bool) {
        self.labels[index] = Some(label);
        self.surplus += self.weight(label);
    }

    fn drop_one(&mut self, stream: &mut Stream) {
        let label = match [true, false].map(|label| count(&self.labels, label) > 0) {
            [true, true] => self.nearer(-self.weight(true), -self.weight(false), stream),
            [has_positive, _] => has_positive,
        };
        let labelled: Vec<usize> =
            (0..self.labels.len()).filter(|&i| self.labels[i] == Some(label)).collect();
        let index = *stream.choose(&labelled).expect("only called while a label is left to drop");
        self.labels[index] = None;
        self.surplus -= self.weight(label);
    }

    /// Whether the first change leaves a better balance than the second; a coin decides between equals.
    fn nearer(&self, first: f64, second: f64, stream: &mut Stream) -> bool {
        let cost = |change: f64| (self.outside(self.surplus + change), (self.surplus + change).abs());
        let (first, second) = (cost(first), cost(second));
        if first == second { stream.chance(0.5) } else { first < second }
    }

    /// How far a surplus lies outside the bounds. A hair of slack: shares need not be exact in binary.
    fn outside(&self, surplus: f64) -> f64 {
        const SLACK: f64 = 1e-9;
        let distance = (self.low - surplus).max(surplus - self.high);
        if distance > SLACK { distance } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Items labelled `true` less those labelled `false`.
    fn difference(labels: &[Option<bool>]) -> i64 {
        count(labels, true) as i64 - count(labels, false) as i64
    }

    fn add(counts: &mut EitherCounts, labels: &[Option<bool>]) {
        counts.positive += count(labels, true) as u64;
        counts.negative += count(labels, false) as u64;
    }

    fn balanced(offers: &[Offer], share: f64) -> Vec<Option<bool>> {
        EitherLabels::balanced(offers, share, EitherCounts::default(), &mut Stream::new(&[1])).labels
    }

    #[test]
    fn the_documented_example() {
        let labels = balanced(&[Offer::Only(true), Offer::Only(true), Offer::Only(true), Offer::Either], 0.5);
        assert_eq!((count(&labels, true), count(&labels, false), labels[3]), (2, 1, Some(false)));
    }

    #[test]
    fn a_share_of_none_makes_none() {
        assert_eq!(balanced(&[Offer::Only(true), Offer::Only(false)], 0.0), [None, Some(false)]);
        assert_eq!(balanced(&[Offer::Only(true), Offer::Only(false)], 1.0), [Some(true), None]);
    }

    fn offers() -> impl Strategy<Value = Vec<Offer>> {
        let offer = prop_oneof![Just(Offer::Only(true)), Just(Offer::Only(false)), Just(Offer::Either)];
        proptest::collection::vec(offer, 0..40)
    }

    proptest! {
        #[test]
        fn labels_are_true_and_balanced_in_each_batch_and_over_all(
            batches in proptest::collection::vec((offers(), 0..40usize), 1..6), seed: u64,
        ) {
            let mut stream = Stream::new(&[seed]);
            let mut tally = EitherCounts::default();
            for (offers, most) in &batches {
                let mut balance = EitherLabels::balanced(offers, 0.5, tally, &mut stream);
                let made = balance.made();
                balance.limit(*most, &mut stream);
                prop_assert_eq!(balance.made(), made.min(*most));
                for (offer, label) in offers.iter().zip(balance.as_slice()) {
                    if let (Offer::Only(only), Some(label)) = (offer, label) {
                        prop_assert_eq!(only, label);
                    }
                }
                add(&mut tally, balance.as_slice());
                prop_assert!(difference(balance.as_slice()).abs() <= 1);
                prop_assert!(tally.positive.abs_diff(tally.negative) <= 1, "{:?}", tally);
            }
        }

        #[test]
        fn nothing_is_dropped_that_could_be_balanced(batches in proptest::collection::vec(offers(), 1..4)) {
            let mut stream = Stream::new(&[2]);
            let mut tally = EitherCounts::default();
            for offers in &batches {
                let labels = EitherLabels::balanced(offers, 0.5, tally, &mut stream);
                let only: Vec<Option<bool>> = offers
                    .iter()
                    .map(|offer| match offer { Offer::Only(label) => Some(*label), Offer::Either => None })
                    .collect();
                let either = only.iter().filter(|label| label.is_none()).count();
                let surplus = (difference(&only).unsigned_abs() as usize).saturating_sub(either);
                prop_assert!(offers.len() - labels.made() <= surplus);
                add(&mut tally, labels.as_slice());
            }
        }

        #[test]
        fn a_share_is_kept_to_within_one_item(
            batches in proptest::collection::vec((offers(), 0..40usize), 1..6), share in 0.0..=1.0f64,
        ) {
            let mut stream = Stream::new(&[3]);
            let mut tally = EitherCounts::default();
            for (offers, most) in &batches {
                let mut labels = EitherLabels::balanced(offers, share, tally, &mut stream);
                labels.limit(*most, &mut stream);
                prop_assert!(labels.made() <= *most);
                add(&mut tally, labels.as_slice());
                prop_assert!(tally.surplus(share).abs() <= 1.0 + 1e-6, "{:?} {}", tally, tally.surplus(share));
            }
        }
    }
}
