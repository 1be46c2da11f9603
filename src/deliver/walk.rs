//! A plan becomes what readers see: all parts are sent first, then files are shown one by one.
//!
//! The portal knows no transaction. What can be done before anything is visible is done before, so
//! that showing is a short series of small requests; each step is kept once it is done.

use std::time::Duration;

use crate::deliver::http::Client;
use crate::deliver::plan::{Action, Plan, Step, plan, words, words_of_dataset};
use crate::deliver::state::{Parsing, State};
use crate::deliver::udata::Udata;
use crate::deliver::upload::{Sender, about};
use crate::deliver::verified::is_parsed;
use crate::deliver::{Asked, Place};
use crate::fetch::{Error, Failure, Result, retry};

/// What was done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Files and their resources, created by this call.
    pub created: Vec<(String, String)>,
    /// Files that replaced others.
    pub replaced: Vec<String>,
    /// Files that were there, and got new words.
    pub described: Vec<String>,
    /// Files that were there.
    pub left: Vec<String>,
    /// Declared files that the release lacks; readers see those of an earlier one.
    pub lacking: Vec<String>,
    /// Files that the portal has not made tables of yet.
    pub unparsed: Vec<String>,
}

/// Why a release is not published whole, and how far it is.
#[derive(Debug)]
pub struct Stopped {
    /// Why.
    pub error: Error,
    /// Files that readers see.
    pub shown: Vec<String>,
    /// Files that they do not see; there is what was there before.
    pub hidden: Vec<String>,
}

impl From<Error> for Stopped {
    fn from(error: Error) -> Self {
        Self { error, shown: Vec::new(), hidden: Vec::new() }
    }
}

/// Says what there is to do, and does nothing.
///
/// # Errors
///
/// The portal does not answer, or the declaration does not fit it.
pub fn look<'a>(
    asked: &Asked<'a>,
    client: &Client,
    place: &mut dyn Place,
    sleep: &mut dyn FnMut(Duration),
) -> Result<Plan<'a>> {
    let udata = Udata { client, dataset: asked.dataset };
    let what = format!("cannot read the dataset `{}`", asked.dataset);
    let seed = asked.now.as_microsecond().unsigned_abs();
    let dataset = retry::persist(asked.patience, seed, sleep, || udata.dataset());
    let dataset = dataset.map_err(|failure| about(&what, failure.into_error()))?;
    let extensions = retry::persist(asked.patience, seed, sleep, || udata.extensions());
    let extensions = extensions.map_err(Failure::into_error)?;
    plan(asked, &State::load(place)?, (&dataset, &extensions))
}

/// Publishes a release, or goes on where an earlier call stopped.
///
/// # Errors
///
/// What is done stays, and the next call goes on from there.
pub fn publish(
    asked: &Asked<'_>,
    client: &Client,
    place: &mut dyn Place,
    sleep: &mut dyn FnMut(Duration),
) -> std::result::Result<Summary, Stopped> {
    let mut plan = look(asked, client, place, sleep)?;
    let mut state = State::load(place)?;
    let udata = Udata { client, dataset: asked.dataset };
    let mut sender = Sender { asked, udata, state: &mut state, place, sleep };
    let mut summary = Summary::default();
    let done = sender.walk(&mut plan, &mut summary);
    done.map(|()| summary).map_err(|error| {
        // The answer that told of the last file may be lost.
        if let Ok(dataset) = udata.dataset() {
            for step in &mut plan.steps {
                step.is_shown = dataset.shows(step.id.as_deref(), step.document);
            }
        }
        let files = |is_shown: bool| {
            let steps = plan.steps.iter().filter(|step| step.is_shown == is_shown);
            steps.map(|step| step.resource.file.clone()).collect()
        };
        Stopped { error, shown: files(true), hidden: files(false) }
    })
}

