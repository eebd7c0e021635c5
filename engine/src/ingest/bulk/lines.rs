//! A body as lines of JSON points, whatever its form.

use std::io::{BufRead, BufReader, Read};

use super::columns::{PointLine, Role, roles};
use super::decoder::Decoded;
use super::input::{Input, unreadable};
use crate::error::{Error, Result};
use crate::ingest::refusal;

/// Bytes of one point as sent: far beyond what any point may have, so that
/// faults of a point are told as such.
pub(super) const MAX_LINE_BYTES: u64 = 1 << 20;

/// One point's text, and its line where the body has one line a point.
#[derive(Debug)]
pub(super) struct Line<'a> {
    pub(super) text: &'a str,
    pub(super) number: Option<u64>,
    /// Why it is no point, where that is known before it is parsed.
    pub(super) fault: Option<String>,
}

/// The points of a body, one after the other.
pub(super) enum Lines {
    NdJson(Box<NdJson<BufReader<Input>>>),
    Csv(Box<Csv>),
    Decoded(Box<Decoded>),
}

impl Lines {
    /// The next point; an error is a fault of the body.
    pub(super) fn next(&mut self) -> Result<Option<Line<'_>>> {
        match self {
            Self::NdJson(lines) => lines.next(),
            Self::Csv(rows) => rows.next(),
            Self::Decoded(lines) => lines.next(),
        }
    }

    /// The hash of the body, after its end.
    pub(super) fn hash(self) -> [u8; 32] {
        match self {
            Self::NdJson(lines) => lines.input.into_inner().hash(),
            Self::Csv(rows) => rows.reader.into_inner().inner.hash(),
            Self::Decoded(lines) => lines.hash(),
        }
    }
}

/// Lines of JSON; empty ones are passed over.
pub(super) struct NdJson<R> {
    input: R,
    line: Vec<u8>,
    number: u64,
}

impl<R: BufRead> NdJson<R> {
    pub(super) fn new(input: R) -> Self {
        Self {
            input,
            line: Vec::new(),
            number: 0,
        }
    }

    pub(super) fn next(&mut self) -> Result<Option<Line<'_>>> {
        match self.advance()? {
            true => self.current().map(Some),
            false => Ok(None),
        }
    }

    /// Reads the next line; whether there was one.
    pub(super) fn advance(&mut self) -> Result<bool> {
        loop {
            self.line.clear();
            self.number += 1;
            let mut limited = (&mut self.input).take(MAX_LINE_BYTES + 1);
            let read = limited.read_until(b'\n', &mut self.line);
            if read.map_err(unreadable)? == 0 {
                return Ok(false);
            }
            if self.line.len() as u64 > MAX_LINE_BYTES {
                return Err(too_long(self.number));
            }
            if !self.line.trim_ascii().is_empty() {
                return Ok(true);
            }
        }
    }

    /// The line that was read last.
    pub(super) fn current(&self) -> Result<Line<'_>> {
        let number = self.number;
        let text = std::str::from_utf8(self.line.trim_ascii_end())
            .map_err(|_| refusal::not_utf8(number))?;
        Ok(Line {
            text,
            number: Some(number),
            fault: None,
        })
    }
}

/// Rows of CSV with a header. An empty cell says nothing.
pub(super) struct Csv {
    reader: csv::Reader<RowLimit>,
    roles: Vec<Role>,
    row: csv::ByteRecord,
    /// Where the row that was read last begins.
    last_line: u64,
    line: PointLine,
}

impl Csv {
    /// Reads the header.
    pub(super) fn open(input: Input) -> Result<Self> {
        let limited = RowLimit {
            inner: input,
            left_bytes: MAX_LINE_BYTES,
            quotes: 0,
        };
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .from_reader(limited);
        let header = reader.byte_headers().map_err(|e| faulty(e, 1))?;
        let names: Vec<String> = header
            .iter()
            .enumerate()
            .map(|(at, name)| {
                let name = std::str::from_utf8(name).map_err(|_| refusal::not_utf8(1))?;
                // Spreadsheets write a byte order mark.
                let name = if at == 0 {
                    name.trim_start_matches('\u{feff}')
                } else {
                    name
                };
                Ok(name.trim().to_owned())
            })
            .collect::<Result<_>>()?;
        if names.is_empty() {
            return Err(refusal::no_points());
        }
        let roles = roles(names.iter().map(String::as_str))?;
        Ok(Self {
            reader,
            roles,
            row: csv::ByteRecord::new(),
            last_line: 1,
            line: PointLine::default(),
        })
    }

    fn next(&mut self) -> Result<Option<Line<'_>>> {
        let number = self.reader.position().line();
        self.reader.get_mut().left_bytes = MAX_LINE_BYTES;
        let read = self.reader.read_byte_record(&mut self.row);
        if !read.map_err(|e| faulty(e, number))? {
            // The row with the open quote has taken in all that followed it.
            if !self.reader.get_ref().quotes.is_multiple_of(2) {
                return Err(refusal::at_line(
                    "a quote is opened and not closed",
                    self.last_line,
                    "write a quote inside a cell twice, and the cell in quotes",
                ));
            }
            return Ok(None);
        }
        let number = self.row.position().map_or(number, csv::Position::line);
        self.last_line = number;
        let line = &mut self.line;
        line.clear();
        for (at, cell) in self.row.iter().enumerate() {
            let cell = std::str::from_utf8(cell).map_err(|_| refusal::not_utf8(number))?;
            match self.roles.get(at) {
                None => line.text(&format!("column {}", at + 1), cell),
                _ if cell.is_empty() => {}
                Some(Role::Text(name)) => line.text(name, cell),
                Some(Role::Value) => line.text("value", cell),
                Some(Role::Time) => line.text("recorded_at", cell),
                Some(Role::Dimensions) => line.all_dimensions(cell),
                Some(Role::Dimension(key)) => line.dimension(key, cell),
                Some(Role::Number(key)) => line.dimension_number(key, cell),
                Some(Role::Ignored) => {}
            }
        }
        let (cells, columns) = (self.row.len(), self.roles.len());
        let fault =
            (cells != columns).then(|| format!("the row has {cells} cells, the header {columns}"));
        let text = line.finish();
        Ok(Some(Line {
            text,
            number: Some(number),
            fault,
        }))
    }
}

/// Ends a row that never ends: one quote would have the rest of the body read
/// as one cell.
struct RowLimit {
    inner: Input,
    left_bytes: u64,
    /// Quotes of the whole body.
    quotes: u64,
}

impl Read for RowLimit {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let quotes = buffer[..read].iter().filter(|byte| **byte == b'"');
        self.quotes += quotes.count() as u64;
        self.left_bytes = self
            .left_bytes
            .checked_sub(read as u64)
            .ok_or_else(|| std::io::Error::other(RowTooLong))?;
        Ok(read)
    }
}

#[derive(Debug, thiserror::Error)]
#[error("a row is too long")]
struct RowTooLong;

fn faulty(error: csv::Error, line: u64) -> Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) if error.get_ref().is_some_and(|e| e.is::<RowTooLong>()) => {
            too_long(line)
        }
        csv::ErrorKind::Io(error) => unreadable(error),
        other => refusal::at_line(
            format!("the body cannot be read: {other:?}"),
            line,
            "send comma-separated values with a header line",
        ),
    }
}

fn too_long(line: u64) -> Error {
    refusal::at_line(
        format!("the point is longer than {MAX_LINE_BYTES} bytes"),
        line,
        "end each point's line, and leave long texts out of dimensions",
    )
}
