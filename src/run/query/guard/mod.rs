//! A question that would be answered wrongly becomes a refusal.
//!
//! Polars answers some SQL with other rows than SQL means, and says nothing. So what a question
//! may say is listed: expressions, joins, groups and windows of which the answer is known.

mod expressions;
mod groups;
mod joins;
mod parts;
mod windows;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use sqlparser::ast::{
    Distinct, Expr, GroupByExpr, LimitClause, OrderBy, Query, Select, SelectFlavor, SelectItem,
    SetExpr, Statement, TableFactor, Visit, Visitor, WildcardAdditionalOptions,
};

pub(super) use joins::{called, conditions, filters_after, is_link};
pub(super) use parts::{inner, name, number};

use crate::error::{Error, Result};
use crate::run::query::guard::groups::{check_groups, check_names, keys_of};
use crate::run::query::guard::windows::item;

/// Refuses a question whose answer is not known to be right.
///
/// # Errors
/// `Usage`, with how to ask it.
pub(super) fn check(statement: &Statement) -> Result<()> {
    let mut guard = Guard { unique: BTreeMap::new(), single: BTreeSet::new(), is_inside: false };
    match statement.visit(&mut guard) {
        ControlFlow::Break(error) => Err(error),
        ControlFlow::Continue(()) => Ok(()),
    }
}

/// Goes through all questions of a statement.
struct Guard {
    /// Of what WITH has made, the columns that no two rows share.
    unique: BTreeMap<String, BTreeSet<String>>,
    /// Of what WITH has made, that which has one row.
    single: BTreeSet<String>,
    is_inside: bool,
}

impl Visitor for Guard {
    type Break = Error;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Error> {
        for made in query.with.iter().flat_map(|with| &with.cte_tables) {
            if self.is_single(&made.query) {
                self.single.insert(made.alias.name.value.clone());
            }
            if let Some(unique) = unique(&made.query) {
                self.unique.insert(made.alias.name.value.clone(), unique);
            }
        }
        let checked = self.check_query(query);
        self.is_inside = true;
        match checked {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(error),
        }
    }
}

impl Guard {
    fn check_query(&self, query: &Query) -> Result<()> {
        let Query { with, order_by, limit_clause, fetch, .. } = query;
        let unknown = !query.locks.is_empty()
            || query.for_clause.is_some()
            || query.settings.is_some()
            || query.format_clause.is_some()
            || !query.pipe_operators.is_empty()
            || order_by.as_ref().is_some_and(|it| it.interpolate.is_some());
        if unknown {
            return Err(Error::usage("a question ends with ORDER BY, LIMIT and OFFSET"));
        }
        if self.is_inside && with.is_some() {
            return Err(Error::usage("WITH is inside of a question")
                .hint("write all of them, WITH a AS (…), b AS (…), before the first SELECT"));
        }
        let is_whole = with.is_none() && !self.is_inside;
        self.check_body(&query.body, order_by.as_ref(), is_whole)?;
        for key in keys_of(order_by.as_ref()) {
            expressions::check(key)?;
            let place = number(key).map(|it| it.parse::<usize>().unwrap_or_default());
            if place == Some(0) || (place.is_none() && matches!(key, Expr::Value(_))) {
                return Err(Error::usage(format!("ORDER BY {key} is no place in the answer"))
                    .hint("the first column of the answer has place 1"));
            }
        }
        if let Some(limit) = limit_clause {
            let LimitClause::LimitOffset { limit, offset, limit_by } = limit else {
                return Err(Error::usage("LIMIT has one number").hint("LIMIT 10 OFFSET 20"));
            };
            let numbers = limit.iter().chain(offset.iter().map(|it| &it.value));
            if !limit_by.is_empty() || !numbers.into_iter().all(|it| number(it).is_some()) {
                return Err(Error::usage("LIMIT has one number").hint("LIMIT 10 OFFSET 20"));
            }
        }
        if fetch.as_ref().is_some_and(|it| it.with_ties || it.percent) {
            return Err(Error::usage("FETCH takes a number of rows").hint("LIMIT 10"));
        }
        let is_cut = limit_clause.is_some() || fetch.is_some();
        match self.is_inside && is_cut && (order_by.is_none() || width(&query.body).is_none()) {
            true => Err(Error::usage("LIMIT inside of a question would take any rows")
                .hint("name the columns, and say with ORDER BY which rows come first")),
            false => Ok(()),
        }
    }

