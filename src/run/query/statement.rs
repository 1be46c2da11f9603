//! The text of a question becomes what it reads, and the same question with one name a table.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, Function, Ident, ObjectName, Query, Select, Statement, TableAlias, TableFactor, VisitMut,
    VisitorMut, visit_expressions,
};
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::Parser;

use crate::error::{Error, Result};

/// A question that is understood.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Question {
    /// The question, each table by the name it is registered under.
    pub(super) text: String,
    /// The tables it reads.
    pub(super) tables: BTreeSet<String>,
    /// Whether it says in which order its rows come.
    pub(super) is_ordered: bool,
}

/// Understands a question; `find` knows the tables.
///
/// # Errors
/// `Usage` when it is not one SELECT, or reads what is no table.
pub(super) fn understand(sql: &str, find: &dyn Fn(&str) -> Result<String>) -> Result<Question> {
    let statements = Parser::parse_sql(&GenericDialect, sql)
        .map_err(|error| Error::usage(format!("this is no SQL: {error}")).because(error))?;
    let [mut statement] = <[Statement; 1]>::try_from(statements).map_err(|all| {
        Error::usage(format!("a question is one statement, here are {}", all.len()))
    })?;
    let Statement::Query(query) = &statement else {
        return Err(Error::usage("a question begins with SELECT or WITH: nothing is changed")
            .hint("`conum query` without a question lists the tables"));
    };
    let is_ordered = query.order_by.is_some();
    let mut reading = Reading { find, made: BTreeSet::new(), tables: BTreeSet::new() };
    if let ControlFlow::Break(error) = statement.visit(&mut reading) {
        return Err(error);
    }
    Ok(Question { text: statement.to_string(), tables: reading.tables, is_ordered })
}

/// Aggregates that may stand in a window function: polars reckons each of them for the window
/// instead of the group, and says nothing.
const AGGREGATES: [&str; 10] =
    ["sum", "count", "avg", "mean", "min", "max", "median", "stddev", "variance", "array_agg"];

fn aggregates(function: &Function) -> bool {
    let name = function.name.to_string().to_lowercase();
    function.over.is_none() && AGGREGATES.iter().any(|aggregate| name.starts_with(aggregate))
}

/// Replaces the names of tables on the way through a statement.
struct Reading<'f> {
    find: &'f dyn Fn(&str) -> Result<String>,
    /// What the question itself makes: WITH … AS.
    made: BTreeSet<String>,
    tables: BTreeSet<String>,
}

impl VisitorMut for Reading<'_> {
    type Break = Error;

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<Error> {
        let made = query.with.iter().flat_map(|with| &with.cte_tables);
        self.made.extend(made.map(|made| made.alias.name.value.clone()));
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<Error> {
        match select.into {
            None => ControlFlow::Continue(()),
            Some(_) => {
                ControlFlow::Break(Error::usage("SELECT INTO would write: nothing is changed"))
            }
        }
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Error> {
        let Expr::Function(window) = expr else { return ControlFlow::Continue(()) };
        let is_aggregate = |it: &Expr| matches!(it, Expr::Function(it) if aggregates(it));
        let inner = window.over.as_ref().map(|_| {
            visit_expressions(&window.args, |it| match is_aggregate(it) {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            })
        });
        match inner {
            Some(ControlFlow::Break(())) => ControlFlow::Break(
                Error::usage(format!("`{window}` has an aggregate in a window"))
                    .hint("name the aggregate in a WITH … AS first, and ask that for the window"),
            ),
            _ => ControlFlow::Continue(()),
        }
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<Error> {
        let TableFactor::Table { name, alias, args, .. } = factor else {
            return ControlFlow::Continue(());
        };
        if args.is_some() {
            return ControlFlow::Break(
                Error::usage(format!("`{name}(…)` is no table"))
                    .hint("tables have names, such as `clean.activites`"),
            );
        }
        let parts: Option<Vec<&Ident>> = name.0.iter().map(|part| part.as_ident()).collect();
        let parts: Vec<&str> = parts.iter().flatten().map(|ident| ident.value.as_str()).collect();
        if let [one] = parts.as_slice()
            && self.made.contains(*one)
        {
            return ControlFlow::Continue(());
        }
        let found = match (self.find)(&parts.join(".")) {
            Ok(found) => found,
            Err(error) => return ControlFlow::Break(error),
        };
        // `FROM clean.activites` lets columns be called `activites.date`.
        let called = found.rsplit('.').next().unwrap_or_default();
        alias.get_or_insert_with(|| TableAlias {
            explicit: true,
            name: Ident::with_quote('"', called),
            columns: Vec::new(),
            at: None,
        });
        *name = ObjectName::from(Ident::with_quote('"', found.clone()));
        self.tables.insert(found);
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(name: &str) -> Result<String> {
        match name {
            "activites" | "clean.activites" | "x/a.parquet" => Ok("clean.activites".to_owned()),
            "postes" => Ok("clean.postes".to_owned()),
            _ => Err(Error::usage(format!("no `{name}`"))),
        }
    }

    #[test]
    fn tables_get_one_name_and_keep_what_columns_call_them() {
        let question = understand(
            "with m as (select mois from activites) \
             select m.mois from m join postes p on p.mois = m.mois \
             where m.mois in (select clean_mois from 'x/a.parquet') order by 1",
            &find,
        );
        let question = question.unwrap();
        assert_eq!(
            question.text,
            "WITH m AS (SELECT mois FROM \"clean.activites\" AS \"activites\") \
             SELECT m.mois FROM m JOIN \"clean.postes\" p ON p.mois = m.mois \
             WHERE m.mois IN (SELECT clean_mois FROM \"clean.activites\" AS \"activites\") \
             ORDER BY 1"
        );
        assert_eq!(
            question.tables.into_iter().collect::<Vec<_>>(),
            ["clean.activites", "clean.postes"]
        );
        assert!(question.is_ordered);
        assert!(!understand("SELECT 1", &find).unwrap().is_ordered);
    }

    #[test]
    fn what_is_no_question_is_refused() {
        for sql in [
            "",
            "SELECT",
            "SELECT 1; SELECT 2",
            "DROP TABLE activites",
            "DELETE FROM activites",
            "INSERT INTO activites VALUES (1)",
            "CREATE TABLE x AS SELECT 1",
            "COPY activites TO 'x.csv'",
            "SELECT * INTO x FROM activites",
            "SELECT * FROM read_csv('/etc/passwd')",
            "SELECT * FROM nope",
            "SELECT (SELECT count(*) FROM nope) FROM activites",
            "SHOW TABLES",
            "SELECT sum(count(*)) OVER () FROM activites GROUP BY mois",
        ] {
            assert_eq!(understand(sql, &find).unwrap_err().kind.exit_code(), 2, "{sql}");
        }
    }
}
