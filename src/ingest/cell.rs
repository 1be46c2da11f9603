//! The text of a cell becomes a typed value, or a reason to refuse the record.

use std::borrow::Cow;
use std::collections::BTreeSet;

use jiff::tz::TimeZone;

use crate::definition::employer_rules::EmployerRules;
use crate::definition::source::{ListStyle, Mapping, Reading, Source, Unit, Zone};
use crate::ingest::official::{commune, departement, postal_code, siret};
use crate::ingest::pseudonym::{self, Key};
use crate::ingest::sheet::VALUE_END;
use crate::ingest::{Context, time};
use crate::vocabulary::calendar::paris_day;
use crate::vocabulary::codes::{INCONNU, NON, OUI, SEPARATOR};
use crate::vocabulary::flags;
use crate::vocabulary::reject::{is_identifier, reasons};
use crate::vocabulary::sirene::is_siren;

/// Integers beyond it either way are no counts; sums of a billion rows of them fit 64 bits.
const COUNT_MAX: i64 = 1_000_000_000;

/// The years 1900 to 2199, in days since 1970; other dates are slips of the keyboard.
const DAYS: std::ops::Range<i32> = -25_567..84_006;

/// Spellings of yes and no, in lower case.
const YES: [&str; 5] = ["t", "true", "1", "oui", "vrai"];
const NO: [&str; 5] = ["f", "false", "0", "non", "faux"];

/// A typed value; text lies in the scratch's buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cell {
    Null,
    Text(usize, usize),
    Number(i64),
}

/// How the cells of one column are read.
pub(super) struct Reader<'a> {
    reading: Reading,
    codes: BTreeSet<String>,
    /// Values that mean no, or that no tally counts; and all that some tally of the same column
    /// counts.
    known: BTreeSet<String>,
    lists: ListStyle,
    is_lenient: bool,
    format: Option<&'a str>,
    /// Clock of the instants without an offset.
    zone: TimeZone,
    unit: Unit,
    has_decimal_comma: bool,
    is_hashed: bool,
    prefix: &'a str,
    key: &'a Key,
    employer_rules: &'a EmployerRules,
    paris: TimeZone,
}

type Read = Result<Cell, &'static str>;

impl<'a> Reader<'a> {
    pub(super) fn new(
        source: &'a Source,
        mapping: &'a Mapping,
        context: Context<'a>,
        paris: TimeZone,
    ) -> Self {
        let mut codes: BTreeSet<String> = mapping.values.iter().cloned().collect();
        if let Some(list) = &mapping.list {
            codes.extend(context.lists.source_codes(list, source.system));
        }
        let is_beside = |other: &&Mapping| {
            other.reading == Reading::Tally && other.from.all() == mapping.from.all()
        };
        let beside = source.columns.values().filter(is_beside);
        let beside = beside.flat_map(|other| other.values.iter().cloned());
        Self {
            reading: mapping.reading,
            codes,
            known: match mapping.reading {
                Reading::Tally => beside.chain(mapping.no.iter().cloned()).collect(),
                _ => mapping.no.iter().cloned().collect(),
            },
            lists: source.lists,
            is_lenient: mapping.lenient,
            format: mapping.format.as_deref(),
            zone: match source.zone {
                Zone::Utc => TimeZone::UTC,
                Zone::Paris => paris.clone(),
            },
            unit: mapping.unit,
            has_decimal_comma: source.decimal == Some(','),
            is_hashed: mapping.hash,
            prefix: &mapping.prefix,
            key: context.key,
            employer_rules: context.employer_rules,
            paris,
        }
    }

