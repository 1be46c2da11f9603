//! The bytes of a CSV file become rows of codes and whole numbers.

use crate::error::{Error, Result};
use crate::protect::office::decimal::Decimal;

/// What the columns of a file mean.
#[derive(Clone, Debug)]
pub struct Columns {
    /// Dimensions; when none is named, all columns that mean nothing else.
    pub by: Vec<String>,
    /// The figure; without it each row counts as one.
    pub value: Option<String>,
    /// Number of units.
    pub units: Option<String>,
    /// The largest contributions, the largest first.
    pub largest: Vec<String>,
    /// Who contributes: rows are contributions.
    pub unit: Option<String>,
    /// What is known already: `A`, `B`, `u`, `1` or `TRUE` is primary, `z`, `p` or `F` published.
    pub status: Option<String>,
    /// What hiding costs.
    pub cost: Option<String>,
    /// Columns that are levels of a dimension.
    pub levels: Vec<String>,
    /// Between fields.
    pub delimiter: u8,
    /// Decimals of the figures; without it, as many as the file has.
    pub places: Option<u32>,
}

impl Default for Columns {
    /// A comma between fields; no column means anything yet.
    fn default() -> Self {
        Self {
            by: Vec::new(),
            value: None,
            units: None,
            largest: Vec::new(),
            unit: None,
            status: None,
            cost: None,
            levels: Vec::new(),
            delimiter: b',',
            places: None,
        }
    }
}

/// What a row says of its figure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Given {
    /// Nothing.
    #[default]
    Nothing,
    /// It is primary.
    Primary,
    /// It is published already.
    Published,
}

/// One row.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// Its line.
    pub line: u64,
    /// A code for each dimension.
    pub codes: Vec<String>,
    /// A code for each column that is a level.
    pub levels: Vec<String>,
    /// The figure.
    pub value: i64,
    /// Number of units, if there is such a column.
    pub units: Option<u64>,
    /// The largest contributions.
    pub largest: Vec<u64>,
    /// Who contributes.
    pub unit: Option<String>,
    /// What is known already.
    pub given: Given,
    /// What hiding costs.
    pub cost: Option<u64>,
}

/// The rows of a file.
#[derive(Clone, Debug, Default)]
pub struct Records {
    /// Names of the dimensions.
    pub dimensions: Vec<String>,
    /// Decimals of the figures.
    pub places: u32,
    /// The rows.
    pub rows: Vec<Record>,
}

/// Where the columns are.
struct Places {
    by: Vec<usize>,
    levels: Vec<usize>,
    value: Option<usize>,
    units: Option<usize>,
    largest: Vec<usize>,
    unit: Option<usize>,
    status: Option<usize>,
    cost: Option<usize>,
}

impl Places {
    fn new(name: &str, heads: &csv::StringRecord, columns: &Columns) -> Result<Self> {
        let find = |column: &String| {
            let place = heads.iter().position(|head| head == column);
            place.ok_or_else(|| {
                let known = heads.iter().collect::<Vec<_>>().join(", ");
                Error::data(format!("`{name}` has no column `{column}`"))
                    .hint(format!("it has {known}; is the delimiter right?"))
            })
        };
        let one = |column: &Option<String>| column.as_ref().map(find).transpose();
        let all = |columns: &[String]| columns.iter().map(find).collect::<Result<Vec<usize>>>();
        let mut places = Self {
            by: Vec::new(),
            levels: all(&columns.levels)?,
            value: one(&columns.value)?,
            units: one(&columns.units)?,
            largest: all(&columns.largest)?,
            unit: one(&columns.unit)?,
            status: one(&columns.status)?,
            cost: one(&columns.cost)?,
        };
        let is_named = |place: &usize| {
            columns.by.iter().any(|by| heads.get(*place) == Some(by)) || columns.by.is_empty()
        };
        let used = [places.value, places.units, places.unit, places.status, places.cost];
        let means_nothing = |place: &usize| {
            let lists = places.levels.contains(place) || places.largest.contains(place);
            !lists && !used.contains(&Some(*place))
        };
        places.by = (0..heads.len()).filter(is_named).filter(means_nothing).collect();
        if places.by.is_empty() {
            return Err(Error::data(format!("`{name}` has no dimension"))
                .hint("name its columns of codes with `--by`"));
        }
        Ok(places)
    }
}

/// Reads a file of cells or contributions.
///
/// # Errors
/// When a column is absent or a number cannot be read; the message names the file and the line.
pub fn read(name: &str, bytes: &[u8], columns: &Columns) -> Result<Records> {
    let failed = |error: csv::Error| Error::data(format!("`{name}` is no table: {error}"));
    let mut reader = csv::ReaderBuilder::new().delimiter(columns.delimiter).from_reader(bytes);
    let heads = reader.headers().map_err(failed)?.clone();
    let places = Places::new(name, &heads, columns)?;
    let lines = reader.records().map(|line| line.map_err(failed)).collect::<Result<Vec<_>>>()?;
    let file = File { name, heads: &heads, decimals: 0 };
    let decimals = match columns.places {
        Some(places) => places,
        None => file.decimals_of(&lines, &places)?,
    };
    let file = File { decimals, ..file };
    let rows = lines.iter().map(|line| file.record(line, &places)).collect::<Result<_>>()?;
    let dimensions = places.by.iter().filter_map(|place| heads.get(*place)).map(str::to_owned);
    Ok(Records { dimensions: dimensions.collect(), places: decimals, rows })
}

