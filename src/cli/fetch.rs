//! `conum fetch`: pages of the Coop's API become raw exports in the input folder.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use jiff::Timestamp;

use crate::cli::report;
use crate::error::{EXIT_WARNINGS, Error, Result};
use crate::fetch::client::{Client, Limits};
use crate::fetch::state::State;
use crate::fetch::{self, Patience, Request, Route, Summary, Token};
use crate::run::fetched::Folder;
use crate::run::secret;

/// Rows a page; the API refuses more.
const PAGE_SIZE: u32 = 500;
/// A listing of ten million rows is endless.
const PAGES_MAX: u32 = 20_000;
/// Announced rows that may be lacking: they moved while paging and come the next night.
const SHORTFALL_PERCENT_MAX: u64 = 1;

/// Save what changed in the API since the last time, one file a page.
///
/// Pages are raw exports: those of `utilisateurs` hold names, which `ingest` drops.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Address of the server, such as <https://coop.example>.
    #[arg(long)]
    url: String,
    /// File of the secret, `clientid:secret`.
    #[arg(long, value_name = "FILE")]
    token_file: PathBuf,
    /// Folder of the raw exports.
    #[arg(long, value_name = "DIR")]
    input: PathBuf,
    /// What to list; may be given several times.
    #[arg(long, value_enum, default_values_t = [Listed::Activites])]
    route: Vec<Listed>,
    /// List everything, not only what changed.
    #[arg(long)]
    full: bool,
    /// Minutes before the last listing from which changes are asked for again.
    #[arg(long, default_value_t = 60)]
    overlap: u32,
    /// Address of a proxy.
    #[arg(long)]
    proxy: Option<String>,
}

/// A list of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Listed {
    /// Activities.
    Activites,
    /// Employers and places.
    Structures,
    /// Users and their jobs, nominative.
    Utilisateurs,
}

impl From<Listed> for Route {
    fn from(listed: Listed) -> Self {
        match listed {
            Listed::Activites => Route::Activites,
            Listed::Structures => Route::Structures,
            Listed::Utilisateurs => Route::Utilisateurs,
        }
    }
}

pub(super) fn run(args: &Args) -> Result<ExitCode> {
    let secret = String::from_utf8_lossy(&secret::read_any(&args.token_file)?).into_owned();
    let token = Token::new(&secret)?;
    let client = Client::new(Limits::default(), args.proxy.as_deref())?;
    let mut code = ExitCode::SUCCESS;
    for route in args.route.iter().map(|listed| Route::from(*listed)) {
        let found = list(args, (route, &token), &client)?;
        report::fetched(route, &found, &args.input)?;
        if found.shortfall() * 100 > found.rows * SHORTFALL_PERCENT_MAX {
            tracing::warn!(
                event = "fetch.shortfall",
                route = route.name(),
                lacking = found.shortfall(),
                "Rows announced did not come: list again with `--full`."
            );
            code = ExitCode::from(EXIT_WARNINGS);
        }
    }
    Ok(code)
}

fn list(args: &Args, (route, token): (Route, &Token), client: &Client) -> Result<Summary> {
    let mut folder = Folder::at(&args.input);
    let now = now();
    let known = State::load(route, &mut folder)?.watermark;
    let request = Request {
        base_url: args.url.clone(),
        route,
        token: token.clone(),
        page_size: PAGE_SIZE,
        pages_max: PAGES_MAX,
        since: known.filter(|_| !args.full && route == Route::Activites),
        stamp: now.strftime("%Y%m%dT%H%M%S%3f").to_string(),
        now,
        overlap: Duration::from_secs(u64::from(args.overlap) * 60),
        patience: Patience::default(),
        seed: now.as_microsecond().unsigned_abs(),
    };
    Ok(fetch::fetch(&request, client, &mut folder, &mut std::thread::sleep)?)
}

#[expect(clippy::disallowed_methods, reason = "the clock enters here")]
fn now() -> Timestamp {
    Timestamp::now()
}

impl std::convert::From<fetch::Error> for Error {
    fn from(error: fetch::Error) -> Self {
        let message = error.to_string();
        match error {
            fetch::Error::Unavailable(_) => Error::unavailable(message)
                .hint("what was saved stays; the next `conum fetch` goes on from there"),
            fetch::Error::Refused(_) => Error::definition(message),
            fetch::Error::Unexpected(_) => Error::data(message),
            fetch::Error::Save(_) => Error::io_failed(message),
        }
    }
}
