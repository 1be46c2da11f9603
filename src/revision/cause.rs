//! What two runs know of a record becomes the cause of its change.

/// Why a record counts otherwise than in the run before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// No source told it before.
    Arrival,
    /// A source, or those who attended, tell it otherwise.
    Edit,
    /// No source tells it any more, or one says that it is deleted.
    Deletion,
    /// A correction began to apply to it, or ended.
    Correction,
    /// What is known of employers or territories changed.
    Reference,
    /// A declaration or the program changed.
    Rule,
}

impl Cause {
    /// All causes, in the order in which they are told.
    pub const ALL: [Self; 6] =
        [Self::Arrival, Self::Edit, Self::Deletion, Self::Correction, Self::Reference, Self::Rule];

    /// Its code in files.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Arrival => "arrivee",
            Self::Edit => "modification",
            Self::Deletion => "suppression",
            Self::Correction => "correction",
            Self::Reference => "referentiel",
            Self::Rule => "regle",
        }
    }

    /// What readers are told, in French.
    #[must_use]
    pub const fn in_french(self) -> &'static str {
        match self {
            Self::Arrival => "saisie tardive",
            Self::Edit => "modification à la source",
            Self::Deletion => "suppression à la source",
            Self::Correction => "correction d'une erreur connue",
            Self::Reference => "employeurs ou territoires mieux connus",
            Self::Rule => "règle ou définition",
        }
    }

    /// The cause of a code.
    #[must_use]
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.code() == code)
    }
}

/// What else changed between the two runs; the reference day does every night.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Around {
    /// A correction that leaves records out.
    pub drops: bool,
    /// A correction of employers.
    pub structures: bool,
    /// Reference lists, or files that tell of employers.
    pub references: bool,
    /// Other declarations, or the program.
    pub rules: bool,
}

/// What the two runs have of a record that does not count alike in both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// It counted before.
    pub was_there: bool,
    /// It counts now.
    pub is_there: bool,
    /// A source told it before.
    pub was_told: bool,
    /// A source tells it now.
    pub is_told: bool,
    /// A source tells of it what none told before, not only later.
    pub is_told_otherwise: bool,
    /// A source told of it what none tells now.
    pub is_told_less: bool,
    /// A source, or a notice, said that it was deleted.
    pub was_announced: bool,
    /// A source, or a notice, says that it is deleted.
    pub is_announced: bool,
    /// It bears the flag of a correction that began, ended or changed.
    pub is_corrected: bool,
    /// It differs in what references decide, and in nothing else.
    pub is_of_references: bool,
}

/// The cause of a change.
#[must_use]
pub fn cause(seen: &Seen, around: Around) -> Cause {
    match (seen.was_there, seen.is_there) {
        (false, _) if !seen.was_told => Cause::Arrival,
        (_, false) if !seen.is_told => Cause::Deletion,
        (false, _) if seen.was_announced && !seen.is_announced => Cause::Deletion,
        (_, false) if seen.is_announced && !seen.was_announced => Cause::Deletion,
        // It passes the rules since it is told otherwise, or no longer does.
        (false, _) | (_, false) if seen.is_told_otherwise => Cause::Edit,
        (false, _) | (_, false) if around.drops => Cause::Correction,
        (false, _) | (_, false) if around.rules => Cause::Rule,
        // A version is later than the notice, or no longer is.
        (false, _) if seen.was_announced => Cause::Deletion,
        (_, false) if seen.is_announced => Cause::Deletion,
        // Nothing but the reference day is another.
        (false, _) | (_, false) => Cause::Reference,
        (true, true) if seen.is_told_otherwise => Cause::Edit,
        (true, true) if seen.is_corrected => Cause::Correction,
        (true, true) if seen.is_of_references => of_references(seen, around),
        (true, true) if around.rules && !seen.is_told_less => Cause::Rule,
        // Those who attended are told by files of their own.
        (true, true) => Cause::Edit,
    }
}

/// The cause of a change of what is known of the employer or the territory.
fn of_references(seen: &Seen, around: Around) -> Cause {
    match around {
        Around { structures: true, .. } => Cause::Correction,
        Around { references: true, .. } => Cause::Reference,
        _ if seen.is_told_less => Cause::Edit,
        Around { rules: true, .. } => Cause::Rule,
        _ => Cause::Reference,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_says_its_cause() {
        for cause in Cause::ALL {
            assert_eq!(Cause::of_code(cause.code()), Some(cause));
        }
        assert_eq!(Cause::of_code("autre"), None);
    }

    #[test]
    fn what_a_source_says_comes_before_what_declarations_do() {
        let both = Seen {
            was_there: true,
            is_there: true,
            was_told: true,
            is_told: true,
            ..Seen::default()
        };
        let none = Around::default();
        let rules = Around { rules: true, ..none };
        let references = Around { references: true, ..rules };
        let drops = Around { drops: true, ..rules };
        let edited = Seen { is_told_otherwise: true, is_corrected: true, ..both };
        assert_eq!(cause(&edited, drops), Cause::Edit);
        assert_eq!(cause(&Seen { is_corrected: true, ..both }, rules), Cause::Correction);
        let elsewhere = Seen { is_of_references: true, ..both };
        assert_eq!(cause(&elsewhere, references), Cause::Reference);
        assert_eq!(cause(&elsewhere, rules), Cause::Rule);
        assert_eq!(cause(&elsewhere, none), Cause::Reference, "the reference day");
        assert_eq!(cause(&elsewhere, Around { structures: true, ..none }), Cause::Correction);
        assert_eq!(cause(&Seen { is_told_less: true, ..elsewhere }, none), Cause::Edit);
        assert_eq!(cause(&both, rules), Cause::Rule);
        assert_eq!(cause(&both, none), Cause::Edit, "people who attended");
        let gone = Seen { is_there: false, ..both };
        assert_eq!(cause(&gone, drops), Cause::Correction);
        assert_eq!(cause(&gone, rules), Cause::Rule);
        assert_eq!(cause(&gone, none), Cause::Reference, "the reference day");
        assert_eq!(cause(&Seen { is_announced: true, ..gone }, drops), Cause::Deletion);
        assert_eq!(cause(&Seen { is_told: false, ..gone }, drops), Cause::Deletion);
        let back = Seen { was_there: false, ..both };
        assert_eq!(cause(&back, drops), Cause::Correction);
        assert_eq!(cause(&Seen { was_announced: true, ..back }, drops), Cause::Deletion);
        assert_eq!(cause(&Seen { was_told: false, ..back }, drops), Cause::Arrival);
        let invalid = Seen { is_told_otherwise: true, ..gone };
        assert_eq!(cause(&invalid, drops), Cause::Edit, "the rules refuse what it says now");
        assert_eq!(cause(&Seen { is_announced: true, ..invalid }, drops), Cause::Deletion);
        let valid = Seen { is_told_otherwise: true, ..back };
        assert_eq!(cause(&valid, drops), Cause::Edit);
        assert_eq!(cause(&Seen { was_announced: true, ..valid }, drops), Cause::Deletion);
        let overtaken = Seen { was_announced: true, is_announced: true, ..back };
        assert_eq!(cause(&overtaken, none), Cause::Deletion, "a version is later than the notice");
        assert_eq!(cause(&overtaken, rules), Cause::Rule);
    }
}
