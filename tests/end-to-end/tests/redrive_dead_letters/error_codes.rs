//! The remedies in the tables of error codes, carried out with the command until the queue is empty.

use std::collections::BTreeMap;

use demo::CLAIMS_TABLE;
use end_to_end::{Scene, created_accounts, recorded};
use local_stack::{Action, Answer, EventRecord, Failpoint, Invocation, Origin, Target, When, event};
use recordings::encode_framed;
use serde_json::json;

use crate::command::redrive;
use crate::stage::{Dialect, Stage, WELCOME, an_account, claims};

/// A schema id that the registry does not have.
const LOST_SCHEMA: u32 = 2_000_000_002;
/// SES's answer for the first account's address while the AWS account is in the sandbox.
const UNVERIFIED: Answer = Answer::error(
    400,
    "MessageRejected",
    "Email address is not verified. The following identities failed the check in region EU-CENTRAL-1: \
     lubo.istwell25@example.org",
);

fn unverified() -> Failpoint {
    Failpoint::new("unverified", "SendEmail", When::Before, Action::Answer(UNVERIFIED)).containing("lubo.istwell25")
}

/// The schema id of a record's value, and the value.
fn framed(record: &EventRecord) -> (u32, Vec<u8>) {
    let value = base64_simd::STANDARD.decode_to_vec(record.value.clone().unwrap().unwrap()).unwrap();
    (u32::from_be_bytes(value[1..5].try_into().unwrap()), value)
}

fn with_value(record: &EventRecord, value: &[u8]) -> EventRecord {
    EventRecord { value: Some(Some(base64_simd::STANDARD.encode_to_string(value))), ..record.clone() }
}

/// The row of the account, but without an address.
fn without_address(account: &EventRecord) -> EventRecord {
    let recording = recorded().unwrap();
    let at = |record: &&recordings::Record| (record.partition, record.offset) == (account.partition, account.offset);
    let mut value = recording.records.iter().find(at).unwrap().expected().value.clone();
    value["after"]["email"] = json!("");
    let schema = framed(account).0;
    with_value(account, &encode_framed(schema, &recording.schemas[&schema].schema, &value).unwrap())
}

/// The record with a schema id that the registry does not have. It is of 2020, because the function waits for the schema of
/// a recent record.
fn of_a_lost_schema(account: &EventRecord) -> EventRecord {
    let mut value = framed(account).1;
    value[1..5].copy_from_slice(&LOST_SCHEMA.to_be_bytes());
    EventRecord { timestamp: 1_577_836_800_000, ..with_value(account, &value) }
}

/// The ids of the letters, by code.
async fn letters(stage: &Stage) -> BTreeMap<String, String> {
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    stage.letters().await.iter().map(|letter| (text(&letter["error"]["code"]), text(&letter["id"]))).collect()
}

