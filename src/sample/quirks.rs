//! A row number becomes the flaw this row must show, if any; every flaw is spread evenly.

use crate::sample::dice::mix;

/// One way in which real exports depart from their documentation.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quirk {
    EveningMonthEnd,
    EveningClockChange,
    AutreCanal,
    CommuneCodeMissing,
    OldCommune,
    Arrondissement,
    Corsica,
    Overseas,
    UndefinedPlace,
    MalformedPostalCode,
    LostZeroPostalCode,
    LostZeroCommuneCode,
    RecurrentsAboveParticipants,
    AgesAllZero,
    AgesSumDiffers,
    UnknownStructure,
    AbandonedStructure,
    ExactDuplicate,
    OlderVersion,
    EmptyId,
    UnknownCanal,
    UnknownActivite,
    UnparsableDate,
    Year1970,
    AfterLastDay,
    ZeroParticipants,
    NegativeParticipants,
    HugeParticipants,
    TooFewFields,
    SoftDeleted,
    MigratedCopy,
    DayDiffersInParis,
    IntervalDuration,
    PersonalText,
    QuotedText,
    MultilineNote,
    LegacyOnly,
    CoopOnly,
    LegalCategoryMissing,
    InvalidSiret,
    SiretOnThreeRows,
    SaintMartin,
    NaturalPerson,
    SemicolonText,
    OldSchema,
    StructureAbsent,
    RepeatedRow,
    FormerLegalCategory,
}

impl Quirk {
    /// Gives the name under which the summary counts the quirk.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::EveningMonthEnd => "evening_month_end",
            Self::EveningClockChange => "evening_clock_change",
            Self::AutreCanal => "autre_canal",
            Self::CommuneCodeMissing => "commune_code_missing",
            Self::OldCommune => "old_commune",
            Self::Arrondissement => "arrondissement",
            Self::Corsica => "corsica",
            Self::Overseas => "overseas",
            Self::UndefinedPlace => "undefined_place",
            Self::MalformedPostalCode => "malformed_postal_code",
            Self::LostZeroPostalCode => "lost_zero_postal_code",
            Self::LostZeroCommuneCode => "lost_zero_commune_code",
            Self::RecurrentsAboveParticipants => "recurrents_above_participants",
            Self::AgesAllZero => "ages_all_zero",
            Self::AgesSumDiffers => "ages_sum_differs",
            Self::UnknownStructure => "unknown_structure",
            Self::AbandonedStructure => "abandoned_structure",
            Self::ExactDuplicate => "exact_duplicate",
            Self::OlderVersion => "older_version",
            Self::EmptyId => "empty_id",
            Self::UnknownCanal => "unknown_canal",
            Self::UnknownActivite => "unknown_activite",
            Self::UnparsableDate => "unparsable_date",
            Self::Year1970 => "year_1970",
            Self::AfterLastDay => "after_last_day",
            Self::ZeroParticipants => "zero_participants",
            Self::NegativeParticipants => "negative_participants",
            Self::HugeParticipants => "huge_participants",
            Self::TooFewFields => "too_few_fields",
            Self::SoftDeleted => "soft_deleted",
            Self::MigratedCopy => "migrated_copy",
            Self::DayDiffersInParis => "day_differs_in_paris",
            Self::IntervalDuration => "interval_duration",
            Self::PersonalText => "personal_text",
            Self::QuotedText => "quoted_text",
            Self::MultilineNote => "multiline_note",
            Self::LegacyOnly => "legacy_only",
            Self::CoopOnly => "coop_only",
            Self::LegalCategoryMissing => "legal_category_missing",
            Self::InvalidSiret => "invalid_siret",
            Self::SiretOnThreeRows => "siret_on_three_rows",
            Self::SaintMartin => "saint_martin",
            Self::NaturalPerson => "natural_person",
            Self::SemicolonText => "semicolon_text",
            Self::OldSchema => "old_schema",
            Self::StructureAbsent => "structure_absent",
            Self::RepeatedRow => "repeated_row",
            Self::FormerLegalCategory => "former_legal_category",
        }
    }
}

/// Quirks of the activity files with their number in each block of 887 rows (1 is 0.11 %).
pub(crate) const ACTIVITIES: &[(Quirk, u64)] = &[
    (Quirk::EveningMonthEnd, 2),
    (Quirk::EveningClockChange, 2),
    (Quirk::AutreCanal, 2),
    (Quirk::CommuneCodeMissing, 4),
    (Quirk::OldCommune, 2),
    (Quirk::Arrondissement, 3),
    (Quirk::Corsica, 2),
    (Quirk::Overseas, 8),
    (Quirk::UndefinedPlace, 2),
    (Quirk::MalformedPostalCode, 3),
    (Quirk::LostZeroPostalCode, 2),
    (Quirk::LostZeroCommuneCode, 1),
    (Quirk::RecurrentsAboveParticipants, 2),
    (Quirk::AgesAllZero, 2),
    (Quirk::AgesSumDiffers, 2),
    (Quirk::UnknownStructure, 1),
    (Quirk::AbandonedStructure, 2),
    (Quirk::ExactDuplicate, 2),
    (Quirk::OlderVersion, 2),
    (Quirk::EmptyId, 1),
    (Quirk::UnknownCanal, 1),
    (Quirk::UnknownActivite, 1),
    (Quirk::UnparsableDate, 1),
    (Quirk::Year1970, 1),
    (Quirk::AfterLastDay, 1),
    (Quirk::ZeroParticipants, 1),
    (Quirk::NegativeParticipants, 1),
    (Quirk::HugeParticipants, 1),
    (Quirk::TooFewFields, 1),
];