struct File<'a> {
    name: &'a str,
    heads: &'a csv::StringRecord,
    decimals: u32,
}

impl File<'_> {
    fn number(&self, line: &csv::StringRecord, place: usize) -> Result<Decimal> {
        let text = line.get(place).unwrap_or_default();
        Decimal::parse(text).ok_or_else(|| self.at(line, place, "is no number"))
    }

    fn decimals_of(&self, lines: &[csv::StringRecord], places: &Places) -> Result<u32> {
        let mut most = 0;
        for line in lines {
            for place in places.value.iter().chain(&places.largest) {
                most = self.number(line, *place)?.places().max(most);
            }
        }
        Ok(most)
    }

    /// A figure, in units of the last decimal.
    fn scaled(&self, line: &csv::StringRecord, place: usize) -> Result<i64> {
        let wrong = format!("is no number of {} decimals within 64 bits", self.decimals);
        let number = self.number(line, place)?.scaled(self.decimals);
        number.ok_or_else(|| self.at(line, place, &wrong))
    }

    /// A number of units or a cost: fractions of weighted ones are cut off.
    fn count(&self, line: &csv::StringRecord, place: usize) -> Result<u64> {
        let floor = self.number(line, place)?.floor();
        let count = floor.and_then(|floor| u64::try_from(floor).ok());
        count.ok_or_else(|| self.at(line, place, "counts nothing"))
    }

    fn record(&self, line: &csv::StringRecord, places: &Places) -> Result<Record> {
        let text = |place: usize| line.get(place).unwrap_or_default().to_owned();
        let texts = |places: &[usize]| places.iter().map(|place| text(*place)).collect();
        let size = |place: &usize| self.scaled(line, *place).map(i64::unsigned_abs);
        let mut largest = places.largest.iter().map(size).collect::<Result<Vec<u64>>>()?;
        largest.sort_unstable_by(|one, other| other.cmp(one));
        Ok(Record {
            line: self.number_of(line),
            codes: texts(&places.by),
            levels: texts(&places.levels),
            value: places.value.map_or(Ok(1), |place| self.scaled(line, place))?,
            units: places.units.map(|place| self.count(line, place)).transpose()?,
            largest,
            unit: places.unit.map(text).filter(|unit| !unit.is_empty()),
            given: places.status.map_or(Given::Nothing, |place| given(&text(place))),
            cost: places.cost.map(|place| self.count(line, place)).transpose()?,
        })
    }

    fn number_of(&self, line: &csv::StringRecord) -> u64 {
        line.position().map_or(0, csv::Position::line)
    }

    fn at(&self, line: &csv::StringRecord, place: usize, problem: &str) -> Error {
        let (name, head) = (self.name, self.heads.get(place).unwrap_or_default());
        let (text, line) = (line.get(place).unwrap_or_default(), self.number_of(line));
        Error::data(format!("`{name}`, line {line}: `{text}` of column `{head}` {problem}"))
    }
}

fn given(text: &str) -> Given {
    match text {
        "A" | "B" | "u" | "U" | "1" | "TRUE" | "true" => Given::Primary,
        "F" | "p" | "P" | "z" | "Z" => Given::Published,
        _ => Given::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns() -> Columns {
        Columns {
            value: Some("TOT".into()),
            units: Some("N_OBS".into()),
            largest: vec!["MAX".into()],
            ..Columns::default()
        }
    }

    #[test]
    fn what_no_column_means_is_a_dimension_and_figures_have_one_scale() {
        let text = b"ACT,SIZE,N_OBS,TOT,MAX\nAZ,t1,2.9,10.5,3\nAZ,Total,7,1e+01,2.125\n";
        let found = read("t.csv", text, &columns()).unwrap();
        assert_eq!((found.dimensions, found.places), (vec!["ACT".into(), "SIZE".into()], 3));
        let [first, second] = &found.rows[..] else { panic!("two rows") };
        assert_eq!((first.value, first.units, first.largest[0]), (10_500, Some(2), 3_000));
        assert_eq!((second.line, second.value, second.largest[0]), (3, 10_000, 2_125));
    }

    #[test]
    fn an_unreadable_number_is_told_with_its_line() {
        let text = b"ACT,N_OBS,TOT,MAX\nAZ,2,x,3\n";
        let error = read("t.csv", text, &columns()).unwrap_err();
        assert_eq!(error.to_string(), "`t.csv`, line 2: `x` of column `TOT` is no number");
        let two = Columns { places: Some(1), ..columns() };
        let error = read("t.csv", b"ACT,N_OBS,TOT,MAX\nAZ,2,0.25,3\n", &two).unwrap_err();
        assert!(error.to_string().contains("of 1 decimals"), "{error}");
        let error = read("t.csv", b"ACT,TOT\n", &columns()).unwrap_err();
        assert_eq!(error.to_string(), "`t.csv` has no column `N_OBS`");
    }

    #[test]
    fn rows_without_figure_count_as_one() {
        let bare = Columns { value: None, units: None, largest: vec![], ..columns() };
        let with_unit = Columns { unit: Some("who".into()), ..bare };
        let found = read("t.csv", b"sex,who\nF,a\nM,\n", &with_unit).unwrap();
        assert_eq!(found.rows[0].unit.as_deref(), Some("a"));
        assert_eq!((found.rows[1].unit.as_deref(), found.rows[1].value), (None, 1));
        assert_eq!(found.dimensions, ["sex"]);
    }
}
