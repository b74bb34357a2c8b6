//! The function in memory: a feed of two pages, a cursor and a producer.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use event_functions::testing::{FailureCodes, Harness};
use event_functions::{Deadline, Function};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use kafka_producer::{Delivered, DeliveryError, DeliveryProblem, OutgoingRecord, Producer};
use serde_json::{Value, json};

use super::{function, function_with};
use crate::api::{ApiError, Feed, Fetched, Page};
use crate::cursor::{MemoryCursor, Position};
use crate::outcome::RunError;
use crate::ports::Ports;
use crate::profile;

const VARIABLES: [(&str, &str); 4] = [
    ("PROFILE_CURSOR_TABLE", "profile-cursor"),
    ("PROFILE_API_URL", "http://127.0.0.1:9"),
    ("PROFILE_API_TOKEN", "hunter2"),
    ("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9"),
];

fn change(number: usize) -> Value {
    json!({
        "id": format!("chg-{number}"), "user_id": format!("u-{number}"), "changed_at": "2026-11-20T10:15:00Z",
        "revision": number, "changes": [{"field": "display_name", "after": "Ada"}],
    })
}

/// Two pages; the second has an item that is not a change.
struct TwoPages;

impl Feed for TwoPages {
    fn page<'a>(&'a self, position: &'a Position, _: Deadline) -> BoxFuture<'a, Result<Fetched, ApiError>> {
        let (items, next, has_more) = match position.cursor.as_deref() {
            None => (vec![change(1), change(2)], "c-1", true),
            Some("c-1") => (vec![json!({"id": "chg-3"}), change(4)], "c-2", false),
            Some(_) => return ready(Ok(Fetched::NotModified)).boxed(),
        };
        let items = items.iter().map(|item| serde_json::value::to_raw_value(item).unwrap()).collect();
        ready(Ok(Fetched::Page(Page { items, next: next.to_owned(), has_more, version: None }))).boxed()
    }
}

/// What was sent. Clones share it.
#[derive(Clone, Default)]
struct Sent(Arc<Mutex<Vec<OutgoingRecord>>>, Option<DeliveryProblem>);

impl Producer for Sent {
    fn send(&self, records: Vec<OutgoingRecord>) -> BoxFuture<'_, Vec<Result<Delivered, DeliveryError>>> {
        let answer = |record: &OutgoingRecord| match self.1 {
            Some(problem) => Err(DeliveryError::new(&record.topic, problem)),
            None => Ok(Delivered { partition: 0, offset: None }),
        };
        let answers = records.iter().map(answer).collect();
        self.0.lock().unwrap().extend(records);
        ready(answers).boxed()
    }
}

impl Sent {
    fn keys(&self) -> Vec<String> {
        let sent = self.0.lock().unwrap();
        sent.iter().map(|record| String::from_utf8(record.key.clone().unwrap().into()).unwrap()).collect()
    }
}

fn with(cursor: &MemoryCursor, sent: &Sent) -> Function {
    let (cursor, sent) = (cursor.clone(), sent.clone());
    function_with(move |_, _| {
        let (cursors, producer) = (Arc::new(cursor.clone()), Arc::new(sent.clone()));
        Ok(Ports { feed: Arc::new(TwoPages), cursors, producer, send_timeout: Duration::from_secs(1) })
    })
}

fn test(cursor: &MemoryCursor, sent: &Sent) -> Harness {
    let test = with(cursor, sent).test(&VARIABLES);
    test.subject("user.profile.updated-value", 7, profile::SCHEMA);
    test
}

#[test]
fn a_run_publishes_each_change_and_dead_letters_a_bad_item() {
    let (cursor, sent) = (MemoryCursor::default(), Sent::default());
    let test = test(&cursor, &sent);
    let answer = test.invoke(&json!({})).unwrap();
    assert_eq!(answer, json!({"pages": 2, "published": 3, "parked": 1, "ended": "caught_up"}));
    assert_eq!(sent.keys(), ["u-1", "u-2", "u-4"]);
    assert_eq!(test.letters().iter().map(|letter| letter.code.as_str()).collect::<Vec<_>>(), ["item_unreadable"]);
    assert_eq!(cursor.position().cursor.as_deref(), Some("c-2"));

    let again = test.invoke(&json!({})).unwrap();
    assert_eq!((&again["published"], sent.keys().len()), (&json!(0), 3), "nothing is published twice");
}

#[test]
fn the_cursor_stays_where_kafka_does_not_acknowledge() {
    let (cursor, sent) = (MemoryCursor::default(), Sent(Arc::default(), Some(DeliveryProblem::TooFewReplicas)));
    assert_eq!(test(&cursor, &sent).invoke(&json!({})), Err("kafka_too_few_replicas"));
    assert_eq!(cursor.position(), Position::default());
}

#[test]
fn a_redriven_item_is_published_and_its_letter_named() {
    let (cursor, sent) = (MemoryCursor::default(), Sent::default());
    let redriven =
        |item: Value| json!({"redrive": {"letterId": "0a", "attempt": 1}, "eventSource": "profile-api", "item": item});
    let test = test(&cursor, &sent);
    assert_eq!(test.invoke(&redriven(change(3))), Ok(json!({"finished": "0a"})));
    assert_eq!((sent.keys(), cursor.position()), (vec!["u-3".to_owned()], Position::default()));
    assert_eq!(test.invoke(&redriven(json!({}))), Err("item_unreadable"));
    assert!(test.letters().is_empty(), "its letter is still in the queue");
}

#[test]
fn the_manifest_has_the_table_and_the_rights_without_variables() {
    let manifest = serde_json::to_value(function().manifest()).unwrap();
    let table = &manifest["tables"][0];
    assert_eq!((&table["variable"], &table["name"]), (&json!("PROFILE_CURSOR_TABLE"), &json!("profile-cursor")));
    assert_eq!((&table["partition_key"], &table["actions"]), (&json!("pk"), &json!(["dynamodb:UpdateItem"])));
    let actions: Vec<_> = manifest["actions"].as_array().unwrap().iter().map(|action| &action["resource"]).collect();
    let resources = [
        "topic/${PROFILE_TOPIC}",
        "cluster/${KAFKA_BOOTSTRAP_SERVERS}",
        "${DEAD_LETTER_QUEUE_URL}",
        "${DEAD_LETTER_BUCKET}/*",
        "${PROFILE_API_TOKEN_SECRET_ARN}",
        "${KAFKA_SECRET_ARN}",
    ];
    for resource in resources {
        assert!(actions.contains(&&json!(resource)), "{resource} is not in {actions:?}");
    }
    let variables = manifest["variables"].as_array().unwrap();
    for name in ["DEAD_LETTER_QUEUE_URL", "SCHEMA_REGISTRY_URL", "KAFKA_CA_FILE", "PROFILE_API_TOKEN"] {
        assert_eq!(variables.iter().filter(|variable| variable["name"] == name).count(), 1, "{name}");
    }
}

#[test]
fn the_readme_has_the_functions_own_variables_and_codes() {
    function().check_readme(include_str!("../README.md"), &[RunError::CODES]);
}
