//! Files that tell of the deleted records of a dataset, apart from them.

use serde::Deserialize;

use crate::definition::Files;
use crate::definition::dataset::{Dataset, Field, Period};

/// Where a dataset tells of deleted records.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deletions {
    /// File patterns.
    pub files: Vec<String>,
    /// The field that names the record, read as its identifier is.
    pub id: String,
    /// The instant of the deletion, read as that of a version is: versions after it stay.
    pub at: String,
}

/// Name of the notices of deletion of a dataset, among datasets.
#[must_use]
pub fn name_of(dataset: &str) -> String {
    format!("{dataset}_deletions")
}

impl Deletions {
    /// Notices of deletion are a dataset of two columns, read as those of the records are. A
    /// notice that lacks one of them is refused.
    pub(super) fn notices(&self, name: &str, dataset: &Dataset) -> Option<Dataset> {
        let column = |of: &str, name: &str| {
            let field = dataset.columns.get(dataset.place(of)?)?;
            Some(Field { name: name.to_owned(), to: None, ..field.clone() })
        };
        let id = column(&dataset.id, &self.id)?;
        let at = column(&dataset.version, &self.at)?;
        Some(Dataset {
            title: format!("{} : avis de suppression", dataset.title),
            grain: "un avis de suppression".to_owned(),
            files: self.files.clone(),
            id: id.name.clone(),
            version: at.name.clone(),
            period: Period { month_of: at.name.clone(), ..dataset.period.clone() },
            columns: vec![id, at],
            lookups: Vec::new(),
            rules: Vec::new(),
            tables: Vec::new(),
            deletions: None,
            notices_of: Some(name.to_owned()),
            ..dataset.clone()
        })
    }

    pub(super) fn mistakes(&self, name: &str, files: &Files) -> Vec<(String, String)> {
        let mut found = Vec::new();
        let mut tell = |message: String| found.push(("deletions".to_owned(), message));
        if self.files.is_empty() {
            tell("`deletions` needs the patterns of its files".to_owned());
        }
        if self.id == self.at {
            tell(format!("`deletions`: `{}` cannot be both identifier and instant", self.id));
        }
        for folder in ["datasets", "sources"] {
            let other = format!("{folder}/{}.toml", name_of(name));
            if files.contains_key(&other) {
                tell(format!("notices of deletion bear the name of `{other}`: rename that one"));
            }
        }
        found
    }
}
