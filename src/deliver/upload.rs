//! A file becomes parts on the portal, which nobody sees, and then the file of a resource.

use std::time::Duration;

use crate::deliver::http::Attempt;
use crate::deliver::plan::Step;
use crate::deliver::state::{State, Upload};
use crate::deliver::udata::{Remote, Udata};
use crate::deliver::{Asked, Place};
use crate::fetch::{Error, Failure, Result, retry};

/// What sends a file.
pub(super) struct Sender<'a, 's> {
    pub(super) asked: &'a Asked<'a>,
    pub(super) udata: Udata<'a>,
    pub(super) state: &'s mut State,
    pub(super) place: &'s mut dyn Place,
    pub(super) sleep: &'s mut dyn FnMut(Duration),
}

impl Sender<'_, '_> {
    /// Sends the parts that the portal lacks. Nothing that readers see changes.
    pub(super) fn send(&mut self, step: &Step<'_>) -> Result<()> {
        let file = &step.resource.file;
        let known = self.state.of(file);
        let going = known.upload.take().filter(|up| up.is_of(step.document, self.asked.now));
        let upload = going.unwrap_or_else(|| Upload::begin(self.asked, step.document, 0));
        self.send_rest(step, upload)
    }

    fn send_rest(&mut self, step: &Step<'_>, mut upload: Upload) -> Result<()> {
        let (file, name) = (&step.resource.file, step.resource.name());
        self.keep(file, &upload)?;
        while upload.parts_sent < upload.parts {
            let part = upload.parts_sent;
            let (from, bytes) = upload.part(part);
            let content = self.place.read(file, from, bytes);
            let content =
                content.map_err(|error| Error::Save(format!("cannot read `{file}`: {error}")))?;
            let udata = self.udata;
            let sent = self.persist(part, || {
                udata.send_part(step.id.as_deref(), (name, &upload, part), &content)
            });
            let what = format!("cannot send part {} of {} of `{file}`", part + 1, upload.parts);
            sent.map_err(|error| about(&what, error))?;
            upload.parts_sent += 1;
            self.keep(file, &upload)?;
        }
        Ok(())
    }

    /// Has the portal show the file in place of the one before.
    pub(super) fn show(&mut self, step: &Step<'_>) -> Result<Remote> {
        let file = &step.resource.file;
        let what = format!("cannot publish `{file}`");
        let Some(upload) = self.state.of(file).upload.clone() else {
            return Err(Error::Unexpected(format!("{what}: its parts were not sent")));
        };
        let is_resumed = upload.is_asked;
        let mut step = step.clone();
        match self.combine(&step, upload) {
            Ok(remote) if remote.is(step.document) => return Ok(remote),
            // What the portal put together is something else: once more, from the start.
            Ok(remote) => step.id = Some(remote.id),
            // Of an earlier call: its parts may be gone.
            Err(Error::Unexpected(_) | Error::Unavailable(_)) if is_resumed => {}
            Err(error) => return Err(about(&what, error)),
        }
        let upload = Upload::begin(self.asked, step.document, 1);
        self.send_rest(&step, upload.clone())?;
        let upload = Upload { parts_sent: upload.parts, ..upload };
        let remote = self.combine(&step, upload).map_err(|error| about(&what, error))?;
        if remote.is(step.document) {
            return Ok(remote);
        }
        // The next call sends it again.
        self.state.of(file).upload = None;
        self.state.save(self.place)?;
        Err(Error::Unexpected(format!(
            "{what}: twice, the portal says that it has another file than was sent (SHA-1 or \
             length differ), and shows it"
        )))
    }

    /// Asks for the parts to be put together, until the portal says that it did, or shows it.
    fn combine(&mut self, step: &Step<'_>, mut upload: Upload) -> Result<Remote> {
        let (file, name) = (&step.resource.file, step.resource.name());
        let mut is_asked = upload.is_asked;
        // Before: the process may end before it hears of the outcome.
        upload.is_asked = true;
        self.keep(file, &upload)?;
        let ours = self.ids();
        let udata = self.udata;
        let remote = self.persist(upload.parts, || {
            if is_asked && let Some(remote) = shown(udata, step, &ours)? {
                return Ok(remote);
            }
            is_asked = true;
            udata.combine(step.id.as_deref(), (name, &upload))
        })?;
        let known = self.state.of(file);
        known.id = Some(remote.id.clone());
        if remote.is(step.document) {
            known.upload = None;
        }
        self.state.save(self.place)?;
        Ok(remote)
    }

    /// Resources that have their file.
    fn ids(&self) -> Vec<String> {
        let known = self.state.resources.values().filter_map(|known| known.id.clone());
        let declared = self.asked.publication.resource.iter().filter_map(|one| one.id.clone());
        known.chain(declared).collect()
    }

    fn keep(&mut self, file: &str, upload: &Upload) -> Result<()> {
        self.state.of(file).upload = Some(upload.clone());
        self.state.save(self.place)
    }

    /// Asks until there is an answer, as long as patience lasts.
    pub(super) fn persist<T>(&mut self, salt: u64, ask: impl FnMut() -> Attempt<T>) -> Result<T> {
        let seed = self.asked.now.as_microsecond().unsigned_abs().wrapping_add(salt << 32);
        let answer = retry::persist(self.asked.patience, seed, self.sleep, ask);
        answer.map_err(Failure::into_error)
    }
}

/// The resource of a step, if the portal shows the file there already: an answer was lost.
fn shown(udata: Udata<'_>, step: &Step<'_>, ours: &[String]) -> Attempt<Option<Remote>> {
    let dataset = udata.dataset()?;
    let is_it = |remote: &&Remote| match &step.id {
        Some(id) => remote.id == *id,
        None => !ours.contains(&remote.id),
    };
    let mut found = dataset.resources.iter().filter(is_it);
    Ok(found.find(|remote| remote.is(step.document)).cloned())
}

/// Says what an error is about.
pub(super) fn about(what: &str, error: Error) -> Error {
    let about = |problem| format!("{what}: {problem}");
    match error {
        Error::Unavailable(problem) => Error::Unavailable(about(problem)),
        Error::Refused(problem) => Error::Refused(about(problem)),
        Error::Unexpected(problem) => Error::Unexpected(about(problem)),
        Error::Save(problem) => Error::Save(problem),
    }
}
