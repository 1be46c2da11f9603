//! Files of codes are the same as those of the Arrow writer, to every reader.

mod files;

use crate::column::{NO_COUNT, NO_INSTANT};
use crate::run::coded::file::CodedWriter;
use crate::run::coded::layout::{Layout, Packing};
use crate::run::coded::{Cells, encode};
use arrow::array::{Array, AsArray, StringArray};
use arrow::datatypes::{DataType, Field, Int32Type, Schema};
use bytes::Bytes;
use parquet::basic::Encoding;
use proptest::prelude::*;

use self::files::{Owned, check, coded, description, list, open, table};

struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 8) % limit
    }
}

fn random_codes(rows: usize, texts: u64) -> Vec<u32> {
    let mut random = Random(0x1234_5678_9abc_def1);
    (0..rows).map(|_| u32::try_from(random.below(texts)).unwrap()).collect()
}

fn ids(rows: usize) -> Vec<u128> {
    let mut random = Random(77);
    (0..rows)
        .map(|row| (row as u128) << 70 | u128::from(random.below(u64::MAX)) << 8 | 0xab)
        .collect()
}

#[test]
fn all_kinds_read_as_those_of_the_arrow_writer() {
    let rows = 50_000;
    let sizes = [2, 3, 9, 130, 300, 5000, 20_000];
    let mut columns = vec![Owned::Hex(ids(rows), 24), Owned::Hex(ids(rows), 32)];
    columns.push(Owned::Hex(ids(rows), 1));
    columns.push(Owned::Binary(ids(rows)));
    for size in sizes {
        let texts: Vec<String> = (0..size).map(|it| format!("été {it} à Gâvres")).collect();
        columns.push(Owned::Codes(random_codes(rows, size), list(&texts)));
    }
    let numbers: Vec<i32> =
        random_codes(rows, 700).iter().map(|it| i32::try_from(*it).unwrap()).collect();
    let some: Vec<i32> =
        numbers.iter().map(|it| if it % 7 == 0 { NO_COUNT } else { it - 300 }).collect();
    let great: Vec<i64> = some
        .iter()
        .map(|it| if *it == NO_COUNT { NO_INSTANT } else { i64::from(*it) << 33 })
        .collect();
    columns.push(Owned::Counts(numbers.clone()));
    columns.push(Owned::Counts(some.clone()));
    columns.push(Owned::Days(numbers.iter().map(|it| it + 19_000).collect()));
    columns.push(Owned::Days(some.iter().map(|it| it.saturating_mul(9)).collect()));
    columns.push(Owned::Instants(great.clone()));
    columns.push(Owned::Sums(great));
    for rows_per_group in [50_000, 30_000, 20_480] {
        check(&columns, rows_per_group);
    }
}

#[test]
fn an_empty_table_is_a_file_without_row_groups() {
    let columns = [Owned::Counts(vec![]), Owned::Codes(vec![], list(&["a"]))];
    assert_eq!(check(&columns, 100).num_row_groups(), 0);
}

#[test]
fn one_row_is_a_table() {
    check(
        &[
            Owned::Codes(vec![2], list(&["a", "été"])),
            Owned::Hex(vec![u128::MAX], 24),
            Owned::Binary(vec![0]),
            Owned::Counts(vec![0]),
            Owned::Days(vec![-1]),
            Owned::Instants(vec![i64::MAX]),
            Owned::Sums(vec![i64::MIN + 1]),
        ],
        10,
    );
}

#[test]
fn a_column_may_be_all_null() {
    let rows = 45_000;
    check(
        &[
            Owned::Codes(vec![0; rows], list::<&str>(&[])),
            Owned::Counts(vec![NO_COUNT; rows]),
            Owned::Days(vec![NO_COUNT; rows]),
            Owned::Instants(vec![NO_INSTANT; rows]),
            Owned::Sums(vec![NO_INSTANT; rows]),
        ],
        40_000,
    );
}

#[test]
fn a_page_may_be_all_null() {
    let mut codes = vec![1; 60_000];
    codes[20_480..40_960].fill(0);
    let counts: Vec<i32> = codes.iter().map(|it| if *it == 0 { NO_COUNT } else { 3 }).collect();
    check(&[Owned::Codes(codes, list(&["a"])), Owned::Counts(counts)], 60_000);
}

