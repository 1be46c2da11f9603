//! Employers and advisers become extracts of the Coop's database: structures, employments, users.

use std::io::{self, Write};

use crate::sample::coop_base::{array, flag};
use crate::sample::coop_directory::{
    IMPORTED_MS, address, association_number, programmes, structures, typologies, users,
};
use crate::sample::days::sql_instant;
use crate::sample::lines::CsvLine;
use crate::sample::quirks::Quirk;
use crate::sample::words::commune_name;
use crate::sample::world::World;
use crate::sample::{FileSummary, Output};

/// Names of the files.
pub(crate) const STRUCTURES_FILE: &str = "coop_base_structures.csv";
pub(crate) const EMPLOYMENTS_FILE: &str = "coop_base_employes_structures.csv";
pub(crate) const USERS_FILE: &str = "coop_base_users.csv";

/// Names of the columns of structures.
pub(crate) const STRUCTURES_HEADER: &[&str] = &[
    "id",
    "siret",
    "rna",
    "nom",
    "adresse",
    "commune",
    "code_postal",
    "code_insee",
    "typologies",
    "dispositif_programmes_nationaux",
    "suppression",
    "v1_structure_id",
    "v1_structure_id_pg",
];
/// Names of the columns of employments.
pub(crate) const EMPLOYMENTS_HEADER: &[&str] =
    &["user_id", "structure_id", "debut_emploi", "fin_emploi", "creation", "suppression"];
/// Names of the columns of users.
pub(crate) const USERS_HEADER: &[&str] = &[
    "id",
    "email",
    "first_name",
    "last_name",
    "phone",
    "is_conseiller_numerique",
    "deleted",
    "v1_imported",
    "mediateur_id",
];

/// Writes the extracts.
pub(crate) fn write(world: &World<'_>, output: &mut Output<'_, '_>) -> io::Result<()> {
    output.file(STRUCTURES_FILE, |out| write_structures(world, out))?;
    output.file(EMPLOYMENTS_FILE, |out| write_employments(world, out))?;
    output.file(USERS_FILE, |out| write_users(world, out))
}

/// Starts an extract: its summary, and a line that was used for the header.
fn start(file: &str, header: &[&str], out: &mut dyn Write) -> io::Result<(FileSummary, CsvLine)> {
    let mut line = CsvLine::new(',');
    line.start(usize::MAX);
    line.fields(header);
    out.write_all(line.end())?;
    Ok((FileSummary::new(file), line))
}

fn write_structures(world: &World<'_>, out: &mut dyn Write) -> io::Result<FileSummary> {
    let (mut summary, mut line) = start(STRUCTURES_FILE, STRUCTURES_HEADER, out)?;
    for (id, employer) in structures(world) {
        line.start(usize::MAX);
        line.fields(&[id, &employer.siret]);
        line.field(&association_number(employer).unwrap_or_default());
        line.fields(&[&employer.name, &address(employer)]);
        line.field(&commune_name(&employer.commune_code));
        line.fields(&[&employer.postal_code, &employer.commune_code]);
        line.fields(&[&array(&typologies(employer)), &array(programmes(employer)), ""]);
        let legacy_id = employer.legacy_id.as_deref();
        line.field(legacy_id.unwrap_or_default());
        line.field(&legacy_id.map(|_| (employer.number + 1).to_string()).unwrap_or_default());
        out.write_all(line.end())?;
        summary.rows += 1;
        if let Some(quirk) = employer.quirk {
            summary.count(quirk);
        }
    }
    Ok(summary)
}

fn write_employments(world: &World<'_>, out: &mut dyn Write) -> io::Result<FileSummary> {
    let (mut summary, mut line) = start(EMPLOYMENTS_FILE, EMPLOYMENTS_HEADER, out)?;
    for user in users(world) {
        for employment in &user.employments {
            line.start(usize::MAX);
            line.fields(&[&user.adviser.user_id, employment.structure_id]);
            line.field(&sql_instant(employment.start_ms));
            line.field(&employment.end_ms.map(sql_instant).unwrap_or_default());
            line.fields(&[&sql_instant(IMPORTED_MS), ""]);
            out.write_all(line.end())?;
            summary.rows += 1;
        }
    }
    Ok(summary)
}

fn write_users(world: &World<'_>, out: &mut dyn Write) -> io::Result<FileSummary> {
    let (mut summary, mut line) = start(USERS_FILE, USERS_HEADER, out)?;
    for user in users(world) {
        let person = &user.person;
        line.start(usize::MAX);
        line.fields(&[&user.adviser.user_id, person.email, person.first_name, person.last_name]);
        line.fields(&[person.phone, flag(user.is_in_programme)]);
        line.field(&user.deleted_ms.map(sql_instant).unwrap_or_default());
        line.fields(&[&sql_instant(IMPORTED_MS), &user.adviser.mediator_id]);
        out.write_all(line.end())?;
        summary.rows += 1;
        summary.count(Quirk::PersonalText);
    }
    Ok(summary)
}
