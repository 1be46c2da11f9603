//! Posts, contracts and subsidies of the dataspace, and the key figures made of them.

use std::fs;

use crate::support::{Scene, said};

const STRUCTURES: &str = "id,siret,ridet,denomination_sirene,denomination_antenne,\
    etat_administratif,categorie_juridique,publique,code_insee,code_postal,france_services\n\
    1,73282932000074,,ASSOCIATION DU PONT,,A,9220,false,01053,01000,oui\n\
    2,,,COMMUNE DU LAC,,A,7210,true,2A004,20000,non\n";

const POSTS: &str = "id,poste_conum_id,structure_id,personne_id,typologie,date_attribution,\
    date_rendu_poste,poste_renouvele,etat,created_at,updated_at\n";

const CONTRACTS: &str =
    "id,personne_id,date_debut,date_fin,date_rupture,type,structure_id,created_at,updated_at\n";

const SUBSIDIES: &str = "id,poste_id,date_debut_convention_dgcl,date_fin_convention_dgcl,\
    date_debut_convention_dge,date_fin_convention_dge,date_debut_convention_ditp,\
    date_fin_convention_ditp,montant_subvention_v1,montant_versement_v1,montant_avoir_v1,\
    montant_bonification_v2,montant_subvention_v2,montant_avoir_v2,versement_1_v2,versement_2_v2,\
    versement_3_v2,date_versement_1_v2,date_versement_2_v2,date_versement_3_v2\n";

const BY_SOURCE: &str = "id,poste_id,source_financement,date_debut_convention,\
    date_fin_convention,montant_subvention,montant_bonification,versement_1,versement_2,\
    versement_3\n";

/// One post held, one that moved, one given back, one vacant, one awarded later.
const FEW_POSTS: &str = "11,101,1,501,conum,2021-05-01,,true,occupe,2022-01-01 10:00:00,\n\
    10,101,1,,conum,2021-05-01,,false,vacant,2021-05-01 10:00:00,\n\
    12,102,1,,conum,2021-05-01,,,occupe,2021-05-01 10:00:00,\n\
    13,102,2,502,coordo,2021-05-01,,,occupe,2022-05-01 10:00:00,\n\
    14,103,2,503,conum,2021-05-01,2025-03-01,,rendu,2021-05-01 10:00:00,\n\
    15,104,2,,,2021-05-01,,,vacant,2021-05-01 10:00:00,\n\
    16,105,2,,conum,2025-08-01,,,vacant,2021-05-01 10:00:00,\n\
    17,106,1,504,conum,2021-05-01,2025-09-01,,rendu,2021-05-01 10:00:00,\n";

/// On 1 July 2025: running, running without term, ended, broken off, still to begin.
const FEW_CONTRACTS: &str = "1,501,2024-01-01,2025-12-31,,CDD,1,2024-01-01 10:00:00,\n\
    2,501,2026-01-01,2026-12-31,,CDD,1,2025-10-01 10:00:00,\n\
    3,502,2022-05-01,,,CDI,2,2022-05-01 10:00:00,\n\
    4,503,2021-05-01,2022-04-30,,CDD,2,2021-05-01 10:00:00,\n\
    5,503,2022-05-01,2025-12-31,2025-03-01,CDD,2,2022-05-01 10:00:00,2022-05-01 10:00:00\n\
    5,503,2022-05-01,2025-12-31,,CDD,2,2022-05-01 10:00:00,2022-04-01 10:00:00\n\
    6,504,2024-01-01,2025-07-31,,XXX,1,2024-01-01 10:00:00,\n";

fn scene() -> Scene {
    let mut scene = Scene::new();
    // One subsidy in four is refused.
    let folder = scene.own_declarations();
    let pipeline = fs::read_to_string(folder.join("national.toml")).unwrap();
    let lenient = pipeline.replace("rejects_percent_max = 5", "rejects_percent_max = 50");
    fs::write(folder.join("national.toml"), lenient).unwrap();
    scene
        .file("dataspace_structure_administrative.csv", STRUCTURES)
        .file("dataspace_poste.csv", format!("{POSTS}{FEW_POSTS}"))
        .file("dataspace_contrat.csv", format!("{CONTRACTS}{FEW_CONTRACTS}"))
        .file(
            "dataspace_subvention.csv",
            format!(
                "{SUBSIDIES}\
             1,11,2021-06-01,2023-05-31,2023-06-01,2026-05-31,,,50000,50000,,5000,30000,,20000,\
             10000,,2023-07-01,2025-08-01,\n\
             2,10,2021-06-01,2022-05-31,,,,,99999,1000,,,,,,,,,,\n\
             3,99,2021-06-01,2023-05-31,,,,,40000,,,,,,,,,,,\n\
             4,12,,,,,,,,,,,,,,,,,,\n"
            ),
        )
        .file(
            "dataspace_financement.csv",
            format!("{BY_SOURCE}1,13,DITP,2023-01-01,2025-12-31,30000.50,,40000,,\n"),
        );
    scene
}

