//! The places that two of IFBench's `custom:…` constraints ask for.

/// Capitals of Europe north of 45 degrees, from north to south, as the constraint has them.
pub(super) const CAPITALS: [&str; 27] = [
    "Reykjavik",
    "Helsinki",
    "Oslo",
    "Tallinn",
    "Stockholm",
    "Riga",
    "Moscow",
    "Copenhagen",
    "Vilnius",
    "Minsk",
    "Dublin",
    "Berlin",
    "Amsterdam",
    "Warsaw",
    "London",
    "Brussels",
    "Prague",
    "Luxembourg",
    "Paris",
    "Vienna",
    "Bratislava",
    "Budapest",
    "Vaduz",
    "Chisinau",
    "Bern",
    "Ljubljana",
    "Zagreb",
];

/// The countries of Africa, each with its other names.
const AFRICA: &str = "Algeria; Angola; Benin; Botswana; Burkina Faso; Burundi; Cabo Verde, Cape Verde; Cameroon; \
     Central African Republic; Chad; Comoros, The Comoros; Congo, Republic of the Congo, Congo Republic of the, \
     Congo Brazzaville, Congo Republic; Democratic Republic of the Congo, DR Congo, Congo Democratic Republic of the, \
     Congo Kinshasa, DRC, Democratic Republic of Congo; Cote d'Ivoire, Ivory Coast; Djibouti; Egypt; Equatorial Guinea; \
     Eritrea; Eswatini, Swaziland, Eswatini formerly Swaziland; Ethiopia; Gabon; Gambia, The Gambia; Ghana; Guinea; \
     Guinea-Bissau; Kenya; Lesotho; Liberia; Libya; Madagascar; Malawi; Mali; Mauritania; Mauritius; Morocco; Mozambique; \
     Namibia; Niger; Nigeria; Rwanda; Sao Tome and Principe; Senegal; Seychelles; Sierra Leone; Somalia; South Africa; \
     South Sudan; Sudan; Tanzania; Togo; Tunisia; Uganda; Zambia; Zimbabwe; Western Sahara, Sahrawi Republic";

/// Which country of Africa a name means; accents and marks do not count.
pub(super) fn african_country(name: &str) -> Option<usize> {
    let wanted = key(name);
    AFRICA.split(';').position(|names| names.split(',').any(|known| key(known) == wanted))
}

/// A name's letters, small and without accents.
pub(super) fn key(name: &str) -> String {
    name.chars().flat_map(char::to_lowercase).map(unaccented).filter(|c| c.is_alphabetic()).collect()
}

/// A letter without an accent, for those that these names have.
fn unaccented(c: char) -> char {
    match c {
        'á' | 'ã' | 'â' | 'à' => 'a',
        'é' | 'è' | 'ê' => 'e',
        'í' | 'î' => 'i',
        'ó' | 'ô' | 'õ' => 'o',
        'ú' => 'u',
        'ș' | 'ş' => 's',
        'ă' => 'a',
        other => other,
    }
}
