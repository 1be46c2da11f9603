//! One request becomes one answer, or the reason why not.

use std::io::Read;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest, Sha256};
use ureq::http::{HeaderMap, Response, Uri, header};
use ureq::{Agent, Body};

use crate::deliver::form::Form;
use crate::fetch::{Error, Failure, Token, address, client};

/// Links that a download may pass through.
const REDIRECTS_MAX: usize = 5;
/// Letters of what a server says that are repeated.
const TOLD_MAX: usize = 200;

/// One attempt.
pub(crate) type Attempt<T> = Result<T, Failure>;

/// Holds the connections to a portal.
#[derive(Debug)]
pub struct Client {
    agent: Agent,
    root: String,
    token: Token,
    limits: Limits,
}

/// What one request may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Time until the connection stands.
    pub connect: Duration,
    /// Time until the last byte of an answer.
    pub answer: Duration,
    /// Time until the last byte of a file.
    pub download: Duration,
    /// Size of an answer.
    pub body_bytes_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(30),
            // A portal puts the parts of a file together before it answers.
            answer: Duration::from_secs(300),
            download: Duration::from_secs(900),
            body_bytes_max: 64 << 20,
        }
    }
}

impl Client {
    /// Prepares connections, through a proxy if one is given; the environment is not read.
    ///
    /// # Errors
    ///
    /// Refuses an address where others could read the token on the way.
    pub fn new(
        url: &str,
        token: Token,
        limits: Limits,
        proxy: Option<&str>,
    ) -> Result<Self, Error> {
        let agent = client::agent((limits.connect, limits.answer), proxy)?;
        let root = address::base(url)?.to_string().trim_end_matches('/').to_owned();
        Ok(Self { agent, root, token, limits })
    }

    /// Asks for what is at a path.
    pub(super) fn get<T: DeserializeOwned>(&self, path: &str) -> Attempt<T> {
        let request = self.agent.get(self.address(path)?).header(KEY, self.token.secret());
        self.read(request.call())
    }

    /// Sends a form.
    pub(super) fn post<T: DeserializeOwned>(&self, path: &str, form: Form) -> Attempt<T> {
        let (kind, body) = form.finish();
        let request = self.agent.post(self.address(path)?).header(KEY, self.token.secret());
        self.read(request.content_type(kind).send(body.as_slice()))
    }

    /// Sends values.
    pub(super) fn put<T: DeserializeOwned>(&self, path: &str, values: &Value) -> Attempt<T> {
        let body = values.to_string();
        let request = self.agent.put(self.address(path)?).header(KEY, self.token.secret());
        self.read(request.content_type("application/json").send(body.as_bytes()))
    }

    /// Length and SHA-256 of what a link leads to, asked for as any reader would: without token.
    pub(super) fn download(&self, path: &str) -> Attempt<(u64, String)> {
        let mut address = self.address(path)?;
        for _ in 0..=REDIRECTS_MAX {
            let request = self.agent.get(address.clone()).config();
            let request = request.timeout_global(Some(self.limits.download)).build();
            let mut response = request.call().map_err(|error| client::failure(&error))?;
            if !response.status().is_redirection() {
                self.accept(&mut response)?;
                return digest(&mut response);
            }
            let location = response.headers().get(header::LOCATION);
            let location = location.and_then(|value| value.to_str().ok()).unwrap_or_default();
            address = private(&address::absolute(&address, location))?;
        }
        let message = format!("a link leads on more than {REDIRECTS_MAX} times");
        Err(Error::Unexpected(message).into())
    }

    fn address(&self, path: &str) -> Attempt<Uri> {
        private(&format!("{}{path}", self.root))
    }

    fn read<T: DeserializeOwned>(
        &self,
        response: Result<Response<Body>, ureq::Error>,
    ) -> Attempt<T> {
        let mut response = response.map_err(|error| client::failure(&error))?;
        self.accept(&mut response)?;
        let body = self.body(&mut response)?;
        serde_json::from_slice(&body).map_err(|error| {
            // A proxy that shows a page of its own does so for a while.
            let (line, column) = (error.line(), error.column());
            passing(&format!("the answer is not what the API gives (line {line}, column {column})"))
        })
    }

