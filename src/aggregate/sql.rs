//! A declared table becomes one query over its clean records, for engines of others: the rows and
//! the figures are those of the tables, in the same order.
//!
//! Dialects differ in two places, how files are named and how a text is cut into parts; all else is
//! one text that DuckDB, Spark and Sail understand the same way.

use jiff::civil::Date;

use crate::definition::Definitions;
use crate::definition::indicator::{Compute, Indicator};
use crate::definition::table::{Bands, Dimension, Table};
use crate::error::{Error, Result};
use crate::vocabulary::calendar::{Length, last_day};
use crate::vocabulary::codes::{ENSEMBLE, INCONNU, NON, NON_RENSEIGNE, OUI, SEPARATOR};
use crate::vocabulary::columns::{MOIS, PERIODE, PROVISOIRE};

/// The one figure of a table of bands.
const FIGURE: &str = "figure";

/// Whose SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// DuckDB.
    Duckdb,
    /// Apache Spark, and Sail, which speaks the same.
    Spark,
}

impl Dialect {
    /// The rows of all Parquet files below a folder, or those of one file.
    #[must_use]
    pub fn parquet(self, path: &str) -> String {
        match self {
            Dialect::Duckdb => {
                let all = if path.ends_with(".parquet") { "" } else { "/**/*.parquet" };
                let path = text(&format!("{path}{all}"));
                // The year of a folder is in the records too.
                format!("READ_PARQUET({path}, hive_partitioning = FALSE)")
            }
            Dialect::Spark => format!("parquet.`{}`", path.replace('`', "``")),
        }
    }

    /// What follows a relation to give one row for each part of a text.
    fn parts(self, of: &str, part: &str) -> String {
        match self {
            Dialect::Duckdb => {
                format!("CROSS JOIN UNNEST(STRING_SPLIT({of}, '{SEPARATOR}')) AS parts({part})")
            }
            Dialect::Spark => {
                format!("LATERAL VIEW EXPLODE(SPLIT({of}, '[{SEPARATOR}]')) parts AS {part}")
            }
        }
    }
}

/// The query that makes a table from a relation of clean records; periods that end after a day are
/// provisional.
///
/// # Errors
/// When the table names an indicator that is not declared.
pub fn query(
    (table, definitions): (&Table, &Definitions),
    (records, dialect): (&str, Dialect),
    since: Date,
) -> Result<String> {
    let measures = table.measures.iter().map(|name| {
        let indicator = definitions.indicators.get(name);
        let lacking = || Error::internal(format!("indicator `{name}` was checked"));
        Ok((name.as_str(), indicator.ok_or_else(lacking)?))
    });
    let query = Query { table, measures: measures.collect::<Result<_>>()?, dialect };
    Ok(query.text(records, since))
}

struct Query<'a> {
    table: &'a Table,
    measures: Vec<(&'a str, &'a Indicator)>,
    dialect: Dialect,
}

/// Columns by which rows are put together.
type Columns = Vec<String>;

