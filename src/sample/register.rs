//! Employers become an extract of the national register of companies: legal categories over time.

use std::io::{self, Write};

use crate::sample::FileSummary;
use crate::sample::days::{from_civil, iso_day};
use crate::sample::dice::{Dice, Stream};
use crate::sample::employers::Employer;
use crate::sample::lines::CsvLine;
use crate::sample::quirks::Quirk;
use crate::sample::world::World;

/// Name of the file.
pub(crate) const FILE: &str = "sirene_unites_legales.csv";
/// Names of the columns.
pub(crate) const HEADER: &[&str] =
    &["siren", "siret", "categorie_juridique", "date_debut", "date_fin"];
/// Rows of the dice kept for what is drawn here, after those of the legacy export.
const FIRST_ROW: u64 = 4 << 32;
/// One employer in as many had another category before.
const CHANGED: u64 = 30;

/// Writes the extract: one row by employer with a valid SIRET, two where its category changed.
pub(crate) fn write(world: &World<'_>, out: &mut dyn Write) -> io::Result<FileSummary> {
    let mut summary = FileSummary::new(FILE);
    let mut dice = Dice::new(world.seed, Stream::Employers);
    let mut line = CsvLine::new(',');
    line.start(usize::MAX);
    line.fields(HEADER);
    out.write_all(line.end())?;
    let is_registered = |employer: &&Employer| employer.quirk != Some(Quirk::InvalidSiret);
    for employer in world.employers.iter().filter(is_registered) {
        dice.turn_to(FIRST_ROW + employer.number);
        let start = dice.between(from_civil(1985, 1, 1), from_civil(2019, 12, 31));
        let change = dice.between(from_civil(2021, 6, 1), from_civil(2024, 6, 1));
        let has_changed = employer.number % CHANGED == 17;
        let category = employer.registered_category;
        let periods = [
            (former(category), start, Some(change - 1)),
            (category, if has_changed { change } else { start }, None),
        ];
        for (category, start, end) in periods.into_iter().skip(usize::from(!has_changed)) {
            line.start(usize::MAX);
            line.fields(&[employer.siret.get(..9).unwrap_or_default(), &employer.siret, category]);
            line.fields(&[&iso_day(start), &end.map(iso_day).unwrap_or_default()]);
            out.write_all(line.end())?;
            summary.rows += 1;
        }
        summary.count_if(has_changed, Quirk::FormerLegalCategory);
    }
    Ok(summary)
}

/// Gives a category that may come before another, in another class of employers.
fn former(category: &str) -> &'static str {
    match category {
        "7346" => "7354",
        "7361" => "7210",
        "7344" => "7348",
        _ if category.starts_with('7') => "7379",
        "9220" => "5499",
        _ => "9220",
    }
}
