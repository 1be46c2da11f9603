//! What a table says of its publication is held against the table and the indicators.

use std::collections::BTreeMap;
use std::mem::discriminant;

use crate::definition::indicator::{Compute, Indicator};
use crate::definition::secrecy::Policy;
use crate::definition::table::{Dimension, Table};
use crate::vocabulary::codes::Subject;
use crate::vocabulary::columns::Kind;
use crate::vocabulary::tables;

/// A word of the file, and what is wrong there.
type Mistake = (String, String);

pub(super) fn mistakes(
    table: &Table,
    indicators: &BTreeMap<String, Indicator>,
    policy: Option<&Policy>,
) -> Vec<Mistake> {
    let Some(secrecy) = &table.secrecy else { return Vec::new() };
    let mut found = Vec::new();
    if secrecy.open {
        if !(secrecy.rules.is_empty() && table.periods.is_empty()) {
            let message = "an open list has no periods, and no rule applies to it";
            found.push(("open".to_owned(), message.to_owned()));
        }
        return found;
    }
    if table.from != Subject::Activites {
        let message =
            "only tables of activities can be protected so far: others are open or inside";
        found.push(("[secrecy]".to_owned(), message.to_owned()));
    }
    if table.periods.is_empty() {
        let message = "a protected table has periods: its totals over all would grow every night";
        found.push(("[secrecy]".to_owned(), message.to_owned()));
    }
    if secrecy.rules.is_empty() {
        found.push(("[secrecy]".to_owned(), "`rules` names no measure".to_owned()));
    }
    for (measure, rules) in &secrecy.rules {
        let compute = indicators.get(measure).map(|indicator| indicator.compute);
        let message = match compute {
            _ if !table.measures.contains(measure) => "is no measure of the table",
            // A distinct count is no sum, and a difference may be computed by the reader.
            Some(Compute::Distinct | Compute::Difference) => "is not published: it does not add up",
            _ if rules.is_empty() => "passes no rule",
            _ => continue,
        };
        found.push((measure.clone(), format!("`{measure}` {message}")));
    }
    for (measure, rules) in &secrecy.rules {
        let is_known =
            |rule: &&String| policy.is_some_and(|policy| policy.rules.contains_key(*rule));
        for rule in rules.iter().filter(|rule| !is_known(rule)) {
            let message = format!("`{measure}` passes `{rule}`, a rule that `secrecy.toml` lacks");
            found.push((rule.clone(), message));
        }
    }
    for length in secrecy.periods.iter().filter(|length| !table.periods.contains(length)) {
        let message = format!("the table has no period of length `{}`", length.code());
        found.push(("periods".to_owned(), message));
    }
    if let Some(across) = &secrecy.across {
        let is_text = |name: &str| {
            let mut columns = tables::clean(table.from).columns.iter();
            columns.any(|column| column.name == name && column.kind == Kind::Text)
        };
        if !table.by.contains(&across.dimension) || !is_text(&across.dimension) {
            let message = format!("`{}` is no text dimension of the table", across.dimension);
            found.push((across.dimension.clone(), message));
        }
        if table.by.contains(&across.column) || !is_text(&across.column) {
            let message = format!("`{}` is not another column of text", across.column);
            found.push((across.column.clone(), message));
        }
    }
    found
}

/// Released tables that group the same counts in two ways: a group less its parts in another table
/// is a figure, and nothing would say so. Names and messages.
pub(super) fn groupings(tables: &BTreeMap<String, Table>) -> Vec<(String, String)> {
    let mut known: Vec<(&str, &str, Dimension<'_>)> = Vec::new();
    let mut found = Vec::new();
    let released = tables.iter().filter(|(_, table)| table.secrecy.is_some());
    for (name, table) in released {
        for (dimension, from) in table.dimensions() {
            let other = known.iter().find(|(_, other, before)| {
                let is_other_form =
                    *other == dimension && discriminant(before) != discriminant(&from);
                let shares = columns_of(*before).iter().any(|it| columns_of(from).contains(it));
                is_other_form || (shares && (*before != from || *other != dimension))
            });
            if let Some((before, ..)) = other {
                let message = format!(
                    "`{dimension}` groups what `{before}` is published with in another way: a \
                     difference of the two would be a figure that nothing protects"
                );
                found.push((name.clone(), message));
            }
            known.push((name, dimension, from));
        }
    }
    found
}

/// The columns that a dimension groups.
fn columns_of(dimension: Dimension<'_>) -> Vec<&str> {
    match dimension {
        Dimension::Column(_) | Dimension::Periods(_) => Vec::new(),
        Dimension::Classes(classes) => vec![classes.of.as_str()],
        Dimension::Split(column) => vec![column],
        Dimension::Bands(bands) => bands.values().flatten().map(String::as_str).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(secrecy: &str, expected: &[&str]) {
        let text = format!(
            "title=''\ndefinition=''\nfrom='activites'\nby=['epci','periode']\n\
             periods=['mois','annee']\nmeasures=['n','d']\n[secrecy]\nwhy=''\n{secrecy}\n"
        );
        let table: Table = toml::from_str(&text).unwrap();
        let indicators = "[n]\ntitle=''\nformula=''\nis_not=''\nunit=''\ncompute='count'\n\
            [d]\ntitle=''\nformula=''\nis_not=''\nunit=''\ncompute='distinct'\nof='siren'\n";
        let indicators = toml::from_str(indicators).unwrap();
        let policy = "version='1'\ndecided_by=''\ndecided_on='2026-01-01'\nreason=''\n\
            [rules.structures]\nunit='holding'\nmin_units=3\n";
        let policy: Policy = toml::from_str(policy).unwrap();
        let found = mistakes(&table, &indicators, Some(&policy));
        assert_eq!(found.iter().map(|(_, message)| message).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn what_is_published_is_a_sum_of_the_table() {
        check("rules={n=['structures']}\nacross={dimension='epci',column='departement'}", &[]);
        check("", &["`rules` names no measure"]);
        check(
            "rules={n=['structure']}",
            &["`n` passes `structure`, a rule that `secrecy.toml` lacks"],
        );
        check(
            "rules={d=['structures'],m=['structures'],n=[]}\nperiods=['trimestre']",
            &[
                "`d` is not published: it does not add up",
                "`m` is no measure of the table",
                "`n` passes no rule",
                "the table has no period of length `trimestre`",
            ],
        );
        check(
            "rules={n=['structures']}\nacross={dimension='region',column='epci'}",
            &["`region` is no text dimension of the table", "`epci` is not another column of text"],
        );
        check("open=true", &["an open list has no periods, and no rule applies to it"]);
    }

    #[test]
    fn two_released_tables_do_not_group_the_same_counts_otherwise() {
        let table = |dimension: &str, bands: &str| {
            let text = format!(
                "title=''\ndefinition=''\nfrom='activites'\nby=['{dimension}']\nmeasures=['n']\n\
                 [bands.{dimension}]\n{bands}\n[secrecy]\nwhy=''\nrules={{n=['structures']}}\n"
            );
            toml::from_str::<Table>(&text).unwrap()
        };
        let fine = table("age", "a=['x']\nb=['y']");
        let mut tables =
            BTreeMap::from([("one".to_owned(), fine.clone()), ("same".to_owned(), fine)]);
        assert_eq!(groupings(&tables), []);
        tables.insert("two".to_owned(), table("age", "all=['x','y']"));
        tables.insert("wide".to_owned(), table("ages", "all=['x','z']"));
        let found: Vec<String> = groupings(&tables).into_iter().map(|(name, _)| name).collect();
        assert_eq!(found, ["two", "wide"]);
    }
}
