//! A release that was tampered with does not pass its gate, and what is wrong is named.

use std::fs;
use std::path::PathBuf;

use arrow::array::{RecordBatch, UInt32Array};
use arrow::compute::{concat_batches, take_record_batch};
use conum::definition::Definitions;
use conum::run::folders;
use conum::run::protect::pass_gate;
use conum::run::store::Store;
use parquet::arrow::ArrowWriter;
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::WriterProperties;

use crate::public_list::HEADER;
use crate::secrecy::siren;
use crate::support::{Scene, read_parquet, root};

const TABLE: &str = "activites_par_region_periode";
const OPEN: &str = "employeurs_par_type";

fn released(scene: &Scene, name: &str) -> PathBuf {
    scene.warehouse().join("releases/latest").join(name)
}

/// What the gate says: the exit code and the problems; nothing where it lets the release pass.
fn gate(scene: &Scene) -> Option<(u8, String)> {
    let files = folders::read_tree(&root().join("pipelines")).unwrap();
    let definitions = Definitions::load("national.toml", &files).unwrap();
    let store = Store::existing(&scene.warehouse()).unwrap();
    let error = pass_gate(&store, &definitions, true).err()?;
    Some((error.kind.exit_code(), error.to_string()))
}

/// Rewrites the Parquet of a table with some of its rows, declared in the order of two columns.
fn rewrite(scene: &Scene, table: &str, places: impl Fn(u32) -> Vec<u32>) {
    let path = released(scene, &format!("{table}.parquet"));
    let batches = read_parquet(&path);
    let all = concat_batches(&batches[0].schema(), &batches).unwrap();
    let places = places(u32::try_from(all.num_rows()).unwrap());
    let rows: RecordBatch = take_record_batch(&all, &UInt32Array::from(places)).unwrap();
    let sorted = |column_idx| SortingColumn { column_idx, descending: false, nulls_first: true };
    let properties =
        WriterProperties::builder().set_sorting_columns(Some(vec![sorted(0), sorted(1)]));
    let file = fs::File::create(path).unwrap();
    let mut writer = ArrowWriter::try_new(file, rows.schema(), Some(properties.build())).unwrap();
    writer.write(&rows).unwrap();
    writer.close().unwrap();
}

#[track_caller]
fn expect(scene: &Scene, code: u8, told: &str) {
    let (found, message) = gate(scene).unwrap();
    assert!(found == code && message.contains(told), "{found} {message}");
}

#[test]
fn what_readers_could_not_rely_on_is_refused() {
    let scene = Scene::of_sample();
    let said = scene.run();
    assert!([0, 3].contains(&said.code), "{}", said.stderr);
    assert_eq!(gate(&scene), None);
    let csv = released(&scene, &format!("{TABLE}.csv"));
    let parquet = released(&scene, &format!("{TABLE}.parquet"));
    let without_last = |csv: &[u8]| {
        let text = String::from_utf8(csv.to_vec()).unwrap();
        let last = text.trim_end().rfind('\n').unwrap() + 1;
        text[..last].to_owned()
    };
    let whole = [&csv, &parquet].map(|path| fs::read(path).unwrap());
    let restore = || {
        fs::write(&csv, &whole[0]).unwrap();
        fs::write(&parquet, &whole[1]).unwrap();
        assert_eq!(gate(&scene), None);
    };

    // One byte: another digit in the last line.
    let mut changed = whole[0].clone();
    let digit = changed.iter().rposition(u8::is_ascii_digit).unwrap();
    changed[digit] ^= 1;
    fs::write(&csv, &changed).unwrap();
    expect(&scene, 65, "CSV and Parquet differ: line");
    expect(&scene, 65, "is not what `SHA256SUMS` tells");
    restore();

    // One row less, in both files.
    rewrite(&scene, TABLE, |rows| (0..rows - 1).collect());
    fs::write(&csv, without_last(&whole[0])).unwrap();
    expect(&scene, 65, "1 row(s) lack");
    restore();

    // The same of a table that is published as it is.
    let of_open = ["csv", "parquet"].map(|kind| released(&scene, &format!("{OPEN}.{kind}")));
    let open = of_open.each_ref().map(|path| fs::read(path).unwrap());
    rewrite(&scene, OPEN, |rows| (0..rows - 1).collect());
    fs::write(&of_open[0], without_last(&open[0])).unwrap();
    expect(&scene, 65, "`employeurs_par_type`: row ");
    of_open.iter().zip(&open).for_each(|(path, content)| fs::write(path, content).unwrap());
    restore();

    // An order that is declared and does not hold.
    rewrite(&scene, TABLE, |rows| (0..rows).rev().collect());
    expect(&scene, 65, "is not in its declared order");
    restore();

    // A page that says otherwise than what programs read.
    let page = released(&scene, "dictionnaire.html");
    let text = fs::read_to_string(&page).unwrap();
    fs::write(&page, text.replacen("masqué", "montré", 1)).unwrap();
    expect(&scene, 65, "`dictionnaire.html` does not say what `dictionnaire.json` says");
    fs::write(&page, text).unwrap();
    restore();

    // A table that protection has not passed.
    for kind in ["csv", "parquet"] {
        let name = format!("suites_par_employeur.{kind}");
        fs::copy(scene.warehouse().join("tables").join(&name), released(&scene, &name)).unwrap();
    }
    expect(&scene, 77, "`suites_par_employeur` is no table that is released");
    for kind in ["csv", "parquet"] {
        fs::remove_file(released(&scene, &format!("suites_par_employeur.{kind}"))).unwrap();
    }

    // The exact table in the place of the protected one.
    for kind in ["csv", "parquet"] {
        let name = format!("{TABLE}.{kind}");
        fs::copy(scene.warehouse().join("tables").join(&name), released(&scene, &name)).unwrap();
    }
    expect(&scene, 77, "shows a column `nb_ateliers`");
    restore();
}

#[test]
fn an_open_table_is_released_whole_however_long() {
    let mut scene = Scene::new();
    let table = "title = \"Par SIREN\"\ndefinition = \"Toutes.\"\nfrom = \"employeurs_publics\"\n\
        by = [\"siren\"]\nmeasures = [\"nb_decisions\"]\n\
        [secrecy]\nwhy = \"Liste publique.\"\nopen = true\n";
    fs::write(scene.own_declarations().join("tables/par_siren.toml"), table).unwrap();
    // More than are read at once.
    let line = |number: u32| {
        let siret = format!("{}00011", siren(number + 30_000_000));
        format!("MAIRIE;;;;1;16/06/2021;publique;{siret};01;;01053;01000;1;non;non;non\n")
    };
    let lines: String = (0..66_000).map(line).collect();
    scene.file("employeurs_open_data.csv", format!("{HEADER}\n{lines}"));
    scene.run().expect(0);
    let rows = |name: &str| scene.read(name).lines().count();
    assert_eq!(rows("tables/par_siren.csv"), 66_002, "with the header and the total");
    assert_eq!(rows("releases/latest/par_siren.csv"), 66_002);
}
