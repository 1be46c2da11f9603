//! `publication.toml` becomes what is said of each file of a release, and where it goes.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::definition::{Files, Problem, toml_file};
use crate::error::{Error, Result};

/// The file of the declaration.
pub const FILE: &str = "publication.toml";

/// `publication.toml`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Publication {
    /// A portal of the kind of data.gouv.fr.
    pub portal: Option<Portal>,
    /// A bucket of the kind of S3.
    pub bucket: Option<Bucket>,
    /// Files of a release that the portal does not get; a bucket gets every file. A `*` at the
    /// beginning stands for anything.
    #[serde(default)]
    pub left_out: Vec<String>,
    /// Files of a release that the portal gets, in the order it shows them.
    #[serde(default)]
    pub resource: Vec<Resource>,
}

/// A dataset on a portal.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Portal {
    /// Where the portal answers programs, such as `https://www.data.gouv.fr/api/1`.
    pub url: String,
    /// The dataset, which someone creates on the portal once.
    pub dataset: Option<String>,
    /// French title of the dataset.
    pub title: String,
    /// French description, in Markdown.
    pub description: String,
    /// Whose figures they are: the licence asks those who use them to say so.
    pub source: String,
    /// A licence of the portal, such as `lov2`.
    pub licence: Option<String>,
    /// How often it changes, in the words of the portal.
    pub frequency: Option<String>,
    /// Minutes that the portal is given to make tables of the files.
    #[serde(default = "quarter_of_an_hour")]
    pub parsing_minutes: u32,
}

fn quarter_of_an_hour() -> u32 {
    15
}

/// A bucket.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bucket {
    /// Where it answers.
    pub url: String,
    /// Its name.
    pub name: String,
    /// Its region.
    pub region: String,
    /// What the names of all objects begin with.
    pub prefix: String,
}

/// A file of a release, as a resource of the dataset.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resource {
    /// The file, as the release names it.
    pub file: String,
    /// Its name on the portal, which takes only some extensions; by default, that of the release.
    #[serde(rename = "as")]
    pub published_as: Option<String>,
    /// The resource that it replaces. One that is not declared is created, once.
    pub id: Option<String>,
    /// French title.
    pub title: String,
    /// French description.
    #[serde(default)]
    pub description: String,
    /// What kind of resource it is.
    #[serde(rename = "type", default)]
    pub kind: Kind,
    /// The schema that it obeys.
    pub schema: Option<Schema>,
    /// Whether a release may lack it, such as a table that is withheld.
    #[serde(default)]
    pub may_lack: bool,
}

/// Kinds of resources.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The figures.
    #[default]
    Main,
    /// What is to be known of them.
    Documentation,
    /// Only what is new.
    Update,
    /// A service.
    Api,
    /// A program.
    Code,
    /// Anything else.
    Other,
}

impl Kind {
    /// The word of the portal.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Kind::Main => "main",
            Kind::Documentation => "documentation",
            Kind::Update => "update",
            Kind::Api => "api",
            Kind::Code => "code",
            Kind::Other => "other",
        }
    }
}

/// A schema that is known to the portal.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schema {
    /// Its name there.
    pub name: String,
    /// Its version; by default, the latest.
    pub version: Option<String>,
}

impl Resource {
    /// Its name on the portal.
    #[must_use]
    pub fn name(&self) -> &str {
        self.published_as.as_ref().unwrap_or(&self.file)
    }
}

/// The declaration, where there is one.
pub(super) fn load(files: &Files, problems: &mut Vec<Problem>) -> Option<Publication> {
    let bytes = files.get(FILE)?;
    let publication = toml_file::read::<Publication>(FILE, bytes, problems)?;
    for (word, message) in publication.mistakes() {
        problems.push(Problem::at(FILE, bytes, &word, message));
    }
    Some(publication)
}

/// Reads the declaration alone.
///
/// # Errors
/// One error that lists every problem found.
pub fn read(bytes: &[u8]) -> Result<Publication> {
    let mut problems = Vec::new();
    let files = Files::from([(FILE.to_owned(), bytes.to_vec())]);
    let publication = load(&files, &mut problems);
    if let (Some(publication), true) = (publication, problems.is_empty()) {
        return Ok(publication);
    }
    let list: Vec<String> = problems.iter().map(ToString::to_string).collect();
    let list = list.join("\n  ");
    Err(Error::definition(format!("{} problem(s) in the declaration\n  {list}", problems.len())))
}

