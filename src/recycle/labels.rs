//! A label for each draft of one recipe in one step: one of two, or one of many places.

use super::{
    balance::{EitherLabels, Offer},
    tally::{PlaceCounts, Tally},
};
use crate::random::Stream;

/// Labels of a batch of drafts, each of which is given by which of its variants exist.
#[derive(Debug)]
pub(super) struct Labels {
    /// The drafts with two variants.
    either: Vec<usize>,
    either_labels: EitherLabels,
    /// The other drafts, in their order: draft, variants, place.
    placed: Vec<[usize; 3]>,
}

impl Labels {
    /// Labels the drafts so that `share` of those with two variants are positive, and so that the others use
    /// each place equally often, after what `tally` holds.
    pub(super) fn balanced(drafts: &[Vec<bool>], share: f64, tally: &Tally, stream: &mut Stream) -> Self {
        let either: Vec<usize> = (0..drafts.len()).filter(|&draft| drafts[draft].len() == 2).collect();
        let offers: Vec<Offer> = either.iter().map(|&draft| offer(&drafts[draft])).collect();
        let either_labels = EitherLabels::balanced(&offers, share, tally.either, stream);
        let (mut all, mut batch) = (tally.places.clone(), PlaceCounts::default());
        let mut placed = Vec::new();
        for (draft, variants) in
            drafts.iter().map(Vec::len).enumerate().filter(|(_, variants)| *variants != 2)
        {
            let place = all.next(variants, &batch, stream);
            all.add(variants, place);
            batch.add(variants, place);
            placed.push([draft, variants, place]);
        }
        Self { either, either_labels, placed }
    }

    /// How many drafts have a label.
    pub(super) fn made(&self) -> usize {
        self.either_labels.made() + self.placed.len()
    }

    /// Drops labels until `most` are left, and keeps the balance.
    pub(super) fn limit(&mut self, most: usize, stream: &mut Stream) {
        self.placed.truncate(most);
        self.either_labels.limit(most - self.placed.len(), stream);
    }

    /// Counts what is labelled.
    pub(super) fn count(&self, tally: &mut Tally) {
        for label in self.either_labels.as_slice().iter().flatten() {
            *(if *label { &mut tally.either.positive } else { &mut tally.either.negative }) += 1;
        }
        for &[_, variants, place] in &self.placed {
            tally.places.add(variants, place);
        }
    }

    /// The drafts that have a label, in their order, and which of their variants it is.
    pub(super) fn chosen(&self) -> Vec<(usize, usize)> {
        let either = self.either.iter().zip(self.either_labels.as_slice());
        let either = either.filter_map(|(&draft, label)| Some((draft, usize::from(!(*label)?))));
        let mut chosen: Vec<(usize, usize)> =
            either.chain(self.placed.iter().map(|&[draft, _, place]| (draft, place))).collect();
        chosen.sort_unstable();
        chosen
    }
}

fn offer(variants: &[bool]) -> Offer {
    match *variants {
        [true, true] => Offer::Either,
        [positive, _] => Offer::Only(positive),
        _ => unreachable!("only drafts with two variants are asked"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_labels_and_places_stand_side_by_side() {
        let drafts = [vec![true, false], vec![true; 3], vec![false, true], vec![true], vec![true; 3]];
        let mut tally = Tally::default();
        let mut labels = Labels::balanced(&drafts, 0.5, &tally, &mut Stream::new(&[1]));
        let chosen = labels.chosen();
        assert_eq!((labels.made(), chosen[0], chosen[2], chosen[3]), (5, (0, 0), (2, 1), (3, 0)));
        assert_ne!(chosen[1].1, chosen[4].1);
        labels.limit(4, &mut Stream::new(&[1]));
        assert_eq!(labels.made(), 4);
        labels.count(&mut tally);
        assert_eq!(tally.either.positive + tally.either.negative, 1);
    }
}
