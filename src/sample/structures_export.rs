//! Employers become the legacy system's own export of structures, whose names are not quoted.

use std::io::{self, Write};

use crate::sample::FileSummary;
use crate::sample::dice::{Dice, Stream};
use crate::sample::employers::Employer;
use crate::sample::legal_labels::label;
use crate::sample::quirks::Quirk;
use crate::sample::territory::region_code;
use crate::sample::words::{address, commune_name, person};
use crate::sample::world::World;

/// Name of the file.
pub(crate) const FILE: &str = "export_structures.csv";
/// Names of the 29 columns.
pub(crate) const HEADER: &str = "SIRET structure;ID Structure;Dénomination;Type;Statut;\
    Code postal;Code commune;Code département;Code région;Téléphone;Email;Compte créé;\
    Mot de passe choisi;Nombre de mises en relation;Nombre de conseillers souhaités;\
    Validée en COSELEC;Nombre de conseillers validés par le COSELEC;Numéro COSELEC;ZRR;QPV;\
    Nombre de quartiers QPV;Labelisée France Services;Raison sociale;Nom commune INSEE;\
    Code commune INSEE;Adresse postale;Libellé catégorie juridique niv III;Grand Réseau;\
    Nom Grand Réseau";
/// Rows of the dice kept for what is drawn here, after those of the public list.
const FIRST_ROW: u64 = 3 << 32;
/// One name in as many holds the separator, and one a quote.
const FLAWED_NAMES: u64 = 40;

/// Writes the export: one row by employer of the legacy system.
pub(crate) fn write(world: &World<'_>, out: &mut dyn Write) -> io::Result<FileSummary> {
    let mut summary = FileSummary::new(FILE);
    let mut dice = Dice::new(world.seed, Stream::Employers);
    writeln!(out, "{HEADER}")?;
    for employer in &world.employers {
        if employer.legacy_id.is_none() {
            continue;
        }
        // A number of its own, which the archive has as `structure_id_pg`.
        let id = (employer.number + 1).to_string();
        dice.turn_to(FIRST_ROW + employer.number);
        let name = name(employer);
        writeln!(out, "{}", row(&mut dice, employer, (&id, &name)).join(";"))?;
        summary.rows += 1;
        summary.count(Quirk::PersonalText);
        summary.count_if(name.contains(';'), Quirk::SemicolonText);
        summary.count_if(name.contains('"'), Quirk::QuotedText);
        if let Some(quirk) = employer.quirk.filter(|quirk| *quirk != Quirk::QuotedText) {
            summary.count(quirk);
        }
    }
    Ok(summary)
}

/// Gives the name as it was typed.
fn name(employer: &Employer) -> String {
    let name = &employer.name;
    match employer.number % FLAWED_NAMES {
        11 => format!("{name} ; ANTENNE NUMERIQUE"),
        23 => format!("{name} \"LA RUCHE\""),
        _ => name.clone(),
    }
}

fn row(dice: &mut Dice, employer: &Employer, (id, name): (&str, &str)) -> Vec<String> {
    let contact = person(dice.below(1000));
    let region = region_code(&employer.departement);
    let commune = commune_name(&employer.commune_code);
    let (postal_code, commune_code) =
        (with_zeros(&employer.postal_code), with_zeros(&employer.commune_code));
    let is_abandoned = employer.quirk == Some(Quirk::AbandonedStructure);
    let yes_or_no = |dice: &mut Dice, percent: u64| {
        if dice.chance(percent, 100) { "oui" } else { "non" }
    };
    let session = 1 + dice.below(40);
    let in_network = dice.chance(1, 20);
    let district = dice.weigh(&[("Oui", 20), ("Non", 60), ("Sans objet", 20)]);
    let fields: [&str; 29] = [
        &employer.siret,
        id,
        name,
        employer.declared_type,
        if is_abandoned { "ABANDON" } else { "VALIDATION_COSELEC" },
        &postal_code,
        &commune_code,
        if region == "00" { "00" } else { &employer.departement },
        region,
        contact.phone,
        contact.email,
        yes_or_no(dice, 95),
        yes_or_no(dice, 90),
        &(employer.posts * 3 + dice.below(9)).to_string(),
        &(employer.posts + dice.below(2)).to_string(),
        "oui",
        &employer.posts.to_string(),
        &format!("COSELEC {session}"),
        yes_or_no(dice, 30),
        district,
        if district == "Oui" { "1" } else { "0" },
        employer.label.spelling(dice),
        // The register's spelling of the name has no quotes.
        &employer.name.replace('"', ""),
        &commune.to_uppercase(),
        &commune_code,
        &format!("{} {postal_code} {}", address(employer.number), commune.to_uppercase()),
        label(employer.legal_category),
        if in_network { "oui" } else { "non" },
        if in_network { "Réseau des Quatre Vents" } else { "" },
    ];
    fields.map(str::to_owned).to_vec()
}

/// Gives back the zeros other exports lost.
fn with_zeros(code: &str) -> String {
    format!("{code:0>5}")
}