#[test]
fn a_post_is_what_its_last_line_and_the_reference_day_say() {
    let scene = scene();
    scene.run();
    let columns = [
        "structure_id",
        "type_employeur",
        "departement",
        "typologie",
        "etat_poste",
        "sous_contrat",
    ];
    let mut rows: Vec<String> =
        scene.parquet("clean/postes.parquet", &columns).lines().map(str::to_owned).collect();
    rows.sort();
    assert_eq!(
        rows,
        [
            "sa-1,association,01,conum,occupe,oui",
            "sa-1,association,01,conum,occupe,oui",
            "sa-1,association,01,conum,transfere,non",
            "sa-2,commune,2A,conum,a_venir,non",
            "sa-2,commune,2A,conum,rendu,non",
            "sa-2,commune,2A,coordo,occupe,oui",
            "sa-2,commune,2A,inconnu,vacant,non",
        ]
    );
    let ledger = scene.parquet("current/ledger.parquet", &["source", "devenir", "lignes"]);
    assert!(ledger.contains("dataspace_postes,gardee,7"), "{ledger}");
    assert!(ledger.contains("dataspace_postes,remplacee,1"), "{ledger}");
    scene.verify().expect(0);
}

#[test]
fn a_contract_is_due_until_the_next_one_is_entered() {
    let scene = scene();
    scene.run();
    let columns = [
        "type_contrat",
        "etat_contrat",
        "echeance",
        "rang_contrat",
        "nb_contrats_non_rompus",
        "nb_renouvellements_dus",
    ];
    let due = |scene: &Scene| {
        let rows = scene.parquet("clean/contrats.parquet", &columns);
        let mut rows: Vec<String> = rows.lines().map(str::to_owned).collect();
        rows.sort();
        rows
    };
    assert_eq!(
        due(&scene),
        [
            "CDD,a_venir,2026-12,2,0,0",
            "CDD,echu,2022-04,1,1,0",
            "CDD,en_cours,2025-12,1,1,1",
            "CDD,rompu,2025-12,2,0,0",
            "CDI,en_cours,,1,1,0",
            "inconnu,en_cours,2025-07,1,1,1",
        ]
    );
    let known = FEW_CONTRACTS.replace("2025-10-01", "2025-06-01");
    scene.file("dataspace_contrat.csv", format!("{CONTRACTS}{known}"));
    scene.run();
    assert!(due(&scene).contains(&"CDD,en_cours,2025-12,1,1,0".to_owned()));
    let months = scene.read("tables/contrats_par_echeance.csv");
    assert!(months.contains("ensemble,2025,2025-12,1,0\n"), "{months}");
    assert!(months.contains("ensemble,2025,2025-07,1,1\n"), "{months}");
}

#[test]
fn an_envelope_has_one_amount_and_all_its_payments() {
    let scene = scene();
    scene.run();
    let columns = [
        "enveloppe",
        "source_financement",
        "type_employeur",
        "annee_convention",
        "conventionne_centimes",
        "verse_centimes",
        "reste_centimes",
        "drapeaux",
    ];
    let rows = scene.parquet("clean/subventions.parquet", &columns);
    let mut rows: Vec<&str> = rows.lines().collect();
    rows.sort_unstable();
    assert_eq!(
        rows,
        [
            "v1,dgcl,association,2021,5000000,5100000,-100000,verse_superieur",
            "v1,dgcl,inconnu,2021,4000000,0,4000000,poste_inconnu",
            "v2,dge,association,2023,3500000,2000000,1500000,",
            "v2,ditp,commune,2023,3000050,4000000,-999950,verse_superieur",
        ]
    );
    let ledger = scene.parquet("current/ledger.parquet", &["source", "devenir", "lignes"]);
    for line in ["gardee,2", "remplacee,1", "rejetee,1"] {
        assert!(ledger.contains(&format!("dataspace_subventions,{line}")), "{line}\n{ledger}");
    }
    let table = scene.read("tables/subventions_par_enveloppe.csv");
    assert!(table.contains("ensemble,ensemble,ensemble,ensemble,4,15500050,11100000,4400050,0\n"));
}

#[test]
fn the_share_of_the_state_is_that_of_the_days_under_contract() {
    let scene = scene();
    scene.run();
    let table = scene.read("tables/part_etat_du_cout.csv");
    let of = |key: &str| table.lines().find_map(|line| line.strip_prefix(&format!("{key},")));
    // Contract 4 ends the day before contract 5 begins, which is broken off on 1 March 2025;
    // contract 3 runs.
    let commune = |year: &str| of(&format!("commune,{year}")).unwrap().split(',').next().unwrap();
    assert_eq!(commune("2021"), "245");
    assert_eq!(commune("2022"), (120 + 245 + 245).to_string());
    assert_eq!(commune("2023"), "730");
    assert_eq!(commune("2025"), (59 + 182).to_string());
    // 730 days at 40,000 euros for 365.
    assert!(of("commune,2023").unwrap().starts_with("730,8000000,"), "{table}");
    // The agreement of the post that no line has is of a known year, and of no known type.
    assert!(of("inconnu,2021").unwrap().starts_with("0,0,"), "{table}");
    // 30,000.50 euros over three years; the reference day leaves 183 of 1,096 days out.
    let all = of("commune,ensemble").unwrap();
    assert!(
        all.ends_with(&format!(",{},{}", 3_000_050_i64 * 913 / 1_096, 4_000_000_i64 * 913 / 1_096)),
        "{table}"
    );
}

