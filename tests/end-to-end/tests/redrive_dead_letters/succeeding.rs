//! Each kind of letter has its effect when it is redriven, and a second redrive changes nothing.

use end_to_end::created_accounts;
use local_stack::{Action, Answer, EventRecord, Failpoint, When};
use serde_json::{Value, json};

use crate::stage::{Stage, an_account, claims, fates, without_a_schema};

async fn nothing_more_happens(stage: &Stage) {
    let (mails, invocations) = (stage.mails().await, stage.invocations());
    let again = stage.replay().await;
    assert!(fates(&again).is_empty(), "{again}");
    assert_eq!((stage.mails().await, stage.invocations()), (mails, invocations));
}

#[tokio::test]
async fn a_mail_that_ses_rejected_is_sent_once_ses_accepts_it() {
    let stage = Stage::start(&[]).await;
    let rejected = Action::Answer(Answer::MESSAGE_REJECTED);
    stage.scene.stack.faults.arm(Failpoint::new("rejected", "SendEmail", When::Before, rejected).times(1));
    stage.deliver(&[an_account()]).await;
    assert_eq!((stage.mails().await, claims(&stage).await), (0, vec!["parked".to_owned()]));

    let dry = stage.ask(json!({"action": "replay"})).await;
    assert_eq!((fates(&dry), stage.invocations()), (vec!["would_replay"], 0));

    let report = stage.replay().await;
    assert_eq!((fates(&report), &report["ending"]), (vec!["finished"], &json!("complete")), "{report}");
    assert_eq!((stage.mails().await, claims(&stage).await), (1, vec!["done".to_owned()]));
    assert!(stage.letters().await.is_empty());
    nothing_more_happens(&stage).await;

    stage.deliver(&[an_account()]).await;
    assert_eq!(stage.mails().await, 1, "another delivery is a duplicate");

    // What the two functions did is what they declare; the emulator does not know which of them asked.
    let variables = stage.scene.stack.environment();
    let declares = |function| end_to_end::declared(&end_to_end::manifest(function).unwrap(), &variables);
    let (redrive, taken) = (declares("redrive-dead-letters"), stage.scene.actions());
    let both: std::collections::BTreeSet<_> = redrive.union(&declares(crate::stage::WELCOME)).cloned().collect();
    assert!(taken.is_subset(&both), "{taken:?} and declared: {both:?}");
    for action in ["ReceiveMessage", "ChangeMessageVisibility", "DeleteMessage"] {
        assert!(taken.contains(action) && redrive.contains(action), "{action}: {taken:?} and declared: {redrive:?}");
    }
}

#[tokio::test]
async fn a_record_without_a_schema_is_decoded_once_it_is_registered() {
    let (stack, schema, id) = without_a_schema().await;
    let registry = stack.registry.url().to_owned();
    let stage = Stage::on(stack).await;
    let mut value = base64_simd::STANDARD.decode_to_vec(an_account().value.unwrap().unwrap()).unwrap();
    value[1..5].copy_from_slice(&id.to_be_bytes());
    let value = base64_simd::STANDARD.encode_to_string(value);
    // A record of 2020, because the function waits for the schema of a recent record.
    stage.deliver(&[EventRecord { value: Some(Some(value)), timestamp: 1_577_836_800_000, ..an_account() }]).await;
    let letters = stage.letters().await;
    assert_eq!(letters[0]["error"]["code"], "schema_not_found", "{letters:?}");

    let early = stage.replay().await;
    assert_eq!(fates(&early), ["failed_again"], "{early}");

    let subject = format!("{registry}/subjects/cdc.postgres.public.accounts-value/versions");
    let registered =
        reqwest::Client::builder().no_proxy().build().unwrap().post(subject).json(&json!({"schema": schema}));
    let registered: Value = registered.send().await.unwrap().error_for_status().unwrap().json().await.unwrap();
    assert_eq!(registered["id"], id);

    // A running function remembers for ten seconds that the schema is missing; a new process asks at once.
    stage.scene.host.kill().await;
    let filtered = json!({"action": "replay", "yes": true, "code": "schema_not_found"});
    let report = stage.ask(filtered).await;
    assert_eq!((fates(&report), &report["entries"][0]["attempts"]), (vec!["finished"], &json!(1)), "{report}");
    assert_eq!(stage.mails().await, 1);
    nothing_more_happens(&stage).await;
}

#[tokio::test]
async fn several_letters_are_sent_in_offset_order() {
    let stage = Stage::start(&[]).await;
    let rejected = Action::Answer(Answer::MESSAGE_REJECTED);
    let fault = stage.scene.stack.faults.arm(Failpoint::new("rejected", "SendEmail", When::Before, rejected));
    let accounts: Vec<_> = created_accounts().unwrap().into_iter().take(4).collect();
    let accounts: Vec<_> = (0..).zip(accounts).map(|(offset, it)| EventRecord { partition: 0, offset, ..it }).collect();
    stage.deliver(&accounts).await;
    assert_eq!(stage.letters().await.len(), 4);

    fault.disarm();
    let report = stage.replay().await;
    assert_eq!(fates(&report), ["finished"; 4], "{report}");
    let offsets: Vec<_> = report["entries"].as_array().unwrap().iter().map(|entry| entry["offset"].clone()).collect();
    assert_eq!(offsets, [0, 1, 2, 3]);
    let mails = stage.scene.mails().await.unwrap();
    assert_eq!(mails.len(), 4);
    nothing_more_happens(&stage).await;
}

/// The effect happened and the letter could not be removed: the next redrive finds a duplicate and removes the letter.
#[tokio::test]
async fn a_letter_that_could_not_be_removed_causes_no_second_mail() {
    let stage = Stage::start(&[]).await;
    let rejected = Action::Answer(Answer::MESSAGE_REJECTED);
    stage.scene.stack.faults.arm(Failpoint::new("rejected", "SendEmail", When::Before, rejected).times(1));
    stage.deliver(&[an_account()]).await;

    let down = Action::Answer(Answer::UNAVAILABLE);
    let down = stage.scene.stack.faults.arm(Failpoint::new("down", "DeleteMessageBatch", When::Before, down));
    let report = stage.replay().await;
    assert_eq!((fates(&report), stage.mails().await), (vec!["not_removed"], 1), "{report}");

    down.disarm();
    assert_eq!(fates(&stage.replay().await), ["finished"]);
    assert_eq!((stage.mails().await, stage.scene.outcomes().duplicate), (1, 1));
    nothing_more_happens(&stage).await;
}
