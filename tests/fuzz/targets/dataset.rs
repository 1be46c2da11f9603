//! Records of a dataset, cut fast and with care.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut input = b"id;date;maj_le;note;nb\n".to_vec();
    input.extend_from_slice(bytes);
    conum_fuzz::check_dataset(&input);
});
