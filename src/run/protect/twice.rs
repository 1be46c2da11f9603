//! What makes up a figure becomes the room it needs, judged by the audit and by the engine alike.
//!
//! Neither reads a rule of the other. Where they differ one of them is wrong, and nothing is
//! published.

use crate::audit::primary::{Parts, Sensitive, judge};
use crate::definition::secrecy::Policy;
use crate::definition::table::{Dimension, Table};
use crate::error::{Error, Result};
use crate::protect::rules::Primary;
use crate::run::protect::counted::Wanted;
use crate::run::protect::judged::{judged, key_of};
use crate::run::protect::truth::Truth;
use crate::vocabulary::codes::{ENSEMBLE, INCONNU, NON_RENSEIGNE};

/// The figures of a row that must not be known.
///
/// # Errors
/// When engine and audit do not agree on one.
pub(super) fn judged_twice(
    (wanted, measures): (&Wanted<'_>, &[&str]),
    codes: &[String],
    (truth, policy): (&Truth, &Policy),
) -> Result<Vec<Option<Sensitive>>> {
    let key = key_of(wanted.table, codes);
    let by_engine = judged((wanted, measures), codes, (truth, policy));
    let twice = measures.iter().zip(by_engine).map(|(measure, by_engine)| {
        let Some(parts) = parts(wanted.table, (&key, codes), measure, truth) else {
            return Ok(None);
        };
        let names = wanted.secrecy.rules.get(*measure).into_iter().flatten();
        let sensitive = judge(&parts, names.filter_map(|name| policy.rules.get(name)));
        agree((measure, &key), by_engine, sensitive.as_ref()).map(|()| sensitive)
    });
    twice.collect()
}

/// What makes up a figure, where there is one: a zero is nobody's.
fn parts(
    table: &Table,
    (key, codes): (&str, &[String]),
    measure: &str,
    truth: &Truth,
) -> Option<Parts> {
    let figure_of = |key: &str| truth.get(&(key.to_owned(), measure.to_owned()));
    let figure = figure_of(key).filter(|figure| figure.value != 0)?;
    let named = || table.dimensions().zip(codes);
    let trait_of_persons = named().find(|((_, from), code)| {
        let is_trait = matches!(from, Dimension::Bands(_));
        is_trait && *code != ENSEMBLE && *code != NON_RENSEIGNE
    });
    let is_whole_group = trait_of_persons.is_some_and(|((name, _), _)| {
        let head = format!("{name}=");
        let group: Vec<&str> = key.split('|').filter(|part| !part.starts_with(&head)).collect();
        figure_of(&group.join("|")).is_some_and(|group| group.value == figure.value)
    });
    Some(Parts {
        value: figure.value,
        units: figure.share.units,
        total: figure.share.total,
        largest: figure.share.largest.clone(),
        persons: figure.persons,
        is_of_missing_code: codes.iter().any(|code| code == INCONNU || code == NON_RENSEIGNE),
        is_whole_group,
    })
}

/// Holds the two verdicts on a figure against each other.
fn agree(
    (measure, key): (&str, &str),
    by_engine: Option<Primary>,
    by_audit: Option<&Sensitive>,
) -> Result<()> {
    let asked = |room: u64| i64::try_from(room).unwrap_or(i64::MAX);
    let by_engine = by_engine.map(|primary| (asked(primary.room.up), asked(primary.room.down)));
    let by_audit = by_audit.map(|sensitive| (sensitive.up, sensitive.down));
    if by_engine == by_audit {
        return Ok(());
    }
    let told = |room: Option<(i64, i64)>| match room {
        Some((up, down)) => format!("must be possible {up} higher and {down} lower"),
        None => "may be known".to_owned(),
    };
    Err(Error::secrecy(format!(
        "the rules are read in two ways: {measure} of `{key}` {} as the tables are protected, and \
         {} as they are audited",
        told(by_engine),
        told(by_audit)
    ))
    .hint("nothing was published; this is an error of conum"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::aggregate::holdings::Share;
    use crate::definition::secrecy::{Dominance, Interval, Intervals, Percent, Rules, Unit, read};
    use crate::protect::rules;
    use crate::run::protect::truth::Figure;

    const POLICY: &[u8] = include_bytes!("../../../pipelines/secrecy.toml");
    const TABLE: &str = "title = \"t\"\ndefinition = \"d\"\nfrom = \"activites\"\n\
        by = [\"tranche_age\", \"periode\"]\nmeasures = [\"n\"]\n\
        [bands.tranche_age]\njeune = [\"x\"]\n\
        [secrecy]\nwhy = \"w\"\n[secrecy.rules]\nn = [\"structures\", \"persons\"]\n";

    fn figure(value: i64, largest: &[u64]) -> Figure {
        let units = u64::try_from(largest.len()).unwrap();
        let share = Share { units, total: largest.iter().sum(), largest: largest.to_vec() };
        Figure { value, share, ..Figure::default() }
    }

    #[test]
    fn rows_of_the_shipped_policy_are_judged_alike() {
        let policy = read("", POLICY, &mut Vec::new()).unwrap();
        let table: Table = toml::from_str(TABLE).unwrap();
        let wanted = Wanted { name: "t", table: &table, secrecy: table.secrecy.as_ref().unwrap() };
        let truth = [
            ("periode=2024|tranche_age=jeune", figure(90, &[30, 30, 30])),
            ("periode=2024", figure(90, &[30, 30, 30])),
            ("periode=2023|tranche_age=jeune", figure(60, &[30, 30])),
            ("periode=2023", figure(90, &[30, 30, 30])),
        ];
        let key = |key: &str| (key.to_owned(), "n".to_owned());
        let truth: Truth = truth.into_iter().map(|(row, one)| (key(row), one)).collect();
        let room = |codes: [&str; 2]| {
            let codes = codes.map(str::to_owned);
            let judged = judged_twice((&wanted, &["n"]), &codes, (&truth, &policy)).unwrap();
            judged[0].as_ref().map(|sensitive| (sensitive.up, sensitive.down))
        };
        assert_eq!(room(["jeune", "2024"]), Some((1, 1)), "all of the year are young");
        assert_eq!(room(["jeune", "2023"]), Some((6, 6)), "two employers");
        assert_eq!(room([ENSEMBLE, "2024"]), None);
    }

    fn any_rules() -> impl Strategy<Value = Rules> {
        let interval = prop::sample::select(vec![
            Interval::Exact,
            Interval::Percent(Percent(10 * Percent::ONE)),
            Interval::Width,
            Interval::Level,
        ]);
        let dominance = prop::collection::vec((1..4_usize, 20_000..100_000_u64), 0..3);
        let few_and_dominated = (interval.clone(), interval);
        (any::<bool>(), 1..6_u64, dominance, 0..40_000_u64, few_and_dominated).prop_map(
            |(is_person, min_units, dominance, p_percent, (few, dominated))| Rules {
                unit: if is_person { Unit::Person } else { Unit::Holding },
                dominance: dominance
                    .into_iter()
                    .map(|(top, percent)| Dominance { top, percent: Percent(percent) })
                    .collect(),
                p_percent: Percent(p_percent),
                interval: Some(Intervals { few, dominated }),
                ..Rules::bare(min_units, None)
            },
        )
    }

    fn by_engine(parts: &Parts, rules: &Rules) -> Option<Primary> {
        let mut made = rules::Contributions { value: parts.value, ..Default::default() };
        if rules.unit == Unit::Person {
            made.total = parts.value.unsigned_abs();
            made.units = parts.persons.unwrap_or(made.total);
        } else {
            made.units = parts.units;
            made.total = parts.total;
            made.largest.clone_from(&parts.largest);
        }
        rules::judge(&made, rules)
    }

    proptest! {
        #[test]
        fn a_broken_rule_of_the_engine_is_caught(
            rules in any_rules(),
            mut largest in prop::collection::vec(1..200_u64, 1..6),
            persons in prop::option::of(0..9_u64),
        ) {
            largest.sort_unstable_by(|one, other| other.cmp(one));
            let total: u64 = largest.iter().sum();
            let units = u64::try_from(largest.len()).unwrap();
            largest.truncate(3);
            let value = i64::try_from(total).unwrap();
            let parts = Parts { value, units, total, largest, persons, ..Parts::default() };
            let sensitive = judge(&parts, [&rules]);
            let told = |engine| agree(("n", "periode=2024"), engine, sensitive.as_ref());
            prop_assert!(told(by_engine(&parts, &rules)).is_ok());
            // One unit fewer is enough, and nobody dominates.
            let min_units = rules.min_units - 1;
            let broken = Rules { min_units, dominance: Vec::new(), ..rules.clone() };
            let engine = by_engine(&parts, &broken);
            let room = |primary: Option<Primary>| primary.map(|primary| primary.room);
            if room(engine) != room(by_engine(&parts, &rules)) {
                let error = told(engine).unwrap_err().to_string();
                prop_assert!(error.contains("n of `periode=2024`"), "{}", error);
            }
        }
    }
}
