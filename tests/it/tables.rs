//! Tables of activities: periods, classes, follow-ups, coverage, and what proves them.

use std::fs;

use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::support::{Scene, conum, root, row, said, walk};

#[test]
fn a_period_is_a_month_a_quarter_or_a_year_and_counts_advisers_once() {
    let scene = Scene::new();
    let by = |id: &str, day: &str, adviser: &str| row(id, day, &[("conseiller_id", adviser)]);
    scene.flat(&[
        by("a", "2024-01-31", "c1"),
        by("b", "2024-03-01", "c1"),
        by("c", "2024-03-02", "c2"),
        by("d", "2024-12-31", "c2"),
        by("e", "2025-01-01", "c1"),
    ]);
    scene.run().expect(0);
    let path = "tables/activites_par_region_periode.parquet";
    let found = scene.parquet(path, &["region", "periode", "nb_activites", "nb_conseillers"]);
    let expected = "84,2024,4,2\n84,2024-01,1,1\n84,2024-03,2,2\n84,2024-12,1,1\n\
        84,2024-T1,3,2\n84,2024-T4,1,1\n84,2025,1,1\n84,2025-01,1,1\n84,2025-T1,1,1\n\
        84,ensemble,5,2\n";
    assert_eq!(found.split_once("ensemble,2024,").unwrap().0, expected);
    assert!(found.ends_with("ensemble,ensemble,5,2\n"), "{found}");
    scene.verify().expect(0);
}

#[test]
fn a_period_is_provisional_until_its_records_have_had_time_to_come() {
    let scene = Scene::new();
    // 120 days before the reference day, 1 July 2025, is 3 March.
    scene.flat(&[row("a", "2025-02-28", &[]), row("b", "2025-03-01", &[])]);
    scene.run().expect(0);
    let found = scene.read("tables/activites_par_delai_saisie.csv");
    let of = |start: &str| found.lines().find(|line| line.starts_with(start)).unwrap().to_owned();
    assert_eq!(of("plat,ensemble,2025-02,"), "plat,ensemble,2025-02,non,1,1");
    assert_eq!(of("plat,ensemble,2025-03,"), "plat,ensemble,2025-03,oui,1,1");
    assert_eq!(of("plat,ensemble,2025-T1,"), "plat,ensemble,2025-T1,oui,2,2");
    assert_eq!(of("plat,ensemble,ensemble,"), "plat,ensemble,ensemble,oui,2,2");
}

#[test]
fn durations_and_sizes_fall_in_classes() {
    let scene = Scene::new();
    let lasting = |id: &str, minutes: &str, participants: &str| {
        let changes =
            [("duree", minutes), ("nb_participants", participants), ("activite", "collectif")];
        row(id, "2024-01-31", &changes)
    };
    scene.flat(&[
        lasting("a", "", "1"),
        lasting("b", "29", "2"),
        lasting("c", "30-60", "5"),
        lasting("d", "60", "6"),
        lasting("e", "120", "30"),
    ]);
    scene.run().expect(0);
    let of = |table: &str, dimension: &str| {
        let columns = ["type_employeur", dimension, "periode", "nb_activites"];
        let found = scene.parquet(&format!("tables/{table}.parquet"), &columns);
        let lines = found.lines().filter_map(|line| line.strip_prefix("association,"));
        let lines = lines.filter_map(|line| line.split_once(",2024,"));
        lines.map(|(class, count)| format!("{class} {count}")).collect::<Vec<_>>()
    };
    assert_eq!(
        of("activites_par_employeur_duree", "tranche_duree"),
        ["120_plus 1", "30_59 1", "60_119 1", "ensemble 5", "moins_30 1", "non_renseigne 1"]
    );
    let sizes = of("activites_par_employeur_taille", "tranche_participants");
    assert_eq!(sizes[..5], ["1 1", "21_plus 1", "2_5 2", "6_10 1", "ensemble 5"]);
}

/// A document of the Espace Coop: identifier, day, instant of entry, follow-ups.
fn document(id: &str, day: &str, entered: &str, follow_ups: &str) -> String {
    format!(
        "{{\"_id\":{{\"$oid\":\"{id}\"}},\"conseiller\":{{\"$id\":{{\"$oid\":\"c\"}}}},\
         \"structure\":{{\"$id\":{{\"$oid\":\"s1\"}}}},\"createdAt\":{{\"$date\":\"{entered}\"}},\
         \"cra\":{{\"canal\":\"domicile\",\"activite\":\"collectif\",\"nbParticipants\":6,\
         \"nbParticipantsRecurrents\":0,\"age\":{{}},\"statut\":{{}},\"themes\":[\"internet\"],\
         \"duree\":60,\"accompagnement\":{follow_ups},\"codePostal\":\"01000\",\
         \"codeCommune\":\"01053\",\
         \"dateAccompagnement\":{{\"$date\":\"{day}T10:00:00.000Z\"}}}}}}"
    )
}

