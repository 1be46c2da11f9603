//! Validity rules become, for each row, its reasons to be refused and its flags.

use polars::prelude::*;

use crate::clean::steps::Step;
use crate::definition::rule::{Check, Rule, Severity};
use crate::error::{Error, Result};
use crate::vocabulary::codes::SEPARATOR;
use crate::vocabulary::columns;

/// Reasons to refuse the row in `raisons`, empty for none; all flags in `drapeaux`, those of
/// `found` first.
pub(super) fn judge(mut found: Vec<Expr>, rules: &[Rule], as_of: i32) -> Result<Step<'static>> {
    let mut reasons = vec![lit(NULL).cast(DataType::String)];
    for rule in rules {
        for column in &rule.columns {
            let broken = flag(broken(rule, column, as_of)?, &rule.code(column));
            match rule.severity {
                Severity::Reject => reasons.push(broken),
                Severity::Flag => found.push(broken),
            }
        }
    }
    Ok(Step::With(vec![
        concat_str(reasons, SEPARATOR, true).alias(columns::RAISONS.name),
        concat_str(found, SEPARATOR, true).alias(columns::DRAPEAUX.name),
    ]))
}

fn broken(rule: &Rule, column: &str, as_of: i32) -> Result<Expr> {
    let value = || col(column);
    let day = |days: i32| lit(days).cast(DataType::Date);
    Ok(match &rule.check {
        Check::Between([least, most]) => value().lt(lit(*least)).or(value().gt(lit(*most))),
        Check::NotBefore(text) => {
            let first = text.parse::<jiff::civil::Date>().ok();
            let epoch = jiff::civil::Date::constant(1970, 1, 1);
            let days = first.and_then(|first| (first - epoch).get_days().into());
            value().lt(day(days.ok_or_else(|| Error::internal("a rule's day was checked"))?))
        }
        Check::NotAfterReferenceDay(true) => value().gt(day(as_of)),
        Check::NotAfterReferenceDay(false) => lit(false),
        Check::AtMost(other) => value().gt(col(other.as_str())),
    })
}

/// `name` where the condition holds, null elsewhere.
pub(super) fn flag(holds: Expr, name: &str) -> Expr {
    when(holds).then(lit(name.to_owned())).otherwise(lit(NULL))
}

/// Null for an empty text.
pub(super) fn none_if_empty(name: &str) -> Expr {
    when(col(name).eq(lit(""))).then(lit(NULL)).otherwise(col(name))
}
