//! Pictures in requests: data URLs of any type or none, whose type their first bytes tell; and, where the server is told so,
//! http URLs, which it fetches.

use std::{io::Read, time::Duration};

use super::api_error::ApiError;
use crate::data::embedded_bytes;

/// Bytes of an image that is fetched, at most.
const MOST_FETCHED: u64 = 32 << 20;
/// How long that may take.
const FETCHING: Duration = Duration::from_secs(20);

/// The bytes of an image's URL. May block.
///
/// # Errors
/// Where it is neither a data URL in base64 nor, if the server fetches those, an http one that answers.
pub(super) fn image_bytes(url: &str, fetches: bool) -> Result<Vec<u8>, ApiError> {
    let (scheme, _) = url.split_once(':').unwrap_or(("", url));
    match scheme.to_ascii_lowercase().as_str() {
        "data" => embedded_bytes(url)
            .map_err(|why| ApiError::of("image_url", format!("the image is given as {why}"))),
        "http" | "https" if fetches => fetched(url),
        "http" | "https" => Err(ApiError::of(
            "image_url",
            "this server fetches no images; send them as data URLs (data:image/png;base64,…), or start it with \
             --fetch-images",
        )),
        _ => Err(ApiError::of("image_url", "an image must be a data URL: data:image/png;base64,…")),
    }
}

fn fetched(url: &str) -> Result<Vec<u8>, ApiError> {
    let failed =
        |error: &dyn std::fmt::Display| ApiError::of("image_url", format!("fetching the image: {error}"));
    let agent: ureq::Agent = ureq::Agent::config_builder().timeout_global(Some(FETCHING)).build().into();
    let response = agent.get(url).call().map_err(|error| failed(&error))?;
    let mut bytes = Vec::new();
    let reader = response.into_body().into_reader();
    reader.take(MOST_FETCHED + 1).read_to_end(&mut bytes).map_err(|error| failed(&error))?;
    match bytes.len() as u64 > MOST_FETCHED {
        true => Err(failed(&format!("it has more than {MOST_FETCHED} bytes"))),
        false => Ok(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_urls_have_any_type_or_none() {
        for url in [
            "data:image;base64,aGk=",
            "data:;base64,aGk",
            "DATA:image/png;BASE64,aG\nk=",
            "data:x/y;a=b;base64,aGk=",
        ] {
            assert_eq!(image_bytes(url, false).unwrap(), b"hi", "{url}");
        }
    }

    #[test]
    fn what_is_no_image_url_is_refused() {
        for (url, named) in [
            ("data:image/svg+xml,<svg/>", "not in base64"),
            ("data:image/png;base64", "not in base64"),
            ("data:;base64,a?", "cannot be decoded"),
            ("http://127.0.0.1/a.png", "--fetch-images"),
            ("file:///etc/passwd", "must be a data URL"),
            ("/etc/passwd", "must be a data URL"),
        ] {
            let failure = image_bytes(url, false).unwrap_err();
            assert!(failure.message.contains(named), "{url}: {}", failure.message);
        }
        assert!(image_bytes("file:///etc/passwd", true).is_err());
    }
}
