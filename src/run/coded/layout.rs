//! The schema and description of a table become what its Parquet writer needs to know.

use std::sync::Arc;

use arrow::datatypes::Schema;
use parquet::arrow::{ArrowSchemaConverter, add_encoded_arrow_schema_to_metadata};
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterPropertiesPtr;
use parquet::schema::types::SchemaDescPtr;

use crate::error::{Error, Result};
use crate::run::parquet::{Description, failed, properties};

/// How pages are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// Not at all.
    Plain,
    /// With zstd, at this level.
    Zstd(i32),
}

/// What all row groups of a file have in common.
#[derive(Clone, Debug)]
pub struct Layout {
    schema: SchemaDescPtr,
    properties: WriterPropertiesPtr,
    compression: Compression,
}

impl Layout {
    /// The layout of a table, whose columns may all have nulls.
    ///
    /// # Errors
    /// When the schema cannot be written, or lacks a column the file is sorted by.
    pub fn new(schema: &Schema, description: &Description, packing: Packing) -> Result<Self> {
        let compression = match packing {
            Packing::Plain => Compression::UNCOMPRESSED,
            Packing::Zstd(level) => Compression::ZSTD(ZstdLevel::try_new(level).map_err(failed)?),
        };
        if let Some(field) = schema.fields().iter().find(|field| !field.is_nullable()) {
            let name = field.name();
            return Err(Error::internal(format!("the column `{name}` may have nulls")));
        }
        let mut properties = properties(schema, description, compression)?.build();
        add_encoded_arrow_schema_to_metadata(schema, &mut properties);
        let schema = ArrowSchemaConverter::new().convert(schema).map_err(failed)?;
        Ok(Self { schema: Arc::new(schema), properties: Arc::new(properties), compression })
    }

    /// The columns, as Parquet knows them.
    #[must_use]
    pub fn schema(&self) -> &SchemaDescPtr {
        &self.schema
    }

    /// What the file says of itself.
    #[must_use]
    pub fn properties(&self) -> &WriterPropertiesPtr {
        &self.properties
    }

    /// How pages are compressed.
    #[must_use]
    pub fn compression(&self) -> Compression {
        self.compression
    }
}
