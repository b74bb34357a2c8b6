//! Failures of DynamoDB, SQS, SES and the registry: nothing is lost, no effect happens twice, the next delivery completes.

use std::collections::BTreeSet;

use end_to_end::{Scene, created_accounts};
use local_stack::{Action, Answer, Armed, Failpoint, Origin, RegistryMode, Target, When, event};
use serde_json::json;

use crate::{FUNCTION, an_account, answer, failure, in_one_partition, truncated};

fn always(scene: &Scene, operation: &'static str, action: Action) -> Armed {
    scene.stack.faults.arm(Failpoint::new("always", operation, When::Before, action))
}

#[tokio::test]
async fn without_sqs_a_bad_record_and_later_ones_are_reported() {
    let scene = Scene::start(FUNCTION, &[("PARTIAL_BATCH_RESPONSE", "true")]).await.unwrap();
    let fault = always(&scene, "SendMessageBatch", Action::Drop);
    let [first, last] = [0, 1].map(|number| created_accounts().unwrap().remove(number));
    let batch = in_one_partition([first, truncated(), last]);

    let reported = answer(scene.invoke(&batch).await);
    let topic_partition = "cdc.postgres.public.accounts-0";
    let item = |offset: i64| json!({"itemIdentifier": {"partition": topic_partition, "offset": offset}});
    assert_eq!(
        reported,
        json!({"batchItemFailures": [item(1), item(2)]}),
        "the bad record and every later one of its partition"
    );
    assert_eq!(scene.mails().await.unwrap().len(), 1);

    fault.disarm();
    let nothing = answer(scene.invoke(&batch).await);
    assert_eq!(nothing, json!({"batchItemFailures": []}));
    assert_eq!(scene.dead_letters().await.unwrap().len(), 1);
    assert_eq!(scene.mails().await.unwrap().len(), 2);
}

#[tokio::test]
async fn without_sqs_and_partial_responses_the_invocation_fails() {
    let scene = Scene::start(FUNCTION, &[("AWS_ENDPOINT_URL_SQS", "http://127.0.0.1:1")]).await.unwrap();
    let error = failure(scene.invoke(&[truncated()]).await);
    assert_eq!(error["errorType"], "UnfinishedRecords", "{error}");
    assert!(scene.dead_letters().await.unwrap().is_empty());
}

#[tokio::test]
async fn an_uncertain_record_stays_pending_until_its_dead_letter_is_stored() {
    let scene = Scene::start(FUNCTION, &[]).await.unwrap();
    let lost = scene.stack.faults.arm(Failpoint::new("answer lost", "SendEmail", When::After, Action::Drop).times(1));
    let queue = always(&scene, "SendMessageBatch", Action::Drop);
    failure(scene.invoke(&[an_account()]).await);
    failure(scene.invoke(&[an_account()]).await);
    assert_eq!(lost.hits(), 1);

    queue.disarm();
    answer(scene.invoke(&[an_account()]).await);
    let letters = scene.dead_letters().await.unwrap();
    assert_eq!((letters.len(), &letters[0]["error"]["uncertain"]), (1, &json!(true)));
    assert_eq!(scene.mails().await.unwrap().len(), 1);
    assert_eq!(scene.claims().await.unwrap(), ["parked"]);
}

#[tokio::test]
async fn short_throttling_by_ses_is_retried() {
    let scene = Scene::start(FUNCTION, &[]).await.unwrap();
    let throttled = Action::Answer(Answer::TOO_MANY_REQUESTS);
    scene.stack.faults.arm(Failpoint::new("burst", "SendEmail", When::Before, throttled).times(2));
    answer(scene.invoke(&[an_account()]).await);
    assert_eq!(scene.stack.faults.calls("SendEmail"), 3);
    assert_eq!(scene.mails().await.unwrap().len(), 1);
}

