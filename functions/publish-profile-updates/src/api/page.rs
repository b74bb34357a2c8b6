//! The pages that the API answers with.

use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;

/// The answer to a request for a page.
#[derive(Debug)]
pub(crate) enum Fetched {
    /// The page.
    Page(Page),
    /// The page has not changed since its version was seen.
    NotModified,
    /// The API asks to wait this long.
    Wait(Duration),
}

/// A page of changes, oldest first.
#[derive(Debug)]
pub(crate) struct Page {
    /// The changes as they came; each is read by itself, so that a bad one affects no other.
    pub(crate) items: Vec<Box<RawValue>>,
    /// The cursor of the next page.
    pub(crate) next: String,
    /// Whether there are more pages now.
    pub(crate) has_more: bool,
    /// The version of this page.
    pub(crate) version: Option<PageVersion>,
}

/// The version of a page. It is valid for the URL that it came with, and for no other (RFC 9110, section 8.8.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PageVersion {
    /// The whole URL, with its query.
    pub(crate) url: String,
    /// The `ETag` of the answer.
    pub(crate) etag: String,
}

#[derive(Deserialize)]
pub(super) struct Body {
    pub(super) changes: Vec<Box<RawValue>>,
    pub(super) next: String,
    pub(super) has_more: bool,
}
