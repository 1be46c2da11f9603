//! Every raw format as it really is: packed, malformed, drifting, and one the program never saw.

use std::fs;
use std::io::Write;

use crate::support::{FLAT, Scene, row, said};

const CLEAN_2023: &str = "clean/activites/annee=2023";
const DATALAKE: &str = "ID;ConseillerId;Cra;CreatedAt;UpdatedAt;PermanenceId;StructureId\n";

/// A document of the Espace Coop, with what differs from an ordinary one.
pub fn document(id: &str, changes: &[(&str, &str)]) -> String {
    let mut cra = serde_json::json!({
        "canal": "domicile", "activite": "collectif", "nbParticipants": 3,
        "nbParticipantsRecurrents": 1, "themes": ["internet"], "duree": "0-30",
        "age": {"moins12ans": 1, "de12a18ans": 0, "de18a35ans": 2, "de35a60ans": 0, "plus60ans": 0},
        "statut": {"etudiant": 1, "sansEmploi": 2, "enEmploi": 0, "retraite": 0, "heterogene": 0},
        "codePostal": "01000", "codeCommune": "01053", "nomCommune": "BOURG",
        "dateAccompagnement": {"$date": "2023-05-02T10:00:00.000Z"}
    });
    for (key, value) in changes {
        cra[*key] = serde_json::from_str(value).unwrap();
    }
    cra.as_object_mut().unwrap().retain(|_, value| *value != serde_json::json!("absent"));
    serde_json::json!({
        "_id": {"$oid": id}, "conseiller": {"$ref": "conseillers", "$id": {"$oid": "c1"}},
        "structure": {"$ref": "structures", "$id": {"$oid": "s1"}},
        "createdAt": {"$date": {"$numberLong": "1683021600123"}}, "cra": cra
    })
    .to_string()
}

#[test]
fn a_new_export_takes_one_declaration() {
    let mut scene = Scene::new();
    let folder = scene.own_declarations();
    fs::write(
        folder.join("sources/tiers_lieux.toml"),
        r#"
title = "Export d'un réseau de tiers-lieux"
subject = "activites"
system = "plat"
container = "csv"
files = ["tiers-lieux*.csv"]
delimiter = ";"
decimal = ","
missing = ["n.c."]
dropped = ["Remarque"]

[columns]
activite_id = { from = "N° de séance", as = "pseudonym", required = true }
date = { from = "Jour", as = "day", format = "%d/%m/%Y", required = true }
type_activite = { from = "Nature", as = "code", list = "types_activite", required = true }
nb_participants = { from = "Présents", as = "count", required = true }
duree = { from = "Durée (h)", as = "duration", unit = "hours", list = "durees" }
structure_id = { from = "Structure", as = "reference" }
code_commune = { from = "INSEE", as = "commune" }
"#,
    )
    .unwrap();
    scene.structures().file(
        "tiers-lieux-2023.csv",
        "N° de séance;Jour;Nature;Présents;Durée (h);Structure;INSEE;Remarque\n\
         1;02/05/2023;collectif;6,0;1,5;s1;1053;\"très\ncontents\"\n\
         2;31/02/2023;individuel;1;0,25;s1;01053;\n\
         3;03/05/2023;individuel;1;0,25;s1;n.c.;\n",
    );
    scene.run().expect(65);
    fs::write(
        folder.join("national.toml"),
        fs::read_to_string(folder.join("national.toml"))
            .unwrap()
            .replace("rejects_percent_max = 5", "rejects_percent_max = 50"),
    )
    .unwrap();
    scene.run().expect(0);
    let columns = ["date", "nb_participants", "duree_minutes", "commune"];
    let expected = "2023-05-02,6,90,01053\n2023-05-03,1,15,\n";
    assert_eq!(scene.parquet(CLEAN_2023, &columns), expected);
    assert_eq!(scene.rejects(), "4,date_invalide:date\n");
    scene.verify().expect(0);
}

