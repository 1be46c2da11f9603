//! Attempts that fail in passing become one answer, or one error.

use std::time::Duration;

use crate::fetch::{Error, Failure, Patience};

/// Calls `attempt` until it succeeds, fails for good, or patience ends; `waits` spreads the waits.
pub(crate) fn persist<T>(
    patience: Patience,
    waits: u64,
    sleep: &mut dyn FnMut(Duration),
    mut attempt: impl FnMut() -> Result<T, Failure>,
) -> Result<T, Failure> {
    let mut attempts: u32 = 0;
    loop {
        let (problem, wait) = match attempt() {
            Err(Failure::Passing { problem, wait }) => (problem, wait),
            answer => return answer,
        };
        attempts += 1;
        if attempts >= patience.attempts_max {
            let message = format!("{problem}, after {attempts} attempts");
            return Err(Failure::Lasting(Error::Unavailable(message)));
        }
        let wait = wait.unwrap_or_else(|| backoff(patience, attempts, waits));
        if wait > patience.wait_max {
            let message = format!("{problem} and asks to come back in {} s", wait.as_secs());
            return Err(Failure::Lasting(Error::Unavailable(message)));
        }
        sleep(wait);
    }
}

/// Between half and the whole of a wait that doubles: clients that failed together do not come
/// back together.
fn backoff(patience: Patience, attempts: u32, waits: u64) -> Duration {
    let doubled = 2_u32.saturating_pow(attempts.saturating_sub(1));
    let most = patience.wait_first.saturating_mul(doubled).min(patience.wait_max);
    let half_ms = u64::try_from(most.as_millis() / 2).unwrap_or(u64::MAX);
    let spread_ms = mixed(waits.wrapping_add(u64::from(attempts))) % half_ms.max(1);
    Duration::from_millis(half_ms.saturating_add(spread_ms))
}

/// The output function of SplitMix64: near inputs give far outputs.
fn mixed(input: u64) -> u64 {
    let mut bits = input.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(seed: u64) -> Vec<Duration> {
        let patience = Patience { attempts_max: 12, ..Patience::default() };
        let mut waits = Vec::new();
        let failed = persist(patience, seed, &mut |wait| waits.push(wait), || {
            Err::<(), _>(Failure::Passing { problem: "down".to_owned(), wait: None })
        });
        assert!(matches!(failed, Err(Failure::Lasting(Error::Unavailable(_)))));
        waits
    }

    #[test]
    fn waits_double_up_to_the_longest() {
        let waits = waits(7);
        assert_eq!(waits.len(), 11);
        for (number, wait) in (0..).zip(&waits) {
            let most = Duration::from_secs(2_u64.pow(number).min(60));
            assert!(*wait >= most / 2 && *wait <= most, "{number}: {wait:?}");
        }
    }

    #[test]
    fn waits_differ_by_seed_alone() {
        assert_eq!(waits(7), waits(7));
        assert_ne!(waits(7), waits(8));
    }

    #[test]
    fn leaves_a_server_alone_that_asks_for_more_than_the_longest_wait() {
        let mut attempts = 0;
        let failed = persist(Patience::default(), 0, &mut |_| panic!("no wait"), || {
            attempts += 1;
            let wait = Some(Duration::from_secs(61));
            Err::<(), _>(Failure::Passing { problem: "busy".to_owned(), wait })
        });
        assert!(matches!(failed, Err(Failure::Lasting(Error::Unavailable(_)))));
        assert_eq!(attempts, 1);
    }
}
