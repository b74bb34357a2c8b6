//! The largest record with the longest errors still becomes a letter that the queue accepts.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets a surprise must fail")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_sqs::config::retry::RetryConfig;
use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region};
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::routing::{post, put};
use axum::{Json, Router};
use dead_letters_sqs::{MAX_BYTES, SqsDeadLetters};
use event_runtime::testing::LongError;
use event_runtime::{
    BatchReport, Deadline, Effect, Failed, Fault, Intent, Invocation, NoClaims, Outcome, Processor, RawRecord,
    RecordHandler, Settings, Stage, StoredLetter,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// The largest payload of a Lambda invocation.
const LARGEST_EVENT: usize = 6 * 1024 * 1024;

/// The most that a letter takes beside the record's own bytes: its escaped error texts, and its place.
const BESIDE_THE_RECORD: usize = 40_000;

/// Extreme errors: one enormous text, a text of characters that JSON escapes to six, a hundred thousand causes, a text that
/// is written character by character.
fn worst_errors() -> [LongError; 4] {
    let megabyte = "n".repeat(1024 * 1024);
    [
        LongError::new(&megabyte, 1, 3),
        LongError::new(&"\u{1}".repeat(1024 * 1024), 1, 100),
        LongError::new("\u{FFFE}cause", 3, 100_000),
        LongError::new("\u{0}", 1024 * 1024, 2),
    ]
}

/// Fails to read its record, with a long error.
struct FailsAtLength(Mutex<Option<LongError>>);

impl RecordHandler for FailsAtLength {
    type Read<'de> = ();
    type Work = ();

    async fn read<'de>(&'de self, _: RawRecord<'de>) -> Result<(), Fault> {
        let error = self.0.lock().unwrap().take().unwrap();
        Err(Fault::new(Stage::Decode, error))
    }

    fn decide(&self, (): ()) -> Result<Intent<()>, Failed> {
        Ok(Intent::Conditional(()))
    }

    async fn perform(&self, (): ()) -> Result<Effect, Failed> {
        Ok(Effect::Done)
    }
}

/// The messages in the queue, and the objects in the bucket by path.
#[derive(Clone, Default)]
struct Stored {
    messages: Arc<Mutex<Vec<String>>>,
    objects: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
}

async fn take(State(stored): State<Stored>, body: String) -> Json<Value> {
    let request: Value = serde_json::from_str(&body).unwrap();
    let taken = request["Entries"].as_array().unwrap().iter().map(|entry| {
        // As SQS counts: the body, and names, types and values of attributes.
        let attributes = entry["MessageAttributes"].as_object().unwrap().iter();
        let attributes = attributes.map(|(name, value)| name.len() + 6 + value["StringValue"].as_str().unwrap().len());
        let body = entry["MessageBody"].as_str().unwrap();
        assert!(body.len() + attributes.sum::<usize>() <= MAX_BYTES, "SQS would refuse {} bytes", body.len());
        stored.messages.lock().unwrap().push(body.to_owned());
        json!({"Id": entry["Id"], "MessageId": "1", "MD5OfMessageBody": ""})
    });
    Json(json!({"Successful": taken.collect::<Vec<_>>(), "Failed": []}))
}

async fn keep(State(stored): State<Stored>, Path(path): Path<String>, body: Bytes) {
    stored.objects.lock().unwrap().insert(path, body.to_vec());
}

async fn letters(bucket: Option<&str>) -> (SqsDeadLetters, Stored) {
    let stored = Stored::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let routes = Router::new().route("/", post(take)).route("/{*object}", put(keep).post(take));
    let routes = routes.layer(DefaultBodyLimit::disable()).with_state(stored.clone());
    tokio::spawn(async move { axum::serve(listener, routes).await });
    let credentials = || Credentials::new("test", "test", None, None, "test");
    let sqs = aws_sdk_sqs::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(credentials())
        .retry_config(RetryConfig::disabled())
        .endpoint_url(&endpoint);
    let s3 = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(credentials())
        .force_path_style(true)
        .endpoint_url(&endpoint);
    let queue = format!("{endpoint}/000000000000/letters");
    let letters = SqsDeadLetters::new(aws_sdk_sqs::Client::from_conf(sqs.build()), queue)
        .with_bucket(aws_sdk_s3::Client::from_conf(s3.build()), bucket.map(str::to_owned));
    (letters, stored)
}

