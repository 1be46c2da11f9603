//! The Coop's workbook: metadata first, a row for each person, lists on several lines.

use rust_xlsxwriter::{Format, Workbook};

use crate::support::Scene;

const CLEAN: &str = "clean/activites/annee=2025";

const HEADER: [&str; 19] = [
    "Date",
    "Enregistré le",
    "Dernière modification le",
    "Rôle",
    "Type",
    "Participants",
    "Canaux d’accompagnement",
    "Code postal",
    "Code Insee",
    "Durée (min)",
    "Thématique(s) d’accompagnement",
    "Tags",
    "Genre du bénéficiaire",
    "Tranche d’âge du bénéficiaire",
    "Statut du bénéficiaire",
    "Source de la donnée",
    "ID CRA",
    "Notes supplémentaires",
    "Adresse",
];

/// A row: identifier, rank, gender, age, source.
type Person<'a> = (&'a str, &'a str, &'a str, &'a str, &'a str);

const COOP: &str = "La Coop de la médiation numérique (V2)";

fn workbook(header: &[&str], people: &[Person<'_>]) -> Vec<u8> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet().set_name("Activités").unwrap();
    sheet.write(0, 0, "Informations export").unwrap();
    sheet.write(1, 0, "Nom").unwrap();
    sheet.write(1, 1, "Vaubrunel").unwrap();
    for (column, name) in (0..).zip(header) {
        sheet.write(5, column, *name).unwrap();
    }
    let day = Format::new().set_num_format("dd/mm/yyyy");
    for (row, (id, rank, gender, age, source)) in (6..).zip(people) {
        sheet.write_with_format(row, 0, 45664.0, &day).unwrap();
        let texts = [
            (1, "07/01/2025 à 11:30"),
            (2, ""),
            (3, "Conseiller Numérique"),
            (4, "Atelier collectif"),
            (5, rank),
            (6, "À distance"),
            (7, "1000"),
            (8, "01053"),
            (10, "E-mail\nSanté"),
            (11, "Perrine Vaubrunel"),
            (12, gender),
            (13, age),
            (14, "Sans emploi"),
            (15, source),
            (16, id),
            (17, "Rappeler Perrine Vaubrunel"),
        ];
        for (column, text) in texts {
            sheet.write(row, column, text).unwrap();
        }
        sheet.write(row, 9, 90).unwrap();
    }
    book.save_to_buffer().unwrap()
}

#[test]
fn rows_of_one_activity_are_one_record() {
    let scene = Scene::new();
    let people = [
        ("a", "1/3", "Féminin", "12 - 17 ans", COOP),
        ("b", "1", "Masculin", "70 ans ou plus", COOP),
        ("a", "2/3", "Féminin", "Non communiqué", COOP),
        ("a", "3/3", "Non communiqué", "70 ans et plus", COOP),
        ("c", "1", "Féminin", "25 - 39 ans", "Espace coop (V1)"),
    ];
    scene.structures().file("coop_activites.xlsx", workbook(&HEADER, &people));
    scene.run().expect(0);
    let columns = [
        "date",
        "nb_participants",
        "age_12_17",
        "age_70_plus",
        "age_inconnu",
        "genre_feminin",
        "statut_sans_emploi",
        "themes",
        "duree_minutes",
        "employeur_source",
        "conseiller_numerique",
    ];
    let mut clean: Vec<String> =
        scene.parquet(CLEAN, &columns).lines().map(str::to_owned).collect();
    clean.sort();
    let expected = [
        "2025-01-07,1,0,1,0,0,1,email|sante,90,inconnu,oui",
        "2025-01-07,3,1,1,1,2,3,email|sante,90,inconnu,oui",
    ];
    assert_eq!(clean, expected);
    let columns = ["etape", "devenir", "lignes"];
    let ledger = scene.parquet("current/ledger.parquet", &columns);
    for line in ["ingest,entree,5", "ingest,regroupee,2", "clean,copie_migree,1"] {
        assert!(ledger.contains(line), "{line}\n{ledger}");
    }
    scene.verify().expect(0);
}

#[test]
fn a_refused_record_is_told_by_sheet_and_row() {
    let scene = Scene::new();
    let mut people: Vec<Person<'_>> = Vec::new();
    let ids: Vec<String> = (0..40).map(|number| format!("id{number}")).collect();
    people.extend(ids.iter().map(|id| (id.as_str(), "1", "Féminin", "25 - 39 ans", COOP)));
    people.push(("bad", "deux/trois", "Féminin", "25 - 39 ans", COOP));
    scene.structures().file("coop_activites.xlsx", workbook(&HEADER, &people));
    scene.run().expect(0);
    let rejects = scene.parquet("rejects/ingest.parquet", &["emplacement", "raisons"]);
    assert_eq!(rejects, "feuille Activités, ligne 47,rang_invalide:nb_participants\n");
}

#[test]
fn labels_that_nobody_knows_are_flagged() {
    let scene = Scene::new();
    let people = [
        ("a", "1", "Féminin", "120 ans", COOP),
        ("b", "1", "Féminin", "25 - 39 ans", "espace\u{a0}COOP (v1)"),
        ("c", "1", "Féminin", "25 - 39 ans", "Ailleurs"),
    ];
    scene.structures().file("coop_activites.xlsx", workbook(&HEADER, &people));
    scene.run().expect(0);
    let flags = scene.parquet(CLEAN, &["age_inconnu", "drapeaux"]);
    assert_eq!(flags.matches("code_inconnu").count(), 2, "{flags}");
    assert_eq!(flags.lines().count(), 2, "{flags}");
}

#[test]
fn what_is_no_such_workbook_is_told() {
    for (bytes, expected) in [
        (b"PK not a workbook".to_vec(), "cannot be opened"),
        (workbook(&HEADER[1..], &[]), "missing: `Date`"),
        (Workbook::new().save_to_buffer().unwrap(), "no sheet `Activités`"),
        (Vec::new(), "the file is empty"),
    ] {
        let scene = Scene::new();
        scene.structures().file("coop_activites.xlsx", &bytes);
        let said = scene.run();
        assert!([65, 66].contains(&said.code), "{}", said.stderr);
        assert!(said.stderr.contains(expected), "{}", said.stderr);
    }
}
