//! Lines of subsidies become one record for each envelope of a post.
//!
//! Several lines of an envelope are its history, not money: the agreement that ends last gives the
//! amount. Payments are all added.

use std::collections::BTreeMap;

use crate::clean::employers::Tell;
use crate::clean::posts::Lines;
use crate::clean::rows::Row;
use crate::vocabulary::calendar::month_of;
use crate::vocabulary::{columns, flags};

/// The recovery plan: DGCL.
pub const V1: &str = "v1";
/// The renewal: DGE or DITP.
pub const V2: &str = "v2";

/// What a line says of one envelope.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grant {
    /// Number of the line it is from.
    pub line: usize,
    /// The line of the post.
    pub post_line: String,
    /// v1 or v2.
    pub envelope: &'static str,
    /// dgcl, dge or ditp.
    pub source: Option<String>,
    /// First day of the agreement, since 1970.
    pub start: Option<i32>,
    /// Last day of the agreement.
    pub end: Option<i32>,
    /// Subsidy and bonus, in cents.
    pub amount: i64,
    /// Credit, in cents.
    pub credit: i64,
    /// Payments in cents, and their days.
    pub payments: Vec<(i64, Option<i32>)>,
    /// Fingerprint of the line.
    pub print: i64,
    /// Flags of the reading.
    pub flags: String,
}

impl Grant {
    /// Whether it says anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.start.is_none()
            && self.end.is_none()
            && self.amount == 0
            && self.credit == 0
            && self.payments.is_empty()
    }

    fn standing(&self) -> (Option<i32>, Option<i32>, i64) {
        (self.end, self.start, self.print)
    }
}

/// The records of subsidies, and the lines that give an amount.
#[must_use]
pub fn clean(
    grants: &[Grant],
    lines: &Lines,
    tell: &Tell<'_>,
    as_of: i32,
) -> (Vec<Row>, Vec<usize>) {
    let mut envelopes: BTreeMap<(&str, &str), Vec<&Grant>> = BTreeMap::new();
    for grant in grants {
        // A post that no line of posts has stays apart, with its money.
        let post = lines.get(&grant.post_line).map_or(&grant.post_line, |(post, _)| post);
        envelopes.entry((post, grant.envelope)).or_default().push(grant);
    }
    let mut rows = Vec::with_capacity(envelopes.len());
    let mut used = Vec::new();
    for ((post, envelope), grants) in envelopes {
        let Some(best) = grants.iter().max_by_key(|grant| grant.standing()) else { continue };
        used.push(best.line);
        let paid = grants.iter().flat_map(|grant| &grant.payments);
        let paid = paid.filter(|(_, day)| day.is_none_or(|day| day <= as_of));
        let paid: i64 = paid.map(|(amount, _)| amount).sum();
        let mut row = Row::default();
        let structure = lines.get(&best.post_line).map(|(_, structure)| structure.as_str());
        tell(structure.unwrap_or_default(), &mut row);
        row.text(&columns::POSTE_ID, Some(post));
        row.text(&columns::ENVELOPPE, Some(envelope));
        row.text(&columns::STRUCTURE_ID, structure);
        row.text(&columns::SOURCE_FINANCEMENT, best.source.as_deref());
        row.number(&columns::DEBUT_CONVENTION, best.start);
        row.number(&columns::FIN_CONVENTION, best.end);
        let year = best.start.and_then(month_of);
        row.text(&columns::ANNEE_CONVENTION, year.as_deref().and_then(|month| month.get(..4)));
        row.number(&columns::CONVENTIONNE, Some(best.amount));
        row.number(&columns::VERSE, Some(paid));
        row.number(&columns::RESTE, Some(best.amount - paid));
        row.number(&columns::AVOIR, Some(best.credit));
        row.flags([
            best.flags.as_str(),
            if structure.is_none() { flags::POSTE_INCONNU } else { "" },
            if paid > best.amount { flags::VERSE_SUPERIEUR } else { "" },
        ]);
        rows.push(row);
    }
    (rows, used)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clean::rows::to_batch;
    use crate::vocabulary::tables::CLEAN_SUBVENTIONS;
    use arrow::array::AsArray;
    use arrow::datatypes::Int64Type;

    fn grant(line: usize, end: i32, amount: i64, payments: &[(i64, Option<i32>)]) -> Grant {
        Grant {
            line,
            post_line: format!("l{line}"),
            envelope: V1,
            end: Some(end),
            amount,
            payments: payments.to_vec(),
            ..Grant::default()
        }
    }

    #[test]
    fn the_agreement_that_ends_last_gives_the_amount_and_payments_add_up() {
        let lines: Lines =
            (0..2).map(|line| (format!("l{line}"), ("p".to_owned(), format!("s{line}")))).collect();
        let grants = [
            grant(0, 200, 5_000, &[(1_000, None), (700, Some(99))]),
            grant(1, 100, 9_000, &[(300, Some(101))]),
        ];
        let (rows, used) = clean(&grants, &lines, &|_, _| String::new(), 100);
        assert_eq!(used, [0]);
        let batch = to_batch(&CLEAN_SUBVENTIONS, rows).unwrap();
        let sum =
            |name: &str| batch.column_by_name(name).unwrap().as_primitive::<Int64Type>().value(0);
        assert_eq!(sum("conventionne_centimes"), 5_000);
        assert_eq!(sum("verse_centimes"), 1_700);
        assert_eq!(sum("reste_centimes"), 3_300);
    }
}
