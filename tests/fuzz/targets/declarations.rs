//! One file of the declarations of a pipeline is anything; the others are as they are.
#![no_main]

use conum_fuzz::check_declarations;

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let Some((first, bytes)) = input.split_first() else { return };
    check_declarations(*first, bytes);
});
