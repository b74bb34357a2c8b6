//! The key of a changed row or document, as text.

use avro_decode::Value;
use debezium::mongodb::{DocumentError, document_id};
use debezium::{KeyError, RowKey};
use dynamodb::keys::MAX_PARTITION_KEY_BYTES;
use event_runtime::{Failed, Fault};

use crate::Failure;

/// The key of a change. An unreadable key is an error only where the key is needed.
pub(crate) struct ChangeKey(Result<Identity, Failed>);

/// What identifies the row or document.
enum Identity {
    Row(RowKey),
    Document(String),
}

impl ChangeKey {
    pub(crate) fn of_row(key: Option<&Value<'_>>) -> Self {
        ChangeKey(RowKey::of(key).map(Identity::Row).map_err(|error| KeyUnusable::of(error).into()))
    }

    /// MongoDB's connector sends the `_id` as extended JSON in the key's column `id`.
    pub(crate) fn of_document(key: Option<&Value<'_>>) -> Self {
        ChangeKey(document_key(key).map(Identity::Document).map_err(Failed::from))
    }

    /// A document's id that needs no reading.
    #[cfg(feature = "testing")]
    pub(crate) fn of_id(id: String) -> Self {
        ChangeKey(Ok(Identity::Document(id)))
    }

    pub(crate) fn unreadable(fault: Fault) -> Self {
        ChangeKey(Err(fault.into()))
    }

    pub(crate) fn text(&self) -> Result<&str, Failed> {
        Ok(match self.identity()? {
            Identity::Row(key) => key.as_str(),
            Identity::Document(id) => id,
        })
    }

    /// The text that earlier versions gave the key, if it was another.
    pub(crate) fn former_text(&self) -> Result<Option<&str>, Failed> {
        Ok(match self.identity()? {
            Identity::Row(key) => key.formerly(),
            Identity::Document(_) => None,
        })
    }

    fn identity(&self) -> Result<&Identity, Failed> {
        // However often a handler asks, the failure is the same: a retry must not become a dead letter.
        self.0.as_ref().map_err(Failed::clone)
    }
}

fn document_key(key: Option<&Value<'_>>) -> Result<String, KeyUnusable> {
    let id = match key {
        Some(Value::Record(record)) => record.get("id"),
        other => other,
    };
    let Some(Value::String(id)) = id else { return Err(KeyUnusable::NoDocumentId) };
    let id = document_id(id).map_err(KeyUnusable::DocumentId)?;
    if id.is_empty() || id.len() > MAX_PARTITION_KEY_BYTES { Err(KeyUnusable::NoDocumentId) } else { Ok(id) }
}

/// The record's key does not identify a row or document.
#[derive(Debug, Failure)]
#[failure(dead_letter, blame = record)]
pub(crate) enum KeyUnusable {
    /// The record has no key, or a key whose columns are all null or empty.
    #[failure(
        "the record's key does not identify a row",
        code = "key_missing",
        remedy = "Give the table a primary key, or set `message.key.columns` in the connector. The letters have no key and cannot be fixed: end them (`redrive resolve <id> --done --yes`)."
    )]
    Missing(#[source] KeyError),
    /// A column of the key is an array or a map.
    #[failure(
        "the record's key does not identify a row",
        code = "key_unsupported",
        blame = deployment,
        remedy = "Key the topic by other columns; end the letters."
    )]
    Unsupported(#[source] KeyError),
    /// A column of the key is a number of more than 1,024 bytes.
    #[failure(
        "the record's key does not identify a row",
        code = "key_unsupported",
        remedy = "Key the topic by other columns; end the letters."
    )]
    TooLong(#[source] KeyError),
    /// The document's `_id` is missing, empty or longer than a key of DynamoDB.
    #[failure(
        "the record's key is missing, empty or longer than {MAX_PARTITION_KEY_BYTES} bytes; check the connector: it must send the document's _id",
        code = "key_missing",
        remedy = "Check the connector: it must send the document's `_id`. End the letter."
    )]
    NoDocumentId,
    /// The document's `_id` is not extended JSON.
    #[failure(
        "the record's key is not extended JSON with an id",
        code = "key_malformed",
        remedy = "Check what writes the keys; end the letter."
    )]
    DocumentId(#[source] DocumentError),
}

impl KeyUnusable {
    fn of(error: KeyError) -> Self {
        match error {
            KeyError::Missing | KeyError::Empty { .. } => KeyUnusable::Missing(error),
            KeyError::Type { .. } => KeyUnusable::Unsupported(error),
            KeyError::TooLong { .. } => KeyUnusable::TooLong(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use event_runtime::{Disposition, Stage, StoreError};

    use super::*;

    #[test]
    fn a_key_that_cannot_be_read_yet_is_a_retry_however_often_it_is_asked_for() {
        let slow = StoreError {
            store: "the registry",
            operation: "look up",
            code: "registry_unavailable",
            retry_after: None,
            cause: "it does not answer".into(),
        };
        let key = ChangeKey::unreadable(Fault::new(Stage::Decode, slow));
        let first = key.text().unwrap_err();
        for again in [key.text().unwrap_err(), key.former_text().unwrap_err()] {
            assert_eq!(again.disposition(), Disposition::Retry { after: None });
            assert_eq!((again.code(), again.blame()), ("registry_unavailable", first.blame()));
            let (again, first) = (again.at(Stage::Handle), key.text().unwrap_err().at(Stage::Handle));
            assert_eq!((again.stage, again.chain()), (Stage::Decode, first.chain()));
        }
    }
}
