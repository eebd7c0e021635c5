//! A chunk: the unit that is read, remembered and committed once.

use std::borrow::Cow;

use arrow::array::RecordBatch;
use sha2::{Digest, Sha256};
use storage_layout::TenantId;

use super::mapping::Mapping;

/// Lines of a full chunk. Chunks are remembered by their content, so this and
/// [`CHUNK_BYTES`] never change without [`FORMAT_VERSION`]: all files would be
/// imported again.
pub(super) const CHUNK_LINES: usize = 65_536;
/// A chunk of long lines ends before it has all its lines.
pub(super) const CHUNK_BYTES: usize = 16 << 20;
/// Version of what a chunk's hash covers, and how files are cut.
const FORMAT_VERSION: u64 = 1;

/// A line that was not imported, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LineFault {
    /// From 1; in CSV the header is line 1.
    pub(super) line: u64,
    /// Field of the point or column of the file; empty when the line is at fault.
    pub(super) field: String,
    /// What is wrong, and what is expected.
    pub(super) reason: String,
    /// The line as it was read.
    pub(super) record: String,
}

/// Consecutive records of a file.
#[derive(Debug)]
pub(super) struct Chunk {
    /// What it is remembered by.
    pub(super) hash: [u8; 32],
    /// Its records.
    pub(super) content: Content,
    /// Lines that are not records.
    pub(super) faults: Vec<LineFault>,
    /// Bytes of the file read so far.
    pub(super) bytes_read: u64,
}

/// The records of a chunk, as its format gives them.
#[derive(Debug)]
pub(super) enum Content {
    /// Lines of text, not yet parsed.
    Lines(Lines),
    /// Decoded columns; the first row's number counts from 1.
    Rows {
        /// The columns the mapping uses, `_line` included.
        batch: RecordBatch,
        /// Number of the first row.
        first_line: u64,
    },
}

/// Records as text, each ended by a line feed.
#[derive(Debug, Default)]
pub(super) struct Lines {
    pub(super) text: Vec<u8>,
    /// End of each record in `text` (after its line feed) and its line number.
    pub(super) ends: Vec<(usize, u64)>,
}

impl Lines {
    /// Adds a record.
    pub(super) fn push(&mut self, record: &[u8], line: u64) {
        self.text.extend_from_slice(record);
        self.text.push(b'\n');
        self.ends.push((self.text.len(), line));
    }

    /// Start of a record in the text.
    pub(super) fn start(&self, index: usize) -> usize {
        index.checked_sub(1).map_or(0, |before| self.ends[before].0)
    }

    /// A record without its line feed.
    pub(super) fn record(&self, index: usize) -> &[u8] {
        &self.text[self.start(index)..self.ends[index].0 - 1]
    }
}

impl Chunk {
    /// A fault of the record at `index`.
    pub(super) fn fault(&self, index: usize, field: &str, reason: String) -> LineFault {
        let (line, record) = match &self.content {
            Content::Lines(lines) => (
                lines.ends[index].1,
                String::from_utf8_lossy(lines.record(index)),
            ),
            Content::Rows { first_line, .. } => (first_line + index as u64, Cow::Borrowed("")),
        };
        LineFault {
            line,
            field: field.to_owned(),
            reason,
            record: record.into_owned(),
        }
    }
}

/// Hashes chunks of one file under one tenant and mapping.
#[derive(Debug, Clone)]
pub(super) struct ChunkHasher(Sha256);

impl ChunkHasher {
    /// Starts from what all chunks of a file share.
    pub(super) fn new(tenant: &TenantId, mapping: &Mapping) -> Self {
        let mut hasher = Self(Sha256::new());
        hasher.number(FORMAT_VERSION);
        hasher.part(tenant.as_str().as_bytes());
        hasher.part(mapping.canonical().as_bytes());
        hasher
    }

    /// The same, and one more thing all chunks share (such as the header).
    #[must_use]
    pub(super) fn with(mut self, shared: &[u8]) -> Self {
        self.part(shared);
        self
    }

    /// A hasher for the chunk whose first line has this number.
    pub(super) fn chunk(&self, first_line: u64) -> Self {
        let mut hasher = self.clone();
        hasher.number(first_line);
        hasher
    }

    /// Adds a part; `ab`, `c` and `a`, `bc` differ.
    pub(super) fn part(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.update(bytes);
    }

    /// Adds a number.
    pub(super) fn number(&mut self, number: u64) {
        self.0.update(number.to_le_bytes());
    }

    /// The hash.
    pub(super) fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(tenant: &str, value: &str, first_line: u64, content: &[&str]) -> [u8; 32] {
        let mapping = format!(
            "platform = \"'p'\"\nmetric_type = \"'t'\"\nmetric_name = \"'n'\"\nvalue = \"{value}\""
        );
        let mapping = Mapping::parse(&mapping).expect("mapping");
        let file = ChunkHasher::new(&TenantId::new(tenant).expect("tenant"), &mapping).with(b"v");
        let mut chunk = file.chunk(first_line);
        content.iter().for_each(|line| chunk.part(line.as_bytes()));
        chunk.finish()
    }

    #[test]
    fn a_chunks_hash_never_changes() {
        let hex: String = hash("acme", "v", 2, &["1", "2"])
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        assert_eq!(
            hex,
            "af8a6d9760e6cc58f7a6f77f1eeabee271ae5cd58229ee9c27b50a1dbff956f1"
        );
    }

    #[test]
    fn a_chunks_hash_depends_on_tenant_mapping_place_and_content() {
        let base = hash("acme", "v", 2, &["1", "2"]);
        assert_eq!(base, hash("acme", " v ", 2, &["1", "2"]));
        assert_ne!(base, hash("other", "v", 2, &["1", "2"]));
        assert_ne!(base, hash("acme", "v + 1", 2, &["1", "2"]));
        assert_ne!(base, hash("acme", "v", 3, &["1", "2"]));
        assert_ne!(base, hash("acme", "v", 2, &["12", ""]));
    }
}
