//! SIREN and SIRET: numbers of legal units and establishments, each with a key (INSEE).

/// The post offices of La Poste, whose SIRET follow a rule of their own.
const LA_POSTE: &str = "356000000";

/// 9 digits whose key is right.
#[must_use]
pub fn is_siren(text: &str) -> bool {
    text.len() == 9 && has_key(text)
}

/// 14 digits whose key is right, or whose sum is a multiple of 5 for the post offices.
#[must_use]
pub fn is_siret(text: &str) -> bool {
    let is_post_office =
        || digits(text).is_some_and(|all| all.iter().sum::<u32>().is_multiple_of(5));
    text.len() == 14 && (has_key(text) || (text.starts_with(LA_POSTE) && is_post_office()))
}

/// Luhn's key: every second digit from the right doubled, the sum is a multiple of 10.
fn has_key(text: &str) -> bool {
    let Some(digits) = digits(text) else { return false };
    if digits.iter().all(|digit| *digit == 0) {
        return false;
    }
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| if place % 2 == 0 { *digit } else { digit * 2 / 10 + digit * 2 % 10 })
        .sum();
    sum.is_multiple_of(10)
}

fn digits(text: &str) -> Option<Vec<u32>> {
    text.chars().map(|c| c.to_digit(10)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_checked() {
        assert!(is_siret("73282932000074") && is_siren("732829320"));
        assert!(!is_siret("73282932000075") && !is_siren("732829321"));
        assert!(!is_siret("00000000000000") && !is_siret("7328293200007é") && !is_siren(""));
    }

    #[test]
    fn post_offices_have_their_own_rule() {
        assert!(is_siret("35600000049837") && !is_siret("35600000049838"));
    }
}
