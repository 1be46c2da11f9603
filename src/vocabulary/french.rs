//! Numbers, days and instants become what a reader of French expects.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::vocabulary::calendar::Length;

/// A narrow space at which no line ends: between groups of digits.
const NARROW: char = '\u{202f}';
/// A space at which no line ends: before a unit.
pub const UNBROKEN: char = '\u{a0}';

const MONTHS: [&str; 12] = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
];

/// A whole number, its digits in groups of three.
#[must_use]
pub fn spaced(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(NARROW);
        }
        out.push(digit);
    }
    if number < 0 { format!("-{out}") } else { out }
}

/// How many tenths of a per cent a part is of a whole, rounded half away from zero; none of a whole
/// that is not more than zero.
#[must_use]
pub fn per_mille(part: i64, whole: i64) -> Option<i64> {
    let (part, whole) = (i128::from(part), i128::from(whole));
    if whole <= 0 {
        return None;
    }
    let rounded = (part.abs() * 2000 + whole) / (whole * 2);
    i64::try_from(rounded * part.signum()).ok()
}

/// A number of tenths, with one decimal.
#[must_use]
pub fn tenths(number: i64) -> String {
    let sign = if number < 0 { "-" } else { "" };
    let number = number.abs();
    format!("{sign}{},{}", spaced(number / 10), number % 10)
}

/// A share in per cent, with one decimal.
#[must_use]
pub fn percent(part: i64, whole: i64) -> Option<String> {
    per_mille(part, whole).map(|found| format!("{}{UNBROKEN}%", tenths(found)))
}

/// A change in per cent, with its sign and one decimal; none where nothing was.
#[must_use]
pub fn change(before: i64, after: i64) -> Option<String> {
    let found = per_mille(after.checked_sub(before)?, before)?;
    let sign = if found > 0 { "+" } else { "" };
    Some(format!("{sign}{}{UNBROKEN}%", tenths(found)))
}

/// Cents as an amount, to the euro.
#[must_use]
pub fn euros(cents: i64) -> String {
    format!("{}{UNBROKEN}€", spaced((cents + 50).div_euclid(100)))
}

/// A day: `1er juillet 2025`.
#[must_use]
pub fn day(day: Date) -> String {
    let number = match day.day() {
        1 => "1er".to_owned(),
        other => other.to_string(),
    };
    format!("{number}{UNBROKEN}{} {}", name_of_month(day.month()), day.year())
}

/// A month, a quarter or a year: `juillet 2025`, `2e trimestre 2025`, `2025`.
#[must_use]
pub fn period(code: &str) -> String {
    let (year, rest) = code.split_once('-').unwrap_or((code, ""));
    let number = || rest.trim_start_matches(|letter: char| !letter.is_ascii_digit()).parse().ok();
    match Length::of_period(code) {
        Length::Annee => year.to_owned(),
        Length::Mois => number().map_or_else(
            || code.to_owned(),
            |month: i8| format!("{} {year}", name_of_month(month)),
        ),
        Length::Trimestre => number().map_or_else(
            || code.to_owned(),
            |quarter: i8| {
                let ending = if quarter == 1 { "er" } else { "e" };
                format!("{quarter}{ending} trimestre {year}")
            },
        ),
    }
}

fn name_of_month(month: i8) -> &'static str {
    let place = usize::try_from(month).ok().and_then(|month| month.checked_sub(1));
    place.and_then(|place| MONTHS.get(place)).copied().unwrap_or_default()
}

/// A word in the number that goes with a count.
#[must_use]
pub fn counted(count: usize, one: &str, many: &str) -> String {
    // In French nothing is singular, and so is one.
    let told = spaced(i64::try_from(count).unwrap_or(i64::MAX));
    format!("{told}{UNBROKEN}{}", if count < 2 { one } else { many })
}

/// A change, with its sign.
#[must_use]
pub fn signed(change: i64, told: impl Fn(i64) -> String) -> String {
    match change {
        0 => "=".to_owned(),
        1.. => format!("+{}", told(change)),
        _ => told(change),
    }
}

/// A day that is written as in files, in numbers: `01/07/2025`.
#[must_use]
pub fn short_day(iso: &str) -> String {
    let day = iso.parse::<Date>().map(|day| day.strftime("%d/%m/%Y").to_string());
    day.unwrap_or_else(|_| iso.to_owned())
}

