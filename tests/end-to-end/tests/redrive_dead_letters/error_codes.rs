//! What the tables of codes say to do about a letter, done as they say it: with the command, until the queue is empty.

use std::collections::BTreeMap;

use demo::CLAIMS_TABLE;
use end_to_end::{Scene, created_accounts, recorded};
use local_stack::{Action, Answer, EventRecord, Failpoint, Invocation, Origin, Target, When, event};
use recordings::encode_framed;
use serde_json::json;

use crate::command::redrive;
use crate::stage::{Dialect, Stage, WELCOME, an_account, claims};

/// No registry here hands it out.
const LOST_SCHEMA: u32 = 2_000_000_002;
/// What the first account's address is refused with while the account is in the sandbox.
const UNVERIFIED: Answer = Answer::error(
    400,
    "MessageRejected",
    "Email address is not verified. The following identities failed the check in region EU-CENTRAL-1: \
     lubo.istwell25@example.org",
);

fn unverified() -> Failpoint {
    Failpoint::new("unverified", "SendEmail", When::Before, Action::Answer(UNVERIFIED)).containing("lubo.istwell25")
}

/// The schema id of a value, and the value.
fn framed(record: &EventRecord) -> (u32, Vec<u8>) {
    let value = base64_simd::STANDARD.decode_to_vec(record.value.clone().unwrap().unwrap()).unwrap();
    (u32::from_be_bytes(value[1..5].try_into().unwrap()), value)
}

fn with_value(record: &EventRecord, value: &[u8]) -> EventRecord {
    EventRecord { value: Some(Some(base64_simd::STANDARD.encode_to_string(value))), ..record.clone() }
}

/// As the row is in the table, but without an address.
fn without_address(account: &EventRecord) -> EventRecord {
    let recording = recorded().unwrap();
    let at = |record: &&recordings::Record| (record.partition, record.offset) == (account.partition, account.offset);
    let mut value = recording.records.iter().find(at).unwrap().expected().value.clone();
    value["after"]["email"] = json!("");
    let schema = framed(account).0;
    with_value(account, &encode_framed(schema, &recording.schemas[&schema].schema, &value).unwrap())
}

/// As if its schema had got an id that the registry has forgotten. Of 2020: today's would be waited for.
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
async fn four_kinds_of_letters_are_settled_as_their_tables_say() {
    let accounts: Vec<_> = created_accounts().unwrap().into_iter().take(4).collect();
    // The deployment that the letters go back to has the schema with it that the registry lost.
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
    let parked = letters(&stage).await;
    let codes: Vec<_> = parked.keys().map(String::as_str).collect();
    assert_eq!(codes, ["frame_truncated", "recipient_missing", "recipient_unverified", "schema_not_found"]);

    let (code, text) = redrive(&stage, &["replay", "--code", "schema_not_found", "--yes"]).await;
    assert_eq!((code, stage.mails().await), (0, 1), "read by the schema that came along: {text}");

    sandbox.disarm();
    let (code, text) = redrive(&stage, &["replay", "--code", "recipient_unverified", "--yes"]).await;
    assert_eq!((code, stage.mails().await), (0, 2), "verified: {text}");

    for kind in ["frame_truncated", "recipient_missing"] {
        let (code, text) = redrive(&stage, &["replay", "--code", kind, "--yes"]).await;
        assert!(code == 1 && text.contains("failed again"), "what is wrong in a letter stays wrong: {code}: {text}");
        let id = &parked[kind][..12];
        // It never had a claim, so no table of claims is asked for one.
        let no_claims = ["resolve", id, "--done", "--yes", "--by", "ada", "--claims-table", "no-such-table"];
        let (code, text) = redrive(&stage, &no_claims).await;
        assert_eq!(code, 0, "{kind}: {text}");
    }
    assert!(letters(&stage).await.is_empty());
    assert_eq!((stage.mails().await, claims(&stage).await), (2, vec!["done".to_owned(), "done".to_owned()]));
}

#[tokio::test]
async fn a_letter_with_a_claim_is_ended_only_where_its_claim_can_be_and_then_nothing_comes_of_its_record() {
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

/// Fourteen days have gone by, and nobody has decided.
#[tokio::test]
async fn a_claim_whose_letter_is_gone_is_freed_by_deleting_its_item() {
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
