//! The key of a changed row or document, as text.

use std::cell::RefCell;

use avro_decode::Value;
use debezium::mongodb::{DocumentError, document_id};
use debezium::{KeyError, RowKey};
use dynamodb::keys::MAX_PARTITION_KEY_BYTES;
use event_runtime::{Failed, FailureCode, Fault};

use crate::Failure;

/// The key of a change. An unreadable key is an error only where the key is needed.
pub(crate) struct ChangeKey(Result<Identity, RefCell<Option<Failed>>>);

/// What identifies the row or document.
enum Identity {
    Row(RowKey),
    Document(String),
}

impl ChangeKey {
    pub(crate) fn of_row(key: Option<&Value<'_>>) -> Self {
        Self::new(RowKey::of(key).map(Identity::Row).map_err(|error| KeyUnusable::of(error).into()))
    }

    /// MongoDB's connector sends the `_id` as extended JSON in the key's column `id`.
    pub(crate) fn of_document(key: Option<&Value<'_>>) -> Self {
        Self::new(document_key(key).map(Identity::Document).map_err(Failed::from))
    }

    /// A document's id that needs no reading.
    #[cfg(feature = "testing")]
    pub(crate) fn of_id(id: String) -> Self {
        Self::new(Ok(Identity::Document(id)))
    }

    pub(crate) fn unreadable(fault: Fault) -> Self {
        Self::new(Err(fault.into()))
    }

    fn new(key: Result<Identity, Failed>) -> Self {
        ChangeKey(key.map_err(|failed| RefCell::new(Some(failed))))
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
        // A handler that goes on after the error gets another one the second time.
        self.0.as_ref().map_err(|failed| failed.take().unwrap_or_else(|| KeyUnusable::AskedAgain.into()))
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

const KEY_MISSING: &str = "key_missing";
const IN_THE_TABLE: &[FailureCode] = &[];

/// The record's key does not identify a row or document.
#[derive(Debug, Failure)]
pub(crate) enum KeyUnusable {
    /// The record has no key, or a key whose columns are all null or empty.
    #[failure(
        "the record's key does not identify a row",
        dead_letter,
        code = "key_missing",
        blame = record,
        remedy = "Give the table a primary key, or set `message.key.columns` in the connector. The letters have no key and cannot be fixed: end them (`redrive resolve <id> --done --yes`)."
    )]
    Missing(#[source] KeyError),
    /// A column of the key is an array or a map.
    #[failure(
        "the record's key does not identify a row",
        dead_letter,
        code = "key_unsupported",
        remedy = "Key the topic by other columns; end the letters."
    )]
    Unsupported(#[source] KeyError),
    /// A column of the key is a number of more than 1,024 bytes.
    #[failure(
        "the record's key does not identify a row",
        dead_letter,
        code = "key_unsupported",
        blame = record,
        remedy = "Key the topic by other columns; end the letters."
    )]
    TooLong(#[source] KeyError),
    /// The document's `_id` is missing, empty or longer than a key of DynamoDB.
    #[failure(
        "the record's key is missing, empty or longer than {MAX_PARTITION_KEY_BYTES} bytes; check the connector: it must send the document's _id",
        dead_letter,
        code = "key_missing",
        blame = record,
        remedy = "Check the connector: it must send the document's `_id`. End the letter."
    )]
    NoDocumentId,
    /// The document's `_id` is not extended JSON.
    #[failure(
        "the record's key is not extended JSON with an id",
        dead_letter,
        code = "key_malformed",
        blame = record,
        remedy = "Check what writes the keys; end the letter."
    )]
    DocumentId(#[source] DocumentError),
    /// The function asked for the key again after it had failed: that failure is in the table.
    #[failure("the record's key cannot be read", dead_letter, code = KEY_MISSING, codes = IN_THE_TABLE, blame = record)]
    AskedAgain,
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
