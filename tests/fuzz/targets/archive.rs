//! Archives of several files.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    conum_fuzz::check_archive(bytes);
});
