//! A question becomes one that polars answers as SQL means it.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use sqlparser::ast::{
    BinaryOperator, CastKind, DataType, Expr, Function, FunctionArg, FunctionArgExpr,
    FunctionArguments, Ident, JoinConstraint, JoinOperator, ObjectName, OrderBy, OrderByExpr,
    OrderByKind, OrderByOptions, Query, Select, SelectItem, SetExpr, Statement, TableFactor,
    UnaryOperator, Value, VisitMut, VisitorMut, WindowType,
};

use crate::run::query::guard::{
    called, conditions, filters_after, inner, is_link, name, number, width,
};

/// Functions that polars reckons in 32 bits or fewer, where no difference is below zero.
const NARROW: [&str; 8] = [
    "char_length",
    "character_length",
    "count",
    "date_part",
    "dense_rank",
    "length",
    "rank",
    "row_number",
];

/// Rewrites a question; whether equal rows have no order yet, as the text does not tell how many
/// columns there are.
pub(super) fn rewrite(statement: &mut Statement) -> bool {
    let mut rewriting = Rewriting;
    let _: ControlFlow<()> = statement.visit(&mut rewriting);
    let Statement::Query(query) = statement else { return false };
    needs_order(query) && width(&query.body).is_none()
}

/// Gives equal rows of an answer an order: that of its columns from the left.
pub(super) fn settle(query: &mut Query, columns: usize) {
    let order = query.order_by.get_or_insert_with(|| OrderBy {
        kind: OrderByKind::Expressions(Vec::new()),
        interpolate: None,
    });
    if let OrderByKind::Expressions(keys) = &mut order.kind {
        let places: BTreeSet<usize> =
            keys.iter().filter_map(|key| number(&key.expr)?.parse().ok()).collect();
        let others = (1..=columns).filter(|place| !places.contains(place));
        keys.extend(others.map(|place| OrderByExpr {
            expr: whole(&place.to_string()),
            options: OrderByOptions { asc: None, nulls_first: None },
            with_fill: None,
        }));
    }
}

/// Whether equal rows could come in another order another day: those of a table come as its files
/// have them.
fn needs_order(query: &Query) -> bool {
    let is_cut = query.limit_clause.is_some() || query.fetch.is_some();
    let is_table = match &*query.body {
        SetExpr::Select(select) => match select.from.as_slice() {
            [one] => {
                let has_rows = |it: &SelectItem| match it {
                    SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => {
                        !matches!(expr, Expr::Function(_))
                    }
                    _ => true,
                };
                one.joins.is_empty()
                    && matches!(one.relation, TableFactor::Table { .. })
                    && select.distinct.is_none()
                    && select.projection.iter().all(has_rows)
                    && query.with.is_none()
                    && matches!(
                        &select.group_by,
                        sqlparser::ast::GroupByExpr::Expressions(keys, _) if keys.is_empty()
                    )
            }
            _ => false,
        },
        _ => false,
    };
    !query.order_by.as_ref().is_some_and(is_by_all)
        && (query.order_by.is_some() || (is_cut && !is_table))
}

/// ORDER BY ALL, which the parser may take for a column.
fn is_by_all(order: &OrderBy) -> bool {
    match &order.kind {
        OrderByKind::All(_) => true,
        OrderByKind::Expressions(keys) => keys.iter().any(|key| match &key.expr {
            Expr::Identifier(name) => {
                name.quote_style.is_none() && name.value.eq_ignore_ascii_case("all")
            }
            _ => false,
        }),
    }
}

struct Rewriting;

