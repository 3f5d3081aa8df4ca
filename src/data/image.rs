//! Images as rows name them: a path, or an object with a path and bounds of its area. Images that the row itself holds
//! are kept as files. Touches the file system only for that and to see whether they exist; whether they can be decoded
//! shows when they are used.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    embedded::{ImageStore, is_data_url},
    rows::{Complaint, present, type_name, unread},
};

/// An image on disk and the bounds of its area, in pixels, where the data sets its own.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ImageRef {
    pub path: PathBuf,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_pixels: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_pixels: Option<usize>,
}

impl From<PathBuf> for ImageRef {
    fn from(path: PathBuf) -> Self {
        Self { path, min_pixels: None, max_pixels: None }
    }
}

/// Where the files of a row's images are looked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ImageFiles<'a> {
    /// Where relative paths start: the first of these under which the file is.
    pub roots: &'a [&'a Path],
    /// Whether a file that is under none of them is refused.
    pub must_exist: bool,
    /// Where images go that the row holds itself; they are refused without it.
    pub store: Option<&'a ImageStore>,
}

impl ImageFiles<'_> {
    /// The file of a path, absolute: wherever the process goes, and whatever it writes the path into. `Err` with the
    /// first place where it is not.
    pub(super) fn find(self, path: &str) -> Result<PathBuf, PathBuf> {
        let path = path.strip_prefix("file://").unwrap_or(path);
        let candidates = || self.roots.iter().map(|root| root.join(path));
        let first = candidates().next().unwrap_or_else(|| PathBuf::from(path));
        match candidates().find(|file| file.is_file()) {
            Some(file) => std::path::absolute(&file).map_err(|_| file),
            None if self.must_exist => Err(first),
            None => std::path::absolute(&first).map_err(|_| first),
        }
    }
}

/// The names under which an object holds its image's path.
const PATHS: [&str; 4] = ["path", "image", "image_url", "url"];

/// The name under which an object holds the image itself.
const BYTES: &str = "bytes";

/// A field's images: one, several, or none.
pub(super) fn listed_images(
    value: &Value,
    field: &str,
    files: ImageFiles<'_>,
) -> Result<Vec<ImageRef>, Complaint> {
    match value {
        Value::Null => Ok(Vec::new()),
        Value::Array(items) => items.iter().map(|item| image(item, field, files)).collect(),
        one => Ok(vec![image(one, field, files)?]),
    }
}

/// An image part of a message: `None` where it names no file, which the row then lists elsewhere.
pub(super) fn image_part(
    part: &Map<String, Value>,
    field: &str,
    files: ImageFiles<'_>,
) -> Result<Option<ImageRef>, Complaint> {
    if PATHS.iter().chain(&[BYTES]).any(|&name| present(part, name).is_some()) {
        return object(part, field, files).map(Some);
    }
    refuse_others(part, field)?;
    match ["min_pixels", "max_pixels"].iter().find(|&&bound| present(part, bound).is_some()) {
        Some(bound) => Err(format!(
            r#"field "{field}" has "{bound}" beside an image part without a path; give the path there, or the bound in "images""#
        )),
        None => Ok(None),
    }
}

fn image(value: &Value, field: &str, files: ImageFiles<'_>) -> Result<ImageRef, Complaint> {
    match value {
        Value::String(path) => Ok(image_file(path, field, files)?.into()),
        Value::Object(image) => object(image, field, files),
        other => Err(format!(
            r#"field "{field}": an image must be a path, or an object with a "path", this is {}"#,
            type_name(other)
        )),
    }
}

