//! A scene: a folder of inputs, a warehouse, the command, and what it left, as CSV text.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Date32Type, Int32Type, Int64Type};
use assert_cmd::Command;
use conum::sample::words::{INVENTED_NATURAL_PERSON, INVENTED_PERSONAL_TEXT};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use tempfile::TempDir;

/// Header of the canonical flat CSV.
pub const FLAT: &str = "id;conseiller_id;structure_id;date;maj_le;canal;activite;code_commune;\
    code_postal;nb_participants;nb_participants_recurrents;age_moins12;age_12_18;age_18_35;\
    age_35_60;age_plus60;st_etudiant;st_sans_emploi;st_en_emploi;st_retraite;st_heterogene;\
    themes;duree;orientation;note";

/// A folder of inputs and a warehouse that go away with it.
pub struct Scene {
    folder: TempDir,
    pub pipeline: PathBuf,
}

/// What a command said.
pub struct Said {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Scene {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("input")).unwrap();
        fs::write(folder.path().join("input/.conum-sample"), "invented\n").unwrap();
        Self { folder, pipeline: root().join("pipelines/national.toml") }
    }

    /// A scene on the committed sample.
    pub fn of_sample() -> Self {
        let scene = Self::new();
        for entry in fs::read_dir(root().join("sample-data")).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                fs::copy(&path, scene.input().join(path.file_name().unwrap())).unwrap();
            }
        }
        scene
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn input(&self) -> PathBuf {
        self.path().join("input")
    }

    pub fn warehouse(&self) -> PathBuf {
        self.path().join("warehouse")
    }

    /// Writes an input file.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> &Self {
        fs::write(self.input().join(name), content).unwrap();
        self
    }

    /// Writes a flat CSV with these rows, and one structure `s1`, an association.
    pub fn flat(&self, rows: &[String]) -> &Self {
        self.structures().file("activites_plates.csv", format!("{FLAT}\n{}\n", rows.join("\n")))
    }

    pub fn structures(&self) -> &Self {
        self.file(
            "structures.csv",
            "id;siret;nom;categorie_juridique;code_commune;code_postal;type;france_services\n\
             s1;73282932000074;ASSOCIATION DU PONT;9220;01053;01000;PRIVATE;OUI\n",
        )
    }

    /// A copy of the declarations that may be changed.
    pub fn own_declarations(&mut self) -> PathBuf {
        let folder = self.path().join("pipelines");
        copy_folder(&root().join("pipelines"), &folder);
        self.pipeline = folder.join("national.toml");
        folder
    }

    /// `COMMAND` with inputs, warehouse and reference day.
    pub fn arguments(&self, command: &str) -> Vec<OsString> {
        let mut arguments: Vec<OsString> =
            [command, "--as-of", "2025-07-01", "--pipeline"].map(OsString::from).into();
        arguments.extend([self.pipeline.clone().into(), "--input".into(), self.input().into()]);
        arguments.extend(["--warehouse".into(), self.warehouse().into()]);
        // Any night of any test may be made on an engine: tests/engines/README.md.
        if let Some(address) = std::env::var_os("CONUM_ENGINE").filter(|_| command == "run") {
            arguments.extend(["--engine".into(), "spark".into(), "--connect".into(), address]);
        }
        arguments
    }

    /// `conum COMMAND` with those arguments.
    pub fn command(&self, command: &str) -> Command {
        let mut conum = conum();
        conum.args(self.arguments(command));
        conum
    }

    pub fn run(&self) -> Said {
        said(&self.command("run").output().unwrap())
    }

    pub fn verify(&self) -> Said {
        said(&conum().arg("verify").arg("--warehouse").arg(self.warehouse()).output().unwrap())
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.warehouse().join(name)).unwrap()
    }

    /// Some columns of a Parquet file of the warehouse, or of all those of a folder, as CSV text
    /// without header.
    pub fn parquet(&self, name: &str, columns: &[&str]) -> String {
        let path = self.warehouse().join(name);
        if !path.is_dir() {
            return as_csv(&read_parquet(&path), columns);
        }
        let mut files = Vec::new();
        walk(&path, &mut |file| files.push(file.to_owned()));
        files.sort();
        files.iter().map(|file| as_csv(&read_parquet(file), columns)).collect()
    }

    /// Line and reasons of all rejects.
    pub fn rejects(&self) -> String {
        let folder = if self.warehouse().join("current").exists() { "current" } else { "building" };
        let of = |stage: &str| {
            self.parquet(&format!("{folder}/rejects/{stage}.parquet"), &["ligne", "raisons"])
        };
        of("ingest") + &of("clean")
    }

    /// All files below a folder of the warehouse, by relative path.
    pub fn files(&self, folder: &str) -> Vec<(String, Vec<u8>)> {
        let top = self.warehouse().join(folder);
        let mut found = Vec::new();
        walk(&top, &mut |path| {
            let name = path.strip_prefix(&top).unwrap().to_string_lossy().into_owned();
            found.push((name, fs::read(path).unwrap()));
        });
        found.sort();
        found
    }
}

