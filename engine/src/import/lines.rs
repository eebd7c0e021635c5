//! Lines of a plain or gzipped file, counted, none longer than a bound.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::read::MultiGzDecoder;

/// A longer line is not a record: it is skipped and reported.
pub(super) const LINE_BYTES: usize = 1 << 20;
const BUFFER_BYTES: usize = 256 << 10;

/// One line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Line {
    /// From 1.
    pub(super) number: u64,
    /// Without its line feed; a carriage return before it is kept. Of a line
    /// that is too long, its beginning.
    pub(super) text: Vec<u8>,
    /// Whether it is longer than [`LINE_BYTES`].
    pub(super) too_long: bool,
}

/// Reads lines, and lets the reader take some back.
pub(super) struct LineReader {
    input: Box<dyn BufRead + Send>,
    bytes_read: Arc<AtomicU64>,
    last: u64,
    /// Lines given back, the next one last.
    returned: Vec<Line>,
}

impl LineReader {
    /// Reads a file; gzip is recognised by its first bytes.
    pub(super) fn open(file: File) -> io::Result<Self> {
        let bytes_read = Arc::new(AtomicU64::new(0));
        let counted = CountingReader {
            inner: file,
            bytes_read: Arc::clone(&bytes_read),
        };
        let mut raw = BufReader::with_capacity(BUFFER_BYTES, counted);
        let gzip = raw.fill_buf()?.starts_with(&[0x1f, 0x8b]);
        let input: Box<dyn BufRead + Send> = if gzip {
            Box::new(BufReader::with_capacity(
                BUFFER_BYTES,
                MultiGzDecoder::new(raw),
            ))
        } else {
            Box::new(raw)
        };
        Ok(Self {
            input,
            bytes_read,
            last: 0,
            returned: Vec::new(),
        })
    }

    /// Bytes taken from the file so far, compressed ones where it is gzipped.
    pub(super) fn bytes_read(&self) -> u64 {
        self.bytes_read.load(Ordering::Relaxed)
    }

    /// Reads the next line into `line`; `false` at the end.
    pub(super) fn next(&mut self, line: &mut Line) -> io::Result<bool> {
        if let Some(returned) = self.returned.pop() {
            *line = returned;
            return Ok(true);
        }
        line.text.clear();
        line.too_long = false;
        let read = (&mut self.input)
            .take(LINE_BYTES as u64 + 1)
            .read_until(b'\n', &mut line.text)?;
        if read == 0 {
            return Ok(false);
        }
        if line.text.last() == Some(&b'\n') {
            line.text.pop();
        } else if read > LINE_BYTES {
            line.too_long = true;
            self.skip_line()?;
        }
        self.last += 1;
        line.number = self.last;
        if self.last == 1 && line.text.starts_with(b"\xef\xbb\xbf") {
            line.text.drain(..3);
        }
        Ok(true)
    }

    /// Gives lines back, to be read again in the same order.
    pub(super) fn give_back(&mut self, lines: Vec<Line>) {
        self.returned.extend(lines.into_iter().rev());
    }

    fn skip_line(&mut self) -> io::Result<()> {
        loop {
            let buffer = self.input.fill_buf()?;
            let (used, done) = match buffer.iter().position(|&c| c == b'\n') {
                Some(at) => (at + 1, true),
                None => (buffer.len(), buffer.is_empty()),
            };
            self.input.consume(used);
            if done {
                return Ok(());
            }
        }
    }
}

impl std::fmt::Debug for LineReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LineReader")
            .field("last", &self.last)
            .finish_non_exhaustive()
    }
}

struct CountingReader {
    inner: File,
    bytes_read: Arc<AtomicU64>,
}

impl Read for CountingReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.bytes_read.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}
