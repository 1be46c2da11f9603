//! Inputs that unpack without end, lie about their length, or are no files.

use std::fs;
use std::io::{Cursor, Read, Write};
use std::os::unix::fs::symlink;
use std::process::Command;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use conum::definition::Definitions;
use conum::definition::source::Container;
use conum::error::Kind;
use conum::ingest::pseudonym::Key;
use conum::ingest::{Context, ingest};
use conum::run::folders;
use flate2::Compression;
use flate2::write::GzEncoder;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression as Packing, ZstdLevel};
use parquet::file::properties::WriterProperties;
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use super::{good, refused, scene};
use crate::support::{FLAT, Scene, root, row, said};

/// Nothing real comes to a two-hundredth of its length.
const FAR_TOO_MUCH: usize = 80 << 20;

fn long_line() -> Vec<u8> {
    let mut text = good().into_bytes();
    text.resize(FAR_TOO_MUCH, b'x');
    text
}

fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn gzipped(content: &[u8]) -> Vec<u8> {
    let mut gz = GzEncoder::new(Vec::new(), Compression::best());
    gz.write_all(content).unwrap();
    gz.finish().unwrap()
}

#[test]
fn what_unpacks_to_far_more_than_its_length_is_refused() {
    let told = "unpacks to more than 200 times its length";
    let bomb = long_line();
    refused("activites_plates_2.csv.gz", gzipped(&bomb), 65, told);
    refused("activites_plates_2.csv.zst", zstd::encode_all(&bomb[..], 3).unwrap(), 65, told);
    refused("x.zip", zipped(&[("activites_plates_2.csv", &bomb)]), 65, told);
    // Packed twice: the archive is as long as its file unpacks to.
    refused("x.zip", zipped(&[("activites_plates_2.csv.gz", &gzipped(&bomb))]), 65, told);
}

#[test]
fn an_archive_in_an_archive_is_told_and_not_opened() {
    let scene = scene();
    let inner = zipped(&[("activites_plates_2.csv", good().as_bytes())]);
    scene.file("x.zip", zipped(&[("y.zip", &inner)]));
    let said = scene.run().expect(3);
    assert!(said.stderr.contains("`x.zip/y.zip` matches no source"), "{}", said.stderr);
}

#[test]
fn an_archive_whose_files_are_not_what_they_say_is_refused() {
    let names: Vec<String> = (0..5000).map(|number| format!("{number}.csv")).collect();
    let many: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
    refused("x.zip", zipped(&many), 65, "more than 4096 files");

    // Two names of one length: the second becomes the first, in both places where it stands.
    let twice = zipped(&[("activites_plates_1.csv", b"a"), ("activites_plates_2.csv", b"b")]);
    let twice = replaced(&twice, b"plates_2", b"plates_1");
    refused("x.zip", twice, 65, "two files of one name");

    // The directory, at the end, leads both names to the first file.
    let mut shared = zipped(&[("activites_plates_1.csv", b"a"), ("activites_plates_2.csv", b"b")]);
    let entry = shared.windows(4).rposition(|four| four == b"PK\x01\x02").unwrap();
    shared[entry + 42..entry + 46].copy_from_slice(&[0; 4]);
    refused("x.zip", shared, 65, "share their bytes");

    // Both lengths that are declared are less than there is.
    let text = good();
    let mut small = zipped(&[("activites_plates_2.csv", text.as_bytes())]);
    let length = u32::try_from(text.len()).unwrap().to_le_bytes();
    small = replaced(&small, &length, &100_u32.to_le_bytes());
    refused("x.zip", small, 65, "larger than its declared");
}

fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let places: Vec<usize> =
        (0..=bytes.len() - from.len()).filter(|at| bytes[*at..].starts_with(from)).collect();
    assert!(!places.is_empty());
    for at in places {
        bytes[at..at + to.len()].copy_from_slice(to);
    }
    bytes
}

#[test]
fn names_in_an_archive_lead_nowhere() {
    let scene = scene();
    let outside = scene.path().join("activites_plates_9.csv");
    let content = good().replace("good-", "other-");
    let path = format!("../../..{}", outside.display());
    scene.file("x.zip", zipped(&[(&path, content.as_bytes())]));
    scene.run().expect(0);
    assert!(!outside.exists());
    let table = scene.read("tables/activites_par_employeur_periode.csv");
    assert!(table.contains("\nensemble,ensemble,non,200,"), "{table}");
}

