//! A portal that does what udata does with the files of a dataset, good and bad.
//!
//! It puts names in its own way, replaces the title by the name of each new file, gives it another
//! address and deletes the one before, computes checksums itself, keeps parts until they are put
//! together, and tells much later whether it could make a table.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use sha1::Digest;

use crate::listener::{Listener, Port};
use crate::portal::request::Request;

pub const DATASET: &str = "5f0000000000000000000001";
/// Extensions that the portal takes.
const EXTENSIONS: [&str; 6] = ["csv", "json", "xlsx", "txt", "parquet", "gz"];

/// How an answer goes wrong.
#[derive(Clone, Debug)]
pub enum Fault {
    /// This status; nothing is done.
    Status(u16),
    /// This status, and the seconds to wait; nothing is done.
    RetryAfter(u16, u64),
    /// This status and this text; nothing is done.
    Says(u16, String),
    /// The connection closes before anything is done.
    Close,
    /// What is asked for is done, and the connection closes without an answer.
    DoneAndClosed,
    /// It is done, and the answer is cut.
    Cut,
    /// It is done, half of the answer comes, and then nothing.
    Stall,
    /// What is put together is not what was sent.
    Corrupt,
    /// A page that has nothing to do with it; nothing is done.
    Page,
    /// An address elsewhere.
    Redirect(String),
}

/// What the portal is and does apart from answering.
#[derive(Clone, Debug, Default)]
pub struct Knobs {
    pub token: String,
    /// Faults by number of request, the first being 1.
    pub faults: BTreeMap<usize, Fault>,
    /// Every putting together gives something else.
    pub is_corrupt: bool,
    /// What readers get is not what was stored.
    pub serves_other_bytes: bool,
    /// Where downloads lead instead.
    pub downloads: Option<String>,
    /// Files of which no table can be made.
    pub unreadable: BTreeSet<String>,
}

/// A resource and its file.
#[derive(Clone, Debug)]
pub struct Stored {
    pub id: String,
    pub title: String,
    pub description: String,
    pub kind: String,
    pub schema: Value,
    pub path: String,
    pub bytes: Vec<u8>,
    extras: Value,
    looks_left: Option<usize>,
}

impl Stored {
    fn value(&self, root: &str) -> Value {
        let extension = self.path.rsplit('.').next().unwrap();
        json!({
            "id": self.id, "title": self.title, "description": self.description,
            "type": self.kind, "filetype": "file", "schema": self.schema,
            "url": format!("{root}/{}", self.path),
            "latest": format!("{root}/api/1/datasets/r/{}", self.id),
            "filesize": self.bytes.len(), "format": extension, "mime": "application/octet-stream",
            "checksum": {"type": "sha1", "value": sha1_of(&self.bytes)},
            "extras": self.extras,
        })
    }
}

#[derive(Clone, Debug, Default)]
pub struct Portal {
    pub text: BTreeMap<String, Value>,
    pub resources: Vec<Stored>,
    /// Looks at the dataset until a table is made of a new file; never if none.
    pub looks: Option<usize>,
    parts: BTreeMap<(String, u64), Vec<u8>>,
    clock: u64,
}

/// A portal on a port of its own, until it is dropped.
pub struct Server {
    shared: Arc<Shared>,
    _listener: Listener,
}

struct Shared {
    root: String,
    knobs: Mutex<Knobs>,
    portal: Mutex<Portal>,
    seen: Mutex<Vec<Request>>,
}

impl Server {
    pub fn start(knobs: Knobs, portal: Portal) -> Self {
        let port = Port::open();
        let shared = Arc::new(Shared {
            root: port.url(),
            knobs: Mutex::new(knobs),
            portal: Mutex::new(portal),
            seen: Mutex::default(),
        });
        let served = Arc::clone(&shared);
        let listener = port.listen(move |stream| served.answer(stream));
        Self { shared, _listener: listener }
    }

    /// The address to give as base.
    pub fn url(&self) -> String {
        format!("{}/api/1", self.shared.root)
    }

