//! The redrive's adapters for SQS and S3, against the emulator.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets a surprise must fail")]

use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sqs::config::Credentials;
use local_stack::{Aws, REGION, Workspace};
use redrive_core::{LetterQueue, Objects};
use redrive_dead_letters::{S3Objects, SqsLetterQueue};

async fn emulator() -> (Aws, SdkConfig) {
    let aws = Aws::start(&Workspace::find().unwrap()).await.unwrap();
    let config = aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .endpoint_url(aws.endpoint())
        .credentials_provider(Credentials::new("test", "test", None, None, "conformance"))
        .load()
        .await;
    (aws, config)
}

#[tokio::test]
async fn messages_are_hidden_shown_and_removed() {
    let (aws, config) = emulator().await;
    let url = aws.create_queue("letters").await.unwrap();
    let client = aws_sdk_sqs::Client::new(&config);
    for number in 0..12 {
        client.send_message().queue_url(&url).message_body(number.to_string()).send().await.unwrap();
    }
    let queue = SqsLetterQueue::new(client, &url);
    let hold = Duration::from_secs(600);
    let mut received = Vec::new();
    loop {
        let more = queue.receive(hold).await.unwrap();
        if more.is_empty() {
            break;
        }
        received.extend(more);
    }
    let mut bodies: Vec<u32> = received.iter().map(|message| message.body.parse().unwrap()).collect();
    bodies.sort_unstable();
    assert_eq!(bodies, (0..12).collect::<Vec<_>>(), "each once while it is hidden");
    assert!(received.iter().all(|message| message.sent_ms.is_some()));

    let receipts: Vec<_> = received.iter().map(|message| message.receipt.clone()).collect();
    queue.hide(&receipts, hold).await.unwrap();
    queue.remove(&receipts[..11]).await.unwrap();
    queue.hide(&receipts[11..], Duration::ZERO).await.unwrap();
    let left = queue.receive(hold).await.unwrap();
    assert_eq!((left.len(), &left[0].id), (1, &received[11].id), "shown again at once");
    let nowhere = SqsLetterQueue::new(aws_sdk_sqs::Client::new(&config), format!("{url}-nowhere"));
    let code = nowhere.receive(hold).await.unwrap_err().code;
    assert!(code.contains("NonExistentQueue") || code.contains("QueueDoesNotExist"), "SQS's own: {code}");
}

#[tokio::test]
async fn objects_are_listed_page_by_page_and_removed() {
    let (aws, config) = emulator().await;
    aws.create_bucket("failures").await.unwrap();
    let client = aws_sdk_s3::Client::new(&config);
    for number in 0..12 {
        let key = format!("aws/lambda/{number:02}");
        client.put_object().bucket("failures").key(key).body(vec![number].into()).send().await.unwrap();
    }
    client.put_object().bucket("failures").key("other").send().await.unwrap();
    let objects = S3Objects::new(client);
    let (keys, more) = objects.list("failures", "aws/lambda/", 100).await.unwrap();
    assert_eq!((keys.len(), more), (12, false));
    let (first, more) = objects.list("failures", "aws/lambda/", 5).await.unwrap();
    assert_eq!((first.as_slice(), more), (&keys[..5], true));

    assert_eq!(objects.get("failures", &keys[7]).await.unwrap(), [7]);
    objects.remove("failures", &keys[7]).await.unwrap();
    objects.remove("failures", &keys[7]).await.unwrap();
    let error = objects.get("failures", &keys[7]).await.unwrap_err();
    assert!(error.to_string().contains("s3://failures/aws/lambda/07"));
}
