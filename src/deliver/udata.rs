//! What the API of udata knows of a dataset, and the few things that are asked of it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::definition::publication::is_identifier;
use crate::deliver::Document;
use crate::deliver::form::Form;
use crate::deliver::http::{Attempt, Client};
use crate::deliver::state::Upload;
use crate::fetch::Error;

/// When the portal finished making a table of a file.
const PARSED: &str = "analysis:parsing:finished_at";
/// Why it could not.
const PARSING_ERROR: &str = "analysis:parsing:error";

/// A dataset as the portal shows it.
#[derive(Clone, Debug, Deserialize)]
pub struct Dataset {
    pub(super) title: Option<String>,
    pub(super) description: Option<String>,
    pub(super) license: Option<String>,
    pub(super) frequency: Option<String>,
    pub(super) resources: Vec<Remote>,
}

/// A resource as the portal shows it.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Remote {
    pub(super) id: String,
    pub(super) title: Option<String>,
    pub(super) description: Option<String>,
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) url: Option<String>,
    pub(super) filesize: Option<u64>,
    pub(super) checksum: Option<Checksum>,
    pub(super) schema: Option<Schema>,
    #[serde(default)]
    extras: BTreeMap<String, Value>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Checksum {
    #[serde(rename = "type")]
    kind: String,
    value: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct Schema {
    pub(super) name: Option<String>,
    pub(super) version: Option<String>,
}

impl Dataset {
    /// A resource, if it is there.
    pub(super) fn resource(&self, id: &str) -> Option<&Remote> {
        self.resources.iter().find(|remote| remote.id == id)
    }

    /// Whether readers see a file, in its resource if it has one.
    pub(super) fn shows(&self, id: Option<&str>, document: &Document) -> bool {
        let mut remotes = self.resources.iter();
        remotes.any(|remote| id.is_none_or(|id| id == remote.id) && remote.is(document))
    }
}

impl Remote {
    /// Whether it is this file, as far as the portal tells.
    pub(super) fn is(&self, document: &Document) -> bool {
        self.has(document.bytes, &document.sha1)
    }

    /// Whether its file has this length and checksum, as far as the portal tells.
    pub(super) fn has(&self, bytes: u64, sha1: &str) -> bool {
        let has_sum = self.checksum.as_ref().is_some_and(|sum| {
            sum.kind.eq_ignore_ascii_case("sha1") && sum.value.eq_ignore_ascii_case(sha1)
        });
        has_sum && self.filesize == Some(bytes)
    }

    /// Last part of the address of its file.
    pub(super) fn file_name(&self) -> &str {
        let url = self.url.as_deref().unwrap_or_default();
        url.rsplit('/').next().unwrap_or_default()
    }

    /// When the portal finished making a table of its file.
    pub(super) fn parsed(&self) -> Option<String> {
        self.extras.get(PARSED).and_then(Value::as_str).map(str::to_owned)
    }

    /// Why the portal could not make a table of its file.
    pub(super) fn parsing_error(&self) -> Option<String> {
        match self.extras.get(PARSING_ERROR)? {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
    }
}

/// A dataset of a portal.
#[derive(Clone, Copy, Debug)]
pub(super) struct Udata<'a> {
    pub(super) client: &'a Client,
    pub(super) dataset: &'a str,
}

impl Udata<'_> {
    /// The dataset and all its resources.
    pub(super) fn dataset(&self) -> Attempt<Dataset> {
        let found: Dataset = self.client.get(&format!("/datasets/{}/", self.dataset))?;
        // An identifier becomes part of an address.
        if found.resources.iter().all(|remote| is_identifier(&remote.id)) {
            return Ok(found);
        }
        Err(Error::Unexpected("a resource has no identifier of the usual form".to_owned()).into())
    }

    /// Extensions of files that the portal takes.
    pub(super) fn extensions(&self) -> Attempt<Vec<String>> {
        self.client.get("/datasets/extensions/")
    }

    /// Sends one part of a file; nothing is seen of it yet.
    pub(super) fn send_part(
        &self,
        id: Option<&str>,
        (name, upload, part): (&str, &Upload, u64),
        content: &[u8],
    ) -> Attempt<()> {
        let form = Form::new(&upload.uuid)
            .field("uuid", &upload.uuid)
            .field("filename", name)
            .field("partindex", &part.to_string())
            .field("partbyteoffset", &(part * upload.chunk_bytes).to_string())
            .field("totalparts", &upload.parts.to_string())
            .field("chunksize", &content.len().to_string())
            .file(name, content);
        self.client.post::<Value>(&self.upload_path(id), form).map(drop)
    }

    /// Has the parts put together: from then on readers see the file.
    pub(super) fn combine(
        &self,
        id: Option<&str>,
        (name, upload): (&str, &Upload),
    ) -> Attempt<Remote> {
        let form = Form::new(&upload.uuid)
            .field("uuid", &upload.uuid)
            .field("filename", name)
            .field("totalparts", &upload.parts.to_string());
        let remote: Remote = self.client.post(&self.upload_path(id), form)?;
        match is_identifier(&remote.id) && id.is_none_or(|id| id == remote.id) {
            true => Ok(remote),
            false => Err(Error::Unexpected("the answer is about another resource".into()).into()),
        }
    }

    /// Says what a resource is: the portal forgets its title with every file.
    pub(super) fn describe(&self, id: &str, words: &Value) -> Attempt<Remote> {
        self.client.put(&format!("/datasets/{}/resources/{id}/", self.dataset), words)
    }

    /// Says what the dataset is.
    pub(super) fn write_text(&self, words: &Value) -> Attempt<()> {
        self.client.put::<Value>(&format!("/datasets/{}/", self.dataset), words).map(drop)
    }

    /// Puts resources in order; all of them are named.
    pub(super) fn reorder(&self, ids: &[String]) -> Attempt<()> {
        let path = format!("/datasets/{}/resources/", self.dataset);
        self.client.put::<Value>(&path, &json!(ids)).map(drop)
    }

    /// Length and SHA-256 of what readers get by the link that does not change.
    pub(super) fn downloaded(&self, id: &str) -> Attempt<(u64, String)> {
        self.client.download(&format!("/datasets/r/{id}"))
    }

    fn upload_path(&self, id: Option<&str>) -> String {
        match id {
            Some(id) => format!("/datasets/{}/resources/{id}/upload/", self.dataset),
            None => format!("/datasets/{}/upload/", self.dataset),
        }
    }
}
