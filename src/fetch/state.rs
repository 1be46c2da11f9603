//! What a night leaves to the next one becomes a small file.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::fetch::{Error, Place, Result, Route};

/// What earlier nights leave for a route.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Every row modified before is in the files of completed listings.
    pub watermark: Option<Timestamp>,
    /// The listing that was interrupted; its files are not complete.
    pub unfinished: Option<Listing>,
}

/// A listing under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    /// Names the files.
    pub stamp: String,
    /// Rows modified since then, or all rows.
    pub since: Option<Timestamp>,
    /// Address of the next page to ask for.
    pub next: String,
    /// Pages that are saved.
    pub pages_saved: u32,
    /// Time before the first request.
    pub started: Timestamp,
    /// Rows of the pages that are saved.
    pub rows: u64,
    /// Rows the server announced on the first page.
    pub total_announced: Option<u64>,
}

/// The name of the file that holds the state of a route.
#[must_use]
pub fn state_name(route: Route) -> String {
    format!("coop_api_{}.state.json", route.name())
}

impl State {
    /// Reads the state of a route; it is empty before the first night.
    ///
    /// # Errors
    ///
    /// The file cannot be read: starting from nothing instead would hide that rows are missing.
    pub fn load(route: Route, place: &mut dyn Place) -> Result<Self> {
        let name = state_name(route);
        let unreadable = |why: String| Error::Save(format!("cannot read `{name}`: {why}"));
        let Some(bytes) = place.load(&name).map_err(|error| unreadable(error.to_string()))? else {
            return Ok(Self::default());
        };
        serde_json::from_slice(&bytes).map_err(|error| unreadable(error.to_string()))
    }

    /// Writes the state of a route.
    pub(super) fn save(&self, route: Route, place: &mut dyn Place) -> Result<()> {
        let name = state_name(route);
        let unwritable = |why: String| Error::Save(format!("cannot save `{name}`: {why}"));
        let bytes = serde_json::to_vec(self).map_err(|error| unwritable(error.to_string()))?;
        place.save(&name, &bytes).map_err(|error| unwritable(error.to_string()))
    }
}

impl Listing {
    /// Whether going on with this listing gives all that is asked for now. One without a page is
    /// not worth going on with.
    pub(super) fn covers(&self, since: Option<Timestamp>) -> bool {
        let reaches = match (self.since, since) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(listed), Some(asked)) => listed <= asked,
        };
        self.pages_saved > 0 && reaches
    }
}
