//! A file's stored roll-up against one that is made again from its rows.

use bytes::Bytes;
use chrono_tz::Tz;
use storage_layout::rollup::{
    Detail, DetailPlace, FileRollup, Partials, RollupError, StoredRollup,
};

use super::super::verify::Comparison;
use crate::metadata::catalog::Snapshot;
use crate::metadata::check::CheckedFile;
use crate::query::partials::fit;

/// Differences that are told in words; more are only counted.
const TOLD: usize = 3;

/// A stored roll-up that answers are made of.
pub(super) struct Stored {
    pub(super) zone: Tz,
    days: Partials,
    /// `None` where its object is missing, which is told elsewhere, nobody reads
    /// it, or it was left out.
    detail: Option<Detail>,
}

impl Stored {
    /// Decodes what is stored. `None`: there is nothing, or nobody reads it, for
    /// it is of another format or of older definitions than are in force. The
    /// error says what is wrong with it.
    pub(super) fn open(
        head: &Snapshot,
        file: &CheckedFile,
        days: Option<&Bytes>,
        detail: Option<&Bytes>,
    ) -> Result<Option<Self>, String> {
        let (Some(zone), Some(bytes)) = (&file.rollup_zone, days) else {
            return Ok(None);
        };
        let Ok(zone) = zone.parse() else {
            return Err(format!("it is for an unknown time zone {zone:?}"));
        };
        let days = match StoredRollup::decode_days(bytes) {
            Ok(days) => days,
            Err(RollupError::OtherFormat(_)) => return Ok(None),
            Err(error) => return Err(error.to_string()),
        };
        let decoded = match (detail, &file.detail_key) {
            (Some(detail), _) => Some(StoredRollup::decode_detail(detail, DetailPlace::Alone)),
            (None, Some(_)) => None,
            (None, None) => Some(StoredRollup::decode_detail(bytes, DetailPlace::BehindDays)),
        };
        let detail = match decoded {
            Some(Err(RollupError::OtherFormat(_))) | None => None,
            Some(Err(error)) => return Err(error.to_string()),
            Some(Ok(detail)) => detail,
        };
        let definitions = head.definitions();
        if !fit(days.definitions(), &definitions) {
            return Ok(None);
        }
        let detail = detail.filter(|detail| fit(detail.definitions(), &definitions));
        Ok(Some(Self { zone, days, detail }))
    }

    /// How it differs from the roll-up of the rows, in words: days, quarter
    /// hours and sketches, cell by cell.
    pub(super) fn differs(&self, made: &FileRollup) -> Option<String> {
        let days = self.days.differences(&made.days);
        let (mut count, mut told) = (days.count, days.told);
        if let Some(detail) = &self.detail {
            let mut comparison = Comparison::of_all(self.zone);
            comparison.compare_detail(&made.detail, detail);
            count += comparison.report.mismatches;
            told.extend(comparison.report.found.iter().map(ToString::to_string));
        }
        if count == 0 {
            return None;
        }
        told.truncate(TOLD);
        let more = match count - told.len() as u64 {
            0 => String::new(),
            more => format!("; and {more} more"),
        };
        let told = told.join("; ");
        Some(format!("it is not what the rows say: {told}{more}"))
    }
}
