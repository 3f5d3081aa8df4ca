//! What each kind of problem counts in the loss (`train.kind_weights`).

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, Visitor},
};

use crate::data::Kind;

/// A weight per kind of problem, by name; 1 where nothing else is said.
///
/// `{ reason = 3.0, pairwise = 0.5 }`: reasoning counts threefold, pairwise judging half, and so does `choice`, which
/// follows it.
#[derive(Debug, Clone, PartialEq)]
pub struct KindWeights(Vec<(Kind, f64)>);

impl Default for KindWeights {
    fn default() -> Self {
        Self(vec![
            (Kind::REASON, 1.0),
            (Kind::POINTWISE, 1.0),
            (Kind::PAIRWISE, 1.0),
            (Kind::REFLECTION, 1.0),
        ])
    }
}

impl KindWeights {
    /// The weight of a kind.
    pub fn of(&self, kind: Kind) -> f64 {
        let named = |kind: Kind| self.0.iter().find(|(known, _)| *known == kind).map(|(_, weight)| *weight);
        named(kind).or_else(|| named(kind.like()?)).unwrap_or(1.0)
    }

    /// The same with another weight for a kind.
    #[must_use]
    pub fn with(mut self, kind: Kind, weight: f64) -> Self {
        match self.0.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, known)) => *known = weight,
            None => self.0.push((kind, weight)),
        }
        self
    }

    /// The weights that are set, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (Kind, f64)> + '_ {
        self.0.iter().copied()
    }
}

impl Serialize for KindWeights {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|(kind, weight)| (kind.name(), weight)))
    }
}

impl<'de> Deserialize<'de> for KindWeights {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KindWeightsVisitor;
        impl<'de> Visitor<'de> for KindWeightsVisitor {
            type Value = KindWeights;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("weights by kind of problem, for example { reason = 3.0 }")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<KindWeights, A::Error> {
                let mut weights = KindWeights::default();
                while let Some((kind, weight)) = map.next_entry()? {
                    weights = weights.with(kind, weight);
                }
                Ok(weights)
            }
        }
        deserializer.deserialize_map(KindWeightsVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_counts_what_is_said_of_it_or_of_the_kind_it_once_was() {
        let weights: KindWeights = toml::from_str("reason = 3.0\npairwise = 0.5\n\"mine\" = 2.0").unwrap();
        let of = |name: &'static str| weights.of(Kind::new(name));
        assert_eq!(["reason", "pointwise", "pairwise"].map(of), [3.0, 1.0, 0.5]);
        assert_eq!(["choice", "critique", "mine", "other"].map(of), [0.5, 1.0, 2.0, 1.0]);
        let told_apart = weights.clone().with(Kind::new("choice"), 4.0);
        assert_eq!((told_apart.of(Kind::new("choice")), told_apart.of(Kind::PAIRWISE)), (4.0, 0.5));
        let written = toml::to_string(&weights).unwrap();
        assert!(written.starts_with("reason = 3.0\npointwise = 1.0\npairwise = 0.5\nreflection = 1.0\n"));
        assert_eq!(toml::from_str::<KindWeights>(&written).unwrap(), weights);
    }
}
