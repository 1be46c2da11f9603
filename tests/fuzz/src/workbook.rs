//! A whole workbook of which one part is given.

use std::io::{Cursor, Write};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// The parts that may be anything.
pub const PARTS: [&str; 5] = [
    "xl/worksheets/sheet1.xml",
    "xl/sharedStrings.xml",
    "xl/workbook.xml",
    "xl/styles.xml",
    "xl/_rels/workbook.xml.rels",
];

const TYPES: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Default Extension="xml" ContentType="application/xml"/></Types>"#;

/// The text of each of [`PARTS`] in a workbook where nothing is wrong.
const WHOLE: [&str; 5] = [
    include_str!("../parts/sheet.xml"),
    include_str!("../parts/texts.xml"),
    include_str!("../parts/workbook.xml"),
    include_str!("../parts/styles.xml"),
    include_str!("../parts/relations.xml"),
];

/// The bytes of a workbook in which `part` is `content`.
#[must_use]
pub fn workbook(part: &str, content: &[u8]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let mut add = |name: &str, content: &[u8]| {
        writer.start_file(name, SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    };
    add("[Content_Types].xml", TYPES.as_bytes());
    for (name, whole) in PARTS.iter().zip(WHOLE) {
        add(name, if *name == part { content } else { whole.as_bytes() });
    }
    writer.finish().unwrap().into_inner()
}