#[test]
fn many_texts_are_written_plainly() {
    let rows = 100_000;
    let texts: Vec<String> = (0..100_000).map(|it| format!("texte {it}")).collect();
    let long: Vec<String> = (0..3000).map(|it| format!("{it}{}", "é".repeat(300))).collect();
    let codes = (0..100_000).map(|it| (it * 7919 % 100_000) + 1).collect();
    let some = (0..100_000).map(|it| if it % 2 == 0 { 0 } else { it }).collect();
    let metadata = check(
        &[
            Owned::Codes(codes, list(&texts)),
            Owned::Codes(some, list(&texts)),
            Owned::Codes(random_codes(rows, 3000), list(&long)),
        ],
        rows,
    );
    for column in metadata.row_group(0).columns() {
        assert!(column.dictionary_page_offset().is_none());
        assert!(column.encodings().all(|it| it != Encoding::RLE_DICTIONARY));
    }
}

#[test]
fn equal_values_cost_next_to_nothing() {
    let rows = 122_880;
    let half: Vec<u32> = (0..122_880).map(|it| 1 + it / 61_000).collect();
    let metadata = check(
        &[
            Owned::Codes(vec![1; rows], list(&["a"])),
            Owned::Codes(half.clone(), list(&["b", "a", "c"])),
            Owned::Counts(vec![0; rows]),
            Owned::Counts(half.iter().map(|it| if *it == 1 { NO_COUNT } else { 7 }).collect()),
            Owned::Days((0..122_880).map(|it| 19_000 + it / 3000).collect()),
        ],
        rows,
    );
    for column in metadata.row_group(0).columns() {
        assert!(column.uncompressed_size() < 1200, "{}", column.uncompressed_size());
    }
}

#[test]
fn numbers_far_apart_are_written_plainly() {
    let rows = 30_000;
    let far: Vec<i32> = (0..30_000).map(|it| it * 70_000 % i32::MAX).collect();
    let edges = (0..rows).map(|it| if it % 2 == 0 { i32::MAX } else { i32::MIN + 1 }).collect();
    let top = (0..rows)
        .map(|it| if it % 3 == 0 { NO_COUNT } else { i32::MAX - i32::from(it % 2 == 1) })
        .collect();
    let limit = (0..30_000).map(|it| it % 4096).collect();
    let over = (0..30_000).map(|it| it % 4097).collect();
    let metadata = check(
        &[
            Owned::Counts(far),
            Owned::Counts(edges),
            Owned::Counts(top),
            Owned::Counts(limit),
            Owned::Counts(over),
        ],
        rows,
    );
    let coded: Vec<bool> = metadata
        .row_group(0)
        .columns()
        .iter()
        .map(|column| column.dictionary_page_offset().is_some())
        .collect();
    assert_eq!(coded, [false, false, true, true, false]);
}

#[test]
fn statistics_of_long_texts_are_cut_between_characters() {
    let a = "a".repeat(63);
    let texts = [
        format!("{a}été"),
        "é".repeat(100),
        "\u{10ffff}".repeat(30),
        format!("{a}a"),
        format!("{a}\u{7f}b"),
        "ab\0".to_owned(),
        "ab".to_owned(),
        String::new(),
    ];
    for first in 0..texts.len() {
        let codes = (0..40u32).map(|it| 1 + u32::try_from(first).unwrap().max(it % 8)).collect();
        check(&[Owned::Codes(codes, list(&texts))], 100);
        let one = vec![1 + u32::try_from(first).unwrap(); 1];
        check(&[Owned::Codes(one, list(&texts))], 100);
    }
}

