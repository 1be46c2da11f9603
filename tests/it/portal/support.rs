//! Invented releases, a place in memory, and one call.

use std::collections::BTreeMap;
use std::time::Duration;

use conum::definition::publication::{self, Publication};
use conum::deliver::http::{Client, Limits, hex};
use conum::deliver::state::State;
use conum::deliver::walk::{Stopped, Summary, publish};
use conum::deliver::{Asked, Document, Place, Release};
use conum::fetch::{Kept, Patience, Token};
use sha2::Digest;

use crate::portal::server::{DATASET, Knobs, Portal, Server, sha1_of};

pub const SECRET: &str = "invented-portal-token";

pub const DECLARATION: &str = r#"
left_out = ["verdict.json"]

[portal]
url = "https://demo.example/api/1"
dataset = "5f0000000000000000000001"
title = "Activités"
description = "Ce que font les conseillers."
source = "Bureau inventé"
licence = "lov2"
frequency = "monthly"
parsing_minutes = 2

[[resource]]
file = "SHA256SUMS"
as = "sha256sums.txt"
title = "Empreintes"
type = "documentation"

[[resource]]
file = "par_region.csv"
title = "Par région (CSV)"
description = "Une ligne par région."
schema = { name = "conum/par-region", version = "1.0.0" }

[[resource]]
file = "notes.txt"
title = "Notes"
type = "documentation"

[[resource]]
file = "par_region.parquet"
title = "Par région (Parquet)"
may_lack = true

[[resource]]
file = "par_theme.csv"
title = "Par thème"
may_lack = true
"#;

pub fn declared() -> Publication {
    publication::read(DECLARATION.as_bytes()).unwrap()
}

pub fn knobs() -> Knobs {
    Knobs { token: SECRET.to_owned(), ..Knobs::default() }
}

/// A dataset with a resource that is not ours.
pub fn portal() -> Portal {
    Portal::with("charte.txt", "Charte", b"not ours")
}

/// A release, and a place for its state.
#[derive(Clone, Default)]
pub struct Memory {
    pub name: String,
    pub files: BTreeMap<String, Vec<u8>>,
    pub state: Option<Vec<u8>>,
    /// Saves that succeed before everything fails.
    pub saves_left: Option<usize>,
}

impl Memory {
    /// A release whose files tell its day.
    pub fn of(day: &str) -> Self {
        let mut files = BTreeMap::new();
        files.insert("verdict.json".to_owned(), b"{}".to_vec());
        for name in ["SHA256SUMS", "par_region.csv", "notes.txt", "par_region.parquet"] {
            let line = format!("{name} {day}\n");
            files.insert(name.to_owned(), line.repeat(4).into_bytes());
        }
        Self { name: format!("{day}-0a1b2c3d"), files, state: None, saves_left: None }
    }

    /// A release of one table: figures, notes and checksums.
    pub fn small(day: &str) -> Self {
        let mut place = Self::of(day);
        place.files.remove("par_region.parquet");
        place
    }

    /// Another release, with what is known of the one before.
    pub fn then(&self, day: &str) -> Self {
        let mut next = Self { state: self.state.clone(), ..Self::of(day) };
        next.files.retain(|name, _| self.files.contains_key(name));
        next
    }

    pub fn release(&self) -> Release {
        let document = |(name, bytes): (&String, &Vec<u8>)| Document {
            name: name.clone(),
            bytes: bytes.len() as u64,
            sha1: sha1_of(bytes),
            sha256: hex(&sha2::Sha256::digest(bytes)),
        };
        Release { name: self.name.clone(), documents: self.files.iter().map(document).collect() }
    }

    pub fn state(&self) -> State {
        let bytes = self.state.as_deref();
        bytes.map_or_else(State::default, |bytes| serde_json::from_slice(bytes).unwrap())
    }

    /// Resources by file.
    pub fn ids(&self) -> BTreeMap<String, String> {
        let known = self.state().resources.into_iter();
        known.filter_map(|(file, known)| Some((file, known.id?))).collect()
    }
}

impl Place for Memory {
    fn read(&mut self, file: &str, from: u64, bytes: u64) -> Kept<Vec<u8>> {
        let (from, to) = (usize::try_from(from)?, usize::try_from(from + bytes)?);
        Ok(self.files[file][from..to].to_vec())
    }

    fn load(&mut self) -> Kept<Option<Vec<u8>>> {
        Ok(self.state.clone())
    }

    fn save(&mut self, state: &[u8]) -> Kept<()> {
        if self.saves_left == Some(0) {
            return Err("disk full".into());
        }
        self.saves_left = self.saves_left.map(|left| left - 1);
        self.state = Some(state.to_vec());
        Ok(())
    }
}

pub fn once() -> Patience {
    Patience { attempts_max: 1, ..Patience::default() }
}

/// Publishes without waiting, and gives the waits there would have been.
pub fn call(
    server: &Server,
    place: &mut Memory,
    patience: Patience,
) -> (Result<Summary, Stopped>, Vec<Duration>) {
    call_at(server, place, (patience, "2026-11-26T05:00:00Z"))
}

pub fn call_at(
    server: &Server,
    place: &mut Memory,
    (patience, now): (Patience, &str),
) -> (Result<Summary, Stopped>, Vec<Duration>) {
    let publication = declared();
    let (release, token) = (place.release(), Token::new(SECRET).unwrap());
    let asked = Asked {
        portal: publication.portal.as_ref().unwrap(),
        dataset: DATASET,
        publication: &publication,
        release: &release,
        chunk_bytes: 50,
        now: now.parse().unwrap(),
        patience,
    };
    let short = Duration::from_millis(300);
    let limits = Limits { answer: short, download: short, ..Limits::default() };
    let client = Client::new(&server.url(), token, limits, None).unwrap();
    let mut waits = Vec::new();
    let done = publish(&asked, &client, place, &mut |wait| waits.push(wait));
    let told = format!("{done:?} {client:?} {asked:?} {:?}", place.state());
    let state = String::from_utf8(place.state.clone().unwrap_or_default()).unwrap();
    assert!(!told.contains(SECRET) && !state.contains(SECRET));
    (done, waits)
}

/// Checks that readers see a whole release, each file in its resource, described and in order.
#[track_caller]
pub fn expect_whole(server: &Server, place: &Memory) {
    let portal = server.portal();
    let ids = place.ids();
    let mut order = Vec::new();
    for resource in &declared().resource {
        let Some(bytes) = place.files.get(&resource.file) else { continue };
        let stored = portal.stored(&ids[&resource.file]);
        assert_eq!(stored.bytes, *bytes, "{}", resource.file);
        assert_eq!(stored.title, resource.title);
        assert!(stored.description.starts_with(resource.description.trim()));
        assert!(stored.description.contains(&place.name), "{}", stored.description);
        assert_eq!(stored.kind, resource.kind.word());
        order.push(stored.id.clone());
    }
    order.extend(portal.resources.iter().filter(|one| one.title == "Charte").map(|o| o.id.clone()));
    let found: Vec<String> = portal.resources.iter().map(|one| one.id.clone()).collect();
    assert_eq!(found, order);
    assert_eq!(portal.text["title"], "Activités");
    assert!(portal.text["description"].as_str().unwrap().contains(&place.name));
    assert_eq!(place.state().release.as_ref(), Some(&place.name));
    assert!(place.state().resources.values().all(|known| known.upload.is_none()));
}
