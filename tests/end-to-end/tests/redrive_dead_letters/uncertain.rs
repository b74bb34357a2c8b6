//! Effects that may have happened need a person.

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
async fn taken_for_done_no_mail_goes_out_any_more() {
    let stage = one_uncertain_letter().await;
    let report = stage.resolve("done").await;
    assert_eq!(fates(&report), ["taken_for_done"], "{report}");
    assert_eq!((stage.letters().await.len(), claims(&stage).await), (0, vec!["done".to_owned()]));
    stage.deliver(&[an_account()]).await;
    assert_eq!((stage.mails().await, stage.invocations()), (1, 0));
}

#[tokio::test]
async fn decided_to_repeat_it_goes_out_once_more() {
    let stage = one_uncertain_letter().await;
    let report = stage.resolve("repeat").await;
    assert_eq!(fates(&report), ["finished"], "{report}");
    assert_eq!((stage.mails().await, claims(&stage).await), (2, vec!["done".to_owned()]));
    assert!(stage.letters().await.is_empty());
    stage.deliver(&[an_account()]).await;
    assert_eq!(stage.mails().await, 2);
}

/// The letter says that nothing had happened, and that was true. What the redriven try did, nobody knows.
#[tokio::test]
async fn a_redriven_mail_whose_answer_is_lost_is_never_repeated_by_the_next_redrive() {
    let stage = Stage::start(&[]).await;
    let rejected = Action::Answer(Answer::MESSAGE_REJECTED);
    stage.scene.stack.faults.arm(Failpoint::new("rejected", "SendEmail", When::Before, rejected).times(1));
    stage.deliver(&[an_account()]).await;

    stage.scene.stack.faults.arm(answer_lost());
    let report = stage.replay().await;
    assert_eq!((fates(&report), stage.mails().await), (vec!["failed_again"], 1), "{report}");
    assert_eq!(claims(&stage).await, ["parked"]);
    let letters = stage.letters().await;
    assert_eq!((letters.len(), &letters[0]["error"]["uncertain"]), (1, &false.into()), "no letter was parked anew");

    for _ in 0..2 {
        let report = stage.replay().await;
        assert_eq!((fates(&report), stage.mails().await), (vec!["needs_decision"], 1), "{report}");
    }
    let report = stage.resolve("done").await;
    assert_eq!((fates(&report), stage.mails().await), (vec!["taken_for_done"], 1), "{report}");
    assert_eq!(claims(&stage).await, ["done"]);
}

/// Killed while the redriven mail is under way, the function leaves a claim that is held; the mail may be out.
#[tokio::test]
async fn a_function_killed_over_a_redriven_mail_leaves_it_to_a_person() {
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

    // The next try waits for the lease to end, finds the claim abandoned, and parks it: nothing is sent.
    let report = stage.replay().await;
    assert_eq!((fates(&report), stage.mails().await), (vec!["failed_again"], 1), "{report}");
    let report = stage.replay().await;
    assert_eq!((fates(&report), stage.mails().await), (vec!["needs_decision"], 1), "{report}");
    let report = stage.resolve("repeat").await;
    assert_eq!((fates(&report), stage.mails().await), (vec!["finished"], 2), "{report}");
}