    /// Reads a text that is not missing.
    pub(super) fn read(
        &self,
        raw: &str,
        buffer: &mut String,
        flags: &mut Vec<&'static str>,
    ) -> Read {
        let text = raw.trim();
        match self.reading {
            Reading::Pseudonym if self.is_hashed => {
                Ok(keep(&self.key.pseudonym(&pseudonym::datalake_hash(text)), buffer))
            }
            Reading::Pseudonym => Ok(keep(&self.key.pseudonym(&self.prefixed(text)), buffer)),
            Reading::Reference => reference(&self.prefixed(text), buffer),
            Reading::Day => day(time::day(text, self.format)),
            Reading::ParisDay => {
                // A partner may write the day alone: it is a Paris day already.
                let at_an_instant = || self.instant(text).and_then(|at| paris_day(at, &self.paris));
                day(time::day(text, None).or_else(at_an_instant))
            }
            // A day alone is the instant it begins at.
            Reading::Instant => self
                .instant(text)
                .or_else(|| time::day(text, None).map(|day| i64::from(day) * 86_400_000_000))
                .map(Cell::Number)
                .ok_or(reasons::DATE),
            Reading::Count => count(self.without_decimals(text)),
            Reading::Whole => whole(text),
            Reading::Tally => Ok(self.tally(text, flags)),
            Reading::Euros => amount(text).map(Cell::Number).ok_or(reasons::AMOUNT),
            Reading::Code if self.codes.contains(text) => Ok(keep(text, buffer)),
            Reading::Code if self.is_lenient => {
                add_flag(flags, flags::CODE_INCONNU);
                Ok(Cell::Null)
            }
            Reading::Code => Err(reasons::CODE),
            Reading::YesNo => Ok(self.yes_no(text, buffer, flags)),
            Reading::Codes => Ok(self.codes(text, buffer, flags)),
            Reading::Duration => self.duration(text, buffer),
            Reading::Siren if is_siren(text) => Ok(keep(text, buffer)),
            Reading::Siren => Err(reasons::SIREN),
            Reading::Siret => Ok(siret(text, buffer, flags)),
            Reading::Commune => Ok(commune(text, buffer, flags)),
            Reading::PostalCode => Ok(postal_code(text, buffer, flags)),
            Reading::Departement => Ok(departement(text, buffer, flags)),
            Reading::LegalCategory => Ok(self.legal_category(text, buffer, flags)),
            Reading::NameRules => Ok(keep(&self.employer_rules.name_rules(text), buffer)),
        }
    }

