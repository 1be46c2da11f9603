//! What is decided of a source becomes part of what is decided of a night, or the error that ends
//! it.

use jiff::civil::Date;

use crate::definition::gates::Limits;
use crate::error::{Error, Kind};
use crate::run::held_back::{AcceptedInput, Finding, HeldBack, Judged, Reason};
use crate::run::manifest::{Input, Segment};
use crate::run::warning::Warning;

/// What a source was given tonight, and what was read of it.
pub(super) struct Given<'g> {
    pub(super) source: &'g str,
    pub(super) inputs: Vec<Input>,
    pub(super) keys: Vec<String>,
    pub(super) segments: Vec<Segment>,
    pub(super) failed: Option<&'g Error>,
}

/// What an earlier run leaves to a source.
pub(super) enum Stand {
    /// It never had an input, as far as readers see.
    Never,
    /// It had one, which cannot be used any more.
    Lost,
    /// It had one on a reference day.
    Since(Date),
}

/// What is decided of a source.
pub(super) enum Verdict {
    Used,
    Late(Warning),
    Accepted(AcceptedInput),
    Held(HeldBack),
    Refused(Finding, String),
}

/// Enters a verdict; gives what is refused.
pub(super) fn settle(verdict: Verdict, judged: &mut Judged) -> Option<(Finding, String)> {
    match verdict {
        Verdict::Used => {}
        Verdict::Late(warning) => judged.late.push(warning),
        Verdict::Accepted(accepted) => judged.accepted.push(accepted),
        Verdict::Held(held) => judged.held.push(held),
        Verdict::Refused(finding, why) => return Some((finding, why)),
    }
    None
}

/// The input of a source, used because a person said that it is right.
pub(super) fn accepted(given: &Given<'_>, finding: Finding) -> AcceptedInput {
    AcceptedInput { source: given.source.to_owned(), finding, keys: given.keys.clone() }
}

/// Whether the first input of a source is used in spite of a shortcoming: it is all there is, and
/// the run tells of it, or the gate ends it.
pub(super) fn is_usable(finding: &Finding, limits: &Limits) -> bool {
    match finding.reason {
        Reason::Truncated => !limits.is_required,
        Reason::Rejects | Reason::Smaller => true,
        Reason::Absent | Reason::Unreadable | Reason::Stale => false,
    }
}

/// The error of sources for which nothing stands.
pub(super) fn refusal(refused: &[(String, (Finding, String))]) -> Option<Error> {
    let (first, _) = refused.first()?;
    let told: Vec<String> = refused
        .iter()
        .map(|(source, (finding, why))| format!("source `{source}`: {}; {why}", finding.found))
        .collect();
    let is_of_none =
        |(_, (finding, _)): &(String, (Finding, String))| finding.reason.kind() == Kind::NoInput;
    let message = match told.as_slice() {
        [one] => one.clone(),
        all => {
            let names: Vec<String> =
                refused.iter().map(|(source, _)| format!("`{source}`")).collect();
            let (names, all) = (names.join(", "), all.join("\n  "));
            format!("the inputs of {names} cannot be used\n  {all}")
        }
    };
    let error = match refused.iter().any(is_of_none) {
        true => Error::no_input(message),
        false => Error::data(message),
    };
    Some(error.hint(format!(
        "nothing was published; if what came tonight is right, say so once with \
         `--accept {first}`; `gates.toml` says what is expected"
    )))
}
