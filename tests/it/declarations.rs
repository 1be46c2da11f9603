//! Declarations: a table is one file; all mistakes are told at once, with file and line.

use std::fs;

use crate::support::{Scene, conum, root, row, said};

#[test]
fn a_new_table_is_one_file() {
    let mut scene = Scene::new();
    let folder = scene.own_declarations();
    fs::write(
        folder.join("tables/activites_par_epci.toml"),
        "title = \"Activités par EPCI et nature\"\ndefinition = \"\"\nfrom = \"activites\"\n\
         by = [\"epci\", \"type_activite\"]\nmeasures = [\"nb_activites\", \"nb_ateliers\"]\n",
    )
    .unwrap();
    scene.flat(&[
        row("a", "2023-05-02", &[]),
        row("b", "2023-05-03", &[("activite", "collectif"), ("nb_participants", "6")]),
    ]);
    scene.run().expect(0);
    let table = scene.read("tables/activites_par_epci.csv");
    let expected = "epci,type_activite,nb_activites,nb_ateliers\n\
        200071751,collectif,1,1\n200071751,ensemble,2,1\n200071751,individuel,1,0\n\
        ensemble,collectif,1,1\nensemble,ensemble,2,1\nensemble,individuel,1,0\n";
    assert_eq!(table, expected);
    scene.verify().expect(0);
}

#[test]
fn all_mistakes_are_told_at_once_with_file_and_line() {
    let mut scene = Scene::new();
    let folder = scene.own_declarations();
    let change = |name: &str, from: &str, to: &str| {
        let path = folder.join(name);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{name}");
        fs::write(path, text.replacen(from, to, 1)).unwrap();
    };
    change("tables/activites_par_employeur_periode.toml", "\"periode\"", "\"moi\"");
    change("tables/employeurs_par_type.toml", "from =", "form =");
    change("indicateurs.toml", "of = \"nb_participants\"", "of = \"participantes\"");
    change("rules/activites.toml", "columns = [\"date\"]", "columns = [\"jour\"]");
    change("sources/activites_plates.toml", "list = \"lieux\"", "list = \"places\"");
    change("sources/structures.toml", "as = \"siret\"", "as = \"count\"");
    change("sources/employeurs_open_data.toml", "%d/%m/%Y", "%Q");
    change("tables/activites_par_employeur_theme.toml", "\"theme\", ", "\"activite_id\", ");
    change("tables/activites_par_employeur_modalite.toml", "\"lieu\", ", "\"lieu\", \"lieu\", ");
    change("codelists/modalites.csv", "genre,masculin,", "genre,homme,");
    change("codelists/types_employeur.csv", "gip,", "gipp,");
    change("codelists/types_employeur.csv", ",18,inconnu", ",18,divers");
    change("reference/communes_divisees.csv", "45093 45313", "45093 45999");
    fs::remove_file(folder.join("codelists/lieux.csv")).unwrap();
    let said = said(&conum().arg("check").arg("--pipeline").arg(&scene.pipeline).output().unwrap());
    let said = said.expect(78);
    for expected in [
        "tables/activites_par_employeur_periode.toml:4: dimension `moi`",
        "tables/employeurs_par_type.toml:3: unknown field `form`",
        "indicateurs.toml:11: [nb_participations]",
        "rules/activites.toml:7: rule `date_trop_ancienne`: column `jour`",
        "sources/activites_plates.toml:19: column `lieu`: no code list `places`",
        "sources/structures.toml:11: column `siret` cannot be read as Count",
        "codelists/lieux.csv: is missing",
        "codelists/modalites.csv: `masculin` of `genre` has no label",
        "codelists/types_employeur.csv: `regroupement` of `inconnu` is `divers`",
        "reference/communes_divisees.csv: 45117: `heritiers`",
        "sources/employeurs_open_data.toml:14: column `date_validation`: `%Q` is no format",
        "tables/activites_par_employeur_theme.toml:4: dimension `activite_id` would make a table of",
        "tables/activites_par_employeur_modalite.toml:4: `lieu` stands twice",
        "codelists/types_employeur.csv: employer type `gip` is used by a rule",
    ] {
        assert!(said.stderr.contains(expected), "{expected}\n---\n{}", said.stderr);
    }
}

#[test]
fn the_declarations_of_the_repository_are_sound() {
    let said = said(
        &conum()
            .arg("check")
            .arg("--pipeline")
            .arg(root().join("pipelines/national.toml"))
            .output()
            .unwrap(),
    );
    assert!(said.expect(0).stdout.contains("no problem found"));
}

#[test]
fn plan_says_what_would_run_and_why() {
    let mut scene = Scene::new();
    let folder = scene.own_declarations();
    scene.flat(&[row("a", "2023-05-02", &[])]);
    let plan = || said(&scene.command("plan").output().unwrap()).expect(0).stdout;
    assert!(plan().contains("no earlier run"), "{}", plan());
    assert!(plan().contains("protect"), "{}", plan());
    assert!(!scene.warehouse().join("current").exists());
    scene.run().expect(0);
    assert!(!plan().contains("  run  "), "{}", plan());
    let said_again = scene.run().expect(0);
    assert!(said_again.stdout.contains("Nothing new"), "{}", said_again.stdout);
    let table = folder.join("tables/employeurs_par_type.toml");
    let text = fs::read_to_string(&table).unwrap();
    fs::write(&table, text.replace("title = \"", "title = \"Nouveau : ")).unwrap();
    assert!(plan().contains("`tables/employeurs_par_type.toml` changed"), "{}", plan());
    let lines = plan();
    let clean = lines.lines().find(|line| line.starts_with("clean")).unwrap();
    assert!(clean.contains("up to date"), "{lines}");
}
