//! A protected release becomes, for each figure hidden without a rule that asks for it, the answer
//! to: what if it were published?

use std::collections::BTreeMap;

use crate::audit::case::Case;
use crate::audit::certificate::Certificate;
use crate::audit::proof::reach;
use crate::audit::search::Search;

/// What publishing one figure would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mutation {
    /// The figure.
    pub figure: u32,
    /// The primary figures that would lose their room. None: hiding it serves nothing.
    pub falls: Vec<u32>,
}

/// Publishes each secondary figure in turn. The changes of a certificate tell where to look: a
/// primary figure that moves as far without the one published stays protected.
#[must_use]
pub fn mutations(case: &Case<'_>, certificate: &Certificate) -> Vec<Mutation> {
    let changes: Vec<_> = certificate.lines().flatten().collect();
    let mut search = Search::new(case.known, case.truth);
    let primary: BTreeMap<u32, _> =
        case.primaries.iter().map(|primary| (primary.figure, primary)).collect();
    let mut movers: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (place, change) in changes.iter().enumerate() {
        for (figure, _) in change.terms.iter().filter(|(one, _)| primary.contains_key(one)) {
            movers.entry(*figure).or_default().push(place);
        }
    }
    let figures = (0_u32..).take(case.known.len());
    let secondary =
        figures.filter(|figure| !case.known.is_shown(*figure) && !primary.contains_key(figure));
    let secondary: Vec<u32> = secondary.collect();
    let mut mutations = Vec::new();
    for figure in secondary {
        let tied: Vec<u32> = search.tied(figure).to_vec();
        let mut falls = Vec::new();
        for primary in tied.iter().filter_map(|one| primary.get(one)) {
            let (mut up, mut down) = (0, 0);
            for change in movers.get(&primary.figure).into_iter().flatten() {
                let change = &changes[*change];
                if change.terms.binary_search_by_key(&figure, |(one, _)| *one).is_ok() {
                    continue;
                }
                let by = change.terms.iter().find(|(one, _)| *one == primary.figure);
                let by = by.map_or(0, |(_, by)| *by);
                up = up.max(by).max(if change.mirrored { -by } else { 0 });
                down = down.max(-by).max(if change.mirrored { by } else { 0 });
            }
            let wide = up.saturating_add(down) >= primary.width.max(1);
            let stays = up >= primary.up && down >= primary.down && wide;
            if !stays && !reach(&mut search, primary, &|one| one == figure).has_room(primary) {
                falls.push(primary.figure);
            }
        }
        mutations.push(Mutation { figure, falls });
    }
    mutations
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::audit::proof::prove;
    use crate::audit::test_support::{Small, linked, possible};

    proptest! {
        #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]
        #[test]
        fn what_falls_is_what_all_possible_tables_say(release in linked()) {
            let mut small = Small::of(&[release]);
            let exposed = prove(&small.case(), []).exposed;
            small.primaries.retain(|one| exposed.iter().all(|it| it.figure != one.figure));
            let certificate = prove(&small.case(), []).certificate;
            for Mutation { figure, falls } in mutations(&small.case(), &certificate) {
                let mut known = small.knowledge.known.clone();
                known.show(figure, small.knowledge.truth[figure as usize]);
                let ends = possible(&known);
                let fallen = |figure: &u32| {
                    let (least, most) = ends[*figure as usize];
                    let value = small.knowledge.truth[*figure as usize];
                    least == value || most == value
                };
                let primaries = small.primaries.iter().map(|primary| primary.figure);
                let expected: Vec<u32> = primaries.filter(fallen).collect();
                prop_assert_eq!(falls, expected, "figure {}", figure);
            }
        }
    }
}
