//! Nights that follow a script: each figure that moved says by how much and why, and no other did.

use std::fs;

use crate::secrecy::run_on;
use crate::sources::document;
use crate::support::{FLAT, Said, Scene, conum, copy_folder, row, said};

const TABLE: &str = "activites_par_employeur_periode";

/// Rows of the export of a night, by identifier, and the legal category of the second employer.
struct Script {
    scene: Scene,
    rows: Vec<(String, String)>,
    category: &'static str,
    /// What each night left.
    left: Vec<Vec<(String, Vec<u8>)>>,
}

impl Script {
    /// Sixty ordinary activities of May, and a few that nights change.
    fn new() -> Self {
        let mut scene = Scene::new();
        let folder = scene.own_declarations();
        fs::create_dir_all(folder.join("corrections")).unwrap();
        let mut script = Self { scene, rows: Vec::new(), category: "9220", left: Vec::new() };
        for number in 0..60 {
            script.set(&format!("n{number}"), "2025-05-09", &[]);
        }
        for id in ["a", "b", "c", "d"] {
            script.set(id, "2025-03-04", &[("nb_participants", "2")]);
        }
        script.set("of_two", "2025-04-02", &[("structure_id", "s2"), ("nb_participants", "5")]);
        script.set("large", "2025-04-03", &[("activite", "collectif"), ("nb_participants", "90")]);
        script
    }

    fn set(&mut self, id: &str, day: &str, changes: &[(&str, &str)]) {
        self.rows.retain(|(known, _)| known != id);
        self.rows.push((id.to_owned(), row(id, day, changes)));
    }

    fn correct(&self, text: &str) {
        let path = self.scene.pipeline.with_file_name("corrections").join("script.toml");
        fs::write(path, text).unwrap();
    }

    fn rule(&self, from: &str, to: &str) {
        let path = self.scene.pipeline.with_file_name("rules").join("activites.toml");
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from));
        fs::write(path, text.replace(from, to)).unwrap();
    }

    fn write(&self) {
        let rows: Vec<&str> = self.rows.iter().map(|(_, row)| row.as_str()).collect();
        let header =
            "id;siret;nom;categorie_juridique;code_commune;code_postal;type;france_services";
        let first = "s1;73282932000074;ASSOCIATION DU PONT;9220;01053;01000;PRIVATE;OUI";
        let second = format!("s2;55208131766522;LE LAC;{};01053;01000;PRIVATE;NON", self.category);
        self.scene
            .file("activites_plates.csv", format!("{FLAT}\n{}\n", rows.join("\n")))
            .file("structures.csv", format!("{header}\n{first}\n{second}\n"));
    }

    /// A night: the monthly figures that moved, of activities and participations.
    fn night(&mut self) -> Vec<String> {
        self.first_night();
        moved(&self.diff(&["--table", TABLE]).stdout)
    }

    /// A night whose inputs and declarations are kept.
    fn first_night(&mut self) {
        self.write();
        let said = self.scene.run();
        assert!([0, 3].contains(&said.code), "{}", said.stderr);
        self.scene.verify().expect(0);
        let kept = self.scene.path().join(format!("kept{}", self.left.len()));
        copy_folder(&self.scene.input(), &kept.join("input"));
        copy_folder(self.scene.pipeline.parent().unwrap(), &kept.join("pipelines"));
        self.left.push(results(&self.scene));
    }

    /// All nights again, from what was kept.
    fn again(&self) {
        let mut again = Scene::new();
        for (night, left) in self.left.iter().enumerate() {
            let kept = self.scene.path().join(format!("kept{night}"));
            fs::remove_dir_all(again.input()).unwrap();
            copy_folder(&kept.join("input"), &again.input());
            again.pipeline = kept.join("pipelines/national.toml");
            assert!([0, 3].contains(&again.run().code));
            assert!(results(&again) == *left, "night {night} comes to other bytes");
        }
    }

    fn explain(&self, row: &[&str]) -> Said {
        let mut command = conum();
        command.args(["explain", TABLE]).args(row).arg("--warehouse");
        said(&command.arg(self.scene.warehouse()).output().unwrap())
    }

    fn diff(&self, more: &[&str]) -> Said {
        let mut command = conum();
        command.args(["diff", "--format", "csv", "--warehouse"]).arg(self.scene.warehouse());
        said(&command.args(more).output().unwrap()).expect(0)
    }
}

