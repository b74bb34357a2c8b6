//! A log in DynamoDB to which each event is appended once.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use avro_decode::AvroType;
use dynamodb::keys::{MAX_PARTITION_KEY_BYTES, MAX_SORT_KEY_BYTES, Precision, sortable};
use dynamodb::{AppendOnlyTable, Columns, Item};
use environment::Table;
use event_runtime::{Clock, Failed};
use jiff::Timestamp;
use serde::Serialize;

use crate::aws::Aws;
use crate::handlers::decision::{Decision, Performed};
use crate::handlers::event::Event;
use crate::handlers::event_handler::{DecidedOnEvent, EventHandler};
use crate::handlers::guard::Conditional;
use crate::patterns::content::{self, ContentUnwritable};
use crate::variables::Retention;
use crate::{Failure, RowOf};

/// Appends each event once to a log in DynamoDB: an event that is published twice is a duplicate, and one that comes
/// with other content under the same id is a dead letter (`event_conflict`).
///
/// The table's keys are the texts `pk` and `sk`, its TTL attribute `expires_at`. It reads the variable `RETENTION_DAYS`.
pub struct AppendOnce<T, F, E> {
    table: AppendOnlyTable,
    entry: F,
    retention: Option<Duration>,
    clock: Arc<dyn Clock>,
    _data: PhantomData<fn(T) -> E>,
}

/// One entry of the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The partition key, such as `user#17`: the entries of one partition are read together.
    pub partition: String,
    /// When it happened. Entries of a partition are sorted by it, to the microsecond.
    pub at: Timestamp,
    /// The event's id. It never names another event.
    pub id: String,
    /// All other attributes.
    pub attributes: Item,
    content: Content,
}

/// What tells an event from another one under the same id. Nothing in it differs between two deliveries of one event, as
/// offsets do.
#[derive(Debug, Clone, PartialEq)]
enum Content {
    /// The entry's attributes.
    Attributes,
    /// What the function said instead, as a digest.
    Digest(String),
}

impl Entry {
    /// An entry whose attributes are its content: everything that two deliveries of the event have in common.
    pub fn new(partition: impl Into<String>, at: Timestamp, id: impl Into<String>, item: Columns) -> Self {
        let attributes = item.into_item();
        Entry { partition: partition.into(), at, id: id.into(), attributes, content: Content::Attributes }
    }

    /// The same with other content, for attributes that differ between two deliveries: its JSON is what counts. Leave null
    /// fields out of it, or a field that is added later changes the content of events without it.
    ///
    /// # Errors
    /// When it has no JSON: a map whose keys are not text, or a [`Serialize`] of the function's own that refuses it.
    pub fn with_content(self, content: &impl Serialize) -> Result<Self, Failed> {
        Ok(Entry { content: Content::Digest(content::of_content(content)?), ..self })
    }

    fn digest(&self) -> Result<String, ContentUnwritable> {
        match &self.content {
            Content::Attributes => content::of_item(&self.attributes),
            Content::Digest(digest) => Ok(digest.clone()),
        }
    }
}