#[test]
fn a_file_of_refused_records_alone_is_given_up() {
    let mut text = format!("{FLAT}\n");
    text.push_str(&"x\n".repeat((1 << 20) + 50_000));
    let told = "more than 1048576 records are refused (nombre_de_champs";
    refused("activites_plates_2.csv", text, 65, told);
}

/// The workbook of the sample, with parts of it changed.
fn workbook(change: impl Fn(&str, &str) -> String) -> Vec<u8> {
    let book = fs::read(root().join("sample-data/coop_activites.xlsx")).unwrap();
    let mut parts = ZipArchive::new(Cursor::new(book)).unwrap();
    let mut files = Vec::new();
    for number in 0..parts.len() {
        let mut part = parts.by_index(number).unwrap();
        let name = String::from_utf8_lossy(part.name_raw()).into_owned();
        let mut text = String::new();
        part.read_to_string(&mut text).unwrap();
        files.push((name.clone(), change(&name, &text).into_bytes()));
    }
    let files: Vec<(&str, &[u8])> =
        files.iter().map(|(name, text)| (name.as_str(), text.as_slice())).collect();
    zipped(&files)
}

#[test]
fn a_workbook_that_asks_for_room_without_end_is_refused() {
    let announced = workbook(|_, text| {
        let Some((head, rest)) = text.split_once("uniqueCount=\"") else { return text.to_owned() };
        let (_, rest) = rest.split_once('"').unwrap();
        format!("{head}uniqueCount=\"4294967295\"{rest}")
    });
    refused("coop_activites.xlsx", announced, 65, "more texts than bytes");

    let long = workbook(|name, text| match name.ends_with("sharedStrings.xml") {
        true => text.replace("</sst>", &format!("{}</sst>", " ".repeat(FAR_TOO_MUCH))),
        false => text.to_owned(),
    });
    refused("coop_activites.xlsx", long, 65, "unpacks to more than 200 times its length");

    let named = workbook(|_, text| text.replace("<sheet name=\"", "<sheet name=\"&#27;[31m"));
    let said = refused("coop_activites.xlsx", named, 65, r"it has `\u{1b}[31m");
    assert!(!said.stderr.contains('\u{1b}'));
}

#[test]
fn a_place_in_a_sheet_that_no_sheet_has_is_no_panic() {
    // Where overflow is not looked for, the place is another one, and the column is not there.
    let place = workbook(|_, text| text.replace("r=\"A1\"", "r=\"ZZZZZZZZ1\""));
    let scene = Scene::new();
    scene.file("coop_activites.xlsx", place);
    let said = scene.run();
    assert!([0, 3, 65].contains(&said.code), "{} {}", said.code, said.stderr);
    assert!(!said.stderr.contains("panicked"), "{}", said.stderr);
}

/// A Parquet file of legal units, in which each text is that long and stands once for all rows.
fn parquet(text: usize, tens: usize) -> Vec<u8> {
    let names = ["siren", "siret", "categorie_juridique", "date_debut", "date_fin"];
    let text = "x".repeat(text);
    let columns = names.map(|name| {
        let texts: ArrayRef = Arc::new(StringArray::from_iter_values(vec![&text; 10]));
        (name, texts)
    });
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let packing = Packing::ZSTD(ZstdLevel::try_new(3).unwrap());
    let properties = WriterProperties::builder().set_compression(packing).build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
    for _ in 0..tens {
        writer.write(&batch).unwrap();
    }
    writer.into_inner().unwrap()
}

#[test]
fn a_dictionary_that_all_rows_point_to_takes_no_more_room_than_it_may() {
    let scene = scene();
    let bomb = parquet(700 << 10, 100);
    assert!(bomb.len() < 100_000, "{}", bomb.len());
    scene.file("sirene_x.parquet", bomb);
    // All rows at once would take three and a half gigabytes.
    let output = Command::new("sh")
        .args(["-c", "ulimit -v 3000000; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_conum")])
        .args(scene.arguments("run"))
        .output()
        .unwrap();
    let said = said(&output).expect(65);
    assert!(said.stderr.contains("enregistrement_trop_long 1000"), "{}", said.stderr);
}

