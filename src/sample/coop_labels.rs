//! Values of the Coop's closed lists become the labels its spreadsheets print.

const LABELS: &[(&str, &str)] = &[
    ("individuel", "Accompagnement individuel"),
    ("collectif", "Atelier collectif"),
    ("lieu_activite", "Lieu d’activité"),
    ("domicile", "À domicile"),
    ("a_distance", "À distance"),
    ("diagnostic_numerique", "Diagnostic numérique"),
    ("prendre_en_main_du_materiel", "Prendre en main du matériel"),
    ("maintenance_de_materiel", "Maintenance de matériel"),
    ("gere_ses_contenus_numeriques", "Gérer ses contenus numériques"),
    ("navigation_sur_internet", "Navigation sur internet"),
    ("email", "E-mail"),
    ("bureautique", "Bureautique"),
    ("reseaux_sociaux", "Réseaux sociaux communication"),
    ("sante", "Santé"),
    ("banque_et_achats_en_ligne", "Banque et achats en ligne"),
    ("entrepreneuriat", "Accompagner un professionnel"),
    ("insertion_professionnelle", "Insertion professionnelle"),
    ("securite_numerique", "Prévention en sécurité numérique"),
    ("parentalite", "Parentalité"),
    ("scolarite_et_numerique", "Scolarité et numérique"),
    ("creer_avec_le_numerique", "Créer avec le numérique"),
    ("culture_numerique", "Culture numérique"),
    ("intelligence_artificielle", "Intelligence artificielle (IA)"),
    ("aide_aux_demarches_administratives", "Aide aux démarches administratives"),
    ("ordinateur", "Ordinateur"),
    ("telephone", "Téléphone"),
    ("tablette", "Tablette"),
    ("autre", "Autre"),
    ("aucun", "Pas de matériel"),
    ("masculin", "Masculin"),
    ("feminin", "Féminin"),
    ("moins_de_douze", "Moins de 12 ans"),
    ("douze_dix_huit", "12 - 17 ans"),
    ("dix_huit_vingt_quatre", "18 - 24 ans"),
    ("vingt_cinq_trente_neuf", "25 - 39 ans"),
    ("quarante_cinquante_neuf", "40 - 59 ans"),
    ("soixante_soixante_neuf", "60 - 69 ans"),
    ("soixante_dix_plus", "70 ans et plus"),
    ("scolarise", "Scolarisé"),
    ("sans_emploi", "Sans emploi"),
    ("en_emploi", "En emploi"),
    ("retraite", "Retraité"),
    ("entierement_accompagne", "1/3"),
    ("partiellement_autonome", "2/3"),
    ("autonome", "3/3"),
    ("debutant", "1/3"),
    ("intermediaire", "2/3"),
    ("avance", "3/3"),
];

/// Labels of places people are sent on to, some of whose values have another label elsewhere.
const REDIRECTIONS: &[(&str, &str)] = &[
    ("administration", "Administration (mairie, préfecture…)"),
    ("mediation_numerique", "Autre structure de médiation numérique"),
    (
        "operateur_ou_organisme_en_charge",
        "Opérateur ou organisme en charge de la démarche administrative",
    ),
    ("aide_sociale", "Structure d’aide sociale (maison des solidarités, centre social…)"),
    (
        "insertion_professionnelle",
        "Structure d’insertion professionnelle (France Travail, mission locale, chambre de \
         commerce…)",
    ),
    (
        "aide_aux_demarches_administratives",
        "Structure d’aide aux démarches administratives (France Services…)",
    ),
];

/// Label of a gender or age that was not told.
pub(crate) const NOT_TOLD: &str = "Non communiqué";
/// Label of a status that was not told.
pub(crate) const STATUS_NOT_TOLD: &str = "Non communiqué ou hétérogène";

fn among(labels: &[(&str, &'static str)], value: &str) -> Option<&'static str> {
    labels.iter().find(|(known, _)| *known == value).map(|(_, label)| *label)
}

/// Gives the label of a value; the value itself where it is in no list.
pub(crate) fn label(value: &'static str) -> &'static str {
    among(LABELS, value).unwrap_or(value)
}

/// Gives the label of a kind of place.
pub(crate) fn place_label(value: &'static str) -> &'static str {
    if value == "autre" { "Autre lieu" } else { label(value) }
}

/// Gives the label of a place people are sent on to.
pub(crate) fn redirection_label(value: &'static str) -> &'static str {
    among(REDIRECTIONS, value).unwrap_or_else(|| label(value))
}
