//! What the API answers.

use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;

/// An answer to the question for a page.
#[derive(Debug)]
pub enum Fetched {
    /// The page.
    Page(Page),
    /// The page is as it was when its version was last seen.
    NotModified,
    /// The API asks to be left alone for so long.
    Wait(Duration),
}

/// A page of changes, oldest first.
#[derive(Debug)]
pub struct Page {
    /// The changes as they came; each is read by itself, so that a bad one spoils no other.
    pub items: Vec<Box<RawValue>>,
    /// Where to go on.
    pub next: String,
    /// Whether there is more already.
    pub has_more: bool,
    /// The version of this page.
    pub version: Option<PageVersion>,
}

/// The version of a page. It says something of the URL that it came with, and of no other (RFC 9110, section 8.8.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageVersion {
    /// What was asked, query and all.
    pub url: String,
    /// The `ETag` of the answer.
    pub etag: String,
}

#[derive(Deserialize)]
pub(super) struct Body {
    pub(super) changes: Vec<Box<RawValue>>,
    pub(super) next: String,
    pub(super) has_more: bool,
}
