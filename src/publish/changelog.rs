//! Two releases become what readers are told has changed from one to the next.

use std::collections::{BTreeMap, BTreeSet};

use crate::publish::catalogue::{Catalogue, Period, Table};
use crate::vocabulary::calendar::{month_number, month_text};

/// Its name in a release.
pub const NAME: &str = "CHANGELOG.md";

/// Changed cells that are told one by one, at most, of a table.
const TOLD: usize = 50;

/// A figure that is not what it was in the last release.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// Its table.
    pub table: String,
    /// Its dimensions and their codes, in words.
    pub cell: String,
    /// Its measure.
    pub measure: String,
    /// What it was; none where it was hidden.
    pub before: Option<i64>,
    /// What it is; none where it is hidden.
    pub after: Option<i64>,
    /// Why, in French, as far as it is known.
    pub cause: Option<String>,
}

/// The page, in French. Figures of periods that the last release did not show are no changes.
#[must_use]
pub fn changelog(last: Option<&Catalogue>, this: &Catalogue, changes: &[Change]) -> String {
    let mut page = format!("# Journal des données\n\n## {}\n\n", this.as_of);
    let Some(last) = last else {
        page.push_str(&format!("Première diffusion{}.\n\n", covering(this.period.as_ref())));
        for table in &this.tables {
            page.push_str(&format!("- `{}` : {}, {}.\n", table.name, table.title, size(table)));
        }
        return page;
    };
    page.push_str(&format!("Par rapport à la diffusion du {}.\n", last.as_of));
    let parts = [
        ("Mois clos depuis", closed(last, this)),
        ("Tables", tables(last, this)),
        ("Définitions", definitions(last, this)),
        ("Secret statistique", secrecy(last, this)),
        ("Chiffres modifiés", changed(changes)),
    ];
    let told: Vec<_> = parts.into_iter().filter(|(_, lines)| !lines.is_empty()).collect();
    if told.is_empty() {
        page.push_str("\nRien n'a changé.\n");
    }
    for (head, lines) in told {
        page.push_str(&format!("\n### {head}\n\n"));
        for line in lines {
            page.push_str(&format!("- {line}\n"));
        }
    }
    page
}

fn covering(period: Option<&Period>) -> String {
    period.map_or_else(String::new, |Period { first, last }| format!(" : mois de {first} à {last}"))
}

fn size(table: &Table) -> String {
    match table.hidden {
        0 => format!("{} lignes", table.rows),
        hidden => format!("{} lignes dont {hidden} masquées", table.rows),
    }
}

/// Months that the last release did not show yet.
fn closed(last: &Catalogue, this: &Catalogue) -> Vec<String> {
    let end = |period: &Option<Period>| period.as_ref().and_then(|one| month_number(&one.last));
    let start = |period: &Option<Period>| period.as_ref().and_then(|one| month_number(&one.first));
    let (Some(first), Some(until)) = (start(&this.period), end(&this.period)) else {
        return Vec::new();
    };
    let from = end(&last.period).map_or(first, |month| month + 1);
    let months: Vec<String> =
        (from..=until).map(|month| format!("`{}`", month_text(month))).collect();
    if months.is_empty() { Vec::new() } else { vec![months.join(", ")] }
}

fn tables(last: &Catalogue, this: &Catalogue) -> Vec<String> {
    let by_name = |catalogue: &Catalogue| -> BTreeMap<String, Table> {
        catalogue.tables.iter().map(|table| (table.name.clone(), table.clone())).collect()
    };
    let (before, after) = (by_name(last), by_name(this));
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let mut lines = Vec::new();
    for name in names {
        match (before.get(name), after.get(name)) {
            (None, Some(table)) => {
                lines.push(format!("`{name}` : nouvelle, {}.", size(table)));
            }
            (Some(_), None) => lines.push(format!("`{name}` : retirée.")),
            (Some(before), Some(after)) => {
                if (before.rows, before.hidden) != (after.rows, after.hidden) {
                    let line = format!("`{name}` : {}, au lieu de {}.", size(after), size(before));
                    lines.push(line);
                }
                lines.extend(columns(before, after));
            }
            (None, None) => {}
        }
    }
    lines
}

fn columns(before: &Table, after: &Table) -> Vec<String> {
    let names = |table: &Table| -> BTreeSet<String> {
        table.columns.iter().map(|column| column.name.clone()).collect()
    };
    let (old, new) = (names(before), names(after));
    let told = |names: Vec<&String>, word: &str| {
        let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
        let line = format!("`{}` : colonnes {word}, {}.", after.name, names.join(", "));
        (!names.is_empty()).then_some(line)
    };
    let added = told(new.difference(&old).collect(), "nouvelles");
    let gone = told(old.difference(&new).collect(), "retirées");
    added.into_iter().chain(gone).collect()
}

