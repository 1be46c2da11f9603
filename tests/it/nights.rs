//! A night of a dataset makes again what is new alone, and leaves what a rebuild would.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use conum::run::hashes::{sealed, unsealed};
use proptest::prelude::*;

use crate::datasets::{HEADER, scene, session};
use crate::support::{Scene, walk};

const MONTHS: [&str; 4] = ["2023-05", "2023-06", "2023-07", "2023-08"];

/// A session in a month.
fn in_month(month: &str, id: u32, version: u32) -> String {
    session(id, "s1", 1, version).replace("2023-05-", &format!("{month}-"))
}

/// Thirty sessions in each of four months.
fn four_months() -> Scene {
    let rows = MONTHS
        .iter()
        .zip(0..)
        .flat_map(|(month, number)| (0..30).map(move |row| in_month(month, 100 * number + row, 1)));
    scene(&rows.collect::<Vec<_>>())
}

/// The files of a night: rows, and notices of deletion.
fn night(scene: &Scene, number: u32, rows: &[String], notices: &[(u32, u32)]) {
    scene.file(&format!("sessions-{number}.csv"), format!("{HEADER}\n{}", rows.concat()));
    if !notices.is_empty() {
        let line = |(id, at): &(u32, u32)| format!("{id:024x};2023-06-01T00:00:00.{at:03}Z\n");
        let notices = notices.iter().map(line).collect::<String>();
        scene.file(&format!("suppressions-{number}.csv"), format!("id;supprimee_le\n{notices}"));
    }
}

/// Checks that all outputs have the bytes that a fresh warehouse has on the same inputs.
#[track_caller]
fn expect_as_rebuilt(scene: &Scene) {
    let mut fresh = Scene::new();
    fresh.pipeline.clone_from(&scene.pipeline);
    for entry in fs::read_dir(scene.input()).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, fresh.input().join(path.file_name().unwrap())).unwrap();
    }
    assert!([0, 3].contains(&fresh.run().code));
    for folder in ["clean", "rejects", "tables"] {
        // Without rows there is no folder.
        let files = |scene: &Scene| -> Vec<(String, Vec<u8>)> {
            let is_there = scene.warehouse().join(folder).exists();
            if is_there { scene.files(folder) } else { Vec::new() }
        };
        let (found, expected) = (files(scene), files(&fresh));
        let names = |files: &[(String, Vec<u8>)]| -> Vec<String> {
            files.iter().map(|(name, _)| name.clone()).collect()
        };
        assert_eq!(names(&found), names(&expected));
        for (found, expected) in found.iter().zip(&expected) {
            assert!(found == expected, "{folder}/{} has other bytes", found.0);
        }
    }
    let ledger = |scene: &Scene| fs::read(scene.warehouse().join("current/ledger.parquet"));
    assert_eq!(ledger(scene).unwrap(), ledger(&fresh).unwrap());
}

/// Runs a night and checks it whole.
#[track_caller]
fn run_night(scene: &Scene) {
    scene.run().expect(0);
    scene.verify().expect(0);
    expect_as_rebuilt(scene);
}

/// The inode of each clean month.
fn inodes(scene: &Scene) -> BTreeMap<String, u64> {
    let top = scene.warehouse().join("clean/sessions");
    let mut found = BTreeMap::new();
    walk(&top, &mut |path| {
        let month = path.parent().unwrap().file_name().unwrap().to_string_lossy().into_owned();
        found.insert(month.replace("ym=", ""), fs::metadata(path).unwrap().ino());
    });
    found
}

/// Months whose file is that of before.
fn kept(before: &BTreeMap<String, u64>, scene: &Scene) -> Vec<String> {
    let now = inodes(scene);
    now.into_iter().filter(|(month, inode)| before.get(month) == Some(inode)).map(|k| k.0).collect()
}

/// Flips a bit in the middle of a file.
fn damage(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).unwrap();
}