#[test]
fn what_does_not_fit_the_layout_is_refused() {
    let columns = [Owned::Counts(vec![1, 2]), Owned::Codes(vec![1, 2], list(&["a"]))];
    let (schema, _) = table(&columns);
    let layout = Layout::new(&schema, &description(), Packing::Zstd(1)).unwrap();
    let texts = list(&["a"]);
    let message = |group: &[Cells<'_>]| encode(group, &layout).unwrap_err().message;
    let codes = |codes| Cells::Codes { codes, texts: &texts };
    assert_eq!(message(&[Cells::Counts(&[1])]), "a table has 2 columns, found 1");
    assert_eq!(message(&[Cells::Counts(&[1]), codes(&[2])]), "the code 2 has a text");
    assert!(message(&[Cells::Counts(&[1]), codes(&[1, 1])]).contains("`colonne_1` has 1 rows"));
    assert!(
        message(&[Cells::Sums(&[1]), codes(&[1])])
            .contains("`colonne_0` is flat and of type (INT32")
    );
    // A refusal leaves nothing behind.
    encode(&[Cells::Counts(&[1]), codes(&[1])], &layout).unwrap();
    let mut unsorted = description();
    unsorted.sorted_by = vec!["autre".to_owned()];
    assert!(Layout::new(&schema, &unsorted, Packing::Plain).is_err());
    assert!(Layout::new(&schema, &description(), Packing::Zstd(99)).is_err());
}

#[test]
fn bytes_do_not_depend_on_what_a_thread_wrote_before() {
    let columns = |seed: u32| {
        let codes = random_codes(30_000, 400).iter().map(|it| (it + seed) % 400).collect();
        [Owned::Codes(codes, list(&(0..400).collect::<Vec<_>>())), Owned::Hex(ids(30_000), 24)]
    };
    let first = coded(&columns(1), 10_000, Packing::Zstd(3));
    let _second = coded(&columns(2), 30_000, Packing::Zstd(1));
    assert_eq!(first, coded(&columns(1), 10_000, Packing::Zstd(3)));
    let other = std::thread::spawn(move || coded(&columns(1), 10_000, Packing::Zstd(3)));
    assert_eq!(first, other.join().unwrap());
}

#[test]
fn texts_declared_as_a_dictionary_are_read_as_one() {
    let codes = random_codes(50_000, 300);
    let texts = list(&(0..300).collect::<Vec<_>>());
    let kind = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    let schema = Schema::new(vec![Field::new("colonne_0", kind, true)]);
    let layout = Layout::new(&schema, &description(), Packing::Zstd(1)).unwrap();
    let mut writer = CodedWriter::new(Vec::new(), &layout).unwrap();
    let group = [Cells::Codes { codes: &codes, texts: &texts }];
    writer.append(encode(&group, &layout).unwrap()).unwrap();
    let (bytes, _) = writer.finish().unwrap();
    let mut reader = open(&Bytes::from(bytes)).with_batch_size(50_000).build().unwrap();
    let batch = reader.next().unwrap().unwrap();
    let found = batch.column(0).as_dictionary::<Int32Type>();
    assert_eq!(found.values().len(), 299);
    let found = found.downcast_dict::<StringArray>().unwrap();
    let expected: Vec<Option<&str>> = codes
        .iter()
        .map(|code| (*code != 0).then(|| texts.0.get(*code as usize).unwrap().as_str()))
        .collect();
    assert!(found.into_iter().collect::<Vec<_>>() == expected, "same texts");
}

fn runs<T: Clone + std::fmt::Debug>(
    value: impl Strategy<Value = T>,
) -> impl Strategy<Value = Vec<T>> {
    let run = (value, prop_oneof![4 => 1usize..4, 2 => 1usize..200, 1 => 200usize..3000]);
    proptest::collection::vec(run, 0..60).prop_map(|runs| {
        runs.into_iter().flat_map(|(value, times)| std::iter::repeat_n(value, times)).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_values_come_back(
        codes in runs(0u32..12),
        counts in runs(prop_oneof![Just(NO_COUNT), -5i32..5, any::<i32>()]),
        near in runs(prop_oneof![Just(NO_COUNT), 100i32..160]),
        great in runs(prop_oneof![Just(NO_INSTANT), any::<i64>()]),
        texts in proptest::collection::vec(".{0,90}", 12),
        identifiers in runs(any::<u128>()),
        rows_per_group in 1usize..9000,
    ) {
        let rows = [codes.len(), counts.len(), near.len(), great.len(), identifiers.len()]
            .into_iter().min().unwrap();
        check(
            &[
                Owned::Codes(codes[..rows].to_vec(), list(&texts)),
                Owned::Counts(counts[..rows].to_vec()),
                Owned::Days(near[..rows].to_vec()),
                Owned::Sums(great[..rows].to_vec()),
                Owned::Binary(identifiers[..rows].to_vec()),
                Owned::Hex(identifiers[..rows].to_vec(), 20),
            ],
            rows_per_group.max(rows / 20 + 1),
        );
    }
}