#[tokio::test]
async fn after_an_outage_of_ses_the_next_delivery_completes() {
    for (answered, code) in [(Answer::TOO_MANY_REQUESTS, "ses_throttled"), (Answer::UNAVAILABLE, "ses_unavailable")] {
        let scene = Scene::start(FUNCTION, &[]).await.unwrap();
        let fault = always(&scene, "SendEmail", Action::Answer(answered));
        let error = failure(scene.invoke(&[an_account()]).await);
        assert!(error["errorMessage"].to_string().contains(code), "{error}");
        assert!(fault.hits() > 1, "it was tried more than once");
        assert_eq!(scene.claims().await.unwrap(), ["free"], "nothing was sent, so the claim is free");

        fault.disarm();
        answer(scene.invoke(&[an_account()]).await);
        assert_eq!(scene.mails().await.unwrap().len(), 1);
        assert_eq!(scene.claims().await.unwrap(), ["done"]);
        assert!(scene.dead_letters().await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn after_throttling_of_the_claims_the_next_delivery_completes() {
    let scene = Scene::start(FUNCTION, &[]).await.unwrap();
    let fault = always(&scene, "PutItem", Action::Answer(Answer::THROTTLED));
    let error = failure(scene.invoke(&[an_account()]).await);
    assert!(error["errorMessage"].to_string().contains("claims_throttled"), "{error}");
    assert_eq!(scene.stack.faults.calls("SendEmail"), 0, "no mail without a claim");

    fault.disarm();
    answer(scene.invoke(&[an_account()]).await);
    assert_eq!(scene.mails().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_mail_that_cannot_be_recorded_is_not_repeated() {
    let scene = Scene::start(FUNCTION, &[]).await.unwrap();
    let fault = always(&scene, "UpdateItem", Action::Answer(Answer::THROTTLED));
    failure(scene.invoke(&[an_account()]).await);
    assert_eq!(scene.mails().await.unwrap().len(), 1);

    fault.disarm();
    answer(scene.invoke(&[an_account()]).await);
    assert_eq!(scene.mails().await.unwrap().len(), 1);
    assert_eq!(scene.dead_letters().await.unwrap().len(), 1);
    assert_eq!(scene.claims().await.unwrap(), ["parked"]);
}

#[tokio::test]
async fn lost_answers_of_the_claims_table_change_nothing() {
    for operation in ["PutItem", "UpdateItem"] {
        let scene = Scene::start(FUNCTION, &[]).await.unwrap();
        let lost = Failpoint::new("answer lost", operation, When::After, Action::Drop).times(1);
        let lost = scene.stack.faults.arm(lost);
        answer(scene.invoke(&[an_account()]).await);
        assert_eq!((lost.hits(), scene.mails().await.unwrap().len()), (1, 1), "{operation}");
        assert_eq!(scene.claims().await.unwrap(), ["done"], "{operation}");
        assert!(scene.dead_letters().await.unwrap().is_empty(), "{operation}");
    }
}

#[tokio::test]
async fn with_the_registry_down_records_of_new_schemas_stay_pending() {
    let scene = Scene::start(FUNCTION, &[]).await.unwrap();
    scene.stack.registry.set_mode(RegistryMode::Failing(500));
    let error = failure(scene.invoke(&[an_account()]).await);
    assert_eq!(error["errorType"], "UnfinishedRecords", "{error}");
    assert!(scene.dead_letters().await.unwrap().is_empty());

    scene.stack.registry.set_mode(RegistryMode::Serving);
    answer(scene.invoke(&[an_account()]).await);
    assert_eq!(scene.mails().await.unwrap().len(), 1);

    // A schema that was read once needs no registry.
    scene.stack.registry.set_mode(RegistryMode::Failing(500));
    let another = created_accounts().unwrap().remove(1);
    answer(scene.invoke(&[another]).await);
    assert_eq!(scene.mails().await.unwrap().len(), 2);
}

#[tokio::test]
async fn with_a_schema_snapshot_a_cold_start_needs_no_registry() {
    let snapshot = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/recorded/postgres-accounts/schemas.json");
    let scene = Scene::start(FUNCTION, &[("SCHEMA_SNAPSHOT", snapshot)]).await.unwrap();
    scene.stack.registry.set_mode(RegistryMode::Failing(500));
    answer(scene.invoke(&[an_account()]).await);
    assert_eq!((scene.mails().await.unwrap().len(), scene.stack.registry.requests()), (1, 0));
}

#[tokio::test]
async fn a_rejected_recipient_does_not_affect_other_mails() {
    let scene = Scene::start(FUNCTION, &[]).await.unwrap();
    let accounts = in_one_partition(created_accounts().unwrap().into_iter().take(3));
    let rejected = Action::Answer(Answer::MESSAGE_REJECTED);
    scene.stack.faults.arm(Failpoint::new("rejected", "SendEmail", When::Before, rejected).times(1));
    answer(scene.invoke(&accounts).await);
    let letters = scene.dead_letters().await.unwrap();
    assert_eq!((letters.len(), &letters[0]["error"]["uncertain"]), (1, &json!(false)));
    assert_eq!(letters[0]["offset"], 0);
    assert_eq!(scene.mails().await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_flood_of_dead_letters_stops_its_partition_until_drained() {
    // A deployment that looks for schema ids in the wrong place.
    let broken = ("SCHEMA_FRAME", "metadata");
    let scene = Scene::start(FUNCTION, &[broken]).await.unwrap();
    let batch = in_one_partition(vec![an_account(); 12]);
    let error = failure(scene.invoke(&batch).await);
    assert!(error["errorMessage"].to_string().contains("flood_guard: 2"), "{error}");
    assert_eq!(scene.dead_letters().await.unwrap().len(), 10);

    let drained = [broken, ("DRAIN_PARTITIONS", "cdc.postgres.public.accounts-0")];
    let drained = scene.another_host(&drained).await.unwrap();
    answer(drained.invoke(event(Origin::Msk, &batch)).await);
    let letters = scene.dead_letters().await.unwrap();
    let records: BTreeSet<_> = letters.iter().map(|letter| letter["id"].as_str()).collect();
    assert_eq!(records.len(), 12, "each record has its letter");
}
