//! Declarations and the tables of a release become its catalogue.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::definition::Definitions;
use crate::definition::indicator::{Compute, Indicator};
use crate::definition::secrecy::{Policy, Rules, Unit};
use crate::definition::table;
use crate::publish::catalogue::{
    self, Break, Catalogue, Column, Licence, Measure, Period, Role, Source, Table, Withheld,
    name_of,
};
use crate::publish::codes::{Domain, domain};
use crate::publish::grid::{Cell, Grid, Grids};
use crate::vocabulary::calendar::Length;
use crate::vocabulary::codes::ENSEMBLE;
use crate::vocabulary::columns::{self, Kind};
use crate::vocabulary::tables::{self, CLEAN_EMPLOYEURS};

/// What is not declared of a release.
#[derive(Clone, Debug)]
pub struct Circumstances<'a> {
    /// Reference day of its figures.
    pub as_of: Date,
    /// The sources that were read.
    pub sources: BTreeSet<&'a str>,
    /// Those of them that are as of an earlier day.
    pub earlier: BTreeMap<&'a str, Date>,
    /// The months shown were closed at least that many days after their end.
    pub closed_after_days: u16,
}

/// The catalogue of a release that holds these tables.
#[must_use]
pub fn catalogue(
    definitions: &Definitions,
    policy: &Policy,
    circumstances: &Circumstances<'_>,
    grids: &Grids,
) -> Catalogue {
    let pipeline = &definitions.pipeline;
    let declared = definitions.tables.iter();
    let public: Vec<_> = declared.filter(|(_, table)| table.secrecy.is_some()).collect();
    let tables: Vec<Table> = public
        .iter()
        .filter_map(|(name, table)| {
            Some(table_of(definitions, (name.as_str(), *table), grids.get(*name)?))
        })
        .collect();
    let withheld = public.iter().filter(|(name, _)| !grids.contains_key(*name));
    let withheld = withheld.map(|(name, table)| Withheld {
        name: (*name).clone(),
        title: table.title.clone(),
        why: why_withheld(table.secrecy.as_ref().is_some_and(|secrecy| secrecy.open)).to_owned(),
    });
    let shown: BTreeSet<&str> =
        tables.iter().flat_map(Table::figures).map(|column| column.name.as_str()).collect();
    let measures = definitions.indicators.iter();
    let measures = measures.filter(|(name, _)| shown.contains(name.as_str()));
    Catalogue {
        name: name_of(&pipeline.title),
        title: pipeline.title.clone(),
        as_of: circumstances.as_of,
        period: over(tables.iter().filter_map(|table| table.period.as_ref())),
        provisional_days: circumstances.closed_after_days,
        coop_opening: Some(pipeline.coop_opening),
        producer: pipeline.producer.clone(),
        homepage: pipeline.homepage.clone(),
        licence: Licence::of(&pipeline.licence),
        rules: rules_of(policy),
        sources: sources_of(definitions, circumstances, grids),
        references: pipeline.references.clone(),
        breaks: definitions.lists.all_breaks().iter().map(break_of).collect(),
        measures: measures.map(|(name, one)| measure_of(name, one)).collect(),
        tables,
        withheld: withheld.collect(),
        files: Vec::new(),
    }
}

/// Why a table that is declared to be public is not in a release, in French; one that sums an open
/// list has nothing to hide, and is there wherever its list is.
#[must_use]
pub fn why_withheld(is_open: bool) -> &'static str {
    match is_open {
        true => "la liste publique dont elle est la somme n'a pas été fournie.",
        false => "il en resterait trop peu, une fois masqué ce qui doit l'être.",
    }
}

/// What makes a figure sensitive, in French.
#[must_use]
pub fn in_french(rules: &Rules) -> String {
    let unit = match rules.unit {
        Unit::Holding => "employeurs (SIREN)",
        Unit::Structure => "structures",
        Unit::Person => "personnes",
    };
    let mut text = format!("moins de {} {unit}", rules.min_units);
    if rules.unit != Unit::Person {
        for rule in &rules.dominance {
            let who = match rule.top {
                1 => "un seul fait".to_owned(),
                top => format!("{top} font ensemble"),
            };
            text.push_str(&format!(", ou {who} plus de {} % du chiffre", rule.percent));
        }
    }
    if rules.hides_groups() {
        text.push_str(", ou toutes dans la même catégorie");
    }
    text + "."
}

