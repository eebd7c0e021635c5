//! The report of lines that were not imported: CSV with file, line, field,
//! reason and the record itself.
//!
//! An import that resumes goes on with the report of the one that was killed:
//! chunks imported by then are not looked at again. A row that stands there
//! already is not written twice. Several files may share a report: no import
//! touches the rows of another file.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::chunk::LineFault;
use crate::error::{Error, Result};

/// The report's columns.
const HEADER: [&str; 5] = ["file", "line", "field", "reason", "record"];

/// What becomes of the rows that an earlier import of the file left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Earlier {
    /// They stay.
    Continue,
    /// They go.
    Replace,
}

/// Writes a report; the file is made when there is a first fault.
#[derive(Debug)]
pub(super) struct Report {
    path: PathBuf,
    /// The imported file, as its rows name it.
    imported: String,
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
            imported: imported.display().to_string(),
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
        let written = self.try_write(faults);
        written.map_err(|error| self.unwritable(&error))
    }

    /// After the last line: an import without a fault leaves no rows of an
    /// earlier one that it replaces.
    pub(super) fn finish(&mut self) -> Result<()> {
        // A file of somebody else's is none of its business then.
        let ours = || matches!(earlier(&self.path), Ok(Some(_)));
        if self.lines > 0 || self.earlier == Earlier::Continue || !ours() {
            return Ok(());
        }
        let removed = self.remove_earlier();
        removed.map_err(|error| self.unwritable(&error))
    }

    /// Lines that were not imported, and the report, if there is one.
    pub(super) fn outcome(&self) -> (u64, Option<PathBuf>) {
        (self.lines, self.writer.as_ref().map(|_| self.path.clone()))
    }

    fn unwritable(&self, error: &csv::Error) -> Error {
        let path = self.path.display().to_string();
        Error::invalid(
            format!("the report {path} cannot be written: {error}"),
            path,
        )
    }

    fn try_write(&mut self, faults: &[LineFault]) -> csv::Result<()> {
        if self.writer.is_none() {
            self.open()?;
        }
        let Some(writer) = &mut self.writer else {
            return Ok(());
        };
        for fault in faults {
            let line = fault.line.to_string();
            let row = [
                &self.imported,
                line.as_str(),
                &fault.field,
                &fault.reason,
                &fault.record,
            ];
            if self.written.insert(row_hash(row)) {
                writer.write_record(row)?;
            }
        }
        Ok(writer.flush()?)
    }

    fn open(&mut self) -> csv::Result<()> {
        if self.earlier == Earlier::Replace {
            self.remove_earlier()?;
        }
        self.written = rows_of(&self.path)?;
        let mut options = OpenOptions::new();
        let file = options.create(true).append(true).open(&self.path)?;
        let empty = file.metadata()?.len() == 0;
        let mut writer = csv::Writer::from_writer(file);
        if empty {
            writer.write_record(HEADER)?;
        }
        self.writer = Some(writer);
        Ok(())
    }

    /// Takes the rows of the imported file out of an earlier report; what is
    /// written aside takes its place whole.
    fn remove_earlier(&self) -> csv::Result<()> {
        let Some(mut reader) = earlier(&self.path)? else {
            return Ok(());
        };
        let aside = PathBuf::from(format!("{}.new", self.path.display()));
        let mut writer = csv::Writer::from_path(&aside)?;
        writer.write_record(HEADER)?;
        for record in reader.records() {
            let record = record?;
            if record.get(0) != Some(&self.imported) {
                writer.write_record(&record)?;
            }
        }
        writer.flush()?;
        Ok(std::fs::rename(aside, &self.path)?)
    }
}

/// An earlier report; `None` when there is no such file. A file with another
/// header is not ours to write to and is an error.
fn earlier(path: &Path) -> csv::Result<Option<csv::Reader<File>>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(file);
    let header = reader.headers()?;
    if !header.is_empty() && *header != HEADER[..] {
        let foreign = "there is a file that is not a report of this version; \
            move it away, or name another with --report";
        return Err(std::io::Error::other(foreign).into());
    }
    Ok(Some(reader))
}

/// The rows of an earlier report.
fn rows_of(path: &Path) -> csv::Result<HashSet<u64>> {
    let mut rows = HashSet::new();
    let Some(mut reader) = earlier(path)? else {
        return Ok(rows);
    };
    for record in reader.records() {
        let record = record?;
        let row: Vec<&str> = record.iter().collect();
        let Ok(row) = <[&str; 5]>::try_from(row) else {
            continue;
        };
        rows.insert(row_hash(row));
    }
    Ok(rows)
}

fn row_hash(row: [&str; 5]) -> u64 {
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

    fn write(
        path: &Path,
        imported: &str,
        earlier: Earlier,
        lines: &[u64],
    ) -> (u64, Option<PathBuf>) {
        let mut report = Report::new(Some(path), Path::new(imported), earlier);
        report
            .write(&lines.iter().map(|&line| fault(line)).collect::<Vec<_>>())
            .expect("written");
        report.finish().expect("finished");
        report.outcome()
    }

    fn path() -> PathBuf {
        std::env::temp_dir().join(format!("tessera-report-{}.csv", uuid::Uuid::now_v7()))
    }

    #[test]
    fn a_report_is_made_when_needed_and_a_resumed_import_continues_it() {
        let path = path();
        assert_eq!(write(&path, "file.csv", Earlier::Continue, &[]), (0, None));
        assert!(!path.exists());
        assert_eq!(
            write(&path, "file.csv", Earlier::Continue, &[3, 5]),
            (2, Some(path.clone()))
        );
        write(&path, "file.csv", Earlier::Continue, &[5, 9]);
        let text = std::fs::read_to_string(&path).expect("report");
        assert!(
            text.starts_with(
                "file,line,field,reason,record\nfile.csv,3,value,\"no \"\"number\"\"\",\"a,\nb\"\n"
            ),
            "{text}"
        );
        assert_eq!(rows_of(&path).expect("rows").len(), 3);
        write(&path, "file.csv", Earlier::Replace, &[9]);
        assert_eq!(rows_of(&path).expect("rows").len(), 1);
        std::fs::remove_file(path).expect("removed");
    }

    #[test]
    fn files_share_a_report_and_none_loses_the_rows_of_another() {
        let path = path();
        let rows = || rows_of(&path).expect("rows").len();
        for (number, imported) in ["a.csv", "b.csv"].into_iter().enumerate() {
            write(&path, imported, Earlier::Replace, &[3, 5]);
            assert_eq!(rows(), 2 * (number + 1), "equal rows of two files");
        }
        write(&path, "b.csv", Earlier::Replace, &[3]);
        assert_eq!(rows(), 3);
        write(&path, "b.csv", Earlier::Replace, &[]);
        assert_eq!(rows(), 2, "nothing is wrong with it any more");
        std::fs::remove_file(path).expect("removed");
    }

    #[test]
    fn a_file_that_is_no_report_is_never_written_to() {
        let path = path();
        for earlier in [Earlier::Continue, Earlier::Replace] {
            std::fs::write(&path, "my,own,file\n1,2,3\n").expect("written");
            let mut report = Report::new(Some(&path), Path::new("a.csv"), earlier);
            report.write(&[fault(3)]).expect_err("a refusal");
            let text = std::fs::read_to_string(&path).expect("there");
            assert_eq!(text, "my,own,file\n1,2,3\n");
        }
        std::fs::remove_file(path).expect("removed");
    }
}
