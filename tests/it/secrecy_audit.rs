//! The audit on problems with known answers: read where `CONUM_DATA` names the folder of public
//! data, else these tests say nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::path::PathBuf;

use conum::audit::attack::computable;
use conum::audit::figures::Known;
use conum::audit::knowledge::Knowledge;
use conum::audit::primary::{Parts, judge};
use conum::audit::release::{Dimension, Measure, Release, Row, Sums, Table};
use conum::audit::search::Search;
use conum::definition::secrecy::{Dominance, Percent, Rules};

type Figures = BTreeMap<Vec<String>, i64>;

fn rows(name: &str) -> Option<Vec<Vec<String>>> {
    let path = PathBuf::from(env::var_os("CONUM_DATA")?).join("secrecy").join(name);
    let mut reader = csv::Reader::from_path(path).ok()?;
    let row = |row: csv::StringRecord| row.iter().map(str::to_owned).collect();
    Some(reader.records().map(|one| row(one.unwrap())).collect())
}

fn dimension(name: &str, total: &str, pairs: impl IntoIterator<Item = [String; 2]>) -> Dimension {
    let parents = pairs.into_iter().map(|[code, parent]| (code, parent)).collect();
    Dimension { name: name.into(), total: Some(total.into()), parents, sums: Sums::Exact }
}

fn parts<'a>(name: &str, codes: impl IntoIterator<Item = &'a String>) -> Dimension {
    dimension(name, "Total", codes.into_iter().map(|code| [code.clone(), "Total".into()]))
}

/// Inner figures with all their totals.
fn totals(dimensions: &[Dimension], inner: &Figures) -> Figures {
    let mut figures = inner.clone();
    for (place, dimension) in dimensions.iter().enumerate() {
        // A code is added to what it is part of once all its own parts are.
        let depth = |code: &String| {
            let mut depth = 0;
            let mut code = code;
            while let Some(parent) = dimension.parents.get(code) {
                (depth, code) = (depth + 1, parent);
            }
            depth
        };
        let deepest = dimension.parents.keys().map(depth).max().unwrap_or(0);
        for level in (1..=deepest).rev() {
            let parts: Vec<(Vec<String>, i64)> = figures
                .iter()
                .filter(|(codes, _)| depth(&codes[place]) == level)
                .map(|(codes, value)| (codes.clone(), *value))
                .collect();
            for (mut codes, value) in parts {
                codes[place] = dimension.parents[&codes[place]].clone();
                *figures.entry(codes).or_default() += value;
            }
        }
    }
    figures
}

fn release(
    tables: Vec<(Vec<Dimension>, Figures)>,
    hidden: impl Fn(&[String], i64) -> bool,
) -> Knowledge {
    let mut release = Release { name: "1".into(), ..Release::default() };
    for (dimensions, figures) in tables {
        let measure = Measure { name: "n".into(), floor: Some(0), sums: Sums::Exact };
        let mut table = Table { dimensions, measures: vec![measure], ..Table::default() };
        for (codes, value) in figures.into_iter().filter(|(_, value)| *value != 0) {
            let shown = (!hidden(&codes, value)).then_some(value);
            release.secrets.insert(table.key(0, &codes), value);
            table.rows.push(Row { codes, values: vec![shown] });
        }
        release.tables.push(table);
    }
    Knowledge::of(&[release], (0, 0)).unwrap()
}

fn interval(knowledge: &Knowledge, key: &str) -> (i64, i64) {
    let figure = knowledge.figure(key).unwrap();
    let mut search = Search::new(&knowledge.known, &knowledge.truth);
    let [down, up] = [-10_000, 10_000].map(|by| search.push(figure, by, &|_| false).by);
    let value = knowledge.truth[figure as usize];
    (value + down, value + up)
}

fn territory(name: &str) -> Option<(Vec<Dimension>, Figures)> {
    let rows = rows(&format!("synthetic_fr/{name}.csv"))?;
    let mut pairs = BTreeSet::new();
    for row in &rows {
        for (code, parent) in [(0, 1), (1, 2), (2, 3)] {
            pairs.insert([row[code].clone(), row[parent].clone()]);
        }
        pairs.insert([row[3].clone(), "Total".into()]);
    }
    let types: BTreeSet<&String> = rows.iter().map(|row| &row[4]).collect();
    let dimensions = vec![dimension("territory", "Total", pairs), parts("type", types)];
    let inner =
        rows.iter().map(|row| (vec![row[0].clone(), row[4].clone()], row[5].parse().unwrap()));
    let figures = totals(&dimensions, &inner.collect());
    Some((dimensions, figures))
}

