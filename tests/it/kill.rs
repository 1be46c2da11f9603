//! A run killed anywhere leaves the last outputs whole, and the next run succeeds.

use std::process::{Command, Stdio};
use std::time::Duration;

use crate::support::Scene;

#[test]
fn a_killed_run_leaves_the_last_outputs_and_the_next_one_succeeds() {
    let scene = Scene::of_sample();
    scene.run().expect(0);
    let before = scene.files("tables");
    for milliseconds in [1, 20, 40, 60, 80, 100, 130, 160, 200, 260, 330, 420] {
        let mut run = Command::new(env!("CARGO_BIN_EXE_conum"))
            .args(["run", "--force", "--as-of", "2025-07-01", "--pipeline"])
            .arg(&scene.pipeline)
            .arg("--input")
            .arg(scene.input())
            .arg("--warehouse")
            .arg(scene.warehouse())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let start = std::time::Instant::now();
        while start.elapsed() < Duration::from_millis(milliseconds) {
            std::hint::spin_loop();
        }
        run.kill().unwrap();
        run.wait().unwrap();
        assert!(scene.files("tables") == before, "after {milliseconds} ms");
        scene.verify().expect(0);
    }
    scene.run().expect(0);
    assert!(scene.files("tables") == before);
    scene.verify().expect(0);
}
