//! Links and pipes planted in a warehouse, and declarations that are no declarations.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use super::scene;
use crate::support::Scene;

/// A folder beside the warehouse that nothing may touch.
fn with_neighbour() -> Scene {
    let scene = scene();
    fs::create_dir_all(scene.path().join("neighbour/clean")).unwrap();
    fs::write(scene.path().join("neighbour/clean/file"), "mine").unwrap();
    fs::create_dir(scene.warehouse()).unwrap();
    scene
}

#[track_caller]
fn expect_neighbour_untouched(scene: &Scene, what: &str) {
    let file = fs::read_to_string(scene.path().join("neighbour/clean/file")).unwrap();
    assert_eq!(file, "mine", "{what}");
    for (folder, names) in [("neighbour", ["clean"]), ("neighbour/clean", ["file"])] {
        let entries = fs::read_dir(scene.path().join(folder)).unwrap();
        let found: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(found, names, "{what}");
    }
}

#[test]
fn nothing_outside_the_warehouse_is_written_moved_or_deleted() {
    for (link, code) in [
        ("building", 73),
        ("tables", 0),
        ("clean", 0),
        ("staged", 73),
        ("runs", 73),
        ("releases", 73),
        ("declarations", 73),
        (".draft-current", 0),
    ] {
        let scene = with_neighbour();
        symlink("../neighbour", scene.warehouse().join(link)).unwrap();
        scene.run().expect(code);
        expect_neighbour_untouched(&scene, link);
    }
    for file in [".lock", "register.jsonl", "hashes.json"] {
        let scene = with_neighbour();
        symlink("../neighbour/clean/file", scene.warehouse().join(file)).unwrap();
        let said = scene.run();
        assert!([0, 74].contains(&said.code), "{file}: {} {}", said.code, said.stderr);
        expect_neighbour_untouched(&scene, file);
    }
}

#[test]
fn an_old_run_that_is_a_link_is_not_cleared_away() {
    let scene = with_neighbour();
    scene.run().expect(0);
    symlink("../../neighbour", scene.warehouse().join("runs/0")).unwrap();
    let kept = ["--keep", "0", "--force"];
    scene.command("run").args(kept).assert().success();
    expect_neighbour_untouched(&scene, "runs/0");
}

#[test]
fn a_warehouse_may_be_a_link_itself() {
    let scene = scene();
    fs::create_dir(scene.path().join("disk")).unwrap();
    symlink("disk", scene.warehouse()).unwrap();
    scene.run().expect(0);
    scene.verify().expect(0);
}

#[test]
fn no_pipe_in_a_warehouse_is_waited_for() {
    for name in [".lock", "register.jsonl", "hashes.json", "current", "building"] {
        let scene = with_neighbour();
        let pipe = scene.warehouse().join(name);
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let mut run = scene.command("run");
        let said = crate::support::said(
            &run.timeout(std::time::Duration::from_secs(60)).output().unwrap(),
        );
        assert!([73, 74].contains(&said.code), "{name}: {} {}", said.code, said.stderr);
        assert!(said.stderr.contains(name), "{name}: {}", said.stderr);
    }
}

/// Checks declarations with one more file.
#[track_caller]
fn declared(name: &str, content: impl AsRef<[u8]>, told: &str) {
    let mut scene = scene();
    let folder = scene.own_declarations();
    fs::write(folder.join(name), content).unwrap();
    let said = scene.run().expect(78);
    assert!(said.stderr.contains(told), "{name}: {}", said.stderr);
    assert!(!said.stderr.contains('\u{1b}'), "{name}: {}", said.stderr);
}

#[test]
fn declarations_that_are_none_are_refused() {
    let deep = format!("x = {}{}\n", "[".repeat(200_000), "]".repeat(200_000));
    declared("sources/evil.toml", deep, "max recursion depth");
    declared("sources/evil.toml", format!("[{}]\n", ["a"; 100_000].join(".")), "recursion");
    declared("sources/evil.toml", "#".repeat(2 << 20), "longer than 1 MiB");
    declared("codelists/evil.csv", " ".repeat(65 << 20), "longer than 64 MiB");
    declared("sources/e\u{1b}[31m.toml", "", r"sources/e\u{1b}[31m.toml: its name has more");
    declared("tables/=1+1.toml", "", "its name has more");
    declared("sources/evil.toml", "\"\u{1b}[31m\" = 1\n", "sources/evil.toml:1");
}
