//! One change of a row or document, as a handler sees it.

use debezium::{Op, RowImage, RowVersion, Source, header};
use event_runtime::{ClaimKey, EffectId, Failed, RawRecord};

use crate::Failure;
use crate::handlers::headers::HeadersUnreadable;
use crate::handlers::row_key::ChangeKey;

/// One change of a row or document, borrowing from its record.
pub struct Change<'a, R> {
    pub(crate) envelope: debezium::Change<'a, R>,
    pub(crate) key: ChangeKey,
    pub(crate) record: RawRecord<'a>,
}

impl<'a, R> Change<'a, R> {
    /// What happened: an insert, an update, a delete, or a snapshot's read.
    pub fn op(&self) -> Op {
        self.envelope.op()
    }

    /// The row after the change; `None` where it was deleted.
    pub fn after(&self) -> Option<&R> {
        self.envelope.after()
    }

    /// The same by value.
    pub fn into_after(self) -> Option<R> {
        self.envelope.into_after()
    }

    pub(crate) fn take_after(&mut self) -> Option<R> {
        self.envelope.take_after()
    }

    /// The row before the change, if the database logs all of it.
    pub fn before(&self, image: RowImage) -> Option<&R> {
        self.envelope.before(image)
    }

    /// The primary key, or the document's `_id`, as text: one text for each row.
    ///
    /// # Errors
    /// When the record's key cannot be read or does not identify a row.
    pub fn key(&self) -> Result<&str, Failed> {
        self.key.text()
    }

    /// The claim of an effect that happens once for each row: `kind:key`. An effect that an earlier version claimed under
    /// another text of the key is claimed by both.
    ///
    /// # Errors
    /// As [`key`](Self::key).
    pub fn claim(&self, kind: &str) -> Result<EffectId, Failed> {
        let effect = EffectId::new(ClaimKey::new(kind, self.key()?)?);
        let former = self.key.former_text()?.and_then(|former| ClaimKey::new(kind, former).ok());
        Ok(match former {
            Some(former) => effect.formerly(former),
            None => effect,
        })
    }

    /// Which version of the row this is, to compare it with a stored one.
    ///
    /// # Errors
    /// When the record's source has no position in a database's log.
    pub fn version(&self, epoch: u64) -> Result<RowVersion, Failed> {
        Ok(self.envelope.row_version(epoch).ok_or(VersionMissing)?)
    }

    /// Where in the database the change came from.
    pub fn source(&self) -> Option<&Source<'a>> {
        self.envelope.source.as_ref()
    }

    /// Whether an insert is the second half of a changed primary key, which arrives as a delete and an insert.
    ///
    /// # Errors
    /// When the record's headers, which say so, cannot be read.
    pub fn is_key_change(&self) -> Result<bool, Failed> {
        Ok(self.record.headers.contains(header::OLD_KEY).map_err(HeadersUnreadable)?)
    }

    /// The record: topic, partition, offset, timestamp, headers.
    pub fn record(&self) -> &RawRecord<'a> {
        &self.record
    }

    pub(crate) fn is_of_mongodb(&self) -> bool {
        is_of_mongodb(&self.envelope)
    }
}

/// MongoDB's connector names documents, and looks them up after the change.
pub(crate) fn is_of_mongodb<R>(envelope: &debezium::Change<'_, R>) -> bool {
    envelope.source.as_ref().is_some_and(|source| source.connector == Some("mongodb"))
}

/// The record does not come from a Debezium connector.
#[derive(Debug, Failure)]
#[failure(
    "the record's source has no position in the database's log, so the row's version is unknown; check that the mapping reads the right topic",
    dead_letter,
    code = "version_missing",
    remedy = "Point the mapping at the right topic; end the letters."
)]
pub(crate) struct VersionMissing;
