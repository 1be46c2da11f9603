//! An expression whose answer is not known to be right becomes a refusal.

use sqlparser::ast::{
    BinaryOperator, CastKind, DataType, Expr, Function, GroupByExpr, Query, SelectItem, SetExpr,
    UnaryOperator, Value, WindowType,
};

use crate::error::{Error, Result};
use crate::run::query::guard::parts::{
    any, arguments, column, has_aggregate, has_column, has_window, inner, is_aggregate,
    is_distinct, name, number, parts, window,
};
use crate::vocabulary::columns;

/// Functions of one row whose answers are known to be right.
const OF_A_ROW: [&str; 44] = [
    "abs",
    "ceil",
    "ceiling",
    "char_length",
    "character_length",
    "coalesce",
    "concat",
    "concat_ws",
    "date_part",
    "ends_with",
    "exp",
    "floor",
    "greatest",
    "if",
    "ifnull",
    "least",
    "left",
    "length",
    "ln",
    "log10",
    "log2",
    "lower",
    "lpad",
    "ltrim",
    "mod",
    "nullif",
    "pow",
    "power",
    "regexp_matches",
    "replace",
    "reverse",
    "right",
    "round",
    "rpad",
    "rtrim",
    "sign",
    "split_part",
    "sqrt",
    "starts_with",
    "strftime",
    "strpos",
    "substr",
    "trunc",
    "upper",
];

/// Functions of a window alone.
const OF_A_WINDOW: [&str; 7] =
    ["dense_rank", "first_value", "lag", "last_value", "lead", "rank", "row_number"];

/// Columns that hold 64 bits of a hash: they are counted and compared, and have no sum.
const HASHES: [&str; 1] = [columns::EMPREINTE.name];

/// Refuses an expression that would be answered wrongly, wherever it stands.
pub(super) fn check(expr: &Expr) -> Result<()> {
    match expr {
        Expr::Subquery(_) => {
            return Err(Error::usage(format!("`({})` is a question for one value", short(expr)))
                .hint("name it in a WITH … AS, and add it to FROM with CROSS JOIN"));
        }
        Expr::Exists { subquery, .. } if !is_simple(subquery) => {
            return Err(Error::usage("EXISTS asks for more than rows of one table")
                .hint("ask `column IN (SELECT …)`, or name the question in a WITH … AS"));
        }
        Expr::RLike { .. } => {
            return Err(refused(expr).hint("ask `regexp_matches(text, 'pattern')`"));
        }
        Expr::Like { .. } | Expr::ILike { .. } if parts(expr).is_none() => {
            return Err(refused(expr).hint("ask `regexp_matches(text, 'pattern')`"));
        }
        Expr::Function(function) => function_is_known(function)?,
        Expr::Value(value) => value_is_known(&value.value)?,
        Expr::UnaryOp { op, .. } => match op {
            UnaryOperator::Minus | UnaryOperator::Plus | UnaryOperator::Not => {}
            _ => return Err(refused(expr)),
        },
        Expr::BinaryOp { left, op, right } => operation_is_known(expr, left, op, right)?,
        Expr::Cast { kind, data_type, .. } => cast_is_known(expr, kind, data_type)?,
        Expr::Extract { field, .. } => field_is_known(&field.to_string())?,
        Expr::Interval(interval) => {
            let text = interval.value.to_string();
            let is_long = text.split(|it: char| !it.is_ascii_digit()).any(|run| run.len() > 4);
            if is_long {
                return Err(refused(expr).hint("days end in the year 9999"));
            }
        }
        Expr::Substring { substring_from: Some(from), .. } => not_from_the_end(expr, from)?,
        _ => {}
    }
    let inside = parts(expr).ok_or_else(|| refused(expr))?;
    inside.into_iter().try_for_each(check)
}

/// Refuses an aggregate or a window where rows are still to be chosen.
pub(super) fn is_of_a_row(expr: &Expr, place: &str) -> Result<()> {
    if has_window(expr) {
        return Err(Error::usage(format!("{place} has a window: `{}`", short(expr)))
            .hint("name the window in a WITH … AS first, and ask that"));
    }
    match has_aggregate(expr) {
        true => Err(Error::usage(format!("{place} has an aggregate: `{}`", short(expr)))
            .hint("HAVING is for aggregates; or name it in a WITH … AS, and CROSS JOIN that")),
        false => Ok(()),
    }
}

