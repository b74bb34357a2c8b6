//! The cursor in memory, for tests.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use event_functions::{Clock, StoreError, SystemClock, UnixMillis};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use uuid::Uuid;

use super::{CursorError, Cursors, Hold, Position, Taken, Written};

/// A cursor that one run after the other takes. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct MemoryCursor(Arc<Mutex<Position>>);

impl MemoryCursor {
    pub(crate) fn position(&self) -> Position {
        self.0.lock().unwrap().clone()
    }
}

impl Cursors for MemoryCursor {
    fn take(&self) -> BoxFuture<'_, Result<Taken, CursorError>> {
        let hold = Hold { token: Uuid::nil(), until: SystemClock.now().plus(Duration::from_secs(60)) };
        ready(Ok(Taken::Ours { hold, position: self.position(), not_before: None })).boxed()
    }

    fn renew<'a>(&'a self, _: &'a mut Hold) -> BoxFuture<'a, Result<Written, StoreError>> {
        ready(Ok(Written::Applied)).boxed()
    }

    fn advance<'a>(&'a self, _: &'a mut Hold, to: &'a Position) -> BoxFuture<'a, Result<Written, StoreError>> {
        self.0.lock().unwrap().clone_from(to);
        ready(Ok(Written::Applied)).boxed()
    }

    fn release(&self, _: Hold, _: Option<UnixMillis>) -> BoxFuture<'_, Result<Written, StoreError>> {
        ready(Ok(Written::Applied)).boxed()
    }
}
