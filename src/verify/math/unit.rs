//! Units: their spellings, so that `5 cm` and `5 centimetres` are the same and `5 m` is not.

/// Spellings of one unit each; the first is its name.
const UNITS: [&[&str]; 40] = [
    &["mm", "millimeter", "millimetre"],
    &["cm", "centimeter", "centimetre"],
    &["dm", "decimeter", "decimetre"],
    &["m", "meter", "metre"],
    &["km", "kilometer", "kilometre"],
    &["in", "inch", "inche", "inches"],
    &["ft", "foot", "feet"],
    &["yd", "yard"],
    &["mi", "mile"],
    &["mg", "milligram"],
    &["g", "gram", "gramme"],
    &["kg", "kilogram"],
    &["lb", "pound", "lbs"],
    &["oz", "ounce"],
    &["ton", "tonne"],
    &["ms", "millisecond"],
    &["s", "sec", "second"],
    &["min", "minute"],
    &["h", "hr", "hour"],
    &["day"],
    &["week"],
    &["month"],
    &["year", "yr"],
    &["ml", "milliliter", "millilitre"],
    &["l", "liter", "litre"],
    &["gallon", "gal"],
    &["cup"],
    &["mph"],
    &["kph", "kmh"],
    &["hz", "hertz"],
    &["cent", "¢"],
    &["dollar", "usd", "buck"],
    &["euro", "eur"],
    &["yuan", "rmb"],
    &["rupee"],
    &["radian", "rad"],
    &["joule"],
    &["watt"],
    &["volt"],
    &["newton"],
];

/// Whether a plain word behind a number is a unit rather than unknowns multiplied.
pub(crate) fn is_known(word: &str) -> bool {
    word.len() > 1 && name(word).is_some()
}

fn name(word: &str) -> Option<&'static str> {
    let lower = word.to_lowercase();
    let singular = lower.strip_suffix('s').filter(|singular| !singular.is_empty()).unwrap_or(&lower);
    UNITS.iter().find(|unit| unit.contains(&lower.as_str()) || unit.contains(&singular)).map(|unit| unit[0])
}

/// Whether two units certainly differ: each word of both is known, and they are not the same.
pub(crate) fn differ(left: &str, right: &str) -> bool {
    match (canonical(left), canonical(right)) {
        (Some(left), Some(right)) => left != right,
        _ => false,
    }
}

/// Known words by their names, without powers; `None` where a word is unknown.
fn canonical(unit: &str) -> Option<String> {
    let unit = unit.to_lowercase().replace("square", "").replace("cubic", "").replace(" per ", "/");
    let mut result = String::new();
    for (index, part) in unit.split('/').enumerate() {
        result.push_str(if index > 0 { "/" } else { "" });
        for word in part.split(|c: char| !c.is_alphabetic() && c != '¢').filter(|word| !word.is_empty()) {
            result.push_str(name(word)?);
        }
    }
    Some(result).filter(|result| !result.is_empty())
}
