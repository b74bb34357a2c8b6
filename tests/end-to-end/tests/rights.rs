//! The actions that a manifest declares are those that the function takes, as the emulator sees them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets a surprise must fail")]

use std::collections::BTreeSet;

use end_to_end::Scene;
use function_manifests::FunctionManifest;
use local_stack::{EventRecord, Invocation, Target, Workspace};

/// Of a record that does not fit into the queue (1 MiB).
const LARGE: usize = 1_200_000;

fn manifest(function: &str) -> FunctionManifest {
    let folder = Workspace::find().unwrap().root().join("functions").join(function);
    function_manifests::read(&folder).unwrap().unwrap()
}

/// The operations that it declares for the variables that the stack sets, without the service.
fn declared(function: &FunctionManifest, variables: &[(String, String)]) -> BTreeSet<String> {
    let is_set = |name: &str| variables.iter().any(|(set, _)| set == name);
    let taken = |actions: &&function_manifests::Actions| {
        actions.when.as_ref().is_none_or(|when| variables.contains(&(when.variable.clone(), when.is.clone())))
            && actions.variable().is_none_or(is_set)
    };
    let others = function.actions.iter().filter(taken).flat_map(|actions| &actions.actions);
    let tables = function.tables.iter().filter(|table| is_set(&table.variable)).flat_map(|table| &table.actions);
    others.chain(tables).map(|action| action.split_once(':').unwrap().1.to_owned()).collect()
}

/// The actions of the operations that the emulator saw.
fn seen(scene: &Scene) -> BTreeSet<String> {
    scene.stack.faults.operations().iter().map(|operation| action(operation).to_owned()).collect()
}

/// By what an operation is allowed. A transaction by what it consists of, here conditional puts; a batch of messages as one
/// message (the developer guides of DynamoDB and SQS); S3's are known by method and path.
fn action(operation: &str) -> &str {
    match operation {
        "TransactWriteItems" => "PutItem",
        "SendMessageBatch" => "SendMessage",
        put if put.starts_with("PUT /") => "PutObject",
        other => other,
    }
}

/// A record of the function's topic whose value is this many bytes that no schema explains.
fn unreadable(topic: &str, offset: i64, bytes: usize) -> EventRecord {
    let base64 = |bytes: &[u8]| Some(Some(base64_simd::STANDARD.encode_to_string(bytes)));
    EventRecord {
        topic: topic.to_owned(),
        partition: 9,
        offset,
        timestamp: 1_795_680_300_000,
        timestamp_type: "CREATE_TIME",
        key: base64(b"k"),
        value: base64(&vec![0x7f; bytes]),
        headers: Some(Vec::new()),
    }
}

/// Every sample of the function, then a small and a large record that nobody can read.
async fn takes_what_it_declares(function: &str) {
    let scene = Scene::start(function, &[]).await.unwrap();
    let declares = manifest(function);
    let samples = Workspace::find().unwrap().root().join("events/samples").join(function);
    let mut samples: Vec<_> = samples.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    samples.sort();
    for sample in samples {
        let answer = scene.host.invoke(std::fs::read(&sample).unwrap().into()).await;
        assert!(matches!(answer, Invocation::Answered(_)), "{}: {answer:?}", sample.display());
    }
    let topic = declares.topic().unwrap();
    for (offset, bytes) in [(0, 10), (1, LARGE)] {
        let answer = scene.invoke(&[unreadable(topic, offset, bytes)]).await;
        assert!(matches!(answer, Invocation::Answered(_)), "{answer:?}");
    }
    assert_eq!(seen(&scene), declared(&declares, &scene.stack.environment()), "seen by the emulator, and declared");
}

#[tokio::test]
async fn cache_user_login_takes_the_actions_that_it_declares() {
    takes_what_it_declares("cache-user-login").await;
}

#[tokio::test]
async fn audit_profile_update_takes_the_actions_that_it_declares() {
    takes_what_it_declares("audit-profile-update").await;
}

#[tokio::test]
async fn send_welcome_email_takes_the_actions_that_it_declares() {
    takes_what_it_declares("send-welcome-email").await;
}