    fn check_body(&self, body: &SetExpr, order: Option<&OrderBy>, is_whole: bool) -> Result<()> {
        match body {
            SetExpr::Select(select) => self.check_select(select, order, is_whole),
            SetExpr::Query(_) => Ok(()),
            SetExpr::SetOperation { left, right, .. } => {
                for key in keys_of(order) {
                    if !matches!(key, Expr::Identifier(_)) && number(key).is_none() {
                        return Err(Error::usage("a UNION is sorted by columns it shows")
                            .hint("ORDER BY a name or a place in the answer"));
                    }
                }
                // Sorted as a whole, it has no order of the parts.
                self.check_body(left, None, true)?;
                self.check_body(right, None, true)
            }
            SetExpr::Values(_) => Err(Error::usage("VALUES is not answered")
                .hint("its whole numbers would have 32 bits: ask what a table has")),
            _ => Err(Error::usage("a question begins with SELECT or WITH: nothing is changed")),
        }
    }

    fn check_select(&self, select: &Select, order: Option<&OrderBy>, is_whole: bool) -> Result<()> {
        only_known_clauses(select)?;
        for table in &select.from {
            groups::check_table(&table.relation)?;
            table.joins.iter().try_for_each(|join| groups::check_table(&join.relation))?;
        }
        let shown = select.projection.iter().filter_map(item);
        let mut all = shown.chain(&select.selection).chain(&select.having).chain(&select.qualify);
        all.try_for_each(expressions::check)?;
        if let GroupByExpr::Expressions(keys, _) = &select.group_by {
            keys.iter().filter(|it| parts::parts(it).is_some()).try_for_each(expressions::check)?;
        }
        groups::check_without_tables(select, is_whole)?;
        let mut shown = select.projection.iter();
        // Polars forgets the aggregate when nothing of it is asked.
        let asks = shown.any(|it| item(it).is_none_or(parts::has_column));
        if !asks && self.reads_single(select) {
            return Err(Error::usage("SELECT asks for nothing of the one row it reads")
                .hint("ask for one of its columns"));
        }
        joins::check_joins(select)?;
        check_groups(select, order)?;
        check_names(select, order)?;
        windows::check_windows(select, self.unique_of(select).as_ref())
    }

    /// Whether an answer is the one row of an aggregate.
    fn is_single(&self, query: &Query) -> bool {
        let SetExpr::Select(select) = &*query.body else { return false };
        let is_grouped =
            !matches!(&select.group_by, GroupByExpr::Expressions(keys, _) if keys.is_empty());
        let mut shown = select.projection.iter().filter_map(item);
        !is_grouped && (shown.any(parts::has_aggregate) || self.reads_single(select))
    }

    /// Whether a SELECT reads such a row alone.
    fn reads_single(&self, select: &Select) -> bool {
        let is_single = |factor: &TableFactor| match factor {
            TableFactor::Table { name, .. } => {
                let name = name.0.last().and_then(|it| it.as_ident());
                name.is_some_and(|it| self.single.contains(&it.value))
            }
            TableFactor::Derived { subquery, .. } => self.is_single(subquery),
            _ => false,
        };
        let [table] = select.from.as_slice() else { return false };
        is_single(&table.relation) && table.joins.is_empty()
    }

    /// Columns that no two rows share of what a SELECT reads.
    fn unique_of(&self, select: &Select) -> Option<BTreeSet<String>> {
        let [table] = select.from.as_slice() else { return None };
        match &table.relation {
            _ if !table.joins.is_empty() => None,
            TableFactor::Table { name, .. } => {
                self.unique.get(&name.0.last()?.as_ident()?.value).cloned()
            }
            TableFactor::Derived { subquery, .. } => unique(subquery),
            _ => None,
        }
    }
}

/// Columns that no two rows of an answer share: those it groups by.
fn unique(query: &Query) -> Option<BTreeSet<String>> {
    let SetExpr::Select(select) = &*query.body else { return None };
    let GroupByExpr::Expressions(keys, _) = &select.group_by else { return None };
    let shown = |key: &Expr| {
        let place = number(key).and_then(|it| it.parse::<usize>().ok()?.checked_sub(1));
        let is_key = |(at, item): &(usize, &SelectItem)| match (item, place) {
            (_, Some(place)) => *at == place,
            (SelectItem::UnnamedExpr(expr), _) => expr == key,
            (SelectItem::ExprWithAlias { expr, .. }, _) => expr == key,
            _ => false,
        };
        let (_, item) = select.projection.iter().enumerate().find(is_key)?;
        match item {
            SelectItem::ExprWithAlias { alias, .. } => Some(alias.value.clone()),
            SelectItem::UnnamedExpr(expr) => Some(parts::column(expr)?.1.value.clone()),
            _ => None,
        }
    };
    (!keys.is_empty()).then(|| keys.iter().map(shown).collect::<Option<_>>())?
}

