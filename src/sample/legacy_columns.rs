//! Names of the archive's columns and the values its columns hold.

/// The 46 names of the archive's header; its rows have 24 more fields, about the permanence.
pub(crate) const HEADER: &[&str] = &[
    "id",
    "imported_at",
    "canal",
    "activite",
    "nb_participants",
    "nb_participants_recurrents",
    "age_moins_12_ans",
    "age_de_12_a_18_ans",
    "age_de_18_a_35_ans",
    "age_de_35_a_60_ans",
    "age_plus_60_ans",
    "statut_etudiant",
    "statut_sans_emploi",
    "statut_en_emploi",
    "statut_retraite",
    "statut_heterogene",
    "themes",
    "sous_themes_sante",
    "duree",
    "accompagnement_individuel",
    "accompagnement_atelier",
    "accompagnement_redirection",
    "code_postal",
    "nom_commune",
    "date_accompagnement",
    "code_commune",
    "created_at",
    "structure_id",
    "structure_id_pg",
    "structure_type",
    "structure_statut",
    "structure_nom",
    "structure_siret",
    "structure_code_postal",
    "structure_nom_commune",
    "structure_code_commune",
    "structure_code_departement",
    "structure_code_region",
    "v1_conseiller_numerique_id",
    "annotation",
    "sous_themes_accompagner",
    "sous_themes_equipement_informatique",
    "sous_themes_traitement_texte",
    "organismes",
    "updated_at",
    "duree_minutes",
];

/// Legacy themes, in the order activities refer to.
pub(crate) const THEMES: &[&str] = &[
    "equipement informatique",
    "vocabulaire",
    "internet",
    "securite",
    "courriel",
    "echanger",
    "traitement texte",
    "contenus numeriques",
    "trouver emploi",
    "tpe/pme",
    "accompagner enfant",
    "demarche en ligne",
    "fraude et harcelement",
    "sante",
    "smartphone",
    "budget",
    "scolaire",
    "diagnostic",
    "autre",
];

/// Positions of the themes that have sub-themes.
pub(crate) const EQUIPMENT: usize = 0;
pub(crate) const TEXTS: usize = 6;
pub(crate) const CHILDREN: usize = 10;
pub(crate) const HEALTH: usize = 13;

/// Organisations people were sent on to.
pub(crate) const ORGANISMES: &[&str] = &[
    "Mairie",
    "CAF",
    "CPAM",
    "France Services",
    "Assistante sociale",
    "CCAS",
    "Pôle emploi",
    "Mission locale",
    "Préfecture",
    "CARSAT",
];
