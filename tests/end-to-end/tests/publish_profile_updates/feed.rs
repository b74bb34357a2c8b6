//! Reading the feed: one run at a time, at the pace that the API allows, and past items that cannot be published.

use std::sync::Arc;
use std::time::Duration;

use demo::{ApiFault, PROFILE_CURSOR_TABLE, profile_change};
use local_stack::{Action, Failpoint, Invocation, Target, When};
use serde_json::{Value, json};

use crate::stage::{FUNCTION, PAGE, Stage, run};

fn failure(invocation: Invocation) -> Value {
    match invocation {
        Invocation::Failed(error) => serde_json::from_slice(&error).unwrap(),
        other => panic!("expected a failed run, got {other:?}"),
    }
}

#[tokio::test]
async fn a_feed_is_published_once_and_its_end_is_a_304() {
    let stage = Stage::with_changes(8).await;
    assert_eq!(stage.run().await, json!({"pages": 3, "published": 8, "parked": 0, "ended": "caught_up"}));
    assert_eq!(stage.run().await["published"], 0);
    assert_eq!(stage.run().await["published"], 0);
    let statuses: Vec<_> = stage.api.requests().iter().map(|request| request.status).collect();
    assert_eq!(statuses, [200, 200, 200, 200, 304]);

    stage.api.push(profile_change(9, "u-0", 9));
    assert_eq!(stage.run().await["published"], 1);
    let found = stage.assert_all_published(9).await;
    assert_eq!(found.len(), 9);
    let order: Vec<_> = found.iter().filter(|event| event.user == "u-1").collect();
    assert_eq!(order.len(), 3, "changes 1, 4 and 7 are of one user");
}

/// Changes that the token may not see leave an empty page in the middle, and the API has one ETag for its whole feed.
#[tokio::test]
async fn an_empty_page_in_the_middle_hides_no_later_page() {
    let mut changes: Vec<_> = (1..=9).map(|number| profile_change(number, "u-1", number)).collect();
    changes[..6].fill(Value::Null);
    let stage = Stage::set(changes, &[]).await;
    stage.api.version_all_pages("\"feed-1\"");
    assert_eq!(stage.run().await, json!({"pages": 1, "published": 3, "parked": 0, "ended": "caught_up"}));
    // The empty page at the end is read twice; the second time it is unchanged.
    assert_eq!(stage.run().await["published"], 0);
    assert_eq!(stage.run().await["published"], 0);
    let asked: Vec<_> = stage.api.requests().iter().map(|it| (it.if_none_match.is_some(), it.status)).collect();
    assert_eq!(asked, [(false, 200), (false, 200), (false, 200), (false, 200), (true, 304)]);

    // Three changes that the token may not see, and one that it may: the empty page is at the cursor whose ETag is known.
    (10..=12).for_each(|_| stage.api.push(Value::Null));
    stage.api.push(profile_change(13, "u-1", 13));
    stage.api.version_all_pages("\"feed-2\"");
    assert_eq!(stage.run().await["published"], 1);
    stage.assert_all_published(4).await;
}

#[tokio::test]
async fn items_too_large_or_from_the_future_are_dead_lettered() {
    let mut changes: Vec<_> = (1..=4).map(|number| profile_change(number, "u-1", number)).collect();
    // Two bytes per character: more than a record may hold.
    changes[1]["changes"] = json!([{"field": "biography", "after": "\u{e9}".repeat(530_000)}]);
    changes[2]["changed_at"] = json!("9999-12-31T23:59:59Z");
    let stage = Stage::set(changes, &[]).await;
    assert_eq!(stage.run().await, json!({"pages": 2, "published": 2, "parked": 2, "ended": "caught_up"}));
    stage.assert_all_published(2).await;
    let letters = stage.scene.dead_letters().await.unwrap();
    let mut codes: Vec<_> = letters.iter().map(|letter| letter["error"]["code"].as_str().unwrap()).collect();
    codes.sort_unstable();
    assert_eq!(codes, ["item_from_future", "kafka_record_too_large"]);
}

