//! A route of the Coop's API becomes files, one per page, and a watermark for the next night.

pub mod client;
pub mod state;

pub(crate) mod address;
mod page;
pub(crate) mod retry;
mod walk;

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

use crate::fetch::client::Client;
use crate::fetch::state::{Listing, State};
use crate::fetch::walk::Walk;

/// Fetches what changed on a route since `request.since`, or goes on with the listing that an
/// earlier night left unfinished.
///
/// # Errors
///
/// What was saved before an error stays, and the next call goes on from there.
pub fn fetch(
    request: &Request,
    client: &Client,
    place: &mut dyn Place,
    sleep: &mut dyn FnMut(Duration),
) -> Result<Summary> {
    let base = address::base(&request.base_url)?;
    let State { watermark, unfinished } = State::load(request.route, place)?;
    let mut walk = Walk { request, client, base, watermark, place, sleep };

    let mut listing = match unfinished {
        Some(listing) if listing.covers(request.since) => listing,
        Some(listing) => {
            walk.forget(&listing)?;
            walk.begin(request.since)?
        }
        None => walk.begin(request.since)?,
    };
    let mut resumed = listing.pages_saved > 0;
    let mut walked = walk.finish(&mut listing);
    if let Err(Failure::Unknown(_)) = walked
        && resumed
        && walk.is_served(listing.since)?
    {
        // The server no longer knows where the earlier night stopped, though it knows the route:
        // asking every night would never end, and what is saved cannot be completed.
        walk.forget(&listing)?;
        listing = walk.begin(listing.since)?;
        resumed = false;
        walked = walk.finish(&mut listing);
    }
    walked.map_err(Failure::into_error)?;

    let watermark = walk.close(&listing)?;
    let Listing { stamp, since, pages_saved: pages, rows, total_announced, .. } = listing;
    Ok(Summary { stamp, since, pages, rows, total_announced, resumed, watermark })
}

/// Says what to fetch, from where, and under which name.
#[derive(Clone, Debug)]
pub struct Request {
    /// Address of the server, such as `https://coop.example`; plain `http` for this host only.
    pub base_url: String,
    /// What is listed.
    pub route: Route,
    /// The secret, sent to the server of `base_url` and nowhere else.
    pub token: Token,
    /// Rows asked for per page; the API refuses more than 500.
    pub page_size: u32,
    /// Pages after which a listing is taken for endless.
    pub pages_max: u32,
    /// Rows modified since then, or all rows; only `activites` knows this filter.
    pub since: Option<Timestamp>,
    /// Names the files of this listing, and of no other: letters, digits and hyphens.
    pub stamp: String,
    /// The time of the call.
    pub now: Timestamp,
    /// Taken off the start of the listing to make the watermark: clocks differ, and a row becomes
    /// visible a little after the modification it bears.
    pub overlap: Duration,
    /// How long a failing server is borne with.
    pub patience: Patience,
    /// Spreads the waits; the same seed gives the same waits.
    pub seed: u64,
}

/// A list of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// Activities, soft-deleted ones included.
    Activites,
    /// Employers and places.
    Structures,
    /// Users and their jobs: nominative.
    Utilisateurs,
}

impl Route {
    /// Every route.
    pub const ALL: [Route; 3] = [Route::Activites, Route::Structures, Route::Utilisateurs];

    /// The last part of the address, and part of the file names.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Route::Activites => "activites",
            Route::Structures => "structures",
            Route::Utilisateurs => "utilisateurs",
        }
    }
}

/// The name of the file that holds one page, counted from 1.
#[must_use]
pub fn page_name(route: Route, stamp: &str, page: u32) -> String {
    format!("coop_api_{}_{stamp}_{page:04}.json", route.name())
}

/// A secret, which no message shows.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// Takes `clientid:secret`; white space around it, such as the end of a line, is dropped.
    ///
    /// # Errors
    ///
    /// Refuses an empty secret, and one that a header cannot carry.
    pub fn new(secret: &str) -> Result<Self> {
        let secret = secret.trim();
        if secret.is_empty() {
            return Err(Error::Refused("the secret is empty".to_owned()));
        }
        if !secret.chars().all(|c| c.is_ascii_graphic()) {
            return Err(Error::Refused(
                "the secret holds a space or a character outside ASCII".to_owned(),
            ));
        }
        Ok(Self(secret.to_owned()))
    }

    /// The secret itself, for the request that bears it.
    pub(crate) fn secret(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Token(…)")
    }
}

/// How often a page is asked for, and how long the waits between are.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Requests for one page, the first included.
    pub attempts_max: u32,
    /// The first wait at most; each further one is at most twice as long.
    pub wait_first: Duration,
    /// No wait is longer; a server that asks for more is left alone until the next run.
    pub wait_max: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            attempts_max: 5,
            wait_first: Duration::from_secs(1),
            wait_max: Duration::from_secs(60),
        }
    }
}

/// Where pages and the state are kept.
pub trait Place {
    /// Writes a file whole or not at all, in place of one of the same name.
    ///
    /// # Errors
    ///
    /// The file cannot be written; one of the same name is as before.
    fn save(&mut self, name: &str, bytes: &[u8]) -> Kept<()>;

    /// Reads a file, if it is there.
    ///
    /// # Errors
    ///
    /// The file is there and cannot be read.
    fn load(&mut self, name: &str) -> Kept<Option<Vec<u8>>>;

    /// Removes a file; one that is not there is no error.
    ///
    /// # Errors
    ///
    /// The file is there and cannot be removed.
    fn remove(&mut self, name: &str) -> Kept<()>;
}

/// The result of a [`Place`], with whatever error the place has.
pub type Kept<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// What a completed listing brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Names the files; that of the earlier night when a listing was resumed.
    pub stamp: String,
    /// The rows asked for: modified since then, or all.
    pub since: Option<Timestamp>,
    /// Files of the listing, those of an earlier night included.
    pub pages: u32,
    /// Rows of these files.
    pub rows: u64,
    /// Rows the server announced on the first page.
    pub total_announced: Option<u64>,
    /// Whether an earlier night began the listing.
    pub resumed: bool,
    /// What the next night asks for.
    pub watermark: Option<Timestamp>,
}

impl Summary {
    /// Rows announced and not received. A few moved to the front while paging and come the next
    /// night; more than a few were lost.
    #[must_use]
    pub fn shortfall(&self) -> u64 {
        self.total_announced.unwrap_or(0).saturating_sub(self.rows)
    }
}

/// Why what was asked of a server is not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The server does not answer, or not now; a later run may succeed.
    #[error("{0}")]
    Unavailable(String),
    /// The secret is not accepted, or would have gone where it must not go.
    #[error("{0}")]
    Refused(String),
    /// The answer is not what the API promises.
    #[error("{0}")]
    Unexpected(String),
    /// What is to be kept cannot be, or cannot be read again.
    #[error("{0}")]
    Save(String),
}

/// The result of everything here.
pub type Result<T> = std::result::Result<T, Error>;

/// A request without a page, as the next step needs to know it.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Worth another attempt, after the wait that the server asks for.
    Passing { problem: String, wait: Option<Duration> },
    /// The server does not know the address.
    Unknown(Error),
    /// Another attempt would end the same way.
    Lasting(Error),
}

impl Failure {
    pub(crate) fn into_error(self) -> Error {
        match self {
            Failure::Passing { problem, .. } => Error::Unavailable(problem),
            Failure::Unknown(error) | Failure::Lasting(error) => error,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Lasting(error)
    }
}
