//! The batch processor: decode, skip, claim, handle and settle each record, in order, within the deadline.
//!
//! A function implements [`RecordHandler`] and hands it to a [`Processor`] together with the ports [`Claims`] and
//! [`DeadLetters`]. What went wrong is told in one vocabulary, [`Failure`]; what became of each record in another,
//! [`Outcome`]. This crate knows no AWS, no HTTP and no environment.

#![allow(unexpected_cfgs, reason = "the feature `mutations` is that of tests/mutations alone, see safeguards.rs")]

mod avro;
mod chains;
mod claims;
mod clock;
mod deadline;
mod effect_id;
mod effort;
mod error_text;
mod failure;
mod flood;
mod former_name;
mod giving_up;
mod handler;
mod in_flight;
mod journal;
mod journey;
mod letter;
mod missed;
mod obstacles;
mod outcome;
mod partition;
mod parts;
mod pressure;
mod processor;
mod raw_record;
mod read_error;
mod record_frames;
mod report;
mod retry;
#[cfg(not(feature = "mutations"))]
mod safeguards;
#[cfg(feature = "mutations")]
pub mod safeguards;
mod settings;
mod side;
mod store;
mod stored_letter;
#[cfg(feature = "testing")]
pub mod testing;
mod unclaimed;

pub use avro::{AvroReader, SchemaReady};
pub use claims::{Claim, Claims, Decider, Decision, Doubt, Held, OwnerToken, Parked, ParkedUnder, Resolved, Settled};
pub use clock::{Clock, SystemClock, UnixMillis};
pub use deadline::Deadline;
pub use effect_id::{ClaimKey, EffectId, Fingerprint, MissingKey};
pub use error_text::{MAX_ERROR_CHAIN, MAX_ERROR_LINE, cut_text, error_chain};
pub use failure::{Blame, Disposition, Failure, Fault, Stage};
pub use handler::{Effect, Intent, RecordHandler, WriterSchemas};
pub use letter::{DeadLetter, DeadLetters, GivenUpBy, LETTER_VERSION, LetterId, Place, RawBytes, Reason, Redriven};
pub use outcome::{BatchReport, Outcome, StageTimes};
pub use pressure::CircuitPolicy;
pub use processor::Processor;
pub use raw_record::RawRecord;
pub use record_frames::RecordFrames;
pub use report::{Answer, BatchFailed, Finished, Reporting};
pub use retry::RetryPolicy;
pub use settings::{Drain, Invocation, Order, Settings, WhenUncertain};
pub use side::Side;
pub use store::StoreError;
pub use stored_letter::{ForeignObject, ObjectAddress, StoredLetter, UnreadableLetter};
pub use unclaimed::NoClaims;
