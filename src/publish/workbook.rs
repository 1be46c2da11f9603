//! The main tables of a release become a workbook: notes first, then a sheet a table.

use rust_xlsxwriter::{
    DocProperties, ExcelDateTime, Format, FormatAlign, Workbook, Worksheet, XlsxError,
};

use crate::error::{Error, Result};
use crate::publish::catalogue::{Catalogue, Table};
use crate::publish::grid::{Cell, Grid, Grids};
use crate::publish::notes::sections;

/// Its name in a release.
pub const NAME: &str = "principales_tables.xlsx";

/// Rows of a sheet below its head, at most.
const ROWS_MAX: usize = 1_048_575;
/// Letters of the name of a sheet, at most.
const NAME_MAX: usize = 31;
/// Width of the notes and of columns, in letters.
const NOTES_WIDTH: u16 = 110;
const WIDTH_MAX: u16 = 48;
/// Whole numbers up to this one are all different in a sheet.
const EXACT_MAX: u64 = 1 << 53;

/// The bytes of the workbook.
///
/// # Errors
/// Never, in principle: it is written in memory.
pub fn workbook(catalogue: &Catalogue, grids: &Grids) -> Result<Vec<u8>> {
    build(catalogue, grids).map_err(|error| {
        Error::internal(format!("a workbook is written in memory: {error}")).because(error)
    })
}

/// A table and its rows.
type Sheet<'a> = (&'a Table, &'a Grid);

fn build(catalogue: &Catalogue, grids: &Grids) -> std::result::Result<Vec<u8>, XlsxError> {
    let main = catalogue.tables.iter().filter(|table| table.is_main);
    let main = main.filter_map(|table| Some((table, grids.get(&table.name)?)));
    let (sheets, too_long): (Vec<Sheet<'_>>, Vec<Sheet<'_>>) =
        main.partition(|(_, grid)| fits(grid.rows.len()));
    let too_long: Vec<&Table> = too_long.into_iter().map(|(table, _)| table).collect();
    let names = names(sheets.iter().map(|(table, _)| table.name.as_str()));
    let day = catalogue.as_of;
    let (year, month, of_month) = (day.year(), day.month(), day.day());
    let created = ExcelDateTime::from_ymd(
        u16::try_from(year).unwrap_or(1900),
        u8::try_from(month).unwrap_or(1),
        u8::try_from(of_month).unwrap_or(1),
    )?;
    let mut book = Workbook::new();
    let properties = DocProperties::new().set_title(&catalogue.title);
    let properties = properties.set_author(&catalogue.producer).set_creation_datetime(&created);
    book.set_properties(&properties);
    let told: Vec<(&str, &Table)> =
        names.iter().map(String::as_str).zip(sheets.iter().map(|(table, _)| *table)).collect();
    write_notes(book.add_worksheet(), catalogue, (&told, &too_long))?;
    for (name, sheet) in names.iter().zip(&sheets) {
        let page = book.add_worksheet();
        page.set_name(name)?;
        write_table(page, *sheet, &catalogue.rules.symbol)?;
    }
    book.save_to_buffer()
}

fn fits(rows: usize) -> bool {
    rows <= ROWS_MAX
}

/// Names of sheets: those of their tables, as far as they are short enough.
fn names<'a>(tables: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut names: Vec<String> = vec!["Notes".to_owned()];
    for table in tables {
        let mut name: String = table.chars().take(NAME_MAX).collect();
        let mut number = 2;
        while names.iter().any(|known| known.eq_ignore_ascii_case(&name)) {
            let end = format!("_{number}");
            name = table.chars().take(NAME_MAX - end.len()).collect::<String>() + &end;
            number += 1;
        }
        names.push(name);
    }
    names.split_off(1)
}

fn write_notes(
    page: &mut Worksheet,
    catalogue: &Catalogue,
    (sheets, too_long): (&[(&str, &Table)], &[&Table]),
) -> std::result::Result<(), XlsxError> {
    page.set_name("Notes")?;
    page.set_column_width(0, NOTES_WIDTH)?;
    let title = Format::new().set_bold().set_font_size(14);
    let head = Format::new().set_bold();
    let body = Format::new().set_text_wrap().set_align(FormatAlign::Top);
    let mut row = 0;
    let mut put = |text: &str, format: &Format| -> std::result::Result<(), XlsxError> {
        page.write_string_with_format(row, 0, text, format)?;
        row += 1;
        Ok(())
    };
    put(&catalogue.title, &title)?;
    put(&catalogue.description(), &body)?;
    put("Feuilles", &head)?;
    for (name, table) in sheets {
        put(&format!("{name} : {}", table.title), &body)?;
    }
    for table in too_long {
        let rows = table.rows;
        let text = format!(
            "{} n'est pas dans le classeur : ses {rows} lignes dépassent une feuille. Elle est en \
             CSV et en Parquet.",
            table.name
        );
        put(&text, &body)?;
    }
    put("Les autres tables ne sont qu'en CSV et en Parquet.", &body)?;
    for (section, lines) in sections(catalogue) {
        put(&section, &head)?;
        for line in lines.iter().map(|line| plain(line)).filter(|line| !line.is_empty()) {
            put(&line, &body)?;
        }
    }
    Ok(())
}

