//! The variable of functions that append to a log.

use std::time::Duration;

use super::days::days;
use crate::Config;

/// What every function that appends reads.
#[derive(Config)]
pub(crate) struct Retention {
    /// How many days an entry is kept after its event; for ever if not set. Older events are skipped: DynamoDB would
    /// delete their entry at once, and with it the id that refuses a repetition.
    #[env("RETENTION_DAYS", kind = number(1..=36_500_u32), example = "3650", map = days)]
    pub(crate) retention: Option<Duration>,
}
