//! The people who attended become counts, in SQL: the rules of [`crate::clean::attended`].

use crate::clean::attendances::{AGE_MAX, AGES, COUNTED, FIRST_AGES, PERSON};
use crate::clean::attended::ATTENDANCE_FLAG;
use crate::clean::sql::Query;
use crate::clean::sql::words::{quoted, text};
use crate::vocabulary::{columns, flags};

/// Fills the counts that a record does not have with those of the people of a table, which has the
/// columns of [`crate::clean::attendances::Attendances::told`].
pub fn count(query: &mut Query, table: &str) {
    let [age, status, gender, birth, is_recurrent] = PERSON;
    let (id, system) = (columns::ACTIVITE_ID.name, columns::SYSTEME.name);
    let before = query.last();
    let bands = FIRST_AGES.iter().enumerate().rev();
    let bands = bands.map(|(band, first)| format!("WHEN reached >= {first} THEN {band}"));
    let bands: Vec<String> = bands.collect();
    // Which of the columns counted a person is in: one of each of three, and the last one.
    let counts = COUNTED.iter().enumerate().map(|(place, _)| {
        let last = COUNTED.len() - 1;
        let is_there = match place {
            _ if place == last => format!("{is_recurrent} = 1"),
            _ if place < AGES => format!("band = {place}"),
            _ => format!("{status} = {place} OR {gender} = {place}"),
        };
        format!("SUM(CASE WHEN {is_there} THEN 1 ELSE 0 END) AS {}", counted(place))
    });
    let counts: Vec<String> = counts.collect();
    let untold: Vec<String> =
        COUNTED.iter().map(|column| format!("l.{} IS NULL", column.name)).collect();
    query.add(format!(
        "SELECT {system}, {id},\n  {}\nFROM (
SELECT *, CASE WHEN {birth} = 0 OR reached NOT BETWEEN 0 AND {AGE_MAX} THEN {age}
  {} END AS band FROM (
SELECT l.{system}, l.{id}, YEAR(l.{}) - r.{birth} AS reached, r.{age}, r.{status}, r.{gender},
  r.{birth}, r.{is_recurrent}
FROM {before} l JOIN {table} r ON l.{id} = r.{id}
WHERE {}) there) placed\nGROUP BY {system}, {id}",
        counts.join(",\n  "),
        bands.join(" "),
        columns::DATE.name,
        untold.join(" AND "),
    ));
    let there = query.last();
    let shown = query.columns().iter().map(|name| {
        let place = COUNTED.iter().position(|column| column.name == name);
        let name = quoted(name);
        match place {
            Some(place) => {
                format!("COALESCE(l.{name}, CAST(c.{} AS INT)) AS {name}", counted(place))
            }
            None => format!("l.{name}"),
        }
    });
    let mut shown: Vec<String> = shown.collect();
    let people: Vec<String> = (0..AGES).map(|place| format!("c.{}", counted(place))).collect();
    shown.push(format!(
        "CASE WHEN {} <> l.{} THEN {} END AS {}",
        people.join(" + "),
        columns::NB_PARTICIPANTS.name,
        text(flags::PARTICIPANTS_DIVERGENTS),
        quoted(ATTENDANCE_FLAG)
    ));
    let is_same = |name: &&String| !COUNTED.iter().any(|column| column.name == name.as_str());
    let same: Vec<String> = query.columns().iter().filter(is_same).cloned().collect();
    let text = format!(
        "SELECT {}
FROM {before} l LEFT JOIN {there} c ON l.{id} = c.{id} AND l.{system} = c.{system}",
        shown.join(",\n  ")
    );
    query.add_beside(text, &before, same);
    query.columns.push(ATTENDANCE_FLAG.to_owned());
}

fn counted(place: usize) -> String {
    format!("counted_{place}")
}
