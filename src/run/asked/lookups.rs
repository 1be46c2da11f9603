//! Steps are taken on an engine: what is known of the combinations that its rows have is told from
//! here, as tables to be joined.

use crate::clean::lookup::Directory;
use crate::clean::sql::{Query, days, people};
use crate::clean::steps::{Join, Step};
use crate::error::Result;
use crate::run::asked::exchange::Exchange;
use crate::vocabulary::columns::Column;

/// Takes steps on the rows of a query.
pub(super) fn take(exchange: &Exchange<'_>, mut query: Query, steps: &[Step<'_>]) -> Result<Query> {
    let mut directories: Vec<(&Directory, String)> = Vec::new();
    for (number, step) in steps.iter().enumerate() {
        let name = format!("known_{number}");
        match step {
            Step::With(columns) => query.with(columns)?,
            Step::Look(look) => {
                let keys = names(&look.keys);
                let met = exchange.texts(&query.distinct(&keys), &keys)?;
                let table = exchange.give(&name, &look.apply(met)?)?;
                query.join(&table, &pairs(&look.keys), (&pairs(&look.values), false));
            }
            Step::Dated(dated) => {
                let keys = names(&dated.keys);
                let met = exchange.texts(&query.distinct(&keys), &keys)?;
                let table = exchange.give(&name, &dated.spread(met)?)?;
                query.join(&table, &pairs(&dated.keys), (&pairs(&dated.values), true));
            }
            Step::Join(Join { directory, key, columns }) => {
                // One is asked twice: of the employer, and of the place.
                let given = directories.iter().find(|(it, _)| std::ptr::eq(*it, *directory));
                let table = match given {
                    Some((_, table)) => table.clone(),
                    None => exchange.give(&name, directory.rows())?,
                };
                let taken: Vec<(&str, &str)> =
                    columns.iter().map(|(from, to)| (from.as_str(), to.as_str())).collect();
                query.join(&table, &[(key.name, directory.key().name)], (&taken, false));
                directories.push((*directory, table));
            }
            Step::People(attendances) => {
                let table = exchange.give(&name, &attendances.told()?)?;
                people::count(&mut query, &table);
            }
            Step::Delay => {
                let [first, last] =
                    exchange.numbers(&days::bounds(&query), [days::EARLIEST, days::LATEST])?;
                days::count(&mut query, first.zip(last))?;
            }
        }
    }
    Ok(query)
}

fn names(columns: &[Column]) -> Vec<&str> {
    columns.iter().map(|column| column.name).collect()
}

/// Names that are the same there and here.
fn pairs(columns: &[Column]) -> Vec<(&str, &str)> {
    columns.iter().map(|column| (column.name, column.name)).collect()
}
