//! The two systems make one series: versions, deletions, migrated copies, Paris days, territory.

use crate::support::{Scene, row};

/// A line of the Coop's export; `null` or a JSON text for the deletion and the record copied.
pub fn coop(id: &str, deleted: &str, copy_of: &str) -> String {
    format!(
        "{{\"id\":\"{id}\",\"type\":\"individuel\",\"mediateur_id\":\"m\",\"accompagnements\":1,\
         \"date\":\"2025-01-07\",\"duree\":30,\"type_lieu\":\"domicile\",\"structure_id\":null,\
         \"structure_employeuse_id\":\"s1\",\"lieu_code_postal\":null,\"lieu_code_insee\":null,\
         \"thematiques\":[],\"beneficiaires\":null,\"suppression\":{deleted},\
         \"modification\":\"2025-01-07T10:00:00.000Z\",\"v1_cra_id\":{copy_of}}}"
    )
}

#[test]
fn deletions_apply_when_they_are_the_latest_version() {
    let scene = Scene::new();
    let deleted = "\"2025-01-09T00:00:00.000Z\"";
    let lines = [
        coop("kept", "null", "null"),
        coop("gone", deleted, "null"),
        coop("back", deleted, "null"),
        coop("back", "null", "null").replace("2025-01-07T10", "2025-02-01T10"),
    ];
    scene.structures().file("coop_activites.jsonl", lines.join("\n"));
    scene.run().expect(0);
    let ledger = scene.parquet("current/ledger.parquet", &["etape", "source", "devenir", "lignes"]);
    for line in [
        "clean,coop_activites,gardee,2",
        "clean,coop_activites,supprimee,1",
        "clean,coop_activites,remplacee,1",
    ] {
        assert!(ledger.contains(line), "{ledger}");
    }
}

#[test]
fn a_migrated_copy_never_counts_and_one_without_its_record_is_a_warning() {
    let scene = Scene::new();
    let lines = [coop("new", "null", "null"), coop("copy", "null", "\"62318e9445c0d1f2a3b4c5d6\"")];
    scene.structures().file("coop_activites.jsonl", lines.join("\n"));
    let said = scene.run().expect(3);
    assert!(said.stderr.contains("1 migrated activities"), "{}", said.stderr);
    let table = scene.read("tables/activites_par_employeur_periode.csv");
    assert!(table.contains("\nensemble,ensemble,oui,1,1,"), "{table}");
}

#[test]
fn an_evening_in_utc_belongs_to_the_next_day_and_month_in_paris() {
    let scene = Scene::new();
    scene.flat(&[row("a", "2023-01-31", &[("date", "2023-01-31T23:30:00.000Z")])]);
    scene.run().expect(0);
    let clean = "clean/activites/annee=2023";
    assert_eq!(scene.parquet(clean, &["date", "mois"]), "2023-02-01,2023-02\n");
}

#[test]
fn territory_comes_from_the_commune_then_the_postal_code_then_the_employer() {
    let scene = Scene::new();
    let place = |id: &str, day: &str, commune: &str, postal: &str| {
        row(id, day, &[("code_commune", commune), ("code_postal", postal)])
    };
    scene.flat(&[
        place("a", "2023-01-01", "2A004", ""),
        place("b", "2023-01-02", "13201", "13001"),
        place("c", "2023-01-03", "97801", "97150"),
        place("d", "2023-01-04", "", "97133"),
        place("e", "2023-01-05", "", "20000"),
        place("f", "2023-01-06", "", "undef"),
        place("g", "2023-01-07", "1053", "1000"),
        place("h", "2023-01-08", "99999", "42620"),
        place("i", "2023-01-09", "69101", ""),
    ]);
    scene.run().expect(0);
    let found = scene.parquet(
        "clean/activites/annee=2023",
        &["date", "commune", "departement", "departement_source", "drapeaux"],
    );
    let expected = "2023-01-01,2A004,2A,commune,\n\
        2023-01-02,13055,13,commune,commune_rattachee\n\
        2023-01-03,97801,978,commune,\n\
        2023-01-04,,977,code_postal,departement_par_code_postal\n\
        2023-01-05,,2A,code_postal,departement_par_code_postal\n\
        2023-01-06,,01,employeur,code_postal_invalide|departement_par_employeur\n\
        2023-01-07,01053,01,commune,code_commune_repare|code_postal_repare\n\
        2023-01-08,,01,employeur,commune_inconnue|code_postal_ambigu|departement_par_employeur\n\
        2023-01-09,69114,69,commune,commune_rattachee\n";
    assert_eq!(found, expected);
}

#[test]
fn measures_follow_their_formulas() {
    let scene = Scene::new();
    let workshop =
        [("activite", "collectif"), ("nb_participants", "6"), ("nb_participants_recurrents", "2")];
    scene.flat(&[
        row(
            "a",
            "2023-01-01",
            &[("nb_participants", "3"), ("duree", "0-30"), ("themes", "internet|sante")],
        ),
        row("b", "2023-01-02", &workshop),
        row(
            "c",
            "2023-01-03",
            &[("nb_participants_recurrents", "4"), ("conseiller_id", "c2"), ("themes", "")],
        ),
    ]);
    scene.run().expect(0);
    let table = scene.read("tables/activites_par_employeur_periode.csv");
    // 3 activities; P 3+6+1; R 0+2+4; P - R; workshop P + 1 + 1; the same less R; max(P-R, 0) 3+4+0;
    // 1 workshop; 15+30+30 minutes; 2 advisers of 1 employer.
    assert!(table.ends_with("\nensemble,ensemble,non,3,10,6,4,8,2,7,1,75,2,1\n"), "{table}");
    let themes = scene.read("tables/activites_par_employeur_theme.csv");
    for line in [
        "association,ensemble,ensemble,non,3,10,6,4,8,2,7,1,75,2,1",
        "association,navigation_sur_internet,2023,non,2,9,2,7,7,5,7,1,45,1,1",
        "association,sante,ensemble,non,1,3,0,3,1,1,3,0,15,1,1",
        "association,non_renseigne,2023,non,1,1,4,-3,1,-3,0,0,30,1,1",
    ] {
        assert!(themes.contains(&format!("\n{line}\n")), "{line}\n{themes}");
    }
    let ages = scene.read("tables/beneficiaires_par_employeur_age.csv");
    assert!(ages.contains("\nensemble,non_renseigne,ensemble,non,10\n"), "{ages}");
}

#[test]
fn a_commune_code_that_no_commune_has_gives_way_to_the_place() {
    let scene = Scene::new();
    let at = |id: &str, commune: &str| {
        coop(id, "null", "null")
            .replace("\"structure_id\":null", "\"structure_id\":\"s1\"")
            .replace("\"lieu_code_postal\":null", "\"lieu_code_postal\":\"33000\"")
            .replace("\"lieu_code_insee\":null", &format!("\"lieu_code_insee\":{commune}"))
    };
    let lines = [at("a", "null"), at("b", "\"99999\"")];
    scene.structures().file("coop_activites.jsonl", lines.join("\n"));
    scene.run().expect(0);
    let clean = "clean/activites/annee=2025";
    let places = scene.parquet(clean, &["commune", "departement_source"]);
    assert_eq!(places, "01053,structure_lieu\n01053,structure_lieu\n");
    assert_eq!(scene.parquet(clean, &["drapeaux"]).matches("commune_inconnue").count(), 1);
}