/// The files that readers see of a night.
fn results(scene: &Scene) -> Vec<(String, Vec<u8>)> {
    let folders = ["clean", "tables", "rejects", "releases"];
    let mut all: Vec<(String, Vec<u8>)> =
        folders.into_iter().flat_map(|folder| scene.files(folder)).collect();
    for name in ["revisions.parquet", "triangle.parquet", "atypiques.parquet"] {
        let path = scene.warehouse().join("current").join(name);
        all.extend(fs::read(path).ok().map(|content| (name.to_owned(), content)));
    }
    all
}

/// Months, of both measures: `row: before → now cause part`.
fn moved(csv: &str) -> Vec<String> {
    let lines = csv.lines().skip(1).filter_map(|line| {
        let cells: Vec<&str> = line.split(',').collect();
        let [_, key, measure, cause, before, now, part] = cells[..] else { panic!("{line}") };
        let period = key.rsplit_once("periode=").map_or("", |(_, period)| period);
        let is_month = period.len() == 7 && !period.contains('T');
        let short = measure.strip_prefix("nb_")?;
        let is_wanted = is_month && ["activites", "participations"].contains(&short);
        is_wanted.then(|| format!("{key} {short}: {before} → {now} {cause} {part}"))
    });
    lines.collect()
}

/// All rows of a month and a type move alike where there is one type.
fn twice(lines: &[&str]) -> Vec<String> {
    let of = |head: &str| lines.iter().map(|line| format!("{head}{line}")).collect::<Vec<_>>();
    [of(""), of("type_employeur=association|")].concat()
}

