//! What was published becomes what readers get, downloaded again and held to its checksum.

use std::time::Duration;

use crate::deliver::http::passing;
use crate::deliver::plan::Step;
use crate::deliver::state::Parsing;
use crate::deliver::upload::{Sender, about};
use crate::fetch::{Error, Result};

/// Longest files that the portal makes tables of, by extension.
const PARSED: [(&str, u64); 2] = [("csv", 100 << 20), ("parquet", 50 << 20)];
/// Seconds between two looks.
const LOOK_SECONDS: u64 = 30;

/// Whether the portal makes a table of the file of a step.
pub(super) fn is_parsed(step: &Step<'_>) -> bool {
    let extension = step.resource.name().rsplit('.').next().unwrap_or_default();
    PARSED.iter().any(|(one, most)| *one == extension && step.document.bytes <= *most)
}

impl Sender<'_, '_> {
    /// Downloads a file as readers do, and compares.
    pub(super) fn download(&mut self, step: &Step<'_>) -> Result<()> {
        let file = &step.resource.file;
        let what = format!("cannot verify `{file}`");
        let Some(id) = self.state.of(file).id.clone() else { return Ok(()) };
        if self.state.of(file).verified.as_ref() == Some(&step.document.sha256) {
            return Ok(());
        }
        let udata = self.udata;
        let right = (step.document.bytes, step.document.sha256.clone());
        // Between the portal and readers, a file may be another for a while.
        let mut wrong = None;
        let got = self.persist(1, || match udata.downloaded(&id)? {
            got if got == right => Ok(()),
            got => {
                wrong = Some(got);
                Err(passing("readers get another file"))
            }
        });
        match (got, wrong) {
            (Ok(()), _) => {}
            (Err(_), Some((bytes, sha256))) => {
                return Err(Error::Unexpected(format!(
                    "{what}: readers get {bytes} bytes of SHA-256 {sha256}, and {} of {} were \
                     published",
                    right.0, right.1
                )));
            }
            (Err(error), None) => return Err(about(&what, error)),
        }
        self.state.of(file).verified = Some(step.document.sha256.clone());
        self.state.save(self.place)
    }

    /// Waits until the portal has made tables of all files, and gives those it has not come to.
    pub(super) fn parsing(&mut self, steps: &[Step<'_>]) -> Result<Vec<String>> {
        let looks = u64::from(self.asked.portal.parsing_minutes) * 60 / LOOK_SECONDS;
        let udata = self.udata;
        let mut failed = Vec::new();
        for look in 0..=looks {
            let waiting: Vec<(&str, Parsing)> = steps
                .iter()
                .map(|step| step.resource.file.as_str())
                .filter_map(|file| Some((file, self.state.of(file).parsing.clone()?)))
                .collect();
            if waiting.is_empty() {
                break;
            }
            if look > 0 {
                (self.sleep)(Duration::from_secs(LOOK_SECONDS));
            }
            let dataset = self.persist(look, || udata.dataset())?;
            for (file, parsing) in waiting {
                let id = self.state.of(file).id.clone().unwrap_or_default();
                let Some(remote) = dataset.resource(&id) else { continue };
                let parsed = remote.parsed();
                if parsed.is_none() || parsed == parsing.before {
                    continue;
                }
                match remote.parsing_error() {
                    Some(error) => failed.push(format!("`{file}` ({error})")),
                    None => self.state.of(file).parsing = None,
                }
            }
            self.state.save(self.place)?;
            if !failed.is_empty() {
                let failed = failed.join(", ");
                let message = format!("the portal cannot make tables of what it has: {failed}");
                return Err(Error::Unexpected(message));
            }
        }
        let files = steps.iter().map(|step| &step.resource.file);
        Ok(files.filter(|file| self.state.of(file).parsing.is_some()).cloned().collect())
    }
}
