//! The rows of a Parquet file as JSON objects, one at a time: structs are objects, lists are arrays, dates and times are
//! texts, and bytes that are no text are data URLs. Of the file no more than a page per column is held.

mod caught;
mod values;

use std::{fs::File, path::Path};

use anyhow::Result;
use parquet::{
    basic::{ConvertedType, LogicalType, Repetition, Type as PhysicalType},
    errors::ParquetError,
    file::reader::{FileReader, SerializedFileReader},
    record::reader::TreeBuilder,
    schema::types::{ColumnDescriptor, Type},
};
use serde_json::{Map, Value};

use self::{
    caught::caught,
    values::{BYTES, fields},
};
use crate::error::input_error;

/// What a Parquet file begins with.
pub(super) const MAGIC: &[u8] = b"PAR1";

/// Values of a column that are read at once. Images are large.
const VALUES_AT_ONCE: usize = 64;

/// Columns within columns, at most.
const DEEPEST: usize = 64;

/// The fields of a row, or what is wrong with it.
type RowFields = Result<Map<String, Value>, String>;

/// Calls `each` with the number of every row of a Parquet file, from 1, and its fields.
///
/// # Errors
/// When the file is damaged or has what is not read, and whatever `each` fails with.
pub(super) fn for_each_parquet_row(
    path: &Path,
    file: File,
    each: &mut dyn FnMut(usize, RowFields) -> Result<()>,
) -> Result<()> {
    let unreadable = |rows: usize| move |error: ParquetError| unreadable(path, rows, &error);
    let reader = caught(|| SerializedFileReader::new(file)).map_err(unreadable(0))?;
    let schema = reader.metadata().file_metadata().schema_descr_ptr();
    check(schema.root_schema(), 0).map_err(|why| input_error(format!("{}: {why}", path.display())))?;
    let mut number = 0;
    for index in 0..reader.num_row_groups() {
        let group = || {
            let group = reader.get_row_group(index)?;
            TreeBuilder::new().with_batch_size(VALUES_AT_ONCE).as_iter(schema.clone(), &*group)
        };
        let mut rows = caught(group).map_err(unreadable(number))?;
        while let Some(row) = caught(|| rows.next().transpose()).map_err(unreadable(number))? {
            number += 1;
            each(number, fields(row))?;
        }
    }
    Ok(())
}

/// Bytes that the rows of a Parquet file are before they are compressed, without what its columns hold as bytes, which
/// are images. `None` where it cannot be read.
pub(super) fn text_bytes(path: &Path) -> Option<u64> {
    let file = File::open(path).ok()?;
    let reader = caught(|| SerializedFileReader::new(file)).ok()?;
    let columns = reader.metadata().row_groups().iter().flat_map(|group| group.columns());
    let texts = columns.filter(|column| !holds_bytes(column.column_descr()));
    Some(texts.map(|column| u64::try_from(column.uncompressed_size()).unwrap_or(0)).sum())
}

fn holds_bytes(column: &ColumnDescriptor) -> bool {
    let is_text = matches!(
        column.logical_type_ref(),
        Some(LogicalType::String | LogicalType::Json | LogicalType::Enum)
    );
    column.physical_type() == PhysicalType::BYTE_ARRAY && !is_text && column.name() == BYTES
}

/// Refuses a schema by which rows cannot be put together.
fn check(field: &Type, depth: usize) -> Result<(), String> {
    if depth > DEEPEST {
        return Err(format!("its columns are nested deeper than {DEEPEST} levels; flatten them"));
    }
    let wrong =
        || Err(format!("the Parquet file is damaged: the type of its column {:?} is none", field.name()));
    if depth > 0 && !field.get_basic_info().has_repetition() {
        return wrong();
    }
    if field.is_primitive() {
        return Ok(());
    }
    let inner = field.get_fields();
    let is_sound = match field.get_basic_info().converted_type() {
        ConvertedType::LIST => matches!(inner, [one] if is_repeated(one)),
        ConvertedType::MAP | ConvertedType::MAP_KEY_VALUE => {
            matches!(inner, [one] if is_repeated(one) && one.is_group() && one.get_fields().len() <= 2)
        }
        _ => !inner.is_empty(),
    };
    if is_sound { inner.iter().try_for_each(|field| check(field, depth + 1)) } else { wrong() }
}

fn is_repeated(field: &Type) -> bool {
    field.get_basic_info().has_repetition() && field.get_basic_info().repetition() == Repetition::REPEATED
}

fn unreadable(path: &Path, rows: usize, error: &ParquetError) -> anyhow::Error {
    let path = path.display();
    let place = if rows == 0 { String::new() } else { format!(", after row {rows}") };
    input_error(match error {
        ParquetError::NYI(what) => {
            format!("{path}{place}: has what is not read of Parquet: {what}; write it anew")
        }
        other => format!(
            "{path}{place}: the Parquet file is damaged, or has what is not read ({other}); fetch or write it anew \
             (compression: none, snappy, gzip or zstd)"
        ),
    })
}

#[cfg(test)]
mod tests;
