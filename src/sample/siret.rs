//! Digits become SIREN and SIRET numbers with valid keys.

/// Makes a SIREN from a prefix, completed by the digits of a number, and its key.
pub(crate) fn siren(prefix: &str, number: u64) -> String {
    let width = 8_usize.saturating_sub(prefix.len());
    let digits: String = format!("{number:020}");
    let tail = digits.get(digits.len() - width..).unwrap_or_default();
    with_key(&format!("{prefix}{tail}"))
}

/// Makes the SIRET of an establishment of a SIREN.
pub(crate) fn siret(siren: &str, establishment: u64) -> String {
    with_key(&format!("{siren}{:04}", establishment % 10_000))
}

/// Tells whether the last digit is the Luhn key of the others.
#[cfg(test)]
pub(crate) fn has_valid_key(digits: &str) -> bool {
    let mut body = digits.to_owned();
    body.pop();
    !body.is_empty() && with_key(&body) == digits
}

fn with_key(digits: &str) -> String {
    let doubled = |digit: u32| if digit > 4 { 2 * digit - 9 } else { 2 * digit };
    let values = digits.chars().rev().filter_map(|digit| digit.to_digit(10)).enumerate();
    let sum: u32 =
        values.map(|(rank, digit)| if rank % 2 == 0 { doubled(digit) } else { digit }).sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}

#[cfg(test)]
mod tests {
    use crate::sample::siret::{has_valid_key, siren, siret};

    #[test]
    fn keys_are_those_of_known_numbers() {
        // Numbers of the national statistical institute, published by itself.
        assert!(has_valid_key("120027016"));
        assert!(has_valid_key("12002701600563"));
        assert!(!has_valid_key("12002701600564"));
        assert_eq!(siren("2199", 42).len(), 9);
        assert!(has_valid_key(&siren("99", 123_456)));
        assert!(has_valid_key(&siret(&siren("99", 123_456), 7)));
    }
}
