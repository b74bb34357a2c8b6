//! Waiting for a schema that a healthy registry does not know.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use schema_registry::SchemaRef;
use tokio::time::Instant;

/// A schema that the registry does not know may not have reached all of its nodes yet, or the registry may still be
/// reading its store after a start. Counted from when this process first missed the schema and not from the record's
/// timestamp, which may be years ahead of the clock; an old record, too, may meet a registry that has just started.
const GRACE: Duration = Duration::from_secs(30);
/// How long a missed schema is remembered: records that name it within that time do not wait again.
const REMEMBERED: Duration = Duration::from_secs(600);
/// The maximum number of schemas that are waited for within that time; records of any others are dead-lettered at once.
/// A topic has few schemas, but bytes that are not Avro name a different one each time: waiting for each would hold up
/// the partition.
const MAX_MISSED: usize = 16;
/// Records older than this do not wait. Each process starts its own wait, so without this limit a record could wait for
/// ever if no process lives long enough. A mapping does not retry longer than this either
/// (`MaximumRecordAgeInSeconds`).
pub(crate) const OLDEST_WAITED_FOR: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// The schemas that this process missed, with the time when it first missed each.
#[derive(Debug, Default)]
pub(crate) struct UnknownSchemas(Mutex<HashMap<SchemaRef, Instant>>);

impl UnknownSchemas {
    /// Notes that a schema was missed, and returns whether its record should wait for it.
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
        assert!(missed.should_wait_for(id(1)), "after that it waits again");
    }

    #[tokio::test(start_paused = true)]
    async fn made_up_ids_do_not_wait_one_after_the_other() {
        let missed = UnknownSchemas::default();
        let waited_for = (0..1_000_000).filter(|number| missed.should_wait_for(id(*number))).count();
        assert_eq!((waited_for, missed.0.lock().unwrap().len()), (16, 16));
        tokio::time::advance(Duration::from_secs(600)).await;
        assert!(missed.should_wait_for(id(7_000_000)));
    }
}
