//! `send-welcome-email`, the real binary, through crashes, faults, configurations and whole recordings.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test that meets a surprise must fail")]

mod concurrency;
mod configuration;
mod crashes;
mod demonstration;
mod faults;
mod modes;
mod recordings;

use local_stack::{EventRecord, Invocation};
use serde_json::Value;

/// The function under test.
const FUNCTION: &str = "send-welcome-email";

/// The error document of a failed invocation.
fn failure(invocation: Invocation) -> Value {
    match invocation {
        Invocation::Failed(error) => serde_json::from_slice(&error).unwrap(),
        other => panic!("expected a failed invocation, got {other:?}"),
    }
}

/// The answer of an invocation that did not fail.
fn answer(invocation: Invocation) -> Value {
    match invocation {
        Invocation::Answered(answer) => serde_json::from_slice(&answer).unwrap(),
        other => panic!("expected an answer, got {other:?}"),
    }
}

/// The first inserted account of the recording.
fn an_account() -> EventRecord {
    end_to_end::created_accounts().unwrap().remove(0)
}

/// The records in one partition, with offsets from 0.
fn in_one_partition(records: impl IntoIterator<Item = EventRecord>) -> Vec<EventRecord> {
    (0..).zip(records).map(|(offset, record)| EventRecord { partition: 0, offset, ..record }).collect()
}

/// A record with a truncated frame.
fn truncated() -> EventRecord {
    EventRecord { value: Some(Some("AAAB".to_owned())), ..an_account() }
}
