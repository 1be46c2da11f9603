//! Extracts of the Coop's database: people counted one by one, employers told by employment.

use crate::support::Scene;

const CLEAN: &str = "clean/activites/annee=2025";

const ACTIVITIES: &str = "id,type,mediateur_id,accompagnements_count,date,duree,notes,\
    structure_employeuse_id,structure_id,type_lieu,lieu_code_postal,lieu_commune,lieu_code_insee,\
    suppression,v1_cra_id,creation,modification,thematiques\n";

fn activity(id: &str, mediator: &str, count: u32, day: &str, employer: &str) -> String {
    format!(
        "{id},collectif,{mediator},{count},{day},60,,{employer},,autre,01000,,01053,,,{day} 10:00:00.123,\
         {day} 10:00:00.123,\"{{email,\"\"sante\"\"}}\"\n"
    )
}

fn structures(scene: &Scene) {
    scene.file(
        "structures.csv",
        "id;siret;nom;categorie_juridique;code_commune;code_postal;type;france_services\n\
         s1;73282932000074;ASSOCIATION DU PONT;9220;01053;01000;PRIVATE;OUI\n\
         s2;;COMMUNE DE X;7210;01053;01000;COMMUNE;NON\n",
    );
}

#[test]
fn people_of_a_database_extract_are_counted() {
    let scene = Scene::new();
    structures(&scene);
    scene
        .file(
            "coop_base_activites.csv",
            format!(
                "{ACTIVITIES}{}{}",
                activity("a", "m", 3, "2025-02-03", "s1"),
                activity("b", "m", 2, "2025-02-04", "s1")
            ),
        )
        .file(
            "coop_base_accompagnements.csv",
            "id,beneficiaire_id,activite_id,premier_accompagnement\n\
             1,p1,a,t\n2,p2,a,f\n3,p3,a,t\n4,p1,b,f\n4,p1,b,f\n",
        )
        .file(
            "coop_base_beneficiaires.csv",
            "id,prenom,nom,annee_naissance,genre,tranche_age,statut_social\n\
             p1,Perrine,Vaubrunel,1950,feminin,,retraite\n\
             p2,,,,masculin,douze_dix_huit,scolarise\n\
             p3,,,,,,\n",
        );
    scene.run().expect(0);
    let columns = [
        "date",
        "nb_participants_recurrents",
        "age_12_17",
        "age_70_plus",
        "age_inconnu",
        "genre_feminin",
        "statut_retraite",
        "drapeaux",
    ];
    let clean = scene.parquet(CLEAN, &columns);
    assert_eq!(clean, "2025-02-03,1,1,1,1,1,1,\n2025-02-04,1,0,1,1,1,1,participants_divergents\n");
    let ledger = scene.parquet("current/ledger.parquet", &["source", "devenir", "lignes"]);
    for line in ["coop_base_accompagnements,gardee,4", "coop_base_accompagnements,doublon,1"] {
        assert!(ledger.contains(line), "{line}\n{ledger}");
    }
    scene.verify().expect(0);
}

