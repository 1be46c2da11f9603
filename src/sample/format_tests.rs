//! Tests of the Coop's formats beside the usual one, and of what all formats have in common.

use std::collections::BTreeMap;
use std::io::Cursor;

use calamine::{Data, DataType, Range, Reader, Xlsx};
use serde_json::Value;

use crate::sample::coop_values::{AGES, GENDERS, STATUSES};
use crate::sample::quirks::Quirk;
use crate::sample::test_support::{
    Files, Ids, files, first_column, gunzipped, lines, number, sample, sample_in, table, tally,
};
use crate::sample::words::INVENTED_PERSONAL_TEXT;
use crate::sample::{
    Format, coop, coop_base, coop_tables, coop_xlsx, datalake, deletions, documents, structures,
    structures_export,
};

fn pages(files: &Files, route: &str) -> Vec<Value> {
    let start = format!("coop_api_{route}_");
    let named = files.iter().filter(|(name, _)| name.starts_with(&start));
    named.map(|(_, bytes)| serde_json::from_slice(bytes).unwrap()).collect()
}

fn items(files: &Files, route: &str) -> Vec<Value> {
    pages(files, route).iter().flat_map(|page| page["data"].as_array().unwrap().clone()).collect()
}

fn sheet(files: &Files) -> Range<Data> {
    let mut book = Xlsx::new(Cursor::new(&files[coop_xlsx::FILE])).unwrap();
    book.worksheet_range(coop_xlsx::SHEET).unwrap()
}

/// The rows after the header, as texts.
fn sheet_rows(files: &Files) -> Vec<Vec<String>> {
    let rows = sheet(files);
    let rows = rows.rows().skip_while(|row| row[0].as_string().as_deref() != Some("Date"));
    rows.skip(1).map(|row| row.iter().map(ToString::to_string).collect()).collect()
}

fn id_of(object: &Value) -> String {
    object["id"].as_str().unwrap().to_owned()
}

#[test]
fn formats_are_found_by_their_names() {
    for format in Format::ALL {
        assert_eq!(Format::from_name(format.name()), Some(format));
    }
    assert_eq!(Format::from_name("xml"), None);
}

#[test]
fn a_format_asked_for_has_all_the_rows_and_the_same_bytes() {
    for format in Format::ALL {
        let (summary, files) = sample_in(Some(format), 600, 7);
        assert_eq!((summary.clone(), files.clone()), sample_in(Some(format), 600, 7));
        let names: Vec<&str> = summary.files.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(files.len(), names.len(), "{}", format.name());
        assert!(!names.contains(&deletions::FILE));
        assert!(names[..4].contains(&structures::FILE));
        let start = if format == Format::CoopApi { "coop_api_activites" } else { "" };
        let is_of_activities =
            |name: &str| name.starts_with(start) && !name.starts_with("dataspace");
        let activities = summary.files[4..].iter().filter(|file| is_of_activities(&file.name));
        let rows: u64 = match format {
            Format::CoopXlsx => continue,
            Format::CoopBase => summary.files[4].rows,
            _ => activities.map(|file| file.rows).sum(),
        };
        assert_eq!(rows, 600, "{}", format.name());
    }
}

#[test]
fn few_rows_are_written_in_any_format() {
    for format in Format::ALL {
        for rows in [0, 1, 40] {
            assert!(sample_in(Some(format), rows, 3).0.files.len() > 4);
        }
    }
}

#[test]
fn forms_of_the_coop_stream_hold_the_same_rows() {
    let objects = lines(&files(Format::CoopActivites, 3000)[coop::FILE]);
    let ids: Ids = objects.iter().map(id_of).collect();
    let pages = files(Format::CoopApi, 3000);
    let resources = items(&pages, "activites");
    assert_eq!(resources.len(), 3000);
    for (resource, object) in resources.iter().zip(&objects) {
        let mut object = object.as_object().unwrap().clone();
        assert_eq!(object.remove("id"), Some(resource["id"].clone()));
        object.remove("structure_employeuse_id");
        object.remove("v1_cra_id");
        assert_eq!(resource["attributes"], Value::Object(object));
    }
    let base = files(Format::CoopBase, 3000);
    assert_eq!(first_column(&table(&base, coop_base::ACTIVITIES_FILE, ',')), ids);
    let kept = objects.iter().filter(|object| !object["suppression"].is_string());
    let written: Ids =
        sheet_rows(&files(Format::CoopXlsx, 3000)).iter().map(|row| row[31].clone()).collect();
    assert_eq!(written, kept.map(id_of).collect::<Ids>());
}

