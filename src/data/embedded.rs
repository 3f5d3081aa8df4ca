//! Images that rows hold as bytes, in Parquet files and data URLs: each becomes a file that is called by its content, so
//! that everything else knows paths only. Whether it can be decoded shows when it is used.

use std::{
    cell::RefCell,
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::{Context, Error, Result};
use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use ring::digest::{SHA256, digest};

use super::rows::Complaint;
use crate::storage::{NewFile, aside, create_dirs};

/// Where images go that rows hold as bytes.
#[derive(Debug)]
pub(crate) struct ImageStore {
    dir: PathBuf,
    /// What the disk refused: no fault of a row.
    failed: RefCell<Option<Error>>,
}

/// How the images begin that can be read, with the ending of their files.
const KINDS: [(&[u8], &str); 4] =
    [(b"\x89PNG\r\n\x1a\n", "png"), (b"\xff\xd8\xff", "jpg"), (b"GIF8", "gif"), (b"RIFF", "webp")];

/// Padding may be there or not.
const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

impl ImageStore {
    pub(crate) fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned(), failed: RefCell::default() }
    }

    /// The file of an image that is given as a data URL or in base64.
    pub(super) fn file(&self, text: &str, field: &str) -> Result<PathBuf, Complaint> {
        let bytes =
            embedded_bytes(text).map_err(|why| format!(r#"field "{field}" holds an image as {why}"#))?;
        let ending = kind(&bytes).ok_or_else(|| {
            format!(
                r#"field "{field}" holds {} bytes that are no PNG, JPEG, WebP or GIF image; convert them"#,
                bytes.len()
            )
        })?;
        self.keep(&bytes, ending).map_err(|error| {
            let complaint = format!(r#"field "{field}": its image cannot be kept: {error:#}"#);
            self.failed.borrow_mut().get_or_insert(error);
            complaint
        })
    }

    /// What the disk refused since this was last asked.
    pub(super) fn take_failure(&self) -> Option<Error> {
        self.failed.take()
    }

    /// Writes a file that is not there yet, whole or not at all. One that a crash has cut short has another length.
    fn keep(&self, bytes: &[u8], ending: &str) -> Result<PathBuf> {
        let hash = digest(&SHA256, bytes);
        let name: String = hash.as_ref()[..20].iter().map(|byte| format!("{byte:02x}")).collect();
        let folder = self.dir.join(&name[..2]);
        let path = folder.join(format!("{name}.{ending}"));
        if !fs::metadata(&path).is_ok_and(|there| there.len() == bytes.len() as u64) {
            create_dirs(&folder)?;
            let aside = aside(&path);
            let write = || -> std::io::Result<()> {
                let mut file = NewFile::create(&aside)?;
                file.write_all(bytes)?;
                file.finish()?;
                fs::rename(&aside, &path)
            };
            write()
                .inspect_err(|_| _ = fs::remove_file(&aside))
                .with_context(|| format!("writing {}", path.display()))?;
        }
        std::path::absolute(&path).with_context(|| format!("finding where {} is", path.display()))
    }
}

/// Whether a text is an image by itself instead of the path of one.
pub(super) fn is_data_url(text: &str) -> bool {
    text.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:"))
}

/// The bytes of a data URL or of base64; otherwise what the text is instead.
pub(crate) fn embedded_bytes(text: &str) -> Result<Vec<u8>, String> {
    let encoded = match is_data_url(text) {
        false => text,
        true => match text.split_once(',') {
            Some((head, encoded)) if head.to_lowercase().ends_with(";base64") => encoded,
            _ => return Err("a data URL that is not in base64; write data:image/png;base64,…".to_owned()),
        },
    };
    let plain: String = encoded.chars().filter(|letter| !letter.is_ascii_whitespace()).collect();
    ENGINE.decode(plain).map_err(|error| format!("base64 that cannot be decoded ({error})"))
}

fn kind(bytes: &[u8]) -> Option<&'static str> {
    let (_, ending) = KINDS.into_iter().find(|(magic, _)| bytes.starts_with(magic))?;
    (ending != "webp" || bytes.get(8..12) == Some(b"WEBP")).then_some(ending)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The beginning of a PNG file in base64.
    const PNG: &str = "iVBORw0KGgo=";

    #[test]
    fn an_image_becomes_a_file_once_whatever_way_it_is_written() {
        let dir = tempfile::tempdir().unwrap();
        let store = ImageStore::new(dir.path());
        let file = store.file(PNG, "image").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"\x89PNG\r\n\x1a\n");
        assert!(file.is_absolute() && file.extension().unwrap() == "png");
        for same in [
            format!("data:image/png;base64,{PNG}"),
            "DATA:;BASE64,iVBORw0KGgo".to_owned(),
            "iVBO Rw0K\nGgo".to_owned(),
        ] {
            assert_eq!(store.file(&same, "image").unwrap(), file, "{same}");
        }
        fs::write(&file, b"cut").unwrap();
        store.file(PNG, "image").unwrap();
        assert_eq!(fs::read(&file).unwrap().len(), 8, "what a crash has cut short is written again");
        assert_eq!(crate::storage::names_in(file.parent().unwrap()).unwrap().len(), 1);
    }

    #[test]
    fn what_is_no_image_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let store = ImageStore::new(dir.path());
        for (text, named) in [
            ("data:image/svg+xml,<svg/>", "not in base64"),
            ("a.png", "cannot be decoded"),
            ("aGVsbG8=", "5 bytes that are no PNG"),
            ("UklGRgAAAABXQVZF", "no PNG"),
            ("", "0 bytes"),
        ] {
            let complaint = store.file(text, "images").unwrap_err();
            assert!(complaint.contains(named) && complaint.contains("\"images\""), "{text}: {complaint}");
        }
        assert!(store.take_failure().is_none());
    }

    #[test]
    fn what_the_disk_refuses_is_no_fault_of_the_row() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        let store = ImageStore::new(&file.join("under"));
        assert!(store.file(PNG, "image").unwrap_err().contains("cannot be kept"));
        assert!(store.take_failure().is_some());
    }
}
