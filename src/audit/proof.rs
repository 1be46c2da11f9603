//! Proposed changes, and those found here where they do not suffice, become a certificate; what
//! cannot be proved is named.

use std::collections::BTreeMap;

use crate::audit::case::{Case, Primary, Refusal};
use crate::audit::certificate::{Certificate, Change, Header};
use crate::audit::search::Search;
use crate::audit::verifier::Ledger;

/// A figure that is not protected, or not provably so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exposed {
    /// Its number.
    pub figure: u32,
    /// How far it can rise.
    pub up: i64,
    /// How far it can fall.
    pub down: i64,
    /// The contributor who can compute it, if outsiders cannot.
    pub insider: Option<u32>,
    /// Whether it is certain: the search was complete.
    pub is_certain: bool,
}

/// What an audit found.
#[derive(Clone, Debug, Default)]
pub struct Proof {
    /// The changes that prove what could be proved.
    pub certificate: Certificate,
    /// What is not proved: nothing may be published while there is any.
    pub exposed: Vec<Exposed>,
}

/// Proves that every primary figure is protected, from the changes `proposed` and by its own search
/// where they do not suffice.
#[must_use]
pub fn prove(case: &Case<'_>, proposed: impl IntoIterator<Item = Change>) -> Proof {
    let header = Header {
        rules: case.rules.to_owned(),
        files: case.files.to_vec(),
        known: case.known.sha256(),
        primaries: u64::try_from(case.primaries.len()).unwrap_or(u64::MAX),
        lines: 0,
    };
    let mut writer =
        Writer { case, ledger: Ledger::new(case), certificate: Certificate::new(header) };
    let primaries: BTreeMap<u32, &Primary> =
        case.primaries.iter().map(|primary| (primary.figure, primary)).collect();
    for change in proposed {
        let mut moved = change.terms.iter().filter_map(|(figure, _)| primaries.get(figure));
        if moved.any(|primary| writer.ledger.judge(primary).is_err()) {
            writer.add(change);
        }
    }
    let open = case.primaries.iter().filter(|primary| writer.ledger.judge(primary).is_err());
    let open: Vec<&Primary> = open.collect();
    let mut exposed = Vec::new();
    if !open.is_empty() {
        let mut search = Search::new(case.known, case.truth);
        for primary in open {
            exposed.extend(writer.protect(primary, &mut search));
        }
    }
    Proof { certificate: writer.certificate, exposed }
}

/// What a figure can still reach when some others are known as well.
#[must_use]
pub fn reach(search: &mut Search<'_>, primary: &Primary, closed: &dyn Fn(u32) -> bool) -> Exposed {
    let (mut up, mut down, mut is_certain) = (0, 0, true);
    for wanted in ASKS {
        let by = match wanted {
            Ask::Up => primary.up,
            Ask::Down => -primary.down,
            Ask::Wider => primary.width.max(1).saturating_sub(down),
            Ask::Deeper => up - primary.width.max(1),
        };
        if (by > up && by > 0) || (by < 0 && -by > down) {
            let found = search.push(primary.figure, by, closed);
            up = up.max(found.by);
            down = down.max(-found.by);
            is_certain &= found.is_furthest || found.by == by;
        }
    }
    Exposed { figure: primary.figure, up, down, insider: None, is_certain }
}

impl Exposed {
    /// Whether it has the room that it should.
    #[must_use]
    pub fn has_room(&self, primary: &Primary) -> bool {
        let width = self.up.saturating_add(self.down);
        self.up >= primary.up && self.down >= primary.down && width >= primary.width.max(1)
    }
}

/// In which order room is looked for.
#[derive(Clone, Copy)]
enum Ask {
    Up,
    Down,
    Wider,
    Deeper,
}

const ASKS: [Ask; 4] = [Ask::Up, Ask::Down, Ask::Wider, Ask::Deeper];

struct Writer<'a> {
    case: &'a Case<'a>,
    ledger: Ledger,
    certificate: Certificate,
}

impl Writer<'_> {
    /// Writes a change that is believed, the opposite one with it where it can be.
    fn add(&mut self, change: Change) -> bool {
        let mut change = Change { mirrored: true, ..change };
        let believed = self.ledger.add(self.case, &change).is_ok() || {
            change.mirrored = false;
            self.ledger.add(self.case, &change).is_ok()
        };
        if believed {
            self.certificate.push(&change);
        }
        believed
    }

    /// Finds what a primary figure lacks, or says what it is exposed to.
    fn protect(&mut self, primary: &Primary, search: &mut Search<'_>) -> Option<Exposed> {
        let figure = primary.figure;
        let mut is_certain = true;
        for ask in ASKS {
            let Err(Refusal::Room { up, down, .. }) = self.ledger.judge(primary) else { break };
            let by = match ask {
                Ask::Up if up < primary.up => primary.up,
                Ask::Down if down < primary.down => -primary.down,
                Ask::Wider => primary.width.max(1).saturating_sub(down),
                Ask::Deeper => up - primary.width.max(1),
                Ask::Up | Ask::Down => continue,
            };
            let found = search.push(figure, by, &|_| false);
            is_certain &= found.is_furthest || found.by == by;
            if let Some(change) = found.change {
                self.add(change);
            }
        }
        loop {
            match self.ledger.judge(primary) {
                Ok(()) => return None,
                Err(Refusal::Insider { insider, .. }) => {
                    let mut known = self.case.insiders[insider as usize].clone();
                    known.sort_unstable();
                    let closed = |figure: u32| known.binary_search(&figure).is_ok();
                    let mut ways = [1, -1].map(|by| search.push(figure, by, &closed)).into_iter();
                    let certain = ways.clone().all(|found| found.is_furthest);
                    if !ways.any(|found| found.change.is_some_and(|change| self.add(change))) {
                        let insider = Some(insider);
                        let (up, down) = (0, 0);
                        return Some(Exposed { figure, up, down, insider, is_certain: certain });
                    }
                }
                Err(Refusal::Room { up, down, .. }) => {
                    return Some(Exposed { figure, up, down, insider: None, is_certain });
                }
                Err(_) => {
                    let (up, down) = (0, 0);
                    return Some(Exposed { figure, up, down, insider: None, is_certain: false });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::audit::test_support::{Small, linked, possible};
    use crate::audit::verifier::verify;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]
        #[test]
        fn what_is_proved_is_what_is_so(release in linked(), own in any::<prop::sample::Index>()) {
            let mut small = Small::of(&[release]);
            let figures = u32::try_from(small.knowledge.truth.len()).unwrap();
            let own = u32::try_from(own.index(figures as usize)).unwrap();
            small.insiders = vec![vec![own]];
            let proof = prove(&small.case(), []);
            let ends = possible(&small.knowledge.known);
            let mut his = small.knowledge.known.clone();
            his.show(own, small.knowledge.truth[own as usize]);
            let his_ends = possible(&his);
            for primary in &small.primaries {
                let at = primary.figure as usize;
                let (value, (least, most)) = (small.knowledge.truth[at], ends[at]);
                let is_wide = least < value && value < most;
                let is_safe = primary.figure == own || his_ends[at].0 < his_ends[at].1;
                let exposed = proof.exposed.iter().find(|one| one.figure == primary.figure);
                prop_assert_eq!(is_wide && is_safe, exposed.is_none(), "figure {}", at);
                prop_assert!(exposed.is_none_or(|one| one.is_certain));
            }
            let verdict = verify(&small.case(), &proof.certificate);
            prop_assert_eq!(verdict.is_ok(), proof.exposed.is_empty());
        }
    }
}
