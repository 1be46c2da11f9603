//! States of posts become one record for each post and structure, as it is on the reference day.
//!
//! A post has several lines in its source: people leave and arrive, it is given to another
//! structure, a new agreement is signed. The line created last tells of a structure; the structure
//! whose line was created last has the post, the others had it before.

use std::collections::HashMap;

use crate::clean::employers::Tell;
use crate::clean::rows::{Row, best};
use crate::clean::work_contracts::Running;
use crate::vocabulary::codes::{INCONNU, NON, OUI};
use crate::vocabulary::{columns, flags};

const OCCUPE: &str = "occupe";
const VACANT: &str = "vacant";
const RENDU: &str = "rendu";
const TRANSFERE: &str = "transfere";
const A_VENIR: &str = "a_venir";
const COORDINATOR: &str = "coordo";

/// A line of the source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// The post.
    pub post: String,
    /// The line itself, which subsidies name.
    pub line: String,
    /// Whom it is given to.
    pub structure: String,
    /// Who holds it.
    pub person: Option<String>,
    /// conum, coordo or dns.
    pub kind: Option<String>,
    /// The state that is written: occupe, vacant or rendu.
    pub state: String,
    /// Day of the award, since 1970.
    pub awarded: Option<i32>,
    /// Day it was given back.
    pub returned: Option<i32>,
    /// oui or non.
    pub renewed: Option<String>,
    /// Instant the line was created.
    pub created: Option<i64>,
    /// Fingerprint of the line.
    pub print: i64,
    /// Flags of the reading.
    pub flags: String,
}

impl Line {
    /// Which of two lines tells more lately, whatever the order they come in.
    fn standing(&self) -> (Option<i64>, i64) {
        (self.created, self.print)
    }
}

/// Where a line of posts leads: its post, and the structure.
pub type Lines = HashMap<String, (String, String)>;

/// The post and structure of each line.
#[must_use]
pub fn lines(all: &[Line]) -> Lines {
    let pairs =
        all.iter().map(|line| (line.line.clone(), (line.post.clone(), line.structure.clone())));
    pairs.collect()
}

/// The records of posts, and whether each line is that of a record.
#[must_use]
pub fn clean(
    all: &[Line],
    tell: &Tell<'_>,
    (running, as_of): (&Running, i32),
) -> (Vec<Row>, Vec<bool>) {
    let of_structures = all.iter().map(|line| ((&*line.post, &*line.structure), line.standing()));
    let of_structures = best(of_structures);
    let holders = best(all.iter().map(|line| (&*line.post, line.standing())));
    let mut is_used = vec![false; all.len()];
    let mut rows = Vec::with_capacity(of_structures.len());
    for ((post, _), place) in of_structures {
        let Some(line) = all.get(place) else { continue };
        if let Some(is_used) = is_used.get_mut(place) {
            *is_used = true;
        }
        let has_it = holders.get(&post) == Some(&place);
        rows.push(record(line, has_it, tell, (running, as_of)));
    }
    (rows, is_used)
}

fn record(line: &Line, has_it: bool, tell: &Tell<'_>, (running, as_of): (&Running, i32)) -> Row {
    let mut row = Row::default();
    let employer = tell(&line.structure, &mut row);
    let is_hired = line.person.as_ref().is_some_and(|person| running.has(person, &line.structure));
    let state = state(line, has_it, (is_hired, as_of));
    let is_active = [OCCUPE, VACANT].contains(&state);
    row.text(&columns::POSTE_ID, Some(&line.post));
    row.text(&columns::STRUCTURE_ID, Some(&line.structure));
    row.text(
        &columns::EMPLOYEUR_ACTIF_ID,
        Some(&employer).filter(|_| is_active).map(String::as_str),
    );
    row.text(&columns::TYPOLOGIE, Some(line.kind.as_deref().unwrap_or(INCONNU)));
    row.text(&columns::ETAT_DECLARE, Some(&line.state));
    row.text(&columns::ETAT_POSTE, Some(state));
    row.text(&columns::SOUS_CONTRAT, Some(if is_hired { OUI } else { NON }));
    row.text(&columns::RENOUVELE, Some(line.renewed.as_deref().unwrap_or(INCONNU)));
    row.number(&columns::DATE_ATTRIBUTION, line.awarded);
    row.number(&columns::DATE_RENDU, line.returned);
    let is_coordinator = line.kind.as_deref() == Some(COORDINATOR);
    for (column, counts) in [
        (&columns::NB_POSTES_ATTRIBUES, is_active || state == RENDU),
        (&columns::NB_POSTES_OCCUPES, state == OCCUPE),
        (&columns::NB_POSTES_VACANTS, state == VACANT),
        (&columns::NB_POSTES_RENDUS, state == RENDU),
        (&columns::NB_POSTES_SOUS_CONTRAT, is_active && is_hired),
        (&columns::NB_COORDINATEURS, is_active && is_coordinator),
    ] {
        row.number(column, Some(counts));
    }
    let lacks_day = line.state == RENDU && line.returned.is_none();
    row.flags([line.flags.as_str(), if lacks_day { flags::RENDU_SANS_DATE } else { "" }]);
    row
}

/// The state on the reference day. A day that is written decides; the state that is written is
/// that of the day of the extraction.
fn state(line: &Line, has_it: bool, (is_hired, as_of): (bool, i32)) -> &'static str {
    let is_returned = match line.returned {
        Some(day) => day <= as_of,
        None => line.state == RENDU,
    };
    if line.awarded.is_some_and(|day| day > as_of) {
        A_VENIR
    } else if !has_it {
        TRANSFERE
    } else if is_returned {
        RENDU
    } else if line.state == OCCUPE || (line.state == RENDU && is_hired) {
        // Given back since: who had a contract on the reference day held it.
        OCCUPE
    } else {
        VACANT
    }
}