#[test]
fn the_public_list_tells_the_label_of_a_post_that_its_extract_leaves_open() {
    let scene = scene();
    let open = STRUCTURES.replace("01000,oui", "01000,");
    let public = "Raison sociale;Commune INSEE;Département;Région;Nombre de conseillers validés \
        par le COSELEC;Date de validation en comité de sélection;Type;SIRET;Code département;\
        Adresse;Code commune INSEE;Code postal;Investissement financier estimatif total de \
        l’Etat;ZRR;QPV;France services\n";
    let decision = |day: &str, zrr: &str, label: &str| {
        format!(
            "A;B;Ain;R;1;{day};privée;73282932000074;01;1 RUE;01053;01000;1;{zrr};non;{label}\n"
        )
    };
    let columns = ["structure_id", "france_services", "zrr", "drapeaux"];
    let told = |scene: &Scene| {
        scene.run();
        let rows = scene.parquet("clean/postes.parquet", &columns);
        rows.lines().find(|row| row.starts_with("sa-1,")).unwrap().to_owned()
    };
    scene.file("dataspace_structure_administrative.csv", &open);
    assert_eq!(told(&scene), "sa-1,inconnu,,");
    let lines = [
        decision("17/06/2021", "oui", "oui"),
        decision("16/06/2021", "non", "non"),
        decision("18/06/2021", "", "non renseigné"),
    ];
    scene.file("employeurs_open_data.csv", format!("{public}{}", lines.concat()));
    assert_eq!(told(&scene), "sa-1,oui,oui,france_services_publique");
    // What its own extract says stands.
    scene.file(
        "dataspace_structure_administrative.csv",
        STRUCTURES.replace("01000,oui", "01000,non"),
    );
    assert_eq!(told(&scene), "sa-1,non,oui,");
    scene.verify().expect(0);
}

#[test]
fn a_post_of_an_unknown_structure_bears_a_flag() {
    let scene = scene();
    let posts = format!("{POSTS}{FEW_POSTS}").replace("15,104,2,", "15,104,9,");
    scene.file("dataspace_poste.csv", posts);
    scene.run();
    let rows =
        scene.parquet("clean/postes.parquet", &["structure_id", "type_employeur", "drapeaux"]);
    assert!(rows.contains("sa-9,inconnu,structure_inconnue\n"), "{rows}");
    assert_eq!(rows.matches("structure_inconnue").count(), 1);
    scene.verify().expect(0);
}

/// Name → value and whether it agrees, on the day of the public account.
fn figures(scene: &Scene) -> Vec<(String, String, String)> {
    let arguments = scene
        .arguments("run")
        .into_iter()
        .map(|argument| if argument == "2025-07-01" { "2023-02-23".into() } else { argument });
    let run = said(&crate::support::conum().args(arguments).output().unwrap());
    assert!([0, 3].contains(&run.code), "{}", run.stderr);
    assert!(run.stdout.contains("Chiffres clés"), "{}", run.stdout);
    let columns = ["chiffre", "valeur", "concorde"];
    let rows = scene.parquet("tables/chiffres_cles.parquet", &columns);
    let parts = rows.lines().map(|row| row.splitn(3, ',').map(str::to_owned).collect::<Vec<_>>());
    parts.map(|mut row| (row.remove(0), row.remove(0), row.remove(0))).collect()
}

#[test]
fn the_sample_tells_the_public_account_of_its_day() {
    let scene = Scene::of_sample();
    let found = figures(&scene);
    assert_eq!(found.len(), 14);
    for (name, value, agrees) in &found {
        // A million accompaniments are more than a small sample holds.
        let expected = if name == "accompagnements" { "non" } else { "oui" };
        assert_eq!(agrees, expected, "{name}: {value}");
    }
    scene.verify().expect(0);
}

#[test]
fn one_record_changes_the_figures_it_is_in_and_no_other() {
    let scene = Scene::of_sample();
    let before = figures(&scene);
    // An association more, labelled, with one adviser without term.
    scene
        .file(
            "dataspace_structure_administrative_2.csv",
            STRUCTURES.replace("\n1,", "\n9001,").replace("\n2,", "\n9002,"),
        )
        .file(
            "dataspace_poste_2.csv",
            format!(
                "{POSTS}99001,99001,9001,99001,conum,2021-05-01,,,occupe,2021-05-01 10:00:00,\n"
            ),
        )
        .file(
            "dataspace_contrat_2.csv",
            format!("{CONTRACTS}c99001,99001,2022-01-01,,,CDI,9001,2022-01-01 10:00:00,\n"),
        );
    let after = figures(&scene);
    let changed: Vec<&str> = before
        .iter()
        .zip(&after)
        .filter(|(before, after)| before.1 != after.1)
        .map(|(before, _)| before.0.as_str())
        .collect();
    assert_eq!(changed, ["conseillers", "associations", "france_services", "part_cdi"]);
}
