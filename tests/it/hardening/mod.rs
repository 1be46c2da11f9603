//! Inputs, folders and declarations that were made to harm are refused or told, and nothing leaves
//! the machine.

mod inputs;
mod outputs;
mod warehouse;

use crate::support::{FLAT, Said, Scene, row};

/// A flat CSV of a hundred good rows.
fn good() -> String {
    let rows: Vec<String> =
        (0..100).map(|number| row(&format!("good-{number}"), "2023-05-02", &[])).collect();
    format!("{FLAT}\n{}\n", rows.join("\n"))
}

/// A scene with a hundred good rows.
fn scene() -> Scene {
    let scene = Scene::new();
    scene.structures().file("activites_plates.csv", good());
    scene
}

/// Runs a scene that has one more input, which stops it.
#[track_caller]
fn refused(name: &str, content: impl AsRef<[u8]>, code: i32, told: &str) -> Said {
    let scene = scene();
    scene.file(name, content);
    let said = scene.run().expect(code);
    assert!(said.stderr.contains(told), "{name}: {}", said.stderr);
    assert!(!scene.warehouse().join("current").exists(), "{name}");
    said
}