fn definitions(last: &Catalogue, this: &Catalogue) -> Vec<String> {
    let mut lines = Vec::new();
    for table in &this.tables {
        let before = last.tables.iter().find(|before| before.name == table.name);
        if before.is_some_and(|before| before.definition != table.definition) {
            lines.push(format!("`{}` : {}", table.name, table.definition));
        }
    }
    for measure in &this.measures {
        let before = last.measures.iter().find(|before| before.name == measure.name);
        let is_other = |one: &&crate::publish::catalogue::Measure| {
            (&one.formula, &one.is_not, &one.unit)
                != (&measure.formula, &measure.is_not, &measure.unit)
        };
        if before.filter(is_other).is_some() {
            lines.push(format!("`{}` : {}.", measure.name, measure.formula));
        }
    }
    lines
}

fn secrecy(last: &Catalogue, this: &Catalogue) -> Vec<String> {
    if last.rules == this.rules {
        return Vec::new();
    }
    vec![format!(
        "règles {}, décidées le {}, au lieu de {}.",
        this.rules.version, this.rules.decided_on, last.rules.version
    )]
}

fn changed(changes: &[Change]) -> Vec<String> {
    let mut by_table: BTreeMap<&str, Vec<&Change>> = BTreeMap::new();
    for change in changes {
        by_table.entry(&change.table).or_default().push(change);
    }
    let mut lines = Vec::new();
    for (table, mut changes) in by_table {
        changes.sort_unstable();
        for Change { cell, measure, before, after, cause, .. } in changes.iter().take(TOLD) {
            let cause = cause.as_ref().map(|cause| format!(" ({cause})")).unwrap_or_default();
            let (before, after) = (figure(*before), figure(*after));
            lines.push(format!(
                "`{table}`, {cell}, {measure} : {after}, au lieu de {before}{cause}."
            ));
        }
        if changes.len() > TOLD {
            lines.push(format!("`{table}` : {} autres chiffres.", changes.len() - TOLD));
        }
    }
    lines
}

fn figure(value: Option<i64>) -> String {
    value.map_or_else(|| "masqué".to_owned(), |value| value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::invented;

    fn lines(page: &str) -> Vec<&str> {
        page.lines().filter(|line| line.starts_with("- ")).collect()
    }

    #[test]
    fn a_first_release_lists_its_tables() {
        let page = changelog(None, &invented::catalogue(), &[]);
        assert!(page.contains("Première diffusion : mois de 2024-01 à 2024-12."), "{page}");
        assert_eq!(lines(&page).len(), 3);
        assert!(page.contains("5 lignes dont 1 masquées"), "{page}");
    }

    #[test]
    fn the_same_release_changes_nothing() {
        let this = invented::catalogue();
        let page = changelog(Some(&this), &this, &[]);
        assert!(page.ends_with("Rien n'a changé.\n"), "{page}");
    }

    #[test]
    fn months_tables_columns_definitions_and_rules_are_told() {
        let this = invented::catalogue();
        let mut last = this.clone();
        last.period = Some(Period { first: "2024-01".to_owned(), last: "2024-10".to_owned() });
        last.tables.remove(1);
        last.tables[0].rows = 4;
        last.tables[0].columns.remove(2);
        last.tables[1].definition = "autre".to_owned();
        last.measures[0].formula = "autre".to_owned();
        last.rules.version = "2026-0".to_owned();
        let page = changelog(Some(&last), &this, &[]);
        let found = lines(&page);
        assert_eq!(found[0], "- `2024-11`, `2024-12`");
        let expected = "5 lignes dont 1 masquées, au lieu de 4 lignes dont 1 masquées.";
        assert!(found[1].ends_with(expected), "{page}");
        assert!(found[2].ends_with("colonnes nouvelles, `nb_activites`."), "{page}");
        assert!(found[3].ends_with("nouvelle, 2 lignes."), "{page}");
        assert_eq!(found.len(), 7, "{page}");
        assert!(found[6].starts_with("- règles 2026-1, décidées le"), "{page}");
    }

    #[test]
    fn changed_figures_are_told_with_their_cause_up_to_a_number() {
        let this = invented::catalogue();
        let change = |place: i64| Change {
            table: "t".to_owned(),
            cell: format!("ccas, 2024-{place:02}"),
            measure: "n".to_owned(),
            before: Some(place),
            after: None,
            cause: Some("saisie tardive".to_owned()),
        };
        let changes: Vec<Change> = (0..60).map(change).collect();
        let page = changelog(Some(&this), &this, &changes);
        assert!(page.contains("`t`, ccas, 2024-07, n : masqué, au lieu de 7 (saisie tardive).\n"));
        assert!(page.contains("`t` : 10 autres chiffres."), "{page}");
    }
}
