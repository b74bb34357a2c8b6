//! How long a schema is waited for that a healthy registry does not know.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use schema_registry::SchemaRef;
use tokio::time::Instant;

/// What the registry does not know may only not have reached all of its nodes yet, or not have been read again after a
/// start. Counted from when this process first missed it, and not from the record's timestamp: that may be ahead of the
/// clock for years, and an old record has the same right to a registry that is awake.
const GRACE: Duration = Duration::from_secs(30);
/// How long it is remembered that a schema was missed: whoever names it meanwhile does not wait again.
const REMEMBERED: Duration = Duration::from_secs(600);
/// The most schemas that are waited for within that time; others are given up at once. A topic has few, and bytes that
/// are no Avro have one each: waiting for them in turn would hold up a partition.
const MAX_MISSED: usize = 16;
/// A record that is older is not waited for. Every process waits anew, so without this a record could be waited for for
/// ever while none lives long enough; a mapping tries no longer than this either (`MaximumRecordAgeInSeconds`).
pub(crate) const OLDEST_WAITED_FOR: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// The schemas that this process missed, and when it first did.
#[derive(Debug, Default)]
pub(crate) struct UnknownSchemas(Mutex<HashMap<SchemaRef, Instant>>);

impl UnknownSchemas {
    /// Notes that a schema was missed; whether it is to be waited for.
    pub(crate) fn should_wait_for(&self, schema: SchemaRef) -> bool {
        let now = Instant::now();
        // No code panics while it holds the lock, so a poisoned one holds nothing half-done.
        let mut missed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        missed.retain(|_, first| now.duration_since(*first) < REMEMBERED);
        if missed.len() >= MAX_MISSED && !missed.contains_key(&schema) {
            return false;
        }
        now.duration_since(*missed.entry(schema).or_insert(now)) < GRACE
    }
}

#[cfg(test)]
mod tests {
    use schema_registry::SchemaId;

    use super::*;

    fn id(number: u32) -> SchemaRef {
        SchemaRef::Id(SchemaId(number))
    }

    #[tokio::test(start_paused = true)]
    async fn a_schema_is_waited_for_once_in_ten_minutes() {
        let missed = UnknownSchemas::default();
        assert!(missed.should_wait_for(id(1)));
        tokio::time::advance(Duration::from_secs(29)).await;
        assert!(missed.should_wait_for(id(1)) && missed.should_wait_for(id(2)));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(!missed.should_wait_for(id(1)) && missed.should_wait_for(id(2)), "each from its own first miss");
        tokio::time::advance(Duration::from_secs(569)).await;
        assert!(!missed.should_wait_for(id(1)));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(missed.should_wait_for(id(1)), "after that it is another time");
    }

    #[tokio::test(start_paused = true)]
    async fn ids_that_are_made_up_are_not_waited_for_one_after_the_other() {
        let missed = UnknownSchemas::default();
        let waited_for = (0..1_000_000).filter(|number| missed.should_wait_for(id(*number))).count();
        assert_eq!((waited_for, missed.0.lock().unwrap().len()), (16, 16));
        tokio::time::advance(Duration::from_secs(600)).await;
        assert!(missed.should_wait_for(id(7_000_000)));
    }
}
