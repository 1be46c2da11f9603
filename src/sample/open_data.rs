//! Employers become the public list of validated structures, with its known defects.

use std::io::{self, Write};

use crate::sample::FileSummary;
use crate::sample::classes::Kind;
use crate::sample::days::{french_day, from_civil};
use crate::sample::dice::{Dice, Stream};
use crate::sample::employers::{Employer, Label};
use crate::sample::lines::CsvLine;
use crate::sample::quirks::Quirk;
use crate::sample::territory;
use crate::sample::words;
use crate::sample::world::World;

/// Name of the file.
pub(crate) const FILE: &str = "employeurs_open_data.csv";
const HEADER: &[&str] = &[
    "Raison sociale",
    "Commune INSEE",
    "Département",
    "Région",
    "Nombre de conseillers validés par le COSELEC",
    "Date de validation en comité de sélection",
    "Type",
    "SIRET",
    "Code département",
    "Adresse",
    "Code commune INSEE",
    "Code postal",
    "Investissement financier estimatif total de l’Etat",
    "ZRR",
    "QPV",
    "France services",
];
/// Rows of the dice kept for what is drawn here, after those of the list of structures.
const FIRST_ROW: u64 = 2 << 32;

/// Writes the list: one row by employer of the legacy system.
pub(crate) fn write(world: &World<'_>, out: &mut dyn Write) -> io::Result<FileSummary> {
    let mut summary = FileSummary::new(FILE);
    let mut dice = Dice::new(world.seed, Stream::Employers);
    let mut line = CsvLine::new(';');
    line.start(usize::MAX);
    line.fields(HEADER);
    out.write_all(line.end())?;
    for employer in world.employers.iter().filter(|employer| employer.legacy_id.is_some()) {
        dice.turn_to(FIRST_ROW + employer.number);
        let has_lost_zeros = dice.chance(19, 20);
        line.start(usize::MAX);
        write_row(&mut line, &mut dice, employer, has_lost_zeros);
        out.write_all(line.end())?;
        summary.rows += 1;
        summary.count_if(employer.name.contains('"'), Quirk::QuotedText);
        summary.count_if(employer.quirk == Some(Quirk::SaintMartin), Quirk::SaintMartin);
        summary.count_if(employer.quirk == Some(Quirk::InvalidSiret), Quirk::InvalidSiret);
        summary.count_if(employer.kind == Kind::NaturalPerson, Quirk::NaturalPerson);
        let code = if has_lost_zeros { without_zero(&employer.postal_code) } else { "12345" };
        summary.count_if(code.len() < 5, Quirk::LostZeroPostalCode);
        let code = if has_lost_zeros { without_zero(&employer.commune_code) } else { "12345" };
        summary.count_if(code.len() < 5, Quirk::LostZeroCommuneCode);
    }
    Ok(summary)
}

fn without_zero(code: &str) -> &str {
    code.trim_start_matches('0')
}

fn write_row(line: &mut CsvLine, dice: &mut Dice, employer: &Employer, has_lost_zeros: bool) {
    let shown = |code: &'_ str| {
        if has_lost_zeros { without_zero(code).to_owned() } else { code.to_owned() }
    };
    let commune = words::commune_name(&employer.commune_code);
    let departement = territory::departement(&employer.departement);
    let (name, region) = departement.as_ref().map_or(("", ""), |d| (d.name, d.region));
    let code = departement.as_ref().map_or("0", |d| d.code);
    line.fields(&[&employer.name, &commune, name, region]);
    line.numbers(&[employer.posts]);
    line.field(&french_day(dice.between(from_civil(2021, 3, 24), from_civil(2023, 4, 5))));
    line.field(if employer.is_declared_private() { "privée" } else { "publique" });
    line.field(&employer.siret);
    line.field(&if code == "0" { code.to_owned() } else { shown(code) });
    let address = format!(
        "{} {} {} {}",
        1 + dice.below(120),
        words::street(dice),
        employer.postal_code,
        commune.to_uppercase()
    );
    line.field(&address);
    line.fields(&[&shown(&employer.commune_code), &shown(&employer.postal_code)]);
    line.numbers(&[investment_euros(employer)]);
    line.field(dice.weigh(&[("oui", 30), ("non", 70)]));
    line.field(dice.weigh(&[("oui", 20), ("non", 55), ("sans objet", 20), ("Non défini", 5)]));
    line.field(match employer.label {
        Label::Yes => "oui",
        Label::No => "non",
        Label::Unknown | Label::Duplicate => "non renseigné",
    });
}

/// Computes the State's estimated investment (domain note, section 1d), rounded to the euro.
fn investment_euros(employer: &Employer) -> u64 {
    let base = match employer.departement.as_str() {
        _ if employer.is_declared_private() => 32_000,
        "971" | "972" | "973" => 70_000,
        "974" | "976" => 67_500,
        _ => 50_000,
    };
    let thousandths_by_post = (base + 4_805) * 1000 + 297_228 + 326_600;
    (employer.posts * thousandths_by_post + 500) / 1000
}
