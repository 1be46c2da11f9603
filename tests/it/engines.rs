//! Other engines answer the queries of `conum sql`: the tables of a run, to the byte.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::support::{Scene, conum, not_shown, root, said};

/// The Python that has the packages of `tests/engines`: `make test` sets it up.
pub fn python() -> Option<PathBuf> {
    let given = std::env::var_os("CONUM_ENGINES").filter(|path| !path.is_empty());
    given.map(PathBuf::from)
}

/// A server that says its address, and ends with what it serves.
pub struct Server {
    process: Child,
    pub address: String,
}

impl Server {
    /// Starts Sail, where the packages are.
    pub fn start() -> Option<Self> {
        Self::of("serve.py", &[])
    }

    /// Starts a server of S3 with the empty bucket `office`.
    pub fn of_bucket() -> Option<Self> {
        Self::of("serve_bucket.py", &[])
    }

    /// Starts a server, its environment set.
    pub fn of(script: &str, environment: &[(&str, &str)]) -> Option<Self> {
        let Some(python) = python() else {
            not_shown("CONUM_ENGINES names no Python with the packages of tests/engines");
            return None;
        };
        let mut process = Command::new(python)
            .arg(root().join("tests/engines").join(script))
            .envs(environment.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut address = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut address).unwrap();
        Some(Self { process, address: address.trim().to_owned() })
    }

    /// Kills it, without a word.
    pub fn kill(&self) {
        let pid = self.process.id().to_string();
        assert!(Command::new("kill").args(["-9", &pid]).status().unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// Queries of a published run.
fn queries(scene: &Scene, arguments: &[&str]) -> String {
    let mut command = conum();
    command.arg("sql").args(arguments).arg("--warehouse").arg(scene.warehouse());
    said(&command.output().unwrap()).expect(0).stdout.clone()
}

/// Compares what an engine answers with the tables of the run.
#[track_caller]
fn expect_same(scene: &Scene, (engine, dialect): (&str, &str)) {
    let Some(python) = python() else {
        return not_shown("CONUM_ENGINES names no Python with the packages of tests/engines");
    };
    let answers = tempfile::tempdir().unwrap();
    let mut running = Command::new(python)
        .arg(root().join("tests/engines/answer.py"))
        .arg(engine)
        .arg(answers.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let queries = queries(scene, &["--dialect", dialect]);
    running.stdin.take().unwrap().write_all(queries.as_bytes()).unwrap();
    let output = running.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tables: Vec<_> = fs::read_dir(root().join("pipelines/tables")).unwrap().collect();
    for table in &tables {
        let name = table.as_ref().unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned();
        let answer = fs::read_to_string(answers.path().join(format!("{name}.csv"))).unwrap();
        let table = scene.read(&format!("current/tables/{name}.csv"));
        assert!(answer == table, "{engine}, {name}\n{answer}\n--- the table:\n{table}");
    }
    assert!(tables.len() > 20);
}

#[test]
fn duckdb_makes_the_tables_of_a_run_from_its_clean_records() {
    let scene = Scene::of_sample();
    scene.run().expect(0);
    expect_same(&scene, ("duckdb", "duckdb"));
}

#[test]
fn sail_makes_the_tables_of_a_run_from_its_clean_records() {
    let scene = Scene::of_sample();
    scene.run().expect(0);
    expect_same(&scene, ("sail", "spark"));
}

#[test]
fn a_table_is_asked_for_by_its_name() {
    let scene = Scene::of_sample();
    scene.run().expect(0);
    let query = queries(&scene, &["activites_par_employeur_theme", "--dialect", "spark"]);
    assert!(query.starts_with("-- activites_par_employeur_theme : Activités par "), "{query}");
    assert_eq!(query.matches(";\n").count(), 1, "{query}");
    assert!(query.contains("/current/clean/activites`"), "{query}");
    let command = |arguments: &[&str]| {
        let mut command = conum();
        command.arg("sql").args(arguments).arg("--warehouse").arg(scene.warehouse());
        said(&command.output().unwrap())
    };
    let unknown = command(&["activites_par_lune"]).expect(2);
    assert!(unknown.stderr.contains("no declared table"), "{}", unknown.stderr);
}
