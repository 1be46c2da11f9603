//! Parquet files with the columns of a source.
#![no_main]

const SOURCES: [&str; 3] = ["activites_plates", "structures", "employeurs_open_data"];

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let Some((first, bytes)) = input.split_first() else { return };
    conum_fuzz::check_parquet(SOURCES[usize::from(*first) % SOURCES.len()], bytes);
});
