//! A panic of another's reader, on bytes that it does not expect, becomes an error of those bytes.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

use crate::error::{Error, Result};

thread_local! {
    /// Whether this thread reads bytes by the code of others.
    static IS_GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Reads what is called `what`; a panic on the way is told as damage, and by nothing else.
pub(super) fn guarded<T>(what: &str, read: impl FnOnce() -> Result<T>) -> Result<T> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = take_hook();
        set_hook(Box::new(move |panic| {
            if !IS_GUARDED.get() {
                usual(panic);
            }
        }));
    });
    let was_guarded = IS_GUARDED.replace(true);
    let outcome = catch_unwind(AssertUnwindSafe(read));
    IS_GUARDED.set(was_guarded);
    outcome.unwrap_or_else(|_| {
        Err(Error::data(format!("the {what} is damaged where its reader expects no damage"))
            .hint("ask for it again, or for the same extract as CSV"))
    })
}
