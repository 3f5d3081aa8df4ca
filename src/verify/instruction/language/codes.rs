//! The languages that can be asked for: their codes, names and scripts.

use whatlang::Lang;

use super::script::Writing;

/// A language as labels call it.
#[derive(Debug, PartialEq)]
pub(crate) struct LanguageCode {
    /// Its ISO 639-1 code, and after it other spellings of the data.
    pub codes: &'static [&'static str],
    /// Its English name.
    pub name: &'static str,
    /// What it is written in.
    pub script: Writing,
    /// What the trigram detector calls it; `None` where that does not know it.
    pub detected: Option<Lang>,
}

const fn entry(
    codes: &'static [&'static str],
    name: &'static str,
    script: Writing,
    detected: Lang,
) -> LanguageCode {
    LanguageCode { codes, name, script, detected: Some(detected) }
}

pub(crate) static LANGUAGES: [LanguageCode; 47] = [
    entry(&["en"], "English", Writing::Latin, Lang::Eng),
    entry(&["es"], "Spanish", Writing::Latin, Lang::Spa),
    entry(&["pt"], "Portuguese", Writing::Latin, Lang::Por),
    entry(&["ar"], "Arabic", Writing::Arabic, Lang::Ara),
    entry(&["hi"], "Hindi", Writing::Devanagari, Lang::Hin),
    entry(&["fr"], "French", Writing::Latin, Lang::Fra),
    entry(&["ru"], "Russian", Writing::Cyrillic, Lang::Rus),
    entry(&["de"], "German", Writing::Latin, Lang::Deu),
    entry(&["ja"], "Japanese", Writing::Kana, Lang::Jpn),
    entry(&["it"], "Italian", Writing::Latin, Lang::Ita),
    entry(&["bn"], "Bengali", Writing::Bengali, Lang::Ben),
    entry(&["uk"], "Ukrainian", Writing::Cyrillic, Lang::Ukr),
    entry(&["th"], "Thai", Writing::Thai, Lang::Tha),
    entry(&["ur"], "Urdu", Writing::Arabic, Lang::Urd),
    entry(&["ta"], "Tamil", Writing::Tamil, Lang::Tam),
    entry(&["te"], "Telugu", Writing::Telugu, Lang::Tel),
    entry(&["bg"], "Bulgarian", Writing::Cyrillic, Lang::Bul),
    entry(&["ko"], "Korean", Writing::Hangul, Lang::Kor),
    entry(&["pl"], "Polish", Writing::Latin, Lang::Pol),
    entry(&["he", "iw"], "Hebrew", Writing::Hebrew, Lang::Heb),
    entry(&["fa"], "Persian", Writing::Arabic, Lang::Pes),
    entry(&["vi"], "Vietnamese", Writing::Latin, Lang::Vie),
    entry(&["ne"], "Nepali", Writing::Devanagari, Lang::Nep),
    LanguageCode { codes: &["sw"], name: "Swahili", script: Writing::Latin, detected: None },
    entry(&["kn"], "Kannada", Writing::Kannada, Lang::Kan),
    entry(&["mr"], "Marathi", Writing::Devanagari, Lang::Mar),
    entry(&["gu"], "Gujarati", Writing::Gujarati, Lang::Guj),
    entry(&["pa"], "Punjabi", Writing::Gurmukhi, Lang::Pan),
    entry(&["ml"], "Malayalam", Writing::Malayalam, Lang::Mal),
    entry(&["fi"], "Finnish", Writing::Latin, Lang::Fin),
    entry(&["zh", "zh-cn", "zh-tw"], "Chinese", Writing::Han, Lang::Cmn),
    entry(&["nl"], "Dutch", Writing::Latin, Lang::Nld),
    entry(&["sv"], "Swedish", Writing::Latin, Lang::Swe),
    entry(&["da"], "Danish", Writing::Latin, Lang::Dan),
    entry(&["no", "nb"], "Norwegian", Writing::Latin, Lang::Nob),
    entry(&["cs"], "Czech", Writing::Latin, Lang::Ces),
    entry(&["el"], "Greek", Writing::Greek, Lang::Ell),
    entry(&["hu"], "Hungarian", Writing::Latin, Lang::Hun),
    entry(&["ro"], "Romanian", Writing::Latin, Lang::Ron),
    entry(&["tr"], "Turkish", Writing::Latin, Lang::Tur),
    entry(&["id"], "Indonesian", Writing::Latin, Lang::Ind),
    entry(&["ca"], "Catalan", Writing::Latin, Lang::Cat),
    entry(&["hr"], "Croatian", Writing::Latin, Lang::Hrv),
    entry(&["sk"], "Slovak", Writing::Latin, Lang::Slk),
    entry(&["lt"], "Lithuanian", Writing::Latin, Lang::Lit),
    entry(&["lv"], "Latvian", Writing::Latin, Lang::Lav),
    entry(&["et"], "Estonian", Writing::Latin, Lang::Est),
];