/// How many columns an answer has, if its text says it.
pub(super) fn width(body: &SetExpr) -> Option<usize> {
    match body {
        SetExpr::Select(select) => {
            let is_one = |it: &SelectItem| item(it).is_some();
            select.projection.iter().all(is_one).then_some(select.projection.len())
        }
        SetExpr::Query(query) => width(&query.body),
        SetExpr::SetOperation { left, .. } => width(left),
        _ => None,
    }
}

fn only_known_clauses(select: &Select) -> Result<()> {
    let unknown = !select.optimizer_hints.is_empty()
        || select.select_modifiers.is_some()
        || select.top.is_some()
        || select.exclude.is_some()
        || !select.lateral_views.is_empty()
        || select.prewhere.is_some()
        || !select.connect_by.is_empty()
        || !select.cluster_by.is_empty()
        || !select.distribute_by.is_empty()
        || !select.sort_by.is_empty()
        || !select.named_window.is_empty()
        || select.value_table_mode.is_some()
        || select.flavor != SelectFlavor::Standard;
    if select.into.is_some() {
        return Err(Error::usage("SELECT INTO would write: nothing is changed"));
    }
    if unknown {
        return Err(Error::usage("SELECT has a clause that is not known to be answered right")
            .hint("there are FROM, WHERE, GROUP BY, HAVING, QUALIFY, ORDER BY and LIMIT"));
    }
    if let Some(Distinct::On(keys)) = &select.distinct {
        keys.iter().try_for_each(expressions::check)?;
    }
    let is_plain = |options: &WildcardAdditionalOptions| {
        options.opt_ilike.is_none()
            && options.opt_replace.is_none()
            && options.opt_rename.is_none()
            && options.opt_alias.is_none()
    };
    let is_known = |item: &SelectItem| match item {
        SelectItem::Wildcard(options) | SelectItem::QualifiedWildcard(_, options) => {
            is_plain(options)
        }
        SelectItem::ExprWithAliases { .. } => false,
        _ => true,
    };
    match select.projection.iter().all(is_known) {
        true => Ok(()),
        false => Err(Error::usage("SELECT * takes EXCLUDE alone").hint("name the columns")),
    }
}

#[cfg(test)]
mod tests {
    use sqlparser::dialect::GenericDialect;
    use sqlparser::parser::Parser;

    use super::*;

    fn checked(sql: &str) -> Result<()> {
        check(&Parser::parse_sql(&GenericDialect, sql).unwrap().remove(0))
    }

