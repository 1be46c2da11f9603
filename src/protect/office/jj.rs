//! The "JJ" text of a protection problem becomes a system, and back.
//!
//! ```text
//! 0
//! N                                          cells, then one a line:
//! place value cost status lower upper LPL UPL SPL
//! M                                          relations, then one a line:
//! constant count : place(factor) place(factor) …
//! ```
//!
//! Status is `s` safe, `u` unsafe, `z` published whatever happens, `m` hidden to protect others.
//! Lower and upper are what everyone knows; a figure lies LPL below and UPL above, SPL in all.

use std::fmt::Write;

use crate::error::{Error, Result};
use crate::protect::office::decimal::{Decimal, show};
use crate::protect::rules::Status;
use crate::protect::system::{Builder, Cell, Room, State, System};

/// A problem in that format has numbers in place of codes.
#[derive(Clone, Debug, Default)]
pub struct Numbered {
    /// Its figures by place, then what its bounds need.
    pub system: System,
    /// How many figures the file has.
    pub cells: usize,
    /// Decimals of the figures.
    pub places: u32,
}

/// Reads a file.
///
/// # Errors
/// When it is not in that format; the message names the file by `name`, and the line.
pub fn read(name: &str, bytes: &[u8]) -> Result<Numbered> {
    let text = std::str::from_utf8(bytes);
    let text = text.map_err(|_| Error::data(format!("`{name}` is not UTF-8")))?;
    let mut lines = Lines { name, lines: text.lines().enumerate(), number: 0 };
    if lines.next()?.trim() != "0" {
        return Err(lines.wrong("a JJ file begins with a line `0`"));
    }
    let count = lines.count()?;
    let mut rows = Vec::new();
    for place in 0..count {
        rows.push(Row::read(&mut lines, place)?);
    }
    let places = rows.iter().flat_map(|row| row.numbers).map(Decimal::places).max().unwrap_or(0);
    let mut builder = Builder::default();
    // Twice the largest value is as good as no bound.
    let values = rows.iter().filter_map(|row| row.numbers[VALUE].scaled(places));
    let far = values.map(i64::unsigned_abs).max().unwrap_or(0).saturating_mul(2);
    for (place, row) in rows.iter().enumerate() {
        let (cell, upper) = row.cell(places).ok_or_else(|| {
            Error::data(format!("`{name}`, line {}: a number is too great", place + 3))
        })?;
        builder.cell(key(place), cell);
        if cell.state != State::Frozen && upper.unsigned_abs() < far {
            bound(&mut builder, place, (cell.value, upper));
        }
    }
    for place in 0..lines.count()? {
        let (constant, mut terms) = relation(&mut lines, count)?;
        let constant = constant.scaled(places).ok_or_else(|| lines.wrong("the constant"))?;
        if constant != 0 {
            let state = State::Frozen;
            builder
                .cell(format!("r{place:09}"), Cell { value: constant, state, ..Cell::default() });
            terms.push((format!("r{place:09}"), -1));
        }
        builder.relation(terms);
    }
    let system = builder.finish();
    let broken = system.relations.iter().position(|row| {
        row.iter()
            .map(|(at, sign)| i128::from(system.cells[*at as usize].value) * i128::from(*sign))
            .sum::<i128>()
            != 0
    });
    match broken {
        Some(_) => Err(Error::data(format!("`{name}`: the figures break one of its relations"))),
        None => Ok(Numbered { system, cells: count, places }),
    }
}

fn key(place: usize) -> String {
    format!("c{place:09}")
}

/// What a figure cannot exceed, as a sum: the figure and its distance make the bound.
fn bound(builder: &mut Builder, place: usize, (value, upper): (i64, i64)) {
    let (distance, limit) = (format!("d{place:09}"), format!("l{place:09}"));
    let value_of = |value: i64, state: State| Cell { value, state, ..Cell::default() };
    let of_distance = value_of(upper.saturating_sub(value), State::Unpublished);
    builder.cell(&distance, Cell { floor: Some(0), ..of_distance });
    builder.cell(&limit, value_of(upper, State::Frozen));
    builder.relation(vec![(key(place), 1), (distance, 1), (limit, -1)]);
}

struct Lines<'a> {
    name: &'a str,
    lines: std::iter::Enumerate<std::str::Lines<'a>>,
    number: usize,
}

impl<'a> Lines<'a> {
    fn next(&mut self) -> Result<&'a str> {
        for (number, line) in self.lines.by_ref() {
            if !line.trim().is_empty() {
                self.number = number + 1;
                return Ok(line);
            }
        }
        Err(self.wrong("the file ends too early"))
    }

    fn count(&mut self) -> Result<usize> {
        let line = self.next()?;
        line.trim().parse().map_err(|_| self.wrong("a number of lines was expected"))
    }

    fn wrong(&self, problem: &str) -> Error {
        Error::data(format!("`{}`, line {}: {problem}", self.name, self.number))
    }
}

