//! Columns become files of both writers, which are compared.

use std::collections::HashMap;
use std::sync::Arc;

use crate::column::{NO_COUNT, NO_INSTANT, Texts};
use crate::run::coded::file::CodedWriter;
use crate::run::coded::layout::{Layout, Packing};
use crate::run::coded::{Cells, encode};
use crate::run::parquet::Description;
use arrow::array::{
    Array, ArrayRef, Date32Array, FixedSizeBinaryArray, Int32Array, Int64Array, StringArray,
    TimestampMicrosecondArray,
};
use arrow::compute::concat_batches;
use arrow::datatypes::{Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{
    ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection, RowSelector,
};
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::{KeyValue, PageIndexPolicy, ParquetMetaData, SortingColumn};
use parquet::file::properties::{WriterProperties, WriterVersion};

pub(crate) struct List(pub(crate) Vec<String>);

impl Texts for List {
    fn text(&self, code: u32) -> &str {
        usize::try_from(code).ok().and_then(|code| self.0.get(code)).map_or("", String::as_str)
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

pub(crate) fn list<T: ToString>(texts: &[T]) -> List {
    List(std::iter::once(String::new()).chain(texts.iter().map(ToString::to_string)).collect())
}

/// One column of a group that owns its values.
pub(crate) enum Owned {
    Codes(Vec<u32>, List),
    Hex(Vec<u128>, usize),
    Binary(Vec<u128>),
    Counts(Vec<i32>),
    Days(Vec<i32>),
    Instants(Vec<i64>),
    Sums(Vec<i64>),
}

impl Owned {
    fn len(&self) -> usize {
        match self {
            Owned::Codes(codes, _) => codes.len(),
            Owned::Hex(ids, _) | Owned::Binary(ids) => ids.len(),
            Owned::Counts(numbers) | Owned::Days(numbers) => numbers.len(),
            Owned::Instants(numbers) | Owned::Sums(numbers) => numbers.len(),
        }
    }

    fn cells(&self, rows: std::ops::Range<usize>) -> Cells<'_> {
        match self {
            Owned::Codes(codes, texts) => Cells::Codes { codes: &codes[rows], texts },
            Owned::Hex(ids, digits) => Cells::Hex { ids: &ids[rows], digits: *digits },
            Owned::Binary(ids) => Cells::Binary(&ids[rows]),
            Owned::Counts(numbers) => Cells::Counts(&numbers[rows]),
            Owned::Days(numbers) => Cells::Days(&numbers[rows]),
            Owned::Instants(numbers) => Cells::Instants(&numbers[rows]),
            Owned::Sums(numbers) => Cells::Sums(&numbers[rows]),
        }
    }

    fn array(&self) -> ArrayRef {
        let small = |numbers: &[i32]| -> Vec<Option<i32>> {
            numbers.iter().map(|it| (*it != NO_COUNT).then_some(*it)).collect()
        };
        let great = |numbers: &[i64]| -> Vec<Option<i64>> {
            numbers.iter().map(|it| (*it != NO_INSTANT).then_some(*it)).collect()
        };
        match self {
            Owned::Codes(codes, texts) => Arc::new(StringArray::from_iter(
                codes.iter().map(|code| (*code != 0).then(|| texts.text(*code))),
            )),
            Owned::Hex(ids, digits) => Arc::new(StringArray::from_iter_values(
                ids.iter().map(|id| format!("{id:032x}")[32 - digits..].to_owned()),
            )),
            Owned::Binary(ids) => Arc::new(
                FixedSizeBinaryArray::try_from_sparse_iter_with_size(
                    ids.iter().map(|id| Some(id.to_be_bytes())),
                    16,
                )
                .unwrap(),
            ),
            Owned::Counts(numbers) => Arc::new(Int32Array::from(small(numbers))),
            Owned::Days(numbers) => Arc::new(Date32Array::from(small(numbers))),
            Owned::Instants(numbers) => {
                Arc::new(TimestampMicrosecondArray::from(great(numbers)).with_timezone("UTC"))
            }
            Owned::Sums(numbers) => Arc::new(Int64Array::from(great(numbers))),
        }
    }
}

pub(crate) fn table(columns: &[Owned]) -> (SchemaRef, RecordBatch) {
    let arrays: Vec<ArrayRef> = columns.iter().map(Owned::array).collect();
    let fields: Vec<Field> = arrays
        .iter()
        .enumerate()
        .map(|(place, array)| {
            let meaning =
                HashMap::from([("description".to_owned(), format!("colonne n° {place}"))]);
            Field::new(format!("colonne_{place}"), array.data_type().clone(), true)
                .with_metadata(meaning)
        })
        .collect();
    let schema = Arc::new(Schema::new(fields));
    (schema.clone(), RecordBatch::try_new(schema, arrays).unwrap())
}

pub(crate) fn description() -> Description {
    Description {
        sorted_by: vec!["colonne_0".to_owned()],
        metadata: vec![("table".to_owned(), "essai".to_owned())],
    }
}

pub(crate) fn coded(columns: &[Owned], rows_per_group: usize, packing: Packing) -> Bytes {
    let (schema, _) = table(columns);
    let layout = Layout::new(&schema, &description(), packing).unwrap();
    let mut writer = CodedWriter::new(Vec::new(), &layout).unwrap();
    let rows = columns.first().map_or(0, Owned::len);
    for start in (0..rows.max(1)).step_by(rows_per_group) {
        let range = start..rows.min(start + rows_per_group);
        let cells: Vec<Cells<'_>> = columns.iter().map(|it| it.cells(range.clone())).collect();
        writer.append(encode(&cells, &layout).unwrap()).unwrap();
    }
    let (bytes, written) = writer.finish().unwrap();
    assert_eq!(written, rows as u64);
    Bytes::from(bytes)
}

pub(crate) fn stock(columns: &[Owned], rows_per_group: usize, packing: Packing) -> Bytes {
    let (schema, batch) = table(columns);
    let compression = match packing {
        Packing::Plain => Compression::UNCOMPRESSED,
        Packing::Zstd(level) => Compression::ZSTD(ZstdLevel::try_new(level).unwrap()),
    };
    let properties = WriterProperties::builder()
        .set_writer_version(WriterVersion::PARQUET_1_0)
        .set_compression(compression)
        .set_max_row_group_row_count(Some(rows_per_group))
        .set_data_page_row_count_limit(20_480)
        .set_write_batch_size(64)
        .set_sorting_columns(Some(vec![SortingColumn {
            column_idx: 0,
            descending: false,
            nulls_first: true,
        }]))
        .set_key_value_metadata(Some(vec![KeyValue::new("table".to_owned(), "essai".to_owned())]))
        .set_created_by(concat!("conum ", env!("CARGO_PKG_VERSION")).to_owned())
        .build();
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, schema, Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    Bytes::from(bytes)
}

pub(crate) fn open(bytes: &Bytes) -> ParquetRecordBatchReaderBuilder<Bytes> {
    let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Required);
    ParquetRecordBatchReaderBuilder::try_new_with_options(bytes.clone(), options).unwrap()
}

pub(crate) fn read(builder: ParquetRecordBatchReaderBuilder<Bytes>) -> RecordBatch {
    let schema = builder.schema().clone();
    let batches: Vec<RecordBatch> =
        builder.with_batch_size(10_000).build().unwrap().collect::<Result<_, _>>().unwrap();
    concat_batches(&schema, &batches).unwrap()
}

/// Everything a reader can see is as the Arrow writer writes it.
pub(crate) fn check(columns: &[Owned], rows_per_group: usize) -> Arc<ParquetMetaData> {
    let mut last = None;
    for packing in [Packing::Plain, Packing::Zstd(1), Packing::Zstd(3)] {
        let ours = coded(columns, rows_per_group, packing);
        assert_eq!(ours, coded(columns, rows_per_group, packing), "same bytes");
        let theirs = stock(columns, rows_per_group, packing);
        let (_, expected) = table(columns);
        let (found, stock) = (read(open(&ours)), read(open(&theirs)));
        assert_eq!(found.schema(), stock.schema());
        assert_eq!(found.schema().fields(), expected.schema().fields());
        assert!(found == stock, "same values as the stock writer's");
        assert!(found.columns() == expected.columns(), "same values");
        let metadata = open(&ours).metadata().clone();
        check_metadata(&metadata, open(&theirs).metadata());
        check_selection(&ours, &expected);
        last = Some(metadata);
    }
    last.unwrap()
}

pub(crate) fn check_metadata(ours: &ParquetMetaData, theirs: &ParquetMetaData) {
    assert_eq!(ours.file_metadata(), theirs.file_metadata());
    assert_eq!(ours.num_row_groups(), theirs.num_row_groups());
    for (group, (a, b)) in ours.row_groups().iter().zip(theirs.row_groups()).enumerate() {
        assert_eq!(a.num_rows(), b.num_rows());
        assert_eq!(a.sorting_columns(), b.sorting_columns());
        let (index, other) =
            (ours.page_index_for_row_group(group), theirs.page_index_for_row_group(group));
        for (column, (a, b)) in a.columns().iter().zip(b.columns()).enumerate() {
            assert_eq!(a.statistics(), b.statistics(), "column {column}");
            assert_eq!(a.num_values(), b.num_values());
            assert_eq!(a.compression_codec(), b.compression_codec());
            assert_eq!(a.definition_level_histogram(), b.definition_level_histogram());
            assert_eq!(
                a.unencoded_byte_array_data_bytes(),
                b.unencoded_byte_array_data_bytes(),
                "column {column}"
            );
            let (a, b) = (index.offset_index(column).unwrap(), other.offset_index(column).unwrap());
            let rows = |it: &parquet::file::page_index::offset_index::OffsetIndexMetaData| {
                it.page_locations.iter().map(|it| it.first_row_index).collect::<Vec<_>>()
            };
            if rows(a) == rows(b) {
                assert_eq!(index.column_index(column), other.column_index(column));
                assert_eq!(a.unencoded_byte_array_data_bytes, b.unencoded_byte_array_data_bytes);
            } else {
                assert!(index.column_index(column).is_some());
            }
        }
    }
}

/// Pages may be skipped.
fn check_selection(bytes: &Bytes, expected: &RecordBatch) {
    let rows = expected.num_rows();
    let (skipped, taken) = (rows * 2 / 3, rows / 10);
    let selection =
        RowSelection::from(vec![RowSelector::skip(skipped), RowSelector::select(taken)]);
    let found = read(open(bytes).with_row_selection(selection));
    assert!(found.columns() == expected.slice(skipped, taken).columns(), "same selected values");
}
