//! The cursor and its lease: how far the feed is published, and which run may publish it. One DynamoDB item.
//!
//! | attribute | holds |
//! |---|---|
//! | `pk` | the feed |
//! | `format` | the version of this table; absent means 1 |
//! | `cursor` | where to go on; absent before the first page |
//! | `page_done` | the items behind `cursor` that are finished, where a page took more than one run: `after` (the cursor again), `items` (how many), `last` (a digest of the last of them) |
//! | `page_url`, `page_etag` | the version of the page at `cursor`, the last one of the feed, and the URL that it is the version of |
//! | `token`, `lease_until` | the run that has the lease and when the lease ends, in milliseconds; absent between runs |
//! | `not_before` | until when the API asked to wait, in milliseconds |
//! | `moved_at` | when the cursor last moved, in milliseconds |
//!
//! Every write of a run names its token in its condition: a run that lost its lease changes nothing.
//!
//! Format 1 had the version in `etag`, without its URL. That attribute is never read, and taking the lease removes it: a
//! function of format 1, which works on the same item before a roll-out and after a rollback, would send it with any URL. Such
//! a function does not know the new attributes and leaves them alone; both of them name the position that they belong to.

mod item;
#[cfg(test)]
mod memory;
mod table;

use std::time::Duration;

use event_functions::{Clock, Failure, StoreError, SystemClock, UnixMillis};
use futures_util::future::BoxFuture;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::api::PageVersion;
#[cfg(test)]
pub(crate) use memory::MemoryCursor;
pub(crate) use table::CursorTable;

/// The version of the item's format that is written here, and the newest one that is read.
const FORMAT: u64 = 2;
/// The table's partition key.
pub(crate) const KEY: &str = "pk";
/// The feed that this function publishes; there is one a table.
const FEED: &str = "profile-changes";

/// Where publishing continues.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Position {
    /// The API's own cursor; `None` for the beginning.
    pub(crate) cursor: Option<String>,
    /// What is finished of the page there.
    pub(crate) done: Option<Done>,
    /// The version of the page there.
    pub(crate) version: Option<PageVersion>,
}

/// The first items of a page that are finished: published or dead-lettered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Done {
    items: usize,
    last: Uuid,
}

impl Done {
    /// The first `done` of a page's items; `None` for 0 and for more than there are.
    pub(crate) fn of(items: &[Box<RawValue>], done: usize) -> Option<Self> {
        let last = items.get(..done)?.last()?;
        Some(Done { items: done, last: Uuid::new_v5(&Uuid::NAMESPACE_OID, last.get().as_bytes()) })
    }
}

impl Position {
    /// How many of the page's first items are finished. 0 where the page has changed: publishing an item twice is better than
    /// skipping one.
    pub(crate) fn done_of(&self, items: &[Box<RawValue>]) -> usize {
        let same = |done: &Done| Done::of(items, done.items) == Some(*done);
        self.done.filter(same).map_or(0, |done| done.items)
    }
}

/// The answer to taking the lease.
#[derive(Debug)]
pub(crate) enum Taken {
    /// This run has it.
    Ours {
        /// The lease.
        hold: Hold,
        /// Where to continue.
        position: Position,
        /// Until when the API asked to wait.
        not_before: Option<UnixMillis>,
    },
    /// Another run has it, or died not long ago.
    Held {
        /// When it ends.
        until: UnixMillis,
    },
}

/// The lease of one run.
#[derive(Debug)]
pub(crate) struct Hold {
    token: Uuid,
    until: UnixMillis,
}

impl Hold {
    /// Whether the lease lasts for this time from now.
    pub(crate) fn lasts(&self, needed: Duration) -> bool {
        self.left() >= needed
    }

    /// What is left of it.
    pub(crate) fn left(&self) -> Duration {
        self.until.since(SystemClock.now())
    }
}

/// The lease cannot be taken.
#[derive(Debug, Failure)]
pub(crate) enum CursorError {
    /// The table does not answer.
    #[failure(transparent, codes = &[])]
    Store(#[from] StoreError),
    /// The cursor's item was written by a newer version of the function. It is not changed.
    #[failure(
        "the item {FEED} is of format {found}, and this version of the function knows formats up to {FORMAT}: a newer \
         version wrote it; deploy that one again",
        retry,
        code = "cursor_format_unknown",
        remedy = "Deploy that one again."
    )]
    UnknownFormat {
        /// As it is written there.
        found: String,
    },
}

/// Whether a write of the lease's owner took effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Written {
    /// It did.
    Applied,
    /// Another run has the lease: nothing was changed, and this run has to end.
    LeaseLost,
}

/// The cursor and its lease.
pub(crate) trait Cursors: Send + Sync {
    /// Takes the lease if it is free or has ended.
    ///
    /// # Errors
    /// When the table does not answer, and when the item has a newer format than `FORMAT`: it is not changed then.
    fn take(&self) -> BoxFuture<'_, Result<Taken, CursorError>>;

    /// Renews the lease.
    ///
    /// # Errors
    /// When the table does not answer.
    fn renew<'a>(&'a self, hold: &'a mut Hold) -> BoxFuture<'a, Result<Written, StoreError>>;

    /// Moves to a position and renews the lease. To be called when everything before the position is finished.
    ///
    /// # Errors
    /// When the table does not answer. The cursor may have moved; the next run reads where it is.
    fn advance<'a>(&'a self, hold: &'a mut Hold, to: &'a Position) -> BoxFuture<'a, Result<Written, StoreError>>;

    /// Gives the lease back; `not_before` is the time until which the API asked to wait.
    ///
    /// # Errors
    /// When the table does not answer. The lease then ends by itself.
    fn release(&self, hold: Hold, not_before: Option<UnixMillis>) -> BoxFuture<'_, Result<Written, StoreError>>;
}
