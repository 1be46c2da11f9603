//! Requests that `object_store` signed become answers, through the client of all the others.
//!
//! It brings no second HTTP client, and needs no runtime: the client blocks, so whatever waits for
//! it is ready at the first look.

use std::future::{Future, ready};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse,
    HttpResponseBody, HttpService,
};
use ureq::Agent;
use ureq::http::{HeaderMap, Method};

use crate::deliver::http::{Limits, passing, wait};
use crate::fetch::{Error, Failure, client};

/// Looks at what cannot be pending.
const LOOKS: usize = 8;

/// Sends signed requests, and remembers why the last one failed.
#[derive(Clone, Debug)]
pub(super) struct Signed {
    agent: Agent,
    body_bytes_max: u64,
    failure: Arc<Mutex<Option<Failure>>>,
}

impl Signed {
    pub(super) fn new(limits: Limits, proxy: Option<&str>) -> Result<Self, Error> {
        let agent = client::agent((limits.connect, limits.answer), proxy)?;
        Ok(Self { agent, body_bytes_max: limits.body_bytes_max, failure: Arc::default() })
    }

    /// Waits for what is asked through this client; a failure is told as the server told it.
    pub(super) fn settle<T>(
        &self,
        asked: impl Future<Output = object_store::Result<T>>,
    ) -> Result<T, Failure> {
        self.wait(asked)?.map_err(|_| self.why())
    }

    /// The same, of what is asked on a condition: nothing where the condition does not hold.
    pub(super) fn settle_if<T>(
        &self,
        asked: impl Future<Output = object_store::Result<T>>,
    ) -> Result<Option<T>, Failure> {
        use object_store::Error::{AlreadyExists, Precondition};
        match self.wait(asked)? {
            Ok(found) => Ok(Some(found)),
            Err(AlreadyExists { .. } | Precondition { .. }) => Ok(None),
            Err(_) => Err(self.why()),
        }
    }

    fn wait<T>(&self, asked: impl Future<Output = T>) -> Result<T, Failure> {
        self.remember(None);
        let mut asked = pin!(asked);
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..LOOKS {
            if let Poll::Ready(found) = asked.as_mut().poll(&mut context) {
                return Ok(found);
            }
        }
        Err(Error::Unexpected("a request that blocks is not done when it returns".into()).into())
    }

    /// Why the last request failed. The text of an error may hold what the server says; what it
    /// said is sorted already.
    fn why(&self) -> Failure {
        self.remember(None).unwrap_or_else(|| passing("the answer of the bucket cannot be read"))
    }

    fn remember(&self, failure: Option<Failure>) -> Option<Failure> {
        let mut last = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *last, failure)
    }

    fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let failed = |failure: Failure| {
            self.remember(Some(failure));
            HttpError::new(HttpErrorKind::Unknown, std::io::Error::other("not sent"))
        };
        let (parts, body) = request.into_parts();
        let is_head = parts.method == Method::HEAD;
        let is_bare = is_head || matches!(parts.method, Method::GET | Method::DELETE);
        let sent = if is_bare {
            self.agent.run(ureq::http::Request::from_parts(parts, ()))
        } else {
            let body = self.bytes(body)?;
            self.agent.run(ureq::http::Request::from_parts(parts, body.as_slice()))
        };
        let mut response = sent.map_err(|error| failed(client::failure(&error)))?;
        let announced = response.body().content_length();
        let limited = response.body_mut().with_config().limit(self.body_bytes_max);
        let body = limited.read_to_vec().map_err(|error| failed(client::failure(&error)))?;
        // A question about an object alone is answered with the length of the object.
        if !is_head && announced.is_some_and(|announced| announced != body.len() as u64) {
            return Err(failed(passing("the answer is cut")));
        }
        self.remember(sorted(response.status().as_u16(), response.headers(), &body));
        let (parts, _) = response.into_parts();
        Ok(HttpResponse::from_parts(parts, HttpResponseBody::from(body)))
    }

    /// What a request holds, in one piece.
    fn bytes(&self, body: object_store::client::HttpRequestBody) -> Result<Vec<u8>, HttpError> {
        let mut whole = pin!(HttpResponseBody::new(body).bytes());
        match whole.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(bytes) => bytes.map(|bytes| bytes.to_vec()),
            Poll::Pending => {
                let error = std::io::Error::other("a body in memory is there");
                Err(HttpError::new(HttpErrorKind::Unknown, error))
            }
        }
    }
}

/// Sorts answers by what can be done about them.
fn sorted(status: u16, headers: &HeaderMap, body: &[u8]) -> Option<Failure> {
    let said = code(body).map_or_else(String::new, |code| format!(" ({code})"));
    let answer = format!("the server answers HTTP {status}{said}");
    let refused = |why: &str| Error::Refused(format!("{answer}: {why}")).into();
    match status {
        200..=299 => None,
        300..=399 => Some(refused("a redirect; is the region right?")),
        401 | 403 => Some(refused("it does not accept the key")),
        404 => {
            let why = "it has no such bucket or object";
            Some(Failure::Unknown(Error::Refused(format!("{answer}: {why}"))))
        }
        413 => Some(Error::Unexpected(format!("{answer}: it takes no file of that size")).into()),
        408 | 425 | 429 | 500 | 502 | 503 | 504 => {
            Some(Failure::Passing { problem: answer, wait: wait(headers) })
        }
        _ => Some(Error::Unexpected(answer).into()),
    }
}

/// The word by which a bucket says what is wrong.
fn code(body: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(body).ok()?;
    let code = text.split_once("<Code>")?.1.split_once("</Code>")?.0;
    let is_word = code.len() <= 64 && code.chars().all(|c| c.is_ascii_alphanumeric());
    is_word.then_some(code)
}

impl HttpService for Signed {
    fn call<'a, 'f>(
        &'a self,
        request: HttpRequest,
    ) -> Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'f>>
    where
        'a: 'f,
        Self: 'f,
    {
        Box::pin(ready(self.send(request)))
    }
}

impl HttpConnector for Signed {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_of_a_bucket_is_repeated_and_nothing_else_of_it() {
        let body = b"<Error><Code>SlowDown</Code><Message>key AKIA</Message></Error>";
        let failure = sorted(503, &HeaderMap::new(), body).unwrap();
        let told = failure.into_error().to_string();
        assert_eq!(told, "the server answers HTTP 503 (SlowDown)");
        assert_eq!(code(b"<Code>a b</Code>"), None);
        assert_eq!(code(b"<html>"), None);
    }
}
