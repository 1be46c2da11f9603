//! Workbooks: bytes that should be one, and whole ones of which one part is anything.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let Some((first, bytes)) = input.split_first() else { return };
    conum_fuzz::check_workbook(*first, bytes);
});