    fn prefixed<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match self.prefix {
            "" => Cow::Borrowed(text),
            prefix => Cow::Owned(format!("{prefix}{text}")),
        }
    }

    fn instant(&self, text: &str) -> Option<i64> {
        match self.format {
            Some(format) => time::instant_as(text, format, &self.zone),
            None => time::instant(text, &self.zone),
        }
    }

    /// A whole number written with decimals, as `3,0`, without them.
    fn without_decimals<'t>(&self, text: &'t str) -> &'t str {
        match text.split_once(',') {
            Some((whole, zeros))
                if self.has_decimal_comma && zeros.bytes().all(|byte| byte == b'0') =>
            {
                whole
            }
            _ => text,
        }
    }

    fn duration(&self, text: &str, buffer: &mut String) -> Read {
        if self.codes.contains(text) {
            return Ok(keep(text, buffer));
        }
        let minutes = match self.unit {
            Unit::Minutes => count(self.without_decimals(text)).ok(),
            Unit::Hours => minutes_of_hours(text),
        };
        let Some(Cell::Number(minutes)) = minutes else { return Err(reasons::DURATION) };
        Ok(keep(&minutes.to_string(), buffer))
    }

    /// A spelling of yes or of no; any other is left out and flagged.
    fn yes_no(&self, text: &str, buffer: &mut String, flags: &mut Vec<&'static str>) -> Cell {
        let text = text.replace('\u{a0}', " ").to_lowercase();
        let is_among = |spellings: &[&str]| spellings.contains(&text.as_str());
        if is_among(&YES) || self.codes.iter().any(|code| code.to_lowercase() == text) {
            return keep(OUI, buffer);
        }
        if is_among(&NO) || self.known.iter().any(|code| code.to_lowercase() == text) {
            return keep(NON, buffer);
        }
        add_flag(flags, flags::CODE_INCONNU);
        Cell::Null
    }

    /// How many of the values of a group are among the codes; one that no column of the group
    /// counts is flagged.
    fn tally(&self, text: &str, flags: &mut Vec<&'static str>) -> Cell {
        let mut found = 0;
        for value in text.split(VALUE_END).map(str::trim).filter(|value| !value.is_empty()) {
            found += i64::from(self.codes.contains(value));
            if !self.known.contains(value) {
                add_flag(flags, flags::CODE_INCONNU);
            }
        }
        Cell::Number(found)
    }

    /// Four digits, or the label of a category.
    fn legal_category(
        &self,
        text: &str,
        buffer: &mut String,
        flags: &mut Vec<&'static str>,
    ) -> Cell {
        if text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return keep(text, buffer);
        }
        if let Some(code) = self.employer_rules.category_of_label(text) {
            return keep(code, buffer);
        }
        add_flag(flags, flags::CATEGORIE_INVALIDE);
        Cell::Null
    }

    /// Known codes once each, in the order of their text; an unknown one is counted as such.
    fn codes(&self, text: &str, buffer: &mut String, flags: &mut Vec<&'static str>) -> Cell {
        let elements: Vec<String> = match self.lists {
            ListStyle::Pipe => text.split('|').map(str::to_owned).collect(),
            ListStyle::Lines => text.lines().map(str::to_owned).collect(),
            ListStyle::Postgres => array_elements(text).unwrap_or_else(|| vec![text.to_owned()]),
        };
        let mut found = BTreeSet::new();
        for element in elements.iter().map(|e| e.trim()).filter(|element| !element.is_empty()) {
            match self.codes.get(element) {
                Some(code) => found.insert(code.as_str()),
                None => {
                    add_flag(flags, flags::THEME_INCONNU);
                    found.insert(INCONNU)
                }
            };
        }
        if found.is_empty() {
            return Cell::Null;
        }
        keep(&found.into_iter().collect::<Vec<_>>().join(SEPARATOR), buffer)
    }
}

/// The elements of a PostgreSQL array, `NULL` left out; `None` when its braces or quotes do not
/// match.
fn array_elements(text: &str) -> Option<Vec<String>> {
    let inner = text.strip_prefix('{')?.strip_suffix('}')?;
    // Each element, and whether some of it was quoted.
    let mut elements = vec![(String::new(), false)];
    let (mut is_quoted, mut is_escaped) = (false, false);
    for c in inner.chars() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => {
                is_escaped = true;
                continue;
            }
            '"' => {
                is_quoted = !is_quoted;
                elements.last_mut()?.1 = true;
                continue;
            }
            ',' if !is_quoted => {
                elements.push((String::new(), false));
                continue;
            }
            _ => {}
        }
        elements.last_mut()?.0.push(c);
    }
    let is_null = |text: &str| text.trim().eq_ignore_ascii_case("null");
    elements.retain(|(element, was_quoted)| *was_quoted || !is_null(element));
    let elements = elements.into_iter().map(|(element, _)| element).collect();
    (!is_quoted && !is_escaped).then_some(elements)
}

/// Puts a text in the buffer.
pub(super) fn keep(text: &str, buffer: &mut String) -> Cell {
    let start = buffer.len();
    buffer.push_str(text);
    Cell::Text(start, buffer.len())
}

/// Adds a flag once.
pub(super) fn add_flag(flags: &mut Vec<&'static str>, flag: &'static str) {
    if !flags.contains(&flag) {
        flags.push(flag);
    }
}

fn reference(text: &str, buffer: &mut String) -> Read {
    if is_identifier(text) { Ok(keep(text, buffer)) } else { Err(reasons::IDENTIFIER) }
}

fn day(day: Option<i32>) -> Read {
    match day {
        Some(day) if DAYS.contains(&day) => Ok(Cell::Number(day.into())),
        _ => Err(reasons::DATE),
    }
}

