//! The record handler: decides which changes are new accounts, and sends each its one mail.

use std::sync::Arc;

use avro_decode::Limits;
use debezium::{Change, Op, RowKey, header};
use event_runtime::{
    AvroReader, Blame, ClaimKey, Disposition, Effect, EffectId, Failure, Fault, Intent, MissingKey, RawRecord,
    RecordHandler, Stage, WriterSchemas,
};
use jiff::Timestamp;
use schema_registry::{Frames, PlanCache, Schemas};

use crate::account::{Account, account_id};
use crate::error::SendError;
use crate::mailer::Mailer;
use crate::message::Email;

/// The scope of this function's claims: `welcome:<account id>`.
const SCOPE: &str = "welcome";

/// Sends a welcome email to each account that was inserted.
pub struct WelcomeNewAccounts<M> {
    frames: Frames,
    keys: AvroReader<crate::Key>,
    changes: AvroReader<crate::Value>,
    mailer: M,
    brand: String,
    start_time: Option<Timestamp>,
}

/// What to do about a record.
pub enum Decision {
    /// Skip it, for a reason from a bounded set.
    Skip(&'static str),
    /// Send the welcome mail, because an account was inserted.
    Welcome {
        /// The claim for its one mail, with the former claim of earlier versions.
        effect: EffectId,
        /// The mail.
        email: Box<Email>,
    },
}

impl<M: Mailer> WelcomeNewAccounts<M> {
    /// A handler that reads schemas from `schemas` and writes in the name of `brand`. Accounts inserted before
    /// `start_time` get no mail.
    pub fn new(
        schemas: &Arc<dyn Schemas>,
        frames: Frames,
        mailer: M,
        brand: &str,
        start_time: Option<Timestamp>,
    ) -> Self {
        let limits = Limits::default();
        WelcomeNewAccounts {
            frames,
            keys: AvroReader::of_keys(frames.keys, PlanCache::new(Arc::clone(schemas), limits)),
            changes: AvroReader::of_values(frames.values, PlanCache::new(Arc::clone(schemas), limits)),
            mailer,
            brand: brand.to_owned(),
            start_time,
        }
    }

    /// Why a change is not a new account; `None` if it is one.
    fn reason_to_skip(
        &self,
        change: &Change<'_, Account<'_>>,
        record: &RawRecord<'_>,
    ) -> Result<Option<&'static str>, Fault> {
        Ok(match change.op() {
            Op::Create if has_old_key(record)? => Some("key_change"),
            Op::Create if self.is_before_start(change) => Some("before_start_time"),
            Op::Create => None,
            // A new snapshot must not send mail to every customer.
            Op::Read => Some("snapshot"),
            Op::Update => Some("update"),
            Op::Delete => Some("delete"),
            Op::Truncate => Some("truncate"),
            Op::Message => Some("message"),
            Op::Unknown if change.is_heartbeat() => Some("heartbeat"),
            Op::Unknown if change.is_transaction_marker() => Some("transaction"),
            Op::Unknown => Some("unknown_operation"),
        })
    }

    fn is_before_start(&self, change: &Change<'_, Account<'_>>) -> bool {
        let changed = change.source.as_ref().and_then(|source| source.ts_ms);
        matches!((self.start_time, changed), (Some(start), Some(changed)) if changed < start.as_millisecond())
    }
}

/// The claim for an account. If earlier versions may have claimed it under another text of its key, that is included.
fn effect_id(id: &RowKey) -> Result<EffectId, MissingKey> {
    let effect = EffectId::new(ClaimKey::new(SCOPE, id.as_str())?);
    let former = id.formerly().and_then(|former| ClaimKey::new(SCOPE, former).ok());
    Ok(match former {
        Some(former) => effect.formerly(former),
        None => effect,
    })
}

/// A changed primary key arrives as a delete and a create, which is not a new customer.
fn has_old_key(record: &RawRecord<'_>) -> Result<bool, Fault> {
    record.headers.contains(header::OLD_KEY).map_err(|error| Fault::new(Stage::Decode, HeadersUnreadable(error)))
}

impl<M: Mailer + Send + Sync> RecordHandler for WelcomeNewAccounts<M> {
    type Event<'de> = Decision;

    async fn decode<'de>(&'de self, record: RawRecord<'de>) -> Result<Decision, Fault> {
        self.changes.ready(&record).await?;
        // A key that cannot be read matters only if it is needed.
        let key_is_ready = self.keys.ready(&record).await;
        let Some(change) = self.changes.read(&record)? else { return Ok(Decision::Skip("tombstone")) };
        if let Some(reason) = self.reason_to_skip(&change, &record)? {
            return Ok(Decision::Skip(reason));
        }
        key_is_ready?;
        let key = self.keys.read(&record)?;
        let id = account_id(key.as_ref()).map_err(|error| Fault::new(Stage::Decode, error))?;
        let effect = effect_id(&id).map_err(|error| Fault::new(Stage::Decode, error))?;
        let account = change.into_after().ok_or_else(|| Fault::new(Stage::Decode, RowMissing))?;
        let recipient = account.recipient().map_err(|error| Fault::new(Stage::Decode, error))?;
        let email = Email::welcome(&recipient, &self.brand).map_err(SendError::Rendering)?;
        Ok(Decision::Welcome { effect, email: Box::new(email) })
    }

    fn schemas(&self, record: &RawRecord<'_>) -> WriterSchemas {
        WriterSchemas { key: self.keys.schema(record), value: self.changes.schema(record) }
    }

    fn order_key<'k>(&self, key: &'k [u8]) -> &'k [u8] {
        self.frames.keys.order_key(key)
    }

    fn intent(&self, decision: &Self::Event<'_>) -> Result<Intent, Fault> {
        Ok(match decision {
            Decision::Skip(reason) => Intent::Skip(reason),
            Decision::Welcome { effect, .. } => Intent::Claimed(effect.clone()),
        })
    }

    async fn handle(&self, decision: &Self::Event<'_>) -> Result<Effect, Fault> {
        if let Decision::Welcome { email, .. } = decision {
            self.mailer.send(email).await?;
        }
        Ok(Effect::Done)
    }
}

#[derive(Debug, thiserror::Error)]
#[error(
    "the record's headers cannot be read, so a changed key looks like a new account; check what writes the headers"
)]
struct HeadersUnreadable(#[source] kafka_events::HeaderError);

impl Failure for HeadersUnreadable {
    fn disposition(&self) -> Disposition {
        Disposition::DeadLetter
    }
    fn code(&self) -> &'static str {
        self.0.code()
    }
    fn blame(&self) -> Blame {
        Blame::Record
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the change is an insert without a row; check the connector and its transformations")]
struct RowMissing;

impl Failure for RowMissing {
    fn disposition(&self) -> Disposition {
        Disposition::DeadLetter
    }
    fn code(&self) -> &'static str {
        "row_missing"
    }
    fn blame(&self) -> Blame {
        Blame::Record
    }
}
