//! The constraints that labels can name, one file per family. Knows their names and arguments; how responses are
//! counted and divided is in the rooms beside it.

mod copying;
mod count;
mod csv;
mod custom;
mod format;
mod functions;
mod geography;
mod ifeval;
mod quoting;
mod ratio;
mod sentence;
mod training;
mod words;

use super::definition;
pub(super) use definition::Definition;

/// Published constraints that a program without a model or a dictionary cannot check, and why.
pub(super) const LEFT_OUT: [(&str, &str); 2] = [
    ("words:start_verb", "whether a word is a verb takes a part-of-speech tagger"),
    ("words:odd_even_syllables", "counting syllables takes a pronouncing dictionary"),
];

/// The functions that `func_name` names.
pub(super) fn functions() -> Vec<&'static Definition> {
    functions::DEFINITIONS.iter().collect()
}

/// The instructions that `instruction_id` names.
pub(super) fn identifiers() -> Vec<&'static Definition> {
    let families = [
        ifeval::DEFINITIONS,
        count::DEFINITIONS,
        ratio::DEFINITIONS,
        words::DEFINITIONS,
        sentence::DEFINITIONS,
        format::DEFINITIONS,
        quoting::DEFINITIONS,
        custom::DEFINITIONS,
        copying::DEFINITIONS,
        training::DEFINITIONS,
    ];
    families.into_iter().flatten().collect()
}
