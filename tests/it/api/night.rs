//! `conum fetch`, then `conum run`: what the API lists ends in the tables.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value, json};

use crate::api::server::{Failure, Knobs, Server};
use crate::support::{Said, Scene, conum, said};

const SECRET: &str = "invented-client:invented-secret";

fn activity(number: usize) -> Value {
    json!({
        "type": "activite",
        "id": format!("a{number:04}"),
        "attributes": {
            "type": "individuel", "mediateur_id": "m1", "user_id": "u1", "accompagnements": 1,
            "date": "2025-01-07", "duree": 30, "type_lieu": "domicile", "structure_id": null,
            "lieu_code_postal": null, "lieu_code_insee": "01053", "thematiques": ["email"],
            "creation": "2025-01-07T10:00:00.000Z",
            "modification": format!("2025-01-07T10:{:02}:{:02}.000Z", number / 60, number % 60),
            "suppression": null,
            "beneficiaires": {
                "genres": {"feminin": 1}, "tranches_age": {"moins_de_douze": 1},
                "statuts": {"scolarise": 1}
            }
        }
    })
}

fn fetch(scene: &Scene, server: &Server) -> Said {
    let token = scene.path().join("secret");
    fs::write(&token, format!("{SECRET}\n")).unwrap();
    let mut command = conum();
    command.args(["fetch", "--url", &server.url(), "--token-file"]).arg(&token);
    said(&command.arg("--input").arg(scene.input()).output().unwrap())
}

#[test]
fn what_the_api_lists_ends_in_the_tables() {
    let scene = Scene::new();
    let failures = BTreeMap::from([(2, Failure::Status(503))]);
    let knobs = Knobs { token: SECRET.to_owned(), failures, ..Knobs::default() };
    let server = Server::start((1..=1200).map(activity).collect(), knobs);
    let first = fetch(&scene, &server).expect(0);
    assert!(first.stdout.contains("1200 row(s) in 3 file(s)"), "{}", first.stdout);
    scene.structures().run().expect(0);
    let table = scene.read("tables/activites_par_employeur_periode.csv");
    assert!(table.contains("\nensemble,ensemble,oui,1200,1200,"), "{table}");
    // The next night asks for what changed since the watermark, which an hour of overlap precedes.
    let again = fetch(&scene, &server).expect(0);
    assert!(again.stdout.contains("changes since"), "{}", again.stdout);
    assert!(again.stdout.contains(" 0 row(s)"), "{}", again.stdout);
}

#[test]
fn a_server_that_does_not_answer_is_told_apart_from_a_wrong_secret() {
    let scene = Scene::new();
    let knobs = Knobs { token: "another".to_owned(), ..Knobs::default() };
    let server = Server::start(vec![activity(1)], knobs);
    let refused = fetch(&scene, &server).expect(78);
    assert!(!refused.stderr.contains("invented-secret"), "{}", refused.stderr);
}
