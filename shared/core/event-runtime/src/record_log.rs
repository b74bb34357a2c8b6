//! The log lines of records that fail: where each record is and why it failed, without its content.

use sha2::{Digest, Sha256};

use crate::claims::Held;
use crate::dead_letter::{DeadLetter, base64};
use crate::failure::Fault;
use crate::failure_log::{DEAD_LETTERED_IN_FULL, PENDING_IN_FULL};
use crate::handler::RecordHandler;
use crate::partition_context::PartitionContext;
use crate::raw_record::RawRecord;
use crate::writer_schemas::WriterSchemas;

impl<H: RecordHandler> PartitionContext<'_, H> {
    /// Logs a record that was dead-lettered. Its letter holds the same facts, so only the first records of a kind have
    /// a line.
    pub(crate) fn log_dead_lettered(&self, letter: &DeadLetter, fault: &Fault) {
        self.log_at_most(DEAD_LETTERED_IN_FULL, letter, fault, "dead-lettered");
    }

    /// Logs a record that stays pending, or keeps its letter, because a store failed or time ran out.
    pub(crate) fn log(&self, letter: &DeadLetter, fault: &Fault, what: &'static str) {
        self.log_at_most(PENDING_IN_FULL, letter, fault, what);
    }

    fn log_at_most(&self, in_full: usize, letter: &DeadLetter, fault: &Fault, what: &'static str) {
        self.failures.note(what, fault, (self.partition_name, letter.place.offset), in_full, || {
            tracing::warn!(
                topic = letter.place.topic,
                partition = letter.place.partition,
                offset = letter.place.offset,
                key = letter.raw.key.as_deref().map(|key| key_digest(key.as_bytes())),
                key_schema = letter.key_schema,
                value_schema = letter.value_schema,
                letter = letter.id.as_str(),
                error_code = fault.code,
                stage = fault.stage.as_str(),
                error = %fault,
                "{what}"
            );
        });
    }

    /// Logs a record that stays pending.
    pub(crate) fn log_pending(&self, record: &RawRecord<'_>, fault: &Fault, attempts: u32) {
        let what = "not finished; the event source must deliver it again";
        self.failures.note(what, fault, (self.partition_name, Some(record.offset)), PENDING_IN_FULL, || {
            let schemas = WriterSchemas::of(record, self.processor.settings.frames);
            tracing::warn!(
                topic = record.topic,
                partition = record.partition,
                offset = record.offset,
                key = record.key.map(|key| key_digest(base64(key).as_bytes())),
                key_schema = schemas.key,
                value_schema = schemas.value,
                attempts,
                error_code = fault.code,
                stage = fault.stage.as_str(),
                error = %fault,
                "{what}"
            );
        });
    }

    /// Logs a claim that stays held until its lease ends, because it could not be released.
    pub(crate) fn log_unreleased(&self, held: &Held, fault: &Fault) {
        let what = "a claim could not be released; it stays held until its lease ends";
        self.failures.note(what, fault, (self.partition_name, None), PENDING_IN_FULL, || {
            tracing::warn!(
                claim = %held.token,
                error_code = fault.code,
                stage = fault.stage.as_str(),
                error = %fault,
                "{what}"
            );
        });
    }
}

/// Keys may be personal data: logs hold 64 bits of a hash, enough to find the lines of a key.
fn key_digest(key_base64: &[u8]) -> String {
    hex::encode(&Sha256::digest(key_base64)[..8])
}
