//! `tessera import`: files in.

use std::path::PathBuf;

use clap::Args;
use engine::import::{Again, ImportOptions, ImportProgress, ImportReport, Mapping, import_file};
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
}

/// What became of all files.
#[derive(Debug, Default, Serialize)]
struct Imported {
    points: u64,
    duplicates: u64,
    rounded: u64,
    rejected_lines: u64,
    chunks_skipped: u64,
    reports: Vec<PathBuf>,
}

impl Import {
    pub(super) async fn run(self, place: &Place, output: Output) -> Result<()> {
        let again = if self.again {
            Again::Import
        } else {
            Again::Skip
        };
        let mapping = Mapping::load(&self.map)?;
        let options = ImportOptions {
            mapping,
            again,
            report: self.report,
        };
        let engine = place.open().await?;
        let imported = import_files(&engine, &self.tenant, &self.files, &options, output).await;
        engine.shutdown().await?;
        let imported = imported?;
        output.say(imported.sentence(), &imported);
        Ok(())
    }
}

async fn import_files(
    engine: &Engine,
    tenant: &TenantId,
    files: &[PathBuf],
    options: &ImportOptions,
    output: Output,
) -> Result<Imported> {
    let mut imported = Imported::default();
    for file in files {
        let bar = Bar::new(output);
        let report = import_file(engine, tenant, file, options, &bar).await;
        bar.0.finish_and_clear();
        imported.add(report?);
    }
    Ok(imported)
}

impl Imported {
    fn add(&mut self, report: ImportReport) {
        self.points += report.points;
        self.duplicates += report.duplicates;
        self.rounded += report.rounded;
        self.rejected_lines += report.rejected_lines;
        self.chunks_skipped += report.chunks_skipped;
        self.reports.extend(report.report);
    }

    fn sentence(&self) -> String {
        let mut text = format!("imported {} points", self.points);
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
        text
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
