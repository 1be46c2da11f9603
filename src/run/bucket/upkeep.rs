//! One command at work in a warehouse that a bucket keeps, or none: with one lock, its folder is
//! made a copy, something is done, and what came of it is sent.

use crate::error::{Error, Result};
use crate::run::attempt::Attempt;
use crate::run::bucket::Bucket;
use crate::run::bucket::copy::LocalCopy;
use crate::run::lock::Lock;
use crate::run::store::Store;

/// The bucket of a command, if there is one.
#[derive(Debug)]
pub struct Upkeep<'a> {
    copy: Option<LocalCopy<'a>>,
    failed: Option<Error>,
}

impl<'a> Upkeep<'a> {
    /// Takes the lock of a warehouse and makes its folder a copy of what the bucket holds.
    ///
    /// Who cannot have either of them has an attempt to write down all the same.
    pub fn begin(store: &'a Store, bucket: Option<&'a Bucket>) -> (Result<Lock>, Self) {
        let lock = store.lock();
        let given = lock.as_ref().ok().zip(bucket);
        let copy = given.map(|(lock, bucket)| LocalCopy::bring(store, bucket, lock)).transpose();
        let (copy, failed) = copy.map_or_else(|error| (None, Some(error)), |copy| (copy, None));
        (lock, Self { copy, failed })
    }

    /// Makes sure that the folder is a copy.
    ///
    /// # Errors
    /// When it could not be made one; told once.
    pub fn check(&mut self) -> Result<()> {
        self.failed.take().map_or(Ok(()), Err)
    }

    /// Sends what was made, and has readers of the bucket see it.
    ///
    /// # Errors
    /// As those of [`LocalCopy::send`].
    pub fn send(&mut self) -> Result<()> {
        self.copy.as_mut().map_or(Ok(()), LocalCopy::send)
    }

    /// Sends what was written down of the end; what cannot be is sent by the next one.
    pub fn send_record(&mut self) {
        if let Some(Err(error)) = self.copy.as_mut().map(LocalCopy::send_record) {
            let told = "the register is sent by the next run, unless another machine is first.";
            tracing::warn!(event = "bucket.behind", "{error}: {told}");
        }
    }
}

/// Does something to a warehouse that is written down, and sends what came of it.
///
/// # Errors
/// Those of what is done, when something else is at work, or when the bucket does not answer.
pub fn attempt<T>(
    (store, bucket): (&Store, Option<&Bucket>),
    (command, clock): (&str, fn() -> String),
    act: impl FnOnce(&Attempt<'_>) -> Result<T>,
) -> Result<T> {
    let (lock, mut upkeep) = Upkeep::begin(store, bucket);
    if upkeep.copy.as_ref().is_some_and(LocalCopy::is_nothing) {
        let told = "neither the bucket nor the folder holds a warehouse";
        return Err(Error::no_input(told).hint("nothing was sent; is the address right?"));
    }
    let attempt = Attempt::begin((store, lock), (command, None), clock)?;
    let done = upkeep.check().and_then(|()| {
        let done = act(&attempt)?;
        upkeep.send()?;
        Ok(done)
    });
    store.keep_hashes();
    attempt.did(&done, || {
        if done.is_ok() {
            upkeep.send_record();
        }
    });
    done
}
