//! Whole recordings, and the sample events.

use std::collections::BTreeMap;

use demo::{Expectation, account_topic};
use end_to_end::{Scene, recorded, sample};
use local_stack::{Nulls, PartialResponses, RecordedLog, Rules, Target, deliver, local_rules};

use crate::{FUNCTION, answer};

#[tokio::test]
async fn each_account_gets_one_mail_when_the_log_is_replayed() {
    let scene = Scene::start(FUNCTION, &[("PARTIAL_BATCH_RESPONSE", "true")]).await.unwrap();
    let recording = recorded().unwrap();
    let topic = account_topic(&recording, None).unwrap();
    let expected = Expectation::of(recording.of_topic(topic));
    let rules = Rules { batch_size: 30, partial_responses: Some(PartialResponses::OnlyTheListed), ..local_rules() };
    let mut ends = BTreeMap::new();
    let mut records = BTreeMap::<_, usize>::new();
    for record in recording.of_topic(topic) {
        let partition = format!("{topic}-{}", record.partition);
        ends.insert(partition.clone(), record.offset + 1);
        *records.entry(partition).or_default() += 1;
    }
    for nulls in [Nulls::Written, Nulls::LeftOut] {
        let mut log = RecordedLog::of_topic(&recording, topic, nulls);
        let delivery = deliver(&mut log, &scene.host, rules.clone(), |_| ()).await;
        // Each partition is cut into batches by itself, for none waits for the others.
        let batches: usize = records.values().map(|records| records.div_ceil(30)).sum();
        assert_eq!((delivery.invocations, delivery.gave_up.len()), (batches, 0), "{:?}", delivery.failures);
        assert_eq!(log.committed(), ends);
        let mut recipients: Vec<_> = scene.mails().await.unwrap().into_iter().flat_map(|mail| mail.to).collect();
        recipients.sort();
        assert_eq!(recipients, expected.mails.keys().cloned().collect::<Vec<_>>());
    }
    let outcomes = scene.outcomes();
    assert_eq!((outcomes.done, outcomes.duplicate), (expected.mail_count(), expected.mail_count()));
    for (reason, count) in &expected.skipped {
        assert_eq!(outcomes.skipped[reason], 2 * count, "{reason}");
    }
    assert!(scene.dead_letters().await.unwrap().is_empty());
}

#[tokio::test]
async fn every_sample_event_has_the_expected_outcome() {
    let scene = Scene::start(FUNCTION, &[]).await.unwrap();
    for (name, mails, dead_letters, skipped) in [
        ("created", 1, 0, 0),
        ("created-self-managed", 1, 0, 0),
        ("snapshot-read", 1, 0, 1),
        ("updated", 1, 0, 2),
        ("deleted", 1, 0, 4),
        ("deleted-self-managed", 1, 0, 6),
        ("key-changed", 1, 0, 9),
        ("column-added", 2, 0, 9),
        ("column-dropped", 3, 0, 9),
        ("heartbeat", 3, 0, 10),
        // The address that SES refuses elsewhere is accepted by the emulator.
        ("bad-records", 6, 4, 10),
        ("aws-documentation", 6, 5, 10),
    ] {
        answer(scene.host.invoke(sample(FUNCTION, name).unwrap().into()).await);
        assert_eq!(scene.mails().await.unwrap().len(), mails, "mails after {name}");
        assert_eq!(scene.dead_letters().await.unwrap().len(), dead_letters, "dead letters after {name}");
        assert_eq!(scene.outcomes().skipped.values().sum::<usize>(), skipped, "skipped after {name}");
    }
}

#[tokio::test]
async fn names_reach_the_mail_under_every_schema_version() {
    let scene = Scene::start(FUNCTION, &[]).await.unwrap();
    for name in ["created", "column-added", "column-dropped"] {
        answer(scene.host.invoke(sample(FUNCTION, name).unwrap().into()).await);
    }
    let recording = recorded().unwrap();
    for mail in scene.mails().await.unwrap() {
        let row = recording.records.iter().map(|record| &record.expected().value["after"]);
        let row = row.clone().find(|row| row["email"] == mail.to[0].as_str()).unwrap();
        let name = row["full_name"].as_str().unwrap();
        assert!(mail.body_text.contains(name), "{name} is not in {:?}", mail.body_text);
    }
}
