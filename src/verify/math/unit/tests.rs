//! Units in all their spellings, and what must stay different.

use super::*;

fn unit(content: &str) -> Unit {
    let mut reader = UnitReader::default();
    reader.read(content);
    reader.finish()
}

#[test]
fn spellings_of_one_unit() {
    for spellings in [
        &["m/s", "m s^{-1}", "ms^{-1}", r"m\,s^{-1}", "metres per second", "meters/second", r"m\cdot s^{-1}"]
            [..],
        &[
            "m/s^2",
            "m s^{-2}",
            "ms^{-2}",
            "m/s/s",
            "meters per second squared",
            "metres per second per second",
        ],
        &["cm^2", "cm2", "square centimeters", "sq cm", "sq. cm", "centimetres squared"],
        &["cm^3", "cm^{3}", "cubic centimeters", "cu cm"],
        &["km/h", "kilometers per hour", "km h^{-1}", "kph", "kmh", "km/hr"],
        &["mi/h", "mph", "miles per hour"],
        &["kg m^2", "kgm^2", r"kg\cdot m^2", "m^2 kg"],
        &["J/(kg K)", r"J kg^{-1} K^{-1}", r"J/kg/K"],
        &["L", "l", "liter", "Litres"],
        &["N m", "Nm", "newton meters", r"m\cdot N"],
        &["Ω", r"\Omega", "ohms"],
        &["kW", "kilowatts"],
        &["μm", r"\mu m", "micrometers"],
        &["dollars", "USD", "$", "dollar(s)"],
        &["degrees Celsius", "°C", r"^\circ C"],
        &["apples", "red apples", "apples in total", "Apple"],
    ] {
        for spelling in spellings {
            assert!(
                !unit(spellings[0]).differs(&unit(spelling)),
                "{} {spelling}: {:?}",
                spellings[0],
                unit(spelling)
            );
            assert!(!unit(spelling).is_none(), "{spelling}");
        }
    }
}

#[test]
fn different_units() {
    let units = [
        "m",
        "s",
        "m/s",
        "m s",
        "m/s^2",
        "cm",
        "cm^2",
        "cm^3",
        "mm",
        "km",
        "kg",
        "g",
        "mg",
        "L",
        "mL",
        "dollars",
        "cents",
        "euros",
        "£",
        "radians",
        "°",
        "°C",
        "°F",
        "K",
        "N",
        "J",
        "W",
        "MW",
        "mW",
        "Pa",
        "min",
        "hours",
        "days",
        "inches",
        "feet",
        "miles",
        "apples",
        "pears",
        "square units",
        "cubic units",
        "am",
        "pm",
        "dollars per hour",
    ];
    for (index, one) in units.iter().enumerate() {
        for other in &units[index + 1..] {
            // A square unit is the square of any length.
            if !(one.ends_with("^2") || one.ends_with("^3")) || !other.ends_with("units") {
                assert!(unit(one).differs(&unit(other)), "{one} {other}");
                assert!(unit(other).differs(&unit(one)), "{other} {one}");
            }
        }
    }
}
