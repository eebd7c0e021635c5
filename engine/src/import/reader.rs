//! Opens a file, whatever its format, as a source of chunks.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::{Field, Schema, SchemaRef};
use storage_layout::TenantId;

use super::chunk::{Chunk, ChunkHasher};
use super::decoded::{Decode, Typed, UsedColumn};
use super::lines::LineReader;
use super::mapping::{FileFormat, Mapping};
use super::program::{self, LINE, Program};
use super::{reader_csv, reader_ndjson, reader_parquet};
use crate::error::{Error, Result};

/// Gives a file's chunks in order.
pub(super) trait Source: Send {
    /// The next chunk; `None` at the end.
    fn next_chunk(&mut self) -> Result<Option<Chunk>>;
}

/// A file that is ready to be read under a mapping.
pub(super) struct Opened {
    pub(super) source: Box<dyn Source>,
    pub(super) decoder: Box<dyn Decode>,
    pub(super) program: Program,
    pub(super) bytes_total: u64,
}

/// Opens a file and compiles the mapping against its columns.
pub(super) fn open(tenant: &TenantId, path: &Path, mapping: &Mapping) -> Result<Opened> {
    let unreadable = |error: std::io::Error| unreadable(path, &error);
    let mut file = File::open(path).map_err(unreadable)?;
    let bytes_total = file.metadata().map_err(unreadable)?.len();
    let format = match mapping.format {
        Some(format) => format,
        None => guess_format(path, &mut file).map_err(unreadable)?,
    };
    let hasher = ChunkHasher::new(tenant, mapping);
    match format {
        FileFormat::Csv => {
            let delimiter = mapping
                .delimiter
                .unwrap_or(if is_tsv(path) { b'\t' } else { b',' });
            let lines = LineReader::open(file).map_err(unreadable)?;
            let (source, names) = reader_csv::CsvSource::open(path, lines, delimiter, hasher)?;
            known_columns(mapping, &names, "the file has")?;
            let program = Program::compile(mapping, &text_schema(mapping, &names))?;
            let columns = used_columns(mapping, &program);
            let decoder = reader_csv::CsvDecoder {
                delimiter,
                width: names.len(),
                columns,
            };
            Ok(Opened {
                source: Box::new(source),
                decoder: Box::new(decoder),
                program,
                bytes_total,
            })
        }
        FileFormat::NdJson => {
            let names = program::identifiers(mapping)?;
            known_columns(mapping, &names, "the expressions use")?;
            let program = Program::compile(mapping, &text_schema(mapping, &names))?;
            let columns = used_columns(mapping, &program);
            let lines = LineReader::open(file).map_err(unreadable)?;
            let source = reader_ndjson::NdJsonSource::new(path, lines, hasher);
            let decoder = reader_ndjson::NdJsonDecoder { columns };
            Ok(Opened {
                source: Box::new(source),
                decoder: Box::new(decoder),
                program,
                bytes_total,
            })
        }
        FileFormat::Parquet => {
            if let Some(name) = mapping.columns.keys().next() {
                let key = format!("columns.{name}");
                let reason = "is for CSV and NDJSON: a Parquet file has types; use cast(… as …)";
                return Err(Error::invalid(format!("mapping: `{key}` {reason}"), key));
            }
            let (source, program) =
                reader_parquet::ParquetSource::open(path, file, mapping, hasher)?;
            Ok(Opened {
                source: Box::new(source),
                decoder: Box::new(Typed),
                program,
                bytes_total,
            })
        }
    }
}

/// A file that cannot be read, with its name.
pub(super) fn unreadable(path: &Path, error: &dyn std::fmt::Display) -> Error {
    let path = path.display().to_string();
    Error::invalid(format!("{path} cannot be read: {error}"), path)
}

/// A file that stops being readable after a line. What came before is kept.
pub(super) fn damaged(path: &Path, line: u64, error: &dyn std::fmt::Display) -> Error {
    let path = path.display().to_string();
    let message = format!("{path} cannot be read beyond line {line}: {error}");
    Error::Invalid {
        message,
        at: Some(format!("line {}", line + 1)),
        location: None,
        hint: Some(
            "mend the file and import it again: what was imported is not imported twice".into(),
        ),
    }
}

/// The file's columns with `_line` behind them.
pub(super) fn with_line(mut fields: Vec<Arc<Field>>) -> SchemaRef {
    fields.push(Arc::new(Field::new(
        LINE,
        arrow::datatypes::DataType::Int64,
        false,
    )));
    Arc::new(Schema::new(fields))
}

fn text_schema(mapping: &Mapping, names: &[String]) -> SchemaRef {
    let field = |name: &String| {
        Arc::new(Field::new(
            name,
            mapping.column_type(name).data_type(),
            true,
        ))
    };
    with_line(names.iter().map(field).collect())
}

fn used_columns(mapping: &Mapping, program: &Program) -> Vec<UsedColumn> {
    let used = program.used().iter().zip(program.schema().fields());
    used.map(|(&index, field)| UsedColumn {
        name: field.name().clone(),
        index,
        column_type: mapping.column_type(field.name()),
    })
    .collect()
}

/// Refuses a declared type of a column that is not there.
fn known_columns(mapping: &Mapping, names: &[String], whose: &str) -> Result<()> {
    let Some(name) = mapping.columns.keys().find(|name| !names.contains(name)) else {
        return Ok(());
    };
    let key = format!("columns.{name}");
    Err(Error::invalid(
        format!(
            "mapping: `{key}` names no column: {whose} {}",
            names.join(", ")
        ),
        key,
    ))
}

fn is_tsv(path: &Path) -> bool {
    extension(path) == "tsv"
}

/// The extension in lower case, `.gz` left out.
fn extension(path: &Path) -> String {
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().to_ascii_lowercase())
        .unwrap_or_default();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    name.rsplit_once('.')
        .map(|(_, extension)| extension.to_owned())
        .unwrap_or_default()
}

fn guess_format(path: &Path, file: &mut File) -> std::io::Result<FileFormat> {
    use std::io::Seek;
    match extension(path).as_str() {
        "csv" | "tsv" | "txt" => return Ok(FileFormat::Csv),
        "ndjson" | "jsonl" | "json" => return Ok(FileFormat::NdJson),
        "parquet" => return Ok(FileFormat::Parquet),
        _ => {}
    }
    let mut magic = Vec::new();
    file.take(4).read_to_end(&mut magic)?;
    file.rewind()?;
    Ok(match magic.as_slice() {
        b"PAR1" => FileFormat::Parquet,
        [b'{', ..] => FileFormat::NdJson,
        _ => FileFormat::Csv,
    })
}
