//! The words that are understood around an answer.

type Phrases = &'static [&'static [&'static str]];

/// Words before an answer that say nothing about its value.
pub(super) const OPENINGS: Phrases = &[
    &["so"],
    &["thus"],
    &["hence"],
    &["therefore"],
    &["then"],
    &["the", "final", "answer", "is"],
    &["the", "answer", "is"],
    &["answer", "is"],
    &["the", "solution", "is"],
    &["we", "get"],
    &["we", "have"],
    &["it", "is"],
    &["the", "point"],
    &["about"],
    &["approximately"],
    &["approx"],
    &["roughly"],
    &["around"],
    &["nearly"],
];

/// Words between an exact value and its approximation.
pub(super) const APPROXIMATIONS: Phrases = &[
    &["or", "approximately"],
    &["or", "about"],
    &["or", "roughly"],
    &["or", "around"],
    &["which", "is", "approximately"],
    &["which", "is", "about"],
    &["approximately"],
    &["approx"],
];

/// Words before an approximation that stands in brackets.
pub(super) const HEDGES: Phrases = &[
    &["approximately"],
    &["approx"],
    &["about"],
    &["or", "about"],
    &["roughly"],
    &["or", "approximately"],
    &["around"],
];

/// Words before a condition.
pub(super) const CONDITIONS: Phrases = &[
    &["for", "all"],
    &["for", "any"],
    &["for", "every"],
    &["for", "each"],
    &["for", "some"],
    &["for"],
    &["where"],
    &["whenever"],
    &["when"],
    &["if"],
    &["with"],
    &["provided", "that"],
    &["provided"],
    &["as", "long", "as"],
    &["given", "that"],
    &["given"],
    &["assuming"],
    &["such", "that"],
];

/// Words before a reason.
pub(super) const REASONS: Phrases = &[&["because"], &["since"], &["due", "to"], &["as"]];

/// Words before a description, which is words alone.
pub(super) const DESCRIPTIONS: Phrases =
    &[&["is", "the"], &["is", "a"], &["is", "an"], &["is", "our"], &["is", "correct"], &["is", "right"]];

/// Everything that a value may be.
pub(super) const EVERYTHING: Phrases = &[
    &["all", "real", "numbers"],
    &["all", "reals"],
    &["all", "real", "values"],
    &["the", "real", "numbers"],
    &["any", "real", "number"],
    &["all", "numbers"],
];

/// Words that deny a value or only bound it.
pub(super) const DENIALS: Phrases = &[
    &["not"],
    &["never"],
    &["neither"],
    &["nor"],
    &["isn"],
    &["isnt"],
    &["wasn"],
    &["cannot"],
    &["wrong"],
    &["incorrect"],
    &["false"],
    &["unless"],
    &["but"],
    &["except"],
    &["either"],
    &["instead"],
    &["between"],
    &["at", "least"],
    &["at", "most"],
    &["more", "than"],
    &["less", "than"],
    &["greater", "than"],
    &["fewer", "than"],
    &["close", "to"],
    &["twice"],
    &["thrice"],
    &["double"],
    &["triple"],
];

/// Words that multiply a value where they stand in brackets behind it.
pub(super) const MAGNITUDES: Phrases = &[
    &["hundred"],
    &["hundreds"],
    &["thousand"],
    &["thousands"],
    &["million"],
    &["millions"],
    &["billion"],
    &["billions"],
    &["trillion"],
    &["trillions"],
    &["dozen"],
    &["dozens"],
];

/// Words behind which comes another value.
pub(super) const ALTERNATIVES: [&str; 5] = ["or", "otherwise", "else", "elsewhere", "but"];

/// The sort of number that words say letters are.
pub(super) fn sort(words: &[String]) -> Option<char> {
    let said = |word: &str| words.iter().any(|other| other == word || other.strip_suffix('s') == Some(word));
    Some(match () {
        () if said("integer") && said("positive") => 'P',
        () if said("natural") || (said("integer") && (said("nonnegative") || said("negative"))) => 'N',
        () if said("integer") || said("whole") => 'Z',
        () if said("rational") => 'Q',
        () if said("complex") => 'C',
        () if said("real") || said("constant") || said("number") || said("arbitrary") => 'R',
        () => return None,
    })
}

/// Whether a word only helps to say of what sort a letter is.
pub(super) fn is_of_sort(word: &str) -> bool {
    matches!(
        word,
        "is" | "are"
            | "a"
            | "an"
            | "any"
            | "all"
            | "every"
            | "each"
            | "some"
            | "the"
            | "of"
            | "that"
            | "be"
            | "integer"
            | "integers"
            | "whole"
            | "number"
            | "numbers"
            | "real"
            | "reals"
            | "constant"
            | "constants"
            | "arbitrary"
            | "positive"
            | "natural"
            | "rational"
            | "complex"
            | "nonnegative"
            | "non"
            | "negative"
            | "value"
            | "values"
            | "integration"
            | "and"
            | "where"
            | "with"
            | "parameter"
            | "denotes"
            | "being"
            | "free"
            | "can"
    )
}

/// Whether a word in brackets behind an answer says nothing that its value depends on.
pub(super) fn is_assent(word: &str) -> bool {
    matches!(
        word,
        "both"
            | "valid"
            | "are"
            | "is"
            | "solution"
            | "solutions"
            | "answer"
            | "answers"
            | "correct"
            | "the"
            | "only"
            | "final"
            | "exact"
            | "simplified"
            | "checked"
    )
}
