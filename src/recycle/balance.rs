//! Labels balanced by construction: what a batch may be labelled, and what it is.

use crate::random::Stream;

/// The labels that a group can truthfully supply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offer {
    /// All its answers are right (`true`), or all are wrong.
    Only(bool),
    /// It has answers of both sorts.
    Either,
}

/// Chooses a label for each offer, or drops it, so that a share of `share` is labelled `true`.
///
/// `imbalance` is what earlier batches left over, and is carried on. With a share of ½ an item counts
/// ½ for or against, and at the end the imbalance is at most ½ wherever the offers allow it: of the
/// offers right, right, right, either, the last is labelled wrong and one of the first is dropped.
pub fn balance(offers: &[Offer], share: f64, imbalance: &mut f64, stream: &mut Stream) -> Vec<Option<bool>> {
    let value = |label: bool| if label { 1.0 - share } else { -share };
    let tolerance = share.max(1.0 - share);
    let mut labels: Vec<Option<bool>> = offers
        .iter()
        .map(|offer| match offer {
            Offer::Only(label) => Some(*label),
            Offer::Either => None,
        })
        .collect();
    *imbalance += labels.iter().flatten().map(|&label| value(label)).sum::<f64>();
    for (label, _) in labels.iter_mut().zip(offers).filter(|(_, offer)| **offer == Offer::Either) {
        let [with_right, with_wrong] = [true, false].map(|label| (*imbalance + value(label)).abs());
        let chosen = if with_right == with_wrong { stream.chance(0.5) } else { with_right < with_wrong };
        *label = Some(chosen);
        *imbalance += value(chosen);
    }
    let surplus = *imbalance > 0.0;
    let mut droppable: Vec<usize> = (0..offers.len()).filter(|&i| offers[i] == Offer::Only(surplus)).collect();
    stream.shuffle(&mut droppable);
    // A hair of slack: the shares need not be exact in binary.
    while imbalance.abs() > tolerance + 1e-9 {
        let Some(index) = droppable.pop() else { break };
        labels[index] = None;
        *imbalance -= value(surplus);
    }
    labels
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn counts(labels: &[Option<bool>]) -> (i64, i64) {
        let count = |wanted| labels.iter().filter(|label| **label == Some(wanted)).count() as i64;
        (count(true), count(false))
    }

    #[test]
    fn the_documented_example() {
        let offers = [Offer::Only(true), Offer::Only(true), Offer::Only(true), Offer::Either];
        let mut imbalance = 0.0;
        let labels = balance(&offers, 0.5, &mut imbalance, &mut Stream::new(&[1]));
        assert_eq!((counts(&labels), imbalance), ((2, 1), 0.5));
    }

    fn offers() -> impl Strategy<Value = Vec<Offer>> {
        let offer = prop_oneof![Just(Offer::Only(true)), Just(Offer::Only(false)), Just(Offer::Either)];
        proptest::collection::vec(offer, 0..40)
    }

    proptest! {
        #[test]
        fn labels_are_true_and_balanced(batches in proptest::collection::vec(offers(), 1..6), seed: u64) {
            let mut stream = Stream::new(&[seed]);
            let mut imbalance = 0.0;
            let mut total = (0, 0);
            for offers in &batches {
                let labels = balance(offers, 0.5, &mut imbalance, &mut stream);
                for (offer, label) in offers.iter().zip(&labels) {
                    if let (Offer::Only(only), Some(label)) = (offer, label) {
                        prop_assert_eq!(only, label);
                    }
                }
                let (right, wrong) = counts(&labels);
                total = (total.0 + right, total.1 + wrong);
                prop_assert!((total.0 - total.1).abs() <= 1, "{:?}", total);
            }
        }

        #[test]
        fn a_share_is_kept_to_within_one_item(offers in offers(), share in 0.0..=1.0f64) {
            let mut imbalance = 0.0;
            let labels = balance(&offers, share, &mut imbalance, &mut Stream::new(&[2]));
            let (right, wrong) = counts(&labels);
            let expected = share * (right + wrong) as f64;
            prop_assert!((right as f64 - expected).abs() <= 1.0 + 1e-6);
        }
    }
}
