//! Tensors in safetensors files: told from the header, read one at a time. Knows no model.
//!
//! Nothing is believed that the header says before it has been checked against the file's length.

use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, Result};
use rayon::prelude::*;
use safetensors::{Dtype, SafeTensorError, SafeTensors};

use crate::{error::input_error, storage::read_exact_at};

/// Bytes read at once: what is held beside the tensor itself.
const BLOCK_BYTES: usize = 2 << 20;

/// One tensor of a file, not read yet.
#[derive(Debug, Clone)]
pub struct StoredTensor {
    file: Arc<(PathBuf, File)>,
    /// Offset of its first byte in the file.
    offset: u64,
    pub dtype: Dtype,
    pub shape: Vec<usize>,
}

/// The tensors of a safetensors file by name, in no particular order.
///
/// # Errors
/// When the file is missing, or its header does not describe exactly the bytes it has.
pub fn open_tensors(path: &Path) -> Result<Vec<(String, StoredTensor)>> {
    let unreadable = |error| input_error(format!("{}: cannot read the weights ({error})", path.display()));
    let file = File::open(path).map_err(unreadable)?;
    // SAFETY: the map is read-only, only the header is looked at, and it is dropped at the end; a file
    // cut short meanwhile ends the process, as with any reader of safetensors.
    let map = unsafe { memmap2::Mmap::map(&file) }.map_err(unreadable)?;
    let (header, metadata) =
        SafeTensors::read_metadata(&map).map_err(|error| malformed(path, map.len(), &error))?;
    drop(map);
    let first = 8 + header as u64;
    let file = Arc::new((path.to_owned(), file));
    let stored = |(name, info): (String, &safetensors::tensor::TensorInfo)| {
        let offset = first + info.data_offsets.0 as u64;
        let tensor =
            StoredTensor { file: file.clone(), offset, dtype: info.dtype, shape: info.shape.clone() };
        (name, tensor)
    };
    Ok(metadata.tensors().into_iter().map(stored).collect())
}

/// The first of these values that is NaN or infinite, as text; `None` where all are numbers.
pub(crate) fn first_not_finite(values: &[f32]) -> Option<String> {
    // Where all bits of an exponent are set, one more carries into the sign. A block is looked at without branching,
    // several times as fast as value after value.
    const EXPONENT: u32 = f32::INFINITY.to_bits();
    const ONE_MORE: u32 = 1 << (f32::MANTISSA_DIGITS - 1);
    let carries = |bits: u32, value: &f32| bits | ((value.to_bits() & EXPONENT) + ONE_MORE);
    let is_sound = |block: &[f32]| block.iter().fold(0, carries) >> 31 == 0;
    let block = values.par_chunks(BLOCK_BYTES / 4).position_first(|block| !is_sound(block))?;
    let first = block * (BLOCK_BYTES / 4);
    let place = first + values[first..].iter().position(|value| !value.is_finite())?;
    Some(format!("{} at place {place} of {}", values[place], values.len()))
}

fn malformed(path: &Path, length: usize, error: &SafeTensorError) -> anyhow::Error {
    use SafeTensorError::{HeaderTooLarge, HeaderTooSmall, InvalidHeaderLength, MetadataIncompleteBuffer};
    let complaint = match error {
        HeaderTooSmall | InvalidHeaderLength | HeaderTooLarge | MetadataIncompleteBuffer => {
            format!("its header does not fit its {length} bytes ({error}): cut short, or no safetensors file")
        }
        error => format!("not a valid safetensors file: {error}"),
    };
    input_error(format!("{}: {complaint}; fetch it again", path.display()))
}

impl StoredTensor {
    /// Values in the tensor.
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether [`Self::read`] can read it.
    pub fn is_float(&self) -> bool {
        matches!(self.dtype, Dtype::F32 | Dtype::F16 | Dtype::BF16)
    }

    /// All values as f32, row-major; those of a matrix column by column when `transposed`.
    ///
    /// # Errors
    /// When the file cannot be read.
    ///
    /// # Panics
    /// When it is not a float tensor, or is to be transposed and no matrix; callers look first.
    pub fn read(&self, transposed: bool) -> Result<Vec<f32>> {
        assert!(self.is_float(), "{:?} values are not read as f32", self.dtype);
        let mut values = vec![0.0; self.elements()];
        let (rows, columns) = match (transposed, self.shape.as_slice()) {
            (true, &[rows, columns]) => (rows, columns),
            (true, shape) => panic!("only a matrix has a transpose, not {shape:?}"),
            (false, _) => (1, self.elements()),
        };
        let read =
            if rows > 1 { self.read_columns(&mut values, rows, columns) } else { self.read_all(&mut values) };
        read.with_context(|| format!("reading {}", self.file.0.display()))?;
        Ok(values)
    }

