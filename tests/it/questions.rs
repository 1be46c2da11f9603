//! `conum query`: questions of the documentation, what is refused, and each format.

use std::fs;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;

use crate::support::{Said, Scene, conum, read_parquet, root, said};

fn ask(scene: &Scene, arguments: &[&str]) -> Said {
    let mut command = conum();
    command.args(["query", "--warehouse"]).arg(scene.warehouse()).args(arguments);
    said(&command.output().unwrap())
}

/// Each question of the page is answered with the table below it.
#[test]
fn the_questions_of_the_documentation_have_the_answers_it_prints() {
    let scene = Scene::of_sample();
    scene.run().expect(0);
    let page = fs::read_to_string(root().join("docs/questions.md")).unwrap();
    let mut answered = 0;
    for part in page.split("\n### ").skip(1) {
        let Some((_, rest)) = part.split_once("```sql\n") else { continue };
        let (sql, rest) = rest.split_once("```").unwrap();
        let answer = ask(&scene, &[sql.trim().trim_end_matches(';'), "--format", "csv"]).expect(0);
        let mut lines = rest.trim_start().lines().take_while(|line| line.starts_with('|'));
        let heads = lines.next().unwrap();
        let expected: Vec<Vec<&str>> =
            std::iter::once(heads).chain(lines.skip(1)).map(cells).collect();
        let mut reader =
            csv::ReaderBuilder::new().has_headers(false).from_reader(answer.stdout.as_bytes());
        let found: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        let found: Vec<Vec<&str>> = found.iter().map(|row| row.iter().collect()).collect();
        assert_eq!(found, expected, "{sql}");
        answered += 1;
    }
    assert!(answered >= 38, "{answered} questions");
}

/// The cells of a line of a table in Markdown.
fn cells(line: &str) -> Vec<&str> {
    line.trim().trim_matches('|').split('|').map(str::trim).collect()
}

#[test]
fn an_answer_comes_in_each_format() {
    let scene = Scene::of_sample();
    scene.run().expect(0);
    let sql = "SELECT systeme, count(*) AS n, avg(nb_participants) > 2 AS plus_de_deux, \
               min(date) AS premier, NULL AS rien FROM activites GROUP BY systeme";
    let csv = ask(&scene, &[sql, "--format", "csv"]).expect(0).stdout;
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines[0], "systeme,n,plus_de_deux,premier,rien");
    // No ORDER BY: by the columns from the left.
    assert!(lines[1].starts_with("coop,") && lines[3].starts_with("plat,"), "{csv}");
    assert!(lines[2].ends_with(","), "{csv}");

    let json = ask(&scene, &[sql, "--format", "json"]).expect(0).stdout;
    let rows: serde_json::Value = serde_json::from_str(&json).unwrap();
    let total: i64 = rows.as_array().unwrap().iter().map(|row| row["n"].as_i64().unwrap()).sum();
    assert_eq!(rows[0]["systeme"], "coop");
    assert!(rows[0]["plus_de_deux"].is_boolean() && rows[0]["rien"].is_null(), "{json}");

    let table = ask(&scene, &[sql, "--limit", "1"]).expect(0).stdout;
    assert!(table.contains("coop") && table.contains("2 more rows"), "{table}");

    let file = scene.path().join("answer.parquet");
    ask(&scene, &[sql, "--output", file.to_str().unwrap()]).expect(0);
    let rows = read_parquet(&file);
    let counts = rows[0].column_by_name("n").unwrap().as_primitive::<Int64Type>();
    assert_eq!(counts.iter().flatten().sum::<i64>(), total);

    let file = scene.path().join("answer.csv");
    ask(&scene, &[sql, "--output", file.to_str().unwrap()]).expect(0);
    assert_eq!(fs::read_to_string(&file).unwrap(), csv);
}

#[test]
fn tables_are_listed_and_the_release_is_what_the_public_reads() {
    let scene = Scene::of_sample();
    scene.run().expect(0);
    let list = ask(&scene, &[]).expect(0).stdout;
    for name in [
        "clean.activites ",
        "clean.employeurs ",
        "tables.chiffres_cles ",
        "ledger ",
        "rejects.ingest ",
        "release.activites_par_employeur_periode ",
    ] {
        assert!(list.lines().any(|line| line.starts_with(name)), "{name} in\n{list}");
    }
    assert!(!list.contains("secrecy"), "{list}");
    let count = |table: &str| {
        let sql = format!("SELECT count(*) AS n FROM {table}");
        ask(&scene, &[&sql, "--format", "csv"]).expect(0).stdout
    };
    let listed = list.lines().find(|line| line.starts_with("clean.activites ")).unwrap();
    let rows = listed.split_whitespace().nth(1).unwrap();
    assert_eq!(count("clean.activites"), format!("n\n{rows}\n"));
    // Hidden rows are in the exact table only.
    let name = "activites_par_employeur_periode";
    assert_ne!(count(&format!("release.{name}")), count(&format!("tables.{name}")));
}

