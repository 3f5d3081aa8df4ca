//! A configuration of nested values with flat keys: `train.clip_low` is `loss.clip.low`.
//!
//! Serde's `flatten` would not refuse unknown keys, nor say which line of a recipe a bad value is in.

use std::{fmt, marker::PhantomData};

use serde::de::{DeserializeSeed, Deserializer, Error, Visitor};

/// A key that must be one of some.
pub(super) struct KnownKey(pub &'static [&'static str]);

impl<'de> DeserializeSeed<'de> for KnownKey {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for KnownKey {
    type Value = String;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("field identifier")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<String, E> {
        match self.0.contains(&key) {
            true => Ok(key.to_owned()),
            false => Err(E::unknown_field(key, self.0)),
        }
    }
}

/// Reads a configuration, field by field.
pub(super) struct FieldVisitor<T>(pub PhantomData<T>);

/// Serializes a type as a flat table of `key` or `key: path.to.value`, in this order. What is left out keeps its
/// default, which `complete` may fit to the keys that are given; an unknown key is refused by name.
macro_rules! flat_settings {
    ($config:ident { $($key:ident $(: $($step:ident).+)?),* $(,)? }) => {
        impl $config {
            /// The keys of its table.
            const KEYS: &'static [&'static str] = &[$(stringify!($key)),*];
        }

        impl serde::Serialize for $config {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeStruct;
                let config = self;
                let mut table = serializer.serialize_struct(stringify!($config), Self::KEYS.len())?;
                $(table.serialize_field(stringify!($key), &flat_settings!(@value config $key $($($step)+)?))?;)*
                table.end()
            }
        }

        impl<'de> serde::Deserialize<'de> for $config {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let visitor = $crate::train::settings::FieldVisitor::<Self>(std::marker::PhantomData);
                deserializer.deserialize_struct(stringify!($config), Self::KEYS, visitor)
            }
        }

        impl<'de> serde::de::Visitor<'de> for $crate::train::settings::FieldVisitor<$config> {
            type Value = $config;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(concat!("struct ", stringify!($config)))
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<$config, A::Error> {
                let mut config = $config::default();
                let mut given = Vec::new();
                let key = || $crate::train::settings::KnownKey($config::KEYS);
                while let Some(key) = map.next_key_seed(key())? {
                    match key.as_str() {
                        $(stringify!($key) => {
                            flat_settings!(@value config $key $($($step)+)?) = map.next_value()?;
                        })*
                        _ => unreachable!("a key is known"),
                    }
                    given.push(key);
                }
                config.complete(&given);
                Ok(config)
            }
        }
    };
    (@value $config:ident $key:ident) => { $config.$key };
    (@value $config:ident $key:ident $($step:ident)+) => { $config$(.$step)+ };
}

pub(super) use flat_settings;