#[test]
fn follow_ups_and_delays_are_read_and_tabulated() {
    let scene = Scene::new();
    let lines = [
        document("a", "2023-01-10", "2023-01-10T23:30:00.000Z", "{\"individuel\":2,\"atelier\":1}"),
        document("b", "2023-01-10", "2023-01-09T10:00:00.000Z", "\"redirection\""),
        document("c", "2023-01-10", "2023-05-30T10:00:00.000Z", "null"),
    ];
    scene.structures().file("cras.jsonl", lines.join("\n"));
    scene.run().expect(0);
    let columns = ["delai_saisie_jours", "suite_individuel", "suite_atelier", "suite_redirection"];
    let mut clean: Vec<String> =
        scene.parquet("clean/activites", &columns).lines().map(str::to_owned).collect();
    clean.sort();
    // Entered at 23:30 UTC, the next day in Paris; a single code is that of the whole group.
    assert_eq!(clean, ["-1,0,0,6", "1,2,1,0", "140,0,0,0"]);
    let suites = scene.read("tables/suites_par_employeur.csv");
    assert!(suites.contains("\nassociation,ensemble,2023,non,9\n"), "{suites}");
    let delays = scene.read("tables/activites_par_delai_saisie.csv");
    for class in ["1_7_jours", "avant_activite", "plus_de_120_jours"] {
        assert!(delays.contains(&format!("\nlegacy,{class},2023-01,non,1,6\n")), "{delays}");
    }
}

#[test]
fn statuses_and_genders_are_completed_to_the_participants() {
    let scene = Scene::new();
    let group = [("nb_participants", "5"), ("st_retraite", "3"), ("st_heterogene", "1")];
    let odd = [("st_retraite", "2")];
    scene.flat(&[row("a", "2024-01-31", &group), row("b", "2024-02-01", &odd)]);
    scene.run().expect(0);
    let columns = ["statut_retraite", "statut_inconnu", "genre_inconnu", "drapeaux"];
    let clean = scene.parquet("clean/activites", &columns);
    assert_eq!(clean, "3,2,5,\n2,0,1,statuts_superieurs\n");
    let genders = scene.read("tables/beneficiaires_par_employeur_genre.csv");
    assert!(genders.contains("\nassociation,non_renseigne,2024,non,6\n"), "{genders}");
}

#[test]
fn an_employer_that_stopped_sending_is_seen() {
    let scene = Scene::new();
    let days = ["2024-01-31", "2024-02-01", "2024-05-02", "2024-05-03"];
    let rows = days.iter().enumerate().map(|(n, day)| row(&format!("r{n}"), day, &[]));
    scene.flat(&rows.collect::<Vec<_>>());
    scene.run().expect(0);
    assert_eq!(
        scene.read("tables/couverture_employeurs.csv"),
        "systeme,structure_id,type_employeur,premier_mois,dernier_mois,nb_activites,\
         nb_mois_actifs,nb_mois_silencieux,nb_mois_depuis\n\
         plat,s1,association,2024-01,2024-05,4,3,2,14\n"
    );
    let months = scene.read("tables/couverture_par_mois.csv");
    let lines: Vec<&str> = months.lines().collect();
    assert_eq!(lines[0], "systeme,structure_id,mois,nb_activites,etat_couverture");
    assert_eq!(
        lines[1..4],
        ["plat,s1,2024-01,1,actif", "plat,s1,2024-02,1,actif", "plat,s1,2024-03,0,silencieux",]
    );
    assert_eq!(lines[4..], ["plat,s1,2024-04,0,silencieux", "plat,s1,2024-05,2,actif"]);
}