impl Sender<'_, '_> {
    fn walk(&mut self, plan: &mut Plan<'_>, summary: &mut Summary) -> Result<()> {
        let lacking = plan.lacking.iter().filter(|one| {
            // One that was never published misleads nobody.
            one.id.is_some() || self.state.of(&one.file).id.is_some()
        });
        summary.lacking = lacking.map(|one| one.file.clone()).collect();
        self.forget_what_is_past(plan)?;
        let order = plan.in_order_of_showing();
        for place in &order {
            if let Some(step) = plan.steps.get(*place).filter(|step| !step.is_shown) {
                self.send(step)?;
            }
        }
        let before = self.before()?;
        for place in order {
            let Some(step) = plan.steps.get_mut(place) else { continue };
            let file = step.resource.file.clone();
            if !step.is_shown {
                self.expect_parsing(step, &before)?;
                let remote = self.show(step)?;
                step.is_shown = true;
                step.id = Some(remote.id);
            }
            let id = step.id.clone().unwrap_or_default();
            if step.action != Action::Leave {
                self.describe(step, &id)?;
                tracing::info!(event = "publish.shown", file, id, "Resource published.");
            }
            match step.action {
                Action::Create => summary.created.push((file, id)),
                Action::Replace => summary.replaced.push(file),
                Action::Describe => summary.described.push(file),
                Action::Leave => summary.left.push(file),
            }
        }
        self.finish(plan, summary)
    }

    /// Words of the dataset, order, and verification.
    fn finish(&mut self, plan: &Plan<'_>, summary: &mut Summary) -> Result<()> {
        let udata = self.udata;
        if plan.has_new_text {
            let words = words_of_dataset(self.asked);
            let written = self.persist(2, || udata.write_text(&words));
            written.map_err(|error| about("cannot write the text of the dataset", error))?;
        }
        let mut ids: Vec<String> = plan.steps.iter().filter_map(|step| step.id.clone()).collect();
        ids.extend(plan.others.iter().cloned());
        let now = self.persist(3, || udata.dataset())?;
        if !now.resources.iter().map(|remote| &remote.id).eq(&ids) {
            // Others may have added resources meanwhile: all are to be named.
            let new = now.resources.iter().map(|remote| &remote.id);
            let new: Vec<String> = new.filter(|id| !ids.contains(id)).cloned().collect();
            ids.extend(new);
            ids.retain(|id| now.resource(id).is_some());
            let reordered = self.persist(4, || udata.reorder(&ids));
            reordered.map_err(|error| about("cannot put the resources in order", error))?;
        }
        for step in &plan.steps {
            self.download(step)?;
        }
        summary.unparsed = self.parsing(&plan.steps)?;
        self.state.release = Some(self.asked.release.name.clone());
        self.state.save(self.place)
    }

    /// Drops parts of files that are not to be sent any more, and remembers resources.
    fn forget_what_is_past(&mut self, plan: &Plan<'_>) -> Result<()> {
        for step in &plan.steps {
            let known = self.state.of(&step.resource.file);
            known.id = step.id.clone().or_else(|| known.id.take());
            if step.is_shown {
                known.upload = None;
            } else {
                known.verified = None;
            }
        }
        self.state.save(self.place)
    }

    fn describe(&mut self, step: &Step<'_>, id: &str) -> Result<()> {
        let words = words(self.asked, step.resource, step.document);
        let udata = self.udata;
        let described = self.persist(5, || udata.describe(id, &words));
        let what = format!("`{}` is published, and cannot be given its title", step.resource.file);
        described.map(drop).map_err(|error| about(&what, error))
    }

    /// When the portal last made a table, of each resource.
    fn before(&mut self) -> Result<Vec<(String, Option<String>)>> {
        let udata = self.udata;
        let dataset = self.persist(6, || udata.dataset())?;
        Ok(dataset.resources.iter().map(|one| (one.id.clone(), one.parsed())).collect())
    }

    fn expect_parsing(
        &mut self,
        step: &Step<'_>,
        before: &[(String, Option<String>)],
    ) -> Result<()> {
        let of_step = before.iter().find(|(id, _)| Some(id) == step.id.as_ref());
        let before = of_step.and_then(|(_, parsed)| parsed.clone());
        self.state.of(&step.resource.file).parsing = is_parsed(step).then_some(Parsing { before });
        self.state.save(self.place)
    }
}
