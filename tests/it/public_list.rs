//! The public list of employers: lost zeros put back, everyone in the right place.

use crate::support::Scene;

pub const HEADER: &str = "Raison sociale;Commune INSEE;Département;Région;Nombre de conseillers validés par le COSELEC;Date de validation en comité de sélection;Type;SIRET;Code département;Adresse;Code commune INSEE;Code postal;Investissement financier estimatif total de l’Etat;ZRR;QPV;France services";

fn check(rows: &[&str], columns: &[&str], expected: &str) {
    let scene = Scene::new();
    scene.file("employeurs_open_data.csv", format!("{HEADER}\n{}\n", rows.join("\n")));
    scene.run().expect(0);
    assert_eq!(scene.parquet("clean/employeurs_publics.parquet", columns), expected);
    scene.verify().expect(0);
}

#[test]
fn lost_zeros_are_put_back_and_flagged() {
    check(
        &[
            "MAIRIE INVENTEE;Bourg;Ain;Auvergne;1;16/06/2021;publique;21990001000018;1;1 RUE;1053;1000;55429;non;sans objet;oui",
        ],
        &[
            "date_validation",
            "departement",
            "commune",
            "drapeaux",
            "investissement_centimes",
            "france_services",
        ],
        "2021-06-16,01,01053,code_commune_repare|code_postal_repare|departement_repare|siret_invalide,5542900,oui\n",
    );
}

#[test]
fn saint_martin_is_its_own_collectivity() {
    check(
        &[
            "ASSOCIATION DE L'ILE;Saint-Martin;;;2;16/06/2021;privée;73282932000074;0;1 RUE;97801;97150;74858;non;Non défini;non renseigné",
        ],
        &["departement", "departement_source", "commune", "type_employeur", "france_services"],
        "978,commune,97801,association,inconnu\n",
    );
    check(
        &[
            "ASSOCIATION DE L'ILE;;;;2;16/06/2021;privée;73282932000074;0;1 RUE;;97150;74858;non;Non défini;non renseigné",
        ],
        &["departement", "departement_source"],
        "978,code_postal\n",
    );
}

#[test]
fn the_commune_decides_and_a_declared_departement_that_differs_is_flagged() {
    check(
        &[
            "ASSOCIATION DE LA FILATURE;Mulhouse;Bas-Rhin;Grand Est;1;16/06/2021;privée;73282932000074;67;1 RUE;68224;67000;37429;non;oui;non",
        ],
        &["departement", "drapeaux"],
        "68,code_postal_divergent|departement_divergent\n",
    );
}

#[test]
fn types_come_from_names_when_no_legal_category_is_known() {
    check(
        &[
            "CCAS DE VALMONT;;;;1;16/06/2021;publique;26990001500018;01;;01053;01000;1;non;non;non",
            "COMMUNAUTE DE COMMUNES \"\"DU VAL\"\";;;;1;16/06/2021;publique;20099001800018;01;;01053;01000;1;non;non;non",
            "SYNDICAT MIXTE DU VAL;;;;1;16/06/2021;publique;25990001700015;01;;01053;01000;1;non;non;non",
        ],
        &["type_employeur", "type_employeur_source"],
        "epci,nom\nsyndicat,siren_prefixe\nccas,nom\n",
    );
}

#[test]
fn identical_lines_are_one_decision() {
    let line =
        "MAIRIE INVENTEE;;;;3;16/06/2021;publique;73282932000074;01;;01053;01000;1;non;non;non";
    check(&[line, line], &["nb_postes"], "3\n");
}

/// Checks the type, group and source of one employer: name, declared type, SIRET.
#[track_caller]
fn check_type((name, declared, siret): (&str, &str, &str), expected: &str) {
    let row = format!("{name};;;;1;16/06/2021;{declared};{siret};01;;01053;01000;1;non;non;non");
    let columns = ["type_employeur", "groupe_employeur", "type_employeur_source"];
    check(&[&row], &columns, &format!("{expected}\n"));
}

#[test]
fn a_number_that_mixes_public_bodies_is_told_by_the_name() {
    let siret = "20099004200018";
    for (name, expected) in [
        ("COMMUNE DE VALMONT", "commune,commune,nom"),
        ("CTRE COM ACTION SOCIALE VALMONT", "ccas,ccas,nom"),
        ("CIAS DU PAYS DE VALMONT", "cias,ccas,nom"),
        ("VALMONT AGGLOMERATION", "epci,epci,nom"),
        ("PETR DU VAL", "syndicat,autre_public,nom"),
        ("PAYS DU VAL", "syndicat,autre_public,nom"),
        ("LE VAL", "syndicat,autre_public,siren_prefixe"),
    ] {
        check_type((name, "publique", siret), expected);
    }
}

#[test]
fn private_bodies_are_told_by_the_name() {
    let siret = "41990011300012";
    for (name, expected) in [
        ("ASS DES AMIS DE LA COOPERATIVE", "association,association,nom"),
        ("FONDATION VALMONT", "fondation,autre_prive,nom"),
        ("VALMONT MUTUELLE", "protection_sociale,autre_prive,nom"),
        ("VALMONT NUMERIK SAS", "entreprise,autre_prive,nom"),
        ("OFFICE PUBLIC DE L'HABITAT DE VALMONT", "etablissement_public_local,autre_public,nom"),
        ("GCS SANTE DE VALMONT", "autre_prive,autre_prive,nom"),
        ("VAUBRUNEL*/OCTAVIE  /", "personne_physique,autre_prive,nom"),
        ("CONSEIL DEPARTEMENTAL DU VALMONT", "departement,departement,nom"),
    ] {
        check_type((name, "privée", siret), expected);
    }
}

#[test]
fn a_private_employer_whose_name_says_nothing_counts_as_an_association() {
    let siret = "41990011300012";
    check_type(("LES 4 VENTS", "privée", siret), "association,association,type_declare");
    check_type(("LES 4 VENTS", "publique", siret), "association,association,siren_prefixe");
    check_type(("LES 4 VENTS", "publique", ""), "inconnu,inconnu,inconnu");
}

#[test]
fn an_epci_that_is_no_more_is_still_one() {
    check_type(("CA DISSOUTE", "publique", "20003545900011"), "epci,epci,siren_reference");
}

#[test]
fn types_are_crossed_with_what_was_declared() {
    let scene = Scene::new();
    let rows = [
        "LES 4 VENTS;;;;2;16/06/2021;privée;41990011300012;01;;01053;01000;1;non;non;non",
        "LES 5 VENTS;;;;1;16/06/2021;publique;41990012100015;01;;01053;01000;1;non;non;non",
    ];
    scene.file("employeurs_open_data.csv", format!("{HEADER}\n{}\n", rows.join("\n")));
    scene.run().expect(0);
    let table = scene.read("tables/employeurs_par_type_declare.csv");
    for line in [
        "association,privée,type_declare,1,1,2",
        "association,publique,siren_prefixe,1,1,1",
        "association,ensemble,ensemble,2,2,3",
    ] {
        assert!(table.lines().any(|found| found == line), "{line} in {table}");
    }
}