/// A line of Markdown without its marks.
fn plain(line: &str) -> String {
    line.trim().trim_start_matches(['#', '>']).replace(['`', '*'], "").trim().to_owned()
}

fn write_table(
    page: &mut Worksheet,
    (table, grid): Sheet<'_>,
    symbol: &str,
) -> std::result::Result<(), XlsxError> {
    let head = Format::new().set_bold().set_text_wrap().set_align(FormatAlign::Top);
    // Codes stay texts when a reader types over them.
    let code = Format::new().set_num_format("@");
    let figure = Format::new().set_num_format("#,##0");
    let hidden = Format::new().set_align(FormatAlign::Right).set_italic();
    for (place, column) in (0..).zip(&table.columns) {
        page.write_string_with_format(0, place, &column.name, &head)?;
        page.set_column_width(place, width(grid, usize::from(place), &column.name))?;
    }
    let last = table.columns.len().saturating_sub(1);
    let codes = table.columns.iter().take_while(|column| !column.is_figure()).count();
    page.set_freeze_panes(1, u16::try_from(codes).unwrap_or_default())?;
    let rows = u32::try_from(grid.rows.len()).unwrap_or(u32::MAX);
    page.autofilter(0, 0, rows, u16::try_from(last).unwrap_or_default())?;
    for (row, cells) in (1..).zip(&grid.rows) {
        let is_hidden = cells.last().is_some_and(|cell| cell.to_string() == symbol);
        for ((place, cell), column) in (0..).zip(cells).zip(&table.columns) {
            match cell {
                Cell::Text(text) => {
                    page.write_string_with_format(row, place, text, &code)?;
                }
                Cell::Number(value) => match exact(*value) {
                    Some(value) => {
                        page.write_number_with_format(row, place, value, &figure)?;
                    }
                    None => {
                        page.write_string_with_format(row, place, value.to_string(), &hidden)?;
                    }
                },
                Cell::Empty if is_hidden && column.is_figure() => {
                    page.write_string_with_format(row, place, symbol, &hidden)?;
                }
                Cell::Empty => {}
            }
        }
    }
    Ok(())
}

/// A figure as sheets have it, where that is the same figure.
fn exact(value: i64) -> Option<f64> {
    if value.unsigned_abs() > EXACT_MAX {
        return None;
    }
    // Two halves of 32 bits are each exact, and so is their sum.
    let high = i32::try_from(value >> 32).ok()?;
    let low = u32::try_from(value & i64::from(u32::MAX)).ok()?;
    Some(f64::from(high) * 4_294_967_296.0 + f64::from(low))
}

/// Wide enough for the name of a column and its values.
fn width(grid: &Grid, place: usize, name: &str) -> u16 {
    let cells = grid.rows.iter().filter_map(|row| row.get(place));
    let longest = cells.map(|cell| cell.to_string().chars().count() + 3).max().unwrap_or_default();
    let letters = longest.max(name.chars().count() + 3);
    u16::try_from(letters).unwrap_or(WIDTH_MAX).min(WIDTH_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::invented;

    #[test]
    fn the_same_release_makes_the_same_bytes() {
        let (catalogue, grids) = (invented::catalogue(), invented::grids());
        let bytes = workbook(&catalogue, &grids).unwrap();
        assert_eq!(bytes, workbook(&catalogue, &grids).unwrap());
        assert!(bytes.starts_with(b"PK"));
    }

    #[test]
    fn sheets_have_short_names_of_their_own() {
        let long = "activites_par_employeur_departement";
        let found = names(["notes", "a", long, &format!("{long}_2")].into_iter());
        let expected =
            ["notes_2", "a", "activites_par_employeur_departe", "activites_par_employeur_depar_2"];
        assert_eq!(found, expected);
    }

    #[test]
    fn figures_are_exact_or_texts() {
        for value in [0, -1, 1, -5_000_000_000, i64::from(u32::MAX) + 1, 1 << 53, -(1 << 53)] {
            assert_eq!(exact(value).map(|number| format!("{number}")), Some(value.to_string()));
        }
        assert_eq!(exact((1 << 53) + 1), None);
        assert_eq!(exact(i64::MIN), None);
    }

    #[test]
    fn a_table_may_be_too_long_for_a_sheet() {
        assert!(fits(1_048_575) && !fits(1_048_576));
    }

    #[test]
    fn notes_lose_their_marks() {
        assert_eq!(plain("### `nb_activites` : **Activités**\n"), "nb_activites : Activités");
        assert_eq!(plain("- `ensemble` : total"), "- ensemble : total");
    }
}
