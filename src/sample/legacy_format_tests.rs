//! Tests of the legacy system's formats beside the archive, and of its employers.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use serde_json::Value;

use crate::sample::quirks::Quirk;
use crate::sample::test_support::{
    Files, Ids, files, first_column, gunzipped, lines, sample, sample_in, stored_documents, table,
    tally,
};
use crate::sample::{
    Format, coop, datalake, deletions, legacy, metabase, register, structures_export,
};

fn unzipped(files: &Files) -> BTreeMap<String, Vec<u8>> {
    let mut archive = zip::ZipArchive::new(Cursor::new(&files[metabase::FILE])).unwrap();
    (0..archive.len())
        .map(|position| {
            let mut entry = archive.by_index(position).unwrap();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            (entry.name().unwrap().into_owned(), bytes)
        })
        .collect()
}

#[test]
fn forms_of_the_legacy_stream_hold_the_same_rows() {
    let archive = table(&files(Format::LegacyArchive, 3000), legacy::FILE, ',');
    let ids = first_column(&archive);
    let documents = stored_documents(&files(Format::LegacyDocuments, 3000));
    let oid = |value: &Value| value["$oid"].as_str().unwrap_or_default().to_owned();
    assert_eq!(documents.iter().map(|document| oid(&document["_id"])).collect::<Ids>(), ids);
    let mut queried = Ids::new();
    let entries = unzipped(&files(Format::LegacyMetabase, 3000));
    for name in entries.keys() {
        let rows = table(&entries, name, ',');
        assert_eq!(rows[0], metabase::HEADER);
        assert_eq!(rows[0].len(), 20);
        queried.extend(first_column(&rows));
        let year = &name[5..9];
        let is_of_year = |row: &Vec<String>| row[2].starts_with(year) || row[2].len() != 24;
        assert!(rows[1..].iter().all(is_of_year), "{name}");
    }
    assert_eq!(queried, ids);
    let text = gunzipped(&files(Format::LegacyDatalake, 3000));
    let hashed = text.lines().skip(1).map(|line| line.split(';').next().unwrap().to_owned());
    let expected =
        ids.iter().map(|id| datalake::hashed(Some(id.as_str()).filter(|id| !id.is_empty())));
    assert_eq!(hashed.collect::<Ids>(), expected.collect::<Ids>());
}

#[test]
fn the_raw_extract_is_as_malformed_as_the_real_one() {
    let (summary, files) = sample_in(Some(Format::LegacyDatalake), 3000, 7);
    let text = gunzipped(&files);
    let (header, rows) = text.split_once('\n').unwrap();
    assert_eq!(header, "ID;ConseillerId;Cra;CreatedAt;UpdatedAt;PermanenceId;StructureId");
    let (mut with_separators, mut cut, mut texts, mut numbers) = (0, 0, 0, 0);
    for row in rows.lines() {
        let Some(head) = row.strip_suffix(';') else {
            cut += 1;
            continue;
        };
        let cra = &head[head.find('{').unwrap()..=head.rfind('}').unwrap()];
        let cra: Value = serde_json::from_str(cra).unwrap();
        texts += u64::from(cra["duree"].is_string());
        numbers += u64::from(cra["duree"].is_number());
        with_separators += u64::from(head.split(';').count() > 7);
        let dates: Vec<&str> = head.rsplitn(5, ';').collect();
        assert!(dates[3].contains("GMT+0"), "{row}");
        assert!(dates[2] == "undefined" || dates[2].contains("GMT+0"), "{row}");
    }
    let counts = &summary.files[4].quirks;
    assert_eq!(with_separators, counts[Quirk::SemicolonText.name()]);
    assert_eq!(cut, counts[Quirk::TooFewFields.name()]);
    assert!(texts > 0 && numbers > 0);
    for zone in ["+0000 (Coord", "+0100 (Central European St", "+0200 (Central European Su"] {
        assert!(rows.contains(zone), "{zone}");
    }
}

