//! Closed lists of the Coop, and how legacy themes are told in them.

/// Kinds of place.
pub(crate) const TYPES_OF_PLACE: &[&str] = &["lieu_activite", "domicile", "a_distance", "autre"];
/// Degrees of autonomy.
pub(crate) const AUTONOMIES: &[&str] =
    &["entierement_accompagne", "partiellement_autonome", "autonome"];
/// Levels of workshops.
pub(crate) const LEVELS: &[&str] = &["debutant", "intermediaire", "avance"];
/// Places people are sent on to.
pub(crate) const REDIRECTIONS: &[&str] = &[
    "administration",
    "mediation_numerique",
    "operateur_ou_organisme_en_charge",
    "aide_sociale",
    "insertion_professionnelle",
    "aide_aux_demarches_administratives",
    "autre",
];
/// Equipment used.
pub(crate) const EQUIPMENT: &[&str] = &["ordinateur", "telephone", "tablette", "autre", "aucun"];
/// Free labels.
pub(crate) const TAGS: &[&str] = &["bibliothèque", "forum de rentrée", "seniors", "bus numérique"];
/// Genders, in the order of the export.
pub(crate) const GENDERS: &[&str] = &["masculin", "feminin", "non_communique"];
/// Age bands, in the order of the export.
pub(crate) const AGES: &[&str] = &[
    "moins_de_douze",
    "douze_dix_huit",
    "dix_huit_vingt_quatre",
    "vingt_cinq_trente_neuf",
    "quarante_cinquante_neuf",
    "soixante_soixante_neuf",
    "soixante_dix_plus",
    "non_communique",
];
/// Social statuses, in the order of the export.
pub(crate) const STATUSES: &[&str] =
    &["scolarise", "sans_emploi", "en_emploi", "retraite", "non_communique"];

/// Themes of the Coop for each legacy theme, in the order of the legacy list.
const THEMATIQUES: &[&[&str]] = &[
    &["prendre_en_main_du_materiel", "gere_ses_contenus_numeriques"],
    &["culture_numerique"],
    &["navigation_sur_internet"],
    &["securite_numerique"],
    &["email"],
    &["reseaux_sociaux"],
    &["bureautique"],
    &["creer_avec_le_numerique"],
    &["insertion_professionnelle"],
    &["entrepreneuriat"],
    &["parentalite"],
    &["aide_aux_demarches_administratives"],
    &["securite_numerique"],
    &["sante"],
    &["prendre_en_main_du_materiel"],
    &["banque_et_achats_en_ligne"],
    &["scolarite_et_numerique"],
    &["diagnostic_numerique"],
    &[],
];

/// Gives the Coop's themes of an activity, each once.
pub(crate) fn thematiques(legacy_themes: &[usize]) -> Vec<&'static str> {
    let mut themes: Vec<&'static str> = Vec::new();
    for theme in legacy_themes.iter().filter_map(|theme| THEMATIQUES.get(*theme)).copied().flatten()
    {
        if !themes.contains(theme) {
            themes.push(theme);
        }
    }
    themes
}
