//! Closed lists the code branches on.

use serde::{Deserialize, Serialize};

/// The total over all values of a dimension.
pub const ENSEMBLE: &str = "ensemble";
/// A value nobody gave.
pub const NON_RENSEIGNE: &str = "non_renseigne";
/// A value that cannot be told.
pub const INCONNU: &str = "inconnu";
/// A workshop.
pub const COLLECTIF: &str = "collectif";
/// An employer told by the record.
pub const DECLARE: &str = "declare";
/// An employer told by a period of employment that covers the day.
pub const EMPLOI: &str = "emploi";
/// An employer that the system, or a period of employment near the day, tells afterwards.
pub const RECONSTITUE: &str = "reconstitue";
/// Yes.
pub const OUI: &str = "oui";
/// No.
pub const NON: &str = "non";
/// Joins the codes of a multi-valued column.
pub const SEPARATOR: &str = "|";

/// The groups in which types of employers are published.
pub const EMPLOYER_GROUPS: [&str; 8] = [
    "association",
    "commune",
    "epci",
    "ccas",
    "departement",
    "autre_public",
    "autre_prive",
    INCONNU,
];

/// What a source describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// One row an activity, or a version of one.
    Activites,
    /// Employers, by the identifiers activities use.
    Structures,
    /// The public list of employers validated by the selection committee.
    EmployeursPublics,
    /// Deletions of activities, told apart from them.
    Suppressions,
    /// Attendances: one person at one activity.
    Accompagnements,
    /// The people who attend.
    Beneficiaires,
    /// Periods of employment of advisers.
    Emplois,
    /// Accounts of the Coop.
    Utilisateurs,
    /// Legal units of SIRENE.
    UnitesLegales,
    /// Posts of advisers, given to employers.
    Postes,
    /// Contracts of employment of advisers.
    Contrats,
    /// Subsidies of the State to posts.
    Subventions,
}

impl Subject {
    /// Whether it has a clean table of its own.
    #[must_use]
    pub fn has_table(self) -> bool {
        match self {
            Subject::Activites
            | Subject::Structures
            | Subject::EmployeursPublics
            | Subject::Postes
            | Subject::Contrats
            | Subject::Subventions => true,
            Subject::Suppressions
            | Subject::Accompagnements
            | Subject::Beneficiaires
            | Subject::Emplois
            | Subject::Utilisateurs
            | Subject::UnitesLegales => false,
        }
    }
}

/// The system a source comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum System {
    /// The Espace Coop, November 2020 to November 2024.
    Legacy,
    /// La Coop, since September 2024.
    Coop,
    /// A partner that has neither.
    Plat,
}

impl System {
    /// Its code in the data.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            System::Legacy => "legacy",
            System::Coop => "coop",
            System::Plat => "plat",
        }
    }
}

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fate {
    /// In the clean data.
    Kept,
    /// Refused, with a reason.
    Rejected,
    /// An exact copy of a row read elsewhere.
    Duplicate,
    /// A later version of the same record took its place.
    Superseded,
    /// Deleted in the system of origin.
    Deleted,
    /// The Coop's copy of a legacy record.
    Migrated,
    /// One of the rows that make one record.
    Merged,
    /// A notice of deletion, whatever it did.
    Notice,
    /// Left out by a correction.
    Dropped,
    /// What a correction took from the measures; no row.
    Corrected,
}

impl Fate {
    /// All of them, in the order of the ledger.
    pub const ALL: [Fate; 10] = [
        Fate::Kept,
        Fate::Rejected,
        Fate::Duplicate,
        Fate::Superseded,
        Fate::Deleted,
        Fate::Migrated,
        Fate::Merged,
        Fate::Notice,
        Fate::Dropped,
        Fate::Corrected,
    ];

    /// Its code in the ledger.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Fate::Kept => "gardee",
            Fate::Rejected => "rejetee",
            Fate::Duplicate => "doublon",
            Fate::Superseded => "remplacee",
            Fate::Deleted => "supprimee",
            Fate::Migrated => "copie_migree",
            Fate::Merged => "regroupee",
            Fate::Notice => "avis_de_suppression",
            Fate::Dropped => "ecartee",
            Fate::Corrected => "corrigee",
        }
    }
}