/// A file of the warehouse by the end of its name.
fn named(scene: &Scene, end: &str) -> std::path::PathBuf {
    let mut found = Vec::new();
    walk(&scene.warehouse().join("staged/sessions"), &mut |path| {
        found.extend(path.to_string_lossy().ends_with(end).then(|| path.to_owned()));
    });
    found.sort_by_key(|path| std::cmp::Reverse(fs::metadata(path).unwrap().len()));
    found.remove(0)
}

#[test]
fn a_night_cleans_the_months_it_concerns() {
    let scene = four_months();
    scene.run().expect(0);
    let before = inodes(&scene);
    // A new row, and one that moves from the first month to the second.
    night(&scene, 1, &[in_month("2023-08", 900, 1), in_month("2023-06", 5, 2)], &[]);
    run_night(&scene);
    assert_eq!(kept(&before, &scene), ["2023-07"]);
    assert!(scene.read("tables/t1.csv").contains("\nTOTAL;2023-05;29;29;0;3\n"));
    assert!(scene.read("tables/t1.csv").contains("\nTOTAL;2023-06;31;31;0;3\n"));
    // A copy of a row that counts makes its month again: which of the two is kept is told anew.
    let before = inodes(&scene);
    night(&scene, 2, &[in_month("2023-07", 205, 1)], &[]);
    run_night(&scene);
    assert_eq!(kept(&before, &scene), ["2023-05", "2023-06", "2023-08"]);
    // Nothing new: the run that is there stays.
    let run = fs::read_link(scene.warehouse().join("current")).unwrap();
    scene.run().expect(0);
    assert_eq!(fs::read_link(scene.warehouse().join("current")).unwrap(), run);
}

#[test]
fn a_notice_deletes_what_is_not_later() {
    let scene = four_months();
    night(&scene, 1, &[in_month("2023-06", 110, 4)], &[(5, 1), (110, 3), (777, 1)]);
    run_night(&scene);
    let of_notices = |scene: &Scene| {
        let columns = ["etape", "source", "devenir", "raison", "lignes"];
        let ledger = scene.parquet("current/ledger.parquet", &columns);
        let mut lines: Vec<String> =
            ledger.lines().filter(|line| line.starts_with("clean")).map(str::to_owned).collect();
        lines.retain(|line| line.contains("deletions") || line.contains("supprimee"));
        lines.sort();
        lines.join("\n")
    };
    let (notices, effect) = ("clean,sessions_deletions", "avis_de_suppression");
    let expected = format!(
        "clean,sessions,supprimee,,1\n{notices},{effect},applique,1\n\
         {notices},{effect},depasse,1\n{notices},{effect},sans_objet,1\n{notices},entree,,3"
    );
    assert_eq!(of_notices(&scene), expected);
    assert!(scene.read("tables/t1.csv").contains("\nTOTAL;2023-05;29;29;0;3\n"));
    // The row of one notice comes after it, a version later than another, and a notice for that.
    let before = inodes(&scene);
    let rows = [in_month("2023-08", 777, 1), in_month("2023-05", 5, 6)];
    night(&scene, 2, &rows, &[(110, 4)]);
    run_night(&scene);
    assert_eq!(kept(&before, &scene), ["2023-07"]);
    assert!(scene.read("tables/t1.csv").contains("\nTOTAL;2023-05;30;30;0;3\n"));
    assert!(scene.read("tables/t1.csv").contains("\nTOTAL;2023-06;29;29;0;3\n"));
    // Without the first night, its notices are void.
    fs::remove_file(scene.input().join("suppressions-1.csv")).unwrap();
    fs::remove_file(scene.input().join("sessions-1.csv")).unwrap();
    run_night(&scene);
}

