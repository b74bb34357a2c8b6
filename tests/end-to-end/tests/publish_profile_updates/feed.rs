//! How the feed is read: once, politely, by one run at a time, and past what cannot be published.

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
async fn a_feed_is_published_once_and_its_end_costs_the_api_a_304() {
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

/// What the token may not see leaves an empty page in the middle, and the API versions its feed, not its pages.
#[tokio::test]
async fn an_empty_page_with_more_behind_it_hides_nothing_whatever_its_etag() {
    let mut changes: Vec<_> = (1..=9).map(|number| profile_change(number, "u-1", number)).collect();
    changes[..6].fill(Value::Null);
    let stage = Stage::set(changes, &[]).await;
    stage.api.version_all_pages("\"feed-1\"");
    assert_eq!(stage.run().await, json!({"pages": 1, "published": 3, "parked": 0, "ended": "caught_up"}));
    // An empty page at the end, twice: the second time it is as it was.
    assert_eq!(stage.run().await["published"], 0);
    assert_eq!(stage.run().await["published"], 0);
    let asked: Vec<_> = stage.api.requests().iter().map(|it| (it.if_none_match.is_some(), it.status)).collect();
    assert_eq!(asked, [(false, 200), (false, 200), (false, 200), (false, 200), (true, 304)]);

    // Three that nobody may see, and one: the empty page is at the cursor whose version we know.
    (10..=12).for_each(|_| stage.api.push(Value::Null));
    stage.api.push(profile_change(13, "u-1", 13));
    stage.api.version_all_pages("\"feed-2\"");
    assert_eq!(stage.run().await["published"], 1);
    stage.assert_all_published(4).await;
}

#[tokio::test]
async fn an_item_that_is_too_large_and_one_from_the_future_are_parked_between_others_that_are_published() {
    let mut changes: Vec<_> = (1..=4).map(|number| profile_change(number, "u-1", number)).collect();
    // Two bytes each: more than a record may have.
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
async fn of_two_runs_at_once_one_works() {
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
async fn a_run_that_lost_its_lease_sends_nothing_more_and_moves_nothing() {
    let stage = Arc::new(Stage::with_changes(8).await);
    let rival = stage.scene.another_host(&[]).await.unwrap();
    // The first run is about to move on from a page it has sent, and stays there until its lease is over.
    let moving = Failpoint::new("moving", "UpdateItem", When::Before, Action::Hold).containing("c-3").times(1);
    let held = stage.scene.stack.faults.arm(moving);
    let working = Arc::clone(&stage);
    let first = tokio::spawn(async move { working.run().await });
    held.reached().await.unwrap();
    let mut taken_over = run(&rival).await;
    // On a slow machine the lease may be over before the rival has started.
    if let Some(until) = taken_over["until_ms"].as_u64() {
        crate::stage::wait_until(until).await;
        taken_over = run(&rival).await;
    }
    assert_eq!(taken_over["ended"], "caught_up");
    held.release();
    assert_eq!(first.await.unwrap()["ended"], "lease_lost");
    let found = stage.assert_all_published(8).await;
    assert_eq!(found.len(), 8 + 3, "the page of the first run, once by each");
    assert_eq!(stage.item().await["cursor"]["S"], "c-8", "and the cursor did not go back");
}

#[tokio::test]
async fn a_bad_item_is_parked_and_the_feed_goes_on() {
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
}

#[tokio::test]
async fn an_item_whose_dead_letter_cannot_be_stored_is_not_passed() {
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
async fn the_api_is_left_alone_for_as_long_as_it_asks() {
    let stage = Stage::with_changes(2).await;
    stage.api.fail_next([ApiFault::Busy("600".to_owned())]);
    let asked = stage.run().await;
    assert_eq!(asked["ended"], "asked_to_wait");
    assert_eq!(stage.run().await, asked, "until then nobody asks");
    assert_eq!(stage.api.requests().len(), 1);
}

#[tokio::test]
async fn a_failing_api_is_asked_again_and_then_fails_the_run_without_keeping_the_lease() {
    let stage = Stage::with_changes(2).await;
    stage.api.fail_next([ApiFault::Status(500), ApiFault::Status(502)]);
    assert_eq!(stage.run().await["published"], 2);
    stage.api.fail_next(vec![ApiFault::Status(500); 3]);
    let error = failure(stage.scene.host.invoke("{}".into()).await);
    assert_eq!(error["errorType"], "profile_api_failing", "{error}");
    assert_eq!(stage.run().await["ended"], "caught_up", "the lease is free");
}

#[tokio::test]
async fn an_answer_that_is_no_page_a_redirect_and_a_refused_token_fail_the_run_by_name() {
    let stage = Stage::with_changes(2).await;
    // Not by way of the proxy, which follows redirects itself.
    let host = stage.scene.another_host(&[("PROFILE_API_URL", stage.api.url())]).await.unwrap();
    for (fault, code) in [
        (ApiFault::Garbage, "profile_api_unreadable"),
        (ApiFault::Redirect("http://127.0.0.1:9/".to_owned()), "profile_api_refused"),
        (ApiFault::Status(410), "profile_api_cursor_gone"),
        // Nobody said what we know already.
        (ApiFault::Status(304), "profile_api_refused"),
        (ApiFault::Status(403), "profile_api_denied"),
    ] {
        stage.api.fail_next([fault]);
        assert_eq!(failure(host.invoke("{}".into()).await)["errorType"], code);
    }
    assert!(stage.published().await.is_empty());
    assert_eq!(stage.run().await["published"], 2);
}

/// What the README says to do about `profile_api_cursor_gone`.
#[tokio::test]
async fn a_cursor_that_the_api_no_longer_knows_is_deleted_and_the_feed_is_published_again_under_the_same_ids() {
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
async fn a_registry_without_the_schema_stops_the_run_before_anything_is_sent() {
    let stage = Stage::set(vec![profile_change(1, "u-1", 1)], &[("PROFILE_SCHEMA_VERSION", "99")]).await;
    let error = failure(stage.scene.host.invoke("{}".into()).await);
    assert_eq!(error["errorType"], "version_not_found", "{error}");
    assert!(stage.published().await.is_empty() && stage.item().await.get("cursor").is_none());
}

#[tokio::test]
async fn every_missing_variable_is_named_at_once() {
    let required =
        ["PROFILE_CURSOR_TABLE", "PROFILE_API_URL", "SCHEMA_REGISTRY_URL", "RECORDED_LOG"].map(|name| (name, ""));
    let stage = Stage::set(Vec::new(), &required).await;
    let error = stage.scene.host.init().await.unwrap_err().to_string();
    for (name, _) in required {
        assert!(error.contains(name), "{name} is not named: {error}");
    }
    assert!(error.contains("exit status: 78"), "{error}");
}

/// A page takes 9.2 s at most here. The invocation has five more, which the first page uses up.
#[tokio::test]
async fn a_run_that_the_deadline_ends_has_accounted_for_what_is_acknowledged_and_the_next_brings_the_rest() {
    let stage = Arc::new(Stage::with_changes(8).await);
    let short = Arc::new(stage.scene.host_within(Duration::from_millis(14_200), FUNCTION, &[]).await.unwrap());
    let moving = Failpoint::new("moving", "UpdateItem", When::Before, Action::Hold).containing("c-3").times(1);
    let held = stage.scene.stack.faults.arm(moving);
    let running = Arc::clone(&short);
    let first = tokio::spawn(async move { run(&running).await });
    held.reached().await.unwrap();
    // The invocation has begun before now, so less than a page's time is left then.
    crate::stage::wait_until(crate::stage::now() + 5_000).await;
    held.release();
    assert_eq!(first.await.unwrap(), json!({"pages": 1, "published": 3, "parked": 0, "ended": "out_of_time"}));
    assert_eq!(stage.item().await["cursor"]["S"], "c-3");
    assert_eq!(stage.published().await.len(), 3, "nothing was begun that may not have ended in time");

    assert_eq!(stage.run().await, json!({"pages": 2, "published": 5, "parked": 0, "ended": "caught_up"}));
    assert_eq!(stage.assert_all_published(8).await.len(), 8, "and nothing twice");
}

#[tokio::test]
async fn an_invocation_without_time_for_a_page_says_so_before_it_takes_the_lease() {
    let stage = Stage::with_changes(1).await;
    let short = stage.scene.host_within(Duration::from_secs(5), FUNCTION, &[]).await.unwrap();
    let error = failure(short.invoke("{}".into()).await);
    assert_eq!(error["errorType"], "timeout_too_short", "{error}");
    assert!(stage.published().await.is_empty() && stage.item().await.get("token").is_none());
}

/// Frozen until its lease is over, a run wakes up while another is at work: it sends nothing, and its own end does not
/// let a third one in.
#[tokio::test]
async fn a_run_that_wakes_up_after_its_lease_neither_sends_nor_frees_the_lease_of_the_other() {
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
    assert_eq!(stage.assert_all_published(8).await.len(), 8, "nothing twice");
}
