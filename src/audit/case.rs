//! Files, rules and contributions become what a certificate must prove, and why it may fail to.

use crate::audit::certificate::ReleaseFile;
use crate::audit::figures::Known;

/// A figure that must not be known, and how far from it others must be possible.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Primary {
    /// Its number.
    pub figure: u32,
    /// It could be at least that much greater.
    pub up: i64,
    /// It could be at least that much smaller.
    pub down: i64,
    /// Both together are at least that much; never less than 1.
    pub width: i64,
}

/// What is verified: all of it is made anew from files, nothing comes from the engines.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// Version of the rules.
    pub rules: &'a str,
    /// Every file of every release there is, sorted.
    pub files: &'a [ReleaseFile],
    /// What an outsider knows.
    pub known: &'a Known,
    /// The true figures.
    pub truth: &'a [i64],
    /// The figures that must not be known.
    pub primaries: &'a [Primary],
    /// For each contributor, sorted: the figures that he knows, being alone in them.
    pub insiders: &'a [Vec<u32>],
}

/// Why a certificate is no proof.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "each message says it")]
pub enum Refusal {
    #[error("the certificate is for other rules")]
    Rules,
    #[error(
        "file `{name}` of release `{release}` is not the one certified, or only one side has it"
    )]
    File { release: String, name: String },
    #[error("the certificate is about other figures or other relations")]
    Known,
    #[error("the public verdict is not that of this certificate")]
    Verdict,
    #[error("the true figure {figure} is not what is known of it")]
    Truth { figure: usize },
    #[error("the true figures break relation {row}")]
    TrueRelation { row: usize },
    #[error("line {line} cannot be read")]
    Unreadable { line: u64 },
    #[error("the certificate has {found} lines and {primaries} primaries, not what its head says")]
    Count { found: u64, primaries: u64 },
    #[error("line {line} moves figure {figure} to what it is known not to be")]
    Moves { line: u64, figure: u32 },
    #[error("line {line} breaks equation {row}")]
    Equation { line: u64, row: u32 },
    #[error("line {line} breaks inequality {row}")]
    Inequality { line: u64, row: u32 },
    #[error("figure {figure} can only rise by {up} and fall by {down}")]
    Room { figure: u32, up: i64, down: i64 },
    #[error("contributor {insider} can compute figure {figure}")]
    Insider { figure: u32, insider: u32 },
}