#[test]
fn the_employer_is_that_of_the_day_and_says_where_it_comes_from() {
    let scene = Scene::new();
    structures(&scene);
    let rows = [
        activity("declared", "m1", 1, "2025-02-01", "s2"),
        activity("declared_later", "m1", 1, "2025-09-01", "s2"),
        activity("covered", "m1", 1, "2025-02-03", ""),
        activity("after", "m1", 1, "2025-06-05", ""),
        activity("two", "m2", 1, "2025-02-06", ""),
        activity("nobody", "m3", 1, "2025-02-07", ""),
    ];
    scene
        .file("coop_base_activites.csv", format!("{ACTIVITIES}{}", rows.concat()))
        .file(
            "coop_base_users.csv",
            "id,email,mediateur_id,is_conseiller_numerique\n\
             u1,perrine.vaubrunel@exemple.invalid,m1,t\nu2,,m2,f\n",
        )
        .file(
            "coop_base_employes_structures.csv",
            "user_id,structure_id,debut_emploi,fin_emploi,creation,suppression\n\
             u1,s1,2024-01-01,2025-05-31,2024-01-01 00:00:00,\n\
             u2,s1,2024-01-01,,2024-01-01 00:00:00,\n\
             u2,s2,2025-01-01,,2025-01-01 00:00:00,\n",
        );
    let mut arguments = scene.arguments("run");
    let day = arguments.iter().position(|argument| argument == "2025-07-01").unwrap();
    arguments[day] = "2025-12-31".into();
    let mut command = crate::support::conum();
    crate::support::said(&command.args(arguments).output().unwrap()).expect(0);
    let columns =
        ["date", "structure_id", "employeur_source", "type_employeur", "conseiller_numerique"];
    let expected = "2025-02-01,s2,reconstitue,commune,oui\n\
        2025-02-03,s1,emploi,association,oui\n\
        2025-02-06,s2,emploi,commune,non\n\
        2025-02-07,,inconnu,inconnu,inconnu\n\
        2025-06-05,s1,reconstitue,association,oui\n\
        2025-09-01,s2,declare,commune,oui\n";
    assert_eq!(scene.parquet(CLEAN, &columns), expected);
    let flags = scene.parquet(CLEAN, &["date", "drapeaux"]);
    assert!(
        flags.lines().any(|line| line.contains("2025-02-06") && line.contains("emplois_multiples"))
    );
}

#[test]
fn sirene_tells_the_legal_category_of_the_reference_day() {
    let scene = Scene::new();
    scene.flat(&[crate::support::row("a", "2025-02-03", &[])]).file(
        "sirene_unites_legales.csv",
        "siren,siret,categorie_juridique,date_debut,date_fin\n\
             732829320,73282932000074,9220,2000-01-01,2024-12-31\n\
             732829320,73282932000074,7210,2025-01-01,\n\
             123456789,,9220,,\n",
    );
    let said = scene.run();
    // One of three SIREN has a wrong key: more than the gate lets through.
    said.expect(65);
    let rejects = scene.parquet("building/rejects/ingest.parquet", &["emplacement", "raisons"]);
    assert_eq!(rejects, "ligne 4,siren_invalide:siren\n");
    let employers = scene.parquet(
        "building/clean/employeurs.parquet",
        &["categorie_juridique", "type_employeur", "drapeaux"],
    );
    assert_eq!(employers, "7210,commune,categorie_changee\n");
}

#[test]
fn an_activity_has_the_type_that_its_employer_had_that_day() {
    let scene = Scene::new();
    let rows = ["2024-12-31", "2025-01-01"].map(|day| crate::support::row(day, day, &[]));
    let units =
        |periods: &str| format!("siren,siret,categorie_juridique,date_debut,date_fin\n{periods}");
    scene.flat(&rows).file(
        "sirene_unites_legales.csv",
        units("732829320,,9220,2000-01-01,2024-12-31\n732829320,,7210,2025-01-01,\n"),
    );
    scene.run().expect(0);
    let columns = ["date", "type_employeur", "groupe_employeur", "drapeaux"];
    let found = || scene.parquet("clean/activites", &columns);
    assert_eq!(
        found(),
        "2024-12-31,association,association,type_a_la_date\n2025-01-01,commune,commune,\n"
    );
    let table = scene.read("tables/activites_par_employeur_periode.csv");
    assert!(table.contains("\nassociation,2024,"), "{table}");
    // An employer that changed its type did not stop.
    let coverage = scene.read("tables/couverture_employeurs.csv");
    assert!(coverage.ends_with("\nplat,s1,commune,2024-12,2025-01,2,2,0,6\n"), "{coverage}");
    scene.verify().expect(0);
    // The months that a change of a period concerns are made again, and no key hides it.
    scene.file(
        "sirene_unites_legales.csv",
        units("732829320,,9220,2000-01-01,2024-11-30\n732829320,,7210,2024-12-01,\n"),
    );
    scene.run().expect(0);
    assert_eq!(found(), "2024-12-31,commune,commune,\n2025-01-01,commune,commune,\n");
}