#[test]
fn packed_files_give_the_rows_of_plain_ones() {
    let rows = [row("a", "2023-05-02", &[]), row("b", "2023-05-03", &[])];
    let text = format!("\u{feff}{FLAT}\n{}\n", rows.join("\n"));
    let plain = Scene::new();
    plain.structures().file("activites_plates.csv", &text);
    plain.run().expect(0);
    let expected = plain.files("tables");
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    zip.start_file("dossier/activites_plates.csv", options).unwrap();
    zip.write_all(text.as_bytes()).unwrap();
    zip.start_file("__MACOSX/dossier/._activites_plates.csv", options).unwrap();
    zip.write_all(b"x").unwrap();
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gz.write_all(text.as_bytes()).unwrap();
    for (name, bytes) in [
        ("activites_plates.csv.gz", gz.finish().unwrap()),
        ("activites_plates.csv.zst", zstd::encode_all(text.as_bytes(), 1).unwrap()),
        ("envoi.zip", zip.finish().unwrap().into_inner()),
    ] {
        let scene = Scene::new();
        scene.structures().file(name, &bytes);
        scene.run().expect(0);
        assert_eq!(scene.files("tables"), expected, "{name}");
        scene.verify().expect(0);
        let cut = Scene::new();
        cut.structures().file(name, &bytes[..bytes.len() - 20]);
        let said = cut.run().expect(65);
        assert!(said.stderr.contains("transfer interrupted"), "{name}: {}", said.stderr);
    }
}

#[test]
fn the_datalake_file_is_read_with_its_unquoted_json() {
    let scene = Scene::new();
    let cra = r#"{"canal":"autre","activite":"individuel","nbParticipants":1,"age":{"moins12ans":1},"themes":["autre"],"sousThemes":[{"annotation":["rappeler; \"demain\";\n"]}],"duree":90,"dateAccompagnement":"2023-01-31T23:30:00.000Z"}"#;
    let created = "Tue Jan 31 2023 23:31:28 GMT+0000 (Coordinated Universal Time)";
    let text = format!(
        "{DATALAKE}a1;c1;{cra};{created};undefined;undefined;s1;\n\
         a2;c1;undefined;{created};undefined;undefined;s1;\n\
         a3;c1;{{\"canal\":\"autre\";{created};undefined;undefined;s1;\n\
         a4;c1;{cra};{created};hier;undefined;s1;\n\
         a5;c1;{{\"canal\":\"auto"
    );
    scene.structures().file("cras.csv", text);
    scene.run().expect(65);
    let rejects = scene.parquet("building/rejects/ingest.parquet", &["emplacement", "raisons"]);
    let expected = "ligne 3,manquant:date|manquant:type_activite|manquant:nb_participants\n\
        ligne 4,valeur_composee_illisible\n\
        ligne 5,date_invalide:modifie_le\n\
        ligne 6,ligne_tronquee\n";
    assert_eq!(rejects, expected);
    let clean = scene.parquet(
        &format!("building/{CLEAN_2023}"),
        &["date", "lieu", "duree_minutes", "age_moins_12", "drapeaux"],
    );
    // `autre` was renamed in January 2023.
    let flags = "code_hors_periode|recurrents_inconnus|departement_par_employeur";
    assert_eq!(clean, format!("2023-02-01,autre,90,1,{flags}\n"));
}

#[test]
fn documents_of_each_generation_are_read() {
    let scene = Scene::new();
    let documents = [
        document("01", &[]),
        document("02", &[("age", "\"18-35\""), ("statut", "\"sans emploi\"")]),
        document(
            "03",
            &[
                ("activite", "\"individuel\""),
                ("nbParticipants", "null"),
                ("age", "\"+60\""),
                ("dateAccompagnement", "\"absent\""),
                ("organisme", "\"CCAS\""),
            ],
        ),
        document("04", &[("nbParticipants", "{\"$numberInt\":\"4\"}"), ("duree", "90")]),
    ];
    scene.structures().file("cras.jsonl", documents.join("\n"));
    scene.run().expect(0);
    let columns = ["nb_participants", "age_18_35", "age_60_plus", "statut_sans_emploi"];
    let mut clean: Vec<String> =
        scene.parquet(CLEAN_2023, &columns).lines().map(str::to_owned).collect();
    clean.sort();
    assert_eq!(clean, ["1,0,1,2", "3,2,0,2", "3,3,0,3", "4,2,0,2"]);
    let flags = scene.parquet(CLEAN_2023, &["drapeaux"]);
    assert_eq!(flags.matches("groupe_en_bloc").count(), 2, "{flags}");
    assert_eq!(flags.matches("participants_supposes").count(), 1, "{flags}");
}

