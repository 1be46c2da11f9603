//! A SELECT that mixes rows, groups and names becomes a refusal.

use sqlparser::ast::{
    Distinct, Expr, GroupByExpr, Ident, OrderBy, OrderByKind, Select, SelectItem, TableFactor,
};

use crate::error::{Error, Result};
use crate::run::query::guard::expressions::{is_of_a_row, refused, short};
use crate::run::query::guard::joins::called;
use crate::run::query::guard::parts::{
    any, column, columns, has_aggregate, has_bare_column, has_window, inner, is_aggregate, number,
    parts,
};
use crate::run::query::guard::windows::item;

/// Refuses a SELECT whose groups would not be those it says.
pub(super) fn check_groups(select: &Select, order: Option<&OrderBy>) -> Result<()> {
    if let Some(condition) = &select.selection {
        is_of_a_row(condition, "WHERE")?;
    }
    let GroupByExpr::Expressions(written, modifiers) = &select.group_by else {
        return no_windows(select);
    };
    if let Some(expr) = written.iter().find(|it| parts(it).is_none()) {
        return Err(refused(expr).hint("ask each grouping by itself, and add them by UNION ALL"));
    }
    if !modifiers.is_empty() {
        return Err(Error::usage("GROUP BY has no WITH"));
    }
    let sorted: Vec<&Expr> = keys_of(order).into_iter().filter(|it| number(it).is_none()).collect();
    let shown: Vec<&Expr> = select.projection.iter().filter_map(item).collect();
    let has_any = shown.iter().chain(&sorted).any(|it| has_aggregate(it));
    if written.is_empty() {
        if select.having.is_some() {
            return Err(Error::usage("HAVING is without GROUP BY")
                .hint("name the aggregate in a WITH … AS, and ask that with WHERE"));
        }
        let has_rows = select.projection.iter().any(|it| item(it).is_none_or(has_bare_column));
        if has_any && (has_rows || shown.iter().any(|it| has_window(it))) {
            return Err(Error::usage("SELECT has an aggregate beside rows, without GROUP BY")
                .hint("GROUP BY the columns, or write the aggregate OVER ()"));
        }
        return Ok(());
    }
    no_windows(select)?;
    let keys: Vec<&Expr> = written.iter().map(|it| meant(it, select)).collect();
    for (key, written) in keys.iter().zip(written) {
        is_of_a_row(key, "GROUP BY")?;
        key_is_first(written, select)?;
    }
    shown.iter().try_for_each(|it| is_of_groups(it, &keys, None))?;
    let mut later = select.having.iter().chain(sorted);
    later.try_for_each(|it| is_of_groups(it, &keys, Some(select)))
}

/// Refuses what goes by a name that two things have.
pub(super) fn check_names(select: &Select, order: Option<&OrderBy>) -> Result<()> {
    let mut grouped: &[Expr] = &[];
    if let GroupByExpr::Expressions(written, _) = &select.group_by {
        grouped = written;
    }
    for expr in grouped.iter().filter(|it| matches!(it, Expr::CompoundIdentifier(_))) {
        name_is_one(expr, select, &|_| false)?;
    }
    for expr in keys_of(order) {
        let is_shown = select.projection.iter().filter_map(item).any(|it| it == expr);
        if is_shown || matches!(expr, Expr::Identifier(_)) {
            continue;
        }
        // After GROUP BY there are only the columns that are shown.
        let is_key = |name: &Ident| {
            !grouped.is_empty() && !grouped.iter().flat_map(columns).any(|(_, key)| same(key, name))
        };
        name_is_one(expr, select, &is_key)?;
    }
    if let Some(expr) = &select.qualify {
        name_is_one(expr, select, &|name| named(select, name).is_some_and(has_window))?;
    }
    match &select.distinct {
        Some(Distinct::On(_)) if order.is_none() => {
            Err(Error::usage("DISTINCT ON without ORDER BY takes any row")
                .hint("say with ORDER BY which row is first"))
        }
        _ => Ok(()),
    }
}

/// What the rows of a question are sorted by.
pub(super) fn keys_of(order: Option<&OrderBy>) -> Vec<&Expr> {
    match order.map(|it| &it.kind) {
        Some(OrderByKind::Expressions(keys)) => keys.iter().map(|key| &key.expr).collect(),
        _ => Vec::new(),
    }
}

fn no_windows(select: &Select) -> Result<()> {
    let shown = select.projection.iter().filter_map(item);
    match shown.chain(&select.qualify).chain(&select.having).find(|it| has_window(it)) {
        Some(expr) => Err(Error::usage(format!("`{}` is a window over groups", short(expr)))
            .hint("name the groups in a WITH … AS first, and ask that for the window")),
        None => Ok(()),
    }
}