impl Query<'_> {
    fn text(&self, records: &str, since: Date) -> String {
        let mut steps = vec![("records".to_owned(), self.records(records))];
        let mut from = "records";
        if let Some((name, bands)) = self.bands() {
            steps.push(("sums".to_owned(), self.sums_of_bands(bands)));
            steps.push(("bands".to_owned(), self.rows_of_bands(name, bands)));
            from = "bands";
        }
        let cells = match self.split() {
            Some((name, source)) => {
                let parts = self.dialect.parts(&named("parts", source), name);
                steps.push(("pieces".to_owned(), format!("SELECT *\nFROM records {parts}")));
                let with = self.cells("pieces", &|dimension| (dimension == name).then_some(true));
                let without = self.cells(from, &|dimension| (dimension == name).then_some(false));
                format!("{with}\nUNION ALL\n{without}")
            }
            None => self.cells(from, &|_| None),
        };
        steps.push(("cells".to_owned(), cells));
        let steps: Vec<String> = steps
            .iter()
            .map(|(name, step)| format!("{name} AS (\n{}\n)", indented(step)))
            .collect();
        format!("WITH {}\n{};\n", steps.join(",\n"), self.rows(since))
    }

    /// Each record once: the codes of its dimensions, and what the measures are made of.
    fn records(&self, records: &str) -> String {
        let mut columns = Vec::new();
        for (name, dimension) in self.table.dimensions() {
            match dimension {
                Dimension::Column(source) => {
                    columns.push(format!("COALESCE({source}, {}) AS {name}", text(INCONNU)));
                }
                Dimension::Periods(lengths) => {
                    columns.extend(lengths.iter().map(|length| {
                        format!("{} AS {}", period_of(*length, MOIS.name), period(*length))
                    }));
                }
                Dimension::Classes(classes) => {
                    let mut all: Vec<_> = classes.ascending().collect();
                    all.reverse();
                    let class = |(code, least): &(&str, i32)| {
                        format!("WHEN {} >= {least} THEN {}", classes.of, text(code))
                    };
                    let all: Vec<String> = all.iter().map(class).collect();
                    let (all, none) = (all.join(" "), text(NON_RENSEIGNE));
                    columns.push(format!("CASE {all} ELSE {none} END AS {name}"));
                }
                Dimension::Split(source) => {
                    let none = text(NON_RENSEIGNE);
                    let parts = named("parts", source);
                    columns.push(format!("COALESCE(NULLIF({source}, ''), {none}) AS {parts}"));
                }
                Dimension::Bands(bands) => {
                    columns.extend(bands.iter().enumerate().map(|(number, (_, sources))| {
                        let sources = sources.iter().map(|source| format!("COALESCE({source}, 0)"));
                        let sources: Vec<String> = sources.collect();
                        format!("{} AS {}", sources.join(" + "), band(number))
                    }));
                }
            }
        }
        for (name, indicator) in &self.measures {
            let Some(of) = &indicator.of else { continue };
            match indicator.compute {
                Compute::Sum => columns.push(format!("COALESCE({of}, 0) AS {}", named("of", name))),
                Compute::Distinct => columns.push(format!("{of} AS {}", named("of", name))),
                Compute::Count | Compute::Bands | Compute::Difference => {}
            }
        }
        format!("SELECT\n  {}\nFROM {records}", columns.join(",\n  "))
    }

    fn bands(&self) -> Option<(&str, &Bands)> {
        self.table.dimensions().find_map(|(name, dimension)| match dimension {
            Dimension::Bands(bands) => Some((name, bands)),
            _ => None,
        })
    }

    /// The dimension made of the parts of a text, and the column of that.
    fn split(&self) -> Option<(&str, &str)> {
        self.table.dimensions().find_map(|(name, dimension)| match dimension {
            Dimension::Split(source) => Some((name, source)),
            _ => None,
        })
    }

    /// All bands side by side, at the finest grain of the other dimensions.
    fn sums_of_bands(&self, bands: &Bands) -> String {
        let others = self.columns(|dimension| !matches!(dimension, Dimension::Bands(_))).join(", ");
        let sums = (0..bands.len()).map(|number| {
            let band = band(number);
            format!("SUM({band}) AS {band}")
        });
        let sums: Vec<String> = sums.collect();
        format!("SELECT {others},\n  {}\nFROM records\nGROUP BY {others}", sums.join(",\n  "))
    }

    /// A row for each band.
    fn rows_of_bands(&self, name: &str, bands: &Bands) -> String {
        let others = self.columns(|dimension| !matches!(dimension, Dimension::Bands(_))).join(", ");
        let rows = bands.keys().enumerate().map(|(number, code)| {
            let (code, band) = (text(code), band(number));
            format!("SELECT {others}, {code} AS {name}, {band} AS {FIGURE} FROM sums")
        });
        rows.collect::<Vec<_>>().join("\nUNION ALL\n")
    }

    /// The columns of some dimensions: one each, and one for each length of periods.
    fn columns(&self, is_wanted: impl Fn(Dimension<'_>) -> bool) -> Columns {
        let wanted = self.table.dimensions().filter(|(_, dimension)| is_wanted(*dimension));
        let columns = wanted.flat_map(|(name, dimension)| match dimension {
            Dimension::Periods(lengths) => lengths.iter().map(|length| period(*length)).collect(),
            _ => vec![name.to_owned()],
        });
        columns.collect()
    }

    /// A row for each combination of codes and each of their totals; a dimension may always be
    /// there (`Some(true)`), or never.
    fn cells(&self, from: &str, is_there: &dyn Fn(&str) -> Option<bool>) -> String {
        let mut sets: Vec<Columns> = vec![Vec::new()];
        let mut shown = Vec::new();
        for (name, dimension) in self.table.dimensions() {
            let own: Columns = match dimension {
                Dimension::Periods(lengths) => lengths.iter().map(|it| period(*it)).collect(),
                _ => vec![name.to_owned()],
            };
            if is_there(name) == Some(false) {
                shown.push(format!("CAST(NULL AS STRING) AS {name}"));
                continue;
            }
            let longer = sets.iter().flat_map(|set| {
                let with = |column: &String| set.iter().chain([column]).cloned().collect();
                own.iter().map(with).collect::<Vec<Columns>>()
            });
            let longer: Vec<Columns> = longer.collect();
            match is_there(name) {
                Some(true) => sets = longer,
                _ => sets.extend(longer),
            }
            shown.extend(own);
        }
        let figures = self.measures.iter().filter_map(|(name, indicator)| {
            let of = named("of", name);
            let figure = match indicator.compute {
                Compute::Count => "COUNT(*)".to_owned(),
                Compute::Sum => format!("COALESCE(SUM({of}), 0)"),
                Compute::Distinct => format!("COUNT(DISTINCT {of})"),
                Compute::Bands => format!("COALESCE(SUM({FIGURE}), 0)"),
                Compute::Difference => return None,
            };
            Some(format!("CAST({figure} AS BIGINT) AS {name}"))
        });
        let shown: Vec<String> = shown.into_iter().chain(figures).collect();
        let sets: Vec<String> = sets.iter().map(|set| format!("({})", set.join(", "))).collect();
        format!(
            "SELECT\n  {}\nFROM {from}\nGROUP BY GROUPING SETS (\n  {}\n)",
            shown.join(",\n  "),
            sets.join(",\n  ")
        )
    }

    /// The rows as the table has them.
    fn rows(&self, since: Date) -> String {
        let mut columns = Vec::new();
        for (name, dimension) in self.table.dimensions() {
            let own = match dimension {
                Dimension::Periods(lengths) => {
                    let all: Vec<String> = lengths.iter().map(|it| period(*it)).collect();
                    all.join(", ")
                }
                _ => name.to_owned(),
            };
            columns.push(format!("COALESCE({own}, {}) AS {name}", text(ENSEMBLE)));
        }
        if self.table.by.iter().any(|name| name == PERIODE.name) {
            columns.push(self.provisional(since));
        }
        for (name, indicator) in &self.measures {
            columns.push(match (indicator.compute, &indicator.of, &indicator.minus) {
                (Compute::Difference, Some(of), Some(minus)) => format!("{of} - {minus} AS {name}"),
                _ => (*name).to_owned(),
            });
        }
        let order: Vec<String> = (1..=self.table.by.len()).map(|place| place.to_string()).collect();
        let (columns, order) = (columns.join(",\n  "), order.join(", "));
        format!("SELECT\n  {columns}\nFROM cells\nORDER BY {order}")
    }

    /// Whether a period ends after a day; all of them together do when one does.
    fn provisional(&self, since: Date) -> String {
        let month = first_open(since);
        let lengths = &self.table.periods;
        let is_open = |length: &Length, of: &str| format!("{of} >= {}", text(&length.of(&month)));
        let all: Vec<String> =
            lengths.iter().map(|length| is_open(length, &period(*length))).collect();
        let longest = lengths.last().copied().unwrap_or(Length::Annee);
        let none: Vec<String> =
            lengths.iter().map(|length| format!("{} IS NULL", period(*length))).collect();
        let latest = format!("(SELECT MAX({}) FROM records)", period(longest));
        format!(
            "CASE WHEN {} OR ({} AND {}) THEN {} ELSE {} END AS {}",
            all.join(" OR "),
            none.join(" AND "),
            is_open(&longest, &latest),
            text(OUI),
            text(NON),
            PROVISOIRE.name
        )
    }
}

