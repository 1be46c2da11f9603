//! Kinds of employers: how many, which legal categories, and what applicants declared.

/// Kind of employer, by legal nature.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Association,
    Commune,
    Epci,
    Ccas,
    Departement,
    Cias,
    Region,
    Syndicat,
    Gip,
    LocalPublicBody,
    State,
    OtherCollectivity,
    Company,
    Foundation,
    SocialProtection,
    OtherPrivate,
    NaturalPerson,
}

/// What employers of a kind have in common.
pub(crate) struct Class {
    pub(crate) kind: Kind,
    /// Employers of the kind in a full programme.
    pub(crate) count: u64,
    /// Legal categories, with the first digits their SIREN has and a weight.
    ///
    /// Prefixes are those of real numbers, followed by a part never attributed.
    pub(crate) legal: &'static [((&'static str, &'static str), u64)],
    /// Declared types, with weights (domain note, section 2.2).
    pub(crate) declared: &'static [(&'static str, u64)],
}

const PRIVATE: &[(&str, u64)] = &[("PRIVATE", 1)];

/// The kinds, the most numerous first.
pub(crate) const CLASSES: &[Class] = &[
    Class {
        kind: Kind::Association,
        count: 1200,
        legal: &[
            (("9220", "99"), 88),
            (("9221", "99"), 4),
            (("9222", "99"), 2),
            (("9230", "99"), 3),
            (("9260", "99"), 2),
            (("9210", "99"), 1),
        ],
        declared: &[("PRIVATE", 98), ("COLLECTIVITE", 2)],
    },
    Class {
        kind: Kind::Commune,
        count: 1100,
        legal: &[(("7210", "2199"), 97), (("7210", "2099"), 3)],
        declared: &[("COMMUNE", 96), ("COLLECTIVITE", 4)],
    },
    Class {
        kind: Kind::Epci,
        count: 484,
        legal: &[
            (("7346", "2499"), 50),
            (("7346", "2099"), 25),
            (("7348", "2499"), 10),
            (("7348", "2099"), 8),
            (("7344", "2499"), 4),
            (("7343", "2499"), 3),
        ],
        declared: &[("EPCI", 97), ("COLLECTIVITE", 3)],
    },
    Class {
        kind: Kind::Ccas,
        count: 142,
        legal: &[(("7361", "2699"), 90), (("7361", "2099"), 10)],
        declared: &[("COMMUNE", 60), ("COLLECTIVITE", 40)],
    },
    Class {
        kind: Kind::Departement,
        count: 63,
        legal: &[(("7220", "2299"), 1)],
        declared: &[("DEPARTEMENT", 1)],
    },
    Class { kind: Kind::Company, count: 60, legal: COMPANIES, declared: PRIVATE },
    Class {
        kind: Kind::Syndicat,
        count: 45,
        legal: &[
            (("7354", "2599"), 30),
            (("7355", "2599"), 25),
            (("7353", "2599"), 15),
            (("7345", "2599"), 10),
            (("7357", "2099"), 20),
        ],
        declared: &[("EPCI", 60), ("COLLECTIVITE", 40)],
    },
    Class {
        kind: Kind::Cias,
        count: 40,
        legal: &[(("7367", "2699"), 70), (("7367", "2099"), 30)],
        declared: &[("EPCI", 70), ("COLLECTIVITE", 30)],
    },
    Class {
        kind: Kind::LocalPublicBody,
        count: 30,
        legal: &[
            (("7371", "2799"), 30),
            (("7331", "1999"), 20),
            (("7364", "2699"), 15),
            (("7366", "2699"), 10),
            (("7378", "2099"), 10),
            (("7362", "2699"), 5),
            (("4150", "8999"), 10),
        ],
        declared: &[("COLLECTIVITE", 50), ("PRIVATE", 30), ("COMMUNE", 20)],
    },
    Class {
        kind: Kind::State,
        count: 14,
        legal: &[
            (("7381", "1899"), 40),
            (("7383", "1999"), 20),
            (("7385", "1899"), 20),
            (("7389", "1399"), 20),
        ],
        declared: &[("COLLECTIVITE", 40), ("PRIVATE", 30), ("EPCI", 30)],
    },
    Class {
        kind: Kind::Gip,
        count: 12,
        legal: &[(("7410", "1399"), 1)],
        declared: &[("GIP", 80), ("PRIVATE", 20)],
    },
    Class { kind: Kind::SocialProtection, count: 12, legal: PROTECTION, declared: PRIVATE },
    Class { kind: Kind::Foundation, count: 8, legal: &[(("9300", "99"), 1)], declared: PRIVATE },
    Class {
        kind: Kind::OtherPrivate,
        count: 7,
        legal: &[(("8410", "99"), 1), (("9150", "99"), 1), (("9900", "99"), 1)],
        declared: PRIVATE,
    },
    Class {
        kind: Kind::Region,
        count: 6,
        legal: &[(("7230", "2399"), 1)],
        declared: &[("REGION", 1)],
    },
    Class {
        kind: Kind::OtherCollectivity,
        count: 5,
        legal: &[(("7229", "2199"), 3), (("7225", "2299"), 2)],
        declared: &[("DEPARTEMENT", 70), ("COLLECTIVITE", 30)],
    },
    Class { kind: Kind::NaturalPerson, count: 1, legal: &[(("1000", "99"), 1)], declared: PRIVATE },
];

const COMPANIES: &[((&str, &str), u64)] = &[
    (("5710", "99"), 40),
    (("5499", "99"), 30),
    (("5460", "99"), 10),
    (("5599", "99"), 10),
    (("6532", "99"), 10),
];

const PROTECTION: &[((&str, &str), u64)] =
    &[(("8140", "99"), 40), (("8210", "99"), 40), (("8110", "99"), 20)];

/// Activity rows from which on the programme is full.
pub(crate) const FULL_ROWS: u64 = 100_000;

/// Employers there are at `rows` activity rows.
pub(crate) fn counts(rows: u64) -> Vec<(&'static Class, u64)> {
    let full: u64 = CLASSES.iter().map(|class| class.count).sum();
    let target = 60 + (full - 60) * rows.min(FULL_ROWS) / FULL_ROWS;
    CLASSES.iter().map(|class| (class, (class.count * target / full).max(1))).collect()
}