impl Publication {
    /// Words of the file, and what is wrong there.
    fn mistakes(&self) -> Vec<(String, String)> {
        let mut found = Vec::new();
        let mut tell = |word: &str, message: String| found.push((word.to_owned(), message));
        if let Some(portal) = &self.portal {
            if portal.title.trim().is_empty() || portal.description.trim().is_empty() {
                tell("[portal]", "a dataset has a `title` and a `description`".to_owned());
            }
            if let Some(id) = portal.dataset.as_ref().filter(|id| !is_identifier(id)) {
                tell("dataset", format!("`{id}` is no identifier: letters, digits and hyphens"));
            }
        }
        if let Some(bucket) = &self.bucket {
            let is_path = |part: &str| !matches!(part, "" | "." | "..");
            if !bucket.prefix.split('/').all(is_path) {
                let message = "`prefix` is a name, or several between single `/`";
                tell("prefix", message.to_owned());
            }
        }
        let (mut files, mut names, mut ids) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for resource in &self.resource {
            let Resource { file, id, title, .. } = resource;
            if !files.insert(file.as_str()) {
                tell(file, format!("`{file}` is declared twice"));
            }
            // The portal puts names in lower case.
            if !names.insert(resource.name().to_lowercase()) {
                tell(file, format!("two files would be `{}` on the portal", resource.name()));
            }
            if title.trim().is_empty() {
                tell(file, format!("`{file}` has no title"));
            }
            if let Some(id) = id {
                if !is_identifier(id) {
                    let message = format!("`{id}` is no identifier: letters, digits and hyphens");
                    tell(id, message);
                }
                if !ids.insert(id.as_str()) {
                    tell(id, format!("`{id}` is the resource of two files"));
                }
            }
        }
        for file in files.into_iter().filter(|file| self.leaves_out(file)) {
            tell(file, format!("`{file}` is both a resource and left out"));
        }
        found
    }

    /// Whether the portal does not get a file.
    #[must_use]
    pub fn leaves_out(&self, file: &str) -> bool {
        self.left_out.iter().any(|name| match name.strip_prefix('*') {
            Some(end) => file.ends_with(end),
            None => name == file,
        })
    }
}

/// What may be part of an address.
#[must_use]
pub fn is_identifier(text: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphanumeric() || c == '-';
    (1..=128).contains(&text.len()) && text.chars().all(is_letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RESOURCE: &str = "[[resource]]\nfile = \"a.csv\"\ntitle = \"A\"\n";

    fn problems(text: &str) -> Vec<String> {
        let files = Files::from([(FILE.to_owned(), text.as_bytes().to_vec())]);
        let mut problems = Vec::new();
        load(&files, &mut problems);
        problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_left_out_has_a_value() {
        let publication = read(RESOURCE.as_bytes()).unwrap();
        let resource = &publication.resource[0];
        assert_eq!((resource.name(), resource.kind), ("a.csv", Kind::Main));
        assert_eq!((publication.portal, publication.bucket), (None, None));
    }

    #[test]
    fn every_problem_has_its_line() {
        let portal = "[portal]\nurl = \"u\"\ntitle = \"t\"\ndescription = \"d\"\nsource = \"s\"\n";
        for (text, expected) in [
            ("[portal]\nlink = 1\n".to_owned(), ":2: unknown field `link`"),
            (format!("{RESOURCE}kind = \"main\"\n"), ":4: unknown field `kind`"),
            (format!("{RESOURCE}type = \"table\"\n"), ":4: unknown variant `table`"),
            (format!("{RESOURCE}\n{RESOURCE}"), ":2: `a.csv` is declared twice"),
            (format!("left_out = [\"a.csv\"]\n{RESOURCE}"), ":1: `a.csv` is both"),
            (format!("left_out = [\"*.csv\"]\n{RESOURCE}"), ":3: `a.csv` is both"),
            (
                format!("{RESOURCE}[[resource]]\nfile = \"b\"\nas = \"A.CSV\"\ntitle = \"A\"\n"),
                ":5: two files would be `A.CSV` on the portal",
            ),
            (format!("{RESOURCE}id = \"../x\"\n"), ":4: `../x` is no identifier"),
            (format!("{portal}dataset = \"a/b\"\n"), ":6: `a/b` is no identifier"),
            ("[[resource]]\nfile = \"a.csv\"\ntitle = \" \"\n".to_owned(), ":2: `a.csv` has no"),
            (
                "[bucket]\nurl = \"u\"\nname = \"n\"\nregion = \"r\"\nprefix = \"a//b\"\n"
                    .to_owned(),
                ":5: `prefix` is a name",
            ),
        ] {
            let problems = problems(&text);
            let found = problems.iter().any(|problem| problem.contains(expected));
            assert!(found, "{expected}: {problems:?}");
            assert_eq!(read(text.as_bytes()).unwrap_err().kind.exit_code(), 78);
        }
    }

    #[test]
    fn a_resource_belongs_to_one_file() {
        let text = format!(
            "{RESOURCE}id = \"r\"\n[[resource]]\nfile = \"b\"\ntitle = \"B\"\nid = \"r\"\n"
        );
        assert_eq!(problems(&text), ["publication.toml:4: `r` is the resource of two files"]);
    }
}
