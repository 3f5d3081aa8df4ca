//! The language a response is written in.

use std::sync::LazyLock;

use anyhow::Result;
use whatlang::{Detector, Lang};

use super::compliance::Compliance;
use crate::error::input_error;

/// A language that can be told from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Language(Lang);

/// ISO 639-1 codes of the data, and the codes by which the detector calls them.
const CODES: [(&str, Lang); 48] = [
    ("en", Lang::Eng),
    ("es", Lang::Spa),
    ("pt", Lang::Por),
    ("ar", Lang::Ara),
    ("hi", Lang::Hin),
    ("fr", Lang::Fra),
    ("ru", Lang::Rus),
    ("de", Lang::Deu),
    ("ja", Lang::Jpn),
    ("it", Lang::Ita),
    ("bn", Lang::Ben),
    ("uk", Lang::Ukr),
    ("th", Lang::Tha),
    ("ur", Lang::Urd),
    ("ta", Lang::Tam),
    ("te", Lang::Tel),
    ("bg", Lang::Bul),
    ("ko", Lang::Kor),
    ("pl", Lang::Pol),
    ("he", Lang::Heb),
    ("fa", Lang::Pes),
    ("vi", Lang::Vie),
    ("ne", Lang::Nep),
    ("kn", Lang::Kan),
    ("mr", Lang::Mar),
    ("gu", Lang::Guj),
    ("pa", Lang::Pan),
    ("ml", Lang::Mal),
    ("fi", Lang::Fin),
    ("zh", Lang::Cmn),
    ("zh-cn", Lang::Cmn),
    ("zh-tw", Lang::Cmn),
    ("nl", Lang::Nld),
    ("sv", Lang::Swe),
    ("da", Lang::Dan),
    ("no", Lang::Nob),
    ("cs", Lang::Ces),
    ("el", Lang::Ell),
    ("hu", Lang::Hun),
    ("ro", Lang::Ron),
    ("tr", Lang::Tur),
    ("id", Lang::Ind),
    ("ca", Lang::Cat),
    ("hr", Lang::Hrv),
    ("sk", Lang::Slk),
    ("lt", Lang::Lit),
    ("lv", Lang::Lav),
    ("et", Lang::Est),
];

/// Letters from which on a guess of the detector counts even where it is not sure.
const ENOUGH: usize = 10;

/// Told only the languages above, the detector mistakes fewer short texts.
static DETECTOR: LazyLock<Detector> =
    LazyLock::new(|| Detector::with_allowlist(CODES.iter().map(|(_, language)| *language).collect()));

impl Language {
    /// # Errors
    /// Lists the languages that can be told.
    pub(crate) fn parse(code: &str) -> Result<Self> {
        let wanted = code.trim().to_lowercase();
        let found = CODES.iter().find(|(known, _)| *known == wanted);
        found.map(|(_, language)| Self(*language)).ok_or_else(|| {
            let known: Vec<&str> = CODES.iter().map(|(code, _)| *code).collect();
            input_error(format!(
                "language {code:?} cannot be told from others; known are {}",
                known.join(", ")
            ))
        })
    }

    /// Whether a response is written in it, as most of its letters tell. A text too short to tell is not.
    pub(crate) fn check(self, response: &str) -> Compliance {
        let is_short = response.chars().filter(|c| c.is_alphabetic()).count() < ENOUGH;
        match DETECTOR.detect(response) {
            Some(found) if found.lang() == self.0 && (found.is_reliable() || !is_short) => {
                Compliance::new(true, "the language asked for")
            }
            Some(found) if found.is_reliable() => Compliance::new(
                false,
                format!("written in {}, {} asked", found.lang().eng_name(), self.0.eng_name()),
            ),
            _ if is_short => {
                Compliance::new(false, format!("too short to tell whether it is {}", self.0.eng_name()))
            }
            _ => Compliance::new(false, format!("cannot be told to be {}", self.0.eng_name())),
        }
    }
}