    /// The requests so far.
    pub fn seen(&self) -> Vec<Request> {
        self.shared.seen.lock().unwrap().clone()
    }

    /// The dataset now.
    pub fn portal(&self) -> Portal {
        self.shared.portal.lock().unwrap().clone()
    }

    /// Forgets the requests so far, and fails otherwise from now on.
    pub fn turn(&self, change: impl FnOnce(&mut Knobs)) {
        self.shared.seen.lock().unwrap().clear();
        change(&mut self.shared.knobs.lock().unwrap());
    }
}

/// Status, a header, and a body.
type Answer = (u16, String, Vec<u8>);

fn answer(status: u16, body: &Value) -> Answer {
    (status, String::new(), body.to_string().into_bytes())
}

fn mistake(status: u16, message: &str) -> Answer {
    answer(status, &json!({"message": message}))
}

impl Shared {
    fn answer(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let Some(request) = Request::read(&mut stream)? else { return Ok(()) };
        let number = {
            let mut seen = self.seen.lock().unwrap();
            seen.push(request.clone());
            seen.len()
        };
        let fault = self.knobs.lock().unwrap().faults.get(&number).cloned();
        let plain = |status: u16, header: String| (status, header, b"{}".to_vec());
        let (status, header, body) = match &fault {
            Some(Fault::Close) => return Ok(()),
            Some(Fault::Status(status)) => plain(*status, String::new()),
            Some(Fault::RetryAfter(status, wait)) => {
                plain(*status, format!("Retry-After: {wait}\r\n"))
            }
            Some(Fault::Says(status, text)) => mistake(*status, text),
            Some(Fault::Page) => (200, String::new(), b"<html>maintenance</html>".to_vec()),
            Some(Fault::Redirect(to)) => plain(302, format!("Location: {to}\r\n")),
            Some(Fault::Corrupt) => self.done(&request, true),
            None | Some(Fault::DoneAndClosed | Fault::Cut | Fault::Stall) => {
                let is_corrupt = self.knobs.lock().unwrap().is_corrupt;
                self.done(&request, is_corrupt)
            }
        };
        if matches!(fault, Some(Fault::DoneAndClosed)) {
            return Ok(());
        }
        let head = format!(
            "HTTP/1.1 {status} Status\r\nContent-Length: {}\r\nConnection: close\r\n{header}\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes())?;
        match fault {
            Some(Fault::Cut) => stream.write_all(&body[..body.len() / 2]),
            Some(Fault::Stall) => {
                stream.write_all(&body[..body.len() / 2])?;
                // Until the client hangs up.
                stream.read(&mut [0]).map(drop)
            }
            _ => stream.write_all(&body).and_then(|()| stream.flush()),
        }
    }

    fn done(&self, request: &Request, is_corrupt: bool) -> Answer {
        let knobs = self.knobs.lock().unwrap().clone();
        let mut portal = self.portal.lock().unwrap();
        let parts: Vec<&str> = request.path.trim_matches('/').split('/').collect();
        let method = request.method.as_str();
        let (method, parts) = match (method, parts.as_slice()) {
            ("GET", ["static", ..]) => return portal.file(&request.path, &knobs),
            (method, ["api", "1", "datasets", rest @ ..]) => (method, rest),
            _ => return mistake(404, "no such page"),
        };
        match (method, parts) {
            ("GET", ["extensions"]) => return answer(200, &json!(EXTENSIONS)),
            ("GET", ["r", id]) => return portal.stable(id, &self.root, &knobs),
            _ => {}
        }
        if parts.first() != Some(&DATASET) {
            return mistake(404, "no such dataset");
        }
        if method != "GET" && request.header("x-api-key") != knobs.token {
            return mistake(401, "unknown token");
        }
        let body = || serde_json::from_slice::<Value>(&request.body).unwrap();
        let root = self.root.as_str();
        match (method, &parts[1..]) {
            ("GET", []) => portal.look(root, &knobs),
            ("PUT", []) => portal.write_text(&body()),
            ("PUT", ["resources"]) => portal.reorder(&body(), root),
            ("PUT", ["resources", id]) => portal.describe(id, &body(), root),
            ("POST", ["upload"]) => portal.upload(None, request, is_corrupt, root),
            ("POST", ["resources", id, "upload"]) => {
                portal.upload(Some(id), request, is_corrupt, root)
            }
            _ => mistake(404, "no such page"),
        }
    }
}

impl Portal {
    fn look(&mut self, root: &str, knobs: &Knobs) -> Answer {
        let clock = self.clock;
        for stored in &mut self.resources {
            let Some(left) = stored.looks_left else { continue };
            if left > 0 {
                stored.looks_left = Some(left - 1);
                continue;
            }
            stored.looks_left = None;
            let name = stored.path.rsplit('/').next().unwrap();
            let error = knobs.unreadable.contains(name).then_some("no table in it");
            stored.extras = json!({
                "analysis:parsing:finished_at": format!("2026-11-26T00:00:{clock:02}"),
                "analysis:parsing:error": error,
            });
        }
        let resources: Vec<Value> = self.resources.iter().map(|one| one.value(root)).collect();
        let mut dataset = json!({"id": DATASET, "resources": resources});
        for name in ["title", "description", "license", "frequency"] {
            dataset[name] = self.text.get(name).cloned().unwrap_or_default();
        }
        answer(200, &dataset)
    }

