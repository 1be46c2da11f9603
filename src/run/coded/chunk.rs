//! Pages of one column become a column chunk: bytes, metadata and page index.

use bytes::Bytes;
use parquet::basic::{BoundaryOrder, Compression, Encoding, PageType};
use parquet::column::page::{CompressedPage, Page, PageWriteSpec, PageWriter};
use parquet::column::writer::ColumnCloseResult;
use parquet::file::metadata::{
    ColumnChunkMetaData, ColumnIndexBuilder, LevelHistogram, OffsetIndexBuilder, PageEncodingStats,
};
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;

use crate::error::{Error, Result};
use crate::run::coded::bounds::Bound;
use crate::run::parquet::failed;

/// Rows of a page: six pages are a row group, and one page is a multiple of 64.
pub(super) const PAGE_ROWS: usize = 20_480;
/// Bytes of values a page aims at, where they are long.
pub(super) const PAGE_BYTES: usize = 1 << 20;

/// Compresses pages with one context: a new one for each page would cost a few per cent more.
#[derive(Default)]
pub(super) struct Press {
    context: Option<(i32, zstd::bulk::Compressor<'static>)>,
    space: Vec<u8>,
}

impl Press {
    /// The bytes, compressed.
    fn compress(&mut self, bytes: &[u8], level: i32) -> Result<Bytes> {
        let broken = |error| Error::internal("zstd compresses a page").because(error);
        let mut context = match self.context.take() {
            Some((same, context)) if same == level => context,
            _ => zstd::bulk::Compressor::new(level).map_err(broken)?,
        };
        let mut space = std::mem::take(&mut self.space);
        space.clear();
        space.reserve(zstd::zstd_safe::compress_bound(bytes.len()));
        context.compress_to_buffer(bytes, &mut space).map_err(broken)?;
        self.context = Some((level, context));
        Ok(Bytes::from(space))
    }

    /// Takes the space of a page back, once it is written.
    fn recycle(&mut self, page: Bytes) {
        self.space = Vec::from(page);
    }
}

/// What a data page holds.
pub(super) struct DataPage<B> {
    /// Values and nulls.
    pub(super) rows: usize,
    /// Nulls among them.
    pub(super) nulls: usize,
    /// How the values are written.
    pub(super) encoding: Encoding,
    /// Least and greatest value; none where all are null.
    pub(super) bounds: Option<(B, B)>,
    /// Bytes of the texts, for a column of texts.
    pub(super) text_bytes: Option<usize>,
}

/// A column chunk under construction.
pub(super) struct Chunk<'a, B> {
    descr: ColumnDescPtr,
    compression: Compression,
    press: &'a mut Press,
    sink: SerializedPageWriter<'a, Vec<u8>>,
    pages: ColumnIndexBuilder,
    places: OffsetIndexBuilder,
    encodings: Vec<PageEncodingStats>,
    dictionary_at: Option<i64>,
    data_at: Option<i64>,
    compressed: i64,
    uncompressed: i64,
    text_bytes: Option<i64>,
    rows: usize,
    nulls: usize,
    bounds: Option<(B, B)>,
    last: Option<(B, B)>,
    is_ascending: bool,
    is_descending: bool,
}

impl<'a, B: Bound> Chunk<'a, B> {
    /// Starts a chunk at the end of `bytes`.
    pub(super) fn new(
        descr: ColumnDescPtr,
        compression: Compression,
        press: &'a mut Press,
        bytes: &'a mut TrackedWrite<Vec<u8>>,
    ) -> Self {
        Self {
            pages: ColumnIndexBuilder::new(descr.physical_type()),
            places: OffsetIndexBuilder::new(),
            descr,
            compression,
            press,
            sink: SerializedPageWriter::new(bytes),
            encodings: Vec::new(),
            dictionary_at: None,
            data_at: None,
            compressed: 0,
            uncompressed: 0,
            text_bytes: None,
            rows: 0,
            nulls: 0,
            bounds: None,
            last: None,
            is_ascending: true,
            is_descending: true,
        }
    }

