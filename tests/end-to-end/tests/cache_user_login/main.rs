//! `cache-user-login`: the recorded logins give the recorded final state in every order of delivery.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets a surprise must fail")]

mod crashes;
mod deliveries;
mod epochs;
mod faults;
mod in_process;
mod real_binary;

use std::collections::{BTreeMap, BTreeSet};

use end_to_end::events;
use local_stack::{EventRecord, Nulls};
use recordings::Recording;
use serde_json::Value;

const FUNCTION: &str = "cache-user-login";
const TOPIC: &str = "cdc.mongodb.users.login";
/// The request by which it writes a version.
const WRITE: &str = "PutItem";

/// User, time in milliseconds, address and user agent.
type Login = (Option<String>, Option<i64>, Option<String>, Option<String>);

fn recording() -> Recording {
    Recording::read(&events().join("recorded/mongodb-logins")).unwrap()
}

/// The records of the topic in the order in which the connector wrote them.
fn records() -> Vec<EventRecord> {
    recording().of_topic(TOPIC).map(|record| EventRecord::new(record, Nulls::Written)).collect()
}

/// The documents at the end, from the recording's own list.
fn final_state() -> BTreeMap<String, Login> {
    let text = std::fs::read_to_string(events().join("recorded/mongodb-logins/final_state.json")).unwrap();
    let documents: BTreeMap<String, Value> = serde_json::from_str(&text).unwrap();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let login = |login: Value| {
        (text(&login["userId"]), login["at"]["$date"].as_i64(), text(&login["ip"]), text(&login["userAgent"]))
    };
    documents.into_iter().map(|(id, document)| (id, login(document))).collect()
}

/// The ids of documents that were deleted before the end.
fn deleted() -> BTreeSet<String> {
    let id = |record: &recordings::Record| {
        let key: Value = serde_json::from_str(record.expected().key["id"].as_str().unwrap()).unwrap();
        key["$oid"].as_str().unwrap().to_owned()
    };
    let all: BTreeSet<_> = recording().of_topic(TOPIC).map(id).collect();
    all.difference(&final_state().into_keys().collect()).cloned().collect()
}
