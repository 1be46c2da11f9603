//! Expressions of frames, written as SQL.

use jiff::Span;
use jiff::civil::Date;
use polars::prelude::*;

use crate::error::{Error, Result};

/// The name of a column.
pub(super) fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// A text.
pub(super) fn text(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// An expression, as SQL has it.
pub(super) fn words(expression: &Expr) -> Result<String> {
    let all = |inputs: &[Expr]| inputs.iter().map(words).collect::<Result<Vec<String>>>();
    let unknown = || Error::internal(format!("`{expression}` has no words in SQL"));
    Ok(match expression {
        Expr::Alias(inner, _) => words(inner)?,
        Expr::Column(name) => quoted(name),
        Expr::Literal(value) => literal(value).ok_or_else(unknown)?,
        Expr::BinaryExpr { left, op, right } => {
            let op = operator(*op).ok_or_else(unknown)?;
            format!("({} {op} {})", words(left)?, words(right)?)
        }
        Expr::Ternary { predicate, truthy, falsy } => {
            let (holds, then, otherwise) = (words(predicate)?, words(truthy)?, words(falsy)?);
            format!("CASE WHEN {holds} THEN {then} ELSE {otherwise} END")
        }
        Expr::Cast { expr, dtype: DataTypeExpr::Literal(kind), .. } => cast(expr, kind)?,
        Expr::Function { input, function } => {
            let inputs = all(input)?;
            match (function, inputs.as_slice()) {
                (FunctionExpr::FillNull, _) => format!("COALESCE({})", inputs.join(", ")),
                (FunctionExpr::Boolean(BooleanFunction::IsNull), [one]) => {
                    format!("({one} IS NULL)")
                }
                (FunctionExpr::Boolean(BooleanFunction::IsNotNull), [one]) => {
                    format!("({one} IS NOT NULL)")
                }
                (
                    FunctionExpr::StringExpr(StringFunction::ConcatHorizontal {
                        delimiter,
                        ignore_nulls: true,
                    }),
                    _,
                ) => format!("CONCAT_WS({}, {})", text(delimiter), inputs.join(", ")),
                (FunctionExpr::TemporalExpr(TemporalFunction::ToString(form)), [one])
                    if form == "%Y-%m" =>
                {
                    format!("SUBSTR(CAST({one} AS STRING), 1, 7)")
                }
                _ => return Err(unknown()),
            }
        }
        _ => return Err(unknown()),
    })
}

fn operator(op: Operator) -> Option<&'static str> {
    Some(match op {
        Operator::Eq => "=",
        Operator::NotEq => "<>",
        Operator::Lt => "<",
        Operator::LtEq => "<=",
        Operator::Gt => ">",
        Operator::GtEq => ">=",
        Operator::Plus => "+",
        Operator::Minus => "-",
        Operator::And | Operator::LogicalAnd => "AND",
        Operator::Or | Operator::LogicalOr => "OR",
        _ => return None,
    })
}

fn literal(value: &LiteralValue) -> Option<String> {
    match value.to_any_value()? {
        AnyValue::Null => Some("NULL".to_owned()),
        AnyValue::Boolean(holds) => Some(holds.to_string().to_uppercase()),
        AnyValue::String(found) => Some(text(found)),
        AnyValue::StringOwned(found) => Some(text(&found)),
        other => {
            other.is_integer().then(|| other.extract::<i64>()).flatten().map(|n| n.to_string())
        }
    }
}

fn cast(expression: &Expr, kind: &DataType) -> Result<String> {
    let days = match expression {
        Expr::Literal(value) => value.to_any_value().and_then(|value| value.extract::<i32>()),
        _ => None,
    };
    if let (DataType::Date, Some(days)) = (kind, days) {
        return day(days);
    }
    let name = match kind {
        DataType::String => "STRING",
        DataType::Int32 => "INT",
        DataType::Int64 => "BIGINT",
        other => return Err(Error::internal(format!("a cast to {other} has no words in SQL"))),
    };
    Ok(format!("CAST({} AS {name})", words(expression)?))
}

/// A day since 1970.
fn day(days: i32) -> Result<String> {
    let day = Date::constant(1970, 1, 1).checked_add(Span::new().days(days));
    let day = day.map_err(|error| Error::internal("a day of a rule is a day").because(error))?;
    Ok(format!("DATE '{day}'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_of_frames_have_words() {
        let flag = when(col("âge").lt(lit(0)).or(col("b").is_null()))
            .then(lit("l'\\"))
            .otherwise(lit(NULL));
        let after = lit(18_687).cast(DataType::Date);
        for (expression, expected) in [
            (flag, r"CASE WHEN ((`âge` < 0) OR (`b` IS NULL)) THEN 'l\'\\' ELSE NULL END"),
            (col("date").gt_eq(after), "(`date` >= DATE '2021-03-01')"),
            (col("date").dt().to_string("%Y-%m"), "SUBSTR(CAST(`date` AS STRING), 1, 7)"),
            ((col("a") - col("b")).alias("c"), "(`a` - `b`)"),
            (col("a").fill_null(lit("")), "COALESCE(`a`, '')"),
            (col("a").cast(DataType::Int32), "CAST(`a` AS INT)"),
            (col("a").neq(lit(true)), "(`a` <> TRUE)"),
            (
                concat_str([col("a"), lit(NULL).cast(DataType::String)], "|", true),
                "CONCAT_WS('|', `a`, CAST(NULL AS STRING))",
            ),
        ] {
            assert_eq!(words(&expression).unwrap(), expected);
        }
    }

    #[test]
    fn what_has_no_words_is_an_error() {
        // Nothing that a text would join is left out here, as `CONCAT_WS` does.
        let strict = concat_str([col("a")], "|", false);
        for expression in [strict, col("a").sum(), lit(1.5), col("d").dt().to_string("%Y")] {
            assert!(words(&expression).is_err(), "{expression}");
        }
    }
}
