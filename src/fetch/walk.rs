//! The links from page to page become saved pages, and the last one a watermark.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use ureq::http::Uri;

use crate::fetch::client::Client;
use crate::fetch::page::Page;
use crate::fetch::state::{Listing, State};
use crate::fetch::{Error, Failure, Place, Request, Result, address, page_name, retry};

/// One walk along the pages of a route.
pub(super) struct Walk<'a> {
    pub(super) request: &'a Request,
    pub(super) client: &'a Client,
    pub(super) base: Uri,
    pub(super) watermark: Option<Timestamp>,
    pub(super) place: &'a mut dyn Place,
    pub(super) sleep: &'a mut dyn FnMut(Duration),
}

impl Walk<'_> {
    /// Begins a listing under the stamp of the request.
    pub(super) fn begin(&mut self, since: Option<Timestamp>) -> Result<Listing> {
        let Request { stamp, now, .. } = self.request;
        let letters = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if stamp.is_empty() || !stamp.chars().all(letters) {
            return Err(Error::Save(format!("the stamp `{stamp}` cannot name files")));
        }
        // Pages of a completed listing are not to be had again: the next night asks for later rows.
        let name = self.page_name(stamp, 1);
        let there = self.place.load(&name);
        if there.map_err(|error| Error::Save(format!("cannot read `{name}`: {error}")))?.is_some() {
            return Err(Error::Save(format!("`{name}` is already there; take another stamp")));
        }
        let listing = Listing {
            stamp: stamp.clone(),
            since,
            next: address::first(&self.base, self.request, since)?.to_string(),
            pages_saved: 0,
            started: *now,
            rows: 0,
            total_announced: None,
        };
        self.save_state(Some(&listing))?;
        Ok(listing)
    }

    /// Whether the server gives the first page now.
    pub(super) fn is_served(&mut self, since: Option<Timestamp>) -> Result<bool> {
        let address = address::first(&self.base, self.request, since)?;
        Ok(self.page(&address, 1).is_ok())
    }

    /// Saves the pages from where the listing stands to the last one.
    pub(super) fn finish(&mut self, listing: &mut Listing) -> std::result::Result<(), Failure> {
        let mut seen = BTreeSet::new();
        loop {
            seen.insert(listing.next.clone());
            // The state is a file: its link is no more trusted than one of a page.
            let address = address::follow(&self.base, &listing.next);
            let address = address.map_err(|error| Failure::Unknown(self.about(error)))?;
            let (bytes, page) = self.page(&address, listing.pages_saved + 1)?;
            if listing.pages_saved == 0 {
                listing.total_announced = page.total;
            }
            if page.rows == 0 {
                return Ok(());
            }
            if listing.pages_saved >= self.request.pages_max {
                let message = format!("the listing has more than {} pages", listing.pages_saved);
                return Err(self.about(Error::Unexpected(message)).into());
            }
            let next = match page.next {
                Some(link) => {
                    let next = address::follow(&address, &link);
                    Some(next.map_err(|error| self.about(error))?.to_string())
                }
                None => None,
            };
            if next.as_ref().is_some_and(|next| seen.contains(next)) {
                // Going on the next night would go round again.
                self.forget(listing)?;
                let message = format!(
                    "page {} leads back to an earlier page: the listing has no end",
                    listing.pages_saved + 1
                );
                return Err(self.about(Error::Unexpected(message)).into());
            }

            listing.pages_saved += 1;
            listing.rows += page.rows;
            let name = self.page_name(&listing.stamp, listing.pages_saved);
            let saved = self.place.save(&name, &bytes);
            saved.map_err(|error| Error::Save(format!("cannot save `{name}`: {error}")))?;
            let Some(next) = next else { return Ok(()) };
            listing.next = next;
            self.save_state(Some(listing))?;
        }
    }

    /// Ends a completed listing, and gives the watermark it leaves.
    pub(super) fn close(&mut self, listing: &Listing) -> Result<Option<Timestamp>> {
        // An interruption may have left one page more than there are now.
        self.remove(&listing.stamp, listing.pages_saved + 1)?;
        // A listing that begins after the watermark leaves a gap that the watermark must not hide.
        let joins = match (self.watermark, listing.since) {
            (Some(watermark), Some(since)) => since <= watermark,
            _ => true,
        };
        if joins {
            // Rows modified during the listing may have moved to a page already read: the next
            // night asks for everything since before the first request.
            let whole = Timestamp::from_second(listing.started.as_second());
            let watermark = whole.and_then(|started| started.checked_sub(self.request.overlap));
            let watermark = watermark
                .map_err(|_| Error::Save("the overlap is longer than the calendar".to_owned()))?;
            self.watermark = Some(watermark);
        }
        self.save_state(None)?;
        Ok(self.watermark)
    }

    /// Gives up a listing that cannot be completed, with its pages.
    pub(super) fn forget(&mut self, listing: &Listing) -> Result<()> {
        // One more than the state knows of: a page is saved before the state is.
        for page in 1..=listing.pages_saved + 1 {
            self.remove(&listing.stamp, page)?;
        }
        self.save_state(None)
    }

    /// Asks for a page until it comes whole.
    fn page(
        &mut self,
        address: &Uri,
        number: u32,
    ) -> std::result::Result<(Vec<u8>, Page), Failure> {
        let Request { token, patience, seed, .. } = self.request;
        let waits = seed.wrapping_add(u64::from(number) << 32);
        let client = self.client;
        let page = retry::persist(*patience, waits, self.sleep, || {
            let bytes = client.get(address, token)?;
            let page = Page::read(&bytes)?;
            Ok((bytes, page))
        });
        page.map_err(|failure| match failure {
            Failure::Unknown(error) => Failure::Unknown(self.about(error)),
            failure => Failure::Lasting(self.about(failure.into_error())),
        })
    }

    /// Says which route an error is about.
    fn about(&self, error: Error) -> Error {
        let about = |problem| format!("cannot fetch `{}`: {problem}", self.request.route.name());
        match error {
            Error::Unavailable(problem) => Error::Unavailable(about(problem)),
            Error::Refused(problem) => Error::Refused(about(problem)),
            Error::Unexpected(problem) => Error::Unexpected(about(problem)),
            Error::Save(problem) => Error::Save(problem),
        }
    }

    fn save_state(&mut self, unfinished: Option<&Listing>) -> Result<()> {
        let state = State { watermark: self.watermark, unfinished: unfinished.cloned() };
        state.save(self.request.route, self.place)
    }

    fn remove(&mut self, stamp: &str, page: u32) -> Result<()> {
        let name = self.page_name(stamp, page);
        let removed = self.place.remove(&name);
        removed.map_err(|error| Error::Save(format!("cannot remove `{name}`: {error}")))
    }

    fn page_name(&self, stamp: &str, page: u32) -> String {
        page_name(self.request.route, stamp, page)
    }
}
