//! The audit log in DynamoDB: entries by user and time, and an item for each event id.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use dynamodb::{AppendOnlyTable, Appended, Entry, Item, TableError, number, text};
use event_runtime::{Clock, SystemClock};

use crate::event::FieldChange;
use crate::handler::{AuditLog, Update};

/// Names of an entry's attributes beside its keys.
pub mod attribute {
    /// The event's id.
    pub const EVENT_ID: &str = "event_id";
    /// Whose profile.
    pub const USER_ID: &str = "user_id";
    /// When it was changed, at its source: RFC 3339.
    pub const CHANGED_AT: &str = "changed_at";
    /// Who changed it, where the source has it.
    pub const CHANGED_BY: &str = "changed_by";
    /// From where, where the source has it.
    pub const ORIGIN: &str = "origin";
    /// The profile's revision after the change.
    pub const REVISION: &str = "revision";
    /// The changed fields: a list of maps with `field`, `before`, `after`.
    pub const CHANGES: &str = "changes";
    /// The topic of the event that wrote the entry.
    pub const TOPIC: &str = "topic";
    /// The partition of that event.
    pub const PARTITION: &str = "partition";
    /// The offset of that event.
    pub const OFFSET: &str = "offset";
    /// When the entry was written, in milliseconds since 1970.
    pub const RECORDED_AT: &str = "recorded_at";
}

/// The partition key of a user's entries.
pub fn partition(user_id: &str) -> String {
    format!("user#{user_id}")
}

/// [`AuditLog`] in a DynamoDB table.
#[derive(Debug, Clone)]
pub struct DynamoDbLog {
    table: AppendOnlyTable,
    retention: Option<Duration>,
}

impl DynamoDbLog {
    /// The table of that name; DynamoDB may delete an entry when `retention` has passed since its change.
    pub fn new(client: Client, table: &str, retention: Option<Duration>) -> Self {
        DynamoDbLog { table: AppendOnlyTable::new(client, table), retention }
    }

    fn entry(&self, update: &Update<'_>) -> Entry {
        let (event, at) = (&update.event, update.event.sortable_time());
        let changed_at = u64::try_from(event.changed_at.as_second()).unwrap_or(0);
        Entry {
            partition: partition(event.user_id),
            sort: format!("{at}#{}", event.event_id),
            id: event.event_id.to_owned(),
            content: event.digest(),
            attributes: attributes(update, &at),
            expires_at: self.retention.map(|retention| changed_at.saturating_add(retention.as_secs())),
        }
    }
}

fn attributes(update: &Update<'_>, at: &str) -> Item {
    let event = &update.event;
    let always = [
        (attribute::EVENT_ID, text(event.event_id)),
        (attribute::USER_ID, text(event.user_id)),
        (attribute::CHANGED_AT, text(at)),
        (attribute::REVISION, number(event.revision)),
        (attribute::CHANGES, AttributeValue::L(event.changes.iter().map(change).collect())),
        (attribute::TOPIC, text(update.topic)),
        (attribute::PARTITION, number(update.partition)),
        (attribute::OFFSET, number(update.offset)),
        (attribute::RECORDED_AT, number(SystemClock.now().0)),
    ];
    let optional = [(attribute::CHANGED_BY, event.changed_by), (attribute::ORIGIN, event.origin)];
    always.into_iter().chain(present(optional)).map(|(name, value)| (name.to_owned(), value)).collect()
}

fn change(change: &FieldChange<'_>) -> AttributeValue {
    let fields = [("field", Some(change.field)), ("before", change.before), ("after", change.after)];
    AttributeValue::M(present(fields).map(|(name, value)| (name.to_owned(), value)).collect())
}

fn present<'a, const N: usize>(
    texts: [(&'static str, Option<&'a str>); N],
) -> impl Iterator<Item = (&'static str, AttributeValue)> + use<'a, N> {
    texts.into_iter().filter_map(|(name, value)| Some((name, text(value?))))
}

impl AuditLog for DynamoDbLog {
    async fn append(&self, update: &Update<'_>) -> Result<Appended, TableError> {
        self.table.append_once(self.entry(update)).await
    }
}
