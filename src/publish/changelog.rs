//! Two releases become what readers are told has changed from one to the next, on top of what they
//! were told before.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::publish::catalogue::{Catalogue, Period, Table};
use crate::vocabulary::calendar::{month_number, month_text};

/// Its name in a release.
pub const NAME: &str = "CHANGELOG.md";

/// Changed cells that are told one by one, at most, of a table.
const TOLD: usize = 50;

/// What stands before the steps.
const HEAD: &str = "# Journal des données\n\n";

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
    /// Its row: dimensions and codes, but totals.
    pub row: String,
    /// Its period; `ensemble` where its table has none.
    pub period: String,
    /// Why, in French, as far as readers may know.
    pub causes: BTreeSet<String>,
}

/// The release before.
#[derive(Clone, Copy, Debug)]
pub struct Last<'a> {
    /// Its day.
    pub day: Date,
    /// What it says of itself; none of one that says nothing that is understood today.
    pub catalogue: Option<&'a Catalogue>,
    /// Its own page, which stays below the new step as it is.
    pub page: &'a str,
}

/// The page, in French: this step, then those before. Figures of periods that the last release did
/// not show are no changes.
#[must_use]
pub fn changelog(last: Option<&Last<'_>>, this: &Catalogue, changes: &[Change]) -> String {
    let Some(last) = last else { return format!("{HEAD}{}", first(this)) };
    let before = last.page.strip_prefix(HEAD).unwrap_or(last.page);
    let between = if before.is_empty() { "" } else { "\n" };
    format!("{HEAD}{}{between}{before}", step(last, this, changes))
}

fn first(this: &Catalogue) -> String {
    let covering = covering(this.period.as_ref());
    let mut text = format!("## {}\n\nPremière diffusion{covering}.\n\n", this.as_of);
    for table in &this.tables {
        text.push_str(&format!("- `{}` : {}, {}.\n", table.name, table.title, size(table)));
    }
    text
}

fn step(last: &Last<'_>, this: &Catalogue, changes: &[Change]) -> String {
    let mut text = format!("## {}\n\nPar rapport à la diffusion du {}.\n", this.as_of, last.day);
    let of_catalogues = last.catalogue.map(|last| {
        [
            ("Mois clos depuis", closed(last, this)),
            ("Tables", tables(last, this)),
            ("Définitions", definitions(last, this)),
            ("Secret statistique", secrecy(last, this)),
        ]
    });
    let figures = [("Chiffres modifiés", changed(changes)), ("Causes", causes(changes))];
    let parts = of_catalogues.into_iter().flatten().chain(figures);
    let told: Vec<_> = parts.filter(|(_, lines)| !lines.is_empty()).collect();
    if last.catalogue.is_none() {
        text.push_str(
            "\nElle n'a pas de dictionnaire lisible : seuls les chiffres sont comparés.\n",
        );
    } else if told.is_empty() {
        text.push_str("\nRien n'a changé.\n");
    }
    for (head, lines) in told {
        text.push_str(&format!("\n### {head}\n\n"));
        for line in lines {
            text.push_str(&format!("- {line}\n"));
        }
    }
    text
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
        for Change { cell, measure, before, after, .. } in changes.iter().take(TOLD) {
            let (before, after) = (figure(*before), figure(*after));
            lines.push(format!("`{table}`, {cell}, {measure} : {after}, au lieu de {before}."));
        }
        if changes.len() > TOLD {
            lines.push(format!("`{table}` : {} autres chiffres.", changes.len() - TOLD));
        }
    }
    lines
}

/// How many figures that both releases show changed for each cause, by table and period: never what
/// a cause moved, which might be what one person did.
fn causes(changes: &[Change]) -> Vec<String> {
    let mut by_period: BTreeMap<(&str, &str), Vec<&Change>> = BTreeMap::new();
    for change in changes.iter().filter(|it| it.before.is_some() && it.after.is_some()) {
        by_period.entry((&change.table, &change.period)).or_default().push(change);
    }
    let lines = by_period.into_iter().map(|((table, period), changes)| {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for change in &changes {
            let unknown = change.causes.is_empty().then_some("cause non établie");
            for cause in change.causes.iter().map(String::as_str).chain(unknown) {
                *counts.entry(cause).or_default() += 1;
            }
        }
        let told = counts.into_iter().map(|(cause, count)| format!("{cause} {count}"));
        let told = told.collect::<Vec<_>>().join(", ");
        format!("`{table}`, {period} : {} chiffres modifiés, dont {told}.", changes.len())
    });
    let mut lines: Vec<String> = lines.collect();
    if !lines.is_empty() {
        lines.push("Un chiffre peut avoir plusieurs causes.".to_owned());
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

    fn after<'a>(last: &'a Catalogue, page: &'a str) -> Last<'a> {
        Last { day: last.as_of, catalogue: Some(last), page }
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
        let page = changelog(Some(&after(&this, "")), &this, &[]);
        assert!(page.ends_with("Rien n'a changé.\n"), "{page}");
        let silent = Last { catalogue: None, ..after(&this, "") };
        let page = changelog(Some(&silent), &this, &[]);
        assert!(page.contains("du 2025-07-01.\n\nElle n'a pas de dictionnaire"), "{page}");
        assert!(!page.contains("Rien n'a changé") && !page.contains("Première"), "{page}");
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
        let page = changelog(Some(&after(&last, "")), &this, &[]);
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
    fn the_steps_before_stay_as_they_are() {
        let this = invented::catalogue();
        let one = changelog(None, &this, &[]);
        let two = changelog(Some(&after(&this, &one)), &this, &[]);
        let three = changelog(Some(&after(&this, &two)), &this, &[]);
        for (longer, shorter) in [(&two, &one), (&three, &two)] {
            let below = format!("\n{}", shorter.strip_prefix(HEAD).unwrap());
            assert!(longer.starts_with(HEAD) && longer.ends_with(&below), "{longer}");
        }
        assert_eq!(three.matches("\n## 2025-07-01\n").count(), 3);
    }

    #[test]
    fn changed_figures_are_told_up_to_a_number_and_causes_are_counted() {
        let this = invented::catalogue();
        let change = |place: i64| Change {
            table: "t".to_owned(),
            cell: format!("ccas, 2024-{place:02}"),
            measure: "n".to_owned(),
            before: Some(place),
            after: (place > 9).then_some(1),
            row: String::new(),
            period: "2024".to_owned(),
            causes: (place > 19).then(|| "saisie tardive".to_owned()).into_iter().collect(),
        };
        let changes: Vec<Change> = (0..60).map(change).collect();
        let page = changelog(Some(&after(&this, "")), &this, &changes);
        assert!(page.contains("`t`, ccas, 2024-07, n : masqué, au lieu de 7.\n"), "{page}");
        assert!(page.contains("`t` : 10 autres chiffres."), "{page}");
        let told =
            "`t`, 2024 : 50 chiffres modifiés, dont cause non établie 10, saisie tardive 40.";
        assert!(page.contains(told), "{page}");
    }
}
