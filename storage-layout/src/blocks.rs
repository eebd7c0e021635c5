//! Checksums of a data file's blocks, so that a scan that reads a part of a
//! file knows that the bytes are those that were written.
//!
//! The body of a file, all its column chunks, is cut into blocks of
//! [`BLOCK_BYTES`]; their CRC-32 stand in the footer's metadata. The footer
//! itself has its checksum in the catalog. Parquet's own page checksums would
//! be of the same use, but the library writes none.

use std::ops::Range;

use parquet::file::metadata::FileMetaData;

/// Bytes of a block: reads are widened to whole ones, so smaller ones read
/// less in vain, and larger ones make footers smaller.
pub const BLOCK_BYTES: u64 = 64 << 10;

/// File metadata: length of the body, then the checksum of each block, in hex.
pub const BLOCKS_METADATA: &str = "tessera.block_crc32";

const LENGTH_DIGITS: usize = 16;
const CRC32_DIGITS: usize = 8;

/// The checksums of a file's blocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockChecksums {
    body_bytes: u64,
    crc32: Vec<u32>,
}

/// Makes the checksums of a body that comes part by part.
#[derive(Debug, Default)]
pub struct BlocksBuilder {
    body_bytes: u64,
    crc32: Vec<u32>,
    block: crc32fast::Hasher,
}

impl BlocksBuilder {
    /// Adds the next bytes.
    pub fn push(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = BLOCK_BYTES - self.body_bytes % BLOCK_BYTES;
            let taken = bytes.len().min(usize::try_from(room).unwrap_or(usize::MAX));
            let (now, later) = bytes.split_at(taken);
            self.block.update(now);
            self.body_bytes += taken as u64;
            if self.body_bytes.is_multiple_of(BLOCK_BYTES) {
                self.crc32.push(std::mem::take(&mut self.block).finalize());
            }
            bytes = later;
        }
    }

    /// The checksums of everything added.
    pub fn finish(mut self) -> BlockChecksums {
        if !self.body_bytes.is_multiple_of(BLOCK_BYTES) {
            self.crc32.push(self.block.finalize());
        }
        BlockChecksums {
            body_bytes: self.body_bytes,
            crc32: self.crc32,
        }
    }
}

impl BlockChecksums {
    /// Those of a body.
    pub fn of(body: &[u8]) -> Self {
        Self {
            body_bytes: body.len() as u64,
            crc32: blocks(body).map(crc32fast::hash).collect(),
        }
    }

    /// As text for the file's metadata.
    pub fn to_text(&self) -> String {
        let crc32 = self.crc32.iter().map(|crc32| format!("{crc32:08x}"));
        format!("{:016x}{}", self.body_bytes, crc32.collect::<String>())
    }

    /// Those of a file, or `None` where it was written without any, or where
    /// they cannot be read (the footer's own checksum is what notices that).
    pub fn of_file(metadata: &FileMetaData) -> Option<Self> {
        let pairs = metadata.key_value_metadata()?;
        let pair = pairs.iter().find(|pair| pair.key == BLOCKS_METADATA)?;
        Self::parse(pair.value.as_deref()?)
    }

    fn parse(text: &str) -> Option<Self> {
        let (length, rest) = text.split_at_checked(LENGTH_DIGITS)?;
        let body_bytes = u64::from_str_radix(length, 16).ok()?;
        let crc32 = rest
            .as_bytes()
            .chunks(CRC32_DIGITS)
            .map(|digits| u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok())
            .collect::<Option<Vec<_>>>()?;
        (crc32.len() as u64 == body_bytes.div_ceil(BLOCK_BYTES))
            .then_some(Self { body_bytes, crc32 })
    }

    /// The range widened to whole blocks: what to fetch so that it can be checked.
    pub fn widen(&self, range: &Range<u64>) -> Range<u64> {
        let start = range.start.min(self.body_bytes) / BLOCK_BYTES * BLOCK_BYTES;
        let end = range.end.next_multiple_of(BLOCK_BYTES);
        start.min(range.start)..end.min(self.body_bytes).max(range.end)
    }

    /// Whether bytes that begin at `start`, the start of a block, are those
    /// that were written; what lies behind the body is not looked at.
    pub fn fits(&self, start: u64, bytes: &[u8]) -> bool {
        let body = usize::try_from(self.body_bytes.saturating_sub(start)).unwrap_or(usize::MAX);
        let body = &bytes[..bytes.len().min(body)];
        let first = usize::try_from(start / BLOCK_BYTES).unwrap_or(usize::MAX);
        let known = self.crc32.get(first..).unwrap_or_default();
        let count = blocks(body).len();
        count <= known.len()
            && blocks(body)
                .zip(known)
                .all(|(block, crc32)| crc32fast::hash(block) == *crc32)
    }
}

fn blocks(body: &[u8]) -> std::slice::Chunks<'_, u8> {
    body.chunks(usize::try_from(BLOCK_BYTES).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body() -> Vec<u8> {
        (0..3 * BLOCK_BYTES + 100)
            .map(|i| (i % 251) as u8)
            .collect()
    }

    #[test]
    fn a_flipped_bit_is_noticed_in_whatever_range_it_is_read() {
        let body = body();
        let blocks = BlockChecksums::of(&body);
        assert_eq!(
            BlockChecksums::parse(&blocks.to_text()),
            Some(blocks.clone())
        );
        let at = (BLOCK_BYTES + 7) as usize;
        let mut flipped = body.clone();
        flipped[at] ^= 0x10;
        for range in [
            at as u64..at as u64 + 1,
            0..body.len() as u64,
            BLOCK_BYTES - 1..BLOCK_BYTES + 9,
            3 * BLOCK_BYTES + 5..3 * BLOCK_BYTES + 100,
        ] {
            let wide = blocks.widen(&range);
            assert!(wide.start <= range.start && range.end <= wide.end);
            assert!(wide.end <= body.len() as u64);
            let part = |bytes: &[u8]| {
                blocks.fits(wide.start, &bytes[wide.start as usize..wide.end as usize])
            };
            assert!(part(&body));
            assert_eq!(part(&flipped), !wide.contains(&(at as u64)), "{range:?}");
        }
    }

    #[test]
    fn a_body_that_comes_in_parts_has_the_same_checksums() {
        let body = body();
        for part in [1_000, BLOCK_BYTES as usize, 100_000] {
            let mut blocks = BlocksBuilder::default();
            body.chunks(part).for_each(|part| blocks.push(part));
            assert_eq!(blocks.finish(), BlockChecksums::of(&body));
        }
        let whole = &body[..2 * BLOCK_BYTES as usize];
        let mut blocks = BlocksBuilder::default();
        blocks.push(whole);
        assert_eq!(blocks.finish(), BlockChecksums::of(whole));
    }

    #[test]
    fn checksums_that_do_not_fit_the_body_are_none() {
        let text = BlockChecksums::of(&body()).to_text();
        assert_eq!(BlockChecksums::parse(&text[..text.len() - 8]), None);
        assert_eq!(BlockChecksums::parse("xyz"), None);
    }
}
