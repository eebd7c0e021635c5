//! `tessera rollups`: are they right?

use std::process::ExitCode;

use chrono::NaiveDate;
use clap::Subcommand;
use engine::maintain::{Mismatch, VerifyReport, VerifyRequest};
use engine::{Result, TenantId};

use super::{Output, Place};

#[derive(Subcommand)]
pub(super) enum Rollups {
    /// Compare stored roll-ups with the points; fails when one differs.
    Verify {
        /// Whose roll-ups.
        #[arg(long)]
        tenant: TenantId,
        /// The first local day, such as 2025-01-01.
        #[arg(long, value_name = "DATE")]
        from: Option<NaiveDate>,
        /// The last local day, included.
        #[arg(long, value_name = "DATE")]
        to: Option<NaiveDate>,
        /// Only metrics of this platform.
        #[arg(long)]
        platform: Option<String>,
    },
}

impl Rollups {
    pub(super) async fn run(self, place: &Place, output: Output) -> Result<ExitCode> {
        let Self::Verify {
            tenant,
            from,
            to,
            platform,
        } = self;
        let engine = place.open().await?;
        let request = VerifyRequest { from, to, platform };
        let verified = engine.verify_rollups(&tenant, &request).await;
        engine.shutdown().await?;
        let report = verified?;
        output.say(text(&report), &report);
        Ok(match report.mismatches {
            0 => ExitCode::SUCCESS,
            _ => ExitCode::FAILURE,
        })
    }
}

fn text(report: &VerifyReport) -> String {
    let checked = &report.checked;
    let mut text = format!(
        "checked {} days, {} dimension values, {} quarter hours and {} sketches in {} files \
         ({} stale and {} inline or small files have no roll-up in use): {} differ",
        checked.days,
        checked.dimension_values,
        checked.quarter_hours,
        checked.sketches,
        report.files,
        report.stale_files,
        report.inline_files,
        report.mismatches,
    );
    for mismatch in &report.found {
        text.push_str(&line(mismatch));
    }
    text
}

fn line(mismatch: &Mismatch) -> String {
    let quarter = mismatch.quarter_hour;
    let at = quarter.map_or(mismatch.day.to_string(), |at| at.to_rfc3339());
    let of = match (&mismatch.dimension, &mismatch.value) {
        (Some(key), Some(value)) => format!(" {key}={value}"),
        (Some(key), None) => format!(" {key}"),
        _ => String::new(),
    };
    let shown = |text: &Option<String>| text.clone().unwrap_or_else(|| "nothing".to_owned());
    format!(
        "\n{}/{}/{} {at}{of} {}: {} expected, {} stored",
        mismatch.platform,
        mismatch.metric_type,
        mismatch.metric_name,
        mismatch.measure,
        shown(&mismatch.expected),
        shown(&mismatch.stored),
    )
}
