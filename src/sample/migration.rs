//! The archive becomes the rows the Coop copied from it.

use crate::sample::activity::{Activities, Activity};
use crate::sample::dice::{Dice, Stream};
use crate::sample::quirks::{Quirk, QuirkCalendar};
use crate::sample::world::World;

/// What the Coop copied: each copy is of a row in its own stretch of the archive.
pub(crate) struct Migration<'a> {
    archive: Activities<'a>,
    archive_rows: u64,
    /// Copies there may be at most.
    copies_most: u64,
}

impl<'a> Migration<'a> {
    /// Plans the copies.
    pub(crate) fn new(world: &'a World<'a>) -> Self {
        let archive_rows = world.legacy_rows();
        let coop_rows = world.coop_rows();
        Self {
            archive: Activities::new(world, Stream::Legacy, archive_rows),
            archive_rows,
            copies_most: QuirkCalendar::of_coop(0, coop_rows).most(Quirk::MigratedCopy, coop_rows),
        }
    }

    /// Gives the dice the archived activities are drawn with.
    pub(crate) fn dice(&self) -> Dice {
        self.archive.dice()
    }

    /// Finds the archived activity a copy is made of: the first good one of its stretch.
    pub(crate) fn archived(&self, dice: &mut Dice, ordinal: u64) -> Option<(u64, Activity<'a>)> {
        (self.bound(ordinal)..self.bound(ordinal + 1)).find_map(|row| {
            let quirk = self.archive.quirks.at(row).map(|occurrence| occurrence.quirk);
            let is_sound = match quirk {
                None | Some(Quirk::EveningMonthEnd | Quirk::EveningClockChange) => true,
                Some(_) => false,
            };
            let activity = self.archive.at(dice, row).filter(|_| is_sound)?;
            activity.employer.coop_id.is_some().then_some((row, activity))
        })
    }

    /// Tells whether a row of the archive may have been copied.
    pub(crate) fn has_copied(&self, dice: &mut Dice, row: u64) -> bool {
        if self.copies_most == 0 {
            return false;
        }
        let product = u128::from(row) * u128::from(self.copies_most);
        let ordinal = product / u128::from(self.archive_rows.max(1));
        let ordinal = u64::try_from(ordinal).unwrap_or(0);
        // The bounds of stretches are rounded down, so the row may be in the next one.
        (ordinal..ordinal + 2).any(|ordinal| {
            self.archived(dice, ordinal).is_some_and(|(copied_row, _)| copied_row == row)
        })
    }

    fn bound(&self, ordinal: u64) -> u64 {
        let product = u128::from(ordinal) * u128::from(self.archive_rows);
        u64::try_from(product / u128::from(self.copies_most.max(1))).unwrap_or(u64::MAX)
    }
}