/// Quirks of the Coop file: 10 % of copies, 1.5 % of deletions, 1 % of earlier versions.
pub(crate) const COOP: &[(Quirk, u64)] = &[
    (Quirk::MigratedCopy, 89),
    (Quirk::SoftDeleted, 13),
    (Quirk::OlderVersion, 9),
    (Quirk::ExactDuplicate, 3),
    (Quirk::CommuneCodeMissing, 2),
    (Quirk::OldCommune, 2),
    (Quirk::Arrondissement, 3),
    (Quirk::Corsica, 2),
    (Quirk::Overseas, 8),
    (Quirk::MalformedPostalCode, 3),
    (Quirk::LostZeroPostalCode, 2),
    (Quirk::LostZeroCommuneCode, 1),
    (Quirk::AgesAllZero, 2),
    (Quirk::AgesSumDiffers, 2),
    (Quirk::UnknownStructure, 1),
    (Quirk::EmptyId, 1),
    (Quirk::UnknownCanal, 1),
    (Quirk::UnknownActivite, 1),
    (Quirk::UnparsableDate, 1),
    (Quirk::Year1970, 1),
    (Quirk::AfterLastDay, 1),
    (Quirk::ZeroParticipants, 1),
    (Quirk::NegativeParticipants, 1),
    (Quirk::HugeParticipants, 1),
    (Quirk::TooFewFields, 1),
];

/// Quirks of employers.
pub(crate) const EMPLOYERS: &[(Quirk, u64)] = &[
    (Quirk::LegacyOnly, 44),
    (Quirk::CoopOnly, 36),
    (Quirk::LegalCategoryMissing, 27),
    (Quirk::InvalidSiret, 4),
    (Quirk::SiretOnThreeRows, 1),
    (Quirk::LostZeroPostalCode, 3),
    (Quirk::LostZeroCommuneCode, 3),
    (Quirk::AbandonedStructure, 6),
    (Quirk::QuotedText, 2),
];

/// Length of a block in all but the smallest files, for which the numbers above are meant.
const BLOCK_FULL: u64 = 887;
/// Lengths a block may have; prime, so that any step visits each of its rows once.
const BLOCKS: &[u64] = &[BLOCK_FULL, 401, 199, 97, 47];

/// A quirk, and how many of the same kind came before it in the file.
#[derive(Clone, Copy)]
pub(crate) struct Occurrence {
    /// What is wrong.
    pub(crate) quirk: Quirk,
    /// Number of the occurrence, from 0, by which its variants take turns.
    pub(crate) ordinal: u64,
}

impl Occurrence {
    /// Gives the variant whose turn it is.
    pub(crate) fn variant<T: Copy + Default>(self, variants: &[T]) -> T {
        let count = u64::try_from(variants.len()).unwrap_or(1).max(1);
        let position = usize::try_from(self.ordinal % count).unwrap_or(0);
        variants.get(position).copied().unwrap_or_default()
    }
}

/// Where the quirks of one file fall.
///
/// The file is cut into blocks of a prime length and a quirk holds a fixed number of slots in
/// each, so its rate is exact and its first case comes early. At most one quirk falls on a row.
pub(crate) struct QuirkCalendar {
    seed: u64,
    block: u64,
    slots: Vec<Slot>,
}

struct Slot {
    quirk: Quirk,
    index: u64,
    per_block: u64,
}

impl QuirkCalendar {
    /// Plans the quirks of an archive-like file of `rows` rows.
    pub(crate) fn of_activities(seed: u64, rows: u64) -> Self {
        Self::plan(seed, rows, ACTIVITIES)
    }

    /// Plans the quirks of the Coop file.
    pub(crate) fn of_coop(seed: u64, rows: u64) -> Self {
        Self::plan(seed, rows, COOP)
    }

    /// Plans the quirks of the list of employers.
    pub(crate) fn of_employers(seed: u64, rows: u64) -> Self {
        Self::plan(seed, rows, EMPLOYERS)
    }

    fn plan(seed: u64, rows: u64, rates: &[(Quirk, u64)]) -> Self {
        let block = BLOCKS.iter().copied().find(|block| *block <= rows).unwrap_or(0);
        let per_block = |count: u64| (count * block / BLOCK_FULL).max(1);
        let most = rates.iter().map(|(_, count)| per_block(*count)).max().unwrap_or(0);
        let mut slots = Vec::new();
        // One of each kind first: where room lacks, the second ones go, not the last kinds.
        for index in 0..most {
            for (quirk, count) in rates.iter().filter(|(_, count)| index < per_block(*count)) {
                slots.push(Slot { quirk: *quirk, index, per_block: per_block(*count) });
            }
        }
        slots.truncate(usize::try_from(block / 4).unwrap_or(0));
        Self { seed, block, slots }
    }

    /// Tells what is wrong with a row.
    pub(crate) fn at(&self, row: u64) -> Option<Occurrence> {
        let number = row.checked_div(self.block)?;
        let noise = mix(&[self.seed, number]);
        let step = 1 + noise % (self.block - 1);
        let place = ((row % self.block) * step + (noise >> 32)) % self.block;
        let slot = self.slots.get(usize::try_from(place).ok()?)?;
        Some(Occurrence { quirk: slot.quirk, ordinal: number * slot.per_block + slot.index })
    }

    /// Tells whether nothing is wrong with a row.
    pub(crate) fn is_plain(&self, row: u64) -> bool {
        self.at(row).is_none()
    }

    /// Counts the occurrences a quirk may have in a file of `rows` rows, at most.
    pub(crate) fn most(&self, quirk: Quirk, rows: u64) -> u64 {
        let per_block = self.slots.iter().find(|slot| slot.quirk == quirk);
        let blocks = rows.checked_div(self.block).unwrap_or(0) + 1;
        per_block.map_or(0, |slot| blocks * slot.per_block)
    }
}