/// What the closure of [`AppendOnce`] may return: `item! { … }` for an entry under the record's key, with the id and the
/// time that the event's headers state; an [`Entry`]; or a `Result` of either.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an entry of a log",
    label = "expected `item! {{ … }}`, an `Entry`, or a `Result` of either"
)]
pub trait IntoEntry {
    /// The entry.
    ///
    /// # Errors
    /// The function's own, and those of an event without id, key or time.
    fn into_entry<D>(self, event: &Event<'_, D>) -> Result<Entry, Failed>;
}

impl IntoEntry for Entry {
    fn into_entry<D>(self, _: &Event<'_, D>) -> Result<Entry, Failed> {
        Ok(self)
    }
}

impl IntoEntry for Columns {
    fn into_entry<D>(self, event: &Event<'_, D>) -> Result<Entry, Failed> {
        Ok(Entry::new(format!("entity#{}", event.key()?), event.time()?, event.id()?, self))
    }
}

impl<I: IntoEntry, E: Into<Failed>> IntoEntry for Result<I, E> {
    fn into_entry<D>(self, event: &Event<'_, D>) -> Result<Entry, Failed> {
        self.map_err(Into::into)?.into_entry(event)
    }
}

impl<T, F, E> AppendOnce<T, F, E>
where
    T: AvroType,
    F: for<'r, 'a, 'b> Fn(&'b Event<'r, RowOf<'a, T>>) -> E,
{
    /// Appends the entry that `entry` makes of each event, in `table`.
    pub fn in_table(aws: &Aws<T>, table: &Table, entry: F) -> Self {
        let Retention { retention } = aws.variables();
        AppendOnce { table: aws.append_only(table), entry, retention, clock: aws.clock(), _data: PhantomData }
    }

    fn is_past_retention(&self, at: Timestamp) -> bool {
        let age = i128::from(self.clock.now().0) - i128::from(at.as_millisecond());
        self.retention.is_some_and(|retention| i128::try_from(retention.as_millis()).is_ok_and(|kept| age >= kept))
    }

    fn stored(&self, entry: Entry) -> Result<dynamodb::Entry, Failed> {
        let content = entry.digest()?;
        let Entry { partition, at, id, attributes, .. } = entry;
        let time = sortable(at, Precision::Microseconds).map_err(|_| EntryUnusable::Time)?;
        let sort = format!("{time}#{id}");
        if id.is_empty() || sort.len() > MAX_SORT_KEY_BYTES {
            return Err(EntryUnusable::Id(id.len()).into());
        }
        if partition.is_empty() || partition.len() > MAX_PARTITION_KEY_BYTES {
            return Err(EntryUnusable::Partition(partition.len()).into());
        }
        let happened = u64::try_from(at.as_second()).unwrap_or(0);
        let expires_at = self.retention.map(|retention| happened.saturating_add(retention.as_secs()));
        Ok(dynamodb::Entry { partition, sort, id, content, attributes, expires_at })
    }
}

impl<T, F, E> EventHandler for AppendOnce<T, F, E>
where
    T: AvroType,
    F: for<'r, 'a, 'b> Fn(&'b Event<'r, RowOf<'a, T>>) -> E + Send + Sync + 'static,
    E: IntoEntry + 'static,
{
    type Data = T;
    type Guard = Conditional;
    type Work = dynamodb::Entry;

    fn decide(&self, event: Event<'_, RowOf<'_, T>>) -> DecidedOnEvent<Self> {
        let entry = (self.entry)(&event).into_entry(&event)?;
        let is_past_retention = self.is_past_retention(entry.at);
        // What cannot be stored is refused however old it is.
        let entry = self.stored(entry)?;
        Ok(if is_past_retention { Decision::skip("past_retention") } else { Decision::conditional(entry) })
    }

    async fn perform(&self, entry: dynamodb::Entry) -> Performed {
        Ok(self.table.append_once(entry).await?.into())
    }
}

/// The event cannot be put into the log. Holds nothing of the event's content.
#[derive(Debug, Failure)]
#[failure(
    dead_letter,
    code = "event_malformed",
    blame = record,
    remedy = "Have the producer send a correct event under another id; end the letter."
)]
pub(crate) enum EntryUnusable {
    /// The event's id, by which a repetition is recognised, is empty or too long to be a sort key behind the time.
    #[failure(
        "the event's id has {0} bytes; it must have at least one, and with the event's time at most {MAX_SORT_KEY_BYTES}"
    )]
    Id(usize),
    /// The id of what the event is about is too long to be a partition key.
    #[failure("the partition key of the event's entry has {0} bytes; it must have 1 to {MAX_PARTITION_KEY_BYTES}")]
    Partition(usize),
    /// The event's time is before the year 0, and such times do not sort as text.
    #[failure("the event's time is before the year 0; the producer must send the time of the event")]
    Time,
}