#[test]
fn each_figure_that_moved_has_the_cause_that_the_script_gave_it() {
    let mut script = Script::new();
    script.first_night();
    assert!(!script.scene.warehouse().join("current/revisions.parquet").exists());

    script.set("late", "2025-03-20", &[("nb_participants", "3")]);
    assert_eq!(
        script.night(),
        twice(&[
            "periode=2025-03 activites: 4 → 5 arrivee 1",
            "periode=2025-03 participations: 8 → 11 arrivee 3",
        ])
    );

    script.set("b", "2025-03-04", &[("nb_participants", "7")]);
    assert_eq!(script.night(), twice(&["periode=2025-03 participations: 11 → 16 modification 5"]));

    script.rows.retain(|(id, _)| id != "c");
    assert_eq!(
        script.night(),
        twice(&[
            "periode=2025-03 activites: 5 → 4 suppression -1",
            "periode=2025-03 participations: 16 → 14 suppression -2",
        ])
    );

    let of = |name: &str, rest: &str| {
        format!(
            "[[correction]]\nname = \"{name}\"\nsource = \"activites_plates\"\nreason = \"saisie\"\n\
             provider = \"un partenaire\"\nstatus = \"open\"\nexpect = 1\n{rest}\n"
        )
    };
    let ten = of(
        "dix_pour_deux",
        "action = \"override\"\nwhere = { activite_id = \"d\" }\nset = { nb_participants = 10 }",
    );
    script.correct(&ten);
    assert_eq!(script.night(), twice(&["periode=2025-03 participations: 14 → 22 correction 8"]));

    script.category = "7210";
    assert_eq!(
        script.night(),
        [
            "type_employeur=association|periode=2025-04 activites: 2 → 1 referentiel -1",
            "type_employeur=association|periode=2025-04 participations: 95 → 90 referentiel -5",
            "type_employeur=commune|periode=2025-04 activites: 0 → 1 referentiel 1",
            "type_employeur=commune|periode=2025-04 participations: 0 → 5 referentiel 5",
        ]
    );

    // Several causes in one night, in one figure.
    let without = of("essai", "action = \"drop\"\nwhere = { activite_id = \"a\" }");
    script.correct(&[ten, without.clone()].join("\n"));
    script.set("later", "2025-03-21", &[]);
    script.set("late", "2025-03-20", &[("nb_participants", "1")]);
    assert_eq!(
        script.night(),
        twice(&[
            "periode=2025-03 participations: 22 → 19 arrivee 1",
            "periode=2025-03 participations: 22 → 19 correction -2",
            "periode=2025-03 participations: 22 → 19 modification -2",
        ]),
        "that of activities is what it was"
    );

    // A correction that ends, and a record that moves to another month.
    script.correct(&without);
    script.set("later", "2025-04-21", &[]);
    assert_eq!(
        script.night(),
        [
            "periode=2025-03 activites: 4 → 3 modification -1",
            "periode=2025-03 participations: 19 → 10 correction -8",
            "periode=2025-03 participations: 19 → 10 modification -1",
            "periode=2025-04 activites: 2 → 3 modification 1",
            "periode=2025-04 participations: 95 → 96 modification 1",
            "type_employeur=association|periode=2025-03 activites: 4 → 3 modification -1",
            "type_employeur=association|periode=2025-03 participations: 19 → 10 correction -8",
            "type_employeur=association|periode=2025-03 participations: 19 → 10 modification -1",
            "type_employeur=association|periode=2025-04 activites: 1 → 2 modification 1",
            "type_employeur=association|periode=2025-04 participations: 90 → 91 modification 1",
        ]
    );

    let explained = script.explain(&["type_employeur=association|periode=2025-03"]).expect(0);
    for line in [
        "nb_participations                      10  not released",
        "2025-03  plat               3                 10",
        "2025  ecartee  essai      1             2",
        "2025-07-01  nb_participations                       19   10  correction    -8",
    ] {
        assert!(explained.stdout.contains(line), "{line}\n{}", explained.stdout);
    }
    let unknown = script.explain(&["type_employeur=comune"]).expect(66);
    assert!(unknown.stderr.contains("codes of `type_employeur`: association, commune"));
    for (row, told) in [
        ("commune", "`commune` is no dimension and code"),
        ("theme=sante", "`theme` is no dimension of the table"),
        ("periode=2025|periode=2024", "`periode` is given twice"),
    ] {
        let misused = script.explain(&[row]).expect(2);
        assert!(misused.stderr.contains(told), "{}", misused.stderr);
    }
    let mut command = conum();
    command.args(["explain", "reconciliation", "--warehouse"]).arg(script.scene.warehouse());
    let made = said(&command.output().unwrap()).expect(2);
    assert!(made.stderr.contains("the program makes it of tables"), "{}", made.stderr);
    assert!(made.stderr.contains("`conum describe reconciliation`"), "{}", made.stderr);

    script.rule("between = [1, 5000]", "between = [1, 50]");
    assert_eq!(
        script.night(),
        [
            "periode=2025-04 activites: 3 → 2 regle -1",
            "periode=2025-04 participations: 96 → 6 regle -90",
            "type_employeur=association|periode=2025-04 activites: 2 → 1 regle -1",
            "type_employeur=association|periode=2025-04 participations: 91 → 1 regle -90",
        ]
    );

    // From the first run to the last, what came and went again is told by its causes.
    let runs = fs::read_dir(script.scene.warehouse().join("runs")).unwrap();
    let mut runs: Vec<String> =
        runs.map(|run| run.unwrap().file_name().into_string().unwrap()).collect();
    runs.sort();
    let all = moved(&script.diff(&[&runs[0], "--table", TABLE, "--key", "periode=2025-03"]).stdout);
    let national = [
        "periode=2025-03 activites: 4 → 3 arrivee 1",
        "periode=2025-03 activites: 4 → 3 modification -1",
        "periode=2025-03 activites: 4 → 3 suppression -1",
        "periode=2025-03 participations: 8 → 10 arrivee 4",
        "periode=2025-03 participations: 8 → 10 correction -2",
        "periode=2025-03 participations: 8 → 10 modification 2",
        "periode=2025-03 participations: 8 → 10 suppression -2",
    ];
    assert_eq!(all, twice(&national));
    assert!(script.scene.run().expect(0).stdout.contains("Nothing new"));
    script.again();

    let unknown =
        conum().args(["diff", "1999-01-01", "--warehouse"]).arg(script.scene.warehouse()).output();
    let unknown = said(&unknown.unwrap()).expect(66);
    assert!(unknown.stderr.contains("no published run is `1999-01-01`"), "{}", unknown.stderr);
}

/// Activities of March alone, by all employers: what moved of them, and why.
fn of_march(lines: &[String]) -> Vec<&str> {
    let march = lines.iter().filter_map(|line| line.strip_prefix("periode=2025-03 "));
    march.collect()
}

#[test]
fn what_a_record_says_is_told_apart_from_when_it_was_touched_and_whether_it_counts() {
    let mut script = Script::new();
    script.first_night();

    // An export that touches all records, on the night of a correction.
    script.rows.iter_mut().for_each(|(_, row)| *row = row.replace("T12:00", "T13:00"));
    script.correct(
        "[[correction]]\nname = \"dix_pour_deux\"\nsource = \"activites_plates\"\n\
         reason = \"saisie\"\nprovider = \"un partenaire\"\nstatus = \"open\"\nexpect = 1\n\
         action = \"override\"\nwhere = { activite_id = \"d\" }\nset = { nb_participants = 10 }",
    );
    assert_eq!(of_march(&script.night()), ["participations: 8 → 16 correction 8"]);

    // An edit that the rules refuse, and the next that they do not.
    script.set("b", "2025-03-04", &[("nb_participants", "9000")]);
    let left = ["activites: 4 → 3 modification -1", "participations: 16 → 14 modification -2"];
    assert_eq!(of_march(&script.night()), left);
    script.set("b", "2025-03-04", &[("nb_participants", "2")]);
    let joined = ["activites: 3 → 4 modification 1", "participations: 14 → 16 modification 2"];
    assert_eq!(of_march(&script.night()), joined);

    // A day of a month where nothing counts, and back.
    script.set("c", "2026-03-04", &[("nb_participants", "2")]);
    assert_eq!(of_march(&script.night()), left);
    script.set("c", "2025-03-04", &[("nb_participants", "2")]);
    assert_eq!(of_march(&script.night()), joined);
    script.again();
}