fn rules_of(policy: &Policy) -> catalogue::Rules {
    catalogue::Rules {
        version: policy.version.clone(),
        decided_by: policy.decided_by.clone(),
        decided_on: policy.decided_on,
        reason: policy.reason.clone(),
        symbol: policy.symbol.clone(),
        lines: policy.rules.values().map(in_french).collect(),
    }
}

/// The sources that were read and whose records are in the tables, or tell of their employers.
fn sources_of(
    definitions: &Definitions,
    circumstances: &Circumstances<'_>,
    grids: &Grids,
) -> Vec<Source> {
    let shown = definitions.tables.iter().filter(|(name, _)| grids.contains_key(*name));
    let mut counted: BTreeSet<&str> =
        shown.map(|(_, table)| tables::clean(table.from).name).collect();
    counted.insert(CLEAN_EMPLOYEURS.name);
    let read = definitions.sources.iter().filter(|(name, source)| {
        let is_counted = counted.contains(tables::clean(source.subject).name);
        is_counted && circumstances.sources.contains(name.as_str())
    });
    let day = |name: &str| circumstances.earlier.get(name).copied();
    let told = read.map(|(name, source)| Source {
        name: name.clone(),
        title: source.title.clone(),
        as_of: day(name),
    });
    told.collect()
}

fn break_of(found: &crate::definition::codelist::Break) -> Break {
    Break {
        system: found.systeme.code().to_owned(),
        first: found.debut,
        last: found.fin,
        text: found.libelle.clone(),
    }
}

fn measure_of(name: &str, indicator: &Indicator) -> Measure {
    Measure {
        name: name.to_owned(),
        title: indicator.title.clone(),
        formula: indicator.formula.clone(),
        is_not: indicator.is_not.clone(),
        used_by: indicator.used_by.clone(),
        unit: indicator.unit.clone(),
        is_additive: indicator.is_additive(),
    }
}

fn table_of(definitions: &Definitions, (name, table): (&str, &table::Table), grid: &Grid) -> Table {
    let periods = grid.codes(columns::PERIODE.name);
    let months = periods.iter().filter(|code| is_month(code));
    let months: Vec<Period> = months.map(|month| one(month)).collect();
    let years = periods.iter().filter(|code| **code != ENSEMBLE);
    let years = years.filter(|code| Length::of_period(code) == Length::Annee);
    let years: Vec<Period> = years.map(|year| whole_year(year)).collect();
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    Table {
        name: name.to_owned(),
        title: table.title.clone(),
        definition: table.definition.clone(),
        why: table.secrecy.as_ref().map(|secrecy| secrecy.why.clone()).unwrap_or_default(),
        grain: format!(
            "une combinaison de {} ; {ENSEMBLE} : total de la dimension",
            table.by.join(", ")
        ),
        columns: grid
            .columns
            .iter()
            .map(|column| column_of(definitions, (table, column), grid))
            .collect(),
        key: table.by.clone(),
        rows: count(grid.rows.len()),
        hidden: count(grid.hidden()),
        series: count(series(table, grid)),
        period: over(months.iter().chain(&years)),
        is_main: definitions.pipeline.main_tables.iter().any(|main| main == name),
    }
}

/// Measures, by each combination of dimensions other than the period.
fn series(table: &table::Table, grid: &Grid) -> usize {
    let places = |wanted: &dyn Fn(&String) -> bool| -> Vec<usize> {
        let all = grid.columns.iter().enumerate();
        all.filter(|(_, name)| wanted(name)).map(|(place, _)| place).collect()
    };
    let figures = places(&|name| table.measures.contains(name));
    let others = places(&|name| table.by.contains(name) && *name != columns::PERIODE.name);
    let combinations: BTreeSet<Vec<&Cell>> = grid
        .rows
        .iter()
        .map(|row| others.iter().filter_map(|place| row.get(*place)).collect())
        .collect();
    combinations.len() * figures.len()
}

fn is_month(code: &str) -> bool {
    code != ENSEMBLE && code.contains('-') && Length::of_period(code) == Length::Mois
}

fn one(month: &str) -> Period {
    Period { first: month.to_owned(), last: month.to_owned() }
}

fn whole_year(year: &str) -> Period {
    Period { first: format!("{year}-01"), last: format!("{year}-12") }
}

/// From the first of some periods to the last.
fn over<'a>(periods: impl Iterator<Item = &'a Period> + Clone) -> Option<Period> {
    let first = periods.clone().map(|period| &period.first).min()?;
    let last = periods.map(|period| &period.last).max()?;
    Some(Period { first: first.clone(), last: last.clone() })
}

