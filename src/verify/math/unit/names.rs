//! Spellings of single units, each with the one name that stands for it: its symbol where it has one.

use std::borrow::Cow;

/// Names, and the words for each in small letters and the singular.
const WORDS: [(&str, &[&str]); 52] = [
    ("in", &["inch", "inche", "inches"]),
    ("ft", &["foot", "feet"]),
    ("yd", &["yard"]),
    ("mi", &["mile"]),
    ("lb", &["lb", "lbs"]),
    ("pound", &["pound"]),
    ("oz", &["ounce"]),
    ("t", &["ton", "tonne"]),
    ("s", &["sec", "second"]),
    ("min", &["min", "minute"]),
    ("h", &["hr", "hour"]),
    ("day", &["day"]),
    ("week", &["week", "wk"]),
    ("month", &["month"]),
    ("year", &["year", "yr"]),
    ("gallon", &["gallon", "gal"]),
    ("quart", &["quart", "qt"]),
    ("pint", &["pint", "pt"]),
    ("cup", &["cup"]),
    ("tbsp", &["tablespoon", "tbsp"]),
    ("tsp", &["teaspoon", "tsp"]),
    ("acre", &["acre"]),
    ("ha", &["hectare"]),
    ("mph", &["mph"]),
    ("kph", &["kph", "kmh"]),
    ("unit", &["unit"]),
    ("rad", &["radian", "rad"]),
    ("°", &["degree"]),
    ("K", &["kelvin"]),
    ("°C", &["celsius", "centigrade", "°c"]),
    ("°F", &["fahrenheit", "°f"]),
    ("dB", &["decibel"]),
    ("cent", &["cent", "¢"]),
    ("$", &["dollar", "usd", "buck", "$", "us$"]),
    ("€", &["euro", "eur", "€"]),
    ("£", &["gbp", "sterling", "£"]),
    ("¥", &["¥"]),
    ("yen", &["yen", "jpy"]),
    ("yuan", &["yuan", "rmb", "cny"]),
    ("rupee", &["rupee", "inr", "₹", "rs"]),
    ("ruble", &["ruble", "rouble", "rub", "₽"]),
    ("won", &["won", "krw", "₩"]),
    ("shekel", &["shekel", "ils", "₪"]),
    ("dong", &["dong", "vnd", "₫"]),
    ("baht", &["baht", "thb", "฿"]),
    ("franc", &["franc", "chf"]),
    ("peso", &["peso", "mxn"]),
    ("a.m.", &["am"]),
    ("p.m.", &["pm"]),
    ("bit", &["bit"]),
    ("mol", &["mole"]),
    ("°", &["°"]),
];

/// Units of which multiples are made: the symbol, and its words.
const MULTIPLIED: [(&str, &[&str]); 19] = [
    ("m", &["meter", "metre"]),
    ("g", &["gram", "gramme"]),
    ("L", &["liter", "litre"]),
    ("s", &["second", "sec"]),
    ("V", &["volt"]),
    ("W", &["watt"]),
    ("A", &["ampere", "amp"]),
    ("N", &["newton"]),
    ("J", &["joule"]),
    ("Pa", &["pascal"]),
    ("Hz", &["hertz"]),
    ("Ω", &["ohm"]),
    ("F", &["farad"]),
    ("C", &["coulomb"]),
    ("T", &["tesla"]),
    ("B", &["byte"]),
    ("cal", &["calorie"]),
    ("eV", &["electronvolt"]),
    ("mol", &["mole"]),
];

/// Multiples: the symbol and the word.
const PREFIXES: [(&str, &str); 11] = [
    ("k", "kilo"),
    ("M", "mega"),
    ("G", "giga"),
    ("T", "tera"),
    ("h", "hecto"),
    ("d", "deci"),
    ("c", "centi"),
    ("m", "milli"),
    ("μ", "micro"),
    ("n", "nano"),
    ("p", "pico"),
];

/// Symbols of which no multiples are made.
const SYMBOLS: [&str; 15] =
    ["in", "ft", "yd", "mi", "lb", "oz", "min", "h", "gal", "ha", "rad", "K", "dB", "t", "hr"];

/// Short symbols that are units also where they are set like unknowns, right behind a number. `nm` or `mV` there
/// may be products.
const PLAIN: [&str; 29] = [
    "mm", "cm", "dm", "km", "in", "ft", "yd", "mi", "mg", "kg", "lb", "oz", "ms", "hr", "ml", "mL", "dL",
    "cL", "kW", "kV", "kN", "kJ", "Hz", "Pa", "GB", "MB", "TB", "am", "pm",
];

/// Whether a plain word behind a number is a unit rather than unknowns multiplied.
pub(crate) fn is_known_plain(word: &str) -> bool {
    PLAIN.contains(&word)
        || word.len() > 1
            && name(word).is_some()
            && (word.len() > 2 || PLAIN.contains(&word.to_lowercase().as_str()))
}

/// The name of a unit by one of its symbols or words; `None` for any other word.
pub(super) fn name(word: &str) -> Option<Cow<'static, str>> {
    symbol(word).or_else(|| {
        let lower = word.to_lowercase();
        let singular = lower.strip_suffix('s').filter(|singular| !singular.is_empty()).unwrap_or(&lower);
        by_word(&lower)
            .or_else(|| by_word(singular))
            .or_else(|| (word.len() > 1 && word != "Nm").then(|| symbol(&lower)).flatten())
    })
}

/// A symbol as it must be written: `mW` is not `MW`.
pub(super) fn symbol(word: &str) -> Option<Cow<'static, str>> {
    if let Some(symbol) = SYMBOLS.iter().find(|symbol| **symbol == word) {
        return Some(Cow::Borrowed(match *symbol {
            "gal" => "gallon",
            "hr" => "h",
            symbol => symbol,
        }));
    }
    let base = |word: &str| match word {
        "l" | "ℓ" => Some("L"),
        word => MULTIPLIED.iter().find(|(symbol, _)| *symbol == word).map(|(symbol, _)| *symbol),
    };
    if let Some(base) = base(word) {
        return Some(Cow::Borrowed(base));
    }
    // A time in the afternoon is written far more often than picometres.
    let word = word.strip_prefix('u').map_or(Cow::Borrowed(word), |rest| Cow::Owned(format!("μ{rest}")));
    let (prefix, rest) =
        PREFIXES.iter().find_map(|(prefix, _)| Some((prefix, word.strip_prefix(prefix)?)))?;
    let base = base(rest).filter(|_| word != "pm")?;
    Some(Cow::Owned(format!("{prefix}{base}")))
}

/// A word in small letters and the singular: "metre", "millimetre".
fn by_word(word: &str) -> Option<Cow<'static, str>> {
    if let Some((name, _)) = WORDS.iter().find(|(_, words)| words.contains(&word)) {
        return Some(Cow::Borrowed(name));
    }
    let base =
        |word: &str| MULTIPLIED.iter().find(|(_, words)| words.contains(&word)).map(|(symbol, _)| *symbol);
    if let Some(base) = base(word) {
        return Some(Cow::Borrowed(base));
    }
    let (symbol, rest) =
        PREFIXES.iter().find_map(|(symbol, prefix)| Some((symbol, word.strip_prefix(prefix)?)))?;
    Some(Cow::Owned(format!("{symbol}{}", base(rest)?)))
}
