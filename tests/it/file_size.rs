//! A run whose files may not grow leaves the last outputs whole, and the next run succeeds.

use std::process::Command;

use crate::support::{Scene, program, said};

#[test]
fn a_write_refused_anywhere_is_an_error_and_leaves_the_last_outputs() {
    let scene = Scene::of_sample();
    scene.run().expect(0);
    let before = scene.files("tables");
    let mut refused = 0;
    // The longest file, in blocks of 512 bytes, that the run may write.
    for blocks in [0, 2, 8, 16, 32, 64, 96, 128, 192, 256, 384] {
        let output = Command::new("sh")
            .args(["-c", "trap '' XFSZ; ulimit -f $0; exec \"$@\"", &blocks.to_string()])
            .arg(program())
            .args(scene.arguments("run"))
            .arg("--force")
            .output()
            .unwrap();
        let said = said(&output);
        assert!([0, 73, 74].contains(&said.code), "{blocks} blocks: {} {}", said.code, said.stderr);
        refused += u32::from(said.code != 0);
        assert!(scene.files("tables") == before, "{blocks} blocks");
    }
    assert!(refused > 3, "{refused} runs were refused");
    scene.run().expect(0);
    scene.verify().expect(0);
}
