//! Whether a content is the one that the hub states: by SHA-256 where the file is stored as a large one, else by git's
//! own hash. Both are what contents are called in the cache.

use ring::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY, SHA256};

/// A content's hash, as it goes on.
#[derive(Clone)]
pub(super) struct Hasher {
    /// `None` where the hub's name for the content is no hash that is known.
    context: Option<Context>,
    stated: String,
}

impl Hasher {
    /// For a content of so many bytes that the hub calls `etag`.
    pub(super) fn new(etag: &str, size: u64) -> Self {
        let is_hash = is_hexadecimal(etag);
        let context = match etag.len() {
            64 if is_hash => Some(Context::new(&SHA256)),
            40 if is_hash => {
                let mut context = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
                context.update(format!("blob {size}\0").as_bytes());
                Some(context)
            }
            _ => None,
        };
        Self { context, stated: etag.to_owned() }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        if let Some(context) = &mut self.context {
            context.update(bytes);
        }
    }

    /// Whether there is a hash to compare with.
    pub(super) fn can_tell(&self) -> bool {
        self.context.is_some()
    }

    /// The hash that was found, where it is not the one that was stated.
    pub(super) fn difference(self) -> Option<String> {
        let found = hexadecimal(self.context?.finish().as_ref());
        (found != self.stated).then_some(found)
    }
}

/// Whether a text is written as hashes are: in digits and the letters from a to f.
pub(super) fn is_hexadecimal(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn difference(etag: &str, content: &[u8]) -> Option<String> {
        let mut hasher = Hasher::new(etag, content.len() as u64);
        content.chunks(3).for_each(|chunk| hasher.update(chunk));
        hasher.difference()
    }

    #[test]
    fn both_hashes_of_the_hub_are_known() {
        // As `sha256sum` and `git hash-object` print them.
        let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(difference(sha256, b"abc"), None);
        assert_eq!(difference("ce013625030ba8dba906f756967f9e9ca394464a", b"hello\n"), None);
        assert!(difference(sha256, b"abd").is_some());
        assert!(difference("ce013625030ba8dba906f756967f9e9ca394464a", b"hello").is_some());
        assert!(!Hasher::new("\"abc-5\"", 3).can_tell() && difference("abc-5", b"x").is_none());
    }
}
