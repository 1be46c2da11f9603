//! What a run leaves behind: clean records, rejects, ledger, and the tables made beside the declared.

use crate::vocabulary::columns::*;
use crate::vocabulary::tables::Table;

/// Clean activities.
pub const CLEAN_ACTIVITES: Table = Table {
    name: "activites",
    grain: "une activité, dans sa dernière version",
    columns: &[
        ACTIVITE_ID,
        SYSTEME,
        DATE,
        MOIS,
        CONSEILLER_ID,
        CONSEILLER_NUMERIQUE,
        STRUCTURE_ID,
        EMPLOYEUR_SOURCE,
        SIREN,
        TYPE_EMPLOYEUR,
        GROUPE_EMPLOYEUR,
        TYPE_EMPLOYEUR_SOURCE,
        FRANCE_SERVICES,
        COMMUNE_EMPLOYEUR,
        EPCI_EMPLOYEUR,
        DEPARTEMENT_EMPLOYEUR,
        REGION_EMPLOYEUR,
        COMMUNE,
        EPCI,
        DEPARTEMENT,
        REGION,
        DEPARTEMENT_SOURCE,
        TYPE_ACTIVITE,
        LIEU,
        THEMES,
        DUREE_MINUTES,
        NB_PARTICIPANTS,
        NB_PARTICIPANTS_RECURRENTS,
        NB_ACCOMPAGNEMENTS_HISTORIQUE,
        NB_PERSONNES_HORS_RECURRENTS,
        NB_ATELIERS,
        DELAI_SAISIE_JOURS,
        AGE_MOINS_12,
        AGE_12_17,
        AGE_18_35,
        AGE_35_60,
        AGE_60_PLUS,
        AGE_18_24,
        AGE_25_39,
        AGE_40_59,
        AGE_60_69,
        AGE_70_PLUS,
        AGE_INCONNU,
        STATUT_SCOLARISE,
        STATUT_SANS_EMPLOI,
        STATUT_EN_EMPLOI,
        STATUT_RETRAITE,
        STATUT_INCONNU,
        GENRE_FEMININ,
        GENRE_MASCULIN,
        GENRE_INCONNU,
        SUITE_INDIVIDUEL,
        SUITE_ATELIER,
        SUITE_REDIRECTION,
        RUPTURES,
        DRAPEAUX,
    ],
    key: &[DATE, SYSTEME, ACTIVITE_ID],
};

/// Employers, coded.
pub const CLEAN_EMPLOYEURS: Table = Table {
    name: "employeurs",
    grain: "un identifiant de structure employeuse d'un système",
    columns: &[
        STRUCTURE_ID,
        SIRET,
        SIREN,
        CATEGORIE_JURIDIQUE,
        TYPE_DECLARE,
        TYPE_EMPLOYEUR,
        GROUPE_EMPLOYEUR,
        TYPE_EMPLOYEUR_SOURCE,
        FRANCE_SERVICES,
        COMMUNE,
        EPCI,
        DEPARTEMENT,
        REGION,
        DEPARTEMENT_SOURCE,
        DRAPEAUX,
    ],
    key: &[STRUCTURE_ID],
};

/// The public list of employers, coded. Lines that agree on all that is read are one decision.
pub const CLEAN_EMPLOYEURS_PUBLICS: Table = Table {
    name: "employeurs_publics",
    grain: "une décision d'attribution de la liste publique",
    columns: &[
        SIRET,
        DATE_VALIDATION,
        EMPREINTE,
        SIREN,
        TYPE_DECLARE,
        TYPE_EMPLOYEUR,
        GROUPE_EMPLOYEUR,
        TYPE_EMPLOYEUR_SOURCE,
        FRANCE_SERVICES,
        NB_POSTES,
        INVESTISSEMENT_CENTIMES,
        COMMUNE,
        EPCI,
        DEPARTEMENT,
        REGION,
        DEPARTEMENT_SOURCE,
        ZRR,
        QPV,
        DRAPEAUX,
    ],
    key: &[SIRET, DATE_VALIDATION, EMPREINTE],
};