#[test]
fn a_notice_that_cannot_be_read_is_refused() {
    let scene = four_months();
    night(
        &scene,
        1,
        &[in_month("2023-06", 110, 4)],
        &(0..40).map(|id| (id, 0)).collect::<Vec<_>>(),
    );
    let path = scene.input().join("suppressions-1.csv");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text + "undefined;2023-06-01T00:00:00.001Z\n").unwrap();
    run_night(&scene);
    let files = scene.files("rejects/datasets/sessions_deletions");
    let path = format!("rejects/datasets/sessions_deletions/{}", files[0].0);
    assert_eq!(scene.parquet(&path, &["ligne", "id", "reasons"]), "42,undefined,R01\n");
}

#[test]
fn what_is_kept_between_nights_may_be_damaged() {
    let scene = four_months();
    scene.run().expect(0);
    let mut number = 0;
    let mut next = |harm: &dyn Fn(&Scene)| -> Vec<String> {
        harm(&scene);
        number += 1;
        let before = inodes(&scene);
        night(&scene, number, &[in_month("2023-08", 300, 1 + number)], &[(300 + number, 9)]);
        run_night(&scene);
        kept(&before, &scene)
    };
    let others = ["2023-05", "2023-06", "2023-07"];
    assert_eq!(next(&|_| {}), others);
    assert_eq!(next(&|scene| damage(&named(scene, ".ids"))), others);
    assert_eq!(next(&|scene| fs::remove_file(named(scene, ".ids")).unwrap()), others);
    assert_eq!(next(&|scene| damage(&scene.warehouse().join("hashes.json"))), others);
    let reuse = "current/reuse/sessions.json";
    assert!(next(&|scene| damage(&scene.warehouse().join(reuse))).is_empty());
    assert!(next(&|scene| fs::remove_file(scene.warehouse().join(reuse)).unwrap()).is_empty());
    let month = "clean/sessions/ym=2023-06/sessions.parquet";
    let harmed = next(&|scene| damage(&scene.warehouse().join(month)));
    assert_eq!(harmed, ["2023-05", "2023-07"]);
    assert_eq!(next(&|scene| damage(&named(scene, ".parquet"))), others, "read again");
}

#[test]
fn a_change_is_seen_whatever_its_length_and_time() {
    let scene = four_months();
    scene.run().expect(0);
    let path = scene.input().join("sessions.csv");
    let modified = fs::metadata(&path).unwrap().modified().unwrap();
    let set_time = |path: &Path, time| {
        fs::File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
    };
    // Another time alone: the same bytes, the same run.
    let run = fs::read_link(scene.warehouse().join("current")).unwrap();
    set_time(&path, modified + std::time::Duration::from_secs(5));
    scene.run().expect(0);
    assert_eq!(fs::read_link(scene.warehouse().join("current")).unwrap(), run);
    // Other bytes, of the same length and with the time of before.
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace(";domicile;", ";distance;")).unwrap();
    set_time(&path, modified);
    run_night(&scene);
    let clean = "clean/sessions/ym=2023-06/sessions.parquet";
    assert!(scene.parquet(clean, &["canal"]).starts_with("distance\n"));
    // A clean file too.
    let path = scene.warehouse().join(clean);
    let modified = fs::metadata(&path).unwrap().modified().unwrap();
    damage(&path);
    set_time(&path, modified);
    scene.verify().expect(65);
    run_night(&scene);
}

#[test]
fn a_hash_is_believed_with_its_seal_and_never_when_all_is_checked() {
    let scene = four_months();
    scene.run().expect(0);
    let path = scene.warehouse().join("hashes.json");
    let known = fs::read(&path).unwrap();
    let text = String::from_utf8(unsealed(&known).unwrap().to_vec()).unwrap();
    let manifest = scene.read("current/manifest.json");
    let table = manifest.split("\"tables/t2.csv\"").nth(1).unwrap();
    let hash = table.split('"').find(|part| part.len() == 64).unwrap();
    let wrong = text.replace(hash, &"0".repeat(64));
    assert_ne!(wrong, text);
    let plan =
        |scene: &Scene| String::from_utf8(scene.command("plan").output().unwrap().stdout).unwrap();
    // What is remembered is not read: a wrong hash is taken for a damage.
    fs::write(&path, sealed(wrong.as_bytes())).unwrap();
    assert!(plan(&scene).contains("`tables/t2.csv` is missing or was changed"));
    scene.verify().expect(0);
    // Without its seal it is not believed.
    fs::write(&path, [&known[..65], wrong.as_bytes()].concat()).unwrap();
    assert!(!plan(&scene).contains("was changed"));
}