fn object(image: &Map<String, Value>, field: &str, files: ImageFiles<'_>) -> Result<ImageRef, Complaint> {
    refuse_others(image, field)?;
    let path = match present(image, BYTES) {
        Some(bytes) => held_image(image, bytes, field, files)?,
        None => image_file(path_in(image, field)?, field, files)?,
    };
    let bounded = ImageRef {
        path,
        min_pixels: pixels(image, "min_pixels", field)?,
        max_pixels: pixels(image, "max_pixels", field)?,
    };
    match (bounded.min_pixels, bounded.max_pixels) {
        (Some(min), Some(max)) if min > max => {
            Err(format!(r#"field "{field}": min_pixels {min} is above max_pixels {max}; swap them"#))
        }
        _ => Ok(bounded),
    }
}

/// The one path of an object, which another object may hold, as in `{"image_url": {"url": "a.png"}}`.
fn path_in<'a>(image: &'a Map<String, Value>, field: &str) -> Result<&'a str, Complaint> {
    let mut found = PATHS.iter().filter_map(|&name| present(image, name));
    let missing = || format!(r#"field "{field}": an image must be a path, or an object with a "path""#);
    let value = found.next().ok_or_else(missing)?;
    if found.any(|other| other != value) {
        return Err(format!(r#"field "{field}" names two files for one image; keep one of them"#));
    }
    match value {
        Value::String(path) => Ok(path),
        Value::Object(inner) => {
            refuse_others(inner, field)?;
            let inner_path = PATHS.iter().find_map(|&name| inner.get(name).and_then(Value::as_str));
            match present(inner, BYTES) {
                None => inner_path.ok_or_else(missing),
                Some(_) => Err(format!(
                    r#"field "{field}" holds an image's "{BYTES}" within another object; give them as {{"bytes", "path"}}"#
                )),
            }
        }
        _ => Err(missing()),
    }
}

/// A setting of an image that nobody reads would change nothing, in silence.
fn refuse_others(image: &Map<String, Value>, field: &str) -> Result<(), Complaint> {
    let known = |name: &str| {
        PATHS.contains(&name) || matches!(name, "type" | BYTES | "text" | "min_pixels" | "max_pixels")
    };
    match unread(image, known) {
        Some(name) => Err(format!(
            r#"field "{field}": an image has "{name}", which is not read; "path", "min_pixels" and "max_pixels" are"#
        )),
        None => Ok(()),
    }
}

/// The file of an image whose bytes an object holds. The path beside them tells only what it was called once.
fn held_image(
    image: &Map<String, Value>,
    bytes: &Value,
    field: &str,
    files: ImageFiles<'_>,
) -> Result<PathBuf, Complaint> {
    if let Some(name) = PATHS.iter().find(|&&name| name != "path" && present(image, name).is_some()) {
        return Err(format!(
            r#"field "{field}" gives one image as "{BYTES}" and as "{name}"; keep one of them"#
        ));
    }
    match bytes {
        Value::String(text) => stored_image(text, field, files),
        other => Err(format!(
            r#"field "{field}": an image's "{BYTES}" must be a text in base64, this is {}"#,
            type_name(other)
        )),
    }
}

fn stored_image(text: &str, field: &str, files: ImageFiles<'_>) -> Result<PathBuf, Complaint> {
    match files.store {
        Some(store) => store.file(text, field),
        None => Err(format!(
            r#"field "{field}" holds an image itself, and there is no place for its file; set data.image_cache to a folder, or save it and give its path"#
        )),
    }
}

fn image_file(path: &str, field: &str, files: ImageFiles<'_>) -> Result<PathBuf, Complaint> {
    if is_data_url(path) {
        return stored_image(path, field, files);
    }
    if ["http://", "https://"].iter().any(|scheme| path.starts_with(scheme)) {
        let shown: String = path.chars().take(40).collect();
        return Err(format!(
            r#"field "{field}" refers to an image that is not a file ({shown}…); save it and give its path"#
        ));
    }
    files.find(path).map_err(|missing| {
        format!(
            r#"field "{field}": no image file {}; relative paths start at the data file, or at data.image_root"#,
            missing.display()
        )
    })
}

fn pixels(image: &Map<String, Value>, name: &str, field: &str) -> Result<Option<usize>, Complaint> {
    match present(image, name) {
        None => Ok(None),
        Some(number) => match number.as_u64() {
            Some(pixels) if pixels > 0 => Ok(Some(pixels as usize)),
            _ => Err(format!(r#"field "{field}": {name} must be a positive integer, not {number}"#)),
        },
    }
}
