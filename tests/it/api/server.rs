//! A small server that answers like the API: bearer, pages after a cursor, failures on demand.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::listener::{Listener, Port};

/// What the server does apart from answering.
#[derive(Clone, Default)]
pub struct Knobs {
    /// The only secret it knows.
    pub token: String,
    /// Failures by number of request, the first being 1.
    pub failures: BTreeMap<usize, Failure>,
    /// Rows modified just before a request is answered: its number, the row, the instant.
    pub touches: Vec<(usize, String, String)>,
    /// How pages point to the next one.
    pub links: Links,
}

/// How an answer goes wrong.
#[derive(Clone)]
pub enum Failure {
    /// This status, without a page.
    Status(u16),
    /// This status, and the seconds to wait.
    RetryAfter(u16, u64),
    /// This status, and where to go instead.
    Redirect(u16, String),
    /// The connection closes without an answer.
    Close,
    /// The connection closes in the middle of the page.
    CutBody,
    /// The page ends in the middle, and the announced length says so too.
    CutPage,
    /// Half a page, and then nothing.
    Stall,
    /// This text in place of a page.
    Text(String),
}

/// How pages point to the next one.
#[derive(Clone, Default)]
pub enum Links {
    /// An address with its server.
    #[default]
    Absolute,
    /// An address without its server.
    Relative,
    /// An address on another server.
    Elsewhere(String),
    /// Always the first page.
    Looping,
    /// None.
    Absent,
}

/// A request as the server received it.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Path and query, decoded.
    pub target: String,
    /// The header, if it was there.
    pub authorization: Option<String>,
}

/// A server on a port of its own, until it is dropped.
pub struct Server {
    shared: Arc<Shared>,
    _listener: Listener,
}

struct Shared {
    url: String,
    resources: Mutex<Vec<Value>>,
    knobs: Knobs,
    seen: Mutex<Vec<Seen>>,
}

impl Server {
    /// Serves resources `{type, id, attributes: {modification, …}}`; a route lists those whose
    /// type is its name in the singular.
    pub fn start(resources: Vec<Value>, knobs: Knobs) -> Self {
        let port = Port::open();
        let shared = Arc::new(Shared {
            url: port.url(),
            resources: Mutex::new(resources),
            knobs,
            seen: Mutex::default(),
        });
        let served = Arc::clone(&shared);
        let listener = port.listen(move |stream| served.answer(stream));
        Self { shared, _listener: listener }
    }

    /// The address to give as base.
    pub fn url(&self) -> String {
        self.shared.url.clone()
    }

    /// The requests so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().unwrap().clone()
    }
}

impl Shared {
    fn answer(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let Some(seen) = read_request(&mut stream)? else { return Ok(()) };
        let number = {
            let mut all = self.seen.lock().unwrap();
            all.push(seen.clone());
            all.len()
        };
        for (_, id, instant) in self.knobs.touches.iter().filter(|touch| touch.0 == number) {
            let mut resources = self.resources.lock().unwrap();
            let row = resources.iter_mut().find(|row| row["id"] == id.as_str()).unwrap();
            row["attributes"]["modification"] = json!(instant);
        }
        let (status, body) = self.page(&seen);
        let (half, _) = body.split_at(body.len() / 2);
        match self.knobs.failures.get(&number) {
            None => respond(&mut stream, status, "", &body, &body),
            Some(Failure::Status(status)) => respond(&mut stream, *status, "", "{}", "{}"),
            Some(Failure::RetryAfter(status, seconds)) => {
                respond(&mut stream, *status, &format!("Retry-After: {seconds}\r\n"), "{}", "{}")
            }
            Some(Failure::Redirect(status, to)) => {
                respond(&mut stream, *status, &format!("Location: {to}\r\n"), "", "")
            }
            Some(Failure::Close) => Ok(()),
            Some(Failure::CutBody) => respond(&mut stream, status, "", &body, half),
            Some(Failure::CutPage) => respond(&mut stream, status, "", half, half),
            Some(Failure::Stall) => {
                respond(&mut stream, status, "", &body, half)?;
                // Until the client hangs up.
                stream.read(&mut [0]).map(drop)
            }
            Some(Failure::Text(text)) => respond(&mut stream, 200, "", text, text),
        }
    }