#[test]
fn all_is_made_again_when_asked_and_the_next_night_is_one() {
    let scene = four_months();
    scene.run().expect(0);
    let before = inodes(&scene);
    let forced = scene.command("run").arg("--force").output().unwrap();
    assert!(forced.status.success());
    assert!(kept(&before, &scene).is_empty());
    // A run that stopped after `clean` is taken over, with what it kept.
    let before = inodes(&scene);
    night(&scene, 1, &[in_month("2023-05", 1, 2)], &[]);
    assert!(scene.command("clean").output().unwrap().status.success());
    run_night(&scene);
    assert_eq!(kept(&before, &scene), &MONTHS[1..]);
    let before = inodes(&scene);
    night(&scene, 2, &[in_month("2023-06", 101, 2)], &[]);
    run_night(&scene);
    assert_eq!(kept(&before, &scene), ["2023-05", "2023-07", "2023-08"]);
}

#[test]
fn declared_deletions_are_checked() {
    let said = |deletions: &str| {
        let mut scene = Scene::new();
        let folder = scene.path().join("pipelines");
        crate::support::copy_folder(&crate::support::root().join("benches/race"), &folder);
        let path = folder.join("datasets/sessions.toml");
        let text = fs::read_to_string(&path).unwrap();
        let declared = text.lines().find(|line| line.starts_with("deletions")).unwrap();
        fs::write(&path, text.replace(declared, deletions)).unwrap();
        scene.pipeline = folder.join("race.toml");
        let said = scene.run();
        assert_eq!(said.code, 78, "{}", said.stderr);
        said.stderr
    };
    let same = said("deletions = { files = [\"s*.csv\"], id = \"id\", at = \"id\" }");
    assert!(same.contains("`id` cannot be both identifier and instant"), "{same}");
    let none = said("deletions = { files = [], id = \"id\", at = \"le\" }");
    assert!(none.contains("`deletions` needs the patterns of its files"), "{none}");
    let lacking = said("deletions = { files = [\"s*.csv\"], id = \"id\" }");
    assert!(lacking.contains("missing field `at`"), "{lacking}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, ..ProptestConfig::default() })]

    #[test]
    fn any_nights_leave_what_a_rebuild_leaves(
        nights in prop::collection::vec(
            prop::collection::vec((0..25_u32, 0..4_usize, 0..5_u32, 0..4_u32), 1..20), 2..5,
        ),
    ) {
        let rows = |night: &[(u32, usize, u32, u32)]| -> Vec<String> {
            let rows = night.iter().filter(|(.., kind)| *kind > 0);
            rows.map(|(id, month, version, _)| in_month(MONTHS[*month], *id, *version)).collect()
        };
        let scene = scene(&rows(&nights[0]));
        for (number, of_night) in (0..).zip(&nights) {
            if number > 0 {
                let notices = of_night.iter().filter(|(.., kind)| *kind == 0);
                let notices: Vec<(u32, u32)> = notices.map(|(id, _, at, _)| (*id, *at)).collect();
                night(&scene, number, &rows(of_night), &notices);
            }
            let code = scene.run().code;
            // A file without records is a warning.
            prop_assert!([0, 3].contains(&code));
            expect_as_rebuilt(&scene);
        }
        scene.verify().expect(0);
    }
}
