//! A join that would link other rows than it says becomes a refusal.

use std::collections::BTreeSet;

use sqlparser::ast::{
    BinaryOperator, Expr, JoinConstraint, JoinOperator, Select, SelectItem, TableFactor,
    TableWithJoins,
};

use crate::error::{Error, Result};
use crate::run::query::guard::expressions::{check, is_of_a_row, short};
use crate::run::query::guard::parts::{columns, inner};

/// Refuses the joins of a SELECT that would be answered wrongly.
pub(super) fn check_joins(select: &Select) -> Result<()> {
    let mut known = BTreeSet::new();
    for table in &select.from {
        add(&table.relation, &mut known)?;
        let mut of_table: BTreeSet<String> = called(&table.relation).into_iter().collect();
        for join in &table.joins {
            add(&join.relation, &mut known)?;
            let new = called(&join.relation).unwrap_or_default();
            match links(&join.join_operator)? {
                Links::On(expr, kind) => {
                    check(expr)?;
                    is_of_a_row(expr, "ON")?;
                    let all = conditions(expr);
                    let is_linked = all.iter().any(|it| is_link(it, &new, &of_table));
                    let moves = is_linked && kind == Kind::Inner && filters_after(table);
                    for condition in all {
                        check_condition(condition, (&new, &of_table), kind, moves)?;
                    }
                }
                Links::Names => check_star(select)?,
                Links::All => {}
            }
            of_table.insert(new);
        }
    }
    Ok(())
}

/// What a join is by.
enum Links<'a> {
    On(&'a Expr, Kind),
    Names,
    All,
}

/// Which rows a join keeps.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Inner,
    Other,
}

fn links(operator: &JoinOperator) -> Result<Links<'_>> {
    use JoinOperator::{
        Anti, CrossJoin, FullOuter, Inner, Join, Left, LeftOuter, Right, RightOuter, Semi,
    };
    let (constraint, kind) = match operator {
        CrossJoin(JoinConstraint::None) => return Ok(Links::All),
        Join(it) | Inner(it) => (it, Kind::Inner),
        Left(it) | LeftOuter(it) | Semi(it) | Anti(it) => (it, Kind::Other),
        Right(it) | RightOuter(it) | FullOuter(it) => match it {
            JoinConstraint::On(_) => (it, Kind::Other),
            _ => {
                return Err(Error::usage("a RIGHT or FULL JOIN by name has the names of one side")
                    .hint("join ON a.c = b.c, and ask coalesce(a.c, b.c)"));
            }
        },
        _ => {
            return Err(Error::usage("this kind of JOIN is not known to be answered right")
                .hint("there are JOIN, LEFT, RIGHT, FULL, CROSS, SEMI and ANTI JOIN"));
        }
    };
    match constraint {
        JoinConstraint::On(expr) => Ok(Links::On(expr, kind)),
        JoinConstraint::Using(_) | JoinConstraint::Natural => Ok(Links::Names),
        JoinConstraint::None => {
            Err(Error::usage("a JOIN has ON or USING")
                .hint("a CROSS JOIN links each row with each"))
        }
    }
}

/// Conditions that are all to be fulfilled.
pub(in crate::run::query) fn conditions(expr: &Expr) -> Vec<&Expr> {
    match inner(expr) {
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
            let mut all = conditions(left);
            all.extend(conditions(right));
            all
        }
        other => vec![other],
    }
}

/// Whether a condition says that something of one side equals something of the other.
pub(in crate::run::query) fn is_link(expr: &Expr, new: &str, known: &BTreeSet<String>) -> bool {
    let Expr::BinaryOp { left, op: BinaryOperator::Eq, right } = expr else { return false };
    let side = |it: &Expr| {
        let columns = columns(it);
        let tables = || columns.iter().map(|(table, _)| table.map(|it| it.value.as_str()));
        let of_new = tables().all(|table| table == Some(new));
        let of_known = tables().all(|table| table.is_some_and(|it| known.contains(it)));
        (!columns.is_empty() && of_new, !columns.is_empty() && of_known)
    };
    matches!((side(left), side(right)), ((true, _), (_, true)) | ((_, true), (true, _)))
}

/// Whether a condition on rows may wait until all tables are joined.
pub(in crate::run::query) fn filters_after(table: &TableWithJoins) -> bool {
    use JoinOperator::{Inner, Join, Left, LeftOuter};
    let is_kept = |it: &JoinOperator| matches!(it, Inner(_) | Join(_) | Left(_) | LeftOuter(_));
    table.joins.iter().all(|join| is_kept(&join.join_operator))
}

/// Refuses a condition of a join that is neither a link nor, where it `moves`, one of WHERE.
fn check_condition(
    expr: &Expr,
    (new, known): (&str, &BTreeSet<String>),
    kind: Kind,
    moves: bool,
) -> Result<()> {
    use BinaryOperator::{Gt, GtEq, Lt, LtEq, NotEq};
    if is_link(expr, new, known) {
        return Ok(());
    }
    if columns(expr).iter().any(|(table, _)| table.is_none()) {
        return Err(Error::usage(format!("`{}` does not say of which table", short(expr)))
            .hint("in ON, each column has its table: a.siren = p.siren"));
    }
    match expr {
        _ if moves => Ok(()),
        Expr::BinaryOp { op: Gt | GtEq | Lt | LtEq | NotEq, .. } if kind == Kind::Inner => Ok(()),
        _ => Err(Error::usage(format!("`{}` does not link two tables by `=`", short(expr)))
            .hint("put it into WHERE, or join (SELECT … WHERE …) AS t")),
    }
}

fn check_star(select: &Select) -> Result<()> {
    let mut items = select.projection.iter();
    let has_star = items.any(|item| matches!(item, SelectItem::Wildcard(_)));
    match has_star {
        true => Err(Error::usage("SELECT * over a JOIN by name would show columns twice")
            .hint("name the columns, or ask for a.* and b.*")),
        false => Ok(()),
    }
}

/// What columns call a table.
pub(in crate::run::query) fn called(factor: &TableFactor) -> Option<String> {
    match factor {
        TableFactor::Table { name, alias, .. } => Some(match alias {
            Some(alias) => alias.name.value.clone(),
            None => name.0.last()?.as_ident()?.value.clone(),
        }),
        TableFactor::Derived { alias, .. } => Some(alias.as_ref()?.name.value.clone()),
        _ => None,
    }
}

fn add(factor: &TableFactor, known: &mut BTreeSet<String>) -> Result<()> {
    let name = called(factor).unwrap_or_default();
    match known.insert(name.to_lowercase()) || name.is_empty() {
        true => Ok(()),
        false => Err(Error::usage(format!("two tables are called `{name}`"))
            .hint("give one of them another name: FROM t AS a JOIN t AS b")),
    }
}
