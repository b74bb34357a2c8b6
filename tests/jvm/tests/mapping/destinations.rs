//! The command with a template of three mappings: a record that cannot be used goes to a queue, a bucket and a topic.

use std::collections::BTreeMap;

use local_stack::{Aws, Workspace};
use redrive_core::on_failure::{Condition, OnFailureDocument};

use crate::broker::Broker;
use crate::cluster::Cluster;
use crate::command::{Command, RECORD_VALUES};
use crate::function::{Answer, Function};

const TOPIC: &str = "orders";

fn mapping(name: &str, destination: &str) -> String {
    format!(
        r#"
  {name}:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      FunctionName: !Ref Function
      Topics: [{TOPIC}]
      StartingPosition: TRIM_HORIZON
      BatchSize: 20
      BisectBatchOnFunctionError: true
      MaximumRetryAttempts: 2
      ProvisionedPollerConfig: {{MinimumPollers: 1}}
      SelfManagedKafkaEventSourceConfig: {{ConsumerGroupId: {name}}}
      DestinationConfig: {{OnFailure: {{Destination: "{destination}"}}}}
"#
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poison_record_is_isolated_and_goes_to_each_kind_of_destination() {
    let broker = Broker::shared().await;
    let cluster = Cluster::connect(&broker.address).await;
    let aws = Aws::start(&Workspace::find().unwrap()).await.unwrap();
    let queue = aws.create_queue("failures").await.unwrap();
    aws.create_bucket("failures").await.unwrap();
    cluster.topic(TOPIC, 1).await;
    cluster.topic("failures", 1).await;
    cluster.write(TOPIC, 0, (0..40).map(|nth| if nth == 13 { "poison".to_owned() } else { nth.to_string() })).await;
    let function =
        Function::start(
            |got| {
                if got.iter().any(|got| got.value == "poison") { Answer::Fails } else { Answer::Returns }
            },
        )
        .await;

    let folder = tempfile::tempdir().unwrap();
    let template = folder.path().join("template.yaml");
    let destinations = [
        ("Queue", "arn:aws:sqs:us-east-1:000000000000:failures"),
        ("Bucket", "arn:aws:s3:::failures"),
        ("Topic", "kafka://failures"),
    ];
    let mappings: String = destinations.iter().map(|(name, arn)| mapping(name, arn)).collect();
    std::fs::write(&template, format!("Resources:{mappings}")).unwrap();
    let arguments = ["run", template.to_str().unwrap(), "--function", "orders", "--invoke-url", function.url()];
    let command = Command::new(&arguments).await.args(&["--bootstrap-servers", &broker.address]);
    let command = command.args(&["--endpoint-url", aws.endpoint(), "--first-retry-pause", "10", "--until-caught-up"]);
    let (code, output) = command.run().await;
    assert_eq!(code, 0, "{output}");
    assert!(output.contains("given up (RetryAttemptsExhausted): at the destination"), "{output}");

    for group in ["Queue", "Bucket", "Topic"] {
        assert_eq!(cluster.committed(group, TOPIC).await, BTreeMap::from([(0, 40)]), "{output}");
    }
    let in_queue = aws.messages(&queue).await.unwrap();
    let in_bucket = objects(aws.endpoint(), "failures").await;
    let in_topic = cluster.read("failures", 1).await;
    assert_eq!((in_queue.len(), in_bucket.len(), in_topic.len()), (1, 1, 1), "{output}");
    let documents = [in_queue[0].as_bytes(), in_bucket[0].as_bytes(), &in_topic[0]];
    for (document, holds_record) in documents.into_iter().zip([false, true, true]) {
        let read = OnFailureDocument::read(document).unwrap();
        assert_eq!((&read.condition, read.function_name()), (&Condition::RetriesExhausted, Some("orders")));
        // 20, 10 and 5 records, then fewer, then alone.
        assert!(read.invoke_count.unwrap() >= 3, "{read:?}");
        let range = &read.batch.partitions["orders-0"];
        assert_eq!((range.first_offset, range.last_offset, read.batch.size), (Some(13), Some(13), Some(1)));
        let records = read.records().unwrap();
        assert_eq!(records.is_some(), holds_record);
        if let Some(records) = records {
            assert_eq!(records.records.len(), 1);
            assert_eq!((records.records[0].offset, records.records[0].partition), (Some(13), Some(0)));
            assert!(records.records[0].json.contains("cG9pc29u"), "the record's value, in Base64");
        }
        // The redrive invokes the function with this.
        assert_eq!(read.event().unwrap().is_some_and(|event| event.contains(r#""orders-0":["#)), holds_record);
    }
    // Isolated: everything else was delivered, none of it with the poison.
    let fine = function.invoked().into_iter().filter(|(_, got)| got.iter().all(|got| got.value != "poison"));
    let mut offsets: Vec<_> = fine.flat_map(|(_, got)| got).map(|got| got.offset).collect();
    offsets.sort_unstable();
    offsets.dedup();
    assert_eq!(offsets.len(), 39);
    assert!(RECORD_VALUES.iter().all(|value| !output.contains(value)), "no record is printed: {output}");
}

/// The bodies of a bucket's objects.
async fn objects(endpoint: &str, bucket: &str) -> Vec<String> {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let get = async |url: String| http.get(url).send().await.unwrap().error_for_status().unwrap().text().await.unwrap();
    let list = get(format!("{endpoint}/{bucket}?list-type=2")).await;
    let mut bodies = Vec::new();
    for key in list.split("<Key>").skip(1).map(|rest| rest.split_once("</Key>").unwrap().0) {
        assert!(key.starts_with("aws/lambda/Bucket/orders-0/"), "{key}");
        bodies.push(get(format!("{endpoint}/{bucket}/{key}")).await);
    }
    bodies
}
