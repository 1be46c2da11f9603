//! The machine, the warehouse and what a run is given become checks, each with what to do.
//!
//! It changes nothing, and one check that cannot be made does not hinder the others.

use std::path::{Path, PathBuf};

use globset::GlobSet;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::definition::dataset::Dataset;
use crate::definition::source::Source;
use crate::definition::{Definitions, Files};
use crate::error::{Error, Kind, Result};
use crate::ingest::pseudonym::Key;
use crate::run::machine;
use crate::run::manifest::Manifest;
use crate::run::outputs::BUILDING;
use crate::run::register::Register;
use crate::run::secret::{Keeper, read_secret};
use crate::run::store::Store;
use crate::run::{folders, input, sample_folder, space, swap};

/// Memory below which a run of the whole programme may not have enough.
const MEMORY_BYTES: u64 = 1 << 30;
/// Clocks of two machines may differ by this much.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_mins(5);

/// What a run would be given.
#[derive(Debug)]
pub struct Asked<'a> {
    /// Folder of the outputs.
    pub warehouse: &'a Path,
    /// What `pipelines/` declares, or why it cannot be read.
    pub declared: &'a Result<(String, Files, Definitions)>,
    /// Folder of the raw exports.
    pub input: Option<&'a Path>,
    /// File of the key of the pseudonyms, and who keeps it.
    pub key_file: Option<(&'a Path, Keeper)>,
    /// How old the newest input may be.
    pub max_age: SignedDuration,
    /// The instant.
    pub now: Timestamp,
}

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// As it should be.
    Ok,
    /// A run may do without.
    Warn,
    /// A run would fail, or come to something wrong.
    Fail,
}

/// A check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was looked at.
    pub what: &'static str,
    /// How it came out.
    pub level: Level,
    /// What was found.
    pub found: String,
    /// What to do about it.
    pub advice: Option<String>,
    /// The exit code of a run that fails of it.
    #[serde(skip)]
    pub code: u8,
}

fn ok(what: &'static str, found: impl Into<String>) -> Check {
    Check { what, level: Level::Ok, found: found.into(), advice: None, code: 0 }
}

fn warn(what: &'static str, found: impl Into<String>, advice: &str) -> Check {
    let advice = Some(advice.to_owned());
    Check { what, level: Level::Warn, found: found.into(), advice, code: 0 }
}

fn fail(what: &'static str, kind: Kind, found: impl Into<String>, advice: &str) -> Check {
    let advice = Some(advice.to_owned());
    Check { what, level: Level::Fail, found: found.into(), advice, code: kind.exit_code() }
}

fn failed(what: &'static str, error: &Error) -> Check {
    fail(what, error.kind, error.to_string(), error.hint.as_deref().unwrap_or("see the message"))
}

/// Looks at everything.
#[must_use]
pub fn checks(asked: &Asked<'_>) -> Vec<Check> {
    let store = Store::at(asked.warehouse);
    let mut found = vec![rights(asked.warehouse)];
    if asked.warehouse.is_dir() {
        let current = Manifest::current(&store);
        found.push(room(asked.warehouse, current.as_ref().ok().and_then(Option::as_ref)));
        found.push(file_system(asked.warehouse));
        found.push(lock(&store));
        found.push(register(&store));
        found.push(clock(&store, asked.now));
        found.push(leftovers(&store).unwrap_or_else(|error| failed("leftovers", &error)));
        if let Err(error) = &current {
            found.push(failed("published run", error));
        }
        found.push(key(asked, current.ok().flatten().as_ref()));
    } else {
        found.push(key(asked, None));
    }
    found.push(match TimeZone::get("Europe/Paris") {
        Ok(_) => ok("time zones", "Europe/Paris is known"),
        Err(error) => {
            fail("time zones", Kind::Internal, error.to_string(), "the program lacks its own data")
        }
    });
    found.push(match asked.declared {
        Ok((_, _, definitions)) => ok("declarations", {
            let Definitions { sources, tables, .. } = definitions;
            format!("{} sources, {} tables", sources.len(), tables.len())
        }),
        Err(error) => failed("declarations", error),
    });
    found.push(inputs(asked).unwrap_or_else(|error| failed("inputs", &error)));
    found.push(memory());
    found
}

