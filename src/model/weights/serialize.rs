//! Safetensors files as the crate's own writer has them, to the byte, but for their mode: that one goes through a
//! private temporary file, and what it writes only its owner may read.

use std::{
    collections::HashMap,
    io::{self, Write},
    path::Path,
};

use anyhow::{Context, Result};
use safetensors::{
    View,
    tensor::{Metadata, TensorInfo},
};

use crate::storage::{NewFile, in_words};

/// Writes tensors under their names as one safetensors file; the values of each are fetched when its turn comes.
///
/// # Errors
/// When the file cannot be written.
pub(crate) fn write_safetensors<V: View>(
    mut tensors: Vec<(&str, V)>,
    notes: Option<HashMap<String, String>>,
    path: &Path,
) -> Result<()> {
    // The widest types first, so that all values are aligned.
    tensors.sort_by(|(name, one), (next, other)| other.dtype().cmp(&one.dtype()).then(name.cmp(next)));
    let mut end = 0;
    let described = tensors.iter().map(|(name, tensor)| {
        let start = end;
        end += tensor.data_len();
        let (dtype, shape) = (tensor.dtype(), tensor.shape().to_vec());
        ((*name).to_owned(), TensorInfo { dtype, shape, data_offsets: (start, end) })
    });
    let metadata = Metadata::new(notes, described.collect());
    let metadata = metadata.with_context(|| format!("describing {}", path.display()))?;
    let mut header = serde_json::to_vec(&metadata)?;
    header.resize(header.len().next_multiple_of(8), b' ');
    let write = || -> io::Result<()> {
        let mut file = NewFile::create(path)?;
        file.write_all(&(header.len() as u64).to_le_bytes())?;
        file.write_all(&header)?;
        for (_, tensor) in &tensors {
            file.write_all(&tensor.data())?;
        }
        file.finish()
    };
    let size = in_words((8 + header.len() + end) as u64);
    write().with_context(|| format!("writing {} ({size})", path.display()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use safetensors::{Dtype, tensor::TensorView};

    use super::*;

    #[test]
    fn the_bytes_are_those_of_the_crates_own_writer_and_the_mode_is_the_usual_one() {
        let bytes: Vec<u8> = (0..48).collect();
        let view = |dtype, shape: &[usize], length| {
            TensorView::new(dtype, shape.to_vec(), &bytes[..length]).unwrap()
        };
        let tensors = || {
            vec![
                ("b", view(Dtype::F32, &[2, 3], 24)),
                ("half", view(Dtype::BF16, &[5], 10)),
                ("a", view(Dtype::F32, &[4], 16)),
                ("wide", view(Dtype::I64, &[6], 48)),
                ("none", view(Dtype::F32, &[0], 0)),
            ]
        };
        let notes = HashMap::from([("format".to_owned(), "pt".to_owned())]);
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("model.safetensors");
        write_safetensors(tensors(), Some(notes.clone()), &path).unwrap();
        let expected = safetensors::serialize(tensors(), Some(notes)).unwrap();
        assert!(fs::read(&path).unwrap() == expected);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::write(dir.path().join("usual"), "").unwrap();
            let mode = |name: &str| fs::metadata(dir.path().join(name)).unwrap().permissions().mode();
            assert_eq!(mode("model.safetensors"), mode("usual"));
        }
    }

    #[test]
    fn a_file_that_cannot_be_written_is_named_with_its_size() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("none/model.safetensors");
        let error = write_safetensors(Vec::<(&str, TensorView<'_>)>::new(), None, &path).unwrap_err();
        let message = format!("{error:#}");
        assert!(message.contains("none/model.safetensors (16 bytes)"), "{message}");
    }
}
