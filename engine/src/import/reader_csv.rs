//! CSV: records out of lines, fields out of records.
//!
//! Records are cut here, so that a quote that is never closed costs one line
//! and not the rest of the file; fields are split by the `csv` crate.

use std::path::{Path, PathBuf};
use std::str::from_utf8;

use csv::{ByteRecord, Position, ReaderBuilder, Terminator};

use super::chunk::{CHUNK_BYTES, CHUNK_LINES, Chunk, ChunkHasher, Content, LineFault, Lines};
use super::decoded::{Decode, Decoded, TextColumns, UsedColumn};
use super::lines::{LINE_BYTES, Line, LineReader};
use super::program::{LINE, Program};
use super::reader::{self, Source};
use crate::error::{Error, Result};

/// Lines a quoted field may span before its quote counts as never closed.
const RECORD_LINES: usize = 1_000;

/// Cuts a CSV file into chunks.
#[derive(Debug)]
pub(super) struct CsvSource {
    path: PathBuf,
    lines: LineReader,
    delimiter: u8,
    hasher: ChunkHasher,
    record: Line,
}

/// What was read.
#[derive(Debug, PartialEq, Eq)]
enum Read {
    Record,
    Fault(String),
    End,
}

impl CsvSource {
    /// Reads the header; answers the names of the columns as well.
    pub(super) fn open(
        path: &Path,
        lines: LineReader,
        delimiter: u8,
        hasher: ChunkHasher,
    ) -> Result<(Self, Vec<String>)> {
        let mut source = Self {
            path: path.to_owned(),
            lines,
            delimiter,
            hasher,
            record: Line::default(),
        };
        match source.read_record()? {
            Read::Record => {}
            Read::Fault(reason) => {
                return Err(reader::unreadable(path, &format!("its header: {reason}")));
            }
            Read::End => {
                return Err(reader::unreadable(
                    path,
                    &"it is empty, and a header line is expected",
                ));
            }
        }
        let header = std::mem::take(&mut source.record.text);
        source.hasher = source.hasher.with(&[delimiter]).with(&header);
        let names =
            column_names(&header, delimiter).map_err(|reason| reader::unreadable(path, &reason))?;
        Ok((source, names))
    }

    /// Reads a record into `self.record`; of a faulty one, its first line.
    fn read_record(&mut self) -> Result<Read> {
        let last = self.record.number;
        self.try_read_record()
            .map_err(|error| reader::damaged(&self.path, last, &error))
    }

    fn try_read_record(&mut self) -> std::io::Result<Read> {
        loop {
            if !self.lines.next(&mut self.record)? {
                return Ok(Read::End);
            }
            if self.record.too_long {
                return Ok(Read::Fault(format!(
                    "the line is longer than {LINE_BYTES} bytes"
                )));
            }
            if !matches!(self.record.text.as_slice(), b"" | b"\r") {
                break;
            }
        }
        if quote_after(&self.record.text, self.delimiter, Quote::Closed) == Quote::Open
            && !self.read_to_quote()?
        {
            return Ok(Read::Fault(format!(
                "a quote is opened and not closed within {RECORD_LINES} lines"
            )));
        }
        if self.record.text.last() == Some(&b'\r') {
            self.record.text.pop();
        }
        Ok(Read::Record)
    }

    /// Adds the lines a quoted field goes on over; gives them back when the
    /// quote is not closed.
    fn read_to_quote(&mut self) -> std::io::Result<bool> {
        let first_line_bytes = self.record.text.len();
        let mut following = Vec::new();
        while following.len() < RECORD_LINES && self.record.text.len() < LINE_BYTES {
            let mut line = Line::default();
            if !self.lines.next(&mut line)? {
                break;
            }
            self.record.text.push(b'\n');
            self.record.text.extend_from_slice(&line.text);
            if !line.too_long
                && quote_after(&line.text, self.delimiter, Quote::Open) == Quote::Closed
            {
                return Ok(true);
            }
            let too_long = line.too_long;
            following.push(line);
            if too_long {
                break;
            }
        }
        self.record.text.truncate(first_line_bytes);
        self.lines.give_back(following);
        Ok(false)
    }
}

