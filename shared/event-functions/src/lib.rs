//! The one crate that a function imports: what it reads, what it does, and everything that runs it on AWS Lambda.
//!
//! A whole function is one builder. It names what it reads and what it does, and nothing that it does not decide:
//!
//! ```no_run
#![doc = include_str!("../examples/index_tickets.rs")]
//! ```
//!
//! | a function reads | builder | effects |
//! |---|---|---|
//! | changes of a table | [`Draft::changes`] | [`KeepNewest`], or a [`ChangeHandler`] of one's own |
//! | changes of a MongoDB collection | [`Draft::documents`] | [`keep_newest_documents`], or a [`ChangeHandler`] |
//! | domain events | [`Draft::events`] | [`AppendOnce`], or an [`EventHandler`] |
//! | records of any kind | [`Draft::records`] | a [`RecordHandler`] |
//! | no topic: a schedule, a person | [`Draft::task`] | a [`Task`] |
//!
//! The README has the variables that every function reads, and how to test one.

// Code that the derive macros write names this crate from outside, here too.
extern crate self as event_functions;

mod aws;
#[cfg(test)]
mod codes;
mod engine;
mod function;
mod handlers;
mod lambda;
mod manifest;
mod patterns;
mod secrets;
pub mod telemetry;
#[cfg(feature = "testing")]
#[allow(clippy::panic, reason = "a test that meets a surprise must fail")]
pub mod testing;
mod variables;

use avro_decode::AvroType;

pub use std::process::ExitCode;

pub use avro_decode::{Decimal, Lenient, Value};
pub use aws_config::SdkConfig;
pub use debezium::types as columns;
pub use debezium::types::Toasted;
pub use debezium::{Op, RowImage, mongodb};
pub use dynamodb::keys::Precision;
pub use dynamodb::{AppendOnlyTable, Columns, IntoColumn, VersionedTable, item, keys};
pub use environment::{
    Bucket, Configuration, FromVariable, Kind, Queue, Reader, Secret, SecretArn, SecretError, Table, parsed,
};
pub use event_functions_derive::{AvroRead, Config, Failure};
pub use event_runtime::traits::Failure;
pub use event_runtime::{
    AvroReader, Blame, ClaimKey, Clock, DeadLetters, Deadline, Disposition, Effect, EffectId, Failed, Fault,
    Fingerprint, Intent, Invocation, RawRecord, RecordHandler, Stage, StoreError, SystemClock, UnixMillis,
};
pub use jiff::Timestamp;
/// Sending dead letters back, behind ports: for the function that does it.
pub use redrive_core as redrive;
pub use topic_names::{KafkaTopic, TopicName};

pub use aws::Aws;
pub use function::{Changes, Draft, Events, Function, HasEffect, Records, Tasks};
pub use handlers::change::Change;
pub use handlers::change_handler::{ChangeHandler, Decided};
pub use handlers::decision::{Decision, Performed};
pub use handlers::document::{Document, DocumentUnreadable};
pub use handlers::event::Event;
pub use handlers::event_handler::{DecidedOnEvent, EventHandler};
pub use handlers::guard::{Claimed, Conditional, Guard, Park, Repeat, Uncertain};
pub use handlers::task::Task;
pub use lambda::HostError;
pub use manifest::{ActionUse, Batch, Consumption, DeclaredVariable, Index, Limits, Manifest, TableUse, Trigger, When};
pub use patterns::append_once::{AppendOnce, Entry, IntoEntry};
pub use patterns::into_columns::IntoItem;
pub use patterns::keep_newest::{DELETED_AT, KeepNewest, keep_newest_documents};
pub use secrets::read_secrets;
pub use variables::{DeadLetterQueue, RegistryConfig, RegistryConfigError};

/// Dead letters, for functions that give up, or take back, what is not a record of a topic.
pub mod letters {
    pub use event_runtime::{
        Claims, DeadLetter, Decider, GivenUpBy, LETTER_VERSION, LetterId, Place, RawBytes, Reason, Redriven,
        error_chain,
    };
}

/// Schemas by subject, for producers.
pub mod schemas {
    pub use schema_registry::{FrameFormat, Subjects, Version};
}

/// What code written by the derive macros needs, and what a function of its own kind may: kinds of variables.
#[doc(hidden)]
pub use {avro_decode, environment, event_runtime};

/// A row or an event's data while it borrows from its record.
pub type RowOf<'a, T> = <T as AvroType>::Of<'a>;