/// Places of the numbers of a cell.
const VALUE: usize = 0;
const LOWER: usize = 1;
const UPPER: usize = 2;
const LPL: usize = 3;
const UPL: usize = 4;
const SPL: usize = 5;

struct Row {
    status: String,
    cost: u64,
    numbers: [Decimal; 6],
}

impl Row {
    fn read(lines: &mut Lines, place: usize) -> Result<Self> {
        let fields: Vec<&str> = lines.next()?.split_whitespace().collect();
        let [at, value, cost, status, lower, upper, lpl, upl, spl] = fields[..] else {
            return Err(lines.wrong("a cell has nine fields"));
        };
        if at.parse() != Ok(place) {
            return Err(lines.wrong(&format!("cell {place} was expected")));
        }
        if !["s", "u", "z", "m", "x"].contains(&status) {
            return Err(lines.wrong(&format!("`{status}` is no status: s, u, z or m")));
        }
        let mut numbers = [Decimal::default(); 6];
        for (number, text) in numbers.iter_mut().zip([value, lower, upper, lpl, upl, spl]) {
            let read = Decimal::parse(text);
            *number = read.ok_or_else(|| lines.wrong(&format!("`{text}` is no number")))?;
        }
        let whole = Decimal::parse(cost).and_then(Decimal::floor);
        let cost = whole.and_then(|cost| u64::try_from(cost).ok());
        let cost = cost.ok_or_else(|| lines.wrong("a cost is not negative"))?;
        Ok(Self { status: status.to_owned(), cost, numbers })
    }

    /// The cell and its upper bound.
    fn cell(&self, places: u32) -> Option<(Cell, i64)> {
        let scaled = |number: usize| self.numbers[number].scaled(places);
        let level = |number: usize| scaled(number).map(|level| u64::try_from(level).unwrap_or(0));
        let state = match self.status.as_str() {
            "u" => State::Primary,
            "z" => State::Frozen,
            _ => State::Free,
        };
        let (down, up) = (level(LPL)?, level(UPL)?);
        let up = up.max(level(SPL)?.saturating_sub(down));
        let room = if state == State::Primary { Room { up, down } } else { Room::default() };
        let floor = Some(scaled(LOWER)?);
        Some((Cell { value: scaled(VALUE)?, cost: self.cost, state, room, floor }, scaled(UPPER)?))
    }
}

/// The constant of a relation, and its terms.
fn relation(lines: &mut Lines, cells: usize) -> Result<(Decimal, Vec<(String, i8)>)> {
    let line = lines.next()?;
    let (head, tail) = line.split_once(':').ok_or_else(|| lines.wrong("a relation has a `:`"))?;
    let constant = head.split_whitespace().next().and_then(Decimal::parse);
    let constant = constant.ok_or_else(|| lines.wrong("a relation begins with its constant"))?;
    let mut terms = Vec::new();
    for term in tail.split(')').map(str::trim).filter(|term| !term.is_empty()) {
        let wrong = || lines.wrong(&format!("`{term})` is no term `place(1)` or `place(-1)`"));
        let (place, factor) = term.split_once('(').ok_or_else(wrong)?;
        let place: usize = place.trim().parse().map_err(|_| wrong())?;
        let factor = match Decimal::parse(factor.trim()).and_then(|factor| factor.scaled(0)) {
            Some(1) => 1,
            Some(-1) => -1,
            _ => return Err(wrong()),
        };
        if place >= cells {
            return Err(wrong());
        }
        terms.push((key(place), factor));
    }
    Ok((constant, terms))
}