#[test]
fn a_question_changes_nothing_and_mistakes_are_named() {
    let scene = Scene::of_sample();
    scene.run().expect(0);
    let before = scene.files("");
    for sql in [
        "DROP TABLE activites",
        "DELETE FROM activites",
        "CREATE TABLE a AS SELECT 1",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT nope FROM activites",
        "SELECT * FROM nope",
        "SELECT sum(systeme + 1) FROM activites WHERE systeme > 3",
        "SELECT * FROM activites WHERE nb_participants = (SELECT",
        "SELECT array_agg(systeme) FROM activites",
        "SELECT count(*) FROM activites WHERE nb_participants > (SELECT avg(1.0) FROM postes)",
        "SELECT count(*) FROM '/elsewhere/warehouse/clean/postes.parquet'",
        "SELECT count(*) FROM 'warehouse/secrecy/tables/chiffres_cles.parquet'",
        "",
    ] {
        let refused = ask(&scene, &[sql]).expect(2);
        assert!(refused.stdout.is_empty() && refused.stderr.contains("error"), "{sql}");
    }
    ask(&scene, &["SELECT 1", "--format", "parquet"]).expect(2);
    let inside = scene.warehouse().join("answer.csv");
    ask(&scene, &["SELECT 1", "--output", inside.to_str().unwrap()]).expect(2);
    ask(&scene, &["SELECT 1", "--format", "csv", "--output", "/dev/null"]).expect(2);
    assert!(scene.files("") == before);
    ask(&Scene::new(), &["SELECT 1"]).expect(66);
}

#[test]
fn a_damaged_file_is_named() {
    let scene = Scene::of_sample();
    scene.run().expect(0);
    let file = scene.warehouse().join("current/clean/employeurs.parquet");
    let bytes = fs::read(&file).unwrap();
    fs::remove_file(&file).unwrap();
    let mut damaged = bytes.clone();
    damaged[4..200].fill(0x5a);
    fs::write(&file, damaged).unwrap();
    let refused = ask(&scene, &["SELECT structure_id FROM clean.employeurs"]).expect(65);
    assert!(refused.stderr.contains("employeurs.parquet"), "{}", refused.stderr);
}

/// What polars alone answers with other numbers or other rows.
#[test]
fn answers_are_what_sql_means() {
    let scene = Scene::of_sample();
    scene.run().expect(0);
    let answer = |sql: &str| ask(&scene, &[sql, "--format", "csv"]).expect(0).stdout;
    let join = "FROM activites a JOIN employeurs_publics p ON a.siren = p.siren";
    for (one, other) in [
        (
            "SELECT count(siren) - count(*) AS n FROM activites",
            "SELECT -sum(CASE WHEN siren IS NULL THEN 1 ELSE 0 END) AS n FROM activites",
        ),
        (
            "SELECT sum(CASE WHEN annee > 0 THEN 3000000 ELSE 0 END) AS n FROM activites",
            "SELECT count(*) * 3000000 AS n FROM activites",
        ),
        (
            "SELECT count(*) AS n FROM activites WHERE (delai_saisie_jours > 3) IS NOT TRUE",
            "SELECT count(*) AS n FROM activites WHERE coalesce(delai_saisie_jours, 0) <= 3",
        ),
        (
            &format!("SELECT count(*) AS n {join} AND p.departement = '43'"),
            &format!("SELECT count(*) AS n {join} WHERE p.departement = '43'"),
        ),
    ] {
        assert_eq!(answer(one), answer(other), "{one}");
    }
    let ties = "SELECT *, annee % 2 AS k FROM activites ORDER BY k DESC LIMIT 20";
    assert_eq!(answer(ties), answer(ties));
    let ranks = "SELECT delai_saisie_jours AS d, rank() OVER (ORDER BY delai_saisie_jours) AS r \
                 FROM activites ORDER BY d DESC LIMIT 1";
    let last: i64 = answer(ranks).trim().rsplit(',').next().unwrap().parse().unwrap();
    let known = "SELECT count(delai_saisie_jours) AS n FROM activites";
    let known: i64 = answer(known).trim().rsplit('\n').next().unwrap().parse().unwrap();
    assert!(last <= known && known - last < 3, "{last} of {known}");
}
