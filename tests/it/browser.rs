//! The pages that runs write, opened in a browser: `make test` and `make pages` set it up.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::secrecy::{record, structures, write};
use crate::support::{Scene, not_shown, root, row};

/// One employer, a record of whom is in two months: all of it is hidden.
fn all_hidden() -> Scene {
    let scene = Scene::new();
    scene.flat(&[row("a", "2024-05-05", &[]), row("b", "2024-06-06", &[])]);
    scene
}

/// One département, where eighteen structures are at work each month of twenty years.
fn twenty_years() -> Scene {
    let mut scene = Scene::new();
    let rules = scene.own_declarations().join("rules/activites.toml");
    let text = fs::read_to_string(&rules).unwrap();
    let earlier = text.replace("\"2020-01-01\"", "\"2005-01-01\"");
    assert_ne!(text, earlier);
    fs::write(rules, earlier).unwrap();
    structures(&scene, 18);
    let months = (2005..2025).flat_map(|year| (1..=12).map(move |month| (year, month)));
    let records = months.flat_map(|(year, month)| {
        (0..18).map(move |structure| {
            let id = format!("{year}-{month}-{structure}");
            record(&id, &format!("{year}-{month:02}-10"), (structure, 0), 5 + structure % 4)
        })
    });
    write(&scene, &records.collect::<Vec<_>>());
    scene
}

#[test]
fn pages_pass_in_a_browser() {
    let Some(packages) = std::env::var_os("CONUM_BROWSER").filter(|folder| !folder.is_empty())
    else {
        return not_shown("CONUM_BROWSER names no folder with the packages of tests/pages");
    };
    for scene in [Scene::of_sample(), all_hidden(), twenty_years()] {
        scene.run().expect(0);
        let said = Command::new("node")
            .args(["--test", "--test-reporter=spec"])
            .arg(root().join("tests/pages/pages.test.mjs"))
            .env("NODE_PATH", Path::new(&packages).join("node_modules"))
            .env("WAREHOUSE", scene.warehouse())
            .env_remove("PAGES")
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&said.stdout);
        assert!(said.status.success(), "{text}\n{}", String::from_utf8_lossy(&said.stderr));
        assert!(text.contains("barometre.html"), "{text}");
    }
}
