//! Delimited text where quotes enclose nothing and JSON may hold the delimiter.
#![no_main]

use conum_fuzz::{check, filled_lines};

const SOURCES: [&str; 2] = ["mongo_export", "absorbing"];

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let Some((first, bytes)) = input.split_first() else { return };
    let Some(found) = check(SOURCES[usize::from(*first) % SOURCES.len()], bytes) else { return };
    assert_eq!(found.records, filled_lines(bytes) - 1, "each line behind the header is a record");
});
