//! An expression becomes its parts, if all that it says has a known answer.

use sqlparser::ast::{
    DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Ident,
    OrderByExpr, Value, WindowSpec, WindowType,
};

/// Aggregates whose answers are known to be right.
const AGGREGATES: [&str; 17] = [
    "avg",
    "corr",
    "count",
    "covar_pop",
    "covar_samp",
    "first",
    "last",
    "max",
    "median",
    "min",
    "quantile_cont",
    "quantile_disc",
    "stddev",
    "stddev_samp",
    "sum",
    "var_samp",
    "variance",
];

/// The name of a function as it is compared.
pub(in crate::run::query) fn name(function: &Function) -> String {
    function.name.to_string().to_lowercase()
}

/// Whether a function makes one value of many rows.
pub(super) fn is_aggregate(function: &Function) -> bool {
    function.over.is_none() && AGGREGATES.contains(&name(function).as_str())
}

/// What a function is given, but for `*`.
pub(super) fn arguments(function: &Function) -> Vec<&Expr> {
    let FunctionArguments::List(list) = &function.args else { return Vec::new() };
    let plain = list.args.iter().filter_map(|argument| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
        _ => None,
    });
    plain.collect()
}

/// Whether a function counts what is distinct.
pub(super) fn is_distinct(function: &Function) -> bool {
    let FunctionArguments::List(list) = &function.args else { return false };
    list.duplicate_treatment == Some(DuplicateTreatment::Distinct)
}

/// The window of a function, if it is written where it is used.
pub(super) fn window(function: &Function) -> Option<&WindowSpec> {
    match &function.over {
        Some(WindowType::WindowSpec(spec)) => Some(spec),
        _ => None,
    }
}

