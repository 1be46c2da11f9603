//! Tests of the whole export.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use serde_json::Value;

use crate::sample::days::{DAY_MS, differs_in_paris, from_civil};
use crate::sample::quirks::{ACTIVITIES, COOP, EMPLOYERS, Quirk};
use crate::sample::siret::has_valid_key;
use crate::sample::test_support::{Files, number, places, sample, table, tally};
use crate::sample::words::INVENTED_PERSONAL_TEXT;
use crate::sample::{Request, Summary, coop, flat, legacy, open_data, structures, write};

fn objects(files: &Files) -> Vec<Value> {
    let text = std::str::from_utf8(&files[coop::FILE]).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn count(summary: &Summary, file: &str, quirk: Quirk) -> u64 {
    let file = summary.files.iter().find(|written| written.name == file).unwrap();
    file.quirks.get(quirk.name()).copied().unwrap_or(0)
}

#[test]
fn the_same_request_gives_the_same_bytes() {
    assert_eq!(sample(3000, 7), sample(3000, 7));
    assert_ne!(sample(3000, 7).1, sample(3000, 8).1);
}

#[test]
fn any_number_of_rows_is_written() {
    for rows in [0, 1, 2, 10, 99, 100, 500, 1771] {
        let (summary, _) = sample(rows, 3);
        let activities = [legacy::FILE, coop::FILE, flat::FILE];
        let written = summary.files.iter().filter(|file| activities.contains(&file.name.as_str()));
        assert_eq!(written.map(|file| file.rows).sum::<u64>(), rows);
        assert!(summary.files[0].rows > 60);
    }
}

#[test]
fn bad_requests_are_refused() {
    let places = places();
    for (places, last_day) in
        [(&places[..0], (2025, 6, 30)), (&places[..], (2025, 2, 30)), (&places[..], (2019, 6, 30))]
    {
        let request = Request { rows: 10, seed: 1, places, last_day, format: None };
        assert!(write(&request, &mut |_| Ok(Box::new(io::sink()))).is_err());
    }
    for last_day in [(2020, 11, 17), (2021, 3, 1), (2024, 9, 1), (2031, 12, 31)] {
        let request = Request { rows: 1000, seed: 1, places: &places, last_day, format: None };
        assert!(write(&request, &mut |_| Ok(Box::new(io::sink()))).is_ok());
    }
}

#[test]
fn headers_and_field_counts_are_those_of_the_formats() {
    let (summary, files) = sample(2000, 7);
    for (name, separator, header_fields, row_fields) in [
        (structures::FILE, ';', 8, 8),
        (legacy::FILE, ',', 46, 70),
        (flat::FILE, ';', 25, 25),
        (open_data::FILE, ';', 16, 16),
    ] {
        let table = table(&files, name, separator);
        let written = summary.files.iter().find(|file| file.name == name).unwrap();
        assert_eq!(table[0].len(), header_fields, "{name}");
        assert_eq!(tally(table.iter().skip(1), |_| true), written.rows, "{name}");
        let cut = tally(table.iter().skip(1), |row| row.len() != row_fields);
        assert_eq!(cut, count(&summary, name, Quirk::TooFewFields), "{name}");
    }
    let objects = objects(&files);
    let cut = tally(objects.iter(), |object| object.as_object().unwrap().len() != 27);
    assert_eq!(cut, count(&summary, coop::FILE, Quirk::TooFewFields));
}

#[test]
fn every_quirk_is_in_a_small_sample() {
    let invalid = [
        Quirk::UnknownStructure,
        Quirk::EmptyId,
        Quirk::UnknownCanal,
        Quirk::UnknownActivite,
        Quirk::UnparsableDate,
        Quirk::Year1970,
        Quirk::AfterLastDay,
        Quirk::ZeroParticipants,
        Quirk::NegativeParticipants,
        Quirk::HugeParticipants,
        Quirk::TooFewFields,
    ];
    for seed in 0..60 {
        let (summary, _) = sample(2000, seed);
        for (file, quirks) in [
            (legacy::FILE, ACTIVITIES),
            (flat::FILE, ACTIVITIES),
            (coop::FILE, COOP),
            (structures::FILE, EMPLOYERS),
        ] {
            for (quirk, _) in quirks {
                assert!(count(&summary, file, *quirk) > 0, "{file} {} {seed}", quirk.name());
            }
        }
        assert!(count(&summary, flat::FILE, Quirk::MultilineNote) > 0);
        assert!(count(&summary, structures::FILE, Quirk::NaturalPerson) == 1);
        assert!(count(&summary, open_data::FILE, Quirk::SaintMartin) == 1);
        let counts = [legacy::FILE, coop::FILE, flat::FILE]
            .map(|file| invalid.iter().map(|quirk| count(&summary, file, *quirk)).sum::<u64>());
        let total: u64 = counts.iter().sum();
        assert!(total < 40, "{total} invalid rows with seed {seed}");
    }
}

#[test]
fn the_archive_shows_what_the_summary_counts() {
    let (summary, files) = sample(20_000, 5);
    let table = table(&files, legacy::FILE, ',');
    let counted = |quirk| count(&summary, legacy::FILE, quirk);
    let rows = || table.iter().skip(1).filter(|row| row.len() == 70);
    let participants = |row: &[String]| number(&row[4]);
    let ages = |row: &[String]| row[6..11].iter().map(|age| number(age)).sum::<i64>();
    let above = tally(rows(), |row| number(&row[5]) > participants(row) && row[4] != "-3");
    assert_eq!(above, counted(Quirk::RecurrentsAboveParticipants));
    let no_ages = tally(rows(), |row| participants(row) > 0 && ages(row) == 0);
    assert_eq!(no_ages, counted(Quirk::AgesAllZero));
    assert_eq!(tally(rows(), |row| row[0].is_empty()), counted(Quirk::EmptyId));
    let undefined = tally(rows(), |row| row[22] == "undef" && row[23] == "NED UNDEFINED");
    assert_eq!(undefined, counted(Quirk::UndefinedPlace));
    let autre = tally(rows(), |row| row[2] == "autre" && *row[24] < *"2023");
    assert_eq!(autre, counted(Quirk::AutreCanal));
    assert_eq!(tally(rows(), |row| row[30] == "ABANDON"), counted(Quirk::AbandonedStructure));
    let lines: BTreeSet<&Vec<String>> = rows().collect();
    let copies = tally(rows(), |_| true) - tally(lines.iter(), |_| true);
    assert_eq!(copies, counted(Quirk::ExactDuplicate));
    let mut by_id: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for row in rows().filter(|row| !row[0].is_empty()) {
        by_id.entry(row[0].as_str()).or_default().insert(row[44].as_str());
    }
    let versions = tally(by_id.values(), |versions| versions.len() == 2);
    assert_eq!(versions, counted(Quirk::OlderVersion));
    let late = tally(rows(), |row| differs_in_paris(instant(&row[24])));
    assert_eq!(late, counted(Quirk::DayDiffersInParis));
    let month_ends =
        tally(rows(), |row| differs_in_paris(instant(&row[24])) && is_month_end(&row[24]));
    assert!(month_ends >= counted(Quirk::EveningMonthEnd));
}

fn instant(text: &str) -> i64 {
    let part = |from: usize, to: usize| text.get(from..to).map_or(0, number);
    let hour = part(11, 13) * 3_600_000 + part(14, 16) * 60_000;
    from_civil(part(0, 4), part(5, 7).max(1), part(8, 10).max(1)) * DAY_MS + hour
}

fn is_month_end(text: &str) -> bool {
    let days = instant(text).div_euclid(DAY_MS);
    crate::sample::days::month_end(days) == days
}

#[test]
fn employers_have_two_rows_and_valid_keys() {
    let (summary, files) = sample(120_000, 9);
    let table = table(&files, structures::FILE, ';');
    let mut by_siret: BTreeMap<&str, u64> = BTreeMap::new();
    for row in &table[1..] {
        *by_siret.entry(row[1].as_str()).or_default() += 1;
    }
    let invalid = tally(by_siret.keys(), |siret| siret.len() != 14 || !has_valid_key(siret));
    assert_eq!(invalid, count(&summary, structures::FILE, Quirk::InvalidSiret));
    let thrice = tally(by_siret.values(), |rows| **rows == 3);
    assert_eq!(thrice, count(&summary, structures::FILE, Quirk::SiretOnThreeRows));
    let ids: BTreeSet<&str> = table[1..].iter().map(|row| row[0].as_str()).collect();
    assert_eq!(ids.len(), table.len() - 1);
    assert!(by_siret.len() > 3200);
    let yes = tally(table.iter(), |row| row[7].eq_ignore_ascii_case("oui"));
    let empty = tally(table.iter(), |row| row[7].is_empty());
    let rows = tally(table[1..].iter(), |_| true);
    assert!((rows * 24 / 100..rows * 29 / 100).contains(&yes));
    assert!((rows * 33 / 100..rows * 39 / 100).contains(&empty));
}

#[test]
fn every_row_names_a_known_employer_but_where_it_must_not() {
    let (summary, files) = sample(20_000, 4);
    let structures = table(&files, structures::FILE, ';');
    let known: BTreeSet<&str> = structures.iter().map(|row| row[0].as_str()).collect();
    let archive = table(&files, legacy::FILE, ',');
    let rows = archive.iter().skip(1).filter(|row| row.len() == 70);
    let unknown = tally(rows, |row| !known.contains(row[27].as_str()));
    assert_eq!(unknown, count(&summary, legacy::FILE, Quirk::UnknownStructure));
    let flat_rows = table(&files, flat::FILE, ';');
    let unknown = tally(flat_rows[1..].iter(), |row| !known.contains(row[2].as_str()));
    assert_eq!(unknown, count(&summary, flat::FILE, Quirk::UnknownStructure));
    let objects = objects(&files);
    let rows = objects.iter().filter_map(|object| object["structure_employeuse_id"].as_str());
    let unknown = tally(rows, |id| !known.contains(id));
    assert_eq!(unknown, count(&summary, coop::FILE, Quirk::UnknownStructure));
    let places = objects.iter().filter_map(|object| object["structure_id"].as_str());
    assert_eq!(tally(places, |id| !known.contains(id)), 0);
}

#[test]
fn migrated_copies_are_of_archived_rows() {
    let (summary, files) = sample(50_000, 11);
    let archive = table(&files, legacy::FILE, ',');
    // Of several versions of a row, the copy is of the latest.
    let mut archived: BTreeMap<&str, &Vec<String>> = BTreeMap::new();
    for row in archive.iter().skip(1).filter(|row| row.len() == 70) {
        let latest = archived.entry(row[0].as_str()).or_insert(row);
        if latest[44] < row[44] {
            *latest = row;
        }
    }
    let objects = objects(&files);
    let copies: Vec<&Value> =
        objects.iter().filter(|object| object["v1_cra_id"].is_string()).collect();
    assert_eq!(tally(copies.iter(), |_| true), count(&summary, coop::FILE, Quirk::MigratedCopy));
    let mut ids = BTreeSet::new();
    let mut late = 0;
    for copy in &copies {
        let id = copy["v1_cra_id"].as_str().unwrap();
        assert!(ids.insert(id), "{id} is copied twice");
        let row = archived[id];
        assert_eq!(copy["date"].as_str(), row[24].get(..10));
        assert_eq!(copy["accompagnements"].to_string(), row[4]);
        assert_eq!(copy["duree"].to_string(), row[45]);
        assert_eq!(copy["type"] == "collectif", row[3] == "collectif");
        assert_eq!(copy["creation"].as_str().unwrap().replace(['T', 'Z'], " ").trim(), row[26]);
        late += u64::from(differs_in_paris(instant(&row[24])));
    }
    assert!(late > 0);
}

#[test]
fn proportions_are_those_of_the_programme() {
    let (summary, files) = sample(50_000, 2);
    let archive = table(&files, legacy::FILE, ',');
    let rows: Vec<&Vec<String>> = archive
        .iter()
        .skip(1)
        .filter(|row| row.len() == 70 && (1..=20).contains(&number(&row[4])))
        .collect();
    let total = i64::try_from(rows.len()).unwrap();
    let per_mille = |part: i64| part * 1000 / total;
    let of_kind = |kind: &str| rows.iter().map(|row| i64::from(row[3] == kind)).sum::<i64>();
    assert!((580..=600).contains(&per_mille(of_kind("individuel"))));
    assert!((240..=260).contains(&per_mille(of_kind("ponctuel"))));
    assert!((150..=170).contains(&per_mille(of_kind("collectif"))));
    let participants: i64 = rows.iter().map(|row| number(&row[4])).sum();
    let recurrents: i64 = rows.iter().map(|row| number(&row[5])).sum();
    assert!((1690..=1770).contains(&per_mille(participants)), "{}", per_mille(participants));
    let users = (participants - recurrents) * 1000 / participants;
    assert!((635..=665).contains(&users), "{users}");
    let themes: i64 =
        rows.iter().map(|row| i64::try_from(row[16].split(',').count()).unwrap()).sum();
    assert!((1740..=1800).contains(&per_mille(themes)), "{}", per_mille(themes));
    let before = rows.iter().filter(|row| *row[24] < *"2023-11-28").count();
    assert!((630..=680).contains(&per_mille(i64::try_from(before).unwrap())));
    let objects = objects(&files);
    let dates = objects.iter().filter_map(|object| object["date"].as_str());
    let after = tally(dates, |date| date.starts_with("20") && **date > *"2025-06-30");
    assert_eq!(after, count(&summary, coop::FILE, Quirk::AfterLastDay));
    let coop_rows = summary.files[2].rows;
    for (quirk, low, high) in [
        (Quirk::MigratedCopy, 95, 105),
        (Quirk::SoftDeleted, 14, 17),
        (Quirk::OlderVersion, 9, 11),
        (Quirk::ExactDuplicate, 3, 4),
    ] {
        let rate = count(&summary, coop::FILE, quirk) * 1000 / coop_rows;
        assert!((low..=high).contains(&rate), "{} {rate}", quirk.name());
    }
    let advisers: BTreeSet<&str> = rows.iter().map(|row| row[38].as_str()).collect();
    assert!(advisers.len() > 300, "{}", advisers.len());
}

#[test]
fn personal_text_is_in_each_activity_file() {
    let (_, files) = sample(20_000, 6);
    for name in [legacy::FILE, coop::FILE, flat::FILE] {
        let text = std::str::from_utf8(&files[name]).unwrap();
        for personal in INVENTED_PERSONAL_TEXT {
            assert!(name == flat::FILE || text.contains(personal), "{name} {personal}");
        }
        assert!(INVENTED_PERSONAL_TEXT.iter().any(|personal| text.contains(personal)), "{name}");
    }
}

#[test]
fn columns_are_where_the_tests_look() {
    let (_, files) = sample(100, 1);
    let archive = table(&files, legacy::FILE, ',');
    for (name, position) in [
        ("nb_participants", 4),
        ("themes", 16),
        ("code_postal", 22),
        ("date_accompagnement", 24),
        ("structure_id", 27),
        ("structure_statut", 30),
        ("v1_conseiller_numerique_id", 38),
        ("updated_at", 44),
        ("duree_minutes", 45),
    ] {
        assert_eq!(archive[0][position], name);
    }
}