fn count(text: &str) -> Read {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(reasons::INTEGER);
    }
    match text.parse::<i64>() {
        Ok(number) if (-COUNT_MAX..=COUNT_MAX).contains(&number) => Ok(Cell::Number(number)),
        _ => Err(reasons::RANGE),
    }
}

/// Cents of an amount of a billion euros at most, either way: sums of any number of records stay
/// within 64 bits.
fn amount(text: &str) -> Option<i64> {
    cents(text).filter(|cents| (-COUNT_MAX * 100..=COUNT_MAX * 100).contains(cents))
}

/// Euros with at most two decimals, point or comma, to cents.
fn cents(text: &str) -> Option<i64> {
    let text: String = text.chars().filter(|c| !c.is_whitespace() && *c != '€').collect();
    let (euros, decimals) = text.split_once(['.', ',']).unwrap_or((&text, ""));
    let is_number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = euros.strip_prefix('-').unwrap_or(euros);
    if unsigned.is_empty() || decimals.len() > 2 || !is_number(unsigned) || !is_number(decimals) {
        return None;
    }
    format!("{euros}{decimals:0<2}").parse().ok()
}

/// Hours with at most two decimals, to the nearest minute.
fn minutes_of_hours(text: &str) -> Option<Cell> {
    let hundredths = cents(text).filter(|hundredths| (0..=COUNT_MAX).contains(hundredths))?;
    Some(Cell::Number((hundredths * 60 + 50) / 100))
}

/// A number, or the whole of a rank: the 5 of `2/5`.
fn whole(text: &str) -> Read {
    let Some((rank, whole)) = text.split_once('/') else { return count(text) };
    match (count(rank.trim()), count(whole.trim())) {
        (Ok(Cell::Number(rank)), Ok(Cell::Number(whole))) if (1..=whole).contains(&rank) => {
            Ok(Cell::Number(whole))
        }
        _ => Err(reasons::WHOLE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_are_read_as_postgresql_writes_them() {
        let elements = |text| array_elements(text).map(|elements| elements.join("/"));
        assert_eq!(elements("{a,b c}").as_deref(), Some("a/b c"));
        assert_eq!(elements(r#"{"a , b","c\"d",NULL}"#).as_deref(), Some("a , b/c\"d"));
        assert_eq!(elements(r#"{ null ,"NULL"}"#).as_deref(), Some("NULL"));
        assert_eq!(elements("{a,b"), None);
        assert_eq!(elements(r#"{"a}"#), None);
    }

    #[test]
    fn counts_and_amounts_are_exact() {
        assert_eq!(count("-3"), Ok(Cell::Number(-3)));
        assert_eq!(count("+60"), Err(reasons::INTEGER));
        assert_eq!(whole("2/5"), Ok(Cell::Number(5)));
        assert_eq!(whole("1"), Ok(Cell::Number(1)));
        for rank in ["5/3", "0/2", "-1/2", "deux/2", "1/"] {
            assert_eq!(whole(rank), Err(reasons::WHOLE), "{rank}");
        }
        assert_eq!(count("1000000000000"), Err(reasons::RANGE));
        assert_eq!(count("99999999999999999999999"), Err(reasons::RANGE));
        assert_eq!(count("2.0"), Err(reasons::INTEGER));
        assert_eq!(amount("-1000000000"), Some(-100_000_000_000));
        assert_eq!(amount("1000000000.01"), None);
        assert_eq!(amount("92233720368547758"), None);
        assert_eq!(cents("74858"), Some(7_485_800));
        assert_eq!(cents("1 234,5"), Some(123_450));
        assert_eq!(cents("1.234"), None);
        assert_eq!(cents(""), None);
        assert_eq!(minutes_of_hours("1,5"), Some(Cell::Number(90)));
        assert_eq!(minutes_of_hours("-0,5"), None);
        assert_eq!(minutes_of_hours("1537228672809130"), None);
    }
}
