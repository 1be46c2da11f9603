//! The page of each night: it is there whatever the end, and says what the accounts say.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use conum::run::store::Store;

use crate::activity_nights::coop;
use crate::support::{Said, Scene, conum, program, row, said};

/// The table on what became of the rows.
const FATES: &str = "Lignes lues et ce qu'elles sont devenues, par source";
const REFUSED: &str = "Lignes refusées, par source et par raison";
const GATES: &str = "Portes, source par source";

/// A page: its name, and what it says.
struct Page {
    name: String,
    html: String,
}

impl Page {
    /// The last page of a scene, after checks that every page has to pass.
    #[track_caller]
    fn last(scene: &Scene) -> Self {
        let reports = scene.warehouse().join("reports");
        let name = fs::read_link(reports.join("latest.html")).unwrap();
        let name = name.to_string_lossy().into_owned();
        let html = fs::read_to_string(reports.join(&name)).unwrap();
        let page = Self { name, html };
        page.expect_sound(&reports);
        scene.expect_nothing_personal();
        page
    }

    /// No script, nothing from elsewhere, and all that it leads to is there.
    #[track_caller]
    fn expect_sound(&self, folder: &Path) {
        let html = &self.html;
        for never in ["<script", "http:", "https:", "<link", "<img", "<iframe", " src=", "url("] {
            let is_there = html.replace("url(#", "").contains(never);
            assert!(!is_there, "{} has {never}", self.name);
        }
        let links: Vec<String> = between(html, "href=\"", "\"").iter().map(|it| text(it)).collect();
        assert!(links.len() > 8, "{links:?}");
        for link in links {
            match link.strip_prefix('#') {
                Some(place) => assert!(html.contains(&format!("id=\"{place}\"")), "{link}"),
                None => assert!(folder.join(&link).exists(), "{} leads to {link}", self.name),
            }
        }
        assert!(html.contains("Diffusion restreinte"));
    }

    /// What a reader reads, without marks.
    fn text(&self) -> String {
        text(&self.html)
    }

    #[track_caller]
    fn expect(&self, said: &[&str]) -> &Self {
        let text = self.text();
        for one in said {
            assert!(text.contains(one), "{} does not say `{one}`: {text}", self.name);
        }
        self
    }

    /// The rows of a table by its caption, the heads first.
    #[track_caller]
    fn table(&self, caption: &str) -> Vec<Vec<String>> {
        let tables = between(&self.html, "<table>", "</table>");
        let is_it =
            |table: &&String| text(&between(table, "<caption>", "</caption>")[0]) == caption;
        let table = tables.iter().find(is_it);
        let table = table.unwrap_or_else(|| panic!("{} has no `{caption}`", self.name));
        let cells = |row: &String| {
            let cells = row.replace("<td", "<th").replace("</td>", "</th>");
            between(&cells, "<th", "</th>").iter().map(|it| text(&format!("<{it}"))).collect()
        };
        between(table, "<tr", "</tr>").iter().map(cells).collect()
    }

    /// The row of a table that begins with a word, by heads.
    #[track_caller]
    fn line(&self, caption: &str, first: &str) -> BTreeMap<String, String> {
        let table = self.table(caption);
        let line = table.iter().find(|line| line[0] == first);
        let line = line.unwrap_or_else(|| panic!("{table:?} has no {first}"));
        table[0].iter().cloned().zip(line.iter().cloned()).collect()
    }
}

/// All that stands between two marks.
fn between(text: &str, begin: &str, end: &str) -> Vec<String> {
    let parts = text.split(begin).skip(1);
    parts.filter_map(|part| part.split_once(end)).map(|(inner, _)| inner.to_owned()).collect()
}

