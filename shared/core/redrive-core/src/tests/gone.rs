//! Messages that are gone during a run, and a queue that fails during a run.

use std::sync::atomic::Ordering;

use super::stage::{Silent, Stage, finished, keyed, letter, offset, outcomes, replay};
use crate::report::RunStatus;
use crate::request::{Action, Request};

#[tokio::test(start_paused = true)]
async fn a_letter_whose_messages_are_gone_is_not_sent_and_the_run_goes_on() {
    let queue = std::sync::Arc::new(std::sync::OnceLock::<std::sync::Arc<super::stage::MemoryQueue>>::new());
    let lose = queue.clone();
    let stage = Stage::new(move |event| {
        if offset(event) == 1 {
            lose.get().unwrap().lose(r#""offset":2"#);
        }
        finished(event)
    });
    queue.set(stage.queue.clone()).ok().unwrap();
    for offset in 1..=3 {
        stage.put(&letter(offset));
    }
    let report = stage.run(&replay()).await;
    assert_eq!((outcomes(&report), report.gone), (vec!["finished", "gone", "finished"], 1));
    assert_eq!((stage.invoked(), report.status), (vec![1, 3], RunStatus::Complete));
}

#[tokio::test(start_paused = true)]
async fn a_letter_with_one_message_left_is_sent() {
    let stage = Stage::new(finished);
    let mut counted = letter(1);
    counted.redriven =
        Some(event_runtime::Redriven { attempts: 1, last_at_ms: 0, last_error: "the second message".to_owned() });
    stage.put(&letter(1));
    stage.put(&counted);
    stage.queue.lose_when_hidden("the second message");
    let report = stage.run(&replay()).await;
    assert_eq!((outcomes(&report), report.gone, stage.invoked()), (vec!["finished"], 1, vec![1]));
}

#[tokio::test(start_paused = true)]
async fn later_letters_wait_for_one_that_another_run_may_be_sending() {
    let stage = Stage::new(finished);
    stage.put(&keyed(1, "a"));
    stage.put(&keyed(2, "a"));
    stage.queue.lose_when_hidden(r#""offset":1"#);
    let report = stage.run(&replay()).await;
    assert_eq!((outcomes(&report), report.status), (vec!["gone", "waits"], RunStatus::Remaining));
    assert_eq!(outcomes(&stage.run(&replay()).await), ["finished"]);
}

#[tokio::test(start_paused = true)]
async fn a_decision_about_a_letter_that_is_gone_changes_nothing() {
    let stage = Stage::new(|_| panic!("nothing is invoked"));
    stage.put(&letter(1));
    stage.queue.lose_when_hidden(r#""offset":1"#);
    let decision = Some(event_runtime::Decision::Done);
    let ids = vec![letter(1).id.to_string()];
    let request = Request { action: Action::Resolve, ids, decision, by: Some("ada".to_owned()), ..replay() };
    assert_eq!(outcomes(&stage.run(&request).await), ["gone"]);
}

/// The report has the letters that were sent before the failure; the others are unchanged.
#[tokio::test(start_paused = true)]
async fn a_queue_that_fails_during_a_run_still_gives_a_report() {
    let stage = Stage::new(finished);
    for offset in 1..=3 {
        stage.put(&letter(offset));
    }
    stage.queue.hides_left.store(2, Ordering::SeqCst);
    let report = stage.redrive.run(&replay(), &Silent).await.unwrap();
    assert_eq!(outcomes(&report), ["finished", "finished", "not_invoked"]);
    assert_eq!((stage.invoked(), report.status), (vec![1, 2], RunStatus::Remaining));
}
