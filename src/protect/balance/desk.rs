//! The changes found for the figures of a board become how far each of them can go, for all and
//! for each contributor.

use std::collections::{BTreeMap, BTreeSet};

use crate::protect::balance::board::{Board, Figure, Place, Row};
use crate::protect::balance::search::{Ask, Effort, Hides, NEVER, cheapest};
use crate::protect::system::Room;

/// A change through what is hidden; else by hiding rows; else by as many figures as it takes, in
/// haste; else by hiding what all is part of.
const EFFORTS: [Effort; 8] = [
    effort(Hides::Nothing, false, 1),
    effort(Hides::Nothing, true, 1_000_000),
    effort(Hides::Parts, false, 1),
    effort(Hides::Parts, false, 30),
    effort(Hides::Parts, true, 30),
    effort(Hides::Parts, true, 1_000_000),
    effort(Hides::All, true, 30),
    effort(Hides::All, true, 1_000_000),
];

const fn effort(hides: Hides, splits: bool, haste: u64) -> Effort {
    let tries = match (hides, haste) {
        (Hides::Nothing, ..=30) => 200,
        (Hides::Nothing, _) => 1_000,
        (_, ..=30) => 3_000,
        _ => 60_000,
    };
    Effort { hides, splits, haste, tries, ways: if haste == 1 { 12 } else { 24 } }
}

/// What may be done with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Published, or hidden for what that costs.
    Free,
    /// Published whatever happens.
    Out,
    /// Hidden.
    Hidden,
}

/// What is known of each row, whatever the measure.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rows {
    pub(crate) fates: Vec<Fate>,
    /// The contributor that all of it comes from.
    pub(crate) owners: Vec<Option<u32>>,
    /// Whether all of a period is part of it.
    pub(crate) tops: Vec<bool>,
}

impl Rows {
    pub(crate) fn fate(&self, row: Row) -> Fate {
        self.fates.get(row as usize).copied().unwrap_or(Fate::Out)
    }

    pub(crate) fn set(&mut self, row: Row, fate: Fate) {
        if let Some(known) = self.fates.get_mut(row as usize) {
            *known = fate;
        }
    }

    /// The contributor that all of a figure comes from.
    fn owner(&self, of: &[Row]) -> Option<u32> {
        of.iter().find_map(|row| self.owners.get(*row as usize).copied().flatten())
    }

    /// What hiding rows with that figure costs, where it can be.
    fn cost(&self, of: &[Row], value: i64, hides: Hides) -> Option<u64> {
        let is_top = |row: Row| self.tops.get(row as usize) == Some(&true);
        let costs = of.iter().map(|row| match (self.fate(*row), hides) {
            (Fate::Hidden, _) => Some(0),
            (Fate::Out, _) | (Fate::Free, Hides::Nothing) => None,
            (Fate::Free, Hides::Parts) if is_top(*row) => None,
            (Fate::Free, _) => Some(value.unsigned_abs().max(1)),
        });
        costs.sum()
    }
}

/// Figures that move together, and whether the opposite is possible too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) moves: Vec<(Figure, i64)>,
    pub(crate) both_ways: bool,
}

/// What changes allow a figure.
#[derive(Clone, Debug, Default)]
struct Reach {
    up: i64,
    down: i64,
    /// Contributors who know a figure of every change that moves it.
    stuck: Option<BTreeSet<u32>>,
}

/// The figures of some measures, and the changes found for them.
pub(crate) struct Desk {
    board: Board,
    /// What each forbidden figure must be able to rise and sink by.
    asked: BTreeMap<Figure, (i64, i64)>,
    /// Those for which nothing was found.
    short: BTreeSet<Figure>,
    /// One that was taken back is none.
    changes: Vec<Option<Change>>,
    /// The changes that move each figure.
    movers: Vec<Vec<usize>>,
    reach: Vec<Reach>,
}