#[tokio::test]
async fn of_two_concurrent_runs_one_works() {
    let stage = Arc::new(Stage::with_changes(8).await);
    let rival = stage.scene.another_host(&[]).await.unwrap();
    let asked = stage.way.arm(Failpoint::new("asking", PAGE, When::Before, Action::Hold).times(1));
    let working = Arc::clone(&stage);
    let first = tokio::spawn(async move { working.run().await });
    asked.reached().await.unwrap();
    let second = run(&rival).await;
    assert_eq!((&second["ended"], &second["published"]), (&json!("another_run"), &json!(0)));
    asked.release();
    assert_eq!(first.await.unwrap()["ended"], "caught_up");
    assert_eq!(stage.assert_all_published(8).await.len(), 8);
}

#[tokio::test]
async fn a_run_that_lost_its_lease_sends_nothing_more() {
    let stage = Arc::new(Stage::with_changes(8).await);
    let rival = stage.scene.another_host(&[]).await.unwrap();
    // The first run is held before it moves the cursor past a page that it has sent, until its lease has expired.
    let moving = Failpoint::new("moving", "UpdateItem", When::Before, Action::Hold).containing("c-3").times(1);
    let held = stage.scene.stack.faults.arm(moving);
    let working = Arc::clone(&stage);
    let first = tokio::spawn(async move { working.run().await });
    held.reached().await.unwrap();
    let mut taken_over = run(&rival).await;
    // The second run may start while the lease is still held; then it waits for its end.
    if let Some(until) = taken_over["until_ms"].as_u64() {
        crate::stage::wait_until(until).await;
        taken_over = run(&rival).await;
    }
    assert_eq!(taken_over["ended"], "caught_up");
    held.release();
    assert_eq!(first.await.unwrap()["ended"], "lease_lost");
    let found = stage.assert_all_published(8).await;
    assert_eq!(found.len(), 8 + 3, "both runs sent the first page");
    assert_eq!(stage.item().await["cursor"]["S"], "c-8", "the cursor did not go back");
}

#[tokio::test]
async fn a_bad_item_is_dead_lettered_and_the_feed_goes_on() {
    let mut changes: Vec<_> = (1..=5).map(|number| profile_change(number, "u-1", number)).collect();
    changes[1]["revision"] = json!("row data that no log may show");
    changes[3]["user_id"] = json!("");
    let stage = Stage::set(changes, &[]).await;
    assert_eq!(stage.run().await, json!({"pages": 2, "published": 3, "parked": 2, "ended": "caught_up"}));
    stage.assert_all_published(3).await;
    let letters = stage.scene.dead_letters().await.unwrap();
    let mut codes: Vec<_> = letters.iter().map(|letter| letter["error"]["code"].as_str().unwrap()).collect();
    codes.sort_unstable();
    assert_eq!(codes, ["item_unreadable", "item_without_user"]);
    assert_ne!(letters[0]["id"], letters[1]["id"]);
    assert_eq!(letters[0]["given_up_by"]["function"], crate::stage::FUNCTION);
    assert!(letters.iter().all(|letter| letter["raw"]["item"].is_string()));
    assert!(!stage.scene.host.output().contains("row data"), "{}", stage.scene.host.output());

    // The run took the actions that the function declares, but for a letter that is too large for the queue.
    let declares =
        end_to_end::declared(&end_to_end::manifest(crate::stage::FUNCTION).unwrap(), &stage.scene.stack.environment());
    let taken = stage.scene.actions();
    assert_eq!(declares.difference(&taken).collect::<Vec<_>>(), ["PutObject"], "{taken:?}");
    assert!(taken.is_subset(&declares), "{taken:?} and declared: {declares:?}");
}

#[tokio::test]
async fn an_item_whose_dead_letter_cannot_be_stored_stops_the_feed() {
    let mut changes: Vec<_> = (1..=2).map(|number| profile_change(number, "u-1", number)).collect();
    changes[0]["id"] = json!("");
    let stage = Stage::set(changes, &[]).await;
    let down =
        Failpoint::new("queue down", "SendMessage", When::Before, Action::Answer(local_stack::Answer::UNAVAILABLE));
    let batch = Failpoint::new(
        "queue down",
        "SendMessageBatch",
        When::Before,
        Action::Answer(local_stack::Answer::UNAVAILABLE),
    );
    let armed = [stage.scene.stack.faults.arm(down), stage.scene.stack.faults.arm(batch)];
    let error = failure(stage.scene.host.invoke("{}".into()).await);
    assert!(error["errorType"].as_str().unwrap().starts_with("dead_letter"), "{error}");
    assert!(stage.published().await.is_empty() && stage.item().await.get("cursor").is_none());

    armed.iter().for_each(local_stack::Armed::disarm);
    assert_eq!(stage.run().await, json!({"pages": 1, "published": 1, "parked": 1, "ended": "caught_up"}));
}