    fn body(&self, response: &mut Response<Body>) -> Attempt<Vec<u8>> {
        let announced = response.body().content_length();
        let body = response.body_mut().with_config().limit(self.limits.body_bytes_max);
        let bytes = body.read_to_vec().map_err(|error| client::failure(&error))?;
        if announced.is_some_and(|announced| announced != bytes.len() as u64) {
            return Err(passing("the answer is cut"));
        }
        Ok(bytes)
    }

    /// Sorts answers by what can be done about them.
    fn accept(&self, response: &mut Response<Body>) -> Attempt<()> {
        let status = response.status().as_u16();
        let said = match status {
            200 | 201 => return Ok(()),
            400 => self.told(&self.body(response).unwrap_or_default()),
            _ => String::new(),
        };
        let answer = format!("the server answers HTTP {status}");
        let refused = |why: &str| Error::Refused(format!("{answer}: {why}"));
        Err(match status {
            300..=399 => refused("a redirect, and the token is not sent elsewhere").into(),
            401 => refused("it does not know the token").into(),
            403 => refused("the token may not change this dataset").into(),
            404 | 410 => refused("it has nothing there; are the identifiers right?").into(),
            413 => Error::Unexpected(format!("{answer}: it takes no file of that size")).into(),
            415 => {
                let why = "it takes no file of that kind; declare another name with `as`";
                Error::Unexpected(format!("{answer}: {why}")).into()
            }
            408 | 425 | 429 | 500 | 502 | 503 | 504 => {
                Failure::Passing { problem: answer, wait: wait(response.headers()) }
            }
            _ => Error::Unexpected(format!("{answer}{said}")).into(),
        })
    }

    /// What a server says of a mistake, without the token that it may repeat.
    fn told(&self, body: &[u8]) -> String {
        let value: Value = serde_json::from_slice(body).unwrap_or_default();
        let said = ["error", "errors", "message"].iter().map(|name| &value[name]);
        let said: Vec<String> = said
            .filter(|said| !said.is_null())
            .map(|said| said.as_str().map_or_else(|| said.to_string(), str::to_owned))
            .collect();
        if said.is_empty() {
            return String::new();
        }
        let said = said.join(", ").replace(self.token.secret(), "…");
        let said: String = said.chars().filter(|c| !c.is_control()).take(TOLD_MAX).collect();
        format!(": {said}")
    }
}

/// The header of the token.
const KEY: &str = "X-API-KEY";

/// An address where nobody can change or read what goes there.
fn private(address: &str) -> Attempt<Uri> {
    let unfit = |why| Error::Refused(format!("an address of the portal {why}")).into();
    address::private(address).map_err(unfit)
}

fn digest(response: &mut Response<Body>) -> Attempt<(u64, String)> {
    let announced = response.body().content_length();
    let mut body = response.body_mut().with_config().limit(u64::MAX).reader();
    let (mut hasher, mut bytes) = (Sha256::new(), 0_u64);
    let mut buffer = vec![0; 1 << 16];
    loop {
        let broke = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::TimedOut => passing("the server takes too long"),
            kind => passing(&format!("the connection broke ({kind})")),
        };
        let count = body.read(&mut buffer).map_err(broke)?;
        let piece = buffer.get(..count).unwrap_or_default();
        if piece.is_empty() {
            break;
        }
        hasher.update(piece);
        bytes += piece.len() as u64;
    }
    if announced.is_some_and(|announced| announced != bytes) {
        return Err(passing("the file is cut"));
    }
    Ok((bytes, hex(&hasher.finalize())))
}

/// Bytes in hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(super) fn wait(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(header::RETRY_AFTER)?.to_str().ok()?;
    value.trim().parse().ok().map(Duration::from_secs)
}

pub(super) fn passing(problem: &str) -> Failure {
    Failure::Passing { problem: problem.to_owned(), wait: None }
}
