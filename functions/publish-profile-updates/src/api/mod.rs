//! The API's feed of changes: pages by cursor, with retries and waits as the API asks.

mod client;
mod error;
mod page;

use event_functions::Deadline;
use futures_util::future::BoxFuture;

use crate::cursor::Position;
pub(crate) use client::{ApiSettings, ApiSettingsError, ProfileApi};
pub(crate) use error::ApiError;
pub(crate) use page::{Fetched, Page, PageVersion};

/// The feed of changes.
pub(crate) trait Feed: Send + Sync {
    /// The page at a position, as long as `deadline` allows.
    ///
    /// # Errors
    /// When there is no page.
    fn page<'a>(&'a self, position: &'a Position, deadline: Deadline) -> BoxFuture<'a, Result<Fetched, ApiError>>;
}
