//! Rows and their status become what secrecy costs, by table and level.

use std::collections::BTreeMap;

use crate::protect::pattern::Pattern;
use crate::protect::release::Release;
use crate::protect::rules::Status;
use crate::run::protect::counted::Exact;
use crate::run::protect::judged::key_of;
use crate::vocabulary::calendar::Length;
use crate::vocabulary::codes::ENSEMBLE;
use crate::vocabulary::columns;

/// A table, the dimensions that its rows are no totals of, the length of their periods.
type Level = [String; 3];

/// What became of the rows of a level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Loss {
    rows: u64,
    few: u64,
    dominated: u64,
    secondary: u64,
    /// Sums of the first measure: of all rows, and of the secondary ones.
    value: i64,
    value_lost: i64,
}

/// What secrecy costs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Losses(BTreeMap<Level, Loss>);

/// Where all is one row.
const NATIONAL: &str = "national";

impl Losses {
    /// Counts the rows of all tables.
    pub(super) fn of(exact: &[Exact<'_>], (release, pattern): (&Release, &Pattern)) -> Self {
        let mut losses = BTreeMap::new();
        for Exact { wanted, rows, .. } in exact {
            for row in rows {
                let key = key_of(wanted.table, &row.codes);
                let Some(shared) = release.rows.get(&key) else { continue };
                let level = level_of(wanted.name, &wanted.table.by, &row.codes);
                let loss: &mut Loss = losses.entry(level).or_default();
                let value = row.figures.first().copied().unwrap_or_default();
                loss.rows += 1;
                loss.value += value;
                match pattern.status(&key, shared) {
                    Status::A => loss.few += 1,
                    Status::B => loss.dominated += 1,
                    Status::D => {
                        loss.secondary += 1;
                        loss.value_lost += value;
                    }
                    Status::V => {}
                }
            }
        }
        Self(losses)
    }

    /// All of it; internal, as values could be had from it.
    pub(super) fn inside(&self) -> String {
        let mut text =
            "table,niveau,periode,lignes,A,B,D,lignes_masquees_pourmille,valeur_D_pourmille\n"
                .to_owned();
        for ([table, level, length], loss) in &self.0 {
            let Loss { rows, few, dominated, secondary, value, value_lost } = *loss;
            let hidden = few + dominated + secondary;
            let share = per_mille(i64::try_from(hidden).ok(), i64::try_from(rows).ok());
            let lost = per_mille(Some(value_lost), Some(value));
            let counts = format!("{rows},{few},{dominated},{secondary}");
            text.push_str(&format!("{table},{level},{length},{counts},{share},{lost}\n"));
        }
        text
    }

    /// What readers may know: how many rows are hidden, whatever hides them.
    pub(super) fn outside(&self) -> String {
        let mut text = "table,niveau,periode,lignes,lignes_masquees\n".to_owned();
        for ([table, level, length], loss) in &self.0 {
            let hidden = loss.few + loss.dominated + loss.secondary;
            text.push_str(&format!("{table},{level},{length},{},{hidden}\n", loss.rows));
        }
        text
    }

    /// Rows, and those that are hidden.
    pub(super) fn counts(&self) -> (u64, u64) {
        let rows = self.0.values().map(|loss| loss.rows).sum();
        let hidden = self.0.values().map(|loss| loss.few + loss.dominated + loss.secondary).sum();
        (rows, hidden)
    }
}

fn per_mille(part: Option<i64>, whole: Option<i64>) -> i64 {
    let (Some(part), Some(whole @ 1..)) = (part, whole) else { return 0 };
    let share = i128::from(part) * 1000 / i128::from(whole);
    i64::try_from(share).unwrap_or_default()
}

fn level_of(table: &str, by: &[String], codes: &[String]) -> Level {
    let named = || by.iter().zip(codes);
    let own = named().filter(|(name, code)| *name != columns::PERIODE.name && *code != ENSEMBLE);
    let own: Vec<&str> = own.map(|(name, _)| name.as_str()).collect();
    let level = if own.is_empty() { NATIONAL.to_owned() } else { own.join(" x ") };
    let period = named().find(|(name, _)| *name == columns::PERIODE.name);
    let length = period.map_or("", |(_, code)| Length::of_period(code).code());
    [table.to_owned(), level, length.to_owned()]
}