#[test]
fn hiding_what_the_rules_say_and_no_more_leaves_most_of_it_computable() {
    for (name, cells, primary, exposed) in
        [("fr53", 2_913, 701, 417), ("frall", 76_921, 17_515, 9_739)]
    {
        let Some((dimensions, figures)) = territory(name) else { return };
        assert_eq!(figures.len(), cells);
        let few = |_: &[String], value: i64| value < 5;
        assert_eq!(figures.iter().filter(|(codes, value)| few(codes, **value)).count(), primary);
        let known = release(vec![(dimensions, figures)], few).known;
        assert_eq!(computable(&known).len(), exposed, "{name}");
    }
}

#[test]
fn codes_that_tell_primary_from_secondary_give_figures_away() {
    let Some(rows) = rows("synthetic_fr/fr53_gauss.csv") else { return };
    let Some((mut dimensions, _)) = territory("fr53") else { return };
    // This set has no régions.
    for parent in dimensions[0].parents.values_mut().filter(|parent| parent.starts_with('R')) {
        "Total".clone_into(parent);
    }
    dimensions[0].parents.retain(|code, _| !code.starts_with('R'));
    let figures: Figures = rows
        .iter()
        .map(|row| (vec![row[0].clone(), row[1].clone()], row[2].parse().unwrap()))
        .collect();
    let hidden: BTreeSet<&[String]> = rows
        .iter()
        .filter(|row| row[4] == "TRUE" || row[3] == "TRUE")
        .map(|row| &row[..2])
        .collect();
    let mut knowledge = release(vec![(dimensions, figures)], |codes, _| hidden.contains(codes));
    assert!(computable(&knowledge.known).is_empty());
    let Knowledge { known, truth, .. } = &mut knowledge;
    let primary = |truth: &[i64], figure: u32| (1..5).contains(&truth[figure as usize]);
    let all: Vec<u32> = (0_u32..).take(truth.len()).filter(|one| !known.is_shown(*one)).collect();
    for figure in &all {
        let at = *figure as usize;
        (known.low[at], known.high[at]) =
            if primary(truth, *figure) { (1, 4) } else { (5, known.high[at]) };
    }
    let mut search = Search::new(known, truth);
    let mut stays =
        |figure: u32| [1, -1].iter().all(|by| search.push(figure, *by, &|_| false).by == 0);
    let primaries = all.iter().filter(|figure| primary(truth, **figure));
    assert_eq!(primaries.filter(|figure| stays(**figure)).count(), 179);
}

#[test]
fn two_hidden_figures_a_line_are_not_enough() {
    let Some(rows) = rows("smallcases/sdctable_simpleheuristic_4x4.csv") else { return };
    let codes = |column: usize| rows.iter().map(|row| row[column].clone()).collect::<BTreeSet<_>>();
    let dimensions = vec![parts("v1", &codes(0)), parts("v2", &codes(1))];
    let inner = rows.iter().map(|row| (row[..2].to_vec(), row[2].parse().unwrap()));
    let figures = totals(&dimensions, &inner.collect());
    let primary: BTreeSet<&[String]> =
        rows.iter().filter(|row| row[3] == "1").map(|row| &row[..2]).collect();
    let with = |more: &[[&str; 2]]| {
        release(vec![(dimensions.clone(), figures.clone())], |codes, _| {
            primary.contains(codes) || more.iter().any(|one| one == codes)
        })
    };
    assert_eq!(interval(&with(&[]), "n|v1=w|v2=b"), (47, 47));
    assert_eq!(interval(&with(&[["x", "d"]]), "n|v1=w|v2=b"), (0, 78));
    assert!(computable(&with(&[["x", "d"]]).known).is_empty());
}

#[test]
fn tables_that_are_safe_alone_are_not_together() {
    let Some(rows) = rows("smallcases/issue136_linked_unsafe.csv") else { return };
    let by = |column: usize| {
        let pairs = rows.iter().map(|row| [row[0].clone(), row[column].clone()]);
        let groups: BTreeSet<String> = rows.iter().map(|row| row[column].clone()).collect();
        let top = groups.into_iter().map(|group| [group, "Total".into()]);
        let dimensions = vec![dimension("region", "Total", pairs.chain(top))];
        let inner = rows.iter().map(|row| (vec![row[0].clone()], row[3].parse().unwrap()));
        let figures = totals(&dimensions, &inner.collect());
        (dimensions, figures)
    };
    let hidden =
        |more: &'static str| move |codes: &[String], value: i64| value <= 3 || codes == [more];
    for column in [1, 2] {
        assert!(computable(&release(vec![by(column)], hidden("")).known).is_empty());
    }
    let both = release(vec![by(1), by(2)], hidden(""));
    let found = computable(&both.known);
    assert_eq!(
        found.iter().map(|one| both.keys[*one as usize].as_str()).collect::<Vec<_>>(),
        ["n|region=K"]
    );
    assert!(computable(&release(vec![by(1), by(2)], hidden("N")).known).is_empty());
}