#[test]
fn a_notice_of_deletion_that_ended_is_a_deletion_with_the_other_sign() {
    let mut script = Script::new();
    let notice = "{\"_id\":{\"$oid\":\"01\"},\"deletedAt\":{\"$date\":\"2025-06-01T10:00:00Z\"},\
        \"craObj\":{}}";
    script.scene.file("cras.jsonl", document("01", &[]));
    script.first_night();
    let of_all = |script: &mut Script| -> Vec<String> {
        script.first_night();
        let told = script.diff(&["--table", TABLE, "--key", "ensemble"]).stdout;
        let figures = told.lines().filter(|line| line.contains(",nb_activites,"));
        figures.map(str::to_owned).collect()
    };
    script.scene.file("cras_deleted.jsonl", notice);
    let applied = of_all(&mut script);
    assert_eq!(applied, [format!("{TABLE},ensemble,nb_activites,suppression,67,66,-1")]);
    // The file that tells of deletions tells of another one.
    script.scene.file("cras_deleted.jsonl", notice.replace("\"01\"", "\"02\""));
    let ended = of_all(&mut script);
    assert_eq!(ended, [format!("{TABLE},ensemble,nb_activites,suppression,66,67,1")]);
}

/// A table of activities by some dimensions.
fn declared(by: &str, measures: &str) -> String {
    format!(
        "title = \"Essai\"\ndefinition = \"Essai.\"\nfrom = \"activites\"\nby = [{by}]\n\
         measures = [{measures}]\n"
    )
}

#[test]
fn a_table_that_changed_is_compared_by_what_both_runs_have() {
    let mut script = Script::new();
    let folder = script.scene.pipeline.with_file_name("tables");
    let write = |name: &str, by: &str, measures: &str| {
        fs::write(folder.join(format!("{name}.toml")), declared(by, measures)).unwrap();
    };
    let (two, one) = ("\"type_employeur\", \"region\"", "\"region\"");
    let (count, sums) = ("\"nb_activites\"", "\"nb_activites\", \"nb_participations\"");
    write("gagne", two, count);
    write("perd", two, sums);
    write("autre", two, count);
    script.first_night();
    write("gagne", two, sums);
    write("perd", two, count);
    write("autre", one, count);
    script.set("late", "2025-03-20", &[("nb_participants", "3")]);
    script.first_night();
    for table in ["gagne", "perd"] {
        let moved = script.diff(&["--table", table]).stdout;
        assert!(moved.contains(",ensemble,nb_activites,arrivee,66,67,1\n"), "{moved}");
        assert!(!moved.contains("nb_participations"), "{moved}");
    }
    let of_others = script.diff(&["--table", "autre"]).stdout;
    assert_eq!(of_others.lines().count(), 1, "other dimensions: {of_others}");
}

#[test]
fn the_triangle_is_of_the_first_main_table() {
    let mut scene = Scene::new();
    let folder = scene.own_declarations();
    let table = declared("\"type_employeur\", \"periode\"", "\"nb_minutes\"");
    let table = format!("{table}periods = [\"mois\"]\n");
    fs::write(folder.join("tables/essai.toml"), table).unwrap();
    scene.flat(&["a", "b"].map(|id| row(id, "2025-05-09", &[])));
    run_on(&scene, "2025-05-15").expect(0);
    let indicators = |day: &str| {
        run_on(&scene, day).expect(0);
        scene.parquet("current/triangle.parquet", &["periode", "indicateur", "j1"])
    };
    let of_first = indicators("2025-06-15");
    assert!(of_first.contains("2025-05,nb_activites,2\n"), "{of_first}");
    let text = fs::read_to_string(&scene.pipeline).unwrap();
    let main = "main_tables = [";
    assert!(text.contains(main));
    fs::write(&scene.pipeline, text.replace(main, "main_tables = [\"essai\", ")).unwrap();
    assert_eq!(indicators("2025-06-16"), "2025-05,nb_minutes,60\n");
}
