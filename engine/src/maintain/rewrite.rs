//! Writes the rows of some files as others: merged, split at windows, without
//! the rows that shall go. Memory is bounded whatever the files' size.
//!
//! Rows keep the version of the commit that brought them, written out, so
//! "everything since version n" stays answerable.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::array::RecordBatch;
use bytes::Bytes;
use storage_layout::arrange::times;
use storage_layout::encoding::ROLLUP_INLINE_LIMIT_BYTES;
use storage_layout::key::{ObjectKey, ObjectKind};
use storage_layout::merge::{Merge, ties};
use storage_layout::rollup::{PartialsBuilder, RollupDefinition};
use storage_layout::schema::stored_schema;
use storage_layout::stream_writer::{MergedColumns, StreamWriter};
use storage_layout::{FileId, MetricKey, StorageError, Window};

use super::compact::TARGET_BYTES;
use super::sink::ObjectSink;
use super::source::{Matches, Source};
use super::windows::Windows;
use super::work::{Work, blame};
use crate::error::{Error, Result};
use crate::failpoint::Failpoint;
use crate::metadata::catalog::{DataFile, FileStorage, Snapshot};
use crate::metadata::commit::{self, Commit, Ingested, NewDataFile, NewRollup, NewStorage};

/// Where rows go.
#[derive(Debug, Clone)]
pub(super) enum Into {
    /// Into this window, which holds them all.
    Window(Window),
    /// Into windows by volume.
    Volume(Windows),
}

/// A rewrite of some files of one snapshot, in the order of their commits.
pub(super) struct Rewrite {
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) files: Vec<DataFile>,
    /// Bytes of the inline ones.
    pub(super) payloads: HashMap<FileId, Bytes>,
    pub(super) leave_out: Option<Matches>,
}

impl Rewrite {
    /// Writes and uploads; what comes back is to be committed.
    pub(super) fn write(&self, work: &Work, mut into: Into) -> Result<Vec<NewDataFile>> {
        let tenant = &self.snapshot.tenant.id;
        let open = |file| Source::open(work, tenant, file, &self.payloads, None);
        let sources = self.files.iter().map(open).collect::<Result<Vec<_>>>()?;
        let schemas: Vec<_> = sources.iter().map(|source| source.schema.clone()).collect();
        let stored = stored_schema(&self.snapshot.registry);
        let columns = MergedColumns::of(&stored, &schemas);
        let rows = |source: Source| source.rows(columns.rows.clone(), self.leave_out.clone());
        let definitions = self.snapshot.rollup_definitions();
        let mut outputs = Outputs {
            work,
            snapshot: &self.snapshot,
            columns: &columns,
            definitions: &definitions,
            open: BTreeMap::new(),
            done: Vec::new(),
        };
        Failpoint::RewriteRead.reached();
        let merge = Merge::new(sources.into_iter().map(rows).collect()).map_err(blame)?;
        for batch in merge {
            let batch = batch.map_err(blame)?;
            for (window, rows) in by_window(&batch, &mut into).map_err(blame)? {
                outputs.write(window, &rows)?;
            }
        }
        outputs.finish()
    }
}

/// Cuts a batch where the window changes.
fn by_window(
    batch: &RecordBatch,
    into: &mut Into,
) -> Result<Vec<(Window, RecordBatch)>, StorageError> {
    let windows = match into {
        Into::Window(window) => return Ok(vec![(*window, batch.clone())]),
        Into::Volume(windows) => windows,
    };
    let times = times(batch)?;
    let mut parts = Vec::new();
    let mut start = 0;
    while start < times.len() {
        let window = windows.containing(times.value(start));
        let (from, to) = window.span_us();
        let inside = |us: &&i64| (from..to).contains(*us);
        let length = times.values()[start..]
            .iter()
            .take_while(inside)
            .count()
            .max(1);
        parts.push((window, batch.slice(start, length)));
        start += length;
    }
    Ok(parts)
}

/// The files that are being written, one a window.
struct Outputs<'a> {
    work: &'a Work,
    snapshot: &'a Snapshot,
    columns: &'a MergedColumns,
    definitions: &'a (dyn Fn(&MetricKey) -> RollupDefinition + Sync),
    open: BTreeMap<Window, Output<'a>>,
    done: Vec<NewDataFile>,
}

struct Output<'a> {
    key: ObjectKey,
    writer: StreamWriter<ObjectSink>,
    partials: PartialsBuilder<'a>,
    /// The last row that was written.
    last: RecordBatch,
}

impl<'a> Outputs<'a> {
    fn write(&mut self, window: Window, rows: &RecordBatch) -> Result<()> {
        let mut rows = rows.clone();
        if let Some(output) = self.open.get_mut(&window)
            && output.writer.bytes() >= TARGET_BYTES
        {
            let tied = ties(&output.last, &rows).map_err(blame)?;
            output.write(&rows.slice(0, tied))?;
            rows = rows.slice(tied, rows.num_rows() - tied);
            if rows.num_rows() > 0
                && let Some(full) = self.open.remove(&window)
            {
                self.done.push(full.finish(self)?);
            }
        }
        if rows.num_rows() == 0 {
            return Ok(());
        }
        match self.open.get_mut(&window) {
            Some(output) => output.write(&rows),
            None => {
                let mut output = self.begin(window, &rows)?;
                output.write(&rows)?;
                self.open.insert(window, output);
                Ok(())
            }
        }
    }