    fn write_text(&mut self, words: &Value) -> Answer {
        for name in ["title", "description"] {
            if words[name].as_str().is_none_or(str::is_empty) {
                return answer(400, &json!({"errors": {name: ["This field is required."]}}));
            }
        }
        for (name, value) in words.as_object().unwrap() {
            self.text.insert(name.clone(), value.clone());
        }
        answer(200, words)
    }

    fn reorder(&mut self, ids: &Value, root: &str) -> Answer {
        let ids: Vec<&str> =
            ids.as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
        let named: BTreeSet<&str> = ids.iter().copied().collect();
        let all: BTreeSet<&str> = self.resources.iter().map(|one| one.id.as_str()).collect();
        if named != all || ids.len() != all.len() {
            return mistake(400, "All resources must be reordered");
        }
        let place = |stored: &Stored| ids.iter().position(|id| *id == stored.id);
        self.resources.sort_by_key(place);
        let resources: Vec<Value> = self.resources.iter().map(|one| one.value(root)).collect();
        answer(200, &json!(resources))
    }

    fn describe(&mut self, id: &str, words: &Value, root: &str) -> Answer {
        let Some(stored) = self.resources.iter_mut().find(|stored| stored.id == id) else {
            return mistake(404, "no such resource");
        };
        let Some(title) = words["title"].as_str().filter(|title| !title.is_empty()) else {
            return answer(400, &json!({"errors": {"title": ["This field is required."]}}));
        };
        stored.title = title.to_owned();
        if let Some(description) = words["description"].as_str() {
            stored.description = description.to_owned();
        }
        if let Some(kind) = words["type"].as_str() {
            stored.kind = kind.to_owned();
        }
        if !words["schema"].is_null() {
            stored.schema = words["schema"].clone();
        }
        answer(200, &stored.value(root))
    }

