//! The function in memory: a letter's record is sent, and the letter leaves its queue.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use event_functions::redrive::{
    Invoked, Invoker, LetterQueue, Message, NotInvoked, ObjectError, Objects, Ports, QueueError, Target,
};
use event_functions::{Function, SystemClock};
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use serde_json::{Value, json};

use super::{function, function_with};

/// A queue, an empty bucket, and a function that finishes what it gets.
#[derive(Default)]
struct World {
    letters: Mutex<Vec<Message>>,
    hidden: AtomicBool,
    invoked: Mutex<Vec<(String, Value)>>,
}

impl LetterQueue for World {
    fn receive(&self, _: Duration) -> BoxFuture<'_, Result<Vec<Message>, QueueError>> {
        let hidden = self.hidden.swap(true, Ordering::SeqCst);
        ready(Ok(if hidden { Vec::new() } else { self.letters.lock().unwrap().clone() })).boxed()
    }

    fn hide<'a>(&'a self, _: &'a [String], hide: Duration) -> BoxFuture<'a, Result<Vec<String>, QueueError>> {
        self.hidden.store(!hide.is_zero(), Ordering::SeqCst);
        ready(Ok(Vec::new())).boxed()
    }

    fn remove<'a>(&'a self, receipts: &'a [String]) -> BoxFuture<'a, Result<(), QueueError>> {
        self.letters.lock().unwrap().retain(|letter| !receipts.contains(&letter.receipt));
        ready(Ok(())).boxed()
    }
}

impl Objects for World {
    fn list<'a>(&'a self, _: &'a str, _: &'a str, _: usize) -> BoxFuture<'a, Result<(Vec<String>, bool), ObjectError>> {
        ready(Ok((Vec::new(), false))).boxed()
    }

    fn get<'a>(&'a self, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<Vec<u8>, ObjectError>> {
        ready(Ok(Vec::new())).boxed()
    }

    fn remove<'a>(&'a self, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<(), ObjectError>> {
        ready(Ok(())).boxed()
    }
}

impl Invoker for World {
    fn invoke<'a>(&'a self, target: &'a Target, event: Vec<u8>) -> BoxFuture<'a, Result<Invoked, NotInvoked>> {
        let event = serde_json::from_slice(&event).unwrap();
        self.invoked.lock().unwrap().push((target.function.clone(), event));
        ready(Ok(Invoked::Finished)).boxed()
    }
}

/// Received from the queue: the letter of an item, as `publish-profile-updates` writes it.
fn letter() -> Message {
    let letter = json!({
        "version": 1, "id": "3f27fa9dd3c50c7fadaced8b5165a317", "event_source": "profile-api",
        "lane": "profile-changes after c-42", "topic": "user.profile.updated", "partition": -1, "offset": null,
        "timestamp": -1, "index": 3, "raw": {"item": "eyJpZCI6ImMtNDMifQ=="},
        "error": {"code": "item_unreadable", "stage": "decode", "chain": ["no"], "uncertain": false},
        "given_up_by": {
            "function": "publish-profile-updates", "function_version": "7", "request_id": "r", "attempt": 1,
            "at_ms": 1_795_000_000_000_u64,
        },
    });
    Message { id: "m".to_owned(), receipt: "r".to_owned(), body: letter.to_string(), sent_ms: None }
}

fn with(world: &Arc<World>) -> Function {
    let world = Arc::clone(world);
    function_with(move |config, aws| Ports {
        queue: world.clone(),
        dead_letters: aws.dead_letters_in(&config.letters),
        objects: world.clone(),
        invoker: world.clone(),
        claims: None,
        clock: Arc::new(SystemClock),
    })
}

#[test]
fn a_letter_leaves_its_queue_when_its_record_is_finished() {
    let world = Arc::new(World::default());
    world.letters.lock().unwrap().push(letter());
    let test = with(&world).test(&[("INVOKE_TIMEOUT_MS", "5000")]);

    let report = test.invoke(&json!({"action": "replay"})).unwrap();
    assert_eq!(report["entries"][0]["fate"]["kind"], "would_replay");
    assert!(world.invoked.lock().unwrap().is_empty(), "a dry run sends nothing");

    let report = test.invoke(&json!({"action": "replay", "yes": true})).unwrap();
    assert_eq!(
        (&report["ending"], &report["entries"][0]["fate"]["kind"]),
        (&json!("complete"), &json!("finished")),
        "{report}"
    );
    assert!(world.letters.lock().unwrap().is_empty());
    let invoked = world.invoked.lock().unwrap();
    let (function, event) = &invoked[0];
    assert_eq!(
        (function.as_str(), &event["redrive"]["letterId"]),
        ("publish-profile-updates", &json!("3f27fa9dd3c50c7fadaced8b5165a317-redriven"))
    );
}

#[test]
fn a_contradictory_request_fails_under_its_code() {
    let test = with(&Arc::default()).test(&[]);
    assert_eq!(test.invoke(&json!({"action": "resolve", "ids": ["0a"]})), Err("request_contradictory"));
}

#[test]
fn the_queue_is_the_only_required_variable() {
    let problems = function().try_test(&[("DEAD_LETTER_QUEUE_URL", ""), ("CLAIMS_TABLE", "")]).err().unwrap();
    assert_eq!(problems.iter().map(|problem| problem.variable()).collect::<Vec<_>>(), ["DEAD_LETTER_QUEUE_URL"]);
    function().test(&[("CLAIMS_TABLE", "")]);
}

#[test]
fn the_manifest_has_every_right_but_those_on_destinations() {
    let manifest = serde_json::to_value(function().manifest()).unwrap();
    let rights = json!([
        {
            "actions": ["sqs:ReceiveMessage", "sqs:ChangeMessageVisibility", "sqs:DeleteMessage"],
            "resource": "${DEAD_LETTER_QUEUE_URL}",
        },
        {"actions": ["s3:GetObject"], "resource": "${DEAD_LETTER_BUCKET}/*"},
        {"actions": ["sqs:SendMessage"], "resource": "${DEAD_LETTER_QUEUE_URL}"},
        {"actions": ["s3:PutObject"], "resource": "${DEAD_LETTER_BUCKET}/*"},
        {"actions": ["lambda:InvokeFunction"], "resource": "function:*"},
    ]);
    let sorted = |rights: &Value| {
        let mut rights: Vec<_> = rights.as_array().unwrap().iter().map(Value::to_string).collect();
        rights.sort();
        rights
    };
    assert_eq!(sorted(&manifest["actions"]), sorted(&rights));
    let claims = &manifest["tables"][0];
    assert_eq!((&claims["variable"], &claims["actions"]), (&json!("CLAIMS_TABLE"), &json!(["dynamodb:UpdateItem"])));
}

#[test]
fn the_readme_has_the_functions_own_variables() {
    function().check_readme(include_str!("../README.md"), &[]);
}
