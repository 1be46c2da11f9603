//! The public page of a release: its figures are those of the files beside it.

use std::collections::BTreeMap;

use regex::Regex;

use crate::support::Scene;

/// The rows of a CSV file, each by column.
fn rows(text: &str) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let rows = reader.deserialize().map(|row| row.unwrap());
    rows.collect()
}

/// The figure of a cell as a page shows it, without the spaces between digits.
fn shown(measure: &str, cell: &str) -> String {
    match cell {
        "" => "secret".to_owned(),
        cents if measure.ends_with("_centimes") => {
            let cents: i64 = cents.parse().unwrap();
            format!("{}€", (cents + 50) / 100)
        }
        minutes if measure == "nb_minutes" => format!("{minutes}min"),
        figure => figure.to_owned(),
    }
}

#[test]
fn each_figure_of_the_page_is_that_of_the_released_file() {
    let scene = Scene::of_sample();
    scene.run().expect(0);
    let release = |name: &str| scene.read(&format!("releases/latest/{name}"));
    let page = release("barometre.html");
    let figure = Regex::new("data-figure=\"([^\"]+)\">([^<]*)<").unwrap();
    let mut tables: BTreeMap<String, Vec<BTreeMap<String, String>>> = BTreeMap::new();
    let (mut count, mut hidden) = (0, 0);
    for found in figure.captures_iter(&page) {
        let mark = found[1].replace("&amp;", "&");
        let [table, key, measure] = mark.split('|').collect::<Vec<_>>().try_into().unwrap();
        let text = found[2].replace(['\u{202f}', '\u{a0}'], "");
        let table = tables
            .entry(table.to_owned())
            .or_insert_with(|| rows(&release(&format!("{table}.csv"))));
        let is_it = |row: &&BTreeMap<String, String>| {
            let mut parts = key.split('&').map(|part| part.split_once('=').unwrap());
            parts.all(|(name, code)| row[name] == code)
        };
        let found: Vec<_> = table.iter().filter(is_it).collect();
        assert_eq!(found.len(), 1, "{mark}");
        assert_eq!(text, shown(measure, &found[0][measure]), "{mark}");
        count += 1;
        hidden += usize::from(text == "secret");
    }
    assert!(count > 300 && hidden > 50, "{count} {hidden}");
    assert!(page.len() < 1_500_000, "{}", page.len());
    // Codes that no source writes have their words everywhere.
    for name in ["barometre.html", "dictionnaire.md", "datapackage.json"] {
        assert!(release(name).contains("60 ans et plus"), "{name}");
    }
    // It is whole in one file, and leads to files that are there.
    let link = Regex::new(" (href|src|action|srcset)=\"([^\"]+)").unwrap();
    let (mut files, mut sites) = (0, 0);
    for found in link.captures_iter(&page) {
        let to = found[2].replace("&#x2f;", "/");
        match (to.strip_prefix('#'), to.starts_with("https://spdx.org/")) {
            (Some(place), _) => assert!(page.contains(&format!(" id=\"{place}\"")), "{to}"),
            (None, true) => sites += 1,
            (None, false) => {
                assert!(!release(&to).is_empty(), "{to}");
                files += 1;
            }
        }
    }
    assert!(files > 5 && sites == 1, "{files} {sites}");
    assert!(!page.contains("<script") && !page.contains("@import") && !page.contains("url(http"));
}