#[test]
fn deletions_told_apart_apply_and_are_explained() {
    let scene = Scene::new();
    let deleted = |id: &str, day: &str| {
        format!(
            "{{\"_id\":{{\"$oid\":\"{id}\"}},\"deletedAt\":{{\"$date\":\"{day}T10:00:00Z\"}},\
             \"craObj\":{{\"note\":\"Perrine\"}}}}"
        )
    };
    scene
        .structures()
        .file("cras.jsonl", [document("01", &[]), document("02", &[])].join("\n"))
        .file(
            "cras_deleted.jsonl",
            [deleted("01", "2023-06-01"), deleted("99", "2023-06-01")].join("\n"),
        );
    scene.run().expect(0);
    let columns = ["etape", "source", "devenir", "raison", "lignes"];
    let ledger = scene.parquet("current/ledger.parquet", &columns);
    for line in [
        "clean,legacy_documents,gardee,,1",
        "clean,legacy_documents,supprimee,,1",
        "clean,legacy_deletions,avis_de_suppression,applique,1",
        "clean,legacy_deletions,avis_de_suppression,sans_objet,1",
    ] {
        assert!(ledger.contains(line), "{line}\n{ledger}");
    }
    scene.verify().expect(0);
}

#[test]
fn pages_of_the_api_name_the_element_that_is_refused() {
    let scene = Scene::new();
    let element = |id: &str, count: &str| {
        format!(
            "{{\"type\":\"activite\",\"id\":\"{id}\",\"attributes\":{{\"type\":\"individuel\",\
             \"mediateur_id\":\"m\",\"user_id\":\"u\",\"accompagnements\":{count},\
             \"date\":\"2025-01-02\",\"duree\":30,\"type_lieu\":\"autre\",\"structure_id\":null,\
             \"lieu_code_postal\":null,\"lieu_code_insee\":null,\
             \"creation\":\"2025-01-02T10:00:00Z\",\"modification\":\"2025-01-02T10:00:00Z\",\
             \"suppression\":null,\"thematiques\":[],\"beneficiaires\":null}}}}"
        )
    };
    let page = |elements: &[String]| format!("{{\"data\":[{}],\"meta\":{{}}}}", elements.join(","));
    let good: Vec<String> = (0..40).map(|n| element(&format!("a{n}"), "1")).collect();
    let bad = [element("b", "2"), element("c", "\"deux\""), "{\"id\":}".to_owned()];
    scene
        .structures()
        .file("coop_api_activites_20250102_0001.json", page(&good))
        .file("coop_api_activites_20250102_0002.json", page(&bad));
    scene.run().expect(0);
    let rejects = scene.parquet("rejects/ingest.parquet", &["emplacement", "raisons"]);
    assert_eq!(rejects, "data[1],entier_invalide:nb_participants\ndata[2],json_invalide\n");
    let mut command = crate::support::conum();
    command.args(["rejects", "--warehouse"]).arg(scene.warehouse());
    let listed = said(&command.output().unwrap()).expect(0).stdout;
    assert!(listed.contains("coop_api_activites_20250102_0002.json"), "{listed}");
    assert!(listed.contains("un nombre entier"), "{listed}");
    let error = Scene::new();
    error.structures().file("coop_api_activites_x.json", "{\"error\":\"forbidden\"}");
    let said = error.run().expect(65);
    assert!(said.stderr.contains("no list `data`"), "{}", said.stderr);
}

#[test]
fn a_copy_without_mark_is_known_by_the_instant_of_its_original() {
    let scene = Scene::new();
    let element = |id: &str, created: &str| {
        format!(
            "{{\"id\":\"{id}\",\"attributes\":{{\"type\":\"individuel\",\"mediateur_id\":\"m\",\
             \"user_id\":\"u\",\"accompagnements\":1,\"date\":\"2024-10-02\",\"duree\":30,\
             \"type_lieu\":\"autre\",\"structure_id\":null,\"lieu_code_postal\":null,\
             \"lieu_code_insee\":null,\"creation\":\"{created}\",\"modification\":\"{created}\",\
             \"suppression\":null,\"thematiques\":[],\"beneficiaires\":null}}}}"
        )
    };
    let twin = document("01", &[]).replace("1683021600123", "1727856000123");
    let elements = [
        element("copy", "2024-10-02T08:00:00.123Z"),
        element("early", "2023-05-02T10:00:00.000Z"),
        element("own", "2024-10-02T08:00:00.124Z"),
    ];
    scene
        .structures()
        .file("cras.jsonl", twin)
        .file("coop_api_activites_1.json", format!("{{\"data\":[{}]}}", elements.join(",")));
    // The record of the second one is not in the archive given.
    let said = scene.run().expect(3);
    assert!(said.stderr.contains("1 migrated activities"), "{}", said.stderr);
    let ledger = scene.parquet("current/ledger.parquet", &["source", "devenir", "lignes"]);
    assert!(ledger.contains("coop_api_activites,copie_migree,2"), "{ledger}");
    assert!(ledger.contains("coop_api_activites,gardee,1"), "{ledger}");
    let manifest = scene.read("current/manifest.json");
    assert!(manifest.contains("\"residu_anti_jointure\": 0"), "{manifest}");
}