/// Writes a system, with what became of its first figures. Bounds that are not known are as far as
/// twice the largest value.
#[must_use]
pub fn write(system: &System, statuses: &[Status], places: u32) -> String {
    let cells = system.cells.iter().zip(statuses);
    let far = cells.clone().map(|(cell, _)| cell.value.unsigned_abs()).max().unwrap_or(0);
    let far = i64::try_from(far).unwrap_or(i64::MAX).saturating_mul(2);
    let mut out = format!("0\n{}\n", statuses.len());
    for (place, (cell, status)) in cells.enumerate() {
        let status = match (status, cell.state) {
            (Status::A | Status::B, _) => "u",
            (Status::D, _) => "m",
            (Status::V, State::Frozen) => "z",
            (Status::V, _) => "s",
        };
        let level = |level: u64| show(i64::try_from(level).unwrap_or(i64::MAX), places);
        let shown = |value: i64| show(value, places);
        let lower = cell.floor.unwrap_or_else(|| cell.value.saturating_sub(far));
        // Ignoring a failure is safe: a string takes all that it is given.
        writeln!(
            out,
            "{place} {} {} {status} {} {} {} {} 0",
            shown(cell.value),
            cell.cost,
            shown(lower),
            shown(cell.value.saturating_add(far)),
            level(cell.room.down),
            level(cell.room.up)
        )
        .ok();
    }
    let is_of_file = |row: &&[(u32, i8)]| row.iter().all(|(at, _)| (*at as usize) < statuses.len());
    let rows: Vec<&[(u32, i8)]> = system.relations.iter().filter(is_of_file).collect();
    writeln!(out, "{}", rows.len()).ok();
    for row in rows {
        let terms: Vec<String> = row.iter().map(|(at, sign)| format!("{at}({sign})")).collect();
        writeln!(out, "0 {} : {}", row.len(), terms.join(" ")).ok();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SMALL: &str = "0\n4\n0 12 12 s 0 100 0 0 0\n1 3.5 3 u 0 100 1 2 5\n\
        2 8.5 8 m 0 9 0 0 0\n3 8.5 8 z 0 100 0 0 0\n2\n0 3 : 0(-1) 1 (1) 2(1)\n8.5 1 : 3(1)\n";

    #[test]
    fn a_problem_is_read_with_its_bounds_and_levels() {
        let found = read("p.jj", SMALL.as_bytes()).unwrap();
        assert_eq!((found.cells, found.places), (4, 1));
        let cells = &found.system.cells;
        assert_eq!(cells[1].room, Room { up: 40, down: 10 });
        assert_eq!((cells[1].state, cells[3].state), (State::Primary, State::Frozen));
        // 9 is near: c2 + d2 = l2.
        assert_eq!(found.system.keys[4..], ["d000000002", "l000000002", "r000000001"]);
        assert_eq!(found.system.relations.len(), 3);
    }

    #[test]
    fn what_is_no_problem_is_told_with_its_line() {
        for (from, to, expected) in [
            ("0\n4\n", "1\n4\n", "`p.jj`, line 1: a JJ file begins with a line `0`"),
            ("1 3.5 3 u", "7 3.5 3 u", "`p.jj`, line 4: cell 1 was expected"),
            ("2(1)\n", "2(3)\n", "`p.jj`, line 8: `2(3)` is no term `place(1)` or `place(-1)`"),
            ("2(1)\n", "9(1)\n", "`p.jj`, line 8: `9(1)` is no term `place(1)` or `place(-1)`"),
            ("8.5 1 : 3(1)\n", "", "`p.jj`, line 8: the file ends too early"),
            ("0 12 12", "0 13 13", "`p.jj`: the figures break one of its relations"),
        ] {
            let text = SMALL.replacen(from, to, 1);
            assert_eq!(read("p.jj", text.as_bytes()).unwrap_err().to_string(), expected);
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(values in prop::collection::vec(0..500_i64, 2..6)) {
            let mut builder = Builder::default();
            let state = |value: i64| match value % 3 {
                0 => State::Primary,
                1 => State::Frozen,
                _ => State::Free,
            };
            let mut terms = vec![(key(0), -1)];
            let total: i64 = values.iter().sum();
            builder.cell(key(0), Cell { value: total, cost: 7, floor: Some(0), ..Cell::default() });
            for (place, value) in (1..).zip(&values) {
                let state = state(*value);
                let level = u64::try_from(value / 10).unwrap();
                let room = if state == State::Primary {
                    Room { up: level, down: level }
                } else {
                    Room::default()
                };
                let cost = value.unsigned_abs();
                let cell = Cell { value: *value, cost, state, room, floor: Some(0) };
                builder.cell(key(place), cell);
                terms.push((key(place), 1));
            }
            builder.relation(terms);
            let system = builder.finish();
            let status = |cell: &Cell| match cell.state {
                State::Primary => Status::A,
                _ => Status::V,
            };
            let statuses: Vec<Status> = system.cells.iter().map(status).collect();
            let read = read("p.jj", write(&system, &statuses, 2).as_bytes()).unwrap();
            let factor = 10_i64.pow(2 - read.places);
            let cells = read.system.cells.iter().map(|cell| Cell {
                value: cell.value * factor,
                room: Room {
                    up: cell.room.up * factor.unsigned_abs(),
                    down: cell.room.down * factor.unsigned_abs(),
                },
                ..*cell
            });
            prop_assert_eq!(cells.collect::<Vec<_>>(), system.cells);
            prop_assert_eq!(read.system.relations, system.relations);
        }

        #[test]
        fn any_text_is_read_without_harm(text in "[0-9a-z.:()\\- \n]{0,80}") {
            drop(read("p.jj", text.as_bytes()));
        }
    }
}
