//! The pages that runs write, opened in a browser: `make test` and `make pages` set it up.

use std::path::Path;
use std::process::Command;

use crate::support::{Scene, not_shown, root, row};

#[test]
fn pages_pass_in_a_browser() {
    let Some(packages) = std::env::var_os("CONUM_BROWSER").filter(|folder| !folder.is_empty())
    else {
        return not_shown("CONUM_BROWSER names no folder with the packages of tests/pages");
    };
    let sample = Scene::of_sample();
    sample.run().expect(0);
    // One employer in one département: all of it is hidden.
    let small = Scene::new();
    small.flat(&[row("a", "2024-05-05", &[]), row("b", "2024-06-06", &[])]);
    small.run().expect(0);
    for scene in [&sample, &small] {
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