    fn upload(
        &mut self,
        id: Option<&str>,
        request: &Request,
        is_corrupt: bool,
        root: &str,
    ) -> Answer {
        if id.is_some_and(|id| !self.resources.iter().any(|stored| stored.id == id)) {
            return mistake(404, "no such resource");
        }
        let (fields, file) = request.form();
        let number = |name: &str| fields.get(name).map(|text| text.parse::<u64>().unwrap());
        let total = number("totalparts").unwrap_or_default();
        let (name, mut bytes) = match (file, total > 1) {
            (Some((_, content)), true) => {
                if number("chunksize") != Some(content.len() as u64) {
                    let error = json!({"success": false, "error": "Chunk size mismatch"});
                    return answer(400, &error);
                }
                let uuid = fields["uuid"].clone();
                // Where a part begins is not used: order is that of the numbers.
                assert!(number("partbyteoffset").is_some() && fields.contains_key("filename"));
                self.parts.insert((uuid, number("partindex").unwrap()), content);
                return answer(200, &json!({"success": true}));
            }
            (None, true) => {
                let part = |part: u64| self.parts.get(&(fields["uuid"].clone(), part));
                let Some(parts) = (0..total).map(part).collect::<Option<Vec<_>>>() else {
                    // A file that is not there is no case that the program knows.
                    return mistake(500, "Internal Server Error");
                };
                let bytes = parts.into_iter().flatten().copied().collect();
                (fields["filename"].clone(), bytes)
            }
            (Some(file), false) => file,
            (None, false) => return mistake(400, "Missing file parameter"),
        };
        let name = slug(&name);
        let extension = name.rsplit('.').next().unwrap();
        if !EXTENSIONS.contains(&extension) || bytes.starts_with(b"<html") {
            return mistake(415, "Incorrect file type");
        }
        if total > 1 {
            self.parts.retain(|(uuid, _), _| *uuid != fields["uuid"]);
        }
        if is_corrupt {
            bytes.reverse();
        }
        self.clock += 1;
        let path = format!("static/resources/jeu/{:08}-000000/{name}", self.clock);
        let file = (path, name, bytes);
        let (status, stored) = match id {
            Some(id) => (200, self.replace(id, file)),
            None => (201, self.create(file)),
        };
        answer(status, &stored.value(root))
    }

    fn create(&mut self, (path, name, bytes): (String, String, Vec<u8>)) -> Stored {
        let stored = Stored {
            id: format!("00000000-0000-4000-a000-{:012}", self.clock),
            title: name,
            description: String::new(),
            kind: "main".to_owned(),
            schema: Value::Null,
            path,
            bytes,
            extras: json!({}),
            looks_left: self.looks,
        };
        // The last one comes first.
        self.resources.insert(0, stored.clone());
        stored
    }

    fn replace(&mut self, id: &str, (path, name, bytes): (String, String, Vec<u8>)) -> Stored {
        let looks_left = self.looks;
        let stored = self.resources.iter_mut().find(|stored| stored.id == id).unwrap();
        // What the table of the file before came to stays until there is another.
        *stored = Stored { title: name, path, bytes, looks_left, ..stored.clone() };
        stored.clone()
    }

    fn stable(&self, id: &str, root: &str, knobs: &Knobs) -> Answer {
        let Some(stored) = self.resources.iter().find(|stored| stored.id == id) else {
            return mistake(404, "no such resource");
        };
        let file = format!("{root}/{}", stored.path);
        let to = knobs.downloads.as_ref().unwrap_or(&file);
        (302, format!("Location: {to}\r\n"), Vec::new())
    }

    fn file(&self, path: &str, knobs: &Knobs) -> Answer {
        let path = path.trim_start_matches('/');
        let Some(stored) = self.resources.iter().find(|stored| stored.path == path) else {
            return mistake(404, "deleted");
        };
        let mut bytes = stored.bytes.clone();
        if knobs.serves_other_bytes {
            bytes.reverse();
        }
        (200, String::new(), bytes)
    }

    /// A dataset with one resource that is not ours.
    pub fn with(name: &str, title: &str, bytes: &[u8]) -> Self {
        let mut portal = Self { looks: Some(1), clock: 900, ..Self::default() };
        portal.create((format!("static/resources/jeu/0/{name}"), title.to_owned(), bytes.to_vec()));
        portal
    }

    pub fn stored(&self, id: &str) -> &Stored {
        self.resources.iter().find(|stored| stored.id == id).unwrap()
    }
}

fn slug(name: &str) -> String {
    let name = name.to_lowercase();
    name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' }).collect()
}

pub fn sha1_of(bytes: &[u8]) -> String {
    sha1::Sha1::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