    /// Whether another tensor holds the same bytes.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn is_same(&self, other: &Self) -> Result<bool> {
        if (self.dtype, &self.shape) != (other.dtype, &other.shape) {
            return Ok(false);
        }
        let read = |tensor: &Self, from: usize, bytes: &mut [u8]| -> Result<()> {
            read_exact_at(&tensor.file.1, bytes, tensor.offset + from as u64)
                .with_context(|| format!("reading {}", tensor.file.0.display()))
        };
        let length = self.elements() * self.dtype.bitsize() / 8;
        let (mut ours, mut theirs) = (vec![0; BLOCK_BYTES], vec![0; BLOCK_BYTES]);
        for from in (0..length).step_by(BLOCK_BYTES) {
            let count = BLOCK_BYTES.min(length - from);
            read(self, from, &mut ours[..count])?;
            read(other, from, &mut theirs[..count])?;
            if ours[..count] != theirs[..count] {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Reads all values; every thread reads blocks of its own.
    fn read_all(&self, values: &mut [f32]) -> std::io::Result<()> {
        let block = BLOCK_BYTES / self.width();
        values.par_chunks_mut(block).enumerate().try_for_each_init(Vec::new, |bytes, (index, values)| {
            self.read_values(index * block, bytes, values)
        })
    }

    /// Reads some rows at a time, which are spread over all columns of the result while the next are read.
    fn read_columns(&self, values: &mut [f32], rows: usize, columns: usize) -> std::io::Result<()> {
        let block_rows = (BLOCK_BYTES / (columns * self.width()).max(1)).clamp(1, rows);
        let read = |first: usize, bytes: &mut Vec<u8>, block: &mut Vec<f32>| {
            block.resize(block_rows.min(rows - first) * columns, 0.0);
            self.read_values(first * columns, bytes, block)
        };
        let (mut bytes, mut block, mut next) = (Vec::new(), Vec::new(), Vec::new());
        read(0, &mut bytes, &mut block)?;
        for first in (0..rows).step_by(block_rows) {
            let following = first + block_rows;
            let (ahead, ()) = rayon::join(
                || if following < rows { read(following, &mut bytes, &mut next) } else { Ok(()) },
                || spread(&block, first, columns, values, rows),
            );
            ahead?;
            std::mem::swap(&mut block, &mut next);
        }
        Ok(())
    }

    /// Bytes per value.
    fn width(&self) -> usize {
        if self.dtype == Dtype::F32 { 4 } else { 2 }
    }

    /// The values from the `first` on; `bytes` is scratch.
    fn read_values(&self, first: usize, bytes: &mut Vec<u8>, values: &mut [f32]) -> std::io::Result<()> {
        bytes.resize(values.len() * self.width(), 0);
        read_exact_at(&self.file.1, bytes, self.offset + (first * self.width()) as u64)?;
        decode(self.dtype, bytes, values);
        Ok(())
    }
}

/// Values in a cache line.
const LINE: usize = 16;
/// Rows that are gathered before they are written out, so that whole cache lines are.
const TILE_ROWS: usize = 64;

/// Writes rows `first..` of a matrix of `columns` into its transpose, which has `rows` values per line.
pub(super) fn spread(block: &[f32], first: usize, columns: usize, transpose: &mut [f32], rows: usize) {
    transpose.par_chunks_mut(rows * LINE).enumerate().for_each(|(index, targets)| {
        let mut tile = [[0.0; TILE_ROWS]; LINE];
        for (place, tile_rows) in block.chunks(columns * TILE_ROWS).enumerate() {
            let count = tile_rows.len() / columns;
            for (row, values) in tile_rows.chunks_exact(columns).enumerate() {
                let line = values[index * LINE..].iter().zip(&mut tile);
                line.for_each(|(value, column)| column[row] = *value);
            }
            let from = first + place * TILE_ROWS;
            for (target, column) in targets.chunks_exact_mut(rows).zip(&tile) {
                target[from..from + count].copy_from_slice(&column[..count]);
            }
        }
    });
}

fn decode(dtype: Dtype, bytes: &[u8], values: &mut [f32]) {
    let pairs = bytes.as_chunks::<2>().0.iter();
    match dtype {
        Dtype::F32 => {
            let words = bytes.as_chunks::<4>().0.iter();
            values.iter_mut().zip(words).for_each(|(value, word)| *value = f32::from_le_bytes(*word));
        }
        Dtype::BF16 => values
            .iter_mut()
            .zip(pairs)
            .for_each(|(value, pair)| *value = half::bf16::from_le_bytes(*pair).to_f32()),
        _ => values
            .iter_mut()
            .zip(pairs)
            .for_each(|(value, pair)| *value = half::f16::from_le_bytes(*pair).to_f32()),
    }
}

#[cfg(test)]
mod tests {
    use safetensors::tensor::TensorView;

    use super::*;

    fn written(name: &str, bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        (directory, path)
    }

    fn file_of(dtype: Dtype, shape: Vec<usize>, bytes: &[u8]) -> Vec<u8> {
        let view = TensorView::new(dtype, shape, bytes).unwrap();
        safetensors::serialize([("weight", view)], None).unwrap()
    }

    fn with_header(header: &str, data: usize) -> Vec<u8> {
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.as_bytes());
        bytes.extend(vec![0; data]);
        bytes
    }

    fn refused(bytes: &[u8]) -> String {
        let (_directory, path) = written("model.safetensors", bytes);
        let error = open_tensors(&path).unwrap_err();
        assert!(crate::error::is_input_error(&error));
        error.to_string()
    }

    #[test]
    fn the_three_float_types_are_read_as_f32() {
        let values = [1.5f32, -2.0, 0.25, 8.0];
        let bf16: Vec<u8> = values.iter().flat_map(|&v| half::bf16::from_f32(v).to_le_bytes()).collect();
        let f16: Vec<u8> = values.iter().flat_map(|&v| half::f16::from_f32(v).to_le_bytes()).collect();
        let f32: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        for (dtype, bytes) in [(Dtype::BF16, bf16), (Dtype::F16, f16), (Dtype::F32, f32)] {
            let (_directory, path) = written("m", &file_of(dtype, vec![2, 2], &bytes));
            let tensor = &open_tensors(&path).unwrap()[0].1;
            assert_eq!(tensor.read(false).unwrap(), values);
            assert_eq!(tensor.read(true).unwrap(), [1.5, 0.25, -2.0, 8.0]);
        }
    }

    #[test]
    fn a_matrix_of_many_blocks_is_transposed_whole() {
        let (rows, columns) = (1500, 701);
        let values: Vec<f32> = (0..rows * columns).map(|i| i as f32).collect();
        let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        let (_directory, path) = written("m", &file_of(Dtype::F32, vec![rows, columns], &bytes));
        let read = open_tensors(&path).unwrap()[0].1.read(true).unwrap();
        assert!((0..rows * columns).all(|i| read[i % columns * rows + i / columns] == values[i]));
    }

    #[test]
    fn the_first_value_that_is_no_number_is_found_in_any_block() {
        let mut values = vec![1.0; 3 * (BLOCK_BYTES / 4) + 7];
        assert_eq!(first_not_finite(&values), None);
        *values.last_mut().unwrap() = f32::NEG_INFINITY;
        assert_eq!(first_not_finite(&values).unwrap(), "-inf at place 1572870 of 1572871");
        values[BLOCK_BYTES / 4] = f32::NAN;
        assert_eq!(first_not_finite(&values).unwrap(), "NaN at place 524288 of 1572871");
        assert_eq!(first_not_finite(&[]), None);
    }

    #[test]
    fn a_file_cut_short_is_refused() {
        let whole = file_of(Dtype::F32, vec![64], &[0; 256]);
        for length in [0, 7, 20, whole.len() - 1] {
            assert!(refused(&whole[..length]).contains("fetch it again"), "{length}");
        }
    }

    #[test]
    fn a_hostile_header_is_refused_before_memory_is_taken() {
        let huge = [u64::MAX.to_le_bytes().as_slice(), b"{}"].concat();
        assert!(refused(&huge).contains("does not fit"));
        let large = [(99u64 << 20).to_le_bytes().as_slice(), b"{}"].concat();
        assert!(refused(&large).contains("does not fit"));
        let entry = |name: &str, from: u64, to: u64| {
            format!(r#""{name}":{{"dtype":"F32","shape":[2],"data_offsets":[{from},{to}]}}"#)
        };
        let overlapping = format!("{{{},{}}}", entry("a", 0, 8), entry("b", 4, 12));
        assert!(refused(&with_header(&overlapping, 12)).contains("not a valid"));
        let shape = r#"{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}}"#;
        assert!(refused(&with_header(shape, 8)).contains("not a valid"));
        assert!(refused(&with_header("{\"a\": 3", 8)).contains("not a valid"));
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = open_tensors(Path::new("/nowhere/m.safetensors")).unwrap_err().to_string();
        assert!(error.contains("/nowhere/m.safetensors"), "{error}");
    }
}
