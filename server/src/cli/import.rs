//! `tessera import`: files in.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::Args;
use engine::import::{
    Again, ImportOptions, ImportProgress, ImportReport, Mapping, Outdated, import_file,
};
use engine::maintain::Schedule;
use engine::{Engine, Result, TenantId};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use super::{Output, Place};

#[derive(Args)]
pub(super) struct Import {
    /// CSV (also gzipped), NDJSON or Parquet.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Whose points they become.
    #[arg(long, value_name = "T")]
    tenant: TenantId,
    /// Which column becomes which field (TOML).
    #[arg(long, value_name = "FILE")]
    map: PathBuf,
    /// Import what was imported before, too.
    #[arg(long)]
    again: bool,
    /// Where lines that were not imported are listed.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// When the server removes points beyond their retention.
    #[arg(
        long,
        hide = true,
        env = "TESSERA_RETENTION_SCHEDULE",
        default_value = "0 3 * * 0"
    )]
    retention_schedule: String,
}

/// What became of the files that were imported to their end.
#[derive(Debug, Default, Serialize)]
struct Imported {
    files: u64,
    points: u64,
    duplicates: u64,
    rounded: u64,
    rejected_lines: u64,
    chunks_skipped: u64,
    /// Points that are older than they are kept.
    outdated: u64,
    /// What becomes of those.
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<Warning>,
    reports: Vec<PathBuf>,
    #[serde(skip)]
    too_old: Outdated,
}

/// That points will not stay.
#[derive(Debug, Serialize)]
struct Warning {
    /// The plan, and for how many days it keeps points.
    plan: String,
    plan_days: Option<u32>,
    /// The next round of retention.
    removed_from: Option<DateTime<Utc>>,
    message: String,
    hint: String,
}

impl Import {
    pub(super) async fn run(self, place: &Place, output: Output) -> Result<()> {
        let again = if self.again {
            Again::Import
        } else {
            Again::Skip
        };
        let schedule: Schedule = self.retention_schedule.parse()?;
        let mapping = Mapping::load(&self.map)?;
        let options = ImportOptions {
            mapping,
            again,
            report: self.report,
        };
        let engine = place.open().await?;
        let mut imported = Imported::default();
        let mut done = imported
            .take(&engine, &self.tenant, &self.files, &options, output)
            .await;
        if imported.outdated > 0 {
            match Warning::of(&engine, &self.tenant, imported.too_old, &schedule).await {
                Ok(warning) => imported.warning = Some(warning),
                Err(error) => done = done.and(Err(error)),
            }
        }
        // Said whatever follows: these files are imported.
        if imported.files > 0 {
            output.say(imported.sentence(self.files.len()), &imported);
        }
        done.and(engine.shutdown().await)
    }
}

impl Imported {
    /// Imports files until one fails.
    async fn take(
        &mut self,
        engine: &Engine,
        tenant: &TenantId,
        files: &[PathBuf],
        options: &ImportOptions,
        output: Output,
    ) -> Result<()> {
        for file in files {
            let bar = Bar::new(output);
            let report = import_file(engine, tenant, file, options, &bar).await;
            bar.0.finish_and_clear();
            self.add(report?);
        }
        Ok(())
    }

    fn add(&mut self, report: ImportReport) {
        self.files += 1;
        self.points += report.points;
        self.duplicates += report.duplicates;
        self.rounded += report.rounded;
        self.rejected_lines += report.rejected_lines;
        self.chunks_skipped += report.chunks_skipped;
        self.too_old.add_all(report.outdated);
        self.outdated = self.too_old.points();
        self.reports.extend(report.report);
        // Files may share one.
        self.reports.dedup();
    }

    fn sentence(&self, of_files: usize) -> String {
        let mut text = format!("imported {} points", self.points);
        if self.files < of_files as u64 {
            text.push_str(&format!(" of {} of {of_files} files", self.files));
        }
        for (count, what) in [
            (self.duplicates, "duplicates dropped"),
            (self.rounded, "values rounded to nine decimals"),
            (self.chunks_skipped, "chunks imported before"),
            (self.rejected_lines, "lines rejected"),
        ] {
            if count > 0 {
                text.push_str(&format!(", {count} {what}"));
            }
        }
        for report in &self.reports {
            text.push_str(&format!("; see {}", report.display()));
        }
        if let Some(Warning { message, hint, .. }) = &self.warning {
            text.push_str(&format!("\nwarning: {message}; {hint}"));
        }
        text
    }
}

impl Warning {
    async fn of(
        engine: &Engine,
        tenant: &TenantId,
        too_old: Outdated,
        schedule: &Schedule,
    ) -> Result<Self> {
        let plan = engine.tenants().get(tenant).await?.plan;
        let plan_days = engine.upkeep().retention_of(tenant).await?.plan_days;
        let removed_from = schedule.next(Utc::now());
        let when = removed_from.map(|at| at.format(" from %Y-%m-%d %H:%M UTC on").to_string());
        let (mut limits, mut hints) = (Vec::new(), Vec::new());
        if let (true, Some(days)) = (too_old.by_plan > 0, plan_days) {
            limits.push(format!(
                "{} older than the {days} days that the plan {plan} keeps",
                too_old.by_plan
            ));
            let longer = engine.tenants().plans_that_keep_longer(days).await?;
            hints.push(match longer.as_slice() {
                [] => "no plan keeps them for longer".to_owned(),
                plans => format!(
                    "to keep them, move the tenant before that: tessera tenant set {tenant} --plan {}",
                    plans.join("|")
                ),
            });
        }
        if too_old.by_metric > 0 {
            limits.push(format!(
                "{} older than their metric is kept",
                too_old.by_metric
            ));
            hints.push(format!(
                "to keep a metric for as long as the plan does: tessera retention --tenant {tenant} \
                 --metric PLATFORM/TYPE/NAME --keep"
            ));
        }
        Ok(Self {
            message: format!(
                "{} of these points will not stay: {}; the server's retention removes them{}",
                too_old.points(),
                limits.join(", "),
                when.unwrap_or_default()
            ),
            hint: hints.join("; "),
            plan,
            plan_days,
            removed_from,
        })
    }
}

/// A bar on standard error, where that is a terminal.
struct Bar(ProgressBar);

impl Bar {
    fn new(output: Output) -> Self {
        let target = match output {
            Output::Text => ProgressDrawTarget::stderr(),
            Output::Json => ProgressDrawTarget::hidden(),
        };
        let template = "{bar:30} {bytes}/{total_bytes}, {msg} points, {eta} left";
        let style =
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        Self(ProgressBar::with_draw_target(None, target).with_style(style))
    }
}

impl ImportProgress for Bar {
    fn advance(&self, bytes_read: u64, bytes_total: u64, points: u64) {
        self.0.set_length(bytes_total);
        self.0.set_position(bytes_read);
        self.0.set_message(points.to_string());
    }
}