    fn page(&self, seen: &Seen) -> (u16, String) {
        let error = |status: u16| (status, json!({"errors": [{"status": status}]}).to_string());
        let (path, query) = seen.target.split_once('?').unwrap_or((&seen.target, ""));
        let Some(kind) = path.strip_prefix("/api/v1/").and_then(|name| name.strip_suffix('s'))
        else {
            return error(404);
        };
        if seen.authorization.as_deref() != Some(&format!("Bearer {}", self.knobs.token)) {
            return error(401);
        }
        let value = |key: &str| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs.find(|pair| pair.0 == key).map(|pair| pair.1)
        };
        let size = value("page[size]").map_or(Ok(500), str::parse::<usize>);
        let Some(size) = size.ok().filter(|size| (1..=500).contains(size)) else {
            return error(400);
        };
        let since = value("filter[modification][depuis]").map(str::parse::<Timestamp>);
        let Ok(since) = since.transpose() else { return error(400) };
        let after = value("page[after]").map(|cursor| cursor.split_once("###"));
        if after == Some(None) {
            return error(400);
        }
        let listed = self.listed(kind, since);
        let rest = listed.iter().filter(|row| {
            after.flatten().is_none_or(|(at, id)| (instant(row), name(row)) < (parsed(at), id))
        });
        let data: Vec<&Value> = rest.take(size).collect();
        (200, self.document(path, query, &data, listed.len()).to_string())
    }

    /// Rows of a type, the last modified first.
    fn listed(&self, kind: &str, since: Option<Timestamp>) -> Vec<Value> {
        let mut rows = self.resources.lock().unwrap().clone();
        rows.retain(|row| row["type"] == kind && since.is_none_or(|since| instant(row) >= since));
        rows.sort_by(|a, b| (instant(b), name(b)).cmp(&(instant(a), name(a))));
        rows
    }

    fn document(&self, path: &str, query: &str, data: &[&Value], total: usize) -> Value {
        let kept = query.split('&').filter(|pair| !pair.starts_with("page[after]="));
        let kept = kept.collect::<Vec<_>>().join("&");
        let mut links = json!({"self": {"href": format!("{}{path}?{query}", self.url)}});
        if let Some(last) = data.last() {
            let cursor = format!("{}###{}", text(&last["attributes"]["modification"]), name(last));
            let next = encoded(&format!("{path}?{kept}&page[after]={cursor}"));
            let href = match &self.knobs.links {
                Links::Absolute => Some(format!("{}{next}", self.url)),
                Links::Relative => Some(next),
                Links::Elsewhere(server) => Some(format!("{server}{next}")),
                Links::Looping => Some(format!("{}{path}?{kept}", self.url)),
                Links::Absent => None,
            };
            if let Some(href) = href {
                links["next"] = json!({"href": href});
            }
        }
        json!({
            "data": data,
            "links": links,
            "meta": {
                "total_count": total,
                "items_per_page": data.len(),
                "total_pages": total.div_ceil(data.len().max(1)),
                "has_next_page": !data.is_empty(),
                "has_prev_page": query.contains("page[after]="),
            },
        })
    }
}

fn read_request(stream: &mut TcpStream) -> std::io::Result<Option<Seen>> {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte)? == 0 {
            return Ok(None);
        }
        bytes.extend(byte);
    }
    let text = String::from_utf8(bytes).unwrap();
    let target = text.split(' ').nth(1).unwrap();
    let authorization = text.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("authorization").then(|| value.to_owned())
    });
    Ok(Some(Seen { target: decoded(target), authorization }))
}

fn respond(
    stream: &mut TcpStream,
    status: u16,
    headers: &str,
    announced: &str,
    body: &str,
) -> std::io::Result<()> {
    let head = format!(
        "HTTP/1.1 {status} Status\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\n{headers}\r\n",
        announced.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())?;
    stream.flush()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn name(row: &Value) -> &str {
    text(&row["id"])
}

fn instant(row: &Value) -> Timestamp {
    parsed(text(&row["attributes"]["modification"]))
}

fn parsed(instant: &str) -> Timestamp {
    instant.parse().unwrap()
}

fn encoded(text: &str) -> String {
    text.replace('[', "%5B").replace(']', "%5D").replace(':', "%3A").replace('#', "%23")
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits: Vec<u8> = rest.by_ref().take(2).collect();
            let digits = String::from_utf8(digits).unwrap();
            bytes.push(u8::from_str_radix(&digits, 16).unwrap());
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).unwrap()
}