#[test]
fn hidden_figures_have_the_bounds_of_the_handbook() {
    let Some(rows) = rows("smallcases/handbook_ex3_bounds.csv") else { return };
    let number = |row: &[String]| row[2].parse::<i64>().ok();
    let margin = |codes: [&str; 2]| {
        rows.iter().find(|row| row[..2] == codes).and_then(|row| number(row)).unwrap()
    };
    // Any table that agrees with the margins has these intervals.
    let first = margin(["1", "Total"]);
    let second = margin(["2", "Total"]);
    let left = margin(["Total", "1"]) - margin(["3", "1"]);
    let corner = left.min(first);
    let inner = [
        (["1", "1"], corner),
        (["1", "2"], first - corner),
        (["2", "1"], left - corner),
        (["2", "2"], second + corner - left),
        (["3", "1"], margin(["3", "1"])),
        (["3", "2"], margin(["3", "2"])),
    ];
    let texts = |codes: &[&str]| codes.iter().map(|code| (*code).to_owned()).collect::<Vec<_>>();
    let dimensions =
        vec![parts("row", &texts(&["1", "2", "3"])), parts("col", &texts(&["1", "2"]))];
    // A zero would be left out as published: here it is hidden as well.
    let mut known = Known::default();
    let all =
        totals(&dimensions, &inner.iter().map(|(codes, value)| (texts(codes), *value)).collect());
    let place: BTreeMap<&Vec<String>, u32> = all.keys().zip(0_u32..).collect();
    for (codes, value) in &all {
        let hidden = rows.iter().any(|row| row[..2] == codes[..] && row[3] == "1");
        known.push(if hidden { 0 } else { *value }, if hidden { i64::MAX } else { *value });
    }
    for (along, dimension) in dimensions.iter().enumerate() {
        for codes in all.keys().filter(|codes| codes[along] == "Total") {
            let mut terms = vec![(place[codes], -1)];
            for code in dimension.parents.keys() {
                let mut part = codes.clone();
                part[along].clone_from(code);
                terms.push((place[&part], 1));
            }
            known.equations.push(terms, 0);
        }
    }
    let truth: Vec<i64> = all.values().copied().collect();
    let knowledge = Knowledge { keys: vec![], known, truth };
    let mut search = Search::new(&knowledge.known, &knowledge.truth);
    for row in rows.iter().filter(|row| row[3] == "1") {
        let figure = place[&row[..2].to_vec()];
        let [down, up] = [-100, 100].map(|by| search.push(figure, by, &|_| false).by);
        let value = knowledge.truth[figure as usize];
        let expected = [&row[4], &row[5]].map(|bound| bound.parse::<i64>().unwrap());
        assert_eq!([value + down, value + up], expected, "{}", row[2]);
    }
}

#[test]
fn contributions_are_judged_as_the_handbook_does() {
    let Some(rows) = rows("smallcases/rules_known_answers.csv") else { return };
    for row in rows {
        // Levels are given to two decimals.
        let largest: Vec<u64> =
            row[1].split(';').map(|one| one.parse::<u64>().unwrap() * 100).collect();
        let mut rules = Rules::bare(1, None);
        let dominance = |top, percent| vec![Dominance { top, percent: Percent(percent) }];
        match row[2].as_str() {
            "(1,85) dominance" => rules.dominance = dominance(1, 85_000),
            "(2,90.909) dominance" => rules.dominance = dominance(2, 90_909),
            "p%=10" => {
                (rules.dominance, rules.p_percent) = (Vec::new(), Percent(10 * Percent::ONE));
            }
            other => panic!("no rule {other}"),
        }
        let units = u64::try_from(largest.len()).unwrap();
        let total: u64 = largest.iter().sum();
        let value = i64::try_from(total).unwrap();
        let judged = judge(&Parts { value, units, total, largest, ..Parts::default() }, [&rules]);
        assert_eq!(judged.is_some(), row[3] == "1", "{}", row[0]);
        if let (Some(judged), Some((level, _))) = (judged, row[4].split_once(' ')) {
            let level = level.replace('.', "").parse::<i64>().unwrap();
            assert!((level..=level + 1).contains(&judged.up), "{}", row[0]);
        }
    }
}
