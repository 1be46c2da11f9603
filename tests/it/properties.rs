//! Whatever the bytes: rows in = rows out + rejects, and never a panic.

use std::path::Path;
use std::sync::LazyLock;

use conum::definition::Definitions;
use conum::definition::source::Container;
use conum::ingest::pseudonym::Key;
use conum::ingest::{Context, ingest};
use conum::run::folders;
use proptest::prelude::*;

use crate::support::{FLAT, root, row};

static DEFINITIONS: LazyLock<Definitions> = LazyLock::new(|| {
    let files = folders::read_tree(&root().join("pipelines")).unwrap();
    Definitions::load("national.toml", &files).unwrap()
});

/// What came of reading bytes as a source: records, rows, merged rows, and the place of each reject.
struct Came {
    records: u64,
    rows: usize,
    merged: u64,
    rejects: Vec<(i64, String)>,
}

fn read(source: &str, bytes: &[u8]) -> Option<Came> {
    let key = Key::published();
    let context = Context {
        lists: &DEFINITIONS.lists,
        employer_rules: &DEFINITIONS.employer_rules,
        key: &key,
    };
    let declared = &DEFINITIONS.sources[source];
    let (mut rows, mut rejects) = (0, Vec::new());
    let met = ingest((declared, declared.container), context, bytes, &mut |piece| {
        rows += piece.rows.num_rows();
        rejects.extend(piece.rejects.iter().map(|reject| (reject.line, reject.place.clone())));
        Ok(())
    });
    let met = met.ok()?;
    Some(Came { records: met.records, rows, merged: met.merged, rejects })
}

fn check(source: &str, bytes: &[u8]) -> Result<(), TestCaseError> {
    let Some(came) = read(source, bytes) else { return Ok(()) };
    let out = u64::try_from(came.rows + came.rejects.len()).unwrap() + came.merged;
    prop_assert_eq!(came.records, out);
    let container = DEFINITIONS.sources[source].container;
    if matches!(container, Container::Csv | Container::Jsonl) {
        let feeds = i64::try_from(bytes.iter().filter(|byte| **byte == b'\n').count()).unwrap();
        prop_assert!(came.rejects.iter().all(|(line, _)| (1..=feeds + 1).contains(line)));
    }
    let mut once = came.rejects.clone();
    once.sort_unstable();
    once.dedup();
    prop_assert_eq!(once.len(), came.rejects.len(), "a place is rejected once");
    Ok(())
}

/// A good row of the datalake, and a good element of the API, with one byte changed.
const DATALAKE: &str = "ID;ConseillerId;Cra;CreatedAt;UpdatedAt;PermanenceId;StructureId\n";
const DATALAKE_ROW: &str = "a1;c1;{\"canal\":\"domicile\",\"activite\":\"individuel\",\
    \"nbParticipants\":1,\"age\":{\"moins12ans\":1},\"themes\":[\"autre\"],\"duree\":\"0-30\",\
    \"sousThemes\":[{\"annotation\":[\"x; \\\"y\\\";\"]}],\
    \"dateAccompagnement\":\"2023-05-02T10:00:00.000Z\"};\
    Tue May 02 2023 12:00:00 GMT+0200 (Central European Summer Time);undefined;undefined;s1;\n";
const ELEMENT: &str = "{\"type\":\"activite\",\"id\":\"a1\",\"attributes\":{\"type\":\"individuel\",\
    \"mediateur_id\":\"m\",\"user_id\":\"u\",\"accompagnements\":1,\"date\":\"2025-01-02\",\
    \"duree\":30,\"type_lieu\":\"autre\",\"structure_id\":null,\"lieu_code_postal\":null,\
    \"lieu_code_insee\":null,\"creation\":\"2025-01-02T10:00:00Z\",\
    \"modification\":\"2025-01-02T10:00:00Z\",\"suppression\":null,\"thematiques\":[\"email\"],\
    \"beneficiaires\":{\"genres\":{},\"tranches_age\":{},\"statuts\":{}}}}";

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
        let rows = read("activites_plates", &bytes).unwrap().rows;
        prop_assert!(rows >= 17, "{} rows left", rows);
    }

    #[test]
    fn damage_to_a_line_of_the_datalake_costs_that_line(
        at in 0..20_000_usize,
        byte in prop::sample::select(vec![b'"', b';', b'{', b'}', b'\\', b'x', 0xff, 0]),
    ) {
        let mut bytes = format!("{DATALAKE}{}", DATALAKE_ROW.repeat(10)).into_bytes();
        let rows = bytes.len() - DATALAKE.len();
        // A line end that goes joins two lines.
        let at = DATALAKE.len() + at % rows;
        if bytes[at] != b'\n' {
            bytes[at] = byte;
        }
        check("legacy_datalake", &bytes)?;
        prop_assert!(read("legacy_datalake", &bytes).unwrap().rows >= 9);
    }

    #[test]
    fn damage_to_a_page_is_accounted_for(
        at in 0..20_000_usize,
        byte in prop::sample::select(vec![b'"', b',', b'{', b']', b'\\', b'x', 0xff, 0]),
        length in 0..20_000_usize,
    ) {
        let page = format!("{{\"data\":[{}],\"links\":{{}}}}", [ELEMENT; 10].join(","));
        let mut bytes = page.into_bytes();
        let place = at % bytes.len();
        bytes[place] = byte;
        check("coop_api_activites", &bytes)?;
        bytes.truncate(length % bytes.len());
        check("coop_api_activites", &bytes)?;
    }

    #[test]
    fn any_edn_is_accounted_for(body in "[a-z0-9{}: \"\\[\\],\n-]{0,300}") {
        let header = "ID,ConseillerId,DateAccompagnement,NomCommune,Statut,CodePostal,\
            Accompagnement,Themes,Activite,Moins12ans,De12a18ans,De18a35ans,De35a60ans,Plus60ans,\
            NbParticipants,NbParticipantsRecurrents,Duree,Canal,PermanenceId,StructureId";
        check("legacy_metabase", format!("{header}\n{body}").as_bytes())?;
        let quoted = body.replace('"', "\"\"");
        let row = format!(
            "a,c,2023-05-02T10:00:00Z,x,\"{quoted}\",01000,{{}},\"{quoted}\",individuel,0,0,0,0,1,1,0,60,\
             domicile,,s"
        );
        check("legacy_metabase", format!("{header}\n{row}\n").as_bytes())?;
    }
}

#[test]
fn the_good_row_and_element_are_good() {
    let bytes = format!("{DATALAKE}{DATALAKE_ROW}");
    assert_eq!(read("legacy_datalake", bytes.as_bytes()).unwrap().rows, 1);
    let page = format!("{{\"data\":[{ELEMENT},{ELEMENT}]}}");
    assert_eq!(read("coop_api_activites", page.as_bytes()).unwrap().rows, 2);
}

#[test]
fn properties_see_every_source() {
    let declared = std::fs::read_dir(Path::new(&root()).join("pipelines/sources")).unwrap().count();
    assert_eq!(DEFINITIONS.sources.len(), declared);
}
