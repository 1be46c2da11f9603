//! Outputs: what readers rely on, and what `verify` refuses.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::DataType;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, Type};

use crate::support::{Scene, program, read_parquet, walk};

fn parquet_files(scene: &Scene) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let current = fs::canonicalize(scene.warehouse().join("current")).unwrap();
    for folder in [current, scene.warehouse().join("staged")] {
        walk(&folder, &mut |path| {
            if path.extension().is_some_and(|extension| extension == "parquet") {
                files.push(path.to_owned());
            }
        });
    }
    files.sort();
    files
}

#[test]
fn files_are_what_readers_expect() {
    let scene = Scene::of_sample();
    scene.run().expect(0);
    for path in parquet_files(&scene) {
        let shown = path.display();
        let is_staged = path.to_string_lossy().contains("/staged/");
        let builder =
            ParquetRecordBatchReaderBuilder::try_new(fs::File::open(&path).unwrap()).unwrap();
        let schema = Arc::clone(builder.schema());
        for field in schema.fields() {
            let allowed = matches!(
                field.data_type(),
                DataType::Utf8 | DataType::Int32 | DataType::Int64 | DataType::Date32
            );
            let is_instant = matches!(field.data_type(), DataType::Timestamp(..));
            assert!(allowed || (is_staged && is_instant), "{shown}: {field}");
            let is_code = ["code", "departement", "commune", "siren", "siret", "region", "epci"];
            if is_code.iter().any(|word| field.name().starts_with(word)) {
                assert_eq!(field.data_type(), &DataType::Utf8, "{shown}: {field}");
            }
            assert!(field.name() != "annee", "{shown}: the Hive key is not in the file");
        }
        let metadata = builder.metadata();
        let pairs = metadata.file_metadata().key_value_metadata().unwrap();
        for key in ["table", "grain"] {
            assert!(pairs.iter().any(|pair| pair.key == key), "{shown}: {key}");
        }
        if !is_staged {
            assert!(pairs.iter().any(|pair| pair.key == "definitions_version"), "{shown}");
        }
        for group in metadata.row_groups() {
            let is_unsorted = is_staged && !shown.to_string().contains(".rejects.");
            assert_eq!(group.sorting_columns().is_none(), is_unsorted, "{shown}");
            for column in group.columns() {
                assert!(matches!(column.compression(), Compression::ZSTD(_)), "{shown}");
                assert!(column.column_index_offset().is_some(), "{shown}");
                assert_ne!(column.column_type(), Type::INT96, "{shown}");
            }
        }
    }
}

#[test]
fn parquet_and_csv_of_a_table_hold_the_same_rows() {
    let scene = Scene::of_sample();
    scene.run().expect(0);
    // Key figures have texts with commas.
    let is_of_codes = |path: &&PathBuf| {
        let path = path.to_string_lossy();
        path.contains("/tables/") && !path.contains("chiffres_cles")
    };
    for path in parquet_files(&scene).iter().filter(is_of_codes) {
        let batches = read_parquet(path);
        let schema = batches[0].schema();
        let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        let rows = crate::support::as_csv(&batches, &names);
        let csv = fs::read_to_string(path.with_extension("csv")).unwrap();
        assert_eq!(csv, format!("{}\n{rows}", names.join(",")));
    }
}

#[test]
fn verify_names_each_file_that_lost_a_row() {
    let scene = Scene::of_sample();
    scene.run().expect(0);
    scene.verify().expect(0);
    let mut tried = 0;
    for path in parquet_files(&scene) {
        let original = fs::read(&path).unwrap();
        if !remove_a_row(&path) {
            continue;
        }
        let said = scene.verify().expect(65);
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        assert!(said.stdout.contains(&name), "{name}: {}", said.stdout);
        fs::write(&path, original).unwrap();
        tried += 1;
    }
    assert!(tried > 15, "{tried} files");
    let csv = scene.warehouse().join("tables/employeurs_par_type.csv");
    let text = fs::read_to_string(&csv).unwrap();
    fs::write(&csv, text.rsplit_once('\n').unwrap().0.rsplit_once('\n').unwrap().0).unwrap();
    let said = scene.verify().expect(65);
    assert!(said.stdout.contains("employeurs_par_type.csv"), "{}", said.stdout);
    fs::write(&csv, text).unwrap();
    scene.verify().expect(0);
}

