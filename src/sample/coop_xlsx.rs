//! Activities become the Coop's spreadsheet: a few rows about the export, then one row by person
//! accompanied.

use std::collections::BTreeMap;
use std::io;

use rust_xlsxwriter::{
    DocProperties, ExcelDateTime, Format as CellFormat, Workbook, Worksheet, XlsxError,
};

use crate::sample::beneficiaries::{Beneficiary, beneficiaries};
use crate::sample::coop_directory::{address, users};
use crate::sample::coop_labels::{
    NOT_TOLD, STATUS_NOT_TOLD, label, place_label, redirection_label,
};
use crate::sample::coop_record::{CoopPlace, CoopRecord, records};
use crate::sample::days::{paris_minute, to_civil};
use crate::sample::quirks::Quirk;
use crate::sample::words::{Person, commune_name, person};
use crate::sample::world::World;
use crate::sample::{FileSummary, Output, Portion};

/// Name of the first file, and often the only one.
pub(crate) const FILE: &str = "coop_activites.xlsx";
/// Name of the sheet.
pub(crate) const SHEET: &str = "Activités";
/// Rows after which another file starts; a sheet holds about a million, memory fewer.
const ROWS_MOST: u32 = 200_000;
/// Names of the columns, as an administrator gets them.
pub(crate) const HEADER: &[&str] = &[
    "Date",
    "Enregistré le",
    "Dernière modification le",
    "Prénom du médiateur",
    "Nom du médiateur",
    "Rôle",
    "ID - Conum",
    "Type",
    "Participants",
    "Canaux d’accompagnement",
    "Nom du lieu",
    "Adresse",
    "Commune",
    "Code postal",
    "Code Insee",
    "Durée (min)",
    "Nom de l’atelier",
    "Matériel numérique utilisé",
    "Thématique(s) d’accompagnement",
    "Tags",
    "Nom de la démarche administrative",
    "Niveau d’autonomie (ou de l’atelier)",
    "Bénéficiaire réorienté",
    "Structure de redirection",
    "Commune du bénéficiaire",
    "Code postal du bénéficiaire",
    "Code Insee du bénéficiaire",
    "Genre du bénéficiaire",
    "Tranche d’âge du bénéficiaire",
    "Statut du bénéficiaire",
    "Source de la donnée",
    "ID CRA",
];
const FILTERS: &[&str] = &[
    "Période",
    "Source",
    "Lieux d’accompagnement",
    "Communes",
    "Départements",
    "Type d’accompagnement",
    "Rôle",
    "Thématiques non administratives",
    "Thématiques administratives",
    "Tags",
];
/// Row of the total, which is known last.
const TOTAL_ROW: u32 = 4;

/// What one cell holds.
enum Cell {
    Empty,
    Text(String),
    Number(u32),
    Flag(bool),
    Day(ExcelDateTime),
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        if text.is_empty() { Self::Empty } else { Self::Text(text.to_owned()) }
    }
}

/// Advisers as they are named in the rows, by identifier, and whether they are of the programme.
type Mediators<'a> = BTreeMap<&'a str, (Person, bool)>;

/// Writes the spreadsheet, in several files where it is too long for one.
pub(crate) fn write(
    world: &World<'_>,
    portion: Portion,
    output: &mut Output<'_, '_>,
) -> io::Result<()> {
    let mediators: Mediators<'_> = users(world)
        .map(|user| (user.adviser.user_id.as_str(), (user.person, user.is_in_programme)))
        .collect();
    let mut records = records(world, portion).filter(|record| record.deleted_ms.is_none());
    let mut next = records.next();
    for number in 1_u64.. {
        let name =
            if number == 1 { FILE.to_owned() } else { format!("coop_activites_{number:04}.xlsx") };
        output.file(&name, |out| {
            let mut summary = FileSummary::new(name.as_str());
            let mut sheet = Sheet::start().map_err(io::Error::other)?;
            while sheet.next_row < ROWS_MOST
                && let Some(record) = next.take()
            {
                let people = beneficiaries(world.seed, &record);
                sheet.write_record(&record, &people, &mediators).map_err(io::Error::other)?;
                record.quirks().into_iter().for_each(|quirk| summary.count(quirk));
                next = records.next();
            }
            summary.rows = u64::from(sheet.next_row - sheet.first_row);
            out.write_all(&sheet.end().map_err(io::Error::other)?)?;
            Ok(summary)
        })?;
        if next.is_none() {
            break;
        }
    }
    Ok(())
}