impl Scene {
    /// Checks that no invented personal text is in any file of the warehouse.
    #[track_caller]
    pub fn expect_nothing_personal(&self) {
        walk(&self.warehouse(), &mut |path| {
            let is_parquet = path.extension().is_some_and(|extension| extension == "parquet");
            // The declarations that a run used are kept whole; they tell of no one.
            if path.components().any(|part| part.as_os_str() == "declarations") {
                return;
            }
            let text = if is_parquet {
                texts(&read_parquet(path))
            } else {
                String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned()
            };
            for personal in INVENTED_PERSONAL_TEXT.iter().chain(&[INVENTED_NATURAL_PERSON]) {
                assert!(!text.contains(personal), "{}: {personal}", path.display());
            }
        });
    }
}

/// All texts of all columns.
fn texts(batches: &[RecordBatch]) -> String {
    let columns = batches.iter().flat_map(RecordBatch::columns);
    let texts = columns.filter_map(|column| column.as_string_opt::<i32>());
    texts.flat_map(|column| column.iter().flatten()).collect::<Vec<_>>().join("\n")
}

/// A flat row: identifier, day, and what differs from an ordinary one.
pub fn row(id: &str, day: &str, changes: &[(&str, &str)]) -> String {
    let mut cells: Vec<(&str, String)> =
        FLAT.split(';').map(|name| (name, String::new())).collect();
    let ordinary = [
        ("id", id),
        ("conseiller_id", "c1"),
        ("structure_id", "s1"),
        ("date", &format!("{day}T10:00:00.000Z")),
        ("maj_le", &format!("{day}T12:00:00.000Z")),
        ("canal", "rattachement"),
        ("activite", "individuel"),
        ("code_commune", "01053"),
        ("code_postal", "01000"),
        ("nb_participants", "1"),
        ("nb_participants_recurrents", "0"),
        ("themes", "internet"),
        ("duree", "30"),
    ];
    for (name, value) in ordinary.iter().chain(changes) {
        let cell = cells.iter_mut().find(|cell| cell.0 == *name);
        (*value).clone_into(&mut cell.unwrap().1);
    }
    cells.into_iter().map(|cell| cell.1).collect::<Vec<_>>().join(";")
}

pub fn conum() -> Command {
    Command::new(program())
}

/// The program: another one, the optimised one for instance, if the environment says so.
pub fn program() -> PathBuf {
    let given = std::env::var_os("CONUM").filter(|path| !path.is_empty());
    given.map_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_conum")), PathBuf::from)
}

pub fn said(output: &Output) -> Said {
    Said {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

impl Said {
    /// Checks the exit code, and shows what was said when it is another.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}\n{}", self.stdout, self.stderr);
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        self
    }
}

/// Tells that this machine does not allow what a test would show.
#[expect(clippy::print_stderr, reason = "a test that shows nothing says so")]
pub fn not_shown(why: &str) {
    eprintln!("NOT SHOWN: {why}");
}

pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

pub fn read_parquet(path: &Path) -> Vec<RecordBatch> {
    let file = fs::File::open(path).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
    reader.map(Result::unwrap).collect()
}

pub fn as_csv(batches: &[RecordBatch], columns: &[&str]) -> String {
    let mut text = String::new();
    for batch in batches {
        for row in 0..batch.num_rows() {
            let cells: Vec<String> = columns.iter().map(|name| cell(batch, name, row)).collect();
            text.push_str(&cells.join(","));
            text.push('\n');
        }
    }
    text
}

fn cell(batch: &RecordBatch, name: &str, row: usize) -> String {
    let column = batch.column_by_name(name).unwrap();
    if column.is_null(row) {
        return String::new();
    }
    match column.data_type() {
        DataType::Utf8 => column.as_string::<i32>().value(row).to_owned(),
        DataType::Int32 => column.as_primitive::<Int32Type>().value(row).to_string(),
        DataType::Int64 => column.as_primitive::<Int64Type>().value(row).to_string(),
        DataType::Date32 => {
            let days = column.as_primitive::<Date32Type>().value(row);
            (jiff::civil::date(1970, 1, 1) + jiff::Span::new().days(days)).to_string()
        }
        other => panic!("no test reads {other}"),
    }
}

pub fn walk(folder: &Path, visit: &mut dyn FnMut(&Path)) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, visit);
        } else {
            visit(&path);
        }
    }
}

pub fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_folder(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}
