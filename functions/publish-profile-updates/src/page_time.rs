//! How long a page may take.

use std::time::Duration;

use crate::api::ApiSettings;

/// What a page needs beside asking and sending: dead letters, three writes to the table, and a margin.
pub(crate) const RESERVE: Duration = Duration::from_secs(3);

/// The most that one page may take.
pub(crate) fn page_takes(api: &ApiSettings, send_timeout: Duration) -> Duration {
    api.page_timeout() + send_timeout + RESERVE
}
