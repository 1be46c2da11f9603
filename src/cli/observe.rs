//! What a run tells others while and after it works: metrics, lineage, that it is alive.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::SignedDuration;
use jiff::civil::Date;

use crate::cli::age;
use crate::cli::pipeline_args::now;
use crate::error::{Error, Result};
use crate::run::attempt::Attempt;
use crate::run::execute::Done;
use crate::run::lineage::Lineage;
use crate::run::metrics::metrics;
use crate::run::store::Store;

/// Files for the programs that watch over runs. None of them makes a run fail.
#[derive(Debug, clap::Args)]
pub(super) struct Observe {
    /// Write metrics of the run there, for the textfile collector of node_exporter: a name that
    /// ends in `.prom`. After a failure too, but not when another run is at work.
    #[arg(long, value_name = "FILE")]
    metrics: Option<PathBuf>,
    /// Add events of OpenLineage there, a line of JSON each.
    #[arg(long, value_name = "FILE")]
    lineage: Option<PathBuf>,
    /// How often the log says that the run is alive, where no terminal shows it.
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = age::parse)]
    heartbeat: SignedDuration,
}

/// What one run is watched with.
pub(super) struct Watched<'a> {
    store: &'a Store,
    id: String,
    line: String,
    metrics: Option<&'a Path>,
    lineage: Option<Lineage<'a>>,
}

impl Observe {
    /// How often the log says that a run is alive.
    pub(super) fn heartbeat(&self) -> Duration {
        // The command line gives none that is negative.
        self.heartbeat.try_into().unwrap_or_default()
    }

    /// Tells that a run began.
    pub(super) fn begin<'a>(
        &'a self,
        (store, attempt): (&'a Store, &Attempt<'_>),
        (pipeline, input, as_of): (&Path, Option<&Path>, Date),
    ) -> Watched<'a> {
        let lineage = self.lineage.as_deref().and_then(|path| {
            let job = pipeline.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let input = input.map(Path::to_owned).unwrap_or_default();
            let file = kept(place(path))?;
            let lineage = Lineage { store, job, input, clock: now, file };
            let began = (attempt.started_at.as_str(), as_of);
            kept(lineage.began(&attempt.registered, began))?;
            Some(lineage)
        });
        let (id, line) = (attempt.id.clone(), attempt.registered.clone());
        Watched { store, id, line, metrics: self.metrics.as_deref(), lineage }
    }
}

impl Watched<'_> {
    /// Tells how the run ended, once the register says so.
    pub(super) fn end(&self, done: std::result::Result<&Done, &Error>) {
        if let Some(lineage) = &self.lineage {
            kept(lineage.ended(&self.line, done));
        }
        if let Some(path) = self.metrics {
            kept(write_metrics(self.store, Some(&self.id), path));
        }
    }
}

/// Writes the metrics of a warehouse, whole or not at all.
pub(super) fn write_metrics(store: &Store, id: Option<&str>, path: &Path) -> Result<()> {
    let (folder, name) = place(path)?;
    folder.write(&name, metrics(store, id)?.as_bytes()).map(drop)
}

/// The folder and the name of a file.
fn place(path: &Path) -> Result<(Store, String)> {
    let name = path.file_name().and_then(|name| name.to_str());
    let name = name.ok_or_else(|| Error::usage(format!("`{}` is no file", path.display())))?;
    // A device or a link would be replaced by a file.
    if path.symlink_metadata().is_ok_and(|there| !there.is_file()) {
        return Err(Error::usage(format!("`{}` is there and is no file", path.display())));
    }
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    Ok((Store::at(folder.unwrap_or(Path::new("."))), name.to_owned()))
}

/// What is told beside the run is no reason for it to fail.
fn kept<T>(told: Result<T>) -> Option<T> {
    let tell = |error| tracing::warn!(event = "observe.lost", "{error}: the run goes on.");
    told.map_err(tell).ok()
}
