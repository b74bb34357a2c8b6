//! Whole days, which variables count in.

use std::time::Duration;

pub(super) fn days(days: u32) -> Duration {
    Duration::from_secs(24 * 60 * 60) * days
}
