//! Each event has one entry: under duplicate and concurrent delivery, and after lost answers.

use demo::AUDIT_TABLE;
use end_to_end::{Scene, sample};
use local_stack::{
    Action, EventRecord, Failpoint, GrowingLog, Invocation, Nulls, Origin, Outcomes, Target, When, Workspace, event,
};

use crate::{FUNCTION, NOON, entries, update};

fn updates(first_offset: i64) -> Vec<EventRecord> {
    (0..40).map(|n| update(&format!("e{n}"), &format!("u{}", n % 7), NOON + n, first_offset + n)).collect()
}

#[tokio::test]
async fn each_event_has_one_entry_under_duplicate_concurrent_delivery() {
    let scene = Scene::start(FUNCTION, &[]).await.unwrap();
    let (second, third) = (scene.another_host(&[]).await.unwrap(), scene.another_host(&[]).await.unwrap());
    // The second host stands for a rebalance, which delivers the same records to another worker. The third gets the
    // records of a producer that sent all events twice.
    let (same, sent_twice) = (event(Origin::Msk, &updates(0)), event(Origin::Msk, &updates(1000)));
    let mut open = vec![(&scene.host, same.clone()), (&second, same), (&third, sent_twice)];
    // The function retries transactions that conflict; records that are still unfinished are delivered again.
    for _ in 0..20 {
        let invocations =
            futures_util::future::join_all(open.iter().map(|(host, body)| host.invoke(body.clone()))).await;
        let failed = invocations.iter().map(|invocation| !matches!(invocation, Invocation::Answered(_)));
        open = open.iter().zip(failed).filter(|(_, failed)| *failed).map(|(run, _)| run.clone()).collect();
        if open.is_empty() {
            break;
        }
    }
    assert!(open.is_empty(), "still pending after 20 deliveries");
    let items = scene.stack.aws.items(AUDIT_TABLE).await.unwrap();
    assert_eq!(items.len(), 80);
    assert_eq!(entries(items).len(), 40);
    let done: usize =
        [&scene.host, &second, &third].map(|host| Outcomes::read(&host.output(), FUNCTION).done).iter().sum();
    assert_eq!(done, 40);
    assert!(scene.dead_letters().await.unwrap().is_empty());
}

#[tokio::test]
async fn an_append_with_a_lost_answer_is_done_and_needs_no_other_request() {
    let scene = Scene::start(FUNCTION, &[]).await.unwrap();
    let lost = scene.stack.faults.arm(Failpoint::new("lost", "TransactWriteItems", When::After, Action::Drop).times(1));
    assert!(matches!(scene.invoke(&updates(0)[..1]).await, Invocation::Answered(_)));
    assert_eq!(lost.hits(), 1);
    assert_eq!((scene.outcomes().done, scene.outcomes().duplicate), (1, 0));
    for other in ["PutItem", "GetItem", "UpdateItem", "DeleteItem", "Query", "BatchWriteItem"] {
        assert_eq!(scene.stack.faults.calls(other), 0, "{other}");
    }
}

#[tokio::test]
async fn an_entry_keeps_the_coordinates_of_its_first_delivery() {
    let scene = Scene::start(FUNCTION, &[]).await.unwrap();
    assert!(matches!(scene.invoke(&[update("e1", "u1", NOON, 5)]).await, Invocation::Answered(_)));
    let before = scene.stack.aws.items(AUDIT_TABLE).await.unwrap();
    assert!(matches!(scene.invoke(&[update("e1", "u1", NOON, 900)]).await, Invocation::Answered(_)));
    assert_eq!(scene.stack.aws.items(AUDIT_TABLE).await.unwrap(), before);
    assert_eq!((scene.outcomes().done, scene.outcomes().duplicate), (1, 1));
    let entry = &entries(before)[0];
    assert_eq!((&entry["topic"]["S"], &entry["offset"]["N"]), (&"user.profile.updated".into(), &"5".into()));
    assert_eq!(entry["changed_by"]["S"], "admin-7");
    assert_eq!(entry["origin"]["S"], "192.0.2.8");
    assert_eq!(entry["changes"]["L"][1]["M"]["field"]["S"], "phone");
    assert!(entry["changes"]["L"][1]["M"].get("after").is_none());
    assert!(entry.get("expires_at").is_none(), "entries do not expire unless a retention is set");
}

/// A record that an earlier version of `publish-profile-updates` wrote, with the time of the change as its timestamp.
/// Today the same event has the time at which it was sent.
#[tokio::test]
async fn the_record_timestamp_does_not_change_the_entry() {
    let path = "functions/audit-profile-update/fixtures/sent-at-its-change.jsonl";
    let path = Workspace::find().unwrap().root().join(path);
    let recorded = GrowingLog::of_topic(&path, crate::TOPIC, Nulls::Written).poll(1).remove(0);
    assert_eq!(recorded.timestamp, 1_795_168_801_000);
    let scene = Scene::start(FUNCTION, &[]).await.unwrap();
    let sent_again = EventRecord { offset: 77, timestamp: recorded.timestamp + 86_400_000, ..recorded.clone() };
    for record in [recorded.clone(), sent_again, recorded] {
        assert!(matches!(scene.invoke(&[record]).await, Invocation::Answered(_)));
    }
    assert_eq!((scene.outcomes().done, scene.outcomes().duplicate), (1, 2));
    let entries = entries(scene.stack.aws.items(AUDIT_TABLE).await.unwrap());
    let (pk, sk) = (&entries[0]["pk"]["S"], &entries[0]["sk"]["S"]);
    // Entries of such events have these keys since the first version.
    assert_eq!(pk, "user#u-1");
    assert_eq!(sk, "2026-11-20T10:00:01.000000Z#37c75139-5b96-5dbc-8d2d-641ef86cf507");
    assert_eq!(entries.len(), 1);
}

#[tokio::test]
async fn entry_and_id_expire_together_and_expired_events_are_skipped() {
    let scene = Scene::start(FUNCTION, &[("RETENTION_DAYS", "30")]).await.unwrap();
    let year_2100 = 4_102_444_800_000;
    let batch = [update("new", "u1", year_2100, 0), update("old", "u1", 1_000, 1)];
    assert!(matches!(scene.invoke(&batch).await, Invocation::Answered(_)));
    assert_eq!(scene.outcomes().skipped["past_retention"], 1);
    let items = scene.stack.aws.items(AUDIT_TABLE).await.unwrap();
    assert_eq!(items.len(), 2);
    let expiry = (year_2100 / 1000 + 30 * 24 * 60 * 60).to_string();
    assert!(items.iter().all(|item| item["expires_at"]["N"] == expiry.as_str()), "{items:?}");
}

#[tokio::test]
async fn every_sample_event_has_the_expected_outcome() {
    let scene = Scene::start(FUNCTION, &[]).await.unwrap();
    for (name, done, duplicate, letters) in [
        ("updated", 1, 0, 0),
        ("sent-twice", 1, 1, 0),
        ("other-user", 2, 1, 0),
        ("conflict", 2, 1, 1),
        ("without-id", 2, 1, 2),
    ] {
        let answer = scene.host.invoke(sample(FUNCTION, name).unwrap().into()).await;
        assert!(matches!(answer, Invocation::Answered(_)), "{name}: {answer:?}");
        let outcomes = scene.outcomes();
        assert_eq!((outcomes.done, outcomes.duplicate), (done, duplicate), "after {name}");
        assert_eq!(scene.dead_letters().await.unwrap().len(), letters, "after {name}");
    }
}
