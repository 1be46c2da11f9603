//! What a person should know of a run has a code, which declarations and records name.

use serde::{Deserialize, Serialize};

/// The kind of a warning. A code never changes its meaning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// Tonight's input of a source is not used: that of an earlier run stands.
    SourceHeldBack,
    /// The newest record of a source is old.
    SourceStale,
    /// An input breaks off, and is used all the same.
    InputCut,
    /// An input has no record.
    InputEmpty,
    /// Two inputs have the same bytes.
    InputTwice,
    /// No source reads an input.
    InputUnclaimed,
    /// An input is not a file.
    InputNoFile,
    /// An input has a column that its source does not declare.
    ColumnUnknown,
    /// Records are of a day after the reference day.
    RecordsLater,
    /// Copies have no record in the archive given.
    CopiesLacking,
    /// Activities may be copies without a mark.
    CopiesSuspected,
    /// Pseudonyms of real exports are keyed with the published key.
    KeyPublished,
    /// A run was taken back, and readers see an earlier one.
    RunTakenBack,
    /// An accepted warning was not given.
    AcceptanceUnused,
    /// Of a program before there were codes.
    #[default]
    Other,
}