fn name_is_one(expr: &Expr, select: &Select, is_shown: &dyn Fn(&Ident) -> bool) -> Result<()> {
    for (table, name) in columns(expr) {
        let other = named(select, name).filter(|it| match (column(it), table) {
            (Some((Some(of), shown)), Some(table)) => of != table || shown != name,
            (Some((_, shown)), _) => shown != name,
            (None, _) => true,
        });
        if other.is_some() && !is_shown(name) {
            return Err(Error::usage(format!("`{name}` in `{}` may be two things", short(expr)))
                .hint("give the column of the answer another name with AS"));
        }
    }
    Ok(())
}

/// The expression that an answer shows under a name.
fn named<'a>(select: &'a Select, name: &Ident) -> Option<&'a Expr> {
    select.projection.iter().find_map(|item| match item {
        SelectItem::ExprWithAlias { expr, alias } if same(alias, name) => Some(expr),
        SelectItem::UnnamedExpr(expr) => {
            column(expr).filter(|(_, shown)| same(shown, name)).map(|_| expr)
        }
        _ => None,
    })
}

fn same(one: &Ident, other: &Ident) -> bool {
    one.value.to_lowercase() == other.value.to_lowercase()
}

/// What a place or a name in GROUP BY stands for.
fn meant<'a>(key: &'a Expr, select: &'a Select) -> &'a Expr {
    let place = number(key).and_then(|it| it.parse::<usize>().ok());
    if let Some(place) = place {
        let shown = place.checked_sub(1).and_then(|place| select.projection.get(place));
        return shown.and_then(item).unwrap_or(key);
    }
    match key {
        // A name of the answer, unless the answer shows a column under its own name.
        Expr::Identifier(name) => named(select, name)
            .filter(|it| !columns(it).iter().any(|(_, column)| same(column, name)))
            .unwrap_or(key),
        _ => inner(key),
    }
}

/// A name without its table is that of the first table: where another is shown, it has to be said.
fn key_is_first(key: &Expr, select: &Select) -> Result<()> {
    let Expr::Identifier(name) = key else { return Ok(()) };
    let first = select.from.first().and_then(|it| called(&it.relation));
    let shown = named(select, name).and_then(column).filter(|(_, shown)| same(shown, name));
    let of = shown.and_then(|(table, _)| table);
    match of.is_some_and(|table| Some(&table.value) != first.as_ref()) {
        true => Err(Error::usage(format!("GROUP BY {name} does not say of which table"))
            .hint("write the table before it, as in SELECT")),
        false => Ok(()),
    }
}

/// Refuses a column that is neither grouped by nor aggregated; HAVING and ORDER BY may name what
/// is shown.
fn is_of_groups(expr: &Expr, keys: &[&Expr], shown: Option<&Select>) -> Result<()> {
    let is_key = |it: &Expr| keys.iter().any(|key| equal(inner(it), key));
    if is_key(expr) || matches!(expr, Expr::Function(function) if is_aggregate(function)) {
        return Ok(());
    }
    if let Some((table, name)) = column(expr) {
        let named = shown.and_then(|select| named(select, name)).filter(|it| *it != expr);
        return match table.is_none() && named.is_some() {
            true => Ok(()),
            false => Err(Error::usage(format!("`{expr}` is neither grouped by nor aggregated"))
                .hint("GROUP BY it, or take its min, max or count")),
        };
    }
    let inside = parts(expr).unwrap_or_default();
    inside.into_iter().try_for_each(|part| is_of_groups(part, keys, shown))
}

/// Whether two expressions are one, where one may leave the table away.
fn equal(one: &Expr, other: &Expr) -> bool {
    match (column(one), column(other)) {
        (Some((of, name)), Some((of_other, other))) => {
            name == other && (of.is_none() || of_other.is_none() || of == of_other)
        }
        _ => one == other,
    }
}

/// Refuses what is reckoned without a table, which polars answers with a row or none at all.
pub(super) fn check_without_tables(select: &Select, is_whole: bool) -> Result<()> {
    if !select.from.is_empty() {
        return Ok(());
    }
    let mut shown = select.projection.iter().filter_map(item);
    let aggregates = shown.any(|it| any(it, &|it| has_aggregate(it) || has_window(it), &|_| true));
    if aggregates || select.selection.is_some() || !is_whole {
        return Err(
            Error::usage("a SELECT without FROM has no rows to ask").hint("say FROM which table")
        );
    }
    Ok(())
}

/// Refuses a table of a kind that is not known.
pub(super) fn check_table(factor: &TableFactor) -> Result<()> {
    let is_known = match factor {
        TableFactor::Table {
            with_hints,
            version,
            with_ordinality,
            partitions,
            json_path,
            sample,
            index_hints,
            ..
        } => {
            with_hints.is_empty()
                && version.is_none()
                && !with_ordinality
                && partitions.is_empty()
                && json_path.is_none()
                && sample.is_none()
                && index_hints.is_empty()
        }
        TableFactor::Derived { lateral, sample, .. } => !lateral && sample.is_none(),
        _ => false,
    };
    match is_known {
        true => Ok(()),
        false => Err(Error::usage(format!("`{factor}` is no table a question knows"))
            .hint("tables have names, such as `clean.activites`, or are a SELECT in brackets")),
    }
}