/// The first month that ends after a day.
fn first_open(since: Date) -> String {
    let month = |day: Date| day.strftime("%Y-%m").to_string();
    let own = month(since);
    let is_last = last_day(&own) == Some(since);
    let next = is_last.then(|| since.tomorrow().ok()).flatten();
    next.map_or(own, month)
}

fn period(length: Length) -> String {
    format!("{}_{}", PERIODE.name, length.code())
}

/// The period that a month is in.
fn period_of(length: Length, month: &str) -> String {
    match length {
        Length::Mois => month.to_owned(),
        Length::Annee => format!("SUBSTR({month}, 1, 4)"),
        Length::Trimestre => {
            let quarters = [("10", "-T4"), ("07", "-T3"), ("04", "-T2"), ("01", "-T1")];
            let cases = quarters.map(|(first, name)| {
                format!("WHEN SUBSTR({month}, 6, 2) >= {} THEN {}", text(first), text(name))
            });
            format!("CONCAT(SUBSTR({month}, 1, 4), CASE {} END)", cases.join(" "))
        }
    }
}

fn band(number: usize) -> String {
    format!("band_{}", number + 1)
}

fn named(what: &str, name: &str) -> String {
    format!("{what}_{name}")
}

/// A text as SQL writes it.
fn text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn indented(step: &str) -> String {
    step.lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_open_month_ends_after_the_day() {
        assert_eq!(first_open(Date::constant(2025, 3, 3)), "2025-03");
        assert_eq!(first_open(Date::constant(2025, 2, 28)), "2025-03");
        assert_eq!(first_open(Date::constant(2024, 12, 31)), "2025-01");
    }

    #[test]
    fn quarters_are_named_as_in_the_tables() {
        let quarter = period_of(Length::Trimestre, "mois");
        assert_eq!(
            quarter,
            "CONCAT(SUBSTR(mois, 1, 4), CASE WHEN SUBSTR(mois, 6, 2) >= '10' THEN '-T4' WHEN \
             SUBSTR(mois, 6, 2) >= '07' THEN '-T3' WHEN SUBSTR(mois, 6, 2) >= '04' THEN '-T2' \
             WHEN SUBSTR(mois, 6, 2) >= '01' THEN '-T1' END)"
        );
    }

    #[test]
    fn paths_and_texts_end_where_they_should() {
        assert_eq!(text("l'État"), "'l''État'");
        assert_eq!(Dialect::Spark.parquet("/a`b/clean"), "parquet.`/a``b/clean`");
        let path = Dialect::Duckdb.parquet("/it's/clean");
        assert_eq!(path, "READ_PARQUET('/it''s/clean/**/*.parquet', hive_partitioning = FALSE)");
    }
}
