//! Rules with known answers that are not in the repository: read where `CONUM_DATA` names the folder
//! of shared data, else this test says nothing.

use std::env;
use std::path::PathBuf;

use conum::definition::secrecy::{Dominance, Percent, Rules};
use conum::protect::rules::{Tally, judge};

#[test]
fn examples_of_the_handbook_are_judged_as_it_says() {
    let Some(folder) = env::var_os("CONUM_DATA") else { return };
    let path = PathBuf::from(folder).join("secrecy/smallcases/rules_known_answers.csv");
    let Ok(mut reader) = csv::Reader::from_path(path) else { return };
    for record in reader.records() {
        let record = record.unwrap();
        let (rule, expected, level) = (&record[2], &record[3] == "1", &record[4]);
        let mut rules = Rules::bare(1, None);
        if let Some(share) = rule.strip_prefix("p%=") {
            (rules.dominance, rules.p_percent) = (Vec::new(), Percent::parse(share).unwrap());
        } else {
            let inside = rule.split(['(', ')']).nth(1).unwrap();
            let (top, percent) = inside.split_once(',').unwrap();
            let (top, percent) = (top.parse().unwrap(), Percent::parse(percent).unwrap());
            rules.dominance = vec![Dominance { top, percent }];
        }
        // In hundredths, as levels are given.
        let parts: Vec<i64> =
            record[1].split(';').map(|part| part.parse::<i64>().unwrap() * 100).collect();
        let names: Vec<String> = (0..parts.len()).map(|place| place.to_string()).collect();
        let mut tally = Tally::default();
        names.iter().zip(&parts).for_each(|(name, part)| tally.add(Some(name), *part));
        let found = judge(&tally.contributions(&rules), &rules);
        assert_eq!(found.is_some(), expected, "{record:?}");
        if let (Some(found), Some(level)) =
            (found, level.split(' ').next().filter(|it| !it.is_empty()))
        {
            let hundredths: u64 = level.replace('.', "").parse().unwrap();
            assert!((hundredths..=hundredths + 1).contains(&found.room.up), "{record:?} {found:?}");
        }
    }
}