    /// Adds the dictionary, before any page.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn dictionary(
        &mut self,
        entries: usize,
        is_sorted: bool,
        body: &[u8],
    ) -> Result<()> {
        let num_values = number(entries)?;
        let encoding = Encoding::PLAIN;
        let spec = self.write(PageType::DICTIONARY_PAGE, encoding, body, |buf| {
            Page::DictionaryPage { buf, num_values, encoding, is_sorted }
        })?;
        self.dictionary_at = Some(number(spec.offset)?);
        Ok(())
    }

    /// Adds a page; `body` is its levels and values.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn page(&mut self, page: DataPage<B>, body: &[u8]) -> Result<()> {
        let (num_values, encoding) = (number(page.rows)?, page.encoding);
        let spec = self.write(PageType::DATA_PAGE, encoding, body, |buf| Page::DataPage {
            buf,
            num_values,
            encoding,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        })?;
        let offset: i64 = number(spec.offset)?;
        self.data_at = self.data_at.or(Some(offset));
        self.places.append_offset_and_size(offset, number(spec.compressed_size)?);
        self.places.append_row_count(number(page.rows)?);
        if let Some(bytes) = page.text_bytes {
            let bytes: i64 = number(bytes)?;
            self.places.append_unencoded_byte_array_data_bytes(Some(bytes));
            self.text_bytes = Some(self.text_bytes.unwrap_or_default() + bytes);
        }
        self.rows += page.rows;
        self.nulls += page.nulls;
        let nulls = number(page.nulls)?;
        let levels = histogram(page.rows, page.nulls)?;
        let (floor, ceiling) = page
            .bounds
            .as_ref()
            .map_or_else(Default::default, |(low, high)| (low.floor().0, high.ceiling().0));
        self.pages.append(page.bounds.is_none(), floor, ceiling, nulls, None);
        self.pages.append_histograms(&None, &levels);
        if let Some(bounds) = page.bounds {
            self.widen(bounds);
        }
        Ok(())
    }

    /// The metadata of the chunk, whose places count from the start of the buffer.
    ///
    /// # Errors
    /// When a figure is too great for the format.
    pub(super) fn close(mut self) -> Result<ColumnCloseResult> {
        self.pages.set_boundary_order(match (self.is_ascending, self.is_descending) {
            (true, _) => BoundaryOrder::ASCENDING,
            (false, true) => BoundaryOrder::DESCENDING,
            (false, false) => BoundaryOrder::UNORDERED,
        });
        // Levels are written as runs, whatever the values are.
        let mut encodings = vec![Encoding::RLE];
        encodings.extend(self.encodings.iter().map(|pages| pages.encoding));
        let metadata = ColumnChunkMetaData::builder(self.descr)
            .set_compression(self.compression)
            .set_encodings(encodings)
            .set_page_encoding_stats(self.encodings)
            .set_total_compressed_size(self.compressed)
            .set_total_uncompressed_size(self.uncompressed)
            .set_num_values(number(self.rows)?)
            .set_data_page_offset(self.data_at.unwrap_or_default())
            .set_dictionary_page_offset(self.dictionary_at)
            .set_statistics(B::statistics(self.bounds.as_ref(), number(self.nulls)?))
            .set_unencoded_byte_array_data_bytes(self.text_bytes)
            .set_definition_level_histogram(histogram(self.rows, self.nulls)?)
            .build()
            .map_err(failed)?;
        Ok(ColumnCloseResult {
            bytes_written: number(self.compressed)?,
            rows_written: number(self.rows)?,
            metadata,
            bloom_filter: None,
            column_index: Some(self.pages.build().map_err(failed)?),
            offset_index: Some(self.places.build()),
        })
    }

    fn write(
        &mut self,
        page_type: PageType,
        encoding: Encoding,
        body: &[u8],
        page: impl FnOnce(Bytes) -> Page,
    ) -> Result<PageWriteSpec> {
        let bytes = match self.compression {
            Compression::ZSTD(level) => self.press.compress(body, level.compression_level())?,
            _ => Bytes::copy_from_slice(body),
        };
        let page = CompressedPage::new(page(bytes.clone()), body.len());
        let spec = self.sink.write_page(page).map_err(failed)?;
        self.press.recycle(bytes);
        self.compressed += number::<_, i64>(spec.compressed_size)?;
        self.uncompressed += number::<_, i64>(spec.uncompressed_size)?;
        match self.encodings.last_mut() {
            Some(last) if last.page_type == page_type && last.encoding == encoding => {
                last.count += 1;
            }
            _ => self.encodings.push(PageEncodingStats { page_type, encoding, count: 1 }),
        }
        Ok(spec)
    }

    fn widen(&mut self, (least, greatest): (B, B)) {
        if let Some((last_least, last_greatest)) = &self.last {
            self.is_ascending &= *last_least <= least && *last_greatest <= greatest;
            self.is_descending &= *last_least >= least && *last_greatest >= greatest;
        }
        self.last = Some((least.clone(), greatest.clone()));
        self.bounds = Some(match self.bounds.take() {
            None => (least, greatest),
            Some((low, high)) => (
                if least < low { least } else { low },
                if greatest > high { greatest } else { high },
            ),
        });
    }
}

fn histogram(rows: usize, nulls: usize) -> Result<Option<LevelHistogram>> {
    let mut levels = LevelHistogram::try_new(1);
    if let Some(levels) = &mut levels {
        levels.increment_by(0, number(nulls)?);
        levels.increment_by(1, number(rows - nulls)?);
    }
    Ok(levels)
}

/// A figure in the type that the format gives it.
///
/// # Errors
/// When it is too great.
pub(super) fn number<From, To: TryFrom<From>>(figure: From) -> Result<To> {
    To::try_from(figure)
        .map_err(|_| Error::internal("a page has fewer than two billion values and bytes"))
}
