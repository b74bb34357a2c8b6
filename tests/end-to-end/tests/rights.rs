//! The actions that a manifest declares are those that the function takes, as the emulator sees them.
#![allow(clippy::unwrap_used, reason = "a test that meets a surprise must fail")]

use end_to_end::{Scene, declared, manifest};
use local_stack::{EventRecord, Invocation, Target, Workspace};

/// Of a record that does not fit into the queue (1 MiB).
const LARGE: usize = 1_200_000;

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
    let declares = manifest(function).unwrap();
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
    assert_eq!(scene.actions(), declared(&declares, &scene.stack.environment()), "seen by the emulator, and declared");
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