#[tokio::test]
async fn the_api_is_not_called_before_its_retry_after() {
    let stage = Stage::with_changes(2).await;
    stage.api.fail_next([ApiFault::Busy("600".to_owned())]);
    let asked = stage.run().await;
    assert_eq!(asked["ended"], "asked_to_wait");
    assert_eq!(stage.run().await, asked, "no run calls the API until then");
    assert_eq!(stage.api.requests().len(), 1);
}

#[tokio::test]
async fn a_failing_api_is_retried_and_then_fails_the_run() {
    let stage = Stage::with_changes(2).await;
    stage.api.fail_next([ApiFault::Status(500), ApiFault::Status(502)]);
    assert_eq!(stage.run().await["published"], 2);
    stage.api.fail_next(vec![ApiFault::Status(500); 3]);
    let error = failure(stage.scene.host.invoke("{}".into()).await);
    assert_eq!(error["errorType"], "profile_api_failing", "{error}");
    assert_eq!(stage.run().await["ended"], "caught_up", "the lease is free");
}

#[tokio::test]
async fn each_unusable_answer_of_the_api_has_its_error_code() {
    let stage = Stage::with_changes(2).await;
    // Without the proxy, which follows redirects itself.
    let host = stage.scene.another_host(&[("PROFILE_API_URL", stage.api.url())]).await.unwrap();
    for (fault, code) in [
        (ApiFault::Garbage, "profile_api_unreadable"),
        (ApiFault::Redirect("http://127.0.0.1:9/".to_owned()), "profile_api_refused"),
        (ApiFault::Status(410), "profile_api_cursor_gone"),
        // The request had no ETag, so a 304 is not an answer to it.
        (ApiFault::Status(304), "profile_api_refused"),
        (ApiFault::Status(403), "profile_api_denied"),
    ] {
        stage.api.fail_next([fault]);
        assert_eq!(failure(host.invoke("{}".into()).await)["errorType"], code);
    }
    assert!(stage.published().await.is_empty());
    assert_eq!(stage.run().await["published"], 2);
}

/// The README's remedy for `profile_api_cursor_gone`.
#[tokio::test]
async fn after_deleting_the_cursor_the_feed_repeats_the_same_ids() {
    let stage = Stage::with_changes(4).await;
    assert_eq!(stage.run_until_caught_up().await, 4);
    stage.api.fail_next([ApiFault::Status(410)]);
    let gone = failure(stage.scene.host.invoke("{}".into()).await);
    assert_eq!(gone["errorType"], "profile_api_cursor_gone", "{gone}");

    let remedy = json!({
        "TableName": PROFILE_CURSOR_TABLE,
        "Key": {"pk": stage.item().await["pk"]},
        "UpdateExpression": "REMOVE #cursor, page_done",
        "ExpressionAttributeNames": {"#cursor": "cursor"},
    });
    stage.scene.stack.aws.call("DynamoDB_20120810.UpdateItem", &remedy).await.unwrap();
    assert_eq!(stage.run_until_caught_up().await, 4);
    assert_eq!(stage.assert_all_published(4).await.len(), 8);
}

#[tokio::test]
async fn a_registry_without_the_schema_version_stops_the_run() {
    let stage = Stage::set(vec![profile_change(1, "u-1", 1)], &[("PROFILE_SCHEMA_VERSION", "99")]).await;
    let error = failure(stage.scene.host.invoke("{}".into()).await);
    assert_eq!(error["errorType"], "version_not_found", "{error}");
    assert!(stage.published().await.is_empty() && stage.item().await.get("cursor").is_none());
}