fn column_of(
    definitions: &Definitions,
    (table, name): (&table::Table, &String),
    grid: &Grid,
) -> Column {
    if let Some(indicator) = definitions.indicators.get(name) {
        let of = indicator.of.as_deref().and_then(columns::find);
        let is_count = match indicator.compute {
            Compute::Count | Compute::Distinct | Compute::Bands => true,
            Compute::Sum => of.is_some_and(|column| column.kind == Kind::Count),
            Compute::Difference => false,
        };
        let may_hide = grid.columns.iter().any(|column| column == columns::SECRET.name);
        let hidden = if may_hide { " Vide : masqué par le secret statistique." } else { "" };
        return Column {
            name: name.clone(),
            role: Role::Measure,
            title: indicator.title.clone(),
            description: format!(
                "Formule : {}. N'est pas : {}.{hidden}",
                indicator.formula, indicator.is_not
            ),
            unit: indicator.unit.clone(),
            codes: Vec::new(),
            pattern: None,
            is_count,
            example: example(grid, name),
            sum: grid.sum(name),
        };
    }
    let is_dimension = table.by.contains(name);
    let domain = if is_dimension { domain(definitions, table, name) } else { Domain::default() };
    let is_listed = |code: &&str| domain.codes.iter().any(|known| known.code == **code);
    // A list that the data goes beyond is not the list of its codes.
    let is_closed = grid.codes(name).iter().all(is_listed);
    let meaning = columns::find(name).map_or("", |column| column.meaning);
    Column {
        name: name.clone(),
        role: if is_dimension { Role::Dimension } else { Role::Note },
        title: headline(meaning).to_owned(),
        description: meaning.to_owned(),
        unit: String::new(),
        codes: if is_closed { domain.codes } else { Vec::new() },
        pattern: domain.pattern,
        is_count: false,
        example: example(grid, name),
        sum: 0,
    }
}

/// What stands before the details of a meaning.
fn headline(meaning: &str) -> &str {
    let end = [" :", " ;", ". ", ", "].iter().filter_map(|mark| meaning.find(mark)).min();
    meaning.get(..end.unwrap_or(meaning.len())).unwrap_or(meaning).trim_end_matches('.')
}

/// The first value that a column has and that is no total.
fn example(grid: &Grid, name: &str) -> String {
    let values = grid.column(name).filter(|cell| **cell != Cell::Empty);
    let mut values = values.map(ToString::to_string);
    let value = values.find(|text| text != ENSEMBLE);
    value.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::invented;

    #[test]
    fn a_catalogue_says_what_each_table_is() {
        let catalogue = invented::catalogue();
        let table = &catalogue.tables[0];
        assert_eq!((table.rows, table.hidden, table.is_main), (5, 1, true));
        assert_eq!(table.key, ["type_employeur", "periode"]);
        let period = Period { first: "2024-01".to_owned(), last: "2024-12".to_owned() };
        assert_eq!(catalogue.period, Some(period));
        let [kind, when, figure, .., note] = table.columns.as_slice() else { panic!() };
        assert_eq!(
            (kind.role, figure.role, note.role),
            (Role::Dimension, Role::Measure, Role::Note)
        );
        assert!(
            kind.codes.iter().any(|code| code.label == "Centre communal d'action sociale (CCAS)")
        );
        assert!(when.codes.is_empty() && when.pattern.is_some());
        assert!(figure.is_count && figure.description.contains("N'est pas"));
        assert_eq!(catalogue.withheld.len() + catalogue.tables.len(), 5);
    }

    #[test]
    fn a_table_without_its_list_is_not_blamed_on_secrecy() {
        let mut grids = invented::grids();
        grids.remove("employeurs_par_type");
        let catalogue = invented::catalogue_of(&grids);
        let why = |name: &str| {
            let found = catalogue.withheld.iter().find(|withheld| withheld.name == name);
            found.map(|withheld| withheld.why.as_str())
        };
        assert!(why("employeurs_par_type").unwrap().contains("n'a pas été fournie"));
        assert!(why("activites_par_region_periode").unwrap().contains("masqué"));
    }

    #[test]
    fn a_list_that_the_data_goes_beyond_is_open() {
        let mut grids = invented::grids();
        for grid in grids.values_mut() {
            grid.rows[0][0] = Cell::Text("nouveau".to_owned());
        }
        let catalogue = invented::catalogue_of(&grids);
        assert!(catalogue.tables[0].columns[0].codes.is_empty());
    }

    #[test]
    fn a_headline_ends_before_the_details() {
        assert_eq!(headline("Période : mois AAAA-MM, année."), "Période");
        assert_eq!(headline("Code de la région."), "Code de la région");
    }
}
