//! Order, attempts and stopping: runs over letters without a claim.

use std::time::Duration;

use event_runtime::{DeadLetter, Deadline, RawBytes};

use super::stage::{Silent, Stage, finished, keyed, letter, offset, outcomes, replay};
use crate::error::RedriveError;
use crate::ports::{ExpectedAnswer, Invoked, NotInvoked};
use crate::report::{RedriveOutcome, RunStatus};
use crate::request::{Action, Request};
use crate::stop::Stop;

#[tokio::test(start_paused = true)]
async fn letters_are_sent_in_offset_order_and_removed() {
    let stage = Stage::new(finished);
    for offset in [5, 3, 9, 4, 7, 6, 8] {
        stage.put(&letter(offset));
    }
    let report = stage.run(&replay()).await;
    assert_eq!(stage.invoked(), [3, 4, 5, 6, 7, 8, 9]);
    assert_eq!((report.status, report.counts["finished"]), (RunStatus::Complete, 7));
    assert!(stage.queue.bodies().is_empty());

    let again = stage.run(&replay()).await;
    assert!(again.entries.is_empty() && stage.invoked().len() == 7, "a second run finds nothing");
}

#[tokio::test(start_paused = true)]
async fn without_yes_nothing_happens() {
    let stage = Stage::new(|_| panic!("nothing is invoked"));
    stage.put(&letter(1));
    let report = stage.run(&Request { yes: false, ..replay() }).await;
    assert_eq!((outcomes(&report), report.dry_run, report.status), (vec!["would_replay"], true, RunStatus::Complete));
    assert_eq!(stage.queue.bodies().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_letter_that_fails_again_stays_with_its_attempt_counted() {
    let stage = Stage::new(|_| Ok(Invoked::Failed("UnfinishedRecords: still not".to_owned())));
    stage.put(&letter(1));
    for attempts in 1..=3 {
        let report = stage.run(&replay()).await;
        let error = "UnfinishedRecords: still not".to_owned();
        assert_eq!(report.entries[0].outcome, RedriveOutcome::FailedAgain { attempts, error });
        assert_eq!(report.status, RunStatus::Remaining);
        let bodies = stage.queue.bodies();
        assert_eq!(bodies.len(), 1, "one letter, not one for each attempt");
        assert_eq!(
            (&bodies[0]["id"], &bodies[0]["redriven"]["attempts"]),
            (&letter(1).id.as_str().into(), &attempts.into())
        );
    }
    let invocations = stage.functions.invocations.lock().unwrap();
    let attempts: Vec<_> = invocations.iter().map(|(_, event)| event["redrive"]["attempt"].as_u64().unwrap()).collect();
    assert_eq!(attempts, [1, 2, 3], "the mark has the number of the attempt");
}

#[tokio::test(start_paused = true)]
async fn an_attempt_without_an_invocation_is_not_counted() {
    let stage = Stage::new(|_| Err(NotInvoked::Throttled("contract".to_owned())));
    stage.put(&letter(1));
    let report = stage.run(&replay()).await;
    assert_eq!(outcomes(&report), ["not_invoked"]);
    assert_eq!(stage.queue.bodies()[0].get("redriven"), None);
}

#[tokio::test(start_paused = true)]
async fn a_letter_whose_attempt_cannot_be_counted_stays_as_it_was() {
    let stage = Stage::new(|_| Ok(Invoked::Failed("no".to_owned())));
    stage.put(&letter(1));
    let before = stage.queue.bodies();
    stage.store_down.store(true, std::sync::atomic::Ordering::SeqCst);
    let report = stage.run(&replay()).await;
    assert!(
        matches!(&report.entries[0].outcome, RedriveOutcome::FailedAgain { attempts: 0, error } if error.contains("counted"))
    );
    assert_eq!(stage.queue.bodies(), before);
}

#[tokio::test(start_paused = true)]
async fn several_messages_of_one_id_are_one_letter() {
    let stage = Stage::new(finished);
    let tried = event_runtime::Redriven { attempts: 4, last_at_ms: 1, last_error: "no".to_owned() };
    stage.put(&letter(1));
    stage.put(&DeadLetter { redriven: Some(tried), ..letter(1) });
    stage.put(&letter(1));
    let report = stage.run(&replay()).await;
    assert_eq!((report.entries.len(), report.entries[0].attempts), (1, 4));
    assert_eq!(stage.invoked(), [1], "sent once");
    assert!(stage.queue.bodies().is_empty(), "all of its messages are removed");
}

#[tokio::test(start_paused = true)]
async fn a_letter_is_uncertain_if_one_of_its_messages_is() {
    let stage = Stage::new(|_| panic!("nothing is invoked"));
    let mut uncertain = letter(1);
    uncertain.error.uncertain = true;
    stage.put(&uncertain);
    stage.put(&letter(1));
    assert_eq!(outcomes(&stage.run(&replay()).await), ["needs_decision"]);
}

#[tokio::test(start_paused = true)]
async fn later_letters_of_the_same_key_wait_for_one_that_stays() {
    let stage = Stage::new(|event| match offset(event) {
        2 => Ok(Invoked::Failed("no".to_owned())),
        _ => Ok(Invoked::Finished),
    });
    // Each record has another schema and frame, but the same key.
    for (offset, key) in [(1, "a"), (2, "a"), (3, "b"), (4, "a"), (5, "b")] {
        stage.put(&keyed(offset, key));
    }
    let mut other_partition = keyed(6, "a");
    other_partition.place.topic_partition = "orders-1".to_owned();
    stage.put(&other_partition);

    let report = stage.run(&replay()).await;
    assert_eq!(stage.invoked(), [1, 2, 3, 5, 6]);
    let behind = keyed(2, "a").id.to_string();
    assert_eq!(report.entries[3].outcome, RedriveOutcome::Waits { behind });
    assert_eq!(stage.queue.bodies().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn letters_without_a_key_wait_for_each_other() {
    let stage = Stage::new(|_| Ok(Invoked::Failed("no".to_owned())));
    let keyless = |offset| {
        let mut letter = letter(offset);
        letter.raw.key = None;
        letter
    };
    stage.put(&keyless(1));
    stage.put(&keyless(2));
    assert_eq!(outcomes(&stage.run(&replay()).await), ["failed_again", "waits"]);
}

#[tokio::test(start_paused = true)]
async fn failures_in_a_row_stop_the_run_and_a_success_resets_the_count() {
    let stage = Stage::new(|event| match offset(event) {
        3 => Ok(Invoked::Finished),
        _ => Ok(Invoked::Failed("no".to_owned())),
    });
    for offset in 1..10 {
        stage.put(&letter(offset));
    }
    let report = stage.run(&Request { stop_after: 3, ..replay() }).await;
    assert_eq!(stage.invoked(), [1, 2, 3, 4, 5, 6]);
    assert_eq!((report.status, report.counts["not_reached"]), (RunStatus::Stopped, 3));
    assert_eq!(report.status.exit_code(), 4);
    assert_eq!(stage.queue.bodies().len(), 8);
}

#[tokio::test(start_paused = true)]
async fn an_item_needs_an_answer_that_names_it_and_waits_for_no_letter() {
    let stage = Stage::new(|event| match event.get("item") {
        Some(_) => Ok(Invoked::Finished),
        None => Ok(Invoked::Failed("no".to_owned())),
    });
    let mut keyless = letter(1);
    keyless.raw = RawBytes::default();
    let mut item = letter(2);
    item.place.offset = None;
    item.raw = RawBytes { item: Some("e30=".to_owned()), ..RawBytes::default() };
    stage.put(&keyless);
    stage.put(&item);
    assert_eq!(outcomes(&stage.run(&replay()).await), ["failed_again", "finished"]);
    let invocations = stage.functions.invocations.lock().unwrap();
    let expected: Vec<_> = invocations.iter().map(|(target, _)| target.expected.clone()).collect();
    assert_eq!(expected, [keyless.id, item.id].map(|id| ExpectedAnswer::Finished(id.uncertain().to_string())));
}

#[tokio::test(start_paused = true)]
async fn the_rate_is_kept() {
    let stage = Stage::new(finished);
    for offset in 0..11 {
        stage.put(&letter(offset));
    }
    let started = tokio::time::Instant::now();
    stage.run(&Request { rate_per_second: 5, ..replay() }).await;
    assert_eq!(started.elapsed(), Duration::from_secs(2), "the first at once, ten more 200 ms apart");
}

#[tokio::test(start_paused = true)]
async fn a_stopped_run_finishes_the_letter_in_progress_and_shows_the_rest() {
    let stop = Stop::default();
    let stopping = stop.clone();
    let stage = Stage::new(move |event| {
        if offset(event) == 2 {
            stopping.request();
        }
        Ok(Invoked::Finished)
    });
    for offset in 1..6 {
        stage.put(&letter(offset));
    }
    let report = stage.redrive.clone().stopped_by(stop).run(&replay(), &Silent).await.unwrap();
    assert_eq!(stage.invoked(), [1, 2]);
    assert_eq!((report.status, report.status.exit_code()), (RunStatus::Interrupted, 130));
    assert_eq!((stage.queue.bodies().len(), stage.queue.hidden()), (3, 0));
}

#[tokio::test(start_paused = true)]
async fn nothing_starts_that_could_outlast_the_deadline() {
    let stage = Stage::new(finished);
    stage.put(&letter(1));
    let short = stage.redrive.clone().until(Deadline::within(Duration::from_secs(69)));
    let report = short.run(&replay(), &Silent).await.unwrap();
    assert_eq!((report.status, stage.invoked().len()), (RunStatus::OutOfTime, 0));
    let long = stage.redrive.clone().until(Deadline::within(Duration::from_secs(71)));
    assert_eq!(long.run(&replay(), &Silent).await.unwrap().status, RunStatus::Complete);
}

#[tokio::test(start_paused = true)]
async fn each_filter_selects_its_letters() {
    let stage = Stage::new(finished);
    let mut other = letter(2);
    other.error.code = "schema_not_found".to_owned();
    other.place.topic = "payments".to_owned();
    other.given_up_by.function = "audit".to_owned();
    other.given_up_by.at_ms += 60_000;
    stage.put(&letter(1));
    stage.put(&other);
    let at = |more| jiff::Timestamp::from_millisecond(i64::try_from(letter(1).given_up_by.at_ms).unwrap() + more).ok();
    let list = || Request::new(Action::List);
    for (request, offset) in [
        (Request { code: Some("schema_not_found".to_owned()), ..list() }, 2),
        (Request { topic: Some("orders".to_owned()), ..list() }, 1),
        (Request { function: Some("audit".to_owned()), ..list() }, 2),
        (Request { since: at(1), ..list() }, 2),
        (Request { until: at(1), ..list() }, 1),
        (Request { ids: vec![letter(1).id.as_str()[..8].to_owned()], ..list() }, 1),
    ] {
        let report = stage.run(&request).await;
        let offsets: Vec<_> = report.entries.iter().map(|entry| entry.offset).collect();
        assert_eq!(offsets, [Some(offset)], "{request:?}");
    }
    assert_eq!(stage.run(&Request { limit: Some(1), ..replay() }).await.entries.len(), 1);
    assert_eq!(stage.queue.bodies().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_id_must_be_the_start_of_exactly_one_letter() {
    let stage = Stage::new(finished);
    for offset in 0..40 {
        stage.put(&letter(offset));
    }
    let run = async |id: &str| stage.redrive.run(&Request { ids: vec![id.to_owned()], ..replay() }, &Silent).await;
    assert!(matches!(run("no such").await, Err(RedriveError::Unknown(_))));
    let id = letter(0).id;
    let first = &id.as_str()[..1];
    let same = (0..40).filter(|offset| letter(*offset).id.as_str().starts_with(first)).count();
    assert!(same > 1, "forty ids and sixteen first digits");
    assert!(matches!(run(first).await, Err(RedriveError::Ambiguous { count, .. }) if count == same));
    assert_eq!(stage.queue.hidden(), 0);
    assert!(stage.invoked().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_foreign_message_is_reported_and_left_alone() {
    let stage = Stage::new(finished);
    stage.queue.put("secret text");
    stage.queue.put(r#"{"secret": 1}"#);
    stage.put(&letter(1));
    let report = stage.run(&replay()).await;
    assert_eq!((report.foreign.len(), stage.queue.bodies().len()), (2, 2));
    assert!(report.foreign.iter().all(|foreign| !foreign.reason.contains("secret")));
}

/// After a rollback: a field of a newer version may have another meaning, even if this version could read it.
#[tokio::test(start_paused = true)]
async fn a_letter_of_a_newer_version_is_reported_and_left_alone() {
    let stage = Stage::new(finished);
    let mut newer = serde_json::to_value(letter(1)).unwrap();
    newer["version"] = 2.into();
    stage.queue.put(newer.to_string());
    stage.put(&letter(2));
    let report = stage.run(&replay()).await;
    assert_eq!((outcomes(&report), stage.invoked()), (vec!["finished"], vec![2]));
    assert_eq!(stage.queue.bodies(), [newer]);
    assert!(report.foreign[0].reason.contains("newer version (format 2"), "{}", report.foreign[0].reason);
}

#[tokio::test(start_paused = true)]
async fn raw_bytes_are_reported_only_on_request() {
    let stage = Stage::new(finished);
    stage.put(&letter(1));
    let raw = letter(1).raw.key.unwrap();
    for raw_bytes in [false, true] {
        let report = stage.run(&Request { raw: raw_bytes, ..Request::new(Action::Show) }).await;
        assert_eq!(serde_json::to_string(&report).unwrap().contains(&raw), raw_bytes);
    }
}
