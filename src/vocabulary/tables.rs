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

/// A table that the program makes beside those that are declared.
#[derive(Debug)]
pub struct Made {
    /// The table.
    pub table: &'static Table,
    /// French title.
    pub title: &'static str,
    /// What a reader must know, in French.
    pub definition: &'static str,
    /// What it is made from.
    pub from: &'static str,
}

/// Tables beside those that are declared.
pub const MADE: [Made; 5] = [
    Made {
        table: &CHIFFRES_CLES,
        title: "Chiffres clés du compte public du programme, et ce qui en est publié",
        definition: "Chaque chiffre est une cellule d'une table, ou une part de deux ; \
                     pipelines/chiffres_cles.toml les déclare. Sans la table, il n'a pas de valeur.",
        from: "tables",
    },
    Made {
        table: &COUVERTURE,
        title: "Mois où chaque employeur a une activité, et depuis quand il n'en a plus",
        definition: "Table interne : elle nomme des employeurs. Le type est celui du dernier mois.",
        from: "activites",
    },
    Made {
        table: &COUVERTURE_MOIS,
        title: "Ce que chaque mois est pour chaque employeur",
        definition: "Table interne : elle nomme des employeurs. Tous les mois, du premier au \
                     dernier où le système d'origine a une activité.",
        from: "activites",
    },
    Made {
        table: &PART_ETAT_COUT,
        title: "Part de l'État dans le coût des postes, par type d'employeur et année",
        definition: "La part est etat_conventionne_centimes, ou etat_verse_centimes, sur \
                     cout_centimes. Seuls comptent les jours jusqu'au jour de référence. Chaque \
                     jour sous un contrat, quelle que soit la quotité, coûte la même fraction du \
                     coût annuel, au centime près par type et année ; un jour sous deux contrats \
                     successifs compte une fois, un contrat sans début aucune, un poste vacant ne \
                     coûte rien. Les montants conventionnés, et les versements faits au jour de \
                     référence, sont répartis également sur les jours de leur convention : certains \
                     versements n'ont pas de date. Une convention sans dates, ou qui finit avant de \
                     commencer, est à l'année inconnu, sans coût en regard. La part peut dépasser \
                     100 % : une convention court aussi quand le poste est vacant.",
        from: "contrats, subventions",
    },
    Made {
        table: &RECONCILIATION,
        title: "Comparaisons des tables entre elles et avec leurs totaux",
        definition: "Un écart arrête l'exécution avant publication.",
        from: "tables",
    },
];

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
