//! A release, a declaration and what the portal shows become what there is to do, file by file.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::definition::publication::{Kind, Resource};
use crate::deliver::state::{State, Upload};
use crate::deliver::udata::{Dataset, Remote};
use crate::deliver::{Asked, Document};
use crate::fetch::{Error, Result};

/// Files that tell readers whether what they have belongs together. They come last: as long as they
/// are those of the release before, who checks them sees that the set is on its way.
const CHECKSUMS: [&str; 2] = ["datapackage.json", "SHA256SUMS"];

/// What there is to do for a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It becomes a new resource.
    Create,
    /// It replaces that of a resource.
    Replace,
    /// The portal has it, and lacks the words that go with it.
    Describe,
    /// The portal has it.
    Leave,
}

/// A file and what there is to do for it.
#[derive(Clone, Debug)]
pub struct Step<'a> {
    /// What is declared of it.
    pub resource: &'a Resource,
    /// The file.
    pub document: &'a Document,
    /// Its resource, where there is one.
    pub id: Option<String>,
    /// What there is to do.
    pub action: Action,
    /// Whether the portal shows it now.
    pub is_shown: bool,
}

/// What there is to do.
#[derive(Clone, Debug)]
pub struct Plan<'a> {
    /// Step by step, in the order of the declaration.
    pub steps: Vec<Step<'a>>,
    /// Declared files that the release lacks: their resources stay as they are.
    pub lacking: Vec<&'a Resource>,
    /// Whether the words of the dataset change.
    pub has_new_text: bool,
    /// All resources of the dataset in their order, those that are not ours last; new ones apart.
    pub(super) others: Vec<String>,
}

impl Plan<'_> {
    /// Steps in the order in which readers see them: figures, then what explains them, and
    /// checksums last.
    pub(super) fn in_order_of_showing(&self) -> Vec<usize> {
        let rank = |step: &Step<'_>| match (step.resource.kind, &step.resource.file) {
            (_, file) if CHECKSUMS.contains(&file.as_str()) => 2,
            (Kind::Main, _) => 0,
            _ => 1,
        };
        let mut places: Vec<usize> = (0..self.steps.len()).collect();
        places.sort_by_key(|place| self.steps.get(*place).map(rank));
        places
    }
}

/// Compares, by length and SHA-1, the files of the release with those of the portal.
///
/// # Errors
///
/// Refuses a file that is neither declared nor left out, a resource that is not there, and one that
/// might be created a second time.
pub fn plan<'a>(
    asked: &Asked<'a>,
    state: &State,
    (dataset, extensions): (&Dataset, &[String]),
) -> Result<Plan<'a>> {
    is_all_said(asked)?;
    let mut plan = Plan {
        steps: Vec::new(),
        lacking: Vec::new(),
        has_new_text: !says(dataset, &words_of_dataset(asked)),
        others: Vec::new(),
    };
    let resources = &asked.publication.resource;
    let mut claimed: BTreeSet<String> =
        resources.iter().filter_map(|resource| known_id(resource, state)).collect();
    for resource in resources {
        let documents = &asked.release.documents;
        let Some(document) = documents.iter().find(|one| one.name == resource.file) else {
            plan.lacking.push(resource);
            continue;
        };
        is_taken(resource, document, extensions)?;
        let upload = state.resources.get(&resource.file).and_then(|known| known.upload.as_ref());
        let id = match known_id(resource, state) {
            Some(id) => Some(id),
            None => found(dataset, &claimed, (resource, document, upload))?,
        };
        claimed.extend(id.clone());
        let (action, is_shown) = match &id {
            None => (Action::Create, false),
            Some(id) => action(asked, dataset, (resource, document, id))?,
        };
        plan.steps.push(Step { resource, document, id, action, is_shown });
    }
    let ours: BTreeSet<&str> = plan.steps.iter().filter_map(|step| step.id.as_deref()).collect();
    let others = dataset.resources.iter().map(|remote| &remote.id);
    plan.others = others.filter(|id| !ours.contains(id.as_str())).cloned().collect();
    Ok(plan)
}

/// The resource of a file, as it is declared or was created.
fn known_id(resource: &Resource, state: &State) -> Option<String> {
    let known = state.resources.get(&resource.file);
    resource.id.clone().or_else(|| known.and_then(|known| known.id.clone()))
}

/// The resource of a file that nobody knows of: created by a call that did not live to hear it.
fn found(
    dataset: &Dataset,
    claimed: &BTreeSet<String>,
    (resource, document, upload): (&Resource, &Document, Option<&Upload>),
) -> Result<Option<String>> {
    let free = dataset.resources.iter().filter(|remote| !claimed.contains(&remote.id));
    let is_ours = |remote: &&Remote| {
        remote.is(document) || upload.is_some_and(|sent| remote.has(sent.bytes, &sent.sha1))
    };
    if let Some(remote) = free.clone().find(is_ours) {
        return Ok(Some(remote.id.clone()));
    }
    match free.clone().find(|remote| is_twin(remote, resource)) {
        Some(twin) => Err(Error::Refused(format!(
            "the dataset has a resource for `{}` that nobody declared: write `id = \"{}\"` in the \
             declaration to replace it, or remove it on the site",
            resource.file, twin.id
        ))),
        None => Ok(None),
    }
}