impl VisitorMut for Rewriting {
    type Break = ();

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<()> {
        sort_by_shown(query);
        if let Some(order) = &mut query.order_by {
            nothing_last(order);
        }
        if needs_order(query)
            && let Some(columns) = width(&query.body)
        {
            settle(query, columns);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        filter_instead_of_join(select);
        name_items(select);
        ControlFlow::Continue(())
    }

    fn post_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        for item in &mut select.projection {
            if let SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } = item {
                widen(expr);
            }
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        match expr {
            Expr::IsNotTrue(it) => {
                *expr =
                    Expr::IsDistinctFrom(it.clone(), Box::new(Expr::value(Value::Boolean(true))));
            }
            Expr::IsNotFalse(it) => {
                *expr =
                    Expr::IsDistinctFrom(it.clone(), Box::new(Expr::value(Value::Boolean(false))));
            }
            Expr::BinaryOp { left, op, right } if reckons(op) => {
                widen(left);
                widen(right);
            }
            Expr::Case { conditions, else_result, .. } => {
                conditions.iter_mut().for_each(|it| widen(&mut it.result));
                else_result.iter_mut().for_each(|it| widen(it));
            }
            Expr::Extract { .. } | Expr::Position { .. } => *expr = wide(expr.clone()),
            Expr::Cast { data_type, .. } if is_narrow(data_type) => *expr = wide(expr.clone()),
            Expr::Function(function) => {
                of_function(function);
                if narrows(function) {
                    *expr = wide(expr.clone());
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

fn reckons(op: &BinaryOperator) -> bool {
    use BinaryOperator::{Divide, DuckIntegerDivide, Minus, Modulo, Multiply, Plus};
    matches!(op, Divide | DuckIntegerDivide | Minus | Modulo | Multiply | Plus)
}

fn narrows(function: &Function) -> bool {
    let called = name(function);
    called == "strpos" || NARROW.contains(&called.as_str())
}

fn is_narrow(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Int(_) | DataType::Integer(_) | DataType::SmallInt(_) | DataType::TinyInt(_)
    )
}

/// The same with 64 bits.
fn wide(expr: Expr) -> Expr {
    Expr::Cast {
        kind: CastKind::Cast,
        expr: Box::new(expr),
        data_type: DataType::BigInt(None),
        array: false,
        format: None,
    }
}

fn whole(text: &str) -> Expr {
    Expr::value(Value::Number(text.to_owned(), false))
}

/// A whole number that is written out has 64 bits.
fn widen(expr: &mut Expr) {
    let literal = match inner(expr) {
        Expr::UnaryOp { op: UnaryOperator::Minus, expr } => inner(expr),
        other => other,
    };
    if number(literal).is_some_and(|text| text.parse::<i64>().is_ok()) {
        *expr = wide(expr.clone());
    }
}

fn of_function(function: &mut Function) {
    let called = name(function);
    if called == "regexp_matches" {
        function.name = ObjectName::from(Ident::new("regexp_like"));
    }
    let chooses = ["coalesce", "greatest", "if", "ifnull", "least", "nullif"];
    if chooses.contains(&called.as_str())
        && let FunctionArguments::List(list) = &mut function.args
    {
        for argument in &mut list.args {
            if let FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) = argument {
                widen(expr);
            }
        }
    }
    if let Some(WindowType::WindowSpec(spec)) = &mut function.over
        && let [key] = spec.order_by.as_mut_slice()
    {
        let marker = marker(key);
        spec.order_by.insert(0, marker);
    }
}

/// Rows without a value come last unless it is said: polars heeds neither in a window.
fn marker(key: &OrderByExpr) -> OrderByExpr {
    let ascends = key.options.asc != Some(false);
    let is_first = key.options.nulls_first == Some(true);
    let (without, with) = if ascends == is_first { ("0", "1") } else { ("1", "0") };
    let case = sqlparser::ast::CaseWhen {
        condition: Expr::IsNull(Box::new(key.expr.clone())),
        result: whole(without),
    };
    OrderByExpr {
        expr: Expr::Case {
            case_token: sqlparser::ast::helpers::attached_token::AttachedToken::empty(),
            end_token: sqlparser::ast::helpers::attached_token::AttachedToken::empty(),
            operand: None,
            conditions: vec![case],
            else_result: Some(Box::new(whole(with))),
        },
        options: OrderByOptions { asc: key.options.asc, nulls_first: None },
        with_fill: None,
    }
}

/// What is sorted by an expression that is shown is sorted by its place: after GROUP BY there is
/// nothing else.
fn sort_by_shown(query: &mut Query) {
    let SetExpr::Select(select) = &*query.body else { return };
    let Some(OrderBy { kind: OrderByKind::Expressions(keys), .. }) = &mut query.order_by else {
        return;
    };
    if width(&query.body).is_none() {
        return;
    }
    for key in keys.iter_mut().filter(|key| !matches!(key.expr, Expr::Identifier(_))) {
        let place = select.projection.iter().position(|item| match item {
            SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => {
                *expr == key.expr
            }
            _ => false,
        });
        if let Some(place) = place {
            key.expr = whole(&(place + 1).to_string());
        }
    }
}

/// Rows without a value come last unless it is said.
fn nothing_last(order: &mut OrderBy) {
    let last = |options: &mut OrderByOptions| {
        options.nulls_first.get_or_insert(false);
    };
    match &mut order.kind {
        OrderByKind::All(options) => last(options),
        OrderByKind::Expressions(keys) => {
            keys.iter_mut().filter(|key| key.options.asc == Some(false)).for_each(|key| {
                last(&mut key.options);
            });
        }
    }
}

/// A condition of an inner join that links nothing is one of the rows.
fn filter_instead_of_join(select: &mut Select) {
    use JoinOperator::{Inner, Join};
    let mut moved = Vec::new();
    for table in &mut select.from {
        if !filters_after(table) {
            continue;
        }
        let mut known: BTreeSet<String> = called(&table.relation).into_iter().collect();
        for join in &mut table.joins {
            let new = called(&join.relation).unwrap_or_default();
            if let Inner(JoinConstraint::On(on)) | Join(JoinConstraint::On(on)) =
                &mut join.join_operator
            {
                let all = conditions(on);
                let is_linked = |it: &&Expr| is_link(it, &new, &known);
                let (links, others): (Vec<&Expr>, Vec<&Expr>) =
                    all.into_iter().partition(is_linked);
                if !links.is_empty() {
                    moved.extend(others.into_iter().cloned());
                    let linked = links.into_iter().cloned().reduce(both);
                    if let Some(linked) = linked {
                        *on = linked;
                    }
                }
            }
            known.insert(new);
        }
    }
    if !moved.is_empty() {
        let all = select.selection.take().into_iter().chain(moved);
        select.selection = all.map(|it| Expr::Nested(Box::new(it))).reduce(both);
    }
}

fn both(left: Expr, right: Expr) -> Expr {
    Expr::BinaryOp { left: Box::new(left), op: BinaryOperator::And, right: Box::new(right) }
}

/// What has no name gets its text as its name, so that no two columns have one.
fn name_items(select: &mut Select) {
    let names: Vec<Option<String>> = select.projection.iter().map(short_name).collect();
    let is_alone = |name: &str| names.iter().flatten().filter(|it| *it == name).count() < 2;
    for item in &mut select.projection {
        let SelectItem::UnnamedExpr(expr) = item else { continue };
        let text = match &*expr {
            Expr::Identifier(_) => continue,
            Expr::CompoundIdentifier(parts) => {
                if parts.last().is_some_and(|last| is_alone(&last.value)) {
                    continue;
                }
                let parts: Vec<&str> = parts.iter().map(|part| part.value.as_str()).collect();
                parts.join(".")
            }
            other => other.to_string(),
        };
        let alias = Ident::with_quote('"', text.replace('"', "'"));
        *item = SelectItem::ExprWithAlias { expr: expr.clone(), alias };
    }
}

fn short_name(item: &SelectItem) -> Option<String> {
    match item {
        SelectItem::ExprWithAlias { alias, .. } => Some(alias.value.clone()),
        SelectItem::UnnamedExpr(Expr::Identifier(name)) => Some(name.value.clone()),
        SelectItem::UnnamedExpr(Expr::CompoundIdentifier(parts)) => {
            parts.last().map(|part| part.value.clone())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use sqlparser::dialect::GenericDialect;
    use sqlparser::parser::Parser;

    use super::*;

    fn rewritten(sql: &str) -> String {
        let mut statement = Parser::parse_sql(&GenericDialect, sql).unwrap().remove(0);
        rewrite(&mut statement);
        statement.to_string()
    }

    #[test]
    fn whole_numbers_get_64_bits() {
        for (sql, same) in [
            (
                "SELECT count(*) - 1 AS n FROM a",
                "SELECT CAST(count(*) AS BIGINT) - CAST(1 AS BIGINT) AS n FROM a",
            ),
            (
                "SELECT CASE WHEN k THEN 1 ELSE -2 END AS n FROM a WHERE m > 3",
                "SELECT CASE WHEN k THEN CAST(1 AS BIGINT) ELSE CAST(-2 AS BIGINT) END AS n \
                 FROM a WHERE m > 3",
            ),
            (
                "SELECT CAST(n AS INTEGER) AS n FROM a",
                "SELECT CAST(CAST(n AS INTEGER) AS BIGINT) AS n FROM a",
            ),
        ] {
            assert_eq!(rewritten(sql), same);
        }
    }

    #[test]
    fn what_sql_means_is_said() {
        for (sql, same) in [
            (
                "SELECT d FROM a WHERE k IS NOT TRUE",
                "SELECT d FROM a WHERE k IS DISTINCT FROM true",
            ),
            ("SELECT d FROM a ORDER BY d DESC", "SELECT d FROM a ORDER BY d DESC NULLS LAST, 1"),
            ("SELECT d FROM a ORDER BY ALL", "SELECT d FROM a ORDER BY ALL"),
            ("SELECT DISTINCT d FROM a LIMIT 2", "SELECT DISTINCT d FROM a ORDER BY 1 LIMIT 2"),
            (
                "SELECT min(n), max(n) FROM a",
                "SELECT min(n) AS \"min(n)\", max(n) AS \"max(n)\" FROM a",
            ),
            (
                "SELECT a.d, p.d FROM a JOIN p ON a.s = p.s AND p.d = '43' WHERE a.n = 1 OR a.m",
                "SELECT a.d AS \"a.d\", p.d AS \"p.d\" FROM a JOIN p ON a.s = p.s \
                 WHERE (a.n = 1 OR a.m) AND (p.d = '43')",
            ),
            (
                "SELECT d, max(n) AS m FROM a GROUP BY d ORDER BY max(n)",
                "SELECT d, max(n) AS m FROM a GROUP BY d ORDER BY 2, 1",
            ),
            (
                "SELECT lag(n) OVER (ORDER BY d DESC) AS l FROM a",
                "SELECT lag(n) OVER (ORDER BY CASE WHEN d IS NULL THEN 0 ELSE 1 END DESC, d DESC) \
                 AS l FROM a",
            ),
        ] {
            assert_eq!(rewritten(sql), same);
        }
    }
}