#[test]
fn pages_follow_each_other() {
    let (_, files) = sample(5000, 7);
    let pages = pages(&files, "activites");
    let rows = |page: &Value| page["data"].as_array().unwrap().clone();
    let mut distinct = Vec::new();
    for (rank, page) in pages.iter().enumerate() {
        let is_last = rank + 1 == pages.len();
        assert_eq!(page["meta"]["total_pages"], pages.len());
        assert_eq!(page["meta"]["has_next_page"], !is_last);
        assert_eq!(page["links"]["next"].is_null(), is_last);
        assert_eq!(page["links"]["prev"].is_null(), rank == 0);
        assert!(is_last || rows(page).len() == 40);
        if rank > 0 {
            assert_eq!(rows(page).first(), rows(&pages[rank - 1]).last());
        }
        distinct.extend(rows(page).into_iter().skip(usize::from(rank > 0)));
    }
    assert_eq!(pages[0]["meta"]["total_count"], distinct.len());
    assert_eq!(distinct.len(), 250);
}

#[test]
fn employments_give_the_employer_of_each_activity() {
    let (summary, jsonl) = sample_in(Some(Format::CoopActivites), 20_000, 7);
    let objects = lines(&jsonl[coop::FILE]);
    let files = files(Format::CoopApi, 20_000);
    let users: BTreeMap<String, Value> =
        items(&files, "utilisateurs").into_iter().map(|user| (id_of(&user), user)).collect();
    let structures: Ids = items(&files, "structures").iter().map(id_of).collect();
    let unlike = tally(objects.iter(), |object| {
        let (Some(date), Some(employer)) =
            (object["date"].as_str(), object["structure_employeuse_id"].as_str())
        else {
            return false;
        };
        let user = &users[object["user_id"].as_str().unwrap()];
        let employments = user["attributes"]["emplois"].as_array().unwrap();
        let on_the_day = employments.iter().filter(|employment| {
            let end = employment["fin"].as_str().unwrap_or("9999-12-31");
            employment["debut"].as_str().unwrap()[..10] <= *date && *date <= end[..10]
        });
        let ids: Vec<&str> =
            on_the_day.map(|found| found["structure_id"].as_str().unwrap()).collect();
        assert!(ids.iter().all(|id| structures.contains(*id)));
        let is_wrong = ["1970-01-01", "2023-02-30", "2023-13-01", "mardi dernier"].contains(&date);
        !is_wrong && *date < *"2026" && ids != [employer]
    });
    assert_eq!(unlike, summary.files[4].quirks[Quirk::UnknownStructure.name()]);
}

#[test]
fn people_of_the_base_add_up_to_the_counts() {
    let objects = lines(&files(Format::CoopActivites, 3000)[coop::FILE]);
    let base = files(Format::CoopBase, 3000);
    let people = table(&base, coop_base::PEOPLE_FILE, ',');
    let by_id: BTreeMap<&str, &Vec<String>> =
        people[1..].iter().map(|row| (row[0].as_str(), row)).collect();
    assert_eq!(by_id.len(), people.len() - 1);
    let mut attending: BTreeMap<&str, Vec<&Vec<String>>> = BTreeMap::new();
    let attendances = table(&base, coop_base::ATTENDANCES_FILE, ',');
    for row in &attendances[1..] {
        attending.entry(row[2].as_str()).or_default().push(by_id[row[1].as_str()]);
    }
    // Of several versions of a row, people are those of the latest.
    let mut latest: BTreeMap<&str, &Value> = BTreeMap::new();
    for object in objects.iter().filter(|object| object["date"].is_string()) {
        let known = latest.entry(object["id"].as_str().unwrap()).or_insert(object);
        if known["modification"].as_str() < object["modification"].as_str() {
            *known = object;
        }
    }
    latest.remove("");
    let none = Vec::new();
    let mut born = 0;
    for (id, object) in latest {
        let people = attending.get(id).unwrap_or(&none);
        let told = &object["beneficiaires"];
        assert_eq!(told["total"], people.len());
        let year = number(object["date"].as_str().unwrap().get(..4).unwrap());
        let ages: Vec<String> = people
            .iter()
            .map(|row| if row[6].is_empty() { row[9].clone() } else { band(year, &row[6]) })
            .collect();
        born += tally(people.iter(), |row| !row[6].is_empty());
        let column =
            |column: usize| people.iter().map(|row| row[column].clone()).collect::<Vec<_>>();
        for (key, names, values) in [
            ("genres", GENDERS, column(8)),
            ("tranches_age", AGES, ages),
            ("statuts", STATUSES, column(10)),
        ] {
            for name in names {
                let is_same = |value: &&String| {
                    *value == name || (value.is_empty() && *name == "non_communique")
                };
                assert_eq!(told[key][name], tally(values.iter(), is_same), "{id} {key} {name}");
            }
        }
    }
    assert!(born > 500, "{born}");
}

