//! The report of lines that were not imported: CSV with line, field, reason
//! and the record itself.
//!
//! An import that resumes goes on with the report of the one that was killed:
//! chunks imported by then are not looked at again. A row that stands there
//! already is not written twice.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use super::chunk::LineFault;
use crate::error::{Error, Result};

/// The report's columns.
const HEADER: [&str; 4] = ["line", "field", "reason", "record"];

/// What becomes of a report that an earlier import left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Earlier {
    /// It is continued.
    Continue,
    /// It is replaced.
    Replace,
}

/// Writes a report; the file is made when there is a first fault.
#[derive(Debug)]
pub(super) struct Report {
    path: PathBuf,
    earlier: Earlier,
    writer: Option<csv::Writer<File>>,
    written: HashSet<u64>,
    lines: u64,
}

impl Report {
    /// A report at `path`; `None`: in the current directory, under the imported
    /// file's name with `.rejected.csv`.
    pub(super) fn new(path: Option<&Path>, imported: &Path, earlier: Earlier) -> Self {
        let path = path.map_or_else(
            || {
                let name = imported.file_name().unwrap_or_default().to_string_lossy();
                PathBuf::from(format!("{name}.rejected.csv"))
            },
            Path::to_owned,
        );
        Self {
            path,
            earlier,
            writer: None,
            written: HashSet::new(),
            lines: 0,
        }
    }

    /// Writes faults through to the file.
    pub(super) fn write(&mut self, faults: &[LineFault]) -> Result<()> {
        if faults.is_empty() {
            return Ok(());
        }
        self.lines += faults.len() as u64;
        self.try_write(faults).map_err(|error| {
            let path = self.path.display().to_string();
            Error::invalid(
                format!("the report {path} cannot be written: {error}"),
                path,
            )
        })
    }

    /// Lines that were not imported, and the report, if there is one.
    pub(super) fn outcome(&self) -> (u64, Option<PathBuf>) {
        (self.lines, self.writer.as_ref().map(|_| self.path.clone()))
    }

    fn try_write(&mut self, faults: &[LineFault]) -> csv::Result<()> {
        let writer = match &mut self.writer {
            Some(writer) => writer,
            None => {
                if self.earlier == Earlier::Continue {
                    self.written = rows_of(&self.path)?;
                }
                let mut options = OpenOptions::new();
                options.create(true);
                let file = if self.written.is_empty() {
                    options.write(true).truncate(true).open(&self.path)?
                } else {
                    options.append(true).open(&self.path)?
                };
                let mut writer = csv::Writer::from_writer(file);
                if self.written.is_empty() {
                    writer.write_record(HEADER)?;
                }
                self.writer.insert(writer)
            }
        };
        for fault in faults {
            let line = fault.line.to_string();
            let row = [line.as_str(), &fault.field, &fault.reason, &fault.record];
            if self.written.insert(row_hash(row)) {
                writer.write_record(row)?;
            }
        }
        Ok(writer.flush()?)
    }
}

/// The rows of an earlier report; none when there is no such file. A file with
/// another header is not ours to write to and is an error.
fn rows_of(path: &Path) -> csv::Result<HashSet<u64>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(HashSet::new()),
        Err(error) => return Err(error.into()),
    };
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(file);
    let header = reader.headers()?;
    if !header.is_empty() && *header != HEADER[..] {
        return Err(std::io::Error::other("there is a file that is not a report").into());
    }
    let mut rows = HashSet::new();
    for record in reader.records() {
        let record = record?;
        let row: Vec<&str> = record.iter().collect();
        let Ok(row) = <[&str; 4]>::try_from(row) else {
            continue;
        };
        rows.insert(row_hash(row));
    }
    Ok(rows)
}

fn row_hash(row: [&str; 4]) -> u64 {
    let mut hasher = DefaultHasher::new();
    row.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(line: u64) -> LineFault {
        LineFault {
            line,
            field: "value".into(),
            reason: "no \"number\"".into(),
            record: "a,\nb".into(),
        }
    }

    fn write(path: &Path, earlier: Earlier, lines: &[u64]) -> (u64, Option<PathBuf>) {
        let mut report = Report::new(Some(path), Path::new("file.csv"), earlier);
        report
            .write(&lines.iter().map(|&line| fault(line)).collect::<Vec<_>>())
            .expect("written");
        report.outcome()
    }

    #[test]
    fn a_report_is_made_when_needed_and_a_resumed_import_continues_it() {
        let path =
            std::env::temp_dir().join(format!("tessera-report-{}.csv", uuid::Uuid::now_v7()));
        assert_eq!(write(&path, Earlier::Continue, &[]), (0, None));
        assert!(!path.exists());
        assert_eq!(
            write(&path, Earlier::Continue, &[3, 5]),
            (2, Some(path.clone()))
        );
        write(&path, Earlier::Continue, &[5, 9]);
        let text = std::fs::read_to_string(&path).expect("report");
        assert!(
            text.starts_with("line,field,reason,record\n3,value,\"no \"\"number\"\"\",\"a,\nb\"\n"),
            "{text}"
        );
        assert_eq!(rows_of(&path).expect("rows").len(), 3);
        write(&path, Earlier::Replace, &[9]);
        assert_eq!(rows_of(&path).expect("rows").len(), 1);
        std::fs::remove_file(path).expect("removed");
    }
}