/// The sheet being written.
struct Sheet {
    sheet: Worksheet,
    first_row: u32,
    next_row: u32,
    date_format: CellFormat,
}

impl Sheet {
    /// Writes the rows about the export, and the header.
    fn start() -> Result<Self, XlsxError> {
        let mut sheet = Worksheet::new();
        sheet.set_name(SHEET)?;
        let bold = CellFormat::new().set_bold();
        sheet.write_string_with_format(0, 0, "Informations export", &bold)?;
        let user = person(3);
        for (row, label, value) in [
            (1, "Nom", user.last_name),
            (2, "Prénom", user.first_name),
            (3, "Rôle", "Administrateur"),
            (TOTAL_ROW, "Total", ""),
            (5, "Date d’export", "01/07/2025"),
            (6, "Heure d’export", "09:30"),
        ] {
            sheet.write_string(row, 0, label)?;
            sheet.write_string(row, 1, value)?;
        }
        sheet.write_string_with_format(8, 0, "Filtres", &bold)?;
        let mut row = 9;
        for filter in FILTERS {
            sheet.write_string(row, 0, *filter)?;
            sheet.write_string(row, 1, "-")?;
            row += 1;
        }
        // Two rows are left empty.
        let header_row = row + 2;
        for (column, name) in (0_u16..).zip(HEADER) {
            sheet.write_string(header_row, column, *name)?;
        }
        let date_format = CellFormat::new().set_num_format("dd/mm/yyyy");
        let first_row = header_row + 1;
        Ok(Self { sheet, first_row, next_row: first_row, date_format })
    }

    fn write_record(
        &mut self,
        record: &CoopRecord<'_>,
        people: &[Beneficiary],
        mediators: &Mediators<'_>,
    ) -> Result<(), XlsxError> {
        let before = before_people(record, mediators);
        let after = after_people(record);
        let source = source(record);
        for (participants, beneficiary) in participants(record, people) {
            let about = about_beneficiary(record, beneficiary);
            let cells = before.iter().chain([&participants]).chain(&after).chain(&about);
            for (column, cell) in (0_u16..).zip(cells.chain(&source)) {
                self.write_cell(column, cell)?;
            }
            self.next_row += 1;
        }
        Ok(())
    }

    fn write_cell(&mut self, column: u16, cell: &Cell) -> Result<(), XlsxError> {
        let row = self.next_row;
        match cell {
            Cell::Empty => return Ok(()),
            Cell::Text(text) => self.sheet.write_string(row, column, text)?,
            Cell::Number(number) => self.sheet.write_number(row, column, *number)?,
            Cell::Flag(flag) => self.sheet.write_boolean(row, column, *flag)?,
            Cell::Day(day) => {
                self.sheet.write_datetime_with_format(row, column, day, &self.date_format)?
            }
        };
        Ok(())
    }

    /// Writes the total and gives the bytes of the file.
    fn end(mut self) -> Result<Vec<u8>, XlsxError> {
        self.sheet.write_number(TOTAL_ROW, 1, self.next_row - self.first_row)?;
        let mut book = Workbook::new();
        let created = ExcelDateTime::from_ymd(2025, 7, 1)?.and_hms(7, 30, 0)?;
        book.set_properties(&DocProperties::new().set_creation_datetime(&created));
        book.push_worksheet(self.sheet);
        book.save_to_buffer()
    }
}

/// Gives the cells from the date to the type.
fn before_people(record: &CoopRecord<'_>, mediators: &Mediators<'_>) -> Vec<Cell> {
    let activity = &record.activity;
    let (year, month, day) = to_civil(record.day());
    let part = |part: i64| u8::try_from(part).unwrap_or(1);
    let year = u16::try_from(year).unwrap_or(1900);
    let date = match activity.unparsable_date() {
        Some(date) => Cell::from(date),
        None => {
            ExcelDateTime::from_ymd(year, part(month), part(day)).map_or(Cell::Empty, Cell::Day)
        }
    };
    let is_changed = record.modified_ms != activity.created_ms;
    let modified = if is_changed { paris_minute(record.modified_ms) } else { String::new() };
    let mediator = mediators.get(activity.adviser.user_id.as_str());
    let (first_name, last_name, is_in_programme) = mediator
        .map_or(("", "", false), |(person, flag)| (person.first_name, person.last_name, *flag));
    vec![
        date,
        Cell::Text(paris_minute(activity.created_ms)),
        Cell::from(modified.as_str()),
        Cell::from(first_name),
        Cell::from(last_name),
        Cell::from(if is_in_programme { "Conseiller Numérique" } else { "Médiateur" }),
        Cell::Flag(is_in_programme),
        Cell::from(label(record.kind())),
    ]
}

