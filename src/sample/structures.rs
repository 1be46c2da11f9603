//! Employers become the list of structures of both systems.

use std::io::{self, Write};

use crate::sample::FileSummary;
use crate::sample::classes::Kind;
use crate::sample::dice::{Dice, Stream, object_id};
use crate::sample::employers::Employer;
use crate::sample::lines::CsvLine;
use crate::sample::quirks::Quirk;
use crate::sample::world::World;

/// Name of the file.
pub(crate) const FILE: &str = "structures.csv";
const HEADER: &[&str] = &[
    "id",
    "siret",
    "nom",
    "categorie_juridique",
    "code_commune",
    "code_postal",
    "type",
    "france_services",
];
/// Kind number of identifiers made for second sites of an employer.
const SITE_IDS: u64 = 5;
/// Rows of the dice kept for what is drawn here, after those of the employers themselves.
const FIRST_ROW: u64 = 1 << 32;

/// Writes the list: one row by employer and system, the legacy one first.
pub(crate) fn write(world: &World<'_>, out: &mut dyn Write) -> io::Result<FileSummary> {
    let mut summary = FileSummary::new(FILE);
    let mut dice = Dice::new(world.seed, Stream::Employers);
    let mut line = CsvLine::new(';');
    line.start(usize::MAX);
    line.fields(HEADER);
    out.write_all(line.end())?;
    for employer in &world.employers {
        dice.turn_to(FIRST_ROW + employer.number);
        let is_thrice = employer.quirk == Some(Quirk::SiretOnThreeRows);
        let site_id = is_thrice.then(|| object_id(world.seed, SITE_IDS, employer.number));
        let ids = [
            (employer.legacy_id.as_deref(), employer.declared_type),
            (employer.coop_id.as_deref(), ""),
            (site_id.as_deref(), employer.declared_type),
        ];
        for (id, declared_type) in ids {
            let Some(id) = id else { continue };
            line.start(usize::MAX);
            write_row(&mut line, &mut dice, employer, (id, declared_type));
            out.write_all(line.end())?;
            summary.rows += 1;
        }
        if let Some(quirk) = employer.quirk {
            summary.count(quirk);
        }
        summary.count_if(employer.kind == Kind::NaturalPerson, Quirk::NaturalPerson);
    }
    Ok(summary)
}

fn write_row(
    line: &mut CsvLine,
    dice: &mut Dice,
    employer: &Employer,
    (id, declared_type): (&str, &str),
) {
    line.fields(&[id, &employer.siret, &employer.name, employer.legal_category]);
    line.fields(&[&employer.commune_code, &employer.postal_code, declared_type]);
    line.field(employer.label.spelling(dice));
}
