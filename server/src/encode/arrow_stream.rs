//! An Arrow IPC stream.

use arrow::datatypes::Schema;
use arrow::ipc::writer::StreamWriter;
use arrow::record_batch::RecordBatch;
use engine::{Error, Result};

use super::{Encode, Ending};

/// Writes IPC messages.
pub(super) struct ArrowStream {
    writer: StreamWriter<Vec<u8>>,
}

impl ArrowStream {
    pub(super) fn new(schema: &Schema) -> Result<Self> {
        let writer = StreamWriter::try_new(Vec::new(), schema).map_err(Error::internal)?;
        Ok(Self { writer })
    }

    fn drain(&mut self, out: &mut Vec<u8>) {
        out.append(self.writer.get_mut());
    }
}

impl Encode for ArrowStream {
    fn rows(&mut self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<()> {
        self.writer.write(batch).map_err(Error::internal)?;
        self.drain(out);
        Ok(())
    }

    fn end(&mut self, _ending: &Ending, out: &mut Vec<u8>) -> Result<()> {
        self.writer.finish().map_err(Error::internal)?;
        self.drain(out);
        Ok(())
    }
}