/// Writes the file again without its first row.
fn remove_a_row(path: &Path) -> bool {
    let batches = read_parquet(path);
    let Some(first) = batches.first().filter(|batch| batch.num_rows() > 0) else { return false };
    let rest: Vec<RecordBatch> = std::iter::once(first.slice(1, first.num_rows() - 1))
        .chain(batches.iter().skip(1).cloned())
        .collect();
    let mut writer =
        ArrowWriter::try_new(fs::File::create(path).unwrap(), first.schema(), None).unwrap();
    for batch in &rest {
        writer.write(batch).unwrap();
    }
    writer.close().unwrap();
    true
}

#[test]
fn a_damaged_segment_is_read_again() {
    let scene = Scene::of_sample();
    scene.run().expect(0);
    let before = scene.files("tables");
    let staged = scene.warehouse().join("staged/coop_activites");
    let mut segment = None;
    walk(&staged, &mut |path| {
        let name = path.to_string_lossy();
        if name.ends_with(".parquet") && !name.contains(".rejects.") {
            segment = Some(path.to_owned());
        }
    });
    assert!(remove_a_row(&segment.unwrap()));
    scene.run().expect(0);
    assert!(scene.files("tables") == before);
    scene.verify().expect(0);
}

#[test]
fn a_damaged_output_is_made_again() {
    let scene = Scene::of_sample();
    scene.run().expect(0);
    let (clean, tables) = (scene.files("clean"), scene.files("tables"));
    let current = scene.warehouse().join("current");
    for name in [
        "clean/activites/annee=2023/2023-05.parquet",
        "tables/activites_par_employeur_periode.csv",
        "rejects/clean.parquet",
        "ledger.parquet",
        "manifest.json",
    ] {
        let mut bytes = fs::read(current.join(name)).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0x55;
        fs::write(current.join(name), bytes).unwrap();
        scene.run().expect(0);
        scene.verify().expect(0);
        fs::remove_file(current.join(name)).unwrap();
        scene.run().expect(0);
        scene.verify().expect(0);
        assert!(scene.files("clean") == clean && scene.files("tables") == tables, "{name}");
    }
}

#[test]
fn a_full_standard_output_is_an_error_and_a_closed_one_is_not() {
    use std::process::{Command, Stdio};
    let scene = Scene::of_sample();
    scene.run().expect(0);
    let verify = |stdout: Stdio| {
        let mut command = Command::new(program());
        command.arg("verify").arg("--warehouse").arg(scene.warehouse()).stdout(stdout);
        command.stderr(Stdio::null()).status().unwrap().code()
    };
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    assert_eq!(verify(Stdio::from(full)), Some(74));
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    assert_eq!(verify(Stdio::from(writer)), Some(0));
}

#[test]
fn what_an_interrupted_run_left_is_taken_over_only_if_it_is_whole() {
    let whole = Scene::of_sample();
    whole.run().expect(0);
    for name in
        ["clean/activites/annee=2023/2023-05.parquet", "ledger.parquet", "rejects/ingest.parquet"]
    {
        let scene = Scene::of_sample();
        crate::support::said(&scene.command("clean").output().unwrap()).expect(0);
        let left = scene.warehouse().join("building").join(name);
        let mut bytes = fs::read(&left).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0x55;
        fs::write(&left, bytes).unwrap();
        scene.run().expect(0);
        scene.verify().expect(0);
        assert!(scene.files("tables") == whole.files("tables"), "{name}");
    }
}

#[test]
fn lost_links_and_declarations_come_back() {
    let scene = Scene::of_sample();
    scene.run().expect(0);
    fs::remove_file(scene.warehouse().join("tables")).unwrap();
    fs::remove_dir_all(scene.warehouse().join("declarations")).unwrap();
    let said = scene.verify().expect(65);
    assert!(said.stderr.contains("declarations"), "{}", said.stderr);
    scene.run().expect(0);
    assert!(scene.warehouse().join("tables/employeurs_par_type.csv").is_file());
    scene.verify().expect(0);
}
