//! Values with parts in the fields of delimited text; days and instants.
#![no_main]

use conum_fuzz::{check, check_value};

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let Some((first, bytes)) = input.split_first() else { return };
    match first % 3 {
        0 => {
            let _ = check("metabase", bytes);
        }
        1 => {
            let _ = check("dated", bytes);
        }
        _ => {
            if let Ok(text) = std::str::from_utf8(bytes) {
                check_value(text);
            }
        }
    }
});
