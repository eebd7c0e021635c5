//! A file's whole roll-up as it is stored: the days, and apart from them the
//! detail, which only some questions need.
//!
//! Each section is sealed: a mark, the format's version, its length, and the
//! first bytes of its SHA-256 behind it. A section of another version is none of
//! ours to read: whoever meets one makes the partials again from the rows.

use sha2::{Digest, Sha256};

use super::{Detail, Partials, RollupError};
use crate::encoding::{DETAIL_INLINE_LIMIT_BYTES, ROLLUP_BYTES_PER_ROW, ROLLUP_KEPT_BYTES};

/// Grows when a stored section can no longer be read as it was meant. Version 1
/// had no mark and no detail; version 2 broke ties of first and last by the
/// order of files, and did not say which keys hold numbers.
const FORMAT: u8 = 3;
const MARK: [u8; 3] = *b"TRU";
const SEAL_BYTES: usize = 8;

/// All that is kept of a file besides its rows.
#[derive(Debug, Clone)]
pub struct FileRollup {
    /// Partials by day.
    pub days: Partials,
    /// Partials by quarter of an hour, and sketches.
    pub detail: Detail,
}

/// A roll-up's bytes, before it is decided where they go.
#[derive(Debug, Clone)]
pub struct StoredRollup {
    /// The days, and a small detail behind them if it was not left out.
    pub days: Vec<u8>,
    /// A detail that is too large to be fetched along.
    pub detail: Option<Vec<u8>>,
}

impl FileRollup {
    /// The roll-up of a file of so many rows as bytes. `None` when it is hardly
    /// smaller than the rows, which then give it as fast; a detail that is, is left
    /// out alone.
    pub fn encode(&self, rows: u64) -> Result<Option<StoredRollup>, RollupError> {
        let worth_keeping = |section: &[u8]| {
            let bytes = section.len() as u64;
            bytes <= ROLLUP_KEPT_BYTES || bytes <= rows * ROLLUP_BYTES_PER_ROW
        };
        let mut days = seal(&self.days.encode()?)?;
        if !worth_keeping(&days) {
            return Ok(None);
        }
        let detail = seal(&self.detail.encode()?)?;
        if !worth_keeping(&detail) {
            return Ok(Some(StoredRollup { days, detail: None }));
        }
        if detail.len() > DETAIL_INLINE_LIMIT_BYTES {
            return Ok(Some(StoredRollup {
                days,
                detail: Some(detail),
            }));
        }
        days.extend_from_slice(&detail);
        Ok(Some(StoredRollup { days, detail: None }))
    }
}

impl StoredRollup {
    /// The partials by day of a stored roll-up. Errors: `OtherFormat`, `Corrupt`.
    pub fn decode_days(bytes: &[u8]) -> Result<Partials, RollupError> {
        Partials::decode(open(bytes)?.0)
    }

    /// Whether a detail is kept behind the days.
    pub fn has_detail(bytes: &[u8]) -> bool {
        open(bytes).is_ok_and(|(_, rest)| !rest.is_empty())
    }

    /// The detail behind the days of a stored roll-up, or of an object of its
    /// own; `None` where it was left out. Errors: `OtherFormat`, `Corrupt`.
    pub fn decode_detail(bytes: &[u8], place: DetailPlace) -> Result<Option<Detail>, RollupError> {
        let (first, rest) = open(bytes)?;
        match place {
            DetailPlace::Alone => Detail::decode(first).map(Some),
            DetailPlace::BehindDays if rest.is_empty() => Ok(None),
            DetailPlace::BehindDays => Detail::decode(open(rest)?.0).map(Some),
        }
    }
}

/// Where a detail is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DetailPlace {
    /// Behind the days.
    BehindDays,
    /// In an object of its own.
    Alone,
}

fn seal(section: &[u8]) -> Result<Vec<u8>, RollupError> {
    let length = u32::try_from(section.len())
        .map_err(|_| RollupError::Corrupt("a roll-up is too large".into()))?;
    let digest = Sha256::digest(section);
    Ok([
        &MARK[..],
        &[FORMAT],
        &length.to_le_bytes(),
        section,
        &digest[..SEAL_BYTES],
    ]
    .concat())
}

/// The first section, and what follows it.
fn open(bytes: &[u8]) -> Result<(&[u8], &[u8]), RollupError> {
    let cut = || RollupError::Corrupt("a roll-up is cut".into());
    let Some(rest) = bytes.strip_prefix(&MARK) else {
        return Err(RollupError::OtherFormat(1));
    };
    let (format, rest) = rest.split_first().ok_or_else(cut)?;
    if *format != FORMAT {
        return Err(RollupError::OtherFormat(*format));
    }
    let (length, rest) = rest.split_first_chunk().ok_or_else(cut)?;
    let length = u32::from_le_bytes(*length) as usize;
    let (section, rest) = rest.split_at_checked(length).ok_or_else(cut)?;
    let (sealed, rest) = rest.split_at_checked(SEAL_BYTES).ok_or_else(cut)?;
    if Sha256::digest(section)[..SEAL_BYTES] != *sealed {
        return Err(RollupError::Corrupt("a roll-up is damaged".into()));
    }
    Ok((section, rest))
}
