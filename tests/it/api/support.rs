//! Invented rows, a place in memory, and one call.

use std::collections::BTreeMap;
use std::time::Duration;

use conum::fetch::client::{Client, Limits};
use conum::fetch::state::{State, state_name};
use conum::fetch::{
    Kept, Patience, Place, Request, Result, Route, Summary, Token, fetch, page_name,
};
use serde_json::{Value, json};

use crate::api::server::{Knobs, Server};

pub const SECRET: &str = "invented-client:invented-secret";
pub const ROUTE: Route = Route::Activites;

/// Activities `a01`, `a02`, …, modified on the morning of 1 November, one each minute.
pub fn activities(count: usize) -> Vec<Value> {
    (1..=count)
        .map(|number| {
            let modification = format!("2026-11-01T08:{number:02}:00.000Z");
            json!({
                "type": "activite",
                "id": format!("a{number:02}"),
                "attributes": {"type": "individuel", "modification": modification},
            })
        })
        .collect()
}

pub fn knobs() -> Knobs {
    Knobs { token: SECRET.to_owned(), ..Knobs::default() }
}

/// Three rows a page, at three in the morning of 2 November.
pub fn request(server: &Server) -> Request {
    Request {
        base_url: server.url(),
        route: ROUTE,
        token: Token::new(SECRET).unwrap(),
        page_size: 3,
        pages_max: 50,
        since: None,
        stamp: "20261102".to_owned(),
        now: "2026-11-02T03:00:00.75Z".parse().unwrap(),
        overlap: Duration::from_secs(3600),
        patience: Patience::default(),
        seed: 1,
    }
}

/// Files in memory; the save of one that is named in `broken` fails.
#[derive(Default)]
pub struct Memory {
    pub files: BTreeMap<String, Vec<u8>>,
    pub broken: Option<String>,
    /// Saves that succeed before everything fails.
    pub saves_left: Option<usize>,
}

impl Place for Memory {
    fn save(&mut self, name: &str, bytes: &[u8]) -> Kept<()> {
        if self.broken.as_deref() == Some(name) || self.saves_left == Some(0) {
            return Err("disk full".into());
        }
        self.saves_left = self.saves_left.map(|left| left - 1);
        self.files.insert(name.to_owned(), bytes.to_vec());
        Ok(())
    }

    fn load(&mut self, name: &str) -> Kept<Option<Vec<u8>>> {
        Ok(self.files.get(name).cloned())
    }

    fn remove(&mut self, name: &str) -> Kept<()> {
        self.files.remove(name);
        Ok(())
    }
}

impl Memory {
    pub fn state(&mut self) -> State {
        State::load(ROUTE, self).unwrap()
    }

    /// Ids of the rows of the pages of a stamp, in the order of the files.
    pub fn ids(&self, stamp: &str) -> Vec<String> {
        let pages = (1..).map_while(|page| self.files.get(&page_name(ROUTE, stamp, page)));
        let pages = pages.map(|bytes| serde_json::from_slice::<Value>(bytes).unwrap());
        pages
            .flat_map(|page| page["data"].as_array().unwrap().clone())
            .map(|row| row["id"].as_str().unwrap().to_owned())
            .collect()
    }

    /// Names of the files, without the state.
    pub fn pages(&self) -> Vec<&str> {
        let names = self.files.keys().map(String::as_str);
        names.filter(|name| *name != state_name(ROUTE)).collect()
    }
}

/// Fetches without waiting, and gives the waits there would have been.
pub fn call(request: &Request, place: &mut Memory) -> (Result<Summary>, Vec<Duration>) {
    let limits = Limits { total: Duration::from_secs(5), ..Limits::default() };
    let client = Client::new(limits, None).unwrap();
    let mut waits = Vec::new();
    let fetched = fetch(request, &client, place, &mut |wait| waits.push(wait));
    if let Err(error) = &fetched {
        assert!(!format!("{error} {error:?} {request:?}").contains("invented-secret"));
    }
    for bytes in place.files.values() {
        assert!(!String::from_utf8_lossy(bytes).contains("invented-secret"));
    }
    (fetched, waits)
}