/// Posts, coded.
pub const CLEAN_POSTES: Table = Table {
    name: "postes",
    grain: "un poste chez une structure, dans son dernier état",
    columns: &[
        POSTE_ID,
        STRUCTURE_ID,
        SIREN,
        EMPLOYEUR_ID,
        TYPE_EMPLOYEUR,
        GROUPE_EMPLOYEUR,
        TYPE_EMPLOYEUR_SOURCE,
        FRANCE_SERVICES,
        DEPARTEMENT,
        REGION,
        ZRR,
        QPV,
        EMPLOYEUR_ACTIF_ID,
        TYPOLOGIE,
        ETAT_DECLARE,
        ETAT_POSTE,
        SOUS_CONTRAT,
        RENOUVELE,
        DATE_ATTRIBUTION,
        DATE_RENDU,
        NB_POSTES_ATTRIBUES,
        NB_POSTES_OCCUPES,
        NB_POSTES_VACANTS,
        NB_POSTES_RENDUS,
        NB_POSTES_SOUS_CONTRAT,
        NB_COORDINATEURS,
        DRAPEAUX,
    ],
    key: &[POSTE_ID, STRUCTURE_ID],
};

/// Contracts of employment, coded.
pub const CLEAN_CONTRATS: Table = Table {
    name: "contrats",
    grain: "un contrat de travail",
    columns: &[
        CONTRAT_ID,
        STRUCTURE_ID,
        SIREN,
        EMPLOYEUR_ID,
        TYPE_EMPLOYEUR,
        GROUPE_EMPLOYEUR,
        TYPE_EMPLOYEUR_SOURCE,
        FRANCE_SERVICES,
        DEPARTEMENT,
        REGION,
        TYPE_CONTRAT,
        DEBUT,
        FIN,
        DATE_RUPTURE,
        DERNIER_JOUR,
        ETAT_CONTRAT,
        ECHEANCE,
        ANNEE_ECHEANCE,
        RANG_CONTRAT,
        SALARIE_ID,
        NB_CONTRATS_EN_COURS,
        NB_CONTRATS_NON_ROMPUS,
        NB_ECHEANCES,
        NB_RENOUVELLEMENTS_DUS,
        DRAPEAUX,
    ],
    key: &[CONTRAT_ID],
};

/// Subsidies, coded.
pub const CLEAN_SUBVENTIONS: Table = Table {
    name: "subventions",
    grain: "une enveloppe d'un poste",
    columns: &[
        POSTE_ID,
        ENVELOPPE,
        STRUCTURE_ID,
        SIREN,
        EMPLOYEUR_ID,
        TYPE_EMPLOYEUR,
        GROUPE_EMPLOYEUR,
        TYPE_EMPLOYEUR_SOURCE,
        FRANCE_SERVICES,
        DEPARTEMENT,
        REGION,
        SOURCE_FINANCEMENT,
        DEBUT_CONVENTION,
        FIN_CONVENTION,
        ANNEE_CONVENTION,
        CONVENTIONNE,
        VERSE,
        RESTE,
        AVOIR,
        DRAPEAUX,
    ],
    key: &[POSTE_ID, ENVELOPPE],
};

/// Key figures, each with what is published.
pub const CHIFFRES_CLES: Table = Table {
    name: "chiffres_cles",
    grain: "un chiffre clé",
    columns: &[
        ORDRE,
        CHIFFRE,
        LIBELLE,
        VALEUR,
        DENOMINATEUR,
        UNITE,
        VALEUR_PUBLIEE,
        PUBLIE,
        PUBLIE_LE,
        CONCORDE,
        DEFINITION,
        TABLE,
    ],
    key: &[ORDRE],
};

/// Rejected lines of all stages.
pub const REJECTS: Table = Table {
    name: "rejets",
    grain: "un enregistrement refusé",
    columns: &[
        ETAPE,
        SOURCE,
        SEGMENT,
        LIGNE,
        EMPLACEMENT,
        STRUCTURE_ID,
        RAISON,
        RAISONS,
        PARTICIPANTS,
        MINUTES,
    ],
    key: &[ETAPE, SOURCE, SEGMENT, LIGNE, EMPLACEMENT],
};

/// What became of every row.
pub const LEDGER: Table = Table {
    name: "registre",
    grain: "un devenir des lignes d'une étape, d'un segment et d'une période",
    columns: &[ETAPE, SOURCE, SEGMENT, PERIODE, DEVENIR, RAISON, LIGNES, PARTICIPANTS, MINUTES],
    key: &[ETAPE, SOURCE, SEGMENT, PERIODE, DEVENIR, RAISON],
};