/// An event of one record whose value has so many bytes of base64.
fn event(value: usize) -> String {
    // The longest name that Kafka allows.
    let topic = "t".repeat(249);
    let value = "A".repeat(value / 4 * 4);
    json!({"eventSource": "aws:kafka", "eventSourceArn": "arn:aws:kafka:eu-central-1:123456789012:cluster/c/u",
           "records": {format!("{topic}-0"): [{"topic": topic, "partition": 0, "offset": 7, "timestamp": 1,
           "timestampType": "CREATE_TIME", "key": "AAAA", "value": value, "headers": []}]}})
    .to_string()
}

fn largest_event() -> String {
    let event = event(LARGEST_EVENT - event(0).len());
    assert!((LARGEST_EVENT - 3..=LARGEST_EVENT).contains(&event.len()), "{} bytes", event.len());
    event
}

async fn process(error: LongError, letters: SqsDeadLetters, event: &str) -> BatchReport {
    let handler = FailsAtLength(Mutex::new(Some(error)));
    // Megabytes take long in an unoptimised build.
    let settings = Settings { settle_reserve: Duration::from_secs(120), ..Settings::default() };
    let processor = Processor::new(handler, Arc::new(NoClaims), Arc::new(letters), settings);
    let invocation = Invocation {
        request_id: "8476a536-e9f4-11e8-9739-2dfe598c3fcd".to_owned(),
        function: "f".repeat(64),
        function_version: "$LATEST".to_owned(),
        deadline: Deadline::unknown(),
    };
    processor.process(event.as_bytes(), &invocation).await.unwrap()
}

#[tokio::test]
async fn the_largest_record_with_the_longest_error_goes_into_the_bucket() {
    let event = largest_event();
    // The error whose text JSON makes longest.
    let [_, error, ..] = worst_errors();
    let (letters, stored) = letters(Some("large-letters")).await;
    let report = process(error, letters, &event).await;
    assert_eq!(report.outcomes, [(Outcome::DeadLettered("long_error"), 1)].into());

    let messages = stored.messages.lock().unwrap().clone();
    let [pointer] = &messages[..] else { panic!("{} messages", messages.len()) };
    assert!(pointer.len() < BESIDE_THE_RECORD, "{} bytes point to it", pointer.len());
    let stored_letter = StoredLetter::read(pointer).unwrap();

    let address = stored_letter.raw_in.clone().unwrap();
    let object = stored.objects.lock().unwrap()[&format!("{}/{}", address.bucket, address.key)].clone();
    let whole = stored_letter.whole(&object).unwrap();
    assert!(whole.raw.value.is_some_and(|value| value.len() > LARGEST_EVENT - 2_000), "the whole record");
}

#[tokio::test]
async fn without_a_bucket_a_long_error_fits_and_a_larger_record_is_pending() {
    for error in worst_errors() {
        let (letters, stored) = letters(None).await;
        let report = process(error, letters, &event(MAX_BYTES - BESIDE_THE_RECORD)).await;
        assert_eq!(report.outcomes, [(Outcome::DeadLettered("long_error"), 1)].into());
        let [message] = &stored.messages.lock().unwrap().clone()[..] else { panic!("no letter") };
        let chain = StoredLetter::read(message).unwrap().letter.error.chain;
        let bytes = chain.iter().map(String::len).sum::<usize>();
        assert!(chain.len() <= 17 && bytes < 5_500 && chain.iter().all(|line| line.len() < 1_100), "{bytes}");
    }
    let (letters, stored) = letters(None).await;
    let report = process(LongError::new("too much", 1, 0), letters, &largest_event()).await;
    assert_eq!(report.outcomes, [(Outcome::Unfinished("dead_letter_too_large"), 1)].into());
    assert!(stored.messages.lock().unwrap().is_empty());
}