    fn begin(&self, window: Window, rows: &RecordBatch) -> Result<Output<'a>> {
        let key = ObjectKey {
            tenant: self.snapshot.tenant.id.clone(),
            window,
            file: FileId::new(),
            kind: ObjectKind::Data,
        };
        let sink = self.begin_object(&key)?;
        let writer = StreamWriter::new(&key.tenant, self.columns, sink).map_err(unwritten)?;
        let zone = self.snapshot.tenant.time_zone;
        Ok(Output {
            writer,
            partials: PartialsBuilder::new(zone, &self.snapshot.registry, self.definitions),
            last: rows.slice(0, 0),
            key,
        })
    }

    /// Notes the upload, so that it is swept should it not be committed.
    fn begin_object(&self, key: &ObjectKey) -> Result<ObjectSink> {
        self.work.go_on().map_err(Error::internal)?;
        let path = key.path();
        let names = [path.to_string()];
        Failpoint::BeforeUpload.reached();
        let noted = commit::begin_upload(&self.work.pool, &key.tenant, &names);
        self.work.handle.block_on(noted)?;
        Failpoint::UploadNoted.reached();
        Ok(ObjectSink::new(self.work.clone(), path))
    }

    fn finish(mut self) -> Result<Vec<NewDataFile>> {
        for (_, output) in std::mem::take(&mut self.open) {
            let file = output.finish(&self)?;
            self.done.push(file);
        }
        Failpoint::Uploaded.reached();
        Ok(self.done)
    }
}

impl Output<'_> {
    fn write(&mut self, rows: &RecordBatch) -> Result<()> {
        let Some(last) = rows.num_rows().checked_sub(1) else {
            return Ok(());
        };
        self.writer.write(rows).map_err(unwritten)?;
        self.partials.push(rows).map_err(blame)?;
        self.last = rows.slice(last, 1);
        Ok(())
    }

    fn finish(mut self, outputs: &Outputs<'_>) -> Result<NewDataFile> {
        let path = self.key.path();
        let (written, sink) = self.writer.finish().map_err(unwritten)?;
        sink.finish().map_err(|e| unwritten(e.into()))?;
        let rollup = self.partials.finish().map_err(Error::storage)?;
        let stored = rollup.encode(written.statistics.rows);
        let stored = stored.map_err(Error::storage)?;
        let mut side = |kind, bytes: &[u8]| -> Result<String> {
            self.key.kind = kind;
            let mut side = outputs.begin_object(&self.key)?;
            std::io::Write::write_all(&mut side, bytes)
                .and_then(|()| side.finish())
                .map_err(|e| unwritten(e.into()))?;
            Ok(self.key.path().to_string())
        };
        let detail = stored.as_ref().and_then(|stored| stored.detail.as_ref());
        let detail_key = detail.map(|bytes| side(ObjectKind::Detail, bytes));
        let detail_key = detail_key.transpose()?;
        let rollup = match stored.map(|stored| stored.days) {
            None => NewRollup::None,
            Some(bytes) if bytes.len() <= ROLLUP_INLINE_LIMIT_BYTES => NewRollup::Inline(bytes),
            Some(bytes) => NewRollup::Object(side(ObjectKind::Rollup, &bytes)?),
        };
        Ok(NewDataFile {
            id: self.key.file,
            bytes: written.bytes,
            sha256: written.sha256,
            statistics: written.statistics,
            rollup,
            detail_key,
            storage: NewStorage::Object {
                key: path.to_string(),
                window: self.key.window,
                footer_bytes: written.footer_bytes,
            },
        })
    }
}

fn unwritten(error: StorageError) -> Error {
    tracing::warn!(%error, "background work cannot write a file");
    Error::Unavailable {
        message: "the object store does not take files; nothing was changed".into(),
        retry_after: crate::metadata::RETRY_AFTER,
    }
}

/// The commit that replaces files of a snapshot.
pub(super) fn replacing(snapshot: &Snapshot, remove: Vec<FileId>, add: Vec<NewDataFile>) -> Commit {
    Commit {
        tenant: snapshot.tenant.id.clone(),
        remove,
        add,
        rollup_zone: snapshot.tenant.time_zone,
        registry_version: snapshot.registry.version,
        dimensions: Vec::new(),
        overflowed: false,
        metrics: Vec::new(),
        ingested: Ingested::default(),
    }
}

/// The inline ones among these files.
pub(super) fn inline_ids(files: &[DataFile]) -> Vec<FileId> {
    let inline = files.iter().filter(|f| f.storage == FileStorage::Inline);
    inline.map(|file| file.id).collect()
}