impl Source for CsvSource {
    fn next_chunk(&mut self) -> Result<Option<Chunk>> {
        let (mut lines, mut faults) = (Lines::default(), Vec::new());
        let mut hasher = None;
        while lines.ends.len() + faults.len() < CHUNK_LINES && lines.text.len() < CHUNK_BYTES {
            let read = self.read_record()?;
            if read == Read::End {
                break;
            }
            let Line { number, text, .. } = &self.record;
            hasher
                .get_or_insert_with(|| self.hasher.chunk(*number))
                .part(text);
            match read {
                Read::Fault(reason) => faults.push(LineFault {
                    line: *number,
                    field: String::new(),
                    reason,
                    record: String::from_utf8_lossy(&text[..text.len().min(1_000)]).into_owned(),
                }),
                _ => lines.push(text, *number),
            }
        }
        let bytes_read = self.lines.bytes_read();
        Ok(hasher.map(|hasher| Chunk {
            hash: hasher.finish(),
            content: Content::Lines(lines),
            faults,
            bytes_read,
        }))
    }
}

/// Splits records into fields.
#[derive(Debug)]
pub(super) struct CsvDecoder {
    pub(super) delimiter: u8,
    /// Fields of a record.
    pub(super) width: usize,
    pub(super) columns: Vec<UsedColumn>,
}

impl Decode for CsvDecoder {
    fn decode(&self, program: &Program, chunk: &Chunk) -> Result<Decoded> {
        let Content::Lines(lines) = &chunk.content else {
            return Err(Error::internal("a chunk of CSV has lines"));
        };
        let mut reader = csv_reader(&lines.text, self.delimiter);
        let mut record = ByteRecord::new();
        let mut columns = TextColumns::new(&self.columns, lines.ends.len());
        for (index, &(_, line)) in lines.ends.iter().enumerate() {
            let read = reader
                .read_byte_record(&mut record)
                .map_err(Error::internal)?;
            if !read || record.position().map(Position::byte) != Some(lines.start(index) as u64) {
                return Err(Error::internal(format!(
                    "records and fields disagree at line {line}"
                )));
            }
            if record.len() != self.width {
                let reason = format!(
                    "the header has {} columns, the line has {}",
                    self.width,
                    record.len()
                );
                columns.reject(chunk.fault(index, "", reason));
            } else if let Some(bad) = self
                .columns
                .iter()
                .find(|c| from_utf8(&record[c.index]).is_err())
            {
                columns.reject(chunk.fault(index, &bad.name, "the text is not UTF-8".into()));
            } else {
                columns.push(index, line, |column| {
                    from_utf8(&record[column.index])
                        .ok()
                        .filter(|text| !text.is_empty())
                });
            }
        }
        columns.finish(program, chunk)
    }
}

/// The state of a quoted field between two lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quote {
    Closed,
    Open,
}

/// The state after a line, by the rules of the `csv` crate: a quote opens a
/// field only at its start, and two of them inside stand for one.
fn quote_after(line: &[u8], delimiter: u8, mut quote: Quote) -> Quote {
    if !line.contains(&b'"') {
        return quote;
    }
    let (mut at, mut field_start) = (0, quote == Quote::Closed);
    while at < line.len() {
        match (quote, line[at]) {
            (Quote::Open, b'"') if line.get(at + 1) == Some(&b'"') => at += 1,
            (Quote::Open, b'"') => (quote, field_start) = (Quote::Closed, false),
            (Quote::Open, _) => {}
            (Quote::Closed, b'"') if field_start => quote = Quote::Open,
            (Quote::Closed, byte) => field_start = byte == delimiter,
        }
        at += 1;
    }
    quote
}

fn csv_reader(text: &[u8], delimiter: u8) -> csv::Reader<&[u8]> {
    ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .terminator(Terminator::Any(b'\n'))
        .from_reader(text)
}

