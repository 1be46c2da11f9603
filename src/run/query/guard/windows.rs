//! A window that would be reckoned over other rows than it says becomes a refusal.

use std::collections::BTreeSet;

use sqlparser::ast::{Expr, Function, OrderByExpr, Select, SelectItem, WindowSpec};

use crate::error::{Error, Result};
use crate::run::query::guard::expressions::{is_of_a_row, short};
use crate::run::query::guard::parts::{
    any, column, has_aggregate, has_bare_column, is_distinct, is_window, name, parts, window,
};

/// Refuses the windows of a SELECT that would be answered wrongly; `unique` are columns that no
/// two of its rows share.
pub(super) fn check_windows(select: &Select, unique: Option<&BTreeSet<String>>) -> Result<()> {
    let shown = select.projection.iter().filter_map(item);
    let all: Vec<&Expr> = shown.chain(&select.qualify).collect();
    let mut found = Vec::new();
    all.iter().for_each(|expr| collect(expr, &mut found));
    for (expr, function, spec) in &found {
        check_window(expr, function, spec, unique)?;
    }
    // Polars takes a function OVER () for an aggregate: alone it would be one row.
    let is_whole = |(_, _, spec): &(_, _, &WindowSpec)| {
        spec.partition_by.is_empty() && spec.order_by.is_empty()
    };
    let has_rows = select.projection.iter().any(|it| item(it).is_none_or(has_bare_column));
    if found.iter().any(is_whole) && found.iter().all(is_whole) && !has_rows {
        return Err(Error::usage("a question with OVER () alone has no rows of its own")
            .hint("leave OVER () away, or ask for a column as well"));
    }
    Ok(())
}

/// The expression of an item, if it has one.
pub(super) fn item(item: &SelectItem) -> Option<&Expr> {
    match item {
        SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => Some(expr),
        _ => None,
    }
}

fn collect<'a>(expr: &'a Expr, found: &mut Vec<(&'a Expr, &'a Function, &'a WindowSpec)>) {
    if let Expr::Function(function) = expr
        && let Some(spec) = window(function)
    {
        found.push((expr, function, spec));
    }
    parts(expr).unwrap_or_default().into_iter().for_each(|part| collect(part, found));
}

fn check_window(
    expr: &Expr,
    function: &Function,
    spec: &WindowSpec,
    unique: Option<&BTreeSet<String>>,
) -> Result<()> {
    let inside = parts(expr).unwrap_or_default();
    if inside.into_iter().any(|it| has_aggregate(it) || any(it, &is_window, &|_| true)) {
        return Err(Error::usage(format!("`{}` has an aggregate in a window", short(expr)))
            .hint("name the aggregate in a WITH … AS first, and ask that for the window"));
    }
    if function.filter.is_some() {
        return Err(Error::usage(format!("`{}` has a condition in a window", short(expr)))
            .hint("put the condition into a CASE"));
    }
    spec.partition_by.iter().try_for_each(|it| is_of_a_row(it, "PARTITION BY"))?;
    if spec.order_by.is_empty() {
        return Ok(());
    }
    let called = name(function);
    let runs = ["count", "last_value", "max", "min", "sum"].contains(&called.as_str());
    let places = ["dense_rank", "first_value", "lag", "lead", "rank", "row_number"];
    if is_distinct(function) || !(runs || places.contains(&called.as_str())) {
        return Err(Error::usage(format!("`{}` would not heed its ORDER BY", short(expr)))
            .hint("leave it away, or join the rows before each row"));
    }
    keys_are_known(expr, spec)?;
    if called.ends_with("rank") && spec.order_by.len() > 1 {
        return Err(Error::usage(format!("`{}` ranks by more than one value", short(expr)))
            .hint("rank by one value, or number with row_number()"));
    }
    match runs && spec.window_frame.is_none() && !is_unique(spec, unique) {
        true => Err(Error::usage(format!("`{}` counts equal rows one by one", short(expr))).hint(
            "GROUP BY what it is ordered by in a WITH … AS first, and ask that; or say \
                 ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW",
        )),
        false => Ok(()),
    }
}

/// With one value to order by, rows without it are put where they belong; with more they come where
/// polars has them, and the question has to say so.
fn keys_are_known(expr: &Expr, spec: &WindowSpec) -> Result<()> {
    let descends = |key: &OrderByExpr| key.options.asc == Some(false);
    let natural = |key: &OrderByExpr| key.options.nulls_first.unwrap_or(false) != descends(key);
    match spec.order_by.len() == 1 || spec.order_by.iter().all(natural) {
        true => Ok(()),
        false => Err(Error::usage(format!("`{}` is ordered by more than one value", short(expr)))
            .hint("say where rows without a value come: a NULLS FIRST, b NULLS FIRST")),
    }
}

/// Whether no two rows of a part of the window are equal.
fn is_unique(spec: &WindowSpec, unique: Option<&BTreeSet<String>>) -> bool {
    let keys = spec.order_by.iter().map(|key| &key.expr).chain(&spec.partition_by);
    let names: BTreeSet<&str> =
        keys.filter_map(column).map(|(_, name)| name.value.as_str()).collect();
    unique.is_some_and(|unique| unique.iter().all(|name| names.contains(name.as_str())))
}