#[test]
fn parquet_extracts_are_read_whatever_wrote_them() {
    use std::sync::Arc;

    use arrow::array::{
        ArrayRef, Float64Array, LargeListBuilder, RecordBatch, StringArray, StringBuilder,
        StructArray, TimestampMicrosecondArray,
    };
    use parquet::basic::Compression;
    use parquet::file::properties::WriterProperties;

    let texts = |value: &str| -> ArrayRef { Arc::new(StringArray::from(vec![Some(value)])) };
    let nothing = || -> ArrayRef { Arc::new(StringArray::from(vec![None::<&str>])) };
    let mut themes = LargeListBuilder::new(StringBuilder::new());
    themes.append_value([Some("email"), Some("sante")]);
    let at = 1_735_896_600_123_000_i64;
    let zoned = TimestampMicrosecondArray::from(vec![at]).with_timezone("Europe/Paris");
    let day = TimestampMicrosecondArray::from(vec![1_735_862_400_000_000]);
    // Of no use, and of a type that no text can tell.
    let notes = StructArray::from(vec![(
        Arc::new(arrow::datatypes::Field::new("a", arrow::datatypes::DataType::Utf8, true)),
        texts("Perrine Vaubrunel"),
    )]);
    let batch = RecordBatch::try_from_iter([
        ("id", texts("a")),
        ("type", texts("individuel")),
        ("mediateur_id", texts("m")),
        ("accompagnements_count", Arc::new(Float64Array::from(vec![2.0])) as ArrayRef),
        ("date", Arc::new(day) as ArrayRef),
        ("duree", Arc::new(Float64Array::from(vec![30.0])) as ArrayRef),
        ("notes", Arc::new(notes) as ArrayRef),
        ("structure_employeuse_id", texts("s1")),
        ("structure_id", nothing()),
        ("type_lieu", texts("autre")),
        ("lieu_code_postal", nothing()),
        ("lieu_code_insee", texts("01053")),
        ("suppression", nothing()),
        ("v1_cra_id", nothing()),
        ("creation", Arc::new(zoned.clone()) as ArrayRef),
        ("modification", Arc::new(zoned) as ArrayRef),
        ("thematiques", Arc::new(themes.finish()) as ArrayRef),
    ])
    .unwrap();
    for compression in [Compression::SNAPPY, Compression::LZ4_RAW, Compression::UNCOMPRESSED] {
        let properties = WriterProperties::builder().set_compression(compression).build();
        let mut bytes = Vec::new();
        let mut writer =
            parquet::arrow::ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties))
                .unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        let scene = Scene::new();
        scene.structures().file("coop_base_activites.parquet", bytes);
        scene.run().expect(0);
        let clean = "clean/activites/annee=2025";
        let columns = ["date", "nb_participants", "duree_minutes", "themes", "commune"];
        assert_eq!(scene.parquet(clean, &columns), "2025-01-03,2,30,email|sante,01053\n");
    }
}

#[test]
fn exports_in_a_folder_of_the_input_are_not_passed_over_in_silence() {
    let scene = Scene::new();
    scene.flat(&[row("a", "2023-05-02", &[])]);
    fs::create_dir_all(scene.input().join("mars/suite")).unwrap();
    fs::create_dir(scene.input().join("notes")).unwrap();
    fs::write(scene.input().join("mars/suite/cras.jsonl"), document("01", &[])).unwrap();
    fs::write(scene.input().join("notes/lisez-moi.txt"), "").unwrap();
    let said = scene.run().expect(3);
    assert!(said.stderr.contains("`mars` is not a file"), "{}", said.stderr);
    assert!(!said.stderr.contains("notes"), "{}", said.stderr);
}
