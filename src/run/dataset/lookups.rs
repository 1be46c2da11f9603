//! Files that a dataset looks texts up in.

use std::collections::HashMap;

use crate::definition::dataset::{Dataset, Lookup};
use crate::error::{Error, Result};
use crate::ingest::dataset::Known;
use crate::run::input;
use crate::run::job::Job;
use crate::run::manifest::Input;

/// What the source of an input is called that is only looked up: dataset and column.
#[must_use]
pub fn source_name(dataset: &str, lookup: &Lookup) -> String {
    format!("{dataset}.{}", lookup.gives)
}

/// The input of each lookup.
///
/// # Errors
/// When one is missing, or several have its name.
pub fn inputs<'j>(
    job: &'j Job<'_>,
    name: &str,
    dataset: &Dataset,
) -> Result<Vec<(&'j Input, &'j std::path::Path)>> {
    let of = |lookup: &Lookup| {
        let source = source_name(name, lookup);
        let mut found = job.read_inputs().filter(|(_, _, other)| *other == source);
        match (found.next(), found.next()) {
            (Some((input, path, _)), None) => Ok((input, path)),
            (None, _) => Err(Error::no_input(format!("`{}` is not in the input", lookup.file))
                .hint(format!("dataset `{name}` looks `{}` up in it", lookup.column))),
            (Some(_), Some(_)) => {
                Err(Error::data(format!("`{}` is twice in the input", lookup.file))
                    .hint("which one is meant?"))
            }
        }
    };
    dataset.lookups.iter().map(of).collect()
}

/// What each lookup finds, in their order.
///
/// # Errors
/// When a file cannot be read.
pub fn read(job: &Job<'_>, name: &str, dataset: &Dataset) -> Result<Vec<Known>> {
    let inputs = inputs(job, name, dataset)?;
    let read = |(lookup, (found, path)): (&Lookup, (&Input, &std::path::Path))| {
        input::with_bytes((found, path), |bytes| {
            let mut content = Vec::new();
            bytes.read_to_end(&mut content).map_err(|error| Error::io("read", path, error))?;
            known(lookup, dataset.delimiter, &content)
        })
    };
    dataset.lookups.iter().zip(inputs).map(read).collect()
}

fn known(lookup: &Lookup, delimiter: u8, content: &[u8]) -> Result<Known> {
    let wrong = |message: String| {
        Error::data(format!("`{}`: {message}", lookup.file))
            .hint("the lookup names two columns of its header")
    };
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(content);
    let header = reader.headers().map_err(|error| wrong(error.to_string()))?.clone();
    let place = |column: &str| {
        let found = header.iter().position(|name| name.trim_start_matches('\u{feff}') == column);
        found.ok_or_else(|| wrong(format!("has no column `{column}`")))
    };
    let (key, value) = (place(&lookup.key)?, place(&lookup.value)?);
    let mut known: Known = HashMap::new();
    for row in reader.records() {
        let row = row.map_err(|error| wrong(error.to_string()))?;
        let text = |place: usize| row.get(place).unwrap_or_default();
        let Some(found) = meaning(lookup, text(value)) else { continue };
        if let Some(other) = known.insert(text(key).to_owned(), found.clone())
            && other != found
        {
            return Err(wrong(format!("`{}` stands for two things", text(key))));
        }
    }
    Ok(known)
}

/// What a value stands for.
fn meaning(lookup: &Lookup, value: &str) -> Option<String> {
    if lookup.prefixes.is_empty() {
        return Some(value.to_owned());
    }
    let fitting = lookup.prefixes.iter().filter(|(prefix, _)| value.starts_with(prefix.as_str()));
    fitting.max_by_key(|(prefix, _)| prefix.len()).map(|(_, meaning)| meaning.clone())
}
