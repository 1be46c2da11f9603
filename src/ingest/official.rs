//! Official codes lose their zeros in spreadsheets: they are put back where that is certain.

use crate::ingest::cell::{Cell, add_flag, keep};
use crate::vocabulary::flags;
use crate::vocabulary::sirene::is_siret;

/// 14 digits; 13 with a valid key once a zero is put back. Any other length is left out, and zeros.
pub(super) fn siret(text: &str, buffer: &mut String, flags: &mut Vec<&'static str>) -> Cell {
    let mut digits: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    if digits.len() == 13 && is_siret(&format!("0{digits}")) {
        digits.insert(0, '0');
        add_flag(flags, flags::SIRET_REPARE);
    } else if !is_siret(&digits) {
        add_flag(flags, flags::SIRET_INVALIDE);
    }
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    if digits.len() == 14 && is_number && digits.bytes().any(|byte| byte != b'0') {
        keep(&digits, buffer)
    } else {
        Cell::Null
    }
}

/// Five characters, or four that lost a zero; the letter of Corsica may be a small one.
pub(super) fn commune(text: &str, buffer: &mut String, flags: &mut Vec<&'static str>) -> Cell {
    let text = text.to_ascii_uppercase();
    let is_code = |code: &str| match code.as_bytes() {
        [a, b, rest @ ..] if rest.len() == 3 => {
            a.is_ascii_digit()
                && (b.is_ascii_digit() || (*a == b'2' && matches!(b, b'A' | b'B')))
                && rest.iter().all(u8::is_ascii_digit)
        }
        _ => false,
    };
    let padded = format!("0{text}");
    if is_code(&text) {
        keep(&text, buffer)
    } else if text.len() == 4 && !text.starts_with('0') && is_code(&padded) {
        add_flag(flags, flags::CODE_COMMUNE_REPARE);
        keep(&padded, buffer)
    } else {
        add_flag(flags, flags::CODE_COMMUNE_INVALIDE);
        Cell::Null
    }
}

pub(super) fn postal_code(text: &str, buffer: &mut String, flags: &mut Vec<&'static str>) -> Cell {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    match (is_number, text.len()) {
        (true, 5) => keep(text, buffer),
        (true, 4) if !text.starts_with('0') => {
            add_flag(flags, flags::CODE_POSTAL_REPARE);
            keep(&format!("0{text}"), buffer)
        }
        _ => {
            add_flag(flags, flags::CODE_POSTAL_INVALIDE);
            Cell::Null
        }
    }
}

/// `0` and `00` stand for an overseas collectivity that only the commune tells.
pub(super) fn departement(text: &str, buffer: &mut String, flags: &mut Vec<&'static str>) -> Cell {
    let is_code = text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    match (is_code, text.len()) {
        _ if matches!(text, "0" | "00") => Cell::Null,
        (true, 2 | 3) => keep(text, buffer),
        (true, 1) => {
            add_flag(flags, flags::DEPARTEMENT_REPARE);
            keep(&format!("0{text}"), buffer)
        }
        _ => Cell::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(read: impl Fn(&mut String, &mut Vec<&'static str>) -> Cell) -> String {
        let (mut buffer, mut flags) = (String::new(), Vec::new());
        let cell = read(&mut buffer, &mut flags);
        let text = if cell == Cell::Null { "-" } else { &buffer };
        [text].into_iter().chain(flags).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn lost_zeros_are_put_back_and_flagged() {
        let commune = |text| shown(|buffer, flags| commune(text, buffer, flags));
        assert_eq!(commune("01053"), "01053");
        assert_eq!(commune("1053"), "01053 code_commune_repare");
        assert_eq!(commune("2A004"), "2A004");
        assert_eq!(commune("2b033"), "2B033");
        assert_eq!(commune("NED U"), "- code_commune_invalide");
        let postal = |text| shown(|buffer, flags| postal_code(text, buffer, flags));
        assert_eq!(postal("4000"), "04000 code_postal_repare");
        assert_eq!(postal("0400"), "- code_postal_invalide");
        assert_eq!(postal("24 54"), "- code_postal_invalide");
        let departement = |text| shown(|buffer, flags| departement(text, buffer, flags));
        assert_eq!(departement("1"), "01 departement_repare");
        assert_eq!(departement("0"), "-");
        assert_eq!(departement("2A"), "2A");
    }

    #[test]
    fn a_siret_is_14_digits_with_a_key() {
        let siret = |text| shown(|buffer, flags| siret(text, buffer, flags));
        assert_eq!(siret("73282932000074"), "73282932000074");
        assert_eq!(siret("732 829 320 00074"), "73282932000074");
        assert_eq!(siret("73282932000075"), "73282932000075 siret_invalide");
        assert_eq!(siret("12"), "- siret_invalide");
    }
}