#[test]
fn no_damage_of_a_parquet_file_is_more_than_an_error() {
    let files = folders::read_tree(&root().join("pipelines")).unwrap();
    let definitions = Definitions::load("national.toml", &files).unwrap();
    let source = &definitions.sources["sirene_unites_legales"];
    let key = Key::published();
    let context = Context {
        lists: &definitions.lists,
        employer_rules: &definitions.employer_rules,
        key: &key,
    };
    let whole = parquet(9, 4);
    let mut refused = 0;
    for at in 0..whole.len() {
        for byte in [0x00, 0x7F, 0x80, 0xFF] {
            let mut damaged = whole.clone();
            damaged[at] = byte;
            let mut emit = |_| Ok(());
            let read = ingest((source, Container::Parquet), context, &damaged[..], &mut emit);
            if let Err(error) = read {
                assert_eq!(error.kind, Kind::Data, "{at}: {error}");
                refused += 1;
            }
        }
    }
    assert!(refused > 1000, "{refused} of {}", whole.len() * 4);
}

#[test]
fn what_is_no_file_is_told_and_not_waited_for() {
    let scene = scene();
    let entry = |name: &str| scene.input().join(name);
    for name in ["activites_plates_pipe.csv", "pipe.zip"] {
        assert!(Command::new("mkfifo").arg(entry(name)).status().unwrap().success());
    }
    symlink(entry("pipe.zip"), entry("activites_plates_link.csv")).unwrap();
    symlink("/dev/zero", entry("activites_plates_zero.csv")).unwrap();
    symlink("activites_plates_self.csv", entry("activites_plates_self.csv")).unwrap();
    symlink("/nowhere", entry("activites_plates_gone.csv")).unwrap();
    // The whole machine is not searched for exports.
    symlink("/", entry("root")).unwrap();
    let socket = std::os::unix::net::UnixListener::bind(entry("activites_plates_socket.csv"));
    let said = scene.run().expect(3);
    for name in
        ["plates_pipe.csv", "pipe.zip", "_link.csv", "_zero.csv", "_self.csv", "_gone.csv", "`root"]
    {
        assert!(said.stderr.contains(&format!("{name}` is not a file")), "{name}: {}", said.stderr);
    }
    assert!(socket.is_err() || said.stderr.contains("_socket.csv` is not a file"));
}

#[test]
fn a_link_to_a_file_is_the_file() {
    let scene = scene();
    let elsewhere = scene.path().join("elsewhere.csv");
    fs::write(&elsewhere, good().replace("good-", "other-")).unwrap();
    symlink(&elsewhere, scene.input().join("activites_plates_2.csv")).unwrap();
    scene.run().expect(0);
    let table = scene.read("tables/activites_par_employeur_periode.csv");
    assert!(table.contains("\nensemble,ensemble,non,200,"), "{table}");
}

#[test]
fn values_with_parts_may_not_be_deep() {
    let sample = fs::read(root().join("sample-data/cras.csv.gz")).unwrap();
    let mut text = String::new();
    flate2::read::GzDecoder::new(&sample[..]).read_to_string(&mut text).unwrap();
    let first = text.lines().nth(1).unwrap();
    let head = &first[..first.find('{').unwrap()];
    let deep = format!("{head}{}1{};;\n", "{\"a\":".repeat(100_000), "}".repeat(100_000));
    let scene = Scene::new();
    scene.file("cras.csv", text + &deep);
    scene.run();
    let rejects = scene.rejects();
    assert!(rejects.contains("valeur_composee_illisible"), "{rejects}");

    let page = fs::read_to_string(root().join("sample-data/coop_api_activites_0001.json")).unwrap();
    let deep = format!("{{\"a\":{}{}}},", "[".repeat(100_000), "]".repeat(100_000));
    let page = page.replacen("\"data\":[", &format!("\"data\":[{deep}"), 1);
    let scene = Scene::new();
    scene.file("coop_api_activites_0001.json", page);
    scene.run();
    assert!(scene.rejects().contains("1,json_invalide\n"), "{}", scene.rejects());
}

#[test]
fn a_line_of_any_length_costs_one_record() {
    // The rest of the file is a hole: zeros that take no room.
    let scene = scene();
    let path = scene.input().join("activites_plates.csv");
    fs::File::options().write(true).open(path).unwrap().set_len(1 << 28).unwrap();
    scene.run().expect(0);
    assert_eq!(scene.rejects(), "102,enregistrement_trop_long\n");
}

#[test]
fn identifiers_that_are_none_are_refused() {
    let scene = scene();
    let formula = row("=1+1", "2023-05-02", &[("structure_id", "=HYPERLINK(1)")]);
    scene.file("activites_plates.csv", good() + &formula + "\n");
    scene.run().expect(0);
    assert_eq!(scene.rejects(), "102,identifiant_invalide:structure_id\n");
}