fn rights(warehouse: &Path) -> Check {
    let what = "rights";
    if !warehouse.is_dir() {
        let parent = warehouse
            .ancestors()
            .skip(1)
            .find(|folder| folder.is_dir() || folder.as_os_str().is_empty());
        let parent = parent.filter(|folder| !folder.as_os_str().is_empty());
        return match machine::may_write(parent.unwrap_or(Path::new("."))) {
            true => ok(what, format!("`{}` is not there: a run makes it", warehouse.display())),
            false => fail(
                what,
                Kind::CannotCreate,
                format!("`{}` is not there and cannot be made", warehouse.display()),
                "make it, and give it to the user of the job",
            ),
        };
    }
    let parts = ["runs", "staged", "releases", BUILDING, "declarations"];
    let parts = parts.iter().map(|part| warehouse.join(part)).filter(|folder| folder.is_dir());
    let folders = std::iter::once(warehouse.to_owned()).chain(parts);
    let closed: Vec<String> = folders
        .filter(|folder| !machine::may_write(folder))
        .map(|folder| format!("`{}`", folder.display()))
        .collect();
    match closed.is_empty() {
        true => ok(what, format!("`{}` may be written", warehouse.display())),
        false => fail(
            what,
            Kind::CannotCreate,
            format!("no right to write in {}", closed.join(", ")),
            "`chown -R` it to the user of the job, or mount it with the right to write",
        ),
    }
}

/// A run makes its files beside those of the one before.
fn room(warehouse: &Path, current: Option<&Manifest>) -> Check {
    let what = "free space";
    let free = match machine::free(warehouse) {
        Ok(free) => free,
        Err(error) => return failed(what, &error),
    };
    let outputs = space::once_more(current);
    let advice = "make room: `conum runs gc` clears away what no run needs";
    if let Err(error) = space::compare(warehouse, outputs, free) {
        return fail(what, error.kind, error.to_string(), advice);
    }
    let segments = current.iter().flat_map(|it| &it.segments);
    let segments = segments.map(|segment| segment.rows.bytes + segment.rejects.bytes);
    let last = segments.fold(outputs.bytes, u64::saturating_add);
    let told = format!("{} free; the last run is {}", bytes(free.bytes), bytes(last));
    match free.bytes < last.saturating_mul(2) {
        true => warn(what, told, advice),
        false => ok(what, told),
    }
}

fn file_system(warehouse: &Path) -> Check {
    let what = "file system";
    match machine::network_file_system(warehouse) {
        Ok(None) => ok(what, "of this machine"),
        Ok(Some(name)) => warn(
            what,
            format!("{name}: locks and renames may not be what they are on a disk"),
            "keep the warehouse on a disk of this machine, and copy its releases",
        ),
        Err(error) => failed(what, &error),
    }
}

fn lock(store: &Store) -> Check {
    let what = "lock";
    match store.holder() {
        Ok(None) => ok(what, "nobody is at work"),
        Ok(Some(who)) => warn(what, format!("at work: {who}"), "wait for it before another run"),
        Err(error) => failed(what, &error),
    }
}

fn register(store: &Store) -> Check {
    let what = "register of runs";
    let problems = Register::read(store).and_then(|register| {
        let problems = register.all_problems(store)?;
        Ok((problems, register.attempts()))
    });
    match problems {
        Err(error) => failed(what, &error),
        Ok((problems, attempts)) if problems.is_empty() => {
            ok(what, format!("whole, {} entries", attempts.len()))
        }
        Ok((problems, _)) => fail(
            what,
            Kind::Data,
            problems.join("; "),
            "bring `register.jsonl` back from a copy, or set it aside: the next run begins another",
        ),
    }
}

fn clock(store: &Store, now: Timestamp) -> Check {
    let what = "clock";
    let attempts = Register::read(store).map(|register| register.attempts()).unwrap_or_default();
    let times = attempts.iter().flat_map(|attempt| {
        let ended = attempt.end.as_ref().map(|end| end.ended_at.as_str());
        [Some(attempt.begin.started_at.as_str()), ended]
    });
    let latest = times.flatten().filter_map(|time| time.parse::<Timestamp>().ok()).max();
    match latest {
        Some(latest) if now.duration_until(latest) > CLOCKS_DIFFER => warn(
            what,
            format!("it is {now}, and the register goes to {latest}"),
            "set the clock; if a run was dated in the future, `conum status` waits until then",
        ),
        _ => ok(what, format!("it is {}", now.strftime("%Y-%m-%dT%H:%MZ"))),
    }
}

