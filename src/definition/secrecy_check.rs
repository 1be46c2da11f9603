//! What a table says of its publication is held against the table and the indicators.

use std::collections::BTreeMap;

use crate::definition::indicator::{Compute, Indicator};
use crate::definition::secrecy::Policy;
use crate::definition::table::Table;
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
}