impl Desk {
    pub(crate) fn new(board: Board, rooms: impl Iterator<Item = (Place, Room)>) -> Self {
        let size = |room: u64| i64::try_from(room).unwrap_or(i64::MAX).max(1);
        let mut asked: BTreeMap<Figure, (i64, i64)> = BTreeMap::new();
        for (place, room) in rooms {
            let Some(figure) = board.figure(place) else { continue };
            let most = board.room_below(figure);
            let known = asked.entry(figure).or_default();
            *known = (known.0.max(size(room.up)), known.1.max(size(room.down).min(most)));
        }
        let figures = board.figures();
        let (movers, reach) = (vec![Vec::new(); figures], vec![Reach::default(); figures]);
        let short = asked.keys().copied().collect();
        Self { board, asked, short, changes: Vec::new(), movers, reach }
    }

    /// Finds changes for all that have none yet, the largest first: they have the fewest ways out.
    pub(crate) fn protect_all(&mut self, rows: &mut Rows) {
        let mut figures: Vec<Figure> = self.short.iter().copied().collect();
        figures.sort_by_key(|figure| std::cmp::Reverse(self.board.value(*figure)));
        for figure in figures {
            if self.protect(figure, rows, Hides::All) {
                self.short.remove(&figure);
            }
        }
    }

    /// Where figures stand for which nothing was found.
    pub(crate) fn short(&self) -> impl Iterator<Item = Place> {
        self.short.iter().flat_map(|figure| self.board.places(*figure).iter().copied())
    }

    /// The greatest value of a row.
    pub(crate) fn value(&self, row: Row) -> Option<i64> {
        self.board.of_row(row).map(|figure| self.board.value(figure)).max()
    }

    /// All changes that hold.
    pub(crate) fn changes(&self) -> impl Iterator<Item = Vec<(Place, i64)>> {
        self.changes.iter().flatten().map(|change| {
            let places = |(figure, by): &(Figure, i64)| {
                let by = *by;
                self.board.places(*figure).iter().map(move |place| (*place, by))
            };
            let mut moves: Vec<(Place, i64)> = change.moves.iter().flat_map(places).collect();
            moves.sort_unstable();
            moves
        })
    }

    /// Finds changes by which a figure has its room, for outsiders and for each contributor; rows
    /// are hidden for it as far as `hides` says.
    fn protect(&mut self, figure: Figure, rows: &mut Rows, hides: Hides) -> bool {
        let Some((up, down)) = self.asked.get(&figure).copied() else { return true };
        let lacks = |desk: &Self| {
            let reach = desk.reach.get(figure as usize);
            let (rises, sinks) = reach.map_or((0, 0), |reach| (reach.up, reach.down));
            (rises < up, sinks < down)
        };
        if lacks(self) == (true, true) {
            self.find((figure, up.max(down), true), None, (rows, hides));
        }
        if lacks(self).0 {
            self.find((figure, up, false), None, (rows, hides));
        }
        if lacks(self).1 {
            self.find((figure, -down, false), None, (rows, hides));
        }
        if lacks(self) != (false, false) {
            return false;
        }
        while let Some(onlooker) = self.onlooker(figure, rows) {
            let mut ways = [(1, true), (1, false), (-1, false)].into_iter();
            let mut find =
                |(by, both)| self.find((figure, by, both), Some(onlooker), (rows, hides));
            if !ways.any(&mut find) {
                return false;
            }
        }
        true
    }

    /// Finds other changes for all that needed a row to be hidden, through what is hidden besides
    /// or may be; takes its changes back if there are none.
    pub(crate) fn release(&mut self, row: Row, rows: &mut Rows, hides: Hides) -> Option<Undo> {
        let mut undo = Undo { known: self.changes.len(), dropped: Vec::new() };
        let mut touched = BTreeSet::new();
        let movers = self.board.of_row(row).filter_map(|figure| self.movers.get(figure as usize));
        for number in movers.flatten().copied().collect::<BTreeSet<usize>>() {
            if let Some(change) = self.changes.get_mut(number).and_then(Option::take) {
                touched.extend(change.moves.iter().map(|(figure, _)| *figure));
                undo.dropped.push((number, change));
            }
        }
        touched.iter().for_each(|figure| self.recount(*figure, rows));
        let had_changes: Vec<Figure> = touched.difference(&self.short).copied().collect();
        if had_changes.into_iter().all(|figure| self.protect(figure, rows, hides)) {
            return Some(undo);
        }
        self.undo(undo, rows);
        None
    }