/// Gives the cell of participants and the beneficiary of each row of an activity.
///
/// Counts that no rows can tell are written beside the only one.
fn participants<'p>(
    record: &CoopRecord<'_>,
    people: &'p [Beneficiary],
) -> Vec<(Cell, Option<&'p Beneficiary>)> {
    let activity = &record.activity;
    if record.is_cut() {
        return vec![(Cell::Empty, None)];
    }
    let is_nonsense =
        activity.shows(Quirk::NegativeParticipants) || activity.shows(Quirk::HugeParticipants);
    if is_nonsense || people.is_empty() {
        let text = format!("1/{}", activity.participants_text());
        return vec![(Cell::Text(text), people.first())];
    }
    if let [only] = people {
        return vec![(Cell::Number(1), Some(only))];
    }
    let count = people.len();
    let of = |rank: usize| Cell::Text(format!("{rank}/{count}"));
    (1..).zip(people).map(|(rank, person)| (of(rank), Some(person))).collect()
}

/// Gives the cells from the place to the redirection.
fn after_people(record: &CoopRecord<'_>) -> Vec<Cell> {
    if record.is_cut() {
        return (0..15).map(|_| Cell::Empty).collect();
    }
    let content = &record.content;
    let labels = |values: &[&'static str]| {
        let labels: Vec<&str> = values.iter().map(|value| label(value)).collect();
        Cell::from(labels.join("\n").as_str())
    };
    let level = content.autonomy.or(content.level).map_or("", label);
    let mut cells = vec![Cell::from(place_label(record.place.kind))];
    cells.extend(place_cells(&record.place));
    cells.extend([
        Cell::Number(u32::try_from(record.minutes).unwrap_or(u32::MAX)),
        Cell::from(content.title_text().unwrap_or_default()),
        labels(&content.equipment),
        labels(&content.themes),
        Cell::from(content.tags().join("\n").as_str()),
        Cell::from(content.process_text().unwrap_or_default()),
        Cell::from(level),
        Cell::from(if content.redirection.is_some() { "Oui" } else { "Non" }),
        Cell::from(content.redirection.map_or("", redirection_label)),
    ]);
    cells
}

/// Gives the five cells of the place.
fn place_cells(place: &CoopPlace<'_>) -> [Cell; 5] {
    if let Some(structure) = place.structure {
        return [
            Cell::from(structure.name.as_str()),
            Cell::from(address(structure).as_str()),
            Cell::from(commune_name(&structure.commune_code).as_str()),
            Cell::from(structure.postal_code.as_str()),
            Cell::from(structure.commune_code.as_str()),
        ];
    }
    let commune = place.commune.as_ref();
    let postal_code = commune.and_then(|commune| commune.postal_code.as_deref());
    let code = commune.and_then(|commune| commune.code.as_deref());
    [
        Cell::Empty,
        Cell::Empty,
        Cell::from(commune.map_or("", |commune| commune.name.as_str())),
        Cell::from(postal_code.unwrap_or_default()),
        Cell::from(code.unwrap_or_default()),
    ]
}

/// Gives the six cells of a beneficiary.
fn about_beneficiary(record: &CoopRecord<'_>, beneficiary: Option<&Beneficiary>) -> Vec<Cell> {
    let mut cells = vec![Cell::Empty, Cell::Empty, Cell::Empty];
    let told = |value: Option<&'static str>, otherwise: &'static str| {
        let text = value.map_or(otherwise, label);
        Cell::from(if record.is_cut() { "" } else { text })
    };
    cells.push(told(beneficiary.and_then(|one| one.gender), NOT_TOLD));
    cells.push(told(beneficiary.and_then(|one| one.age), NOT_TOLD));
    cells.push(told(beneficiary.and_then(|one| one.status), STATUS_NOT_TOLD));
    cells
}

/// Gives the cells of the source and of the identifier.
fn source(record: &CoopRecord<'_>) -> [Cell; 2] {
    let source = match record.is_copy() {
        true => "Espace coop (V1)",
        false => "La Coop de la médiation numérique (V2)",
    };
    [Cell::from(source), Cell::from(record.id.as_str())]
}
