//! `tessera export`: a table or a query to a file.

use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use engine::session::WrittenAnswer;
use engine::{Engine, Error, Result, TenantId};
use serde_json::json;
use tokio::fs::File;
use tokio::io::AsyncWriteExt;

use super::{Output, Place};
use crate::encode::{Decimals, Form, Format, Style, TextCells};
use crate::routes::exports::{ExportSource, ExportTable};

#[derive(Args)]
pub(super) struct Export {
    #[command(flatten)]
    source: Source,
    /// Whose data.
    #[arg(long, value_name = "T")]
    tenant: TenantId,
    /// The file to write; it appears when it is whole.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// How it is written.
    #[arg(long, value_enum)]
    format: FileFormat,
    /// Leave CSV text cells that begin with = + - @ as they are.
    #[arg(long)]
    raw: bool,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct Source {
    /// A whole table.
    #[arg(long, value_enum)]
    table: Option<ExportTable>,
    /// The rows of one SELECT.
    #[arg(long, value_name = "TEXT")]
    sql: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum FileFormat {
    Parquet,
    Csv,
    Ndjson,
}

impl Export {
    pub(super) async fn run(self, place: &Place, output: Output) -> Result<()> {
        let engine = place.open().await?;
        let written = self.export(&engine).await;
        engine.shutdown().await?;
        let (rows, version) = written?;
        let noun = if rows == 1 { "row" } else { "rows" };
        output.say(
            format!(
                "wrote {rows} {noun} of version {version} to {}",
                self.out.display()
            ),
            &json!({"rows": rows, "version": version, "file": self.out}),
        );
        Ok(())
    }

    async fn export(&self, engine: &Engine) -> Result<(u64, i64)> {
        let source = match (&self.source.table, &self.source.sql) {
            (Some(table), _) => ExportSource::Table(*table),
            (None, sql) => ExportSource::Sql(sql.clone().unwrap_or_default()),
        };
        let text_cells = if self.raw {
            TextCells::Raw
        } else {
            TextCells::Neutralised
        };
        let style = Style {
            decimals: Decimals::Number,
            text_cells,
        };
        let session = engine.session(&self.tenant).await?;
        let form = Form {
            format: self.format.into(),
            style,
        };
        let answer = session.export_as(&source.query(), &[], &form).await?;
        let rows = write_whole(answer, &self.out).await?;
        Ok((rows, session.version()))
    }
}

/// Writes beside the target and renames, so that a half file is never seen.
async fn write_whole(answer: WrittenAnswer, out: &Path) -> Result<u64> {
    let mut partial = out.as_os_str().to_owned();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    let written = write(answer, &partial).await;
    let renamed = match written {
        Ok(rows) => tokio::fs::rename(&partial, out)
            .await
            .map(|()| rows)
            .map_err(file_error(out)),
        Err(error) => Err(error),
    };
    if renamed.is_err() {
        let _ = tokio::fs::remove_file(&partial).await;
    }
    renamed
}

async fn write(mut answer: WrittenAnswer, partial: &Path) -> Result<u64> {
    let mut file = File::create(partial).await.map_err(file_error(partial))?;
    while let Some(chunk) = answer.next().await? {
        file.write_all(&chunk).await.map_err(file_error(partial))?;
    }
    file.sync_all().await.map_err(file_error(partial))?;
    match answer.ended() {
        Some(ending) if ending.complete => Ok(ending.rows),
        _ => Err(Error::Invalid {
            message: "the plan's limit cut the rows, and half an export is none".into(),
            at: None,
            location: None,
            hint: Some("export less at a time with --sql and a filter on recorded_at".into()),
        }),
    }
}

fn file_error(path: &Path) -> impl Fn(io::Error) -> Error {
    move |error| Error::Config(format!("cannot write {}: {error}", path.display()))
}

impl From<FileFormat> for Format {
    fn from(format: FileFormat) -> Self {
        match format {
            FileFormat::Parquet => Self::Parquet,
            FileFormat::Csv => Self::Csv,
            FileFormat::Ndjson => Self::NdJson,
        }
    }
}