/// Which employers send activities, and which stopped. Internal: it names employers.
pub const COUVERTURE: Table = Table {
    name: "couverture_employeurs",
    grain: "un identifiant de structure employeuse d'un système",
    columns: &[
        SYSTEME,
        STRUCTURE_ID,
        TYPE_EMPLOYEUR,
        PREMIER_MOIS,
        DERNIER_MOIS,
        NB_ACTIVITES,
        NB_MOIS_ACTIFS,
        NB_MOIS_SILENCIEUX,
        NB_MOIS_DEPUIS,
    ],
    key: &[SYSTEME, STRUCTURE_ID],
};

/// The months of each employer. Internal: it names employers.
pub const COUVERTURE_MOIS: Table = Table {
    name: "couverture_par_mois",
    grain: "un mois d'un identifiant de structure employeuse d'un système",
    columns: &[SYSTEME, STRUCTURE_ID, MOIS, NB_ACTIVITES, ETAT_COUVERTURE],
    key: &[SYSTEME, STRUCTURE_ID, MOIS],
};

/// What posts cost, and what the State gives of it.
pub const PART_ETAT_COUT: Table = Table {
    name: "part_etat_du_cout",
    grain: "un type d'employeur et une année ; ensemble = total",
    columns: &[TYPE_EMPLOYEUR, ANNEE_COUT, JOURS_CONTRAT, COUT, ETAT_CONVENTIONNE, ETAT_VERSE],
    key: &[TYPE_EMPLOYEUR, ANNEE_COUT],
};

/// What was compared between and within summary tables.
pub const RECONCILIATION: Table = Table {
    name: "reconciliation",
    grain: "un indicateur comparé entre deux tables, ou entre les lignes et les totaux d'une table",
    columns: &[TABLE, AUTRE_TABLE, DIMENSIONS, INDICATEUR, CELLULES, ECARTS],
    key: &[TABLE, AUTRE_TABLE, DIMENSIONS, INDICATEUR],
};

/// What figures moved by since the run before, and why. Internal: figures are exact.
pub const REVISIONS: Table = Table {
    name: "revisions",
    grain: "un chiffre qui a changé depuis l'exécution précédente, et une de ses causes",
    columns: &[TABLE, CLE, INDICATEUR, CAUSE, VALEUR_AVANT, VALEUR, ECART],
    key: &[TABLE, CLE, INDICATEUR, CAUSE],
};

/// Which figures are far from all that the past of their cell leads to expect. Internal: figures
/// are exact.
pub const ATYPIQUES: Table = Table {
    name: "atypiques",
    grain: "un chiffre d'un mois clos, loin de ce que le passé de sa cellule laissait attendre",
    columns: &[TABLE, CLE, PERIODE, INDICATEUR, VALEUR, ATTENDU, SCORE, SENS],
    key: &[TABLE, CLE, INDICATEUR],
};

/// What each period was said to be some days after its end. Internal: figures are exact.
pub const TRIANGLE: Table = Table {
    name: "triangle",
    grain: "un indicateur national d'une période",
    columns: &[PERIODE, INDICATEUR, J1, J7, J30, J90, VALEUR],
    key: &[PERIODE, INDICATEUR],
};

/// What a release is made of. Restricted: it holds what the release hides.
pub const VERITE: Table = Table {
    name: "verite",
    grain: "un indicateur d'une ligne d'une diffusion",
    columns: &[
        CLE,
        INDICATEUR,
        VALEUR,
        NB_UNITES,
        CONTRIBUTIONS,
        PREMIERE,
        DEUXIEME,
        TROISIEME,
        NB_PERSONNES,
        SEUL,
        MASQUE_LIE,
    ],
    key: &[CLE, INDICATEUR],
};

/// Which rows releases have shown and hidden, and since when. Restricted.
pub const REGISTRE_SECRET: Table = Table {
    name: "registre_secret",
    grain: "une ligne diffusée ou masquée",
    columns: &[CLE, STATUT_SECRET, DEPUIS],
    key: &[CLE],
};
