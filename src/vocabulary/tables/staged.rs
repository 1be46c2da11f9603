//! What each source is read into: one table a subject.

use crate::vocabulary::columns::*;
use crate::vocabulary::tables::Table;

/// Typed activities, one segment a file.
pub const STAGED_ACTIVITES: Table = Table {
    name: "activites_lues",
    grain: "un enregistrement d'activité du fichier source, une version",
    columns: &[
        LIGNE,
        EMPREINTE,
        ACTIVITE_ID,
        COPIE_DE,
        EST_COPIE,
        CONSEILLER_ID,
        UTILISATEUR_ID,
        CONSEILLER_NUMERIQUE,
        STRUCTURE_ID,
        LIEU_STRUCTURE_ID,
        DATE,
        CREE_LE,
        MODIFIE_LE,
        SUPPRIME_LE,
        TYPE_ACTIVITE,
        LIEU,
        THEMES,
        DUREE,
        NB_PARTICIPANTS,
        NB_PARTICIPANTS_RECURRENTS,
        CODE_COMMUNE,
        CODE_POSTAL,
        SIRET,
        TYPE_DECLARE,
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
        ORIENTE_VERS_STRUCTURE,
        DRAPEAUX,
    ],
    key: &[],
};

/// Typed employers.
pub const STAGED_STRUCTURES: Table = Table {
    name: "structures_lues",
    grain: "une structure du fichier source",
    columns: &[
        LIGNE,
        EMPREINTE,
        STRUCTURE_ID,
        SIRET,
        REGLES_NOM,
        TYPE_DECLARE,
        CATEGORIE_JURIDIQUE,
        CODE_COMMUNE,
        CODE_POSTAL,
        FRANCE_SERVICES,
        DRAPEAUX,
    ],
    key: &[],
};

/// The typed public list of employers.
pub const STAGED_EMPLOYEURS_PUBLICS: Table = Table {
    name: "employeurs_publics_lus",
    grain: "une décision d'attribution de la liste publique",
    columns: &[
        LIGNE,
        EMPREINTE,
        SIRET,
        REGLES_NOM,
        TYPE_DECLARE,
        DATE_VALIDATION,
        NB_POSTES,
        INVESTISSEMENT_CENTIMES,
        CODE_COMMUNE,
        CODE_POSTAL,
        DEPARTEMENT_DECLARE,
        ZRR,
        QPV,
        FRANCE_SERVICES,
        DRAPEAUX,
    ],
    key: &[],
};

/// Typed notices of deletion.
pub const STAGED_SUPPRESSIONS: Table = Table {
    name: "suppressions_lues",
    grain: "un avis de suppression d'une activité",
    columns: &[LIGNE, EMPREINTE, ACTIVITE_ID, SUPPRIME_LE, DRAPEAUX],
    key: &[],
};

/// Typed attendances.
pub const STAGED_ACCOMPAGNEMENTS: Table = Table {
    name: "accompagnements_lus",
    grain: "une personne à une activité",
    columns: &[LIGNE, EMPREINTE, ACTIVITE_ID, BENEFICIAIRE_ID, PREMIER, DRAPEAUX],
    key: &[],
};

/// Typed people who attend, without anything that names them.
pub const STAGED_BENEFICIAIRES: Table = Table {
    name: "beneficiaires_lus",
    grain: "un bénéficiaire, ou un participant anonyme",
    columns: &[
        LIGNE,
        EMPREINTE,
        BENEFICIAIRE_ID,
        GENRE,
        TRANCHE_AGE,
        STATUT_SOCIAL,
        ANNEE_NAISSANCE,
        DRAPEAUX,
    ],
    key: &[],
};

/// Typed periods of employment.
pub const STAGED_EMPLOIS: Table = Table {
    name: "emplois_lus",
    grain: "une période d'emploi d'un compte par une structure",
    columns: &[
        LIGNE,
        EMPREINTE,
        UTILISATEUR_ID,
        CONSEILLER_ID,
        CONSEILLER_NUMERIQUE,
        STRUCTURE_ID,
        DEBUT,
        FIN,
        SUPPRIME_LE,
        DRAPEAUX,
    ],
    key: &[],
};

/// Typed accounts.
pub const STAGED_UTILISATEURS: Table = Table {
    name: "utilisateurs_lus",
    grain: "un compte de La Coop",
    columns: &[LIGNE, EMPREINTE, UTILISATEUR_ID, CONSEILLER_ID, CONSEILLER_NUMERIQUE, DRAPEAUX],
    key: &[],
};

/// Typed legal units.
pub const STAGED_UNITES_LEGALES: Table = Table {
    name: "unites_legales_lues",
    grain: "une période d'une unité légale dans SIRENE",
    columns: &[LIGNE, EMPREINTE, SIREN, SIRET, CATEGORIE_JURIDIQUE, DEBUT, FIN, DRAPEAUX],
    key: &[],
};

/// Typed posts.
pub const STAGED_POSTES: Table = Table {
    name: "postes_lus",
    grain: "un poste chez une structure, dans un de ses états",
    columns: &[
        LIGNE,
        EMPREINTE,
        POSTE_ID,
        POSTE_LIGNE_ID,
        STRUCTURE_ID,
        PERSONNE_ID,
        TYPOLOGIE,
        ETAT_DECLARE,
        DATE_ATTRIBUTION,
        DATE_RENDU,
        RENOUVELE,
        CREE_LE,
        DRAPEAUX,
    ],
    key: &[],
};

/// Typed contracts of employment.
pub const STAGED_CONTRATS: Table = Table {
    name: "contrats_lus",
    grain: "un contrat de travail, dans une de ses versions",
    columns: &[
        LIGNE,
        EMPREINTE,
        CONTRAT_ID,
        PERSONNE_ID,
        STRUCTURE_ID,
        TYPE_CONTRAT,
        DEBUT,
        FIN,
        DATE_RUPTURE,
        CREE_LE,
        MODIFIE_LE,
        DRAPEAUX,
    ],
    key: &[],
};

/// Typed subsidies: both envelopes on a line, or one with its source.
pub const STAGED_SUBVENTIONS: Table = Table {
    name: "subventions_lues",
    grain: "une ligne de subvention d'un poste",
    columns: &[
        LIGNE,
        EMPREINTE,
        SUBVENTION_ID,
        POSTE_LIGNE_ID,
        SOURCE_FINANCEMENT,
        DEBUT_CONVENTION,
        FIN_CONVENTION,
        DEBUT_CONVENTION_DGCL,
        FIN_CONVENTION_DGCL,
        DEBUT_CONVENTION_DGE,
        FIN_CONVENTION_DGE,
        DEBUT_CONVENTION_DITP,
        FIN_CONVENTION_DITP,
        SUBVENTION,
        BONIFICATION,
        SUBVENTION_V1,
        VERSEMENT_V1,
        AVOIR_V1,
        SUBVENTION_V2,
        AVOIR_V2,
        VERSEMENT_1,
        VERSEMENT_2,
        VERSEMENT_3,
        DATE_VERSEMENT_1,
        DATE_VERSEMENT_2,
        DATE_VERSEMENT_3,
        DRAPEAUX,
    ],
    key: &[],
};
