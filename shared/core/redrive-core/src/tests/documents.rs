//! Documents of an on-failure destination: sent if they hold their records, explained if not.

use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::stage::{Stage, finished, letter, offset, outcomes, replay};
use crate::on_failure::OnFailureDocument;
use crate::ports::Invoked;
use crate::report::{RedriveOutcome, RunStatus};
use crate::request::{Action, Bucket, Request};

const S3: &str = include_str!("../../../../../events/samples/on-failure/s3.json");
const SQS: &str = include_str!("../../../../../events/samples/on-failure/sqs.json");
const TOO_LARGE: &str = include_str!("../../../../../events/samples/on-failure/sqs-self-managed-too-large.json");
const TOPIC: &str = include_str!("../../../../../events/samples/on-failure/kafka-topic.json");

fn from_bucket() -> Request {
    Request { on_failure: Some(Bucket { bucket: "failures".into(), prefix: "aws/lambda/".into() }), ..replay() }
}

fn put(stage: &Stage, key: &str, document: &str) {
    stage.objects.0.lock().unwrap().insert(format!("aws/lambda/{key}"), document.as_bytes().to_vec());
}

#[tokio::test(start_paused = true)]
async fn a_document_in_s3_is_sent_as_its_event_and_removed() {
    let stage = Stage::new(finished);
    put(&stage, "1", S3);
    let dry = stage.run(&Request { yes: false, ..from_bucket() }).await;
    assert_eq!((outcomes(&dry), stage.invoked().len()), (vec!["would_replay"], 0));

    let report = stage.run(&from_bucket()).await;
    assert_eq!((outcomes(&report), report.status), (vec!["finished"], RunStatus::Complete));
    let invocations = stage.functions.invocations.lock().unwrap();
    let (target, event) = &invocations[0];
    assert_eq!(target.function, "send-welcome-email");
    let document: Value = serde_json::from_str(S3).unwrap();
    let payload: Value = serde_json::from_str(document["payload"].as_str().unwrap()).unwrap();
    assert_eq!(*event, payload, "an ordinary delivery, without the mark of a redrive");
    assert!(stage.objects.0.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_failed_document_stays_and_later_ones_of_its_partition_wait() {
    let stage = Stage::new(|_| Ok(Invoked::Failed("no".into())));
    put(&stage, "1", S3);
    put(&stage, "2", S3);
    let report = stage.run(&from_bucket()).await;
    assert_eq!((outcomes(&report), report.status), (vec!["failed_again", "waits"], RunStatus::Remaining));
    assert_eq!(stage.objects.0.lock().unwrap().len(), 2);
}

/// Its records are sent without a mark, so the function cannot see that they are late.
#[tokio::test(start_paused = true)]
async fn a_document_older_than_14_days_is_refused_unless_accepted() {
    let document: Value = serde_json::from_str(S3).unwrap();
    for timestamp in [json!("2026-10-01T00:00:00Z"), json!("not a time")] {
        let stage = Stage::new(finished);
        let mut old = document.clone();
        old["timestamp"] = timestamp.clone();
        put(&stage, "1", &old.to_string());
        let report = stage.run(&from_bucket()).await;
        assert_eq!((outcomes(&report), report.status), (vec!["refused"], RunStatus::Remaining), "{timestamp}");
        assert!(
            matches!(&report.entries[0].outcome, RedriveOutcome::Refused { reason } if reason.contains("acceptOld")),
            "{timestamp}"
        );
        assert_eq!((stage.invoked().len(), stage.objects.0.lock().unwrap().len()), (0, 1), "{timestamp}");
        let accepted = stage.run(&Request { accept_old: true, ..from_bucket() }).await;
        assert_eq!(outcomes(&accepted), ["finished"], "{timestamp}");
    }
}

/// The report has what was sent before, and later objects are still tried.
#[tokio::test(start_paused = true)]
async fn an_unreadable_object_does_not_stop_the_run() {
    let stage = Stage::new(finished);
    for key in ["1", "2", "3"] {
        put(&stage, key, S3);
    }
    stage.objects.lose("aws/lambda/2");
    assert_eq!(outcomes(&stage.run(&from_bucket()).await), ["finished", "refused", "finished"]);
}

#[tokio::test(start_paused = true)]
async fn documents_in_the_request_are_sent() {
    let stage = Stage::new(finished);
    let documents = vec![RawValue::from_string(TOPIC.trim().to_owned()).unwrap()];
    assert_eq!(outcomes(&stage.run(&Request { documents, ..replay() }).await), ["finished"]);
    let document: Value = serde_json::from_str(TOPIC).unwrap();
    assert_eq!(stage.invoked(), [offset(&document["payload"])]);
}

#[tokio::test(start_paused = true)]
async fn a_document_without_records_gets_instructions() {
    let stage = Stage::new(|_| panic!("nothing is invoked"));
    stage.queue.put(SQS);
    stage.queue.put(TOO_LARGE);
    let report = stage.run(&replay()).await;
    assert_eq!((outcomes(&report), report.status), (vec!["told", "told"], RunStatus::Remaining));
    let advice = |has: &str| {
        let all = report.entries.iter().find_map(|entry| match &entry.outcome {
            RedriveOutcome::Told { advice } if advice.join("\n").contains(has) => Some(advice.join("\n")),
            _ => None,
        });
        all.unwrap_or_else(|| panic!("no instructions on {has}: {report:?}"))
    };
    let kept_failing = advice("partition 0, offsets 100 to 116");
    let document = OnFailureDocument::read(SQS.as_bytes()).unwrap();
    let (topic, _) = document.batch.partitions.keys().next().unwrap().rsplit_once('-').unwrap();
    for line in [
        &format!("topic {topic}, partition 1, offset 7"),
        &format!("--topic {topic} --partition 0 --offset 100 --max-messages 17"),
        "create-event-source-mapping --function-name send-welcome-email --event-source-arn arn:aws:kafka:",
        "--starting-position AT_TIMESTAMP --starting-position-timestamp 2026-11-12T00:38:05.990Z",
    ] {
        assert!(kept_failing.contains(line), "{line}\n{kept_failing}");
    }
    let too_large = advice("delivering it again will not help");
    assert!(too_large.contains("KAFKA_BOOTSTRAP_SERVERS") && too_large.contains("offset 55"), "{too_large}");
    assert_eq!(stage.queue.bodies().len(), 2, "the documents stay");
}

#[tokio::test(start_paused = true)]
async fn the_decision_done_removes_a_queued_document() {
    let stage = Stage::new(|_| panic!("nothing is invoked"));
    stage.queue.put(SQS);
    stage.put(&letter(1));
    let listed = stage.run(&Request::new(Action::List)).await;
    let id = listed.entries.iter().find(|entry| entry.code == "retries_exhausted").unwrap().id.clone();
    let decision = Some(event_runtime::Decision::Done);
    let request = Request { action: Action::Resolve, ids: vec![id], decision, by: Some("ada".into()), ..replay() };
    assert_eq!(outcomes(&stage.run(&request).await), ["taken_for_done"]);
    assert_eq!(stage.queue.bodies().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn another_object_in_the_bucket_is_refused_and_left_alone() {
    let stage = Stage::new(finished);
    put(&stage, "1", "{}");
    assert_eq!(outcomes(&stage.run(&from_bucket()).await), ["refused"]);
    assert_eq!(stage.objects.0.lock().unwrap().len(), 1);
}