#[test]
fn the_months_of_employers_hold_all_activities() {
    let scene = Scene::of_sample();
    scene.run().expect(0);
    let of = |table: &str, columns: &[&str]| {
        let rows = scene.parquet(&format!("tables/{table}.parquet"), columns);
        rows.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let sum = |rows: &[String]| -> i64 { rows.iter().map(|n| n.parse::<i64>().unwrap()).sum() };
    let months = of("couverture_par_mois", &["nb_activites"]);
    assert_eq!(sum(&months), sum(&of("couverture_employeurs", &["nb_activites"])));
    let states = of("couverture_par_mois", &["etat_couverture"]);
    let count = |state: &str| states.iter().filter(|one| *one == state).count();
    let counted = |column| usize::try_from(sum(&of("couverture_employeurs", &[column]))).unwrap();
    assert_eq!(count("actif"), counted("nb_mois_actifs"));
    assert_eq!(count("silencieux"), counted("nb_mois_silencieux"));
    assert!(count("pas_encore") > 0 && count("termine") > 0);
}

#[test]
fn all_tables_reconcile_and_the_checks_are_told() {
    let scene = Scene::of_sample();
    scene.run().expect(0);
    let checks = scene.read("tables/reconciliation.csv");
    assert!(checks.lines().skip(1).all(|line| line.ends_with(",0")), "{checks}");
    for line in [
        "\nactivites_par_departement_periode,activites_par_region_periode,periode,nb_activites,",
        "\nactivites_par_employeur_theme,activites_par_employeur_theme,type_employeur,nb_minutes,",
        "\nactivites_par_employeur_duree,activites_par_epci_annee,periode,nb_participations,",
    ] {
        assert!(checks.contains(line), "{line}");
    }
    assert!(scene.verify().expect(0).stdout.contains("tables agree with each other"));
}

#[test]
fn each_measure_bears_its_definition() {
    let scene = Scene::of_sample();
    scene.run().expect(0);
    let tables = fs::canonicalize(scene.warehouse().join("tables")).unwrap();
    walk(&tables, &mut |path| {
        if path.extension().is_none_or(|extension| extension != "parquet") {
            return;
        }
        let file = fs::File::open(path).unwrap();
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
        for field in builder.schema().fields() {
            let about = field.metadata();
            assert!(about.contains_key("description"), "{}: {field}", path.display());
            let is_coverage = path.to_string_lossy().contains("/couverture_");
            if field.name().starts_with("nb_") && !is_coverage {
                for key in ["unit", "is_not", "used_by"] {
                    assert!(about.get(key).is_some_and(|text| !text.is_empty()), "{field}: {key}");
                }
            }
        }
    });
}

fn describe(arguments: &[&str]) -> crate::support::Said {
    let mut command = conum();
    command.arg("describe").args(arguments);
    command.arg("--pipeline").arg(root().join("pipelines/national.toml"));
    said(&command.output().unwrap())
}

#[test]
fn describe_says_what_an_indicator_and_a_table_are() {
    let list = describe(&[]).expect(0).stdout;
    for name in ["nb_conseillers ", "activites_par_epci_annee ", "employeurs_par_type "] {
        assert!(list.contains(&format!("\n  {name}")), "{list}");
    }
    let told = describe(&["nb_personnes_hors_recurrents"]).expect(0).stdout;
    let told = told.split("  tables ").next().unwrap();
    let expected = "indicator nb_personnes_hors_recurrents\n\
        \x20 title      Personnes accompagnées hors récurrents\n\
        \x20 formula    somme de max(P - R, 0)\n\
        \x20 unit       personnes\n\
        \x20 is not     un nombre de personnes distinctes : aucun des deux systèmes ne le permet\n\
        \x20 used by    Données et Territoires : usagers\n\
        \x20 additive   yes\n";
    assert_eq!(told, expected);
    let told = describe(&["suites_par_employeur"]).expect(0).stdout;
    for line in [
        "table suites_par_employeur\n",
        "  dimension  suite: Suite donnée : individuel, atelier, redirection. \
         (atelier, individuel, redirection, ensemble)\n",
        "  measures   nb_suites\n",
    ] {
        assert!(told.contains(line), "{told}");
    }
}

#[test]
fn describe_knows_the_tables_that_are_made_too() {
    let list = describe(&[]).expect(0).stdout;
    for name in conum::vocabulary::tables::MADE.map(|made| made.table.name) {
        assert!(list.contains(&format!("\n  {name} ")), "{name}: {list}");
        let told = describe(&[name]).expect(0).stdout;
        assert!(told.contains("\n  definition "), "{told}");
    }
    let told = describe(&["chiffres_cles"]).expect(0).stdout;
    assert!(told.contains("  column     chiffre: Nom du chiffre. (conseillers, "), "{told}");
    let told = describe(&["part_etat_du_cout"]).expect(0).stdout;
    for line in ["Coût annuel d'un poste : 40000 €.", "  dimension  annee_cout: "] {
        assert!(told.contains(line), "{line}: {told}");
    }
}

#[test]
fn describe_is_json_too_and_knows_no_other_name() {
    let told = describe(&["--format", "json"]).expect(0).stdout;
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    let indicators = told["indicators"].as_array().unwrap();
    assert!(indicators.iter().all(|one| !one["tables"].as_array().unwrap().is_empty()));
    assert!(indicators.iter().all(|one| one["is_not"] != "" && one["used_by"] != ""));
    let said = describe(&["personnes_hors"]).expect(78);
    assert!(said.stderr.contains("names that contain it: nb_personnes_hors"), "{}", said.stderr);
    assert!(describe(&["rien"]).expect(78).stderr.contains("`conum describe` lists all names"));
}
