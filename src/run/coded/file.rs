//! Encoded row groups become a Parquet file.

use std::io::{BufWriter, Write};
use std::sync::Arc;

use parquet::file::writer::SerializedFileWriter;

use crate::error::Result;
use crate::run::coded::EncodedGroup;
use crate::run::coded::layout::Layout;
use crate::run::parquet::failed;

/// Bytes handed over at a time: the library copies encoded columns in pieces of 8 KiB, and a
/// system call for each would cost as much as encoding them.
const HANDED_OVER: usize = 1 << 20;

/// A Parquet file under construction.
pub struct CodedWriter<W: Write + Send> {
    inner: SerializedFileWriter<BufWriter<W>>,
    rows: u64,
}

impl<W: Write + Send> std::fmt::Debug for CodedWriter<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CodedWriter({} rows)", self.rows)
    }
}

impl<W: Write + Send> CodedWriter<W> {
    /// Starts a file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn new(out: W, layout: &Layout) -> Result<Self> {
        let out = BufWriter::with_capacity(HANDED_OVER, out);
        let schema = layout.schema().root_schema_ptr();
        let inner = SerializedFileWriter::new(out, schema, Arc::clone(layout.properties()))
            .map_err(failed)?;
        Ok(Self { inner, rows: 0 })
    }

    /// Adds a row group of the same layout; one without rows leaves no trace.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn append(&mut self, group: EncodedGroup) -> Result<()> {
        if group.rows == 0 {
            return Ok(());
        }
        let mut writer = self.inner.next_row_group().map_err(failed)?;
        for column in group.columns {
            writer.append_column(&group.bytes, column).map_err(failed)?;
        }
        writer.close().map_err(failed)?;
        self.rows += u64::try_from(group.rows).unwrap_or_default();
        Ok(())
    }

    /// Writes the footer; returns what was written to, and its number of rows.
    ///
    /// # Errors
    /// When it cannot be finished.
    pub fn finish(self) -> Result<(W, u64)> {
        let out = self.inner.into_inner().map_err(failed)?;
        let mut out = out.into_inner().map_err(|error| failed(error.into_error().into()))?;
        out.flush().map_err(|error| failed(error.into()))?;
        Ok((out, self.rows))
    }
}