/// The parts of an expression, but for those of a question inside of it; nothing if it is of a
/// kind that is not known to be answered right.
pub(super) fn parts(expr: &Expr) -> Option<Vec<&Expr>> {
    Some(match expr {
        Expr::Identifier(_) | Expr::Value(_) | Expr::TypedString(_) | Expr::Interval(_) => {
            Vec::new()
        }
        Expr::CompoundIdentifier(names) => (names.len() == 2).then(Vec::new)?,
        Expr::IsFalse(it)
        | Expr::IsNotFalse(it)
        | Expr::IsTrue(it)
        | Expr::IsNotTrue(it)
        | Expr::IsNull(it)
        | Expr::IsNotNull(it)
        | Expr::Nested(it)
        | Expr::UnaryOp { expr: it, .. }
        | Expr::Cast { expr: it, array: false, format: None, .. }
        | Expr::Extract { expr: it, .. }
        | Expr::Ceil { expr: it, .. }
        | Expr::Floor { expr: it, .. } => vec![it],
        Expr::IsDistinctFrom(left, right)
        | Expr::IsNotDistinctFrom(left, right)
        | Expr::BinaryOp { left, right, .. }
        | Expr::Position { expr: left, r#in: right } => vec![left, right],
        Expr::Like { any: false, expr, pattern, escape_char: None, .. }
        | Expr::ILike { any: false, expr, pattern, escape_char: None, .. } => vec![expr, pattern],
        Expr::InList { expr, list, .. } => std::iter::once(&**expr).chain(list).collect(),
        Expr::InSubquery { expr, .. } => vec![expr],
        Expr::Exists { .. } => Vec::new(),
        Expr::Between { expr, low, high, .. } => vec![expr, low, high],
        Expr::Substring { expr, substring_from, substring_for, .. } => {
            let others = [substring_from, substring_for].into_iter().flatten();
            std::iter::once(expr).chain(others).map(|it| &**it).collect()
        }
        Expr::Trim { trim_what, expr, trim_characters: None, .. } => {
            std::iter::once(expr).chain(trim_what).map(|it| &**it).collect()
        }
        Expr::Case { operand, conditions, else_result, .. } => {
            let both = conditions.iter().flat_map(|it| [&it.condition, &it.result]);
            let ends = [operand, else_result].into_iter().flatten().map(|it| &**it);
            both.chain(ends).collect()
        }
        Expr::Function(function) => of_function(function)?,
        _ => return None,
    })
}

/// All that a function is told: what it is given, its condition and its window.
fn of_function(function: &Function) -> Option<Vec<&Expr>> {
    let FunctionArguments::List(list) = &function.args else { return None };
    let stars = list
        .args
        .iter()
        .filter(|argument| matches!(argument, FunctionArg::Unnamed(FunctionArgExpr::Wildcard)));
    let given = arguments(function);
    let is_plain = given.len() + stars.count() == list.args.len() && list.clauses.is_empty();
    let is_known = is_plain
        && !function.uses_odbc_syntax
        && function.null_treatment.is_none()
        && matches!(function.parameters, FunctionArguments::None);
    is_known.then_some(())?;
    let mut all = given;
    all.extend(function.filter.as_deref());
    if let Some(window) = window(function) {
        all.extend(&window.partition_by);
        all.extend(window.order_by.iter().map(|key: &OrderByExpr| &key.expr));
    }
    Some(all)
}

/// Whether an expression, or a part of it, is as asked. `enters` says of which its parts count.
pub(super) fn any(expr: &Expr, is: &dyn Fn(&Expr) -> bool, enters: &dyn Fn(&Expr) -> bool) -> bool {
    let inside = || parts(expr).unwrap_or_default();
    is(expr) || (enters(expr) && inside().into_iter().any(|part| any(part, is, enters)))
}

/// Whether there is an aggregate in it, outside of a window.
pub(super) fn has_aggregate(expr: &Expr) -> bool {
    any(expr, &|it| matches!(it, Expr::Function(function) if is_aggregate(function)), &|it| {
        !is_window(it)
    })
}

/// Whether there is a window in it.
pub(super) fn has_window(expr: &Expr) -> bool {
    any(expr, &is_window, &|_| true)
}

/// Whether it is a function over a window.
pub(super) fn is_window(expr: &Expr) -> bool {
    matches!(expr, Expr::Function(function) if function.over.is_some())
}

/// Whether there is a column in it.
pub(super) fn has_column(expr: &Expr) -> bool {
    any(expr, &|it| column(it).is_some(), &|_| true)
}

/// Whether there is a column in it that is neither aggregated nor in a window.
pub(super) fn has_bare_column(expr: &Expr) -> bool {
    let enters = |it: &Expr| match it {
        Expr::Function(function) => !is_aggregate(function) && function.over.is_none(),
        _ => true,
    };
    any(expr, &|it| column(it).is_some(), &enters)
}

/// The columns in it: of which table, if that is said, and their names.
pub(super) fn columns(expr: &Expr) -> Vec<(Option<&Ident>, &Ident)> {
    match column(expr) {
        Some(found) => vec![found],
        None => parts(expr).unwrap_or_default().into_iter().flat_map(columns).collect(),
    }
}

/// A column: of which table, if that is said, and its name.
pub(super) fn column(expr: &Expr) -> Option<(Option<&Ident>, &Ident)> {
    match expr {
        Expr::Identifier(name) => Some((None, name)),
        Expr::CompoundIdentifier(names) => match names.as_slice() {
            [table, name] => Some((Some(table), name)),
            _ => None,
        },
        _ => None,
    }
}

/// The expression in brackets.
pub(in crate::run::query) fn inner(expr: &Expr) -> &Expr {
    match expr {
        Expr::Nested(it) => inner(it),
        _ => expr,
    }
}

/// A whole number as it is written, such as a place in ORDER BY.
pub(in crate::run::query) fn number(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Value(value) => match &value.value {
            Value::Number(text, false) => Some(text),
            _ => None,
        },
        _ => None,
    }
}
