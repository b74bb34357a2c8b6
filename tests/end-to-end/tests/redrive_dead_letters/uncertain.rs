//! Effects that may have happened need a person's decision.

use local_stack::{Action, Answer, Failpoint, When};

use crate::stage::{Stage, an_account, claims, fates};

fn answer_lost() -> Failpoint {
    Failpoint::new("answer lost", "SendEmail", When::After, Action::Drop).times(1)
}

async fn one_uncertain_letter() -> Stage {
    let stage = Stage::start(&[]).await;
    stage.scene.stack.faults.arm(answer_lost());
    stage.deliver(&[an_account()]).await;
    assert_eq!((stage.mails().await, claims(&stage).await), (1, vec!["parked".to_owned()]));
    let report = stage.replay().await;
    assert_eq!((fates(&report), &report["ending"]), (vec!["needs_decision"], &"undecided".into()), "{report}");
    assert_eq!((stage.invocations(), stage.letters().await.len()), (0, 1), "a replay leaves it alone");
    stage
}

#[tokio::test]
async fn the_decision_done_sends_no_mail() {
    let stage = one_uncertain_letter().await;
    let report = stage.resolve("done").await;
    assert_eq!(fates(&report), ["taken_for_done"], "{report}");
    assert_eq!((stage.letters().await.len(), claims(&stage).await), (0, vec!["done".to_owned()]));
    stage.deliver(&[an_account()]).await;
    assert_eq!((stage.mails().await, stage.invocations()), (1, 0));
}

#[tokio::test]
async fn the_decision_repeat_sends_the_mail_once_more() {
    let stage = one_uncertain_letter().await;
    let report = stage.resolve("repeat").await;
    assert_eq!(fates(&report), ["finished"], "{report}");
    assert_eq!((stage.mails().await, claims(&stage).await), (2, vec!["done".to_owned()]));
    assert!(stage.letters().await.is_empty());
    stage.deliver(&[an_account()]).await;
    assert_eq!(stage.mails().await, 2);
}

/// The letter says that the effect did not happen, and that was true. What the redrive did is unknown.
#[tokio::test]
async fn a_redriven_mail_with_a_lost_answer_is_not_repeated() {
    let stage = Stage::start(&[]).await;
    let rejected = Action::Answer(Answer::MESSAGE_REJECTED);
    stage.scene.stack.faults.arm(Failpoint::new("rejected", "SendEmail", When::Before, rejected).times(1));
    stage.deliver(&[an_account()]).await;

    stage.scene.stack.faults.arm(answer_lost());
    let report = stage.replay().await;
    assert_eq!((fates(&report), stage.mails().await), (vec!["failed_again"], 1), "{report}");
    assert_eq!(claims(&stage).await, ["parked"]);
    let letters = stage.letters().await;
    assert_eq!((letters.len(), &letters[0]["error"]["uncertain"]), (1, &false.into()), "no second letter was written");

    for _ in 0..2 {
        let report = stage.replay().await;
        assert_eq!((fates(&report), stage.mails().await), (vec!["needs_decision"], 1), "{report}");
    }
    let report = stage.resolve("done").await;
    assert_eq!((fates(&report), stage.mails().await), (vec!["taken_for_done"], 1), "{report}");
    assert_eq!(claims(&stage).await, ["done"]);
}

/// The function is killed while it sends the redriven mail. Its claim is still held, and the mail may have been sent.
#[tokio::test]
async fn a_function_killed_during_a_redriven_mail_needs_a_decision() {
    let stage = std::sync::Arc::new(Stage::start(&[]).await);
    let rejected = Action::Answer(Answer::MESSAGE_REJECTED);
    stage.scene.stack.faults.arm(Failpoint::new("rejected", "SendEmail", When::Before, rejected).times(1));
    stage.deliver(&[an_account()]).await;

    let held = Failpoint::new("mail accepted", "SendEmail", When::After, Action::Hold).times(1);
    let held = stage.scene.stack.faults.arm(held);
    let replaying = tokio::spawn({
        let stage = std::sync::Arc::clone(&stage);
        async move { stage.replay().await }
    });
    held.reached().await.unwrap();
    stage.scene.host.kill().await;
    let report = replaying.await.unwrap();
    assert_eq!((fates(&report), stage.mails().await), (vec!["failed_again"], 1), "{report}");

    // The next attempt waits for the lease to end, finds the claim abandoned, and parks it without sending.
    let report = stage.replay().await;
    assert_eq!((fates(&report), stage.mails().await), (vec!["failed_again"], 1), "{report}");
    let report = stage.replay().await;
    assert_eq!((fates(&report), stage.mails().await), (vec!["needs_decision"], 1), "{report}");
    let report = stage.resolve("repeat").await;
    assert_eq!((fates(&report), stage.mails().await), (vec!["finished"], 2), "{report}");
}
