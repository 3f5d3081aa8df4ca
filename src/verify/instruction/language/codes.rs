//! The languages that can be asked for: their codes, names and scripts.

use whatlang::Lang;

use super::script::Script;

/// A language as labels call it.
#[derive(Debug, PartialEq)]
pub(crate) struct LanguageCode {
    /// Its ISO 639-1 code, and after it other spellings of the data.
    pub codes: &'static [&'static str],
    /// Its English name.
    pub name: &'static str,
    /// What it is written in.
    pub script: Script,
    /// What the trigram detector calls it; `None` where that does not know it.
    pub detected: Option<Lang>,
}

const fn entry(
    codes: &'static [&'static str],
    name: &'static str,
    script: Script,
    detected: Lang,
) -> LanguageCode {
    LanguageCode { codes, name, script, detected: Some(detected) }
}

pub(crate) static LANGUAGES: [LanguageCode; 47] = [
    entry(&["en"], "English", Script::Latin, Lang::Eng),
    entry(&["es"], "Spanish", Script::Latin, Lang::Spa),
    entry(&["pt"], "Portuguese", Script::Latin, Lang::Por),
    entry(&["ar"], "Arabic", Script::Arabic, Lang::Ara),
    entry(&["hi"], "Hindi", Script::Devanagari, Lang::Hin),
    entry(&["fr"], "French", Script::Latin, Lang::Fra),
    entry(&["ru"], "Russian", Script::Cyrillic, Lang::Rus),
    entry(&["de"], "German", Script::Latin, Lang::Deu),
    entry(&["ja"], "Japanese", Script::Kana, Lang::Jpn),
    entry(&["it"], "Italian", Script::Latin, Lang::Ita),
    entry(&["bn"], "Bengali", Script::Bengali, Lang::Ben),
    entry(&["uk"], "Ukrainian", Script::Cyrillic, Lang::Ukr),
    entry(&["th"], "Thai", Script::Thai, Lang::Tha),
    entry(&["ur"], "Urdu", Script::Arabic, Lang::Urd),
    entry(&["ta"], "Tamil", Script::Tamil, Lang::Tam),
    entry(&["te"], "Telugu", Script::Telugu, Lang::Tel),
    entry(&["bg"], "Bulgarian", Script::Cyrillic, Lang::Bul),
    entry(&["ko"], "Korean", Script::Hangul, Lang::Kor),
    entry(&["pl"], "Polish", Script::Latin, Lang::Pol),
    entry(&["he", "iw"], "Hebrew", Script::Hebrew, Lang::Heb),
    entry(&["fa"], "Persian", Script::Arabic, Lang::Pes),
    entry(&["vi"], "Vietnamese", Script::Latin, Lang::Vie),
    entry(&["ne"], "Nepali", Script::Devanagari, Lang::Nep),
    LanguageCode { codes: &["sw"], name: "Swahili", script: Script::Latin, detected: None },
    entry(&["kn"], "Kannada", Script::Kannada, Lang::Kan),
    entry(&["mr"], "Marathi", Script::Devanagari, Lang::Mar),
    entry(&["gu"], "Gujarati", Script::Gujarati, Lang::Guj),
    entry(&["pa"], "Punjabi", Script::Gurmukhi, Lang::Pan),
    entry(&["ml"], "Malayalam", Script::Malayalam, Lang::Mal),
    entry(&["fi"], "Finnish", Script::Latin, Lang::Fin),
    entry(&["zh", "zh-cn", "zh-tw"], "Chinese", Script::Han, Lang::Cmn),
    entry(&["nl"], "Dutch", Script::Latin, Lang::Nld),
    entry(&["sv"], "Swedish", Script::Latin, Lang::Swe),
    entry(&["da"], "Danish", Script::Latin, Lang::Dan),
    entry(&["no", "nb"], "Norwegian", Script::Latin, Lang::Nob),
    entry(&["cs"], "Czech", Script::Latin, Lang::Ces),
    entry(&["el"], "Greek", Script::Greek, Lang::Ell),
    entry(&["hu"], "Hungarian", Script::Latin, Lang::Hun),
    entry(&["ro"], "Romanian", Script::Latin, Lang::Ron),
    entry(&["tr"], "Turkish", Script::Latin, Lang::Tur),
    entry(&["id"], "Indonesian", Script::Latin, Lang::Ind),
    entry(&["ca"], "Catalan", Script::Latin, Lang::Cat),
    entry(&["hr"], "Croatian", Script::Latin, Lang::Hrv),
    entry(&["sk"], "Slovak", Script::Latin, Lang::Slk),
    entry(&["lt"], "Lithuanian", Script::Latin, Lang::Lit),
    entry(&["lv"], "Latvian", Script::Latin, Lang::Lav),
    entry(&["et"], "Estonian", Script::Latin, Lang::Est),
];