#[tokio::test]
async fn every_missing_variable_is_named_at_once() {
    let required = ["PROFILE_CURSOR_TABLE", "PROFILE_API_URL", "SCHEMA_REGISTRY_URL", "KAFKA_BOOTSTRAP_SERVERS"]
        .map(|name| (name, ""));
    let stage = Stage::set(Vec::new(), &required).await;
    let error = stage.scene.host.init().await.unwrap_err().to_string();
    for (name, _) in required {
        assert!(error.contains(name), "{name} is not named: {error}");
    }
    assert!(error.contains("exit status: 78"), "{error}");
}

/// A page takes at most 12.2 s here. The invocation has five seconds more, which the first page uses up.
#[tokio::test]
async fn a_run_that_ends_at_its_deadline_is_continued_by_the_next() {
    let stage = Arc::new(Stage::with_changes(8).await);
    let short = Arc::new(stage.scene.host_within(Duration::from_millis(17_200), FUNCTION, &[]).await.unwrap());
    let moving = Failpoint::new("moving", "UpdateItem", When::Before, Action::Hold).containing("c-3").times(1);
    let held = stage.scene.stack.faults.arm(moving);
    let running = Arc::clone(&short);
    let first = tokio::spawn(async move { run(&running).await });
    held.reached().await.unwrap();
    // The invocation started earlier, so less time is left then than a page takes.
    crate::stage::wait_until(crate::stage::now() + 5_000).await;
    held.release();
    assert_eq!(first.await.unwrap(), json!({"pages": 1, "published": 3, "parked": 0, "ended": "out_of_time"}));
    assert_eq!(stage.item().await["cursor"]["S"], "c-3");
    assert_eq!(stage.published().await.len(), 3, "the run started nothing that could outlast the deadline");

    assert_eq!(stage.run().await, json!({"pages": 2, "published": 5, "parked": 0, "ended": "caught_up"}));
    assert_eq!(stage.assert_all_published(8).await.len(), 8, "nothing is sent twice");
}

#[tokio::test]
async fn an_invocation_too_short_for_a_page_takes_no_lease() {
    let stage = Stage::with_changes(1).await;
    let short = stage.scene.host_within(Duration::from_secs(5), FUNCTION, &[]).await.unwrap();
    let error = failure(short.invoke("{}".into()).await);
    assert_eq!(error["errorType"], "timeout_too_short", "{error}");
    assert!(stage.published().await.is_empty() && stage.item().await.get("token").is_none());
}

/// A run is frozen until its lease has expired, and resumes while another run works: it sends nothing, and does not free
/// the lease of the other run.
#[tokio::test]
async fn a_run_frozen_beyond_its_lease_leaves_the_other_run_alone() {
    let stage = Arc::new(Stage::with_changes(8).await);
    let rival = Arc::new(stage.scene.another_host(&[]).await.unwrap());
    let taken = Failpoint::new("lease taken", "UpdateItem", When::After, Action::Hold).times(1);
    let asleep = stage.scene.stack.faults.arm(taken);
    let working = Arc::clone(&stage);
    let first = tokio::spawn(async move { working.run().await });
    asleep.reached().await.unwrap();
    let item = stage.item().await;
    let until: u64 = item["lease_until"]["N"].as_str().unwrap().parse().unwrap();
    crate::stage::wait_until(until).await;

    let moving = Failpoint::new("moving", "UpdateItem", When::Before, Action::Hold).containing("c-3").times(1);
    let at_work = stage.scene.stack.faults.arm(moving);
    let working = Arc::clone(&rival);
    let second = tokio::spawn(async move { run(&working).await });
    at_work.reached().await.unwrap();
    let (before, sent) = (stage.item().await, stage.published().await.len());
    assert_ne!(before["token"], item["token"]);
    asleep.release();
    let woken = first.await.unwrap();
    assert_eq!((&woken["ended"], &woken["published"]), (&json!("lease_lost"), &json!(0)));
    assert_eq!((stage.item().await, stage.published().await.len()), (before, sent));

    at_work.release();
    assert_eq!(second.await.unwrap()["ended"], "caught_up");
    assert_eq!(stage.assert_all_published(8).await.len(), 8, "nothing is sent twice");
}
