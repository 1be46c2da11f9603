//! The same invented activities, exported in every format, give the same clean records.
//!
//! The fields that a format cannot carry are listed with it.

use std::collections::{BTreeMap, BTreeSet};

use conum::sample::Format;

use crate::support::{Scene, as_csv, conum, read_parquet, said, walk};

const ROWS: &str = "600";

/// Columns of the clean table that depend on what an employer is.
const EMPLOYER: [&str; 12] = [
    "structure_id",
    "employeur_source",
    "siren",
    "type_employeur",
    "groupe_employeur",
    "type_employeur_source",
    "france_services",
    "commune_employeur",
    "epci_employeur",
    "departement_employeur",
    "region_employeur",
    "departement_source",
];

/// Writes activities in one format.
fn sample(scene: &Scene, format: Format) {
    let mut command = conum();
    command.args(["sample", "--rows", ROWS, "--seed", "11", "--format", format.name(), "--out"]);
    said(&command.arg(scene.input()).output().unwrap()).expect(0);
}

/// Clean records by pseudonym: column → text.
type Records = BTreeMap<String, BTreeMap<String, String>>;

/// The clean records of a format, and of another beside it.
fn records(format: Format, beside: Option<Format>) -> Records {
    let scene = Scene::new();
    sample(&scene, format);
    if let Some(other) = beside {
        sample(&scene, other);
    }
    let code = scene.run().code;
    // Copies of an archive that is not given are told.
    assert!([0, 3].contains(&code), "{format:?}: {code}");
    scene.verify().expect(0);
    let mut found = BTreeMap::new();
    walk(&scene.warehouse().join("current/clean/activites"), &mut |path| {
        for batch in read_parquet(path) {
            let schema = batch.schema();
            let names: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
            for line in as_csv(std::slice::from_ref(&batch), &names).lines() {
                let cells = names.iter().map(|name| (*name).to_owned());
                let record: BTreeMap<String, String> =
                    cells.zip(line.split(',').map(str::to_owned)).collect();
                found.insert(record["activite_id"].clone(), record);
            }
        }
    });
    found
}

/// Checks that a format gives the records of another but for the columns it cannot carry, and a
/// few records that it cannot tell from others.
#[track_caller]
fn check((expected, found): (&Records, &Records), cannot_carry: &[&str], others_max: usize) {
    let keys = |records: &Records| records.keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(keys(expected), keys(found));
    let mut differing = BTreeSet::new();
    for (id, record) in expected {
        for (name, value) in record {
            if found[id][name] != *value && !cannot_carry.contains(&name.as_str()) {
                differing.insert((
                    id.clone(),
                    name.clone(),
                    value.clone(),
                    found[id][name].clone(),
                ));
            }
        }
    }
    let records: BTreeSet<&String> = differing.iter().map(|(id, ..)| id).collect();
    assert!(records.len() <= others_max, "{differing:#?}");
}

#[test]
fn formats_of_the_espace_coop_give_the_same_records() {
    let archive = records(Format::LegacyArchive, None);
    assert!(archive.len() > 550);
    // Flags tell how a value was written: the archive alone has the SIRET, the old documents have
    // one code a group.
    let datalake = records(Format::LegacyDatalake, None);
    // An identifier that no file tells in clear stays hashed: one invented structure a few hundred.
    check((&archive, &datalake), &["drapeaux"], 2);
    let documents = records(Format::LegacyDocuments, None);
    // Some lack their structure, and their adviser had several.
    let mut lacking = EMPLOYER.to_vec();
    lacking.push("drapeaux");
    check((&archive, &documents), &lacking, 0);
    let employers = |records: &Records| {
        records.values().filter(|record| record["employeur_source"] == "inconnu").count()
    };
    assert!(employers(&documents) <= 15, "{}", employers(&documents));
    let metabase = records(Format::LegacyMetabase, None);
    // Neither commune nor creation nor date of modification: of two versions another may win.
    let lacking = ["commune", "epci", "departement_source", "delai_saisie_jours", "drapeaux"];
    check((&archive, &metabase), &lacking, 12);
}

#[test]
fn formats_of_the_coop_give_the_same_records() {
    let lines = records(Format::CoopActivites, None);
    assert!(lines.len() > 500);
    let base = records(Format::CoopBase, None);
    // The database tells who came before, and whose account it is.
    let told = [
        "conseiller_numerique",
        "nb_participants_recurrents",
        "nb_personnes_hors_recurrents",
        "drapeaux",
    ];
    check((&lines, &base), &told, 0);
    let workbook = records(Format::CoopXlsx, None);
    // Neither adviser nor employer; the role is that of the adviser.
    let mut lacking = EMPLOYER.to_vec();
    lacking.extend(["conseiller_id", "conseiller_numerique", "drapeaux"]);
    check((&lines, &workbook), &lacking, 2);
    // No mark of copies: the archive tells them.
    let beside = Some(Format::LegacyArchive);
    let both = |format| -> Records {
        let all = records(format, beside).into_iter();
        all.filter(|(_, record)| record["systeme"] == "coop").collect()
    };
    let mut lacking = EMPLOYER.to_vec();
    lacking.extend(["conseiller_numerique", "drapeaux"]);
    let (lines, pages) = (both(Format::CoopActivites), both(Format::CoopApi));
    check((&lines, &pages), &lacking, 0);
    let same = lines.iter().filter(|(id, record)| {
        pages[*id]["structure_id"] == record["structure_id"]
            && pages[*id]["siren"] == record["siren"]
    });
    // Periods of employment give the employer that the other export names.
    assert!(same.count() >= lines.len() - 3);
}

#[test]
fn nothing_personal_of_any_format_passes_ingest() {
    for format in Format::ALL {
        let scene = Scene::new();
        sample(&scene, format);
        let code = scene.run().code;
        assert!([0, 3].contains(&code), "{format:?}: {code}");
        scene.expect_nothing_personal();
    }
}