#[test]
fn documents_of_all_generations_tell_the_same() {
    let archive = table(&files(Format::LegacyArchive, 4000), legacy::FILE, ',');
    let (summary, files) = sample_in(Some(Format::LegacyDocuments), 4000, 7);
    let documents = stored_documents(&files);
    let mut employers: BTreeMap<String, Ids> = BTreeMap::new();
    for row in archive.iter().filter(|row| row.len() == 70) {
        employers.entry(row[38].clone()).or_default().insert(row[27].clone());
    }
    let (mut old, mut without_structure) = (0, 0);
    let plain = |value: &Value| {
        let text = value["$numberInt"].as_str().or_else(|| value["$numberLong"].as_str());
        text.map_or_else(|| value.to_string(), str::to_owned)
    };
    for (document, row) in documents.iter().zip(&archive[1..]) {
        let Some(cra) = document["cra"].as_object() else { continue };
        let people = cra["nbParticipants"].clone();
        let is_old = cra["age"].is_string();
        old += u64::from(is_old);
        assert!(plain(&people) == row[4] || (is_old && people.is_null() && row[4] == "1"));
        assert_eq!(plain(&cra["nbParticipantsRecurrents"]), row[5]);
        if is_old {
            assert!(row[6..11].contains(&row[4]) && cra["statut"].is_string());
        } else {
            assert_eq!(plain(&cra["age"]["plus60ans"]), row[10]);
            assert_eq!(plain(&cra["statut"]["heterogene"]), row[15]);
        }
        if !cra.contains_key("dateAccompagnement") {
            assert_eq!(row[24][..10], row[26][..10]);
        }
        if document.get("structure").is_none() {
            without_structure += 1;
            assert!(employers[&row[38]].contains(&row[27]));
            assert!(*row[26] < *"2022-11");
        } else if document["structure"].is_object() {
            assert_eq!(document["structure"]["$id"]["$oid"], row[27].as_str());
        }
    }
    let counts = &summary.files[4].quirks;
    assert_eq!(old, counts[Quirk::OldSchema.name()]);
    assert_eq!(without_structure, counts[Quirk::StructureAbsent.name()]);
}

#[test]
fn deletions_are_of_archived_rows_that_were_not_migrated() {
    let (_, files) = sample(20_000, 7);
    let notices = lines(&files[deletions::FILE]);
    let archived = first_column(&table(&files, legacy::FILE, ','));
    let copied: Ids = lines(&files[coop::FILE])
        .iter()
        .filter_map(|object| object["v1_cra_id"].as_str().map(str::to_owned))
        .collect();
    let deleted: Vec<&str> =
        notices.iter().map(|notice| notice["craObj"]["_id"]["$oid"].as_str().unwrap()).collect();
    assert_eq!(deleted.len(), 46);
    assert_eq!(tally(deleted.iter(), |id| !archived.contains(**id)), 1);
    assert!(deleted.iter().all(|id| !copied.contains(*id)));
}

#[test]
fn employers_are_exported_and_registered() {
    let (summary, files) = sample(20_000, 7);
    let text = std::str::from_utf8(&files[structures_export::FILE]).unwrap();
    assert_eq!(structures_export::HEADER.split(';').count(), 29);
    let (header, rows) = text.split_once('\n').unwrap();
    assert_eq!(header, structures_export::HEADER);
    let counts = |name: &str| summary.files.iter().find(|file| file.name == name).unwrap();
    let separators = tally(rows.lines(), |row| row.split(';').count() == 30);
    let usual = tally(rows.lines(), |row| row.split(';').count() == 29);
    let export = counts(structures_export::FILE);
    assert_eq!(separators, export.quirks[Quirk::SemicolonText.name()]);
    assert_eq!(separators + usual, export.rows);
    assert!(separators > 10 && export.quirks[Quirk::QuotedText.name()] > 10);
    for row in rows.lines() {
        let fields: Vec<&str> = row.split(';').collect();
        assert!(fields[1].parse::<u64>().is_ok_and(|number| number > 0), "{row}");
        assert_eq!(fields[fields.len() - 24].len(), 5, "{row}");
    }
    let register = table(&files, register::FILE, ',');
    assert_eq!(register[0], register::HEADER);
    let open = tally(register[1..].iter(), |row| row[4].is_empty());
    let sirens = first_column(&register);
    assert_eq!(open, tally(sirens.iter(), |_| true));
    let closed = counts(register::FILE).quirks[Quirk::FormerLegalCategory.name()];
    assert_eq!(open + closed, counts(register::FILE).rows);
}