#[tokio::test]
async fn four_error_codes_are_handled_as_their_tables_say() {
    let accounts: Vec<_> = created_accounts().unwrap().into_iter().take(4).collect();
    // The deployment that gets the redriven records has the missing schema in its snapshot.
    let schema = &recorded().unwrap().schemas[&framed(&accounts[1]).0];
    let snapshot = json!({LOST_SCHEMA.to_string(): {
        "subject": schema.subject, "version": schema.version, "schema": schema.schema, "references": [],
    }});
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("schemas.json");
    std::fs::write(&file, snapshot.to_string()).unwrap();
    let scene = Scene::start(WELCOME, &[("SCHEMA_SNAPSHOT", file.to_str().unwrap())]).await.unwrap();
    let before = scene.another_host(&[]).await.unwrap();
    let stage = Stage::of(scene, Dialect::Aws).await;

    let sandbox = stage.scene.stack.faults.arm(unverified());
    let records = [
        accounts[0].clone(),
        of_a_lost_schema(&accounts[1]),
        with_value(&accounts[2], &[0, 0, 1]),
        without_address(&accounts[3]),
    ];
    let answered = before.invoke(event(Origin::Msk, &records)).await;
    assert!(matches!(answered, Invocation::Answered(_)), "{answered:?}: {}", before.output());
    let by_code = letters(&stage).await;
    let codes: Vec<_> = by_code.keys().map(String::as_str).collect();
    assert_eq!(codes, ["frame_truncated", "recipient_missing", "recipient_unverified", "schema_not_found"]);

    let (code, text) = redrive(&stage, &["replay", "--code", "schema_not_found", "--yes"]).await;
    assert_eq!((code, stage.mails().await), (0, 1), "read with the schema of the snapshot: {text}");

    sandbox.disarm();
    let (code, text) = redrive(&stage, &["replay", "--code", "recipient_unverified", "--yes"]).await;
    assert_eq!((code, stage.mails().await), (0, 2), "verified: {text}");

    for kind in ["frame_truncated", "recipient_missing"] {
        let (code, text) = redrive(&stage, &["replay", "--code", kind, "--yes"]).await;
        assert!(code == 1 && text.contains("failed again"), "the record is still bad: {code}: {text}");
        let id = &by_code[kind][..12];
        // The letter has no claim, so the claims table is not used.
        let no_claims = ["resolve", id, "--done", "--yes", "--by", "ada", "--claims-table", "no-such-table"];
        let (code, text) = redrive(&stage, &no_claims).await;
        assert_eq!(code, 0, "{kind}: {text}");
    }
    assert!(letters(&stage).await.is_empty());
    assert_eq!((stage.mails().await, claims(&stage).await), (2, vec!["done".to_owned(), "done".to_owned()]));
}

#[tokio::test]
async fn ending_a_letter_closes_its_claim_and_prevents_the_effect() {
    let stage = Stage::start(&[]).await;
    let sandbox = stage.scene.stack.faults.arm(unverified());
    stage.deliver(&[an_account()]).await;
    sandbox.disarm();
    let id = letters(&stage).await["recipient_unverified"].clone();
    let resolve = ["resolve", &id[..12], "--done", "--yes", "--by", "ada"];

    let (code, text) = redrive(&stage, &[&resolve[..], &["--claims-table", "no-such-table"]].concat()).await;
    assert!(code == 1 && text.contains("the claims table did not resolve"), "{code}: {text}");
    assert_eq!(letters(&stage).await.len(), 1);

    let (code, text) = redrive(&stage, &resolve).await;
    assert_eq!((code, claims(&stage).await), (0, vec!["done".to_owned()]), "{text}");
    assert!(letters(&stage).await.is_empty());
    stage.deliver(&[an_account()]).await;
    assert_eq!((stage.mails().await, claims(&stage).await), (0, vec!["done".to_owned()]));
}

/// The letter expired after 14 days without a decision.
#[tokio::test]
async fn a_claim_whose_letter_expired_is_freed_by_deleting_its_item() {
    let stage = Stage::start(&[]).await;
    let sandbox = stage.scene.stack.faults.arm(unverified());
    stage.deliver(&[an_account()]).await;
    sandbox.disarm();
    let letter = stage.letters().await.remove(0);
    let (aws, queue) = (&stage.scene.stack.aws, stage.scene.stack.dead_letter_queue_url());
    aws.call("AmazonSQS.PurgeQueue", &json!({"QueueUrl": queue})).await.unwrap();
    stage.deliver(&[an_account()]).await;
    assert_eq!((stage.mails().await, claims(&stage).await), (0, vec!["parked".to_owned()]), "it is a duplicate");

    let item = json!({"TableName": CLAIMS_TABLE, "Key": {"pk": {"S": letter["claim"]}}});
    aws.call("DynamoDB_20120810.DeleteItem", &item).await.unwrap();
    stage.deliver(&[an_account()]).await;
    assert_eq!((stage.mails().await, claims(&stage).await), (1, vec!["done".to_owned()]));
}
