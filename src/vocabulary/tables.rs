//! Every table the program itself names: its columns, its grain, its total order.

use crate::vocabulary::codes::Subject;
use crate::vocabulary::columns::*;

/// The shape of a table. The key is unique and the rows are sorted by it.
#[derive(Debug)]
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// What one row is, in French.
    pub grain: &'static str,
    /// Its columns, in order.
    pub columns: &'static [Column],
    /// The total order; empty where rows stay in the order of the file.
    pub key: &'static [Column],
}

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
        TYPE_EMPLOYEUR_SOURCE,
        FRANCE_SERVICES,
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
        TYPE_EMPLOYEUR,
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
        TYPE_EMPLOYEUR,
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

/// Rejected lines of all stages.
pub const REJECTS: Table = Table {
    name: "rejets",
    grain: "un enregistrement refusé",
    columns: &[ETAPE, SOURCE, SEGMENT, LIGNE, EMPLACEMENT, RAISON, RAISONS, PARTICIPANTS, MINUTES],
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
    grain: "un identifiant de structure employeuse d'un système, et le type qu'elle avait",
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
    key: &[SYSTEME, STRUCTURE_ID, TYPE_EMPLOYEUR],
};

/// What was compared between and within summary tables.
pub const RECONCILIATION: Table = Table {
    name: "reconciliation",
    grain: "un indicateur comparé entre deux tables, ou entre les lignes et les totaux d'une table",
    columns: &[TABLE, AUTRE_TABLE, DIMENSIONS, INDICATEUR, CELLULES, ECARTS],
    key: &[TABLE, AUTRE_TABLE, DIMENSIONS, INDICATEUR],
};

/// Tables beside those that are declared.
pub const MADE: [&Table; 2] = [&COUVERTURE, &RECONCILIATION];

/// The staged table of a subject.
#[must_use]
pub fn staged(subject: Subject) -> &'static Table {
    match subject {
        Subject::Activites => &STAGED_ACTIVITES,
        Subject::Structures => &STAGED_STRUCTURES,
        Subject::EmployeursPublics => &STAGED_EMPLOYEURS_PUBLICS,
        Subject::Suppressions => &STAGED_SUPPRESSIONS,
        Subject::Accompagnements => &STAGED_ACCOMPAGNEMENTS,
        Subject::Beneficiaires => &STAGED_BENEFICIAIRES,
        Subject::Emplois => &STAGED_EMPLOIS,
        Subject::Utilisateurs => &STAGED_UTILISATEURS,
        Subject::UnitesLegales => &STAGED_UNITES_LEGALES,
    }
}

/// The clean table where rows of a subject end, or which they complete.
#[must_use]
pub fn clean(subject: Subject) -> &'static Table {
    match subject {
        Subject::Structures | Subject::UnitesLegales => &CLEAN_EMPLOYEURS,
        Subject::EmployeursPublics => &CLEAN_EMPLOYEURS_PUBLICS,
        Subject::Activites
        | Subject::Suppressions
        | Subject::Accompagnements
        | Subject::Beneficiaires
        | Subject::Emplois
        | Subject::Utilisateurs => &CLEAN_ACTIVITES,
    }
}
