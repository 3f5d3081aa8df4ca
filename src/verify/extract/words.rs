//! Words that mean something in a formula or behind a number.

/// A function that is written out.
pub(crate) fn is_function(word: &str) -> bool {
    const FUNCTIONS: [&str; 29] = [
        "sqrt", "cbrt", "root", "log", "ln", "lg", "exp", "sin", "cos", "tan", "cot", "sec", "csc", "arcsin",
        "arccos", "arctan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "abs", "gcd", "lcm", "floor",
        "ceil", "max", "min",
    ];
    FUNCTIONS.contains(&word)
}

/// A number that has a name.
pub(crate) fn is_constant(word: &str) -> bool {
    matches!(word, "pi" | "Pi" | "π" | "infinity")
}

/// A command that sets words rather than mathematics, or only space.
pub(crate) fn is_text_command(command: &str) -> bool {
    matches!(
        command,
        "\\text"
            | "\\textbf"
            | "\\textit"
            | "\\textrm"
            | "\\mbox"
            | "\\mathrm"
            | "\\mathbf"
            | "\\emph"
            | "\\quad"
            | "\\qquad"
            | "\\boxed"
            | "\\box"
            | "\\fbox"
            | "\\rightarrow"
            | "\\Rightarrow"
            | "\\implies"
            | "\\to"
            | "\\therefore"
            | "\\because"
            | "\\end"
            | "\\begin"
            | "\\item"
            | "\\n"
    )
}

/// A command that sizes the bracket behind it.
pub(crate) fn is_size(command: &str) -> bool {
    matches!(command, "\\left" | "\\right")
}

/// A letter that behind a number, with a space between them, is a unit rather than an unknown.
pub(crate) fn is_unit_letter(letter: &str) -> bool {
    matches!(letter, "m" | "g" | "s" | "h" | "l" | "L" | "V" | "W" | "N" | "J" | "K" | "C" | "F" | "A" | "T")
}

/// A unit that is short for a word.
pub(crate) fn is_unit_word(word: &str) -> bool {
    const UNITS: [&str; 27] = [
        "mm", "cm", "dm", "km", "mi", "mg", "kg", "ml", "mL", "ft", "in", "yd", "lb", "lbs", "oz", "hr",
        "hrs", "min", "sec", "ms", "mph", "kph", "kmh", "hz", "Hz", "yr", "yrs",
    ];
    UNITS.contains(&word)
}

/// A few letters that may be unknowns side by side: no unit, ending of an ordinal, or short word.
pub(crate) fn is_variable_cluster(word: &str) -> bool {
    const WORDS: [&str; 9] = ["st", "nd", "rd", "th", "am", "pm", "bn", "and", "or"];
    let length = word.chars().count();
    (1..=3).contains(&length)
        && word.chars().all(char::is_alphabetic)
        && !WORDS.contains(&word.to_ascii_lowercase().as_str())
        && !is_unit_word(word)
}

/// Units in words, which behind a number are part of the answer: five metres are not five centimetres.
const MEASURES: [&str; 72] = [
    "mm",
    "cm",
    "dm",
    "km",
    "meter",
    "meters",
    "metre",
    "metres",
    "millimeter",
    "millimeters",
    "centimeter",
    "centimeters",
    "centimetres",
    "millimetres",
    "kilometer",
    "kilometers",
    "kilometre",
    "kilometres",
    "inch",
    "inches",
    "foot",
    "feet",
    "yard",
    "yards",
    "mile",
    "miles",
    "mg",
    "kg",
    "gram",
    "grams",
    "kilogram",
    "kilograms",
    "milligrams",
    "pound",
    "pounds",
    "ounce",
    "ounces",
    "ton",
    "tons",
    "tonnes",
    "second",
    "seconds",
    "minute",
    "minutes",
    "hour",
    "hours",
    "day",
    "days",
    "week",
    "weeks",
    "month",
    "months",
    "year",
    "years",
    "ml",
    "liter",
    "liters",
    "litre",
    "litres",
    "milliliters",
    "gallon",
    "gallons",
    "quart",
    "quarts",
    "pint",
    "pints",
    "mph",
    "hz",
    "volts",
    "watts",
    "joules",
    "newtons",
];

/// What a word behind a number makes of its value: a percentage, a magnitude, a unit, another currency or angle.
/// Other words (apples) leave it as it is.
pub(crate) fn meaning_behind(word: &str, next: &str) -> Option<String> {
    let lower = word.to_lowercase();
    match lower.as_str() {
        "%" | "\\%" | "percent" | "pct" | "percents" => Some("\\%".to_owned()),
        "per" if next.eq_ignore_ascii_case("cent") => Some("\\%".to_owned()),
        "¢" | "€" | "£" | "¥" | "₹" => Some(lower),
        "cent" | "cents" | "dozen" | "dozens" | "hundred" | "hundreds" | "thousand" | "thousands"
        | "million" | "millions" | "billion" | "billions" | "trillion" | "trillions" | "dollars"
        | "dollar" | "euros" | "euro" | "radians" | "radian" | "degrees" | "degree" => {
            Some(format!(" {lower}"))
        }
        "am" | "pm" | "a.m" | "p.m" => Some(format!(" {}", lower.replace('.', ""))),
        _ if MEASURES.contains(&lower.as_str()) => Some(format!(" {lower}")),
        _ => None,
    }
}