    /// Takes back what [`Desk::release`] did.
    pub(crate) fn undo(&mut self, undo: Undo, rows: &Rows) {
        let mut touched = BTreeSet::new();
        for (number, change) in self.changes.drain(undo.known..).enumerate() {
            for (figure, _) in change.iter().flat_map(|change| &change.moves) {
                touched.insert(*figure);
                if let Some(movers) = self.movers.get_mut(*figure as usize) {
                    movers.retain(|mover| *mover != undo.known + number);
                }
            }
        }
        for (number, change) in undo.dropped {
            touched.extend(change.moves.iter().map(|(figure, _)| *figure));
            if let Some(known) = self.changes.get_mut(number) {
                *known = Some(change);
            }
        }
        touched.iter().for_each(|figure| self.recount(*figure, rows));
    }

    /// A contributor who could compute the figure, since he knows one of every change.
    fn onlooker(&self, figure: Figure, rows: &Rows) -> Option<u32> {
        let stuck = self.reach.get(figure as usize)?.stuck.as_ref()?;
        let own = rows.owner(self.board.rows(figure));
        stuck.iter().copied().find(|one| Some(*one) != own)
    }

    /// Finds a change, through what is hidden if that can be, and hides what it moves.
    fn find(
        &mut self,
        (figure, by, both_ways): (Figure, i64, bool),
        onlooker: Option<u32>,
        (rows, hides): (&mut Rows, Hides),
    ) -> bool {
        let own = rows.owner(self.board.rows(figure));
        let least = by.unsigned_abs();
        let weight = |moved: Figure, hides: Hides| {
            let of = self.board.rows(moved);
            let owner = rows.owner(of);
            let cost = rows.cost(of, self.board.value(moved), hides);
            let Some(cost) = cost.filter(|_| owner.is_none() || owner != onlooker) else {
                return NEVER;
            };
            // Whoever knows a figure that moves needs another change.
            cost.saturating_add(if owner.is_some() && owner != own { least / 2 + 1 } else { 0 })
        };
        let efforts = EFFORTS.iter().filter(|effort| effort.hides <= hides);
        let found = efforts.copied().find_map(|effort| {
            let weight = |moved: Figure| weight(moved, effort.hides);
            cheapest(&self.board, &Ask { figure, by, both_ways, weight: &weight, effort })
        });
        let Some(moves) = found else { return false };
        let change = Change { moves, both_ways };
        let number = self.changes.len();
        for (figure, by) in &change.moves {
            self.board.rows(*figure).iter().for_each(|row| rows.set(*row, Fate::Hidden));
            if let Some(movers) = self.movers.get_mut(*figure as usize) {
                movers.push(number);
            }
            let knowing = self.knowing(&change, rows);
            if let Some(reach) = self.reach.get_mut(*figure as usize) {
                reach.add(*by, both_ways, knowing);
            }
        }
        self.changes.push(Some(change));
        true
    }

    /// The contributors who know a figure of a change.
    fn knowing(&self, change: &Change, rows: &Rows) -> BTreeSet<u32> {
        let of = |(figure, _): &(Figure, i64)| rows.owner(self.board.rows(*figure));
        change.moves.iter().filter_map(of).collect()
    }

    fn recount(&mut self, figure: Figure, rows: &Rows) {
        let mut reach = Reach::default();
        for number in self.movers.get(figure as usize).into_iter().flatten() {
            let Some(change) = self.changes.get(*number).and_then(Option::as_ref) else { continue };
            let by = change.moves.iter().find(|(moved, _)| *moved == figure);
            let by = by.map_or(0, |moved| moved.1);
            reach.add(by, change.both_ways, self.knowing(change, rows));
        }
        if let Some(known) = self.reach.get_mut(figure as usize) {
            *known = reach;
        }
    }
}

impl Reach {
    fn add(&mut self, by: i64, both_ways: bool, knowing: BTreeSet<u32>) {
        let opposite = if both_ways { -by } else { by };
        self.up = self.up.max(by).max(opposite);
        self.down = self.down.max(-by).max(-opposite);
        match &mut self.stuck {
            Some(stuck) => stuck.retain(|one| knowing.contains(one)),
            none => *none = Some(knowing),
        }
    }
}

/// What is needed to take back the release of a row.
pub(crate) struct Undo {
    known: usize,
    dropped: Vec<(usize, Change)>,
}