/// What killed and refused runs left.
fn leftovers(store: &Store) -> Result<Check> {
    let what = "leftovers";
    let mut found = Vec::new();
    let drafts = swap::drafts(store)?.len();
    if drafts > 0 {
        found.push(format!("{drafts} draft(s)"));
    }
    if !store.names_in(BUILDING)?.is_empty() {
        found.push(format!("a run that was not published, in `{BUILDING}`"));
    }
    if swap::unshown(store).is_some() {
        found.push("a run that readers were about to see".to_owned());
    }
    Ok(match found.is_empty() {
        true => ok(what, "none"),
        false => warn(
            what,
            found.join(", "),
            "none is needed: the next run goes on from there, `conum runs gc` clears drafts away",
        ),
    })
}

fn key(asked: &Asked<'_>, current: Option<&Manifest>) -> Check {
    let what = "key of the pseudonyms";
    let key = match asked.key_file {
        Some((path, keeper)) => {
            match read_secret(path, keeper).and_then(|content| Key::secret(&content)) {
                Ok(key) => key,
                Err(error) => return failed(what, &error),
            }
        }
        None => Key::published(),
    };
    if current.is_some_and(|current| current.key_fingerprint != key.fingerprint()) {
        return fail(
            what,
            Kind::Definition,
            "it is not that of the last run: all pseudonyms would be others",
            "give the same `--key-file` as the job",
        );
    }
    let is_sample = asked.input.is_some_and(sample_folder::is_sample);
    if key.is_published && !is_sample {
        let told = "the published one, fit for samples only";
        return warn(what, told, "give `--key-file`");
    }
    let told = if key.is_published { "the published one, for a sample" } else { "kept secret" };
    ok(what, told)
}

fn inputs(asked: &Asked<'_>) -> Result<Check> {
    let what = "inputs";
    let Some(folder) = asked.input else {
        return Ok(warn(what, "not looked at", "give `--input`"));
    };
    let entries = folders::input_entries(folder)?;
    let mut patterns: Vec<GlobSet> = Vec::new();
    if let Ok((_, _, definitions)) = asked.declared {
        let Definitions { sources, datasets, .. } = definitions;
        let of_sources = sources.values().map(Source::pattern);
        let all = of_sources.chain(datasets.values().map(Dataset::pattern));
        patterns = all.collect::<std::result::Result<_, _>>().map_err(Error::definition)?;
    }
    let is_read = |path: &&PathBuf| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = name.unwrap_or_default();
        let bare = input::bare_name(&name);
        path.is_file() && (patterns.iter().any(|it| it.is_match(bare)) || input::is_archive(&name))
    };
    let read: Vec<&PathBuf> = entries.iter().filter(is_read).collect();
    let closed: Vec<String> = read
        .iter()
        .filter(|path| !machine::may_read(path))
        .map(|path| format!("`{}`", path.display()))
        .collect();
    if !closed.is_empty() {
        let told = format!("no right to read {}", closed.join(", "));
        return Ok(fail(what, Kind::Io, told, "let the user of the job read them"));
    }
    let newest = read.iter().filter_map(|path| machine::changed(path)).max();
    let newest = newest.and_then(|newest| Timestamp::try_from(newest).ok());
    let Some(newest) = newest else {
        let told = format!("no file of `{}` matches a source", folder.display());
        return Ok(fail(what, Kind::NoInput, told, "look at what the suppliers left"));
    };
    let told =
        format!("{} file(s), the newest of {}", read.len(), newest.strftime("%Y-%m-%d %H:%MZ"));
    Ok(match newest.duration_until(asked.now) > asked.max_age {
        true => warn(what, told, "look whether the suppliers still deliver"),
        false => ok(what, told),
    })
}

fn memory() -> Check {
    let what = "memory";
    match machine::memory_bytes() {
        None => warn(what, "the kernel does not tell", "a run wants 1 GiB or more"),
        Some(free) if free < MEMORY_BYTES => {
            let told = format!("{} available", bytes(free));
            warn(what, told, "a run wants 1 GiB or more: stop something else")
        }
        Some(free) => ok(what, format!("{} available", bytes(free))),
    }
}

/// A number of bytes as a person reads it.
#[must_use]
pub fn bytes(count: u64) -> String {
    let units = ["B", "KiB", "MiB", "GiB"];
    let mut place = 0;
    let mut left = count;
    while left >= 10 * 1024 && place + 1 < units.len() {
        left /= 1024;
        place += 1;
    }
    format!("{left} {}", units[place])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_short() {
        for (count, told) in
            [(0, "0 B"), (10_239, "10239 B"), (10_240, "10 KiB"), (1 << 33, "8192 MiB")]
        {
            assert_eq!(bytes(count), told);
        }
    }
}