/// Whether a question is after rows of one table that fulfil a condition.
fn is_simple(query: &Query) -> bool {
    let SetExpr::Select(select) = &*query.body else { return false };
    let [table] = select.from.as_slice() else { return false };
    let of_rows = |it: &SelectItem| match it {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => {
            !has_aggregate(expr) && !has_window(expr)
        }
        _ => true,
    };
    let is_grouped =
        !matches!(&select.group_by, GroupByExpr::Expressions(keys, _) if keys.is_empty());
    table.joins.is_empty()
        && !is_grouped
        && select.having.is_none()
        && select.qualify.is_none()
        && select.distinct.is_none()
        && query.limit_clause.is_none()
        && query.fetch.is_none()
        && select.projection.iter().all(of_rows)
}

/// What is not known to be answered right.
pub(super) fn refused(expr: &Expr) -> Error {
    Error::usage(format!("`{}` is not known to be answered right", short(expr)))
        .hint("docs/questions.md says what a question may ask")
}

/// An expression as a message shows it.
pub(super) fn short(expr: &Expr) -> String {
    let text = match expr {
        Expr::Subquery(query) => query.to_string(),
        _ => expr.to_string(),
    };
    match text.char_indices().nth(80) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

fn function_is_known(function: &Function) -> Result<()> {
    let called = name(function);
    let expr = Expr::Function(function.clone());
    let is_of_many = is_aggregate(function);
    let is_windowed = function.over.is_some();
    let named = matches!(function.over, Some(WindowType::NamedWindow(_)));
    if named || window(function).is_some_and(|it| it.window_name.is_some()) {
        return Err(refused(&expr).hint("write the window after OVER itself"));
    }
    let plain = Function { over: None, ..function.clone() };
    if !is_aggregate(&plain) && is_windowed != OF_A_WINDOW.contains(&called.as_str()) {
        return Err(refused(&expr));
    }
    if !is_aggregate(&plain) && !is_windowed && !OF_A_ROW.contains(&called.as_str()) {
        let error = Error::usage(format!("function `{called}` is not known to be answered right"));
        return Err(match called.as_str() {
            "regexp_like" => error.hint("ask `regexp_matches(text, 'pattern')`"),
            "date_trunc" => error.hint("ask `extract(year FROM day)`, or `left(mois, 4)`"),
            _ => error.hint("docs/questions.md lists the functions that are"),
        });
    }
    let given = arguments(function);
    let mut inside = given.iter().copied().chain(function.filter.as_deref());
    if is_of_many && inside.any(|it| has_aggregate(it) || has_window(it)) {
        return Err(Error::usage(format!("`{}` has an aggregate in an aggregate", short(&expr)))
            .hint("name the inner one in a WITH … AS first, and ask that"));
    }
    if is_aggregate(&plain) {
        of_many_rows(&called, &expr, &given)?;
    }
    if is_distinct(function) && (called != "count" || given.len() != 1) {
        return Err(refused(&expr).hint("only `count(DISTINCT column)` is"));
    }
    if function.filter.is_some() && !is_of_many {
        return Err(refused(&expr).hint("put the condition into a CASE"));
    }
    match (called.as_str(), given.as_slice()) {
        ("date_part", [Expr::Value(field), _]) => {
            field_is_known(field.value.clone().into_string().unwrap_or_default().as_str())
        }
        ("substr", [_, from, ..]) => not_from_the_end(&expr, from),
        ("mod", [_, by]) if number(inner(by)) == Some("0") => Err(divides_by_zero(&expr)),
        _ => Ok(()),
    }
}

/// An aggregate of what is the same in each row would be reckoned of one row.
fn of_many_rows(called: &str, expr: &Expr, given: &[&Expr]) -> Result<()> {
    let counts = |it: &&Expr| matches!(it, Expr::Value(it) if it.value != Value::Null);
    match given {
        [] if called == "count" => Ok(()),
        [one] if called == "count" && counts(one) => Ok(()),
        [one, ..] if has_column(one) => match one_is_hash(one) && called == "sum" {
            true => Err(no_arithmetic(expr)),
            false => Ok(()),
        },
        _ => Err(Error::usage(format!("`{}` aggregates no column", short(expr)))
            .hint("count(*) counts rows: multiply that")),
    }
}

fn value_is_known(value: &Value) -> Result<()> {
    let is_known = match value {
        Value::Number(text, false) => match text.parse::<i64>() {
            Ok(_) => true,
            Err(_) => text.contains('.') && text.parse::<f64>().is_ok_and(f64::is_finite),
        },
        Value::SingleQuotedString(_) | Value::Boolean(_) | Value::Null => true,
        _ => false,
    };
    match is_known {
        true => Ok(()),
        false => Err(Error::usage(format!("`{value}` is no value a question knows"))
            .hint("whole numbers have 64 bits, others a decimal point, texts single quotes")),
    }
}

fn operation_is_known(expr: &Expr, left: &Expr, op: &BinaryOperator, right: &Expr) -> Result<()> {
    use BinaryOperator::{
        And, Divide, DuckIntegerDivide, Eq, Gt, GtEq, Lt, LtEq, Minus, Modulo, Multiply, NotEq, Or,
        PGRegexMatch, PGRegexNotMatch, Plus, StringConcat,
    };
    let is_long = |it: &Expr| number(inner(it)).is_some_and(|text| text.len() > 15);
    match op {
        And | Or | StringConcat | Divide | PGRegexMatch | PGRegexNotMatch => Ok(()),
        Plus | Minus | Multiply => match [left, right] {
            sides if sides.into_iter().any(one_is_hash) => Err(no_arithmetic(expr)),
            sides if sides.into_iter().any(is_long) => Err(refused(expr).hint("64 bits are left")),
            _ => Ok(()),
        },
        DuckIntegerDivide | Modulo => match number(inner(right)) == Some("0") {
            true => Err(divides_by_zero(expr)),
            false => Ok(()),
        },
        Eq | NotEq | Lt | LtEq | Gt | GtEq => {
            let compares = |it: &Expr| match it {
                Expr::BinaryOp { op, .. } => {
                    matches!(op, Eq | NotEq | Lt | LtEq | Gt | GtEq)
                }
                _ => false,
            };
            match compares(left) || compares(right) {
                true => Err(refused(expr).hint("say with brackets what is compared first")),
                false => Ok(()),
            }
        }
        _ => Err(refused(expr)),
    }
}

fn cast_is_known(expr: &Expr, kind: &CastKind, data_type: &DataType) -> Result<()> {
    let of_kind = matches!(kind, CastKind::Cast | CastKind::TryCast | CastKind::DoubleColon);
    let of_type = matches!(
        data_type.to_string().to_uppercase().as_str(),
        "BIGINT"
            | "BOOLEAN"
            | "DATE"
            | "DOUBLE"
            | "INT"
            | "INTEGER"
            | "SMALLINT"
            | "TEXT"
            | "TIMESTAMP"
            | "TINYINT"
            | "VARCHAR"
    );
    match of_kind && of_type {
        true => Ok(()),
        false => Err(refused(expr).hint("CAST to BIGINT, DOUBLE, VARCHAR, DATE or BOOLEAN")),
    }
}

fn field_is_known(field: &str) -> Result<()> {
    let known = [
        "century", "day", "decade", "dow", "doy", "isodow", "isoyear", "month", "quarter", "week",
        "year",
    ];
    match known.contains(&field.to_lowercase().as_str()) {
        true => Ok(()),
        false => Err(Error::usage(format!("days have no `{field}` that is known to be right"))
            .hint(format!("they have {}", known.join(", ")))),
    }
}

fn not_from_the_end(expr: &Expr, from: &Expr) -> Result<()> {
    match inner(from) {
        Expr::UnaryOp { op: UnaryOperator::Minus, .. } => {
            Err(refused(expr).hint("`right(text, n)` takes from the end"))
        }
        _ => Ok(()),
    }
}

fn one_is_hash(expr: &Expr) -> bool {
    let is_hash =
        |it: &Expr| column(it).is_some_and(|(_, name)| HASHES.contains(&name.value.as_str()));
    // What is reckoned inside is told by itself.
    let is_told =
        |it: &Expr| matches!(it, Expr::Cast { .. } | Expr::Function(_) | Expr::BinaryOp { .. });
    any(expr, &is_hash, &|it| !is_told(it))
}

fn no_arithmetic(expr: &Expr) -> Error {
    Error::usage(format!("`{}` reckons with a hash, and leaves 64 bits", short(expr)))
        .hint("a hash is counted and compared, or CAST to DOUBLE")
}

fn divides_by_zero(expr: &Expr) -> Error {
    Error::usage(format!("`{}` divides by zero", short(expr)))
}
