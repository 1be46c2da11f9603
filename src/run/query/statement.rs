//! The text of a question becomes what it reads, and the same question with one name a table.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use sqlparser::ast::{
    Ident, ObjectName, Query, Select, Statement, TableAlias, TableFactor, VisitMut, VisitorMut,
};
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::Parser;

use crate::error::{Error, Result};
use crate::run::query::{guard, rewrite};

/// No question of a statistician is longer; chains of many thousand terms would take minutes.
const LONGEST: usize = 16 * 1024;

/// A question that is understood.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Question {
    /// The question, each table by the name it is registered under, equal rows in one order.
    pub(super) text: String,
    /// The tables it reads.
    pub(super) tables: BTreeSet<String>,
    /// Whether it says in which order its rows come.
    pub(super) is_ordered: bool,
    /// Whether equal rows have one order only when `settled` knows how many columns there are.
    pub(super) is_open: bool,
}

impl Question {
    /// The text where equal rows have one order as well, of an answer with so many columns.
    ///
    /// # Errors
    /// When the text is no question any more.
    pub(super) fn settled(&self, columns: usize) -> Result<String> {
        let mut statement = parse(&self.text)?;
        if let Statement::Query(query) = &mut statement {
            rewrite::settle(query, columns);
        }
        Ok(statement.to_string())
    }
}

/// Understands a question; `find` knows the tables.
///
/// # Errors
/// `Usage` when it is not one SELECT, reads what is no table, or would be answered wrongly.
pub(super) fn understand(sql: &str, find: &dyn Fn(&str) -> Result<String>) -> Result<Question> {
    let sql = sql.trim_start_matches('\u{feff}');
    if sql.len() > LONGEST {
        return Err(Error::usage(format!("the question has {} bytes", sql.len()))
            .hint(format!("ask with {LONGEST} at most")));
    }
    let mut statement = parse(sql)?;
    let Statement::Query(query) = &mut statement else {
        return Err(Error::usage("a question begins with SELECT or WITH: nothing is changed")
            .hint("`conum query` without a question lists the tables"));
    };
    let is_ordered = query.order_by.is_some();
    let mut reading =
        Reading { find, made: BTreeSet::new(), making: None, tables: BTreeSet::new() };
    reading.name_tables(query)?;
    guard::check(&statement)?;
    let is_open = rewrite::rewrite(&mut statement);
    Ok(Question { text: statement.to_string(), tables: reading.tables, is_ordered, is_open })
}

fn parse(sql: &str) -> Result<Statement> {
    let statements = Parser::parse_sql(&GenericDialect, sql)
        .map_err(|error| Error::usage(format!("this is no SQL: {error}")).because(error))?;
    let [statement] = <[Statement; 1]>::try_from(statements).map_err(|all| {
        Error::usage(format!("a question is one statement, here are {}", all.len()))
    })?;
    Ok(statement)
}

/// Replaces the names of tables on the way through a statement.
struct Reading<'f> {
    find: &'f dyn Fn(&str) -> Result<String>,
    /// What the question itself has made so far: WITH … AS.
    made: BTreeSet<String>,
    /// What is being made: it does not read itself.
    making: Option<String>,
    tables: BTreeSet<String>,
}

impl Reading<'_> {
    /// Each WITH sees those before it, the question itself all of them.
    fn name_tables(&mut self, query: &mut Query) -> Result<()> {
        let mut with = query.with.take();
        if with.as_ref().is_some_and(|with| with.recursive) {
            return Err(Error::usage("WITH RECURSIVE is not answered"));
        }
        for made in with.iter_mut().flat_map(|with| &mut with.cte_tables) {
            let name = &made.alias.name.value;
            self.making = Some(name.to_lowercase());
            self.visit(&mut made.query)?;
            self.making = None;
            let others = self.made.iter().any(|other| other.to_lowercase() == name.to_lowercase());
            if others || name.contains('.') {
                return Err(Error::usage(format!("WITH makes `{name}` a second time"))
                    .hint("give it another name"));
            }
            self.made.insert(name.clone());
        }
        self.visit(query)?;
        query.with = with;
        Ok(())
    }

    fn visit(&mut self, query: &mut Query) -> Result<()> {
        match VisitMut::visit(query, self) {
            ControlFlow::Break(error) => Err(error),
            ControlFlow::Continue(()) => Ok(()),
        }
    }

    fn is_made(&self, name: &str) -> Result<bool> {
        if self.making.as_ref().is_some_and(|making| *making == name.to_lowercase()) {
            return Err(Error::usage(format!("WITH {name} reads `{name}`"))
                .hint("give it another name, or write the table's whole name"));
        }
        let close = self.made.iter().find(|made| made.to_lowercase() == name.to_lowercase());
        match close {
            Some(made) if made != name => {
                Err(Error::usage(format!("`{name}` is not `{made}`")).hint("write it alike"))
            }
            other => Ok(other.is_some()),
        }
    }
}

impl VisitorMut for Reading<'_> {
    type Break = Error;

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<Error> {
        match select.into {
            None => ControlFlow::Continue(()),
            Some(_) => {
                ControlFlow::Break(Error::usage("SELECT INTO would write: nothing is changed"))
            }
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
        if let [one] = parts.as_slice() {
            match self.is_made(one) {
                Ok(true) => return ControlFlow::Continue(()),
                Ok(false) => {}
                Err(error) => return ControlFlow::Break(error),
            }
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
    fn equal_rows_get_an_order_when_the_columns_are_known() {
        let question = understand("\u{feff}SELECT * FROM activites ORDER BY mois DESC", &find);
        let question = question.unwrap();
        assert!(question.is_open);
        assert_eq!(
            question.settled(3).unwrap(),
            "SELECT * FROM \"clean.activites\" AS \"activites\" \
             ORDER BY mois DESC NULLS LAST, 1, 2, 3"
        );
        let question = understand("SELECT mois, lieu FROM activites ORDER BY 2", &find).unwrap();
        assert!(!question.is_open && question.text.ends_with("ORDER BY 2, 1"), "{question:?}");
        let question = understand("SELECT * FROM activites LIMIT 5", &find).unwrap();
        assert!(!question.is_open && question.text.ends_with("LIMIT 5"), "{question:?}");
    }

    #[test]
    fn what_with_makes_is_seen_after_it_and_once() {
        let made = "WITH a AS (SELECT mois FROM postes), b AS (SELECT mois FROM a) ";
        let question = understand(&format!("{made} SELECT mois FROM b"), &find).unwrap();
        assert_eq!(question.tables.into_iter().collect::<Vec<_>>(), ["clean.postes"]);
        for sql in [
            "WITH b AS (SELECT mois FROM a), a AS (SELECT mois FROM postes) SELECT mois FROM b",
            "WITH a AS (SELECT mois FROM postes), A AS (SELECT mois FROM a) SELECT mois FROM a",
            "WITH postes AS (SELECT mois FROM postes) SELECT mois FROM postes",
            "WITH Postes AS (SELECT mois FROM activites) SELECT mois FROM postes",
            "WITH a AS (SELECT mois FROM postes) \
             SELECT mois FROM (WITH a AS (SELECT mois FROM activites) SELECT mois FROM a) t",
        ] {
            assert_eq!(understand(sql, &find).unwrap_err().kind.exit_code(), 2, "{sql}");
        }
        let long = format!("SELECT {}1", "1 + ".repeat(20_000));
        assert!(understand(&long, &find).unwrap_err().message.contains("bytes"));
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
