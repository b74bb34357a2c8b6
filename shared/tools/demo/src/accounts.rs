//! Finds the table of accounts in a recording, by its columns rather than its name.

use recordings::{Record, Recording};
use serde_json::{Map, Value};

/// The possible names of the column of addresses, the preferred first: those that `send-welcome-email` reads.
pub const EMAIL_COLUMNS: [&str; 3] = ["email", "email_address", "mail"];

/// A header of the record that a changed primary key leaves under its new key.
pub const OLD_KEY_HEADER: &str = "__debezium.oldkey";

/// A change of a row, as a Debezium envelope shows it.
#[derive(Debug, Clone, Copy)]
pub struct Change<'a> {
    /// `c`, `u`, `d`, `r`, `t` or `m`.
    pub operation: &'a str,
    /// The row after it.
    pub after: Option<&'a Map<String, Value>>,
}

/// A recording without accounts.
#[derive(Debug, thiserror::Error)]
pub enum NoAccounts {
    /// No topic looks like accounts.
    #[error(
        "no topic of this recording looks like a table of accounts: Debezium envelopes with a column called {}. \
         Topics: {topics}. Name one with TOPIC=", EMAIL_COLUMNS.join(", ")
    )]
    Nowhere {
        /// The topics of the recording.
        topics: String,
    },
    /// The recording does not contain the chosen topic.
    #[error("this recording has no topic {topic}. Topics: {topics}. Name one of them with TOPIC=")]
    NoTopic {
        /// The chosen one.
        topic: String,
        /// The topics of the recording.
        topics: String,
    },
}

/// The topic of the accounts: the chosen one, or the one with most inserted and snapshot rows that have an address.
///
/// # Errors
/// When there is none.
pub fn account_topic<'a>(recording: &'a Recording, chosen: Option<&str>) -> Result<&'a str, NoAccounts> {
    let topics = recording.topics();
    let named = || topics.join(", ");
    if let Some(topic) = chosen {
        let found = topics.iter().find(|name| **name == topic);
        return found.copied().ok_or_else(|| NoAccounts::NoTopic { topic: topic.to_owned(), topics: named() });
    }
    let rows = |topic: &str| recording.of_topic(topic).filter(|record| is_account_row(record)).count();
    let most = topics.iter().map(|topic| (rows(topic), *topic)).filter(|(rows, _)| *rows > 0);
    let most = most.max_by_key(|(rows, _)| *rows);
    most.map(|(_, topic)| topic).ok_or_else(|| NoAccounts::Nowhere { topics: named() })
}

/// The topics that contain nothing but Debezium's heartbeats.
pub fn heartbeat_topics(recording: &Recording) -> Vec<&str> {
    let mut topics = recording.topics();
    topics.retain(|topic| recording.of_topic(topic).all(is_heartbeat));
    topics
}

/// Whether the value is a heartbeat: a time and nothing else.
pub(crate) fn is_heartbeat(record: &Record) -> bool {
    record.expected().value.as_object().is_some_and(|value| value.len() == 1 && value.contains_key("ts_ms"))
}

impl<'a> Change<'a> {
    /// The change in a record; `None` for tombstones and for values that are not envelopes.
    pub fn of(record: &'a Record) -> Option<Self> {
        let value = record.expected().value.as_object()?;
        let operation = value.get("op")?.as_str()?;
        Some(Change { operation, after: value.get("after").and_then(Value::as_object) })
    }

    /// The account's address; `None` where it is null or the table has no such column.
    pub fn email(&self) -> Option<&'a str> {
        let after = self.after?;
        EMAIL_COLUMNS.iter().find_map(|column| after.get(*column))?.as_str()
    }

    fn has_email_column(&self) -> bool {
        self.after.is_some_and(|after| EMAIL_COLUMNS.iter().any(|column| after.contains_key(*column)))
    }
}

fn is_account_row(record: &Record) -> bool {
    Change::of(record).is_some_and(|change| matches!(change.operation, "c" | "r") && change.has_email_column())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_topic_of_the_accounts_is_found_or_chosen() {
        let recording = Recording::of_repository("postgres-accounts").unwrap();
        assert_eq!(account_topic(&recording, None).unwrap(), "cdc.postgres.public.accounts");
        assert_eq!(heartbeat_topics(&recording), ["__debezium-heartbeat.cdc.postgres"]);
        let signals = "cdc.postgres.public.dbz_signal";
        assert_eq!(account_topic(&recording, Some(signals)).unwrap(), signals);
        assert!(account_topic(&recording, Some("nowhere")).is_err());
    }

    #[test]
    fn a_recording_without_accounts_is_refused_with_its_topics() {
        let error = account_topic(&Recording::of_repository("mysql-orders").unwrap(), None).unwrap_err().to_string();
        assert!(error.contains("cdc.mysql.shop.orders"), "{error}");
    }
}
