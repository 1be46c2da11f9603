//! A JSON document with a list of objects, and JSON lines.
#![no_main]

use conum_fuzz::{check, filled_lines};
use serde_json::Value;

const SOURCES: [&str; 4] = ["api_page", "coop_activites", "attendances", "top_list"];

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let Some((first, bytes)) = input.split_first() else { return };
    let source = SOURCES[usize::from(*first) % SOURCES.len()];
    let Some(found) = check(source, bytes) else { return };
    match source {
        "coop_activites" => assert_eq!(found.records, filled_lines(bytes)),
        "api_page" | "top_list" => {
            if let Some(count) = elements(bytes, source == "api_page") {
                assert_eq!(found.records, count, "each element is a record");
            }
        }
        _ => {}
    }
});

/// How many elements a whole document has, by a parser of all of it.
fn elements(bytes: &[u8], has_key: bool) -> Option<usize> {
    let bytes = bytes.strip_prefix(&[0xEF, 0xBB, 0xBF]).unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).ok()?;
    // Of two keys, or of one written with escapes, the parsers may take another.
    let is_plain = text.matches("\"data\"").count() == 1 && !text.contains("\\u");
    let document: Value = serde_json::from_str(text).ok().filter(|_| !has_key || is_plain)?;
    let list = if has_key { document.get("data")? } else { &document };
    list.as_array().map(Vec::len)
}
