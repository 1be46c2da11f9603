//! The rules of the source tree that no compiler checks.

use std::collections::BTreeSet;
use std::fs;

use conum::definition::Definitions;
use conum::run::folders;
use conum::run::hashes::Hashes;
use conum::run::job::find_inputs;
use conum::vocabulary::columns::Kind;
use conum::vocabulary::tables;

use crate::support::{root, walk};

const FILE_LINES_MAX: usize = 400;
const LINE_CHARS_MAX: usize = 100;

fn sources() -> Vec<(String, String)> {
    let mut files = Vec::new();
    walk(&root().join("src"), &mut |path| {
        let name = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
        // Templates are no code.
        if name.ends_with(".rs") {
            files.push((name, fs::read_to_string(path).unwrap()));
        }
    });
    files.sort();
    files
}

/// Code without its tests.
fn code(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests {").next().unwrap()
}

#[test]
fn every_module_says_what_becomes_what() {
    for (name, text) in sources() {
        assert!(text.starts_with("//! "), "{name} has no module doc");
    }
}

#[test]
fn files_and_lines_stay_readable() {
    for (name, text) in sources() {
        assert!(code(&text).lines().count() <= FILE_LINES_MAX, "{name} is more than one idea");
        if name.starts_with("src/vocabulary") {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            assert!(line.chars().count() <= LINE_CHARS_MAX, "{name}:{}", number + 1);
        }
    }
}

#[test]
fn arrows_point_one_way() {
    // A module, and those it may use.
    let allowed = [
        ("vocabulary", vec!["vocabulary"]),
        ("definition", vec!["vocabulary", "definition", "error"]),
        ("column", vec!["column"]),
        ("ingest", vec!["vocabulary", "definition", "error", "column", "ingest"]),
        ("clean", vec!["vocabulary", "definition", "error", "column", "clean"]),
        ("aggregate", vec!["vocabulary", "definition", "error", "column", "aggregate"]),
        ("protect", vec!["vocabulary", "definition", "error", "protect"]),
        ("audit", vec!["vocabulary", "definition", "error", "audit"]),
        ("revision", vec!["vocabulary", "definition", "error", "revision"]),
        ("publish", vec!["vocabulary", "definition", "error", "publish"]),
        ("sample", vec!["sample"]),
        ("fetch", vec!["fetch"]),
        ("deliver", vec!["definition", "fetch", "deliver"]),
        ("engine", vec!["error", "engine"]),
        (
            "run",
            vec![
                "vocabulary",
                "definition",
                "error",
                "column",
                "fetch",
                "deliver",
                "engine",
                "ingest",
                "clean",
                "aggregate",
                "protect",
                "audit",
                "revision",
                "publish",
                "run",
            ],
        ),
    ];
    for (name, text) in sources() {
        let Some((_, uses)) =
            allowed.iter().find(|(module, _)| name.starts_with(&format!("src/{module}/")))
        else {
            continue;
        };
        for line in code(&text).lines() {
            for used in line.split("crate::").skip(1) {
                let module: String = used.chars().take_while(char::is_ascii_alphabetic).collect();
                assert!(
                    module.is_empty() || uses.contains(&module.as_str()),
                    "{name} uses crate::{module}"
                );
            }
        }
    }
}

#[test]
fn columns_are_named_in_the_vocabulary_alone() {
    for (name, text) in sources() {
        if !name.starts_with("src/vocabulary") {
            assert!(!code(&text).contains("col(\""), "{name} names a column in a string");
        }
    }
}

#[test]
fn polars_and_parquet_files_stay_where_they_belong() {
    for (name, text) in sources() {
        let text = code(&text);
        // The last one is of a script for readers.
        let may = ["src/cli/report.rs", "src/ingest/extract.rs", "src/publish/imports/r.rs"];
        if !(name.starts_with("src/run/") || may.contains(&name.as_str())) {
            assert!(!text.contains("parquet::"), "{name} knows Parquet files");
        }
        if name.starts_with("src/ingest/") || name.starts_with("src/definition/") {
            assert!(!text.contains("polars"), "{name} knows frames");
        }
    }
}

#[test]
fn every_source_has_its_sample_and_every_table_its_expected_rows() {
    let names = |folder: &str, suffix: &str| -> Vec<String> {
        let entries = fs::read_dir(root().join(folder)).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
        let mut names: Vec<String> =
            names.filter_map(|name| name.strip_suffix(suffix).map(str::to_owned)).collect();
        names.sort();
        names
    };
    let mut expected = names("pipelines/tables", ".toml");
    expected.extend(tables::MADE.iter().map(|made| made.table.name.to_owned()));
    expected.sort();
    assert_eq!(expected, names("tests/expected", ".csv"));
    let files = folders::read_tree(&root().join("pipelines")).unwrap();
    let definitions = Definitions::load("national.toml", &files).unwrap();
    let hashes = Hashes::default();
    let inputs = find_inputs(&root().join("sample-data"), &definitions, (&hashes, &|_, _| true));
    let inputs = inputs.unwrap();
    let sampled: BTreeSet<String> =
        inputs.files.into_iter().filter_map(|(input, _)| input.source).collect();
    let declared: BTreeSet<String> = names("pipelines/sources", ".toml").into_iter().collect();
    assert_eq!(sampled, declared);
}

#[test]
fn questions_ask_tables_that_are_made() {
    let page = fs::read_to_string(root().join("docs/questions.md")).unwrap();
    let asked: BTreeSet<&str> = page
        .split("'warehouse/tables/")
        .skip(1)
        .filter_map(|rest| rest.split(".parquet'").next())
        .collect();
    let files = folders::read_tree(&root().join("pipelines")).unwrap();
    let definitions = Definitions::load("national.toml", &files).unwrap();
    let names = definitions.tables.keys().map(String::as_str);
    let made = tables::MADE.iter().map(|made| made.table.name);
    let known: BTreeSet<&str> = names.chain(made).collect();
    assert!(asked.is_subset(&known), "{:?}", asked.difference(&known));
}

#[test]
fn the_dictionary_page_says_what_the_vocabulary_says() {
    let page = fs::read_to_string(root().join("docs/warehouse.md")).unwrap();
    let written = [
        &tables::CLEAN_ACTIVITES,
        &tables::CLEAN_EMPLOYEURS,
        &tables::CLEAN_EMPLOYEURS_PUBLICS,
        &tables::CLEAN_POSTES,
        &tables::CLEAN_CONTRATS,
        &tables::CLEAN_SUBVENTIONS,
        &tables::CHIFFRES_CLES,
        &tables::COUVERTURE,
        &tables::COUVERTURE_MOIS,
        &tables::PART_ETAT_COUT,
        &tables::RECONCILIATION,
        &tables::REVISIONS,
        &tables::TRIANGLE,
        &tables::ATYPIQUES,
        &tables::REJECTS,
        &tables::LEDGER,
    ];
    for column in written.into_iter().flat_map(|table| table.columns) {
        let kind = match column.kind {
            Kind::Text => "text",
            Kind::Count => "int32",
            Kind::Sum => "int64",
            Kind::Day => "date",
            Kind::Instant => "instant",
        };
        let line = format!("| `{}` | {kind} | {} |", column.name, column.meaning);
        assert!(page.contains(&line), "docs/warehouse.md lacks {line}");
    }
    for (name, text) in sources().into_iter().filter(|(name, _)| name.ends_with("flags.rs")) {
        for flag in text.lines().filter_map(|line| line.strip_prefix("pub const ")) {
            let code = flag.split('"').nth(1).unwrap();
            assert!(
                page.contains(&format!("| `{code}` |")),
                "docs/warehouse.md lacks {code} of {name}"
            );
        }
    }
}

#[test]
fn each_released_table_has_its_resources() {
    let files = folders::read_tree(&root().join("pipelines")).unwrap();
    let definitions = Definitions::load("national.toml", &files).unwrap();
    let publication = fs::read_to_string(root().join("pipelines/publication.toml")).unwrap();
    let released = definitions.tables.iter().filter(|(_, table)| table.secrecy.is_some());
    for (name, _) in released {
        for kind in ["csv", "parquet"] {
            let line = format!("file = \"{name}.{kind}\"");
            assert!(publication.contains(&line), "publication.toml lacks {line}");
        }
    }
}

#[test]
fn the_page_of_events_has_those_of_the_program() {
    let page = fs::read_to_string(root().join("docs/observe.md")).unwrap();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let written: BTreeSet<String> =
        rows.filter(|name| name.contains('.') && !name.contains('_')).map(str::to_owned).collect();
    let mut told = BTreeSet::new();
    for (_, text) in sources() {
        for named in code(&text).split("event = \"").skip(1) {
            told.insert(named.split('"').next().unwrap().to_owned());
        }
        let events = code(&text).matches("tracing::info!(").count()
            + code(&text).matches("tracing::warn!(").count()
            + code(&text).matches("tracing::error!(").count()
            + code(&text).matches("tracing::debug!(").count();
        assert_eq!(events, code(&text).matches("event = \"").count(), "an event has no name");
    }
    assert!(told.len() > 40);
    assert_eq!(written, told);
}
