//! Months that are far from the past of their own cell are told, once, whichever way they went.

use crate::support::{FLAT, Scene, conum, row, said};

const TABLE: &str = "activites_par_employeur_periode";

/// Forty records a month from October 2022 to February 2025, the last month that is closed on
/// the reference day, but what is said of the last two.
fn write(scene: &Scene, january: usize, february: usize, more: &[String]) {
    let months = (0..29).map(|number| (2022 + (9 + number) / 12, (9 + number) % 12 + 1));
    let rows = months.flat_map(|(year, month)| {
        let count = match (year, month) {
            (2025, 1) => january,
            (2025, 2) => february,
            _ => 40,
        };
        (0..count).map(move |record| {
            row(&format!("{year}-{month}-{record}"), &format!("{year}-{month:02}-10"), &[])
        })
    });
    let rows: Vec<String> = rows.chain(more.iter().cloned()).collect();
    scene.structures().file("activites_plates.csv", format!("{FLAT}\n{}\n", rows.join("\n")));
}

/// What the command says is odd and was not before, of activities over all the country.
fn new(scene: &Scene) -> Vec<String> {
    let mut command = conum();
    command.args(["diff", "--outliers", "--table", TABLE, "--format", "csv", "--warehouse"]);
    let said = said(&command.arg(scene.warehouse()).output().unwrap()).expect(0);
    let lines = said.stdout.lines().skip(1).filter_map(|line| {
        let line = line.strip_prefix("activites_par_employeur_periode,periode=")?;
        line.contains(",nb_activites,").then(|| line.to_owned())
    });
    lines.collect()
}

fn run(scene: &Scene) -> String {
    let said = scene.run();
    assert!([0, 3].contains(&said.code), "{}", said.stderr);
    scene.verify().expect(0);
    said.stdout
}

#[test]
fn a_rise_and_a_fall_are_told_the_night_they_come_and_not_again() {
    let scene = Scene::new();
    write(&scene, 40, 40, &[]);
    let said = run(&scene);
    assert!(said.contains("Far from their own past: 0 figures, 0 of them new"), "{said}");
    assert!(new(&scene).is_empty());

    write(&scene, 100, 10, &[]);
    let told = run(&scene);
    assert!(told.contains("Far from their own past: "), "{told}");
    let odd = [
        "2025-02,2025-02,nb_activites,10,40,3000,baisse",
        "2025-01,2025-01,nb_activites,100,40,1500,hausse",
    ];
    assert_eq!(new(&scene), odd);
    let mut explain = conum();
    explain.args(["explain", TABLE, "periode=2025-02", "--warehouse"]).arg(scene.warehouse());
    let explained = crate::support::said(&explain.output().unwrap()).expect(0);
    assert!(explained.stdout.contains("Far from its own past\n"), "{}", explained.stdout);
    assert!(explained.stdout.contains("-30.00"), "{}", explained.stdout);

    // A provisional month is low by nature.
    write(&scene, 100, 10, &[row("may", "2025-05-10", &[])]);
    run(&scene);
    assert!(new(&scene).is_empty());
    let kept = scene.parquet("current/atypiques.parquet", &["table", "cle", "sens"]);
    assert!(kept.contains("activites_par_employeur_periode,periode=2025-02,baisse"), "{kept}");
    assert!(!kept.contains("2025-05") && !kept.contains("2025-03"), "{kept}");

    // What is as usual again is odd no more.
    write(&scene, 40, 40, &[]);
    assert!(run(&scene).contains("Far from their own past: 0 figures"));
}
