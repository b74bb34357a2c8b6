//! The batch processor: decode, skip, claim, handle and settle each record, in order, within the deadline.
//!
//! A function implements [`RecordHandler`] and hands it to a [`Processor`] together with the ports [`Claims`] and
//! [`DeadLetters`]. Everything that can go wrong is a [`Failure`]; what became of each record is an [`Outcome`]. This
//! crate does not know AWS, HTTP or environment variables.

#![allow(unexpected_cfgs, reason = "the feature `mutations` is that of tests/mutations alone, see safeguards.rs")]

// Code that the derive writes names this crate from outside, in our own errors and tests too.
extern crate self as event_runtime;

mod answer;
mod avro;
mod chains;
mod circuit;
mod claims;
mod clock;
mod dead_letter;
mod dead_lettering;
mod deadline;
#[doc(hidden)]
pub mod derive;
mod disposition;
mod effect_id;
mod effort;
mod error_text;
mod failure;
mod failure_codes;
mod failure_derive;
mod failure_log;
mod failures;
mod flood_guard;
mod foreign_codes;
mod framing;
mod handler;
mod in_flight;
mod no_claims;
mod outcome;
mod partition;
mod partition_context;
mod processor;
mod processor_context;
mod raw_record;
mod read_error;
mod record;
mod record_frames;
mod record_log;
mod renamed_claims;
mod retry;
mod runtime_codes;
#[cfg(not(feature = "mutations"))]
mod safeguards;
#[cfg(feature = "mutations")]
pub mod safeguards;
mod settings;
mod settling;
mod side;
mod store_error;
mod stored_dead_letter;
#[cfg(feature = "testing")]
pub mod testing;
mod unknown_schemas;
mod writer_schemas;

pub use answer::{Answer, BatchFailed, Finished, Reporting};
pub use avro::{AvroReader, SchemaReady};
pub use circuit::CircuitPolicy;
pub use claims::{Claim, Claims, Decider, Decision, Doubt, Held, OwnerToken, Parked, ParkedUnder, Resolved, Settled};
pub use clock::{Clock, SystemClock, UnixMillis};
pub use dead_letter::{
    DeadLetter, DeadLetters, GivenUpBy, LETTER_VERSION, LetterId, Place, RawBytes, Reason, Redriven,
};
pub use deadline::Deadline;
pub use effect_id::{ClaimKey, EffectId, Fingerprint, MissingKey};
pub use error_text::{MAX_ERROR_CHAIN, MAX_ERROR_LINE, cut_text, error_chain};
pub use failure::{Blame, Disposition, Failed, Failure, Fault, Stage};
/// The traits that share their name with a derive macro, without the macro.
pub mod traits {
    pub use crate::disposition::Failure;
}
pub use failure_codes::{FailureCode, FailureCodes, FailureResult, code_table};
pub use handler::{Effect, Intent, RecordHandler};
pub use no_claims::NoClaims;
pub use outcome::{BatchReport, Outcome, StageTimes};
pub use processor::Processor;
pub use raw_record::RawRecord;
pub use record_frames::RecordFrames;
pub use retry::RetryPolicy;
pub use runtime_codes::RUNTIME_CODES;
pub use settings::{Drain, Invocation, Order, Settings, WhenUncertain};
pub use side::Side;
pub use store_error::StoreError;
pub use stored_dead_letter::{ForeignObject, ObjectAddress, StoredLetter, UnreadableLetter};
