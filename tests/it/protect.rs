//! `conum protect`: files in, protected files out, or a refusal.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::support::{Said, conum, said};

/// Counts by place (a tree in columns) and type, without totals.
const TABLE: &str = "commune,dep,typ,n\n\
    c1,d1,a,2\nc1,d1,b,9\nc2,d1,a,8\nc2,d1,b,6\nc3,d2,a,20\nc3,d2,b,30\nc4,d2,a,12\nc4,d2,b,11\n";

const COUNTS: [&str; 12] = [
    "--table",
    "t.csv",
    "--levels",
    "commune=dep",
    "--by",
    "commune,typ",
    "--value",
    "n",
    "--min-units",
    "5",
    "--interval",
    "exact",
];

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn protect(folder: &Path, arguments: &[&str]) -> Said {
    let output = conum().current_dir(folder).arg("protect").args(arguments).output().unwrap();
    said(&output)
}

fn read(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).unwrap()
}

#[test]
fn inner_cells_become_a_public_table_and_one_that_stays_inside() {
    let scene = folder(&[("t.csv", TABLE)]);
    let arguments = [&COUNTS[..], &["--out", "public.csv"]].concat();
    let told = protect(scene.path(), &arguments).expect(0);
    assert!(told.stdout.contains("verdict: protected"), "{}", told.stdout);
    let public = read(scene.path(), "public.csv");
    let inside = read(scene.path(), "interne/public.csv");
    // The cheapest circle through (c1, a): 9 + 8 + 6.
    assert!(inside.contains("c1,a,2,A\nc1,b,9,D\n"), "{inside}");
    assert!(inside.contains("c2,a,8,D\nc2,b,6,D\n"), "{inside}");
    assert!(public.starts_with("commune,typ,value\nTotal,Total,98\n"), "{public}");
    assert!(public.contains("d1,a,10\n") && public.contains("c1,a,s\nc1,b,s\n"), "{public}");
    assert_eq!(public.matches(",s\n").count(), 4);
}

#[test]
fn bytes_depend_neither_on_threads_nor_on_the_order_of_rows() {
    let mut lines: Vec<&str> = TABLE.lines().collect();
    lines[1..].reverse();
    let scene = folder(&[("t.csv", TABLE)]);
    fs::create_dir(scene.path().join("turned")).unwrap();
    fs::write(scene.path().join("turned/t.csv"), lines.join("\n")).unwrap();
    let arguments = [&COUNTS[..], &["--out", "out"]].concat();
    protect(scene.path(), &arguments).expect(0);
    let output = conum()
        .current_dir(scene.path().join("turned"))
        .env("RAYON_NUM_THREADS", "1")
        .arg("protect")
        .args(&arguments)
        .output()
        .unwrap();
    said(&output).expect(0);
    for name in ["out/t.csv", "out/interne/t.csv", "out/interne/certificat.bin"] {
        let bytes = |folder: &str| fs::read(scene.path().join(folder).join(name)).unwrap();
        assert_eq!(bytes("."), bytes("turned"), "{name}");
    }
}

#[test]
fn a_total_that_is_no_sum_is_refused_with_its_line() {
    let scene = folder(&[("t.csv", "typ,n\na,5\nb,6\nTotal,12\n")]);
    let told =
        protect(scene.path(), &["--table", "t.csv", "--value", "n", "--out", "out"]).expect(65);
    let expected = "`t`, line 4: typ=Total is 12, and its parts by `typ` add up to 11";
    assert!(told.stderr.contains(expected), "{}", told.stderr);
}

#[test]
fn what_is_published_already_may_make_it_impossible_and_nothing_is_written() {
    let scene = folder(&[("t.csv", "typ,n,st\na,2,A\nb,9,F\nTotal,11,F\n")]);
    let arguments = ["--table", "t.csv", "--value", "n", "--status", "st", "--out", "out"];
    let told = protect(scene.path(), &arguments).expect(77);
    assert!(told.stderr.contains("1 primary figures are not protected"), "{}", told.stderr);
    assert!(!scene.path().join("out").exists());
}

#[test]
fn a_hidden_count_is_no_zero_unless_zeros_may_be_hidden() {
    let rows = "place,type,n\na,x,1\na,y,1\nb,x,9\nb,y,8\nc,x,20\nc,y,30\n";
    let scene = folder(&[("t.csv", rows)]);
    let asked = ["--table", "t.csv", "--value", "n", "--min-units", "2", "--interval", "exact"];
    // Of two figures that make 2, none is other than 1 where none is 0.
    for (zeros, total) in [("published", "a,Total,s\n"), ("hidden", "a,Total,2\n")] {
        let arguments = [&asked[..], &["--zeros", zeros, "--out", "t.out.csv"]].concat();
        protect(scene.path(), &arguments).expect(0);
        let public = read(scene.path(), "t.out.csv");
        assert!(public.contains(total), "{zeros}\n{public}");
    }
}

#[test]
fn linked_tables_are_safe_together() {
    // Each table alone would be safe with its small figures hidden.
    let rows = "region,county,size,n\n\
        P,1,small,2\nQ,1,small,2\nR,1,small,9\nS,2,small,3\nT,2,BIG,3\nU,2,BIG,3\nV,2,small,9\n";
    let scene = folder(&[("t.csv", rows)]);
    let arguments = [
        "--table",
        "t.csv",
        "--levels",
        "region=county",
        "--levels",
        "region=size",
        "--by",
        "region",
        "--value",
        "n",
        "--min-units",
        "4",
        "--interval",
        "exact",
        "--out",
        "out",
    ];
    protect(scene.path(), &arguments).expect(0);
    let by_county = read(scene.path(), "out/interne/t_by_county.csv");
    assert!(
        by_county.contains("V,9,D\n"),
        "S would be all of `small` less what is known\n{by_county}"
    );
}

#[test]
fn other_tools_read_and_write_the_same_problem() {
    let scene = folder(&[("t.csv", TABLE)]);
    for (format, file) in [("argus", "t.rda"), ("jj", "probleme.jj")] {
        let arguments = [&COUNTS[..], &["--format", format, "--out", format]].concat();
        protect(scene.path(), &arguments).expect(0);
        let table = format!("{format}/{file}");
        let out = format!("{format}/again");
        let arguments = ["--table", &table, "--interval", "exact", "--out", &out];
        let told = protect(scene.path(), &arguments).expect(0);
        assert!(told.stdout.contains("1 primary, 3 hidden"), "{}", told.stdout);
    }
    let jj = read(scene.path(), "jj/again/probleme.jj");
    assert_eq!(jj.matches(" m ").count(), 3, "{jj}");
}

#[test]
fn rules_come_from_a_policy_and_groups_of_one_category_are_hidden() {
    let policy = "version = \"1\"\ndecided_by = \"x\"\ndecided_on = \"2026-01-01\"\nreason = \"y\"\n\
        symbol = \"···\"\n[rules.persons]\nunit = \"person\"\nmin_units = 3\n\
        interval = { A = \"exact\", B = \"exact\" }\n";
    let rows = "lieu,age,n\nx,old,9\nx,young,0\ny,old,7\ny,young,8\nz,old,9\nz,young,6\n";
    let scene = folder(&[("t.csv", rows), ("policy.toml", policy)]);
    let arguments = [
        "--table",
        "t.csv",
        "--value",
        "n",
        "--rules",
        "policy.toml",
        "--attribute",
        "age",
        "--out",
        "p.csv",
    ];
    protect(scene.path(), &arguments).expect(0);
    let public = read(scene.path(), "p.csv");
    assert!(public.contains("x,old,···\nx,young,···\n"), "all of x are old:\n{public}");
}