/// A day and an hour in Paris.
#[must_use]
pub fn hour(instant: &str) -> String {
    in_paris(instant, "%d/%m/%Y à\u{a0}%H\u{a0}h\u{a0}%M")
}

/// A day in Paris.
#[must_use]
pub fn day_of(instant: &str) -> String {
    in_paris(instant, "%d/%m/%Y")
}

fn in_paris(instant: &str, format: &str) -> String {
    let told = instant.parse::<Timestamp>().ok().zip(TimeZone::get("Europe/Paris").ok());
    let told = told.map(|(at, paris)| at.to_zoned(paris).strftime(format).to_string());
    told.unwrap_or_else(|| instant.to_owned())
}

/// A length of time.
#[must_use]
pub fn length(milliseconds: u64) -> String {
    let seconds = milliseconds / 1000;
    match seconds {
        0..60 => format!("{seconds},{}{UNBROKEN}s", milliseconds % 1000 / 100),
        60..3600 => {
            format!("{}{UNBROKEN}min{UNBROKEN}{:02}{UNBROKEN}s", seconds / 60, seconds % 60)
        }
        _ => format!(
            "{}{UNBROKEN}h{UNBROKEN}{:02}{UNBROKEN}min",
            seconds / 3600,
            seconds % 3600 / 60
        ),
    }
}

/// Bytes.
#[must_use]
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes}{UNBROKEN}octets"),
        1_000..1_000_000 => format!("{}{UNBROKEN}ko", bytes / 1_000),
        1_000_000..10_000_000_000 => format!("{}{UNBROKEN}Mo", bytes / 1_000_000),
        _ => format!("{}{UNBROKEN}Go", bytes / 1_000_000_000),
    }
}

/// A text in which no line begins with a sign that belongs to the word before, nor ends with one
/// that belongs to the word after.
#[must_use]
pub fn typeset(text: &str) -> String {
    let mut text = text.to_owned();
    for sign in [":", ";", "?", "!", "%", "€", "»"] {
        text = text.replace(&format!(" {sign}"), &format!("{UNBROKEN}{sign}"));
    }
    text.replace("« ", &format!("«{UNBROKEN}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_shares_rounded_once() {
        assert_eq!(spaced(-1_234_567), "-1\u{202f}234\u{202f}567");
        assert_eq!(spaced(999), "999");
        assert_eq!(percent(1, 3).as_deref(), Some("33,3\u{a0}%"));
        assert_eq!(percent(1, 0), None);
        assert_eq!(change(200, 233).as_deref(), Some("+16,5\u{a0}%"));
        assert_eq!(change(2000, 1999).as_deref(), Some("-0,1\u{a0}%"));
        assert_eq!(change(3000, 3001).as_deref(), Some("0,0\u{a0}%"));
        assert_eq!(change(0, 5), None);
        assert_eq!(euros(7_485_850), "74\u{202f}859\u{a0}€");
    }

    #[test]
    fn signs_stay_with_their_words() {
        let text = typeset("Lire : « oui » ; 3 % ?");
        assert_eq!(text, "Lire\u{a0}: «\u{a0}oui\u{a0}»\u{a0}; 3\u{a0}%\u{a0}?");
    }

    #[test]
    fn days_and_periods_have_names() {
        assert_eq!(day(Date::constant(2025, 7, 1)), "1er\u{a0}juillet 2025");
        assert_eq!(day(Date::constant(2024, 2, 29)), "29\u{a0}février 2024");
        let told = ["2025-07", "2025-T1", "2025-T3", "2025", "x"].map(period);
        assert_eq!(told, ["juillet 2025", "1er trimestre 2025", "3e trimestre 2025", "2025", "x"]);
    }

    #[test]
    fn changes_lengths_and_instants_are_told_as_people_write_them() {
        assert_eq!(signed(0, |n| n.to_string()), "=");
        assert_eq!(signed(-3, |n| n.to_string()), "-3");
        assert_eq!(length(4_321), "4,3\u{a0}s");
        assert_eq!(length(65_000), "1\u{a0}min\u{a0}05\u{a0}s");
        assert_eq!(length(7_260_000), "2\u{a0}h\u{a0}01\u{a0}min");
        assert_eq!(size(180_000_000), "180\u{a0}Mo");
        assert_eq!(hour("2025-07-01T02:10:00.000Z"), "01/07/2025 à\u{a0}04\u{a0}h\u{a0}10");
        assert_eq!(short_day("2025-07-01"), "01/07/2025");
    }
}
