//! Trees, metadata and problems of other tools for protection.
#![no_main]

use conum_fuzz::check_office;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    if let Some((first, bytes)) = input.split_first() {
        check_office(*first, bytes);
    }
});
