//! Whatever the bytes: rows in = rows out + rejects, and never a panic.

use std::path::Path;
use std::sync::LazyLock;

use conum::definition::Definitions;
use conum::ingest::pseudonym::Key;
use conum::ingest::{Context, ingest};
use conum::run::store;
use proptest::prelude::*;

use crate::support::{FLAT, root, row};

static DEFINITIONS: LazyLock<Definitions> = LazyLock::new(|| {
    let files = store::read_tree(&root().join("pipelines")).unwrap();
    Definitions::load("national.toml", &files).unwrap()
});

/// Reads bytes as a source; returns (records, rows, lines of the rejects).
fn read(source: &str, bytes: &[u8]) -> Option<(u64, usize, Vec<i64>)> {
    let key = Key::published();
    let context = Context {
        lists: &DEFINITIONS.lists,
        employer_rules: &DEFINITIONS.employer_rules,
        key: &key,
    };
    let (mut rows, mut lines) = (0, Vec::new());
    let records = ingest(&DEFINITIONS.sources[source], context, bytes, &mut |piece| {
        rows += piece.rows.num_rows();
        lines.extend(piece.rejects.iter().map(|reject| reject.line));
        Ok(())
    });
    Some((records.ok()?.records, rows, lines))
}

fn check(source: &str, bytes: &[u8]) -> Result<(), TestCaseError> {
    if let Some((records, rows, lines)) = read(source, bytes) {
        prop_assert_eq!(records, u64::try_from(rows + lines.len()).unwrap());
        let feeds = i64::try_from(bytes.iter().filter(|byte| **byte == b'\n').count()).unwrap();
        prop_assert!(lines.iter().all(|line| (1..=feeds + 1).contains(line)));
        let mut once = lines.clone();
        once.sort_unstable();
        once.dedup();
        prop_assert_eq!(once.len(), lines.len(), "a line is rejected once");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_accounted_for(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        for source in DEFINITIONS.sources.keys() {
            check(source, &bytes)?;
        }
    }

    #[test]
    fn any_body_under_a_good_header_is_accounted_for(body in "[a-z0-9;\"\n\r,|é -]{0,600}") {
        check("activites_plates", format!("{FLAT}\n{body}").as_bytes())?;
        check("coop_activites", body.as_bytes())?;
    }

    #[test]
    fn damage_to_good_rows_costs_no_other_row_than_those_it_touches(
        at in 0..2_000_usize,
        byte in prop::sample::select(vec![b'"', b';', b'\n', b'x', 0xff, 0]),
    ) {
        let rows: Vec<String> = (0..20).map(|n| row(&format!("r{n}"), "2023-05-02", &[])).collect();
        let mut bytes = format!("{FLAT}\n{}\n", rows.join("\n")).into_bytes();
        let at = FLAT.len() + 1 + at % (bytes.len() - FLAT.len() - 1);
        bytes[at] = byte;
        check("activites_plates", &bytes)?;
        let (_, rows, _) = read("activites_plates", &bytes).unwrap();
        prop_assert!(rows >= 17, "{} rows left", rows);
    }
}

#[test]
fn properties_see_every_source() {
    let declared = std::fs::read_dir(Path::new(&root()).join("pipelines/sources")).unwrap().count();
    assert_eq!(DEFINITIONS.sources.len(), declared);
}
