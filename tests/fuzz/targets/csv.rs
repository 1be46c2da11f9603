//! Delimited text whose fields may be quoted.
#![no_main]

use conum_fuzz::{check, read};

const SOURCES: [&str; 5] =
    ["legacy_archive", "activites_plates", "structures", "employeurs_open_data", "partner"];

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let Some((first, bytes)) = input.split_first() else { return };
    let source = SOURCES[usize::from(*first) % SOURCES.len()];
    let Some(found) = check(source, bytes) else { return };
    // A line without quotes can close none that was left open: it stays a record of its own.
    if bytes.ends_with(b"\n") {
        let more = read(source, &[bytes, b"x\n"].concat());
        assert_eq!(more.map(|more| more.records), Some(found.records + 1), "a line is swallowed");
    }
});