fn column_names(header: &[u8], delimiter: u8) -> Result<Vec<String>, String> {
    let mut record = ByteRecord::new();
    csv_reader(header, delimiter)
        .read_byte_record(&mut record)
        .map_err(|error| error.to_string())?;
    let mut names: Vec<String> = Vec::with_capacity(record.len());
    for (index, field) in record.iter().enumerate() {
        let name = from_utf8(field)
            .map_err(|_| "its header is not UTF-8".to_owned())?
            .trim();
        let name = if name.is_empty() {
            format!("column_{}", index + 1)
        } else {
            name.to_owned()
        };
        if name == LINE || names.contains(&name) {
            return Err(format!(
                "its header names {name:?} twice, or uses the reserved name {LINE:?}"
            ));
        }
        names.push(name);
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::import::mapping::Mapping;

    fn chunk(text: &str) -> Chunk {
        let directory = tempdir();
        let path = directory.join("file.csv");
        std::fs::File::create(&path)
            .and_then(|mut f| f.write_all(text.as_bytes()))
            .expect("write");
        let mapping = Mapping::parse(
            "platform = \"'p'\"\nmetric_type = \"'t'\"\nmetric_name = \"'n'\"\nvalue = \"v\"",
        );
        let tenant = storage_layout::TenantId::new("acme").expect("tenant");
        let hasher = ChunkHasher::new(&tenant, &mapping.expect("mapping"));
        let lines = LineReader::open(std::fs::File::open(&path).expect("open")).expect("open");
        let (mut source, _) = CsvSource::open(&path, lines, b',', hasher).expect("header");
        let chunk = source.next_chunk().expect("chunk").expect("some");
        std::fs::remove_dir_all(directory).expect("remove");
        chunk
    }

    fn tempdir() -> PathBuf {
        let path = std::env::temp_dir().join(format!("tessera-csv-{}", uuid::Uuid::now_v7()));
        std::fs::create_dir(&path).expect("create");
        path
    }

    fn lines_of(chunk: &Chunk) -> Vec<(u64, String)> {
        let Content::Lines(lines) = &chunk.content else {
            panic!("lines")
        };
        let record = |index| String::from_utf8_lossy(lines.record(index)).into_owned();
        lines
            .ends
            .iter()
            .enumerate()
            .map(|(index, &(_, line))| (line, record(index)))
            .collect()
    }

    #[test]
    fn a_quoted_record_counts_where_it_begins() {
        let chunk = chunk("a,v\r\n1,\"x\r\ny\"\r\n\r\n2,\"\"\"z\"\"\"\n3,5\" nail\n4,last");
        let lines = lines_of(&chunk);
        let expected = [
            (2, "1,\"x\r\ny\""),
            (5, "2,\"\"\"z\"\"\""),
            (6, "3,5\" nail"),
            (7, "4,last"),
        ];
        assert_eq!(lines, expected.map(|(line, text)| (line, text.to_owned())));
    }

    #[test]
    fn a_quote_that_is_never_closed_costs_one_line() {
        let chunk = chunk("a,v\n1,\"x\n2,y\n3,z\n");
        assert_eq!(
            lines_of(&chunk)
                .iter()
                .map(|(line, _)| *line)
                .collect::<Vec<_>>(),
            [3, 4]
        );
        let [fault] = chunk.faults.as_slice() else {
            panic!("{:?}", chunk.faults)
        };
        assert_eq!((fault.line, fault.record.as_str()), (2, "1,\"x"));
    }

    #[test]
    fn line_ends_do_not_change_a_chunks_hash_and_content_does() {
        assert_eq!(chunk("a,v\n1,2\n").hash, chunk("a,v\r\n1,2").hash);
        assert_ne!(chunk("a,v\n1,2\n").hash, chunk("a,v\n1,3\n").hash);
        assert_ne!(chunk("a,v\n1,2\n").hash, chunk("v,a\n1,2\n").hash);
    }
}
