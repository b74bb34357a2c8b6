//! The API's feed of changes: pages by cursor, with retries and waits as the API asks.

mod client;
mod error;
mod page;

pub use client::{ApiSettings, ApiSettingsError, ProfileApi};
pub use error::ApiError;
pub use page::{Fetched, Page, PageVersion};