/// What is left without tags, entities, spaces in numbers and line ends.
fn text(html: &str) -> String {
    let mut text = String::new();
    let mut is_in_tag = false;
    for letter in html.split("</style>").last().unwrap().chars() {
        match letter {
            '<' => is_in_tag = true,
            '>' if is_in_tag => is_in_tag = false,
            _ if !is_in_tag => text.push(letter),
            _ => {}
        }
    }
    for (entity, letter) in [
        ("&nbsp;", " "),
        ("&#x27;", "'"),
        ("&#x2f;", "/"),
        ("&quot;", "\""),
        ("&lt;", "<"),
        ("&gt;", ">"),
    ] {
        text = text.replace(entity, letter);
    }
    let text = text.replace("&amp;", "&").replace('\u{202f}', "").replace('\u{a0}', " ");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Source → rows by fate (`entree` for what goes in), and by source and reason those refused, as
/// the ledger has them.
type Accounts = (BTreeMap<String, BTreeMap<String, i64>>, BTreeMap<(String, String), i64>);

fn accounts(scene: &Scene, folder: &str) -> Accounts {
    let columns = ["etape", "source", "devenir", "raison", "lignes"];
    let csv = scene.parquet(&format!("{folder}/ledger.parquet"), &columns);
    let (mut fates, mut refused) = Accounts::default();
    for line in csv.lines() {
        let cells: Vec<&str> = line.split(',').collect();
        let [stage, source, fate, reason, rows] = cells[..] else { panic!("{line}") };
        let rows: i64 = rows.parse().unwrap();
        // What is kept goes on, and what enters the second time came out of the first.
        let is_counted = match stage {
            "ingest" => fate != "gardee",
            "clean" => fate != "entree",
            _ => false,
        };
        if is_counted {
            *fates.entry(source.to_owned()).or_default().entry(fate.to_owned()).or_default() +=
                rows;
            if fate == "rejetee" {
                *refused.entry((source.to_owned(), reason.to_owned())).or_default() += rows;
            }
        }
    }
    (fates, refused)
}

/// Checks the tables and the proof of a page against the ledger in a folder.
#[track_caller]
fn expect_accounts(page: &Page, scene: &Scene, folder: &str) {
    let (fates, refused) = accounts(scene, folder);
    let words = [
        ("entree", "Lues"),
        ("gardee", "Gardées"),
        ("rejetee", "Refusées"),
        ("doublon", "Doublons"),
        ("remplacee", "Remplacées"),
        ("supprimee", "Supprimées"),
        ("copie_migree", "Copies"),
        ("regroupee", "Regroupées"),
        ("avis_de_suppression", "Avis"),
    ];
    for (source, of_source) in &fates {
        let line = page.line(FATES, source);
        for (fate, word) in words {
            let expected = of_source.get(fate).copied().unwrap_or_default();
            let shown = line.get(word).map_or(0, |shown| shown.parse().unwrap());
            assert_eq!(shown, expected, "{source} {fate}: {line:?}");
        }
        assert_eq!(line["Écart"], "0", "{line:?}");
    }
    assert_eq!(page.table(FATES).len(), fates.len() + 2, "heads, sources and their sum");
    let read: i64 = fates.values().map(|of| of["entree"]).sum();
    assert_eq!(page.line(FATES, "Ensemble")["Lues"], read.to_string());
    page.expect(&[&format!("Preuve : {read} lignes lues = "), " ; écart 0."]);
    if refused.is_empty() {
        assert!(!page.text().contains(REFUSED));
        return;
    }
    let table = page.table(REFUSED);
    let shown = table.iter().skip(1).map(|line| {
        let key = (line[0].clone(), line[1].clone());
        (key, line[3].parse().unwrap())
    });
    assert_eq!(shown.collect::<BTreeMap<(String, String), i64>>(), refused);
}

/// A night of July 2025.
fn night(scene: &Scene, day: u32) -> Said {
    let mut arguments = scene.arguments("run");
    arguments[2] = format!("2025-07-{day:02}").into();
    said(&conum().args(arguments).output().unwrap())
}

fn small() -> Scene {
    let scene = Scene::new();
    scene.flat(&[row("a", "2025-05-05", &[]), row("b", "2025-05-06", &[])]);
    scene
}

#[test]
fn a_good_night_and_one_that_finds_nothing_new() {
    let scene = Scene::of_sample();
    let told = scene.run().expect(0).stdout;
    let first = Page::last(&scene);
    let path = scene.warehouse().join("reports").join(&first.name);
    let last = told.lines().last().unwrap();
    assert_eq!(last.trim_start(), format!("report   {}", path.display()), "{told}");
    first.expect(&["✔ Publiée", "Nuit du 01/07/2025", "Rien.", "Première exécution"]);
    expect_accounts(&first, &scene, "current");
    let input = first.line("Exports, par source", "activites_plates");
    assert_eq!(input["Enregistrements"], "200");
    assert_eq!(input["État"], "nouveau ou changé");
    // One of the ten that are refused is of a day after the reference day.
    let gate = first.line(GATES, "activites_plates");
    let shown = ["Refusées", "Part", "Au plus", "Lus", "Au moins", "Verdict"];
    assert_eq!(shown.map(|head| &*gate[head]), ["9", "4,5 %", "5 %", "200", "–", "✔ passe"]);
    for check in first.table("Contrôles de la nuit").iter().skip(1) {
        assert_eq!(check[3], "✔ passe", "{check:?}");
    }
    let kept = first.line("Espace Coop et La Coop", "Copies de l'Espace Coop laissées de côté");
    assert_eq!(kept["Activités"], "91");
    for stage in ["lecture", "nettoyage", "tableaux", "secret statistique", "publication"] {
        assert_ne!(first.line("Temps", stage)["Cette nuit"], "–");
        assert_eq!(first.line("Temps", stage)["Médiane"], "–");
    }
    let told = first.table("Journal de la diffusion du 01/07/2025, depuis celle d'avant");
    assert_eq!(told[1], ["Première diffusion : mois de 2021-01 à 2025-02."]);
    // The same inputs again.
    scene.run().expect(0);
    let second = Page::last(&scene);
    assert_ne!(second.name, first.name);
    second.expect(&["✔ Rien de neuf", "les mêmes chiffres qu'avant cette nuit"]);
    expect_accounts(&second, &scene, "current");
    let input = second.line("Exports, par source", "activites_plates");
    assert!(input["État"].starts_with("inchangé depuis le "), "{input:?}");
    assert_ne!(second.line("Temps", "lecture")["Médiane"], "–", "that of the first night");
    let nights = second.table("Les dernières nuits");
    let ends: Vec<(&str, &str)> =
        nights[1..].iter().map(|it| (it[3].as_str(), it[6].as_str())).collect();
    assert_eq!(ends, [("0", "cette page"), ("0", "rapport")]);
    assert!(second.html.contains(&format!("href=\"{}\"", first.name)));
    scene.verify().expect(0);
}

#[test]
fn a_night_with_rejects_and_a_source_that_is_held_back() {
    let mut scene = Scene::new();
    let gates = scene.own_declarations().join("gates.toml");
    let fresh = "\n[sources.activites_plates]\nstale_days_max = 200\n";
    fs::write(&gates, fs::read_to_string(&gates).unwrap() + fresh).unwrap();
    let flat = |count: usize| {
        let good = (0..count).map(|number| row(&format!("f{number}"), "2025-05-02", &[]));
        let bad = row("bad", "2025-99-99", &[]);
        scene.flat(&good.chain([bad]).collect::<Vec<_>>());
    };
    let give = |count: usize| {
        let lines = (0..count).map(|number| coop(&format!("n{number}"), "2025-06-07", 10, &[]));
        scene.file("coop_activites.jsonl", lines.collect::<Vec<_>>().join("\n") + "\n");
    };
    flat(40);
    give(140);
    night(&scene, 1).expect(0);
    flat(41);
    give(20);
    night(&scene, 2).expect(3);
    let page = Page::last(&scene);
    page.expect(&[
        "▲ Publiée, avec avertissements",
        "1 source est retenue : son dernier bon export la remplace.",
        "relancer avec --accept SOURCE",
        "coop_activites, cette nuit",
        "source coop_activites is held back",
    ]);
    expect_accounts(&page, &scene, "current");
    let held = page.line("Exports, par source", "coop_activites, cette nuit");
    assert_eq!(held["Enregistrements"], "20");
    let expected = "▲ retenue (bien plus petite que d'habitude) : l'export du 01/07/2025 la \
                    remplace, jusqu'au 08/07/2025";
    assert_eq!(held["État"], expected);
    let gate = page.line(GATES, "coop_activites");
    let shown = ["Refusées", "Lus", "Médiane", "Au moins", "Dernier jour"];
    assert_eq!(shown.map(|head| &*gate[head]), ["–", "20", "140", "126", "–"]);
    assert!(gate["Verdict"].starts_with("▲ retenue : bien plus petite"), "{gate:?}");
    let gate = page.line(GATES, "activites_plates");
    let shown = ["Refusées", "Lus", "Médiane", "Au moins", "Dernier jour", "Au plus tard"];
    let expected = ["1", "42", "41", "1", "61 jours avant", "200 jours avant"];
    assert_eq!(shown.map(|head| &*gate[head]), expected);
    let refused = page.line(REFUSED, "activites_plates");
    assert_eq!(
        (refused["Lignes"].as_str(), refused["Raison"].as_str()),
        ("1", "date_invalide:date")
    );
    assert_eq!(
        refused["Ce qui ne va pas"],
        "une date n'existe pas ou n'est pas écrite comme convenu"
    );
    let moved = page.line("Les plus grands changements d'un mois (activités)", "2025-05");
    assert_eq!((moved["Avant"].as_str(), moved["Maintenant"].as_str()), ("40", "41"));
    assert_eq!((moved["Écart"].as_str(), moved["Causes"].as_str()), ("+1", "saisie tardive"));
}

#[test]
fn a_refused_night_says_what_it_knows() {
    let scene = Scene::new();
    let broken: Vec<String> = (0..9).map(|id| row(&id.to_string(), "9999-99-99", &[])).collect();
    scene.flat(&broken);
    let told = scene.run().expect(65);
    let page = Page::last(&scene);
    assert!(told.stderr.contains(&format!("reports/{}", page.name)), "{}", told.stderr);
    page.expect(&[
        "✖ Refusée",
        "Message du programme : too many records of",
        "Relancer la même nuit sans rien changer donnerait le même résultat.",
        "Rien : aucune exécution n'est encore publiée.",
        "▲ pas fait",
    ]);
    expect_accounts(&page, &scene, "building");
    let gate = page.line(GATES, "activites_plates");
    let expected = ["9", "100,0 %", "5 %", "✖ refusée : trop de lignes refusées"];
    assert_eq!(["Refusées", "Part", "Au plus", "Verdict"].map(|head| &*gate[head]), expected);
    // Nothing stands for what is not there, and nothing of it was read.
    let scene = small();
    scene.run().expect(0);
    scene.file("activites_plates.csv", "");
    night(&scene, 9).expect(66);
    let page = Page::last(&scene);
    page.expect(&["✖ Refusée", "Pas encore connu", "Toujours l'exécution précédente, entière :"]);
    let gate = page.line(GATES, "activites_plates");
    assert!(gate["Verdict"].starts_with("✖ refusée"), "{gate:?}");
}

#[test]
fn a_night_that_is_stopped_or_wrongly_declared_has_its_page_too() {
    let scene = Scene::of_sample();
    let run = Command::new(program())
        .args(scene.arguments("run"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let log = scene.warehouse().join("logs");
    let has_begun = || {
        let mut logs = fs::read_dir(&log).into_iter().flatten().map(|it| it.unwrap().path());
        logs.any(|it| fs::read_to_string(it).unwrap().contains("stage.started"))
    };
    while !has_begun() {
        std::thread::yield_now();
    }
    Command::new("kill").args(["-TERM", &run.id().to_string()]).status().unwrap();
    assert_eq!(run.wait_with_output().unwrap().status.code(), Some(143));
    let page = Page::last(&scene);
    page.expect(&["✖ Interrompue", "Étape en cours : ", "il reprend où il s'est arrêté"]);
    let input = page.line("Exports, par source", "coop_activites");
    assert_eq!((input["Fichiers"].as_str(), input["Taille"].as_str()), ("1", "1 Mo"));
    // A declaration that is wrong: nothing is known, and it is said.
    let mut scene = small();
    let declared = scene.own_declarations();
    scene.run().expect(0);
    fs::write(declared.join("sources/structures.toml"), "nothing = 1\n").unwrap();
    scene.run().expect(78);
    let page = Page::last(&scene);
    page.expect(&["✖ Échec", "Une déclaration de pipelines/ est fausse.", "Pas encore connu"]);
    assert_eq!(page.line("Les dernières nuits", &page.line_of_now())["Code"], "78");
}

impl Page {
    /// When the night of the page began, as it says.
    fn line_of_now(&self) -> String {
        self.table("Les dernières nuits")[1][0].clone()
    }
}

#[test]
fn a_page_that_cannot_be_written_is_no_reason_to_fail() {
    let scene = small();
    fs::create_dir(scene.warehouse()).unwrap();
    fs::write(scene.warehouse().join("reports"), "no folder").unwrap();
    let told = scene.run().expect(0);
    assert!(told.stderr.contains("report.lost"), "{}", told.stderr);
    assert!(!told.stdout.contains("  report "), "{}", told.stdout);
    scene.verify().expect(0);
}

#[test]
fn pages_of_long_ago_go_and_who_has_no_lock_writes_none() {
    let scene = small();
    let reports = scene.warehouse().join("reports");
    fs::create_dir_all(&reports).unwrap();
    let lock = Store::at(&scene.warehouse()).lock().unwrap();
    scene.run().expect(75);
    assert_eq!(fs::read_dir(&reports).unwrap().count(), 0);
    drop(lock);
    for number in 0..120 {
        fs::write(reports.join(format!("2024{number:04}.html")), "").unwrap();
    }
    scene.run().expect(0);
    let page = Page::last(&scene);
    let mut left: Vec<String> = scene.files("reports").into_iter().map(|(name, _)| name).collect();
    left.retain(|name| name != "latest.html");
    assert_eq!(left.len(), 100);
    assert_eq!((&left[0], left.last().unwrap()), (&"20240021.html".to_owned(), &page.name));
}
