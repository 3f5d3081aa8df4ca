//! CRC-32C of a file, by which a changed bit or a missing end is noticed. Not a defence against forgery.

use std::{fs::File, io, path::Path};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Bytes that a thread reads at once.
const BLOCK: u64 = 4 << 20;

/// What a file was when it was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Checksum {
    pub(crate) bytes: u64,
    pub(crate) crc32c: u32,
}

impl Checksum {
    /// Of bytes in memory.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self::default().followed_by(bytes)
    }

    /// Of what this is of, and of more bytes behind it.
    pub(crate) fn followed_by(self, bytes: &[u8]) -> Self {
        let crc32c = crc32c::crc32c_append(self.crc32c, bytes);
        Self { bytes: self.bytes + bytes.len() as u64, crc32c }
    }
}

/// The checksum of a file; all cores read.
///
/// # Errors
/// When the file cannot be read.
pub(crate) fn checksum(path: &Path) -> io::Result<Checksum> {
    checksum_of_beginning(path, u64::MAX)
}

/// The checksum of the first so many bytes of a file, or of all of it where it is shorter.
///
/// # Errors
/// When the file cannot be read.
pub(crate) fn checksum_of_beginning(path: &Path, bytes: u64) -> io::Result<Checksum> {
    let file = File::open(path)?;
    let bytes = file.metadata()?.len().min(bytes);
    let parts: Vec<(u32, usize)> = (0..bytes.div_ceil(BLOCK))
        .into_par_iter()
        .map_init(Vec::new, |buffer, index| {
            let from = index * BLOCK;
            buffer.resize(BLOCK.min(bytes - from) as usize, 0);
            read_exact_at(&file, buffer, from)?;
            Ok((crc32c::crc32c(buffer), buffer.len()))
        })
        .collect::<io::Result<_>>()?;
    let crc32c = parts.into_iter().fold(0, |sum, (part, count)| crc32c::crc32c_combine(sum, part, count));
    Ok(Checksum { bytes, crc32c })
}

/// Fills a buffer from a place in a file, whatever other threads read meanwhile.
///
/// # Errors
/// When the file cannot be read or ends before.
#[cfg(unix)]
pub(crate) fn read_exact_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, offset)
}

/// Fills a buffer from a place in a file, whatever other threads read meanwhile.
///
/// # Errors
/// When the file cannot be read or ends before.
#[cfg(windows)]
pub(crate) fn read_exact_at(file: &File, mut bytes: &mut [u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, bytes, offset)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => (bytes, offset) = (&mut bytes[count..], offset + count as u64),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_make_the_checksum_of_the_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        for length in [0, 9, BLOCK as usize - 1, BLOCK as usize, 2 * BLOCK as usize + 12_345] {
            let bytes: Vec<u8> = (0..length).map(|place| (place * place + place / 251) as u8).collect();
            std::fs::write(&path, &bytes).unwrap();
            assert_eq!(checksum(&path).unwrap(), Checksum::of(&bytes), "{length}");
            let beginning = checksum_of_beginning(&path, length as u64 / 3).unwrap();
            assert_eq!(beginning.followed_by(&bytes[length / 3..]), Checksum::of(&bytes), "{length}");
        }
        // CRC-32C of "123456789" as published.
        assert_eq!(Checksum::of(b"123456789").crc32c, 0xE306_9283);
    }

    /// What hashing costs; run with `--ignored --nocapture`.
    #[test]
    #[ignore = "a measurement"]
    fn speed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        std::fs::write(&path, vec![7; 1 << 30]).unwrap();
        for _ in 0..3 {
            let started = std::time::Instant::now();
            let sum = checksum(&path).unwrap();
            println!("{:.2} GB/s", sum.bytes as f64 / 1e9 / started.elapsed().as_secs_f64());
        }
    }
}
