//! One address becomes the bytes of one answer, or the reason why not.

use std::io::ErrorKind;
use std::time::Duration;

use ureq::http::{HeaderMap, Uri, header};
use ureq::{Agent, Proxy};

use crate::fetch::{Error, Failure, Result, Token};

/// Holds the connections to the server.
#[derive(Debug)]
pub struct Client {
    agent: Agent,
    body_bytes_max: u64,
}

/// What one request may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Time until the connection stands.
    pub connect: Duration,
    /// Time until the last byte of the answer.
    pub total: Duration,
    /// Size of the answer.
    pub body_bytes_max: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(30),
            total: Duration::from_secs(120),
            body_bytes_max: 64 * 1024 * 1024,
        }
    }
}

/// What sends requests, through a proxy if one is given; times are those until the connection
/// stands, and until the last byte. The environment is not read.
pub(crate) fn agent((connect, total): (Duration, Duration), proxy: Option<&str>) -> Result<Agent> {
    // The address may hold a password: it stays out of the message.
    let unreadable = |_| Error::Refused("the address of the proxy cannot be read".to_owned());
    let proxy = proxy.map(Proxy::new).transpose().map_err(unreadable)?;
    let config = Agent::config_builder()
        .http_status_as_error(false)
        // A redirect is an answer like another: nothing is sent to where it leads.
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(proxy)
        .user_agent(concat!("conum/", env!("CARGO_PKG_VERSION")))
        // Bytes are kept and summed as received, so none are asked for in compressed form.
        .accept_encoding("identity")
        .timeout_connect(Some(connect))
        .timeout_global(Some(total))
        .build();
    Ok(config.new_agent())
}

impl Client {
    /// Prepares connections, through a proxy if one is given; the environment is not read.
    ///
    /// # Errors
    ///
    /// Refuses a proxy whose address cannot be read.
    pub fn new(limits: Limits, proxy: Option<&str>) -> Result<Self> {
        let agent = agent((limits.connect, limits.total), proxy)?;
        Ok(Self { agent, body_bytes_max: limits.body_bytes_max })
    }

    /// Asks for one address, once.
    pub(super) fn get(
        &self,
        address: &Uri,
        token: &Token,
    ) -> std::result::Result<Vec<u8>, Failure> {
        let request = self
            .agent
            .get(address.clone())
            .header(header::ACCEPT, "application/json")
            .header(header::AUTHORIZATION, format!("Bearer {}", token.0));
        let mut response = request.call().map_err(|error| failure(&error))?;

        accept(response.status().as_u16(), response.headers())?;

        let announced = response.body().content_length();
        let body = response.body_mut().with_config().limit(self.body_bytes_max);
        let bytes = body.read_to_vec().map_err(|error| failure(&error))?;
        if announced.is_some_and(|announced| announced != bytes.len() as u64) {
            return Err(passing("the answer is cut"));
        }
        Ok(bytes)
    }
}

/// Sorts answers by what can be done about them.
fn accept(status: u16, headers: &HeaderMap) -> std::result::Result<(), Failure> {
    let answer = format!("the server answers HTTP {status}");
    match status {
        200 => Ok(()),
        300..=399 => Err(Failure::Lasting(Error::Refused(format!(
            "{answer}, a redirect, and the secret is not sent elsewhere"
        )))),
        401 => {
            Err(Failure::Lasting(Error::Refused(format!("{answer}: it does not know the secret"))))
        }
        403 => Err(Failure::Lasting(Error::Refused(format!(
            "{answer}: the secret does not open this route"
        )))),
        400 | 404 | 410 => Err(Failure::Unknown(Error::Unexpected(answer))),
        429 | 500 | 502 | 503 | 504 => {
            let seconds = headers
                .get(header::RETRY_AFTER)
                .and_then(|value| value.to_str().ok())
                .and_then(|value| value.trim().parse().ok());
            Err(Failure::Passing { problem: answer, wait: seconds.map(Duration::from_secs) })
        }
        _ => Err(Failure::Lasting(Error::Unexpected(answer))),
    }
}

/// Sorts errors below HTTP by what can be done about them.
pub(crate) fn failure(error: &ureq::Error) -> Failure {
    match error {
        ureq::Error::HostNotFound => passing("the name of the server is not found"),
        ureq::Error::ConnectionFailed => passing("the server does not accept connections"),
        ureq::Error::ConnectProxyFailed(_) => passing("the proxy does not reach the server"),
        ureq::Error::Timeout(_) => passing("the server takes too long"),
        // A certificate is as little trusted at the next attempt.
        ureq::Error::Io(cause) if cause.kind() == ErrorKind::InvalidData => unencrypted(),
        ureq::Error::Io(cause) => passing(&format!("the connection broke ({})", cause.kind())),
        ureq::Error::Protocol(_) => passing("the answer is not HTTP, or is cut"),
        ureq::Error::BodyExceedsLimit(bytes) => {
            Failure::Lasting(Error::Unexpected(format!("the answer is longer than {bytes} bytes")))
        }
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) | ureq::Error::Pem(_) => unencrypted(),
        _ => Failure::Lasting(Error::Unavailable("the request cannot be sent".to_owned())),
    }
}

fn passing(problem: &str) -> Failure {
    Failure::Passing { problem: problem.to_owned(), wait: None }
}

fn unencrypted() -> Failure {
    Failure::Lasting(Error::Unavailable(
        "no encrypted connection comes about; is the certificate of the server trusted?".to_owned(),
    ))
}
