//! Records known to be wrong are left out, changed or flagged, and counted.

use polars::prelude::*;

use crate::definition::correction::{Action, Correction, PRIVATE, Value};
use crate::error::Result;
use crate::vocabulary::codes::SEPARATOR;
use crate::vocabulary::columns::{self, Kind};

/// What corrections did to a frame.
#[derive(Debug)]
pub struct Corrected {
    /// The rows that stay.
    pub rows: DataFrame,
    /// Rows left out, with the name of the correction.
    pub dropped: Vec<(String, DataFrame)>,
    /// Rows that each correction matched, in the order given.
    pub matched: Vec<i64>,
}

/// Applies corrections in order to staged rows. `pseudonym` makes a pseudonym of an
/// identifier of a column.
///
/// # Errors
/// When a frame operation fails.
pub fn correct(
    rows: DataFrame,
    corrections: &[&Correction],
    pseudonym: &dyn Fn(&str, &str) -> String,
) -> Result<Corrected> {
    let mut rows = rows;
    let mut dropped = Vec::new();
    let mut matched = Vec::new();
    for correction in corrections {
        let is_meant = condition(correction, pseudonym).fill_null(lit(false));
        let meant = rows.clone().lazy().filter(is_meant.clone()).collect()?;
        matched.push(i64::try_from(meant.height()).unwrap_or(i64::MAX));
        if meant.height() == 0 {
            continue;
        }
        match correction.action {
            Action::Drop => {
                rows = rows.lazy().filter(is_meant.not()).collect()?;
                dropped.push((correction.name.clone(), meant));
            }
            Action::Override | Action::Flag => {
                let mut changed = vec![flagged(&correction.name, is_meant.clone())];
                for (name, value) in &correction.set {
                    let value = literal(name, value);
                    changed.push(
                        when(is_meant.clone())
                            .then(value)
                            .otherwise(col(name.as_str()))
                            .alias(name.as_str()),
                    );
                }
                rows = rows.lazy().with_columns(changed).collect()?;
            }
        }
    }
    Ok(Corrected { rows, dropped, matched })
}

fn condition(correction: &Correction, pseudonym: &dyn Fn(&str, &str) -> String) -> Expr {
    let mut all = lit(true);
    for (name, values) in &correction.r#where {
        let is_private = PRIVATE.iter().any(|column| column.name == name);
        let any = values.all().iter().map(|value| match value {
            Value::Text(text) if is_private && !is_pseudonym(text) => {
                col(name.as_str()).eq(lit(pseudonym(name, text)))
            }
            Value::Text(text) if text.is_empty() => col(name.as_str()).is_null(),
            value => col(name.as_str()).eq(literal(name, value)),
        });
        let any = any.reduce(Expr::or).unwrap_or_else(|| lit(false));
        all = all.and(any.fill_null(lit(false)));
    }
    if let Some([first, last]) = correction.days {
        let day = |day: jiff::civil::Date| {
            let number = (day - jiff::civil::Date::constant(1970, 1, 1)).get_days();
            lit(number).cast(DataType::Date)
        };
        let date = || col(columns::DATE.name);
        all = all.and(date().gt_eq(day(first))).and(date().lt_eq(day(last)));
    }
    all
}

fn is_pseudonym(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn literal(name: &str, value: &Value) -> Expr {
    let kind = columns::find(name).map_or(Kind::Text, |column| column.kind);
    match (kind, value) {
        (_, Value::Number(number)) => lit(*number),
        (Kind::Count, Value::Text(_)) => lit(NULL).cast(DataType::Int32),
        (Kind::Text, Value::Text(text)) if text.is_empty() => lit(NULL).cast(DataType::String),
        (Kind::Day, Value::Text(day)) => {
            let day: Option<jiff::civil::Date> = day.parse().ok();
            let epoch = jiff::civil::Date::constant(1970, 1, 1);
            lit(day.map_or(0, |day| (day - epoch).get_days())).cast(DataType::Date)
        }
        (Kind::Text | Kind::Sum | Kind::Instant, Value::Text(text)) => lit(text.clone()),
    }
}

/// Adds the name of the correction to the flags.
fn flagged(name: &str, is_meant: Expr) -> Expr {
    let flags = || col(columns::DRAPEAUX.name);
    let added = when(flags().is_null().or(flags().eq(lit(""))))
        .then(lit(name.to_owned()))
        .otherwise(concat_str([flags(), lit(name.to_owned())], SEPARATOR, false));
    when(is_meant).then(added).otherwise(flags()).alias(columns::DRAPEAUX.name)
}
