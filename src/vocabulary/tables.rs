//! Every table the program itself names: its columns, its grain, its total order.

pub use crate::vocabulary::tables::clean::*;
pub use crate::vocabulary::tables::staged::*;

use crate::vocabulary::codes::Subject;
use crate::vocabulary::columns::Column;

mod clean;
mod staged;

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

/// Tables beside those that are declared.
pub const MADE: [&Table; 3] = [&COUVERTURE, &RECONCILIATION, &CHIFFRES_CLES];

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
        Subject::Postes => &STAGED_POSTES,
        Subject::Contrats => &STAGED_CONTRATS,
        Subject::Subventions => &STAGED_SUBVENTIONS,
    }
}

/// The clean table where rows of a subject end, or which they complete.
#[must_use]
pub fn clean(subject: Subject) -> &'static Table {
    match subject {
        Subject::Structures | Subject::UnitesLegales => &CLEAN_EMPLOYEURS,
        Subject::EmployeursPublics => &CLEAN_EMPLOYEURS_PUBLICS,
        Subject::Postes => &CLEAN_POSTES,
        Subject::Contrats => &CLEAN_CONTRATS,
        Subject::Subventions => &CLEAN_SUBVENTIONS,
        Subject::Activites
        | Subject::Suppressions
        | Subject::Accompagnements
        | Subject::Beneficiaires
        | Subject::Emplois
        | Subject::Utilisateurs => &CLEAN_ACTIVITES,
    }
}
