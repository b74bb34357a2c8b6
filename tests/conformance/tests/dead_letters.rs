//! Dead letters in SQS and S3: large ones, many at once, and answers that are lost.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets a surprise must fail")]

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sqs::config::Credentials;
use dead_letters_sqs::SqsDeadLetters;
use event_runtime::testing::sample_letter;
use event_runtime::{DeadLetter, DeadLetters, RawBytes, StoredLetter};
use local_stack::{Action, Aws, Failpoint, FaultProxy, REGION, When, Workspace};

async fn emulator() -> Aws {
    Aws::start(&Workspace::find().unwrap()).await.unwrap()
}

async fn sdk(endpoint: &str) -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .endpoint_url(endpoint)
        .credentials_provider(Credentials::new("test", "test", None, None, "conformance"))
        .load()
        .await
}

/// A letter of a little more than this many bytes.
fn large(offset: i64, bytes: usize) -> DeadLetter {
    let mut letter = sample_letter("orders", offset);
    letter.raw.value = Some("A".repeat(bytes));
    letter
}

async fn letters_at(endpoint: &str, queue: &str, bucket: Option<&str>) -> SqsDeadLetters {
    let aws = sdk(endpoint).await;
    let letters = SqsDeadLetters::new(aws_sdk_sqs::Client::new(&aws), queue);
    letters.with_bucket(aws_sdk_s3::Client::new(&aws), bucket.map(str::to_owned))
}

#[tokio::test]
async fn a_letter_too_large_for_the_queue_goes_into_the_bucket() {
    let aws = emulator().await;
    let queue = aws.create_queue("dead-letters").await.unwrap();
    aws.create_bucket("letters").await.unwrap();
    let letters = letters_at(aws.endpoint(), &queue, Some("letters")).await;
    let large = large(1, 2_000_000);
    letters.store(&large).await.unwrap();
    letters.store(&large).await.unwrap();

    let s3 = aws_sdk_s3::Client::new(&sdk(aws.endpoint()).await);
    let messages = aws.messages(&queue).await.unwrap();
    assert_eq!(messages.len(), 2, "the queue does not know that they are one letter");
    for message in messages {
        let stored = StoredLetter::read(&message).unwrap();
        assert_eq!((&stored.letter.id, &stored.letter.raw), (&large.id, &RawBytes::default()));
        let object = stored.raw_in.clone().unwrap();
        let body = s3.get_object().bucket(&object.bucket).key(&object.key).send().await.unwrap();
        let body = body.body.collect().await.unwrap().into_bytes();
        assert_eq!(body.len(), object.bytes);
        assert_eq!(stored.whole(&body).unwrap(), large);
    }

    // Both point to one object, named by the letter's id.
    let objects = s3.list_objects_v2().bucket("letters").send().await.unwrap();
    let keys: Vec<_> = objects.contents().iter().filter_map(|object| object.key()).collect();
    assert_eq!(keys, [format!("dead-letters/contract/{}.json", large.id)]);
}

#[tokio::test]
async fn without_a_usable_bucket_a_large_letter_is_refused() {
    let aws = emulator().await;
    let queue = aws.create_queue("dead-letters").await.unwrap();
    for (bucket, code) in [(None, "dead_letter_too_large"), (Some("nowhere"), "dead_letter_bucket_missing")] {
        let letters = letters_at(aws.endpoint(), &queue, bucket).await;
        assert_eq!(letters.store(&large(1, 2_000_000)).await.unwrap_err().code, code);
    }
    assert!(aws.messages(&queue).await.unwrap().is_empty());
}

#[tokio::test]
async fn with_a_smaller_queue_large_letters_go_into_the_bucket() {
    let aws = emulator().await;
    aws.create_bucket("letters").await.unwrap();
    let sqs = aws_sdk_sqs::Client::new(&sdk(aws.endpoint()).await);
    let small = aws_sdk_sqs::types::QueueAttributeName::MaximumMessageSize;
    let queue = sqs.create_queue().queue_name("small").attributes(small, "4096").send().await.unwrap();
    let queue = queue.queue_url.unwrap();

    let refused = letters_at(aws.endpoint(), &queue, None).await.store(&large(1, 5_000)).await.unwrap_err();
    assert_eq!(refused.code, "dead_letter_refused");
    assert!(refused.cause.to_string().contains("DEAD_LETTER_BUCKET"), "{}", refused.cause);

    let letters = letters_at(aws.endpoint(), &queue, Some("letters")).await;
    letters.store(&large(1, 5_000)).await.unwrap();
    letters.store(&large(2, 10)).await.unwrap();
    let messages = aws.messages(&queue).await.unwrap();
    let stored: Vec<_> = messages.iter().map(|message| StoredLetter::read(message).unwrap()).collect();
    let in_bucket: Vec<_> = stored.iter().map(|stored| (stored.letter.place.offset, stored.raw_in.is_some())).collect();
    assert_eq!(in_bucket, [(Some(1), true), (Some(2), false)]);
}

#[tokio::test]
async fn after_a_lost_answer_each_letter_is_stored_under_one_id() {
    let aws = emulator().await;
    let queue = aws.create_queue("dead-letters").await.unwrap();
    let proxy = FaultProxy::start(aws.endpoint()).await.unwrap();
    let letters = letters_at(proxy.endpoint(), &queue, None).await;
    let lost = proxy.arm(Failpoint::new("answer lost", "SendMessageBatch", When::After, Action::Drop).times(1));
    let many: Vec<_> = (0..20).map(|offset| large(offset, 10)).collect();
    let results = futures_util::future::join_all(many.iter().map(|letter| letters.store(letter))).await;
    assert_eq!(lost.hits(), 1);
    assert!(results.iter().all(Result::is_ok), "the SDK sends a request again if it got no answer");

    let messages = aws.messages(&queue).await.unwrap();
    let stored: Vec<_> = messages.iter().map(|message| StoredLetter::read(message).unwrap().letter).collect();
    assert!(many.iter().all(|letter| stored.contains(letter)), "nothing is lost");
    assert!(stored.iter().all(|letter| many.contains(letter)));
    assert!(proxy.calls("SendMessageBatch") < many.len(), "they shared calls");
}

#[tokio::test]
async fn while_sqs_cannot_be_reached_no_letter_counts_as_stored() {
    let aws = emulator().await;
    let queue = aws.create_queue("dead-letters").await.unwrap();
    let proxy = FaultProxy::start(aws.endpoint()).await.unwrap();
    let letters = letters_at(proxy.endpoint(), &queue, None).await;
    let down = proxy.arm(Failpoint::new("down", "SendMessageBatch", When::Before, Action::Drop));
    let many: Vec<_> = (0..4).map(|offset| large(offset, 10)).collect();
    let results = futures_util::future::join_all(many.iter().map(|letter| letters.store(letter))).await;
    assert!(results.iter().all(|result| result.as_ref().is_err_and(|error| error.code == "dead_letters_unavailable")));
    down.disarm();
    letters.store(&many[0]).await.unwrap();
    assert_eq!(aws.messages(&queue).await.unwrap().len(), 1);
}