fn band(year: i64, birth_year: &str) -> String {
    let age = year - number(birth_year);
    let band = [12, 18, 25, 40, 60, 70].iter().filter(|first| **first <= age).count();
    AGES[band].to_owned()
}

#[test]
fn the_spreadsheet_has_one_row_by_person() {
    let files = files(Format::CoopXlsx, 2000);
    let range = sheet(&files);
    assert_eq!(range.get_value((0, 0)), Some(&Data::String("Informations export".to_owned())));
    assert_eq!(range.get_value((1, 0)), Some(&Data::String("Nom".to_owned())));
    assert_eq!(range.get_value((8, 0)), Some(&Data::String("Filtres".to_owned())));
    let header = range.rows().find(|row| row[0].as_string().as_deref() == Some("Date")).unwrap();
    let header: Vec<String> = header.iter().map(ToString::to_string).collect();
    assert_eq!(header, coop_xlsx::HEADER);
    let rows = sheet_rows(&files);
    assert_eq!(range.get_value((4, 1)).unwrap().to_string(), rows.len().to_string());
    let dates = range.rows().filter(|row| matches!(row[0], Data::DateTime(_))).count();
    assert!(dates + 10 > rows.len());
    for nonsense in ["1/-3", "1/1000000000000", "1/0", "1", "2/2"] {
        assert!(rows.iter().any(|row| row[8] == nonsense), "{nonsense}");
    }
    for source in ["Espace coop (V1)", "La Coop de la médiation numérique (V2)"] {
        assert!(rows.iter().any(|row| row[30] == source));
    }
    let one = rows.iter().find(|row| row[8] == "1").unwrap();
    assert!(one[1].contains(" à ") && one[1].len() == 19, "{}", one[1]);
}

#[test]
fn extracts_of_the_base_have_the_columns_of_the_tables() {
    let (summary, files) = sample_in(Some(Format::CoopBase), 500, 7);
    for (name, header) in [
        (coop_base::ACTIVITIES_FILE, coop_base::ACTIVITIES_HEADER),
        (coop_base::ATTENDANCES_FILE, coop_base::ATTENDANCES_HEADER),
        (coop_base::PEOPLE_FILE, coop_base::PEOPLE_HEADER),
        (coop_tables::STRUCTURES_FILE, coop_tables::STRUCTURES_HEADER),
        (coop_tables::EMPLOYMENTS_FILE, coop_tables::EMPLOYMENTS_HEADER),
        (coop_tables::USERS_FILE, coop_tables::USERS_HEADER),
    ] {
        let rows = table(&files, name, ',');
        assert_eq!(rows[0], header);
        let written = summary.files.iter().find(|file| file.name == name).unwrap();
        let cut = written.quirks.get(Quirk::TooFewFields.name()).copied().unwrap_or(0);
        assert_eq!(tally(rows.iter(), |row| row.len() != header.len()), cut, "{name}");
        assert!(rows.len() > 1, "{name}");
    }
}

#[test]
fn what_names_people_holds_invented_texts() {
    let (_, files) = sample(20_000, 7);
    let mut read = files.clone();
    read.insert(datalake::FILE.to_owned(), gunzipped(&files).into_bytes());
    read.insert(documents::FILE.to_owned(), zstd::decode_all(&files[documents::FILE][..]).unwrap());
    for name in [
        datalake::FILE,
        documents::FILE,
        structures_export::FILE,
        coop_base::ACTIVITIES_FILE,
        coop_base::PEOPLE_FILE,
        coop_tables::USERS_FILE,
        "coop_api_activites_0001.json",
        "coop_api_utilisateurs_0001.json",
    ] {
        let text = std::str::from_utf8(&read[name]).unwrap();
        assert!(INVENTED_PERSONAL_TEXT.iter().any(|personal| text.contains(personal)), "{name}");
    }
    let people = table(&files, coop_base::PEOPLE_FILE, ',');
    assert!(people[1..].iter().all(|row| row[4].is_empty() || is_invented(&row[4])));
    let users = table(&files, coop_tables::USERS_FILE, ',');
    assert!(users[1..].iter().all(|row| row[1..5].iter().all(|field| is_invented(field))));
}

fn is_invented(text: &str) -> bool {
    INVENTED_PERSONAL_TEXT.contains(&text)
}
