//! Renewal scenarios: what they say of the sample, and what they leave alone.

use std::fs;

use serde_json::Value;

use crate::support::{Said, Scene, conum, row, said};

/// What `conum scenario degressif` says of the sample.
const DEGRESSIF: &str = include_str!("scenario_degressif.txt");

fn scenario(scene: &Scene, arguments: &[&str]) -> Said {
    let mut command = conum();
    command.arg("scenario").args(arguments).arg("--pipeline").arg(&scene.pipeline);
    said(&command.arg("--warehouse").arg(scene.warehouse()).output().unwrap())
}

/// A sample of posts alone: nothing else is needed.
fn of_posts() -> Scene {
    let scene = Scene::of_sample();
    for entry in fs::read_dir(scene.input()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !name.starts_with("dataspace_") && !name.starts_with('.') {
            fs::remove_file(path).unwrap();
        }
    }
    scene
}

#[test]
fn a_scenario_says_what_it_costs_by_year_and_employer_type() {
    let mut scene = of_posts();
    let folder = scene.own_declarations();
    scene.run();
    let text = scenario(&scene, &["degressif"]).expect(0).stdout;
    assert!(text == DEGRESSIF, "{text}");

    let found = scenario(&scene, &["constant", "--format", "json"]).expect(0).stdout;
    let found: Value = serde_json::from_str(&found).unwrap();
    assert_eq!(found["scenario"]["class"][0]["state_share_percent"][0], 50);
    assert_eq!(found["jour_de_reference"], "2025-07-01");
    let lines = found["lignes"].as_array().unwrap();
    let posts = scene.parquet("clean/postes.parquet", &["employeur_actif_id"]);
    let posts = posts.lines().filter(|id| !id.is_empty()).count();
    let of_2026 = lines
        .iter()
        .find(|line| line["annee_scenario"] == "2026" && line["type_employeur"] == "ensemble");
    let of_2026 = of_2026.unwrap();
    assert_eq!(of_2026["nb_postes_maintenus"], posts);
    assert_eq!(of_2026["cout_centimes"], posts * 4_000_000);
    assert_eq!(of_2026["etat_centimes"], of_2026["cofinancement_centimes"]);
    assert_eq!(of_2026["part_etat_pourcent"], 50);

    // No file of a run depends on a scenario, and a command reads those of today.
    fs::remove_file(folder.join("scenarios/degressif.toml")).unwrap();
    assert!(scene.run().stdout.contains("Nothing new"));
    scene.verify().expect(0);
    let unknown = scenario(&scene, &["degressif"]).expect(78);
    assert!(unknown.stderr.contains("there is no scenario `degressif`"), "{}", unknown.stderr);
    assert!(unknown.stderr.contains("are: constant"), "{}", unknown.stderr);
}

#[test]
fn without_a_name_scenarios_are_listed() {
    let scene = Scene::new();
    let text = scenario(&scene, &[]).expect(0).stdout;
    let names: Vec<&str> = text.lines().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(names, ["scénario", "constant", "degressif"]);
}

#[test]
fn a_run_without_posts_has_no_scenario() {
    let scene = Scene::new();
    scene.flat(&[row("a", "2023-05-02", &[])]).run().expect(0);
    let said = scenario(&scene, &["constant"]).expect(66);
    assert!(said.stderr.contains("the published run has no posts"), "{}", said.stderr);
}

#[test]
fn mistakes_of_a_scenario_are_told_with_their_line() {
    let mut scene = Scene::new();
    let path = scene.own_declarations().join("scenarios/degressif.toml");
    let mut text = fs::read_to_string(&path).unwrap();
    for (from, to) in [
        ("years = [2026, 2029]", "years = [2026, 2036]"),
        ("starts = \"agreement\"", "starts = \"scenario\""),
        ("region = 43000", "canton = 43000"),
        ("\"ccas\", \"cias\"]", "\"ccaz\"]"),
        ("state_share_percent = [50, 40, 30]", "state_share_percent = [150]"),
        ("name = \"autres\"", "name = \"autres\"\nwhere = { poste_id = [\"1\"] }"),
    ] {
        assert!(text.contains(from), "{from}");
        text = text.replacen(from, to, 1);
    }
    fs::write(path, text).unwrap();
    let said = scenario(&scene, &[]).expect(78);
    for expected in [
        "scenarios/degressif.toml:4: `years` are the first and the last, 10 years at most",
        "scenarios/degressif.toml:6: `agreement_share_percent` goes with",
        "`canton` is no employer type",
        "scenarios/degressif.toml:11: class `fragiles`: `ccaz` is no employer type",
        "scenarios/degressif.toml:19: class `autres`: the last class, and no other, takes all",
        "posts are not told apart by `poste_id`",
        "`state_share_percent` names one share or several, from 0 to 100",
    ] {
        assert!(said.stderr.contains(expected), "{expected}\n---\n{}", said.stderr);
    }
}

#[test]
fn a_class_may_be_that_of_posts_in_a_rural_zone() {
    let mut scene = of_posts();
    let folder = scene.own_declarations();
    let path = folder.join("scenarios/constant.toml");
    let text = fs::read_to_string(&path).unwrap();
    let rural = "[[class]]\nname = \"zrr\"\ntitle = \"ZRR\"\nwhere = { zrr = [\"oui\"] }\n\
        state_share_percent = [100]\n\n[[class]]";
    fs::write(&path, text.replacen("[[class]]", rural, 1)).unwrap();
    scene.run();
    let of_2026 = |scene: &Scene| {
        let found = scenario(scene, &["constant", "--format", "json"]).expect(0).stdout;
        let found: Value = serde_json::from_str(&found).unwrap();
        let line =
            found["lignes"].as_array().unwrap().iter().find(|line| {
                line["annee_scenario"] == "2026" && line["type_employeur"] == "ensemble"
            });
        line.unwrap()["part_etat_pourcent"].clone()
    };
    // Without the list, no post is known to be in such a zone.
    assert_eq!(of_2026(&scene), 50);
    let sirets = scene.parquet("clean/employeurs.parquet", &["siret"]);
    let header = "Raison sociale;Commune INSEE;Département;Région;Nombre de conseillers validés \
        par le COSELEC;Date de validation en comité de sélection;Type;SIRET;Code département;\
        Adresse;Code commune INSEE;Code postal;Investissement financier estimatif total de \
        l’Etat;ZRR;QPV;France services\n";
    let decisions = sirets.lines().filter(|siret| !siret.is_empty()).map(|siret| {
        format!("A;B;Ain;R;1;16/06/2021;privée;{siret};01;1 RUE;01053;01000;1;oui;non;non\n")
    });
    scene.file("employeurs_open_data.csv", format!("{header}{}", decisions.collect::<String>()));
    scene.run();
    assert_eq!(of_2026(&scene), 100);
}

#[test]
fn the_cost_that_tables_suppose_is_that_of_the_constant_scenario() {
    let files = conum::run::folders::read_tree(&crate::support::root().join("pipelines")).unwrap();
    let definitions = conum::definition::Definitions::load("national.toml", &files).unwrap();
    let (cost, scenario) = (definitions.cost.unwrap(), &definitions.scenarios["constant"]);
    assert_eq!(cost.cost_euros, scenario.cost_euros);
    assert_eq!(cost.cost_euros_by_type, scenario.cost_euros_by_type);
}
