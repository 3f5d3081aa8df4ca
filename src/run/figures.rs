//! How tables write a figure.

/// What tables show in place of a figure that there is none of.
pub(super) const NOT_MEASURED: &str = "n/a";

/// A share in percent.
pub fn percent(share: Option<f64>) -> String {
    share.map_or(NOT_MEASURED.to_owned(), |share| format!("{:.1}%", share * 100.0))
}