    #[test]
    fn what_is_answered_right_is_asked() {
        for sql in [
            "SELECT 1",
            "SELECT mois, count(*) AS n FROM a GROUP BY mois ORDER BY n DESC, mois LIMIT 5",
            "SELECT left(mois, 4) AS an, sum(n) FILTER (WHERE k = 'x') AS s FROM a GROUP BY an",
            "SELECT left(mois, 4) AS mois, count(*) AS n FROM a GROUP BY mois",
            "SELECT d, count(*) FROM a GROUP BY d HAVING count(*) > 3 ORDER BY count(*) DESC",
            "SELECT a.d, p.n FROM a JOIN p ON a.s = p.s AND p.d = '43' AND a.n > p.n",
            "SELECT a.d, p.n FROM a LEFT JOIN p ON p.s = a.s AND a.year = p.year - 1",
            "SELECT a.d FROM a LEFT JOIN (SELECT s FROM p WHERE d = '43') AS p ON a.s = p.s",
            "SELECT d FROM a WHERE s IN (SELECT s FROM p) AND regexp_matches(d, '^4')",
            "SELECT d, rank() OVER (PARTITION BY k ORDER BY n DESC) AS r FROM a",
            "SELECT d, n * 100.0 / sum(n) OVER () AS part FROM a",
            "WITH m AS (SELECT k, mois, count(*) AS n FROM a GROUP BY k, mois) \
             SELECT mois, sum(n) OVER (PARTITION BY k ORDER BY mois) AS c FROM m",
            "WITH t AS (SELECT count(*) AS n FROM a) \
             SELECT d, count(*) * 100.0 / max(n) AS p FROM a CROSS JOIN t GROUP BY d",
            "SELECT d, n FROM a UNION ALL SELECT d, n FROM b ORDER BY 2 DESC LIMIT 3",
            "SELECT x FROM (SELECT d AS x, n FROM a ORDER BY n DESC LIMIT 3) t ORDER BY x",
        ] {
            checked(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
        }
    }

    #[test]
    fn what_would_be_answered_wrongly_is_refused_with_a_hint() {
        for (sql, told) in [
            ("SELECT (SELECT max(n) FROM a) AS m FROM b", "one value"),
            ("SELECT sum(1) AS n FROM a", "aggregates no column"),
            ("SELECT sum(sum(n)) AS n FROM a", "aggregate in an aggregate"),
            ("SELECT string_agg(d, ',') AS n FROM a", "not known"),
            ("SELECT sum(DISTINCT n) AS n FROM a", "not known"),
            ("SELECT sum(empreinte) AS n FROM a", "64 bits"),
            ("SELECT n // 0 AS n FROM a", "divides by zero"),
            ("SELECT substr(d, -2) AS n FROM a", "not known"),
            ("SELECT CAST(n AS FLOAT) AS n FROM a", "not known"),
            ("SELECT d FROM a WHERE n = max(n)", "WHERE has an aggregate"),
            ("SELECT d FROM a WHERE rank() OVER (ORDER BY n) = 1", "WHERE has a window"),
            ("SELECT d, count(*) AS n FROM a GROUP BY d, count(*)", "GROUP BY has an aggregate"),
            ("SELECT d, count(*) AS n FROM a", "beside rows"),
            ("SELECT d, k FROM a GROUP BY d", "neither grouped by nor aggregated"),
            ("SELECT d FROM a GROUP BY ROLLUP (d)", "not known"),
            ("SELECT d, count(*) OVER () AS n FROM a GROUP BY d", "window over groups"),
            ("SELECT count(*) OVER () AS n FROM a", "no rows of its own"),
            ("SELECT d, avg(n) OVER (ORDER BY d) AS m FROM a", "heed its ORDER BY"),
            ("SELECT d, sum(n) OVER (ORDER BY d) AS m FROM a", "one by one"),
            ("SELECT d, lag(n) OVER (ORDER BY d, k) AS m FROM a", "more than one value"),
            ("SELECT a.d, count(*) AS n FROM a JOIN p ON a.s = p.s GROUP BY p.d", "neither"),
            ("SELECT p.d FROM a JOIN p ON a.s = p.s ORDER BY a.d", "two things"),
            ("SELECT -n AS n FROM a ORDER BY n + 0", "two things"),
            ("SELECT a.d FROM a LEFT JOIN p ON a.s = p.s AND p.d = '43'", "does not link"),
            ("SELECT a.d FROM a LEFT JOIN p ON a.s = p.s AND p.n > 1", "does not link"),
            ("SELECT a.d FROM a JOIN p ON s = p.s", "of which table"),
            ("SELECT a.d FROM a RIGHT JOIN p USING (s)", "one side"),
            ("SELECT * FROM a JOIN p USING (s)", "twice"),
            ("SELECT a.d FROM a, b AS a", "two tables"),
            ("SELECT d FROM a WHERE EXISTS (SELECT count(*) FROM p WHERE p.s = a.s)", "EXISTS"),
            ("SELECT count(*) AS n FROM (SELECT max(n) AS m FROM a) t", "one row"),
            ("SELECT count(*) AS n", "without FROM"),
            ("SELECT 1 AS n WHERE FALSE", "without FROM"),
            ("SELECT n FROM (SELECT d AS n FROM a LIMIT 3) t", "any rows"),
            ("SELECT d FROM a ORDER BY 0", "no place"),
            ("SELECT d FROM a TABLESAMPLE (10)", "no table"),
            ("SELECT d + INTERVAL '1000000 years' AS d FROM a", "not known"),
            ("SELECT 9223372036854775808 AS n", "no value"),
        ] {
            let refused = checked(sql).expect_err(sql);
            assert_eq!(refused.kind.exit_code(), 2, "{sql}");
            assert!(refused.message.contains(told), "{sql}: {refused}");
        }
    }
}
