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
    pub etag: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Body {
    pub(super) changes: Vec<Box<RawValue>>,
    pub(super) next: String,
    pub(super) has_more: bool,
}