/// What there is to do for a file that has a resource, and whether readers see it there.
fn action(
    asked: &Asked<'_>,
    dataset: &Dataset,
    (resource, document, id): (&Resource, &Document, &str),
) -> Result<(Action, bool)> {
    let remote = dataset.resource(id).ok_or_else(|| {
        Error::Refused(format!("the dataset has no resource `{id}`, that of `{}`", resource.file))
    })?;
    Ok(match remote.is(document) {
        true if is_described(remote, &words(asked, resource, document)) => (Action::Leave, true),
        true => (Action::Describe, true),
        false => (Action::Replace, false),
    })
}

/// Nothing is left out silently.
fn is_all_said(asked: &Asked<'_>) -> Result<()> {
    let Asked { publication, release, .. } = asked;
    let is_said = |name: &String| {
        let mut files = publication.resource.iter().map(|resource| &resource.file);
        files.any(|file| file == name) || publication.leaves_out(name)
    };
    let unsaid: Vec<&str> = release
        .documents
        .iter()
        .map(|document| &document.name)
        .filter(|name| !is_said(name))
        .map(String::as_str)
        .collect();
    if !unsaid.is_empty() {
        let message = "files of the release are neither a `resource` nor `left_out`";
        return Err(Error::Refused(format!("{message}: {}", unsaid.join(", "))));
    }
    let has = |file: &String| release.documents.iter().any(|document| document.name == *file);
    let lost = publication.resource.iter().find(|one| !one.may_lack && !has(&one.file));
    match lost {
        Some(lost) => Err(Error::Refused(format!(
            "the release has no `{}`; say `may_lack = true` if it need not",
            lost.file
        ))),
        None => Ok(()),
    }
}

/// Whether the portal will take the file, before anything is sent.
fn is_taken(resource: &Resource, document: &Document, extensions: &[String]) -> Result<()> {
    if document.bytes < 2 {
        return Err(Error::Unexpected(format!("`{}` is empty", document.name)));
    }
    let name = resource.name();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    let is_known = extensions.is_empty() || extensions.iter().any(|one| one == extension);
    if !name.chars().all(is_plain) || !is_known {
        return Err(Error::Refused(format!(
            "the portal does not take a file named `{name}`; declare another name with `as`"
        )));
    }
    Ok(())
}

/// Whether a resource that nobody declared bears the name of a file.
fn is_twin(remote: &Remote, resource: &Resource) -> bool {
    // The portal writes names in its own way.
    let name = resource.name().to_lowercase().replace('_', "-");
    remote.title.as_deref() == Some(resource.title.as_str()) || remote.file_name() == name
}

/// What the portal is to say of a file.
pub(super) fn words(asked: &Asked<'_>, resource: &Resource, document: &Document) -> Value {
    let said = resource.description.trim();
    let gap = if said.is_empty() { "" } else { "\n\n" };
    let mut words = json!({
        "title": resource.title,
        "description": format!("{said}{gap}{} SHA-256 : `{}`.", origin(asked), document.sha256),
        "type": resource.kind.word(),
    });
    if let Some(schema) = &resource.schema {
        words["schema"] = json!({"name": schema.name});
        if let Some(version) = &schema.version {
            words["schema"]["version"] = json!(version);
        }
    }
    words
}

/// What the portal is to say of the dataset.
pub(super) fn words_of_dataset(asked: &Asked<'_>) -> Value {
    let portal = asked.portal;
    let mut words = json!({
        "title": portal.title,
        "description": format!("{}\n\n{}", portal.description.trim(), origin(asked)),
    });
    if let Some(licence) = &portal.licence {
        words["license"] = json!(licence);
    }
    if let Some(frequency) = &portal.frequency {
        words["frequency"] = json!(frequency);
    }
    words
}

/// Source and last update, which the licence asks those who use the figures to repeat; the name of
/// the release shows whether resources belong together.
fn origin(asked: &Asked<'_>) -> String {
    let Asked { portal, release, .. } = asked;
    let day = release.name.get(..10).unwrap_or(&release.name);
    format!("Source : {}. Mise à jour : {day}. Diffusion : `{}`.", portal.source, release.name)
}

/// Whether a resource already bears the words.
fn is_described(remote: &Remote, words: &Value) -> bool {
    let schema = remote.schema.as_ref();
    let is =
        |name: &str, there: Option<&str>| words[name].is_null() || words[name].as_str() == there;
    let wanted = &words["schema"];
    is("title", remote.title.as_deref())
        && is("description", remote.description.as_deref())
        && is("type", remote.kind.as_deref())
        && (wanted["name"].is_null()
            || wanted["name"].as_str() == schema.and_then(|schema| schema.name.as_deref()))
        && (wanted["version"].is_null()
            || wanted["version"].as_str() == schema.and_then(|schema| schema.version.as_deref()))
}

/// Whether the dataset already bears the words.
fn says(dataset: &Dataset, words: &Value) -> bool {
    let is = |name: &str, there: &Option<String>| {
        words[name].is_null() || words[name].as_str() == there.as_deref()
    };
    is("title", &dataset.title)
        && is("description", &dataset.description)
        && is("license", &dataset.license)
        && is("frequency", &dataset.frequency)
}
