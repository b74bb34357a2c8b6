//! Documents that the local event source mapping writes when it gives records up: the redrive takes them for AWS's.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::Arc;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use bytes::Bytes;
use end_to_end::created_accounts;
use event_source_mapping::{
    BucketDestination, Cluster, DocumentHead, EventHead, Filter, Invocation, Mapping, OnFailure, QueueDestination,
    Target,
};
use local_stack::{EventRecord, REGION, RecordedLog, Rules, local_rules};
use serde_json::{Value, json};

use crate::stage::{Stage, WELCOME, fates};

const BUCKET: &str = "failures";
const ARN: &str = "arn:aws:kafka:us-east-1:000000000000:cluster/shop/1";

/// A deployment that fails whatever it gets.
struct Broken;

impl Target for Broken {
    async fn invoke(&self, _event: Bytes) -> Invocation {
        Invocation::Failed(json!({"errorType": "Broken", "errorMessage": "a broken deployment"}).to_string().into())
    }
}

async fn emulator(stage: &Stage) -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .endpoint_url(stage.scene.stack.aws.endpoint())
        .credentials_provider(Credentials::new("local", "local", None, None, "end-to-end"))
        .load()
        .await
}

/// What every document of the mapping has.
fn head() -> DocumentHead {
    let event =
        EventHead { cluster: Cluster::Msk { arn: ARN.to_owned() }, bootstrap_servers: "one:9092,two:9092".to_owned() };
    DocumentHead { function_arn: format!("arn:aws:lambda:{REGION}:000000000000:function:{WELCOME}"), event }
}

/// The mapping before the broken deployment: it gives every record up after a retry. Returns what it committed.
async fn give_up(records: &[EventRecord], destination: OnFailure) -> BTreeMap<String, i64> {
    let pauses = std::time::Duration::ZERO;
    let rules = Rules { batch_size: 2, retries: Some(1), destination: true, first_pause: pauses, ..local_rules() };
    let mapping = Mapping {
        rules,
        filter: Filter::default(),
        head: head().event,
        target: Arc::new(Broken),
        destination: Some(Arc::new(destination)),
    };
    let mut log = RecordedLog::of(records.to_vec());
    let done = mapping.run(&mut log, || Box::pin(pending()), |_| ()).await;
    assert_eq!(done.on_failure_destination_delivered_event_count, records.len() as u64);
    log.committed()
}

/// Accounts of one partition, in order.
fn accounts(count: usize) -> Vec<EventRecord> {
    let all = created_accounts().unwrap();
    let partition = all[0].partition;
    let records: Vec<_> = all.into_iter().filter(|record| record.partition == partition).take(count).collect();
    assert_eq!(records.len(), count);
    records
}

async fn recipients(stage: &Stage) -> usize {
    let mails = stage.scene.mails().await.unwrap();
    mails.iter().flat_map(|mail| &mail.to).collect::<std::collections::BTreeSet<_>>().len()
}

#[tokio::test]
async fn what_a_mapping_gave_up_into_a_bucket_has_its_effect_once() {
    let stage = Stage::start(&[]).await;
    stage.scene.stack.aws.create_bucket(BUCKET).await.unwrap();
    let client = aws_sdk_s3::Client::new(&emulator(&stage).await);
    let list = || client.list_objects_v2().bucket(BUCKET).send();
    let records = accounts(3);
    let destination =
        BucketDestination { client: client.clone(), bucket: BUCKET.into(), mapping: "welcome".into(), head: head() };
    let committed = give_up(&records, OnFailure::Bucket(destination)).await;
    let last = records.last().unwrap();
    assert_eq!(committed, BTreeMap::from([(last.topic_partition(), last.offset + 1)]), "the partition went on");
    let objects = list().await.unwrap().contents.unwrap();
    assert_eq!((objects.len(), stage.mails().await), (2, 0), "a document for each batch");

    let bucket = json!({"bucket": BUCKET, "prefix": "aws/lambda/welcome/"});
    let replay = |yes: bool| json!({"action": "replay", "yes": yes, "onFailure": bucket});
    let dry = stage.ask(replay(false)).await;
    assert_eq!((fates(&dry), stage.invocations()), (vec!["would_replay"; 2], 0), "{dry}");
    let report = stage.ask(replay(true)).await;
    assert_eq!((fates(&report), stage.invocations()), (vec!["finished"; 2], 2), "{report}");
    assert_eq!((stage.mails().await, recipients(&stage).await), (3, 3));
    assert!(list().await.unwrap().contents.unwrap_or_default().is_empty(), "their documents are removed");

    // The same records from their topic, later: each is a duplicate.
    stage.deliver(&records).await;
    assert_eq!((stage.mails().await, stage.scene.outcomes().duplicate), (3, 3));
}

#[tokio::test]
async fn what_a_mapping_gave_up_into_a_queue_is_explained_until_done() {
    let stage = Stage::start(&[]).await;
    let url = stage.scene.stack.dead_letter_queue_url().to_owned();
    let client = aws_sdk_sqs::Client::new(&emulator(&stage).await);
    let records = accounts(2);
    give_up(&records, OnFailure::Queue(QueueDestination { client, url: url.clone(), head: head() })).await;

    let report = stage.replay().await;
    assert_eq!((fates(&report), stage.invocations()), (vec!["told"], 0), "{report}");
    let entry = &report["entries"][0];
    assert_eq!((&entry["code"], &entry["function"]), (&json!("retries_exhausted"), &json!(WELCOME)), "{entry}");
    let advice: Vec<&str> = entry["fate"]["advice"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let (first, last) = (&records[0], &records[1]);
    let topic = &first.topic;
    for line in [
        format!("topic {topic}, partition {}, offsets {} to {}", first.partition, first.offset, last.offset),
        format!(
            "--bootstrap-server one:9092,two:9092 --topic {topic} --partition {} --offset {}",
            first.partition, first.offset
        ),
        format!("create-event-source-mapping --function-name {WELCOME} --event-source-arn {ARN} --topics {topic}"),
    ] {
        assert!(advice.join("\n").contains(&line), "{line}\n{advice:#?}");
    }
    // The mapping that the last line describes begins at a time, which is that of the first record.
    let start = advice.join("\n");
    let start = start.split("--starting-position-timestamp ").nth(1).unwrap().lines().next().unwrap();
    assert_eq!(start.parse::<jiff::Timestamp>().unwrap().as_millisecond(), first.timestamp);

    assert_eq!(stage.scene.stack.aws.messages(&url).await.unwrap().len(), 1, "the document stays");
    let resolved = json!({"action": "resolve", "yes": true, "ids": [entry["id"]], "decision": "done", "by": "ada"});
    assert_eq!(fates(&stage.ask(resolved).await), ["taken_for_done"]);
    assert!(stage.scene.stack.aws.messages(&url).await.unwrap().is_empty());
}
