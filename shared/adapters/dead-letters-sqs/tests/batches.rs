//! Letters that are stored together, against a queue whose answers the test chooses.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets a surprise must fail")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aws_sdk_sqs::config::retry::RetryConfig;
use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region};
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::StatusCode;
use axum::routing::{post, put};
use axum::{Json, Router};
use dead_letters_sqs::{MAX_BYTES, SqsDeadLetters};
use event_runtime::testing::sample_letter;
use event_runtime::{DeadLetter, DeadLetters, RawBytes, StoreError, StoredLetter};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// A call that has arrived, for the test to answer.
struct Call {
    letters: Vec<String>,
    bytes: usize,
    /// The messages' bodies.
    bodies: Vec<String>,
    answer: oneshot::Sender<(StatusCode, Value)>,
}

impl Call {
    fn succeed(self) {
        self.answer_each(|_| EntryResult::Stored);
    }

    fn answer_each(self, result: impl Fn(&str) -> EntryResult) {
        let (mut successful, mut failed) = (Vec::new(), Vec::new());
        for (number, letter) in self.letters.iter().enumerate() {
            let id = number.to_string();
            match result(letter) {
                EntryResult::Stored => successful.push(json!({"Id": id, "MessageId": id, "MD5OfMessageBody": ""})),
                EntryResult::Refused(code) => failed.push(json!({"Id": id, "SenderFault": false, "Code": code})),
                EntryResult::Missing => {}
            }
        }
        self.answer.send((StatusCode::OK, json!({"Successful": successful, "Failed": failed}))).unwrap();
    }

    /// Refuses the call itself, without a result for any letter.
    fn refuse(self, code: &str) {
        self.answer.send((StatusCode::BAD_REQUEST, json!({"__type": code, "message": "too long"}))).unwrap();
    }
}

#[derive(Clone, Copy)]
enum EntryResult {
    Stored,
    Refused(&'static str),
    Missing,
}

struct Queue {
    calls: mpsc::UnboundedReceiver<Call>,
    objects: Objects,
    letters: Arc<SqsDeadLetters>,
}

/// The objects of the bucket, by path.
type Objects = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;

impl Queue {
    async fn start() -> Self {
        Queue::with_bucket(None).await
    }

    async fn with_bucket(bucket: Option<&str>) -> Self {
        let (arrived, calls) = mpsc::unbounded_channel();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let objects = Objects::default();
        let routes = Router::new().route("/{*object}", put(keep).with_state(Arc::clone(&objects)).post(take));
        let routes = routes.fallback(post(take)).layer(DefaultBodyLimit::disable());
        let routes = routes.with_state(Arc::new(Mutex::new(arrived)));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        let config = aws_sdk_sqs::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .retry_config(RetryConfig::disabled())
            .endpoint_url(&endpoint);
        let client = aws_sdk_sqs::Client::from_conf(config.build());
        let s3 = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .force_path_style(true)
            .endpoint_url(&endpoint);
        let letters = SqsDeadLetters::new(client, format!("{endpoint}/000000000000/letters"))
            .with_bucket(aws_sdk_s3::Client::from_conf(s3.build()), bucket.map(str::to_owned));
        Queue { calls, objects, letters: Arc::new(letters) }
    }

    fn store(&self, letter: DeadLetter) -> JoinHandle<Result<(), StoreError>> {
        let letters = Arc::clone(&self.letters);
        tokio::spawn(async move { letters.store(&letter).await })
    }

    async fn call(&mut self) -> Call {
        self.calls.recv().await.unwrap()
    }

    /// The next call, which this store is expected to wait for.
    async fn call_of(&mut self, store: &mut JoinHandle<Result<(), StoreError>>) -> Call {
        tokio::select! {
            call = self.calls.recv() => call.unwrap(),
            ended = store => panic!("no call came, and the store ended: {ended:?}"),
        }
    }

    /// Lets every store start to wait: the runtime of a test has one thread, and this yields it.
    async fn all_waiting(&self) {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    }
}

async fn keep(State(objects): State<Objects>, Path(object): Path<String>, body: Bytes) {
    objects.lock().unwrap().insert(object, body.to_vec());
}

async fn take(
    State(arrived): State<Arc<Mutex<mpsc::UnboundedSender<Call>>>>,
    body: String,
) -> (StatusCode, Json<Value>) {
    let request: Value = serde_json::from_str(&body).unwrap();
    let entries = request["Entries"].as_array().unwrap();
    let letters = entries.iter().map(|entry| entry["MessageAttributes"]["letter_id"]["StringValue"].as_str());
    let letters = letters.map(|id| id.unwrap().to_owned()).collect();
    let bytes = entries.iter().map(|entry| {
        let attributes = entry["MessageAttributes"].as_object().unwrap().iter();
        let attributes = attributes
            .map(|(name, value)| name.len() + "String".len() + value["StringValue"].as_str().unwrap().len())
            .sum::<usize>();
        entry["MessageBody"].as_str().unwrap().len() + attributes
    });
    let (answer, answered) = oneshot::channel();
    let bodies = entries.iter().map(|entry| entry["MessageBody"].as_str().unwrap().to_owned()).collect();
    let call = Call { letters, bytes: bytes.sum(), bodies, answer };
    arrived.lock().unwrap().send(call).ok().unwrap();
    let (status, answer) = answered.await.unwrap();
    (status, Json(answer))
}

fn letter(offset: i64) -> DeadLetter {
    sample_letter("orders", offset)
}

fn of_bytes(offset: i64, bytes: usize) -> DeadLetter {
    DeadLetter { raw: RawBytes { value: Some("A".repeat(bytes)), ..RawBytes::default() }, ..letter(offset) }
}

fn id(offset: i64) -> String {
    letter(offset).id.to_string()
}

#[tokio::test]
async fn the_first_letter_is_sent_at_once_and_later_ones_together() {
    let mut queue = Queue::start().await;
    let stores: Vec<_> = (0..13).map(|offset| queue.store(letter(offset))).collect();
    let first = queue.call().await;
    assert_eq!(first.letters, [id(0)], "a letter does not wait for others");
    queue.all_waiting().await;
    first.succeed();
    let second = queue.call().await;
    assert_eq!(second.letters, (1..11).map(id).collect::<Vec<_>>(), "ten at most");
    second.succeed();
    let third = queue.call().await;
    assert_eq!(third.letters, [id(11), id(12)]);
    third.succeed();
    for store in stores {
        store.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn each_letter_of_a_batch_gets_its_own_result() {
    let mut queue = Queue::start().await;
    let stores: Vec<_> = (0..5).map(|offset| queue.store(letter(offset))).collect();
    let first = queue.call().await;
    queue.all_waiting().await;
    first.answer_each(|_| EntryResult::Refused("InternalError"));
    queue.call().await.answer_each(|letter| match letter {
        letter if letter == id(2) => EntryResult::Refused("RequestThrottled"),
        letter if letter == id(3) => EntryResult::Missing,
        _ => EntryResult::Stored,
    });
    let mut codes = Vec::new();
    for store in stores {
        codes.push(store.await.unwrap().err().map(|error| error.code));
    }
    let unavailable = Some("dead_letters_unavailable");
    assert_eq!(codes, [unavailable, None, Some("dead_letters_throttled"), unavailable, None]);
}

#[tokio::test]
async fn when_a_sending_caller_is_dropped_the_others_send_again() {
    let mut queue = Queue::start().await;
    let first = queue.store(letter(0));
    let held = queue.call().await;
    let others: Vec<_> = (1..4).map(|offset| queue.store(letter(offset))).collect();
    queue.all_waiting().await;
    held.succeed();
    first.await.unwrap().unwrap();
    // One of them sends for all three, and is dropped during the call.
    let lost = queue.call().await;
    assert_eq!(lost.letters.len(), 3);
    others[0].abort();
    let again = queue.call().await;
    assert_eq!(again.letters, [id(2), id(3)], "the others send again");
    again.succeed();
    let results = futures_util::future::join_all(others).await;
    assert!(results[0].as_ref().unwrap_err().is_cancelled());
    assert!(results[1..].iter().all(|result| matches!(result, Ok(Ok(())))));
    drop(lost);
}

#[tokio::test]
async fn a_batch_has_no_more_bytes_than_a_call_may_have() {
    let mut queue = Queue::start().await;
    let stores: Vec<_> = (0..6).map(|offset| queue.store(of_bytes(offset, 300_000))).collect();
    let mut calls = Vec::new();
    while calls.iter().sum::<usize>() < 6 {
        let call = queue.call().await;
        queue.all_waiting().await;
        assert!(call.bytes <= MAX_BYTES, "{} bytes", call.bytes);
        calls.push(call.letters.len());
        call.succeed();
    }
    assert_eq!(calls, [1, 3, 2]);
    for store in stores {
        store.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn the_largest_letter_is_sent_and_one_byte_more_is_refused() {
    let mut queue = Queue::start().await;
    let empty = queue.store(of_bytes(0, 0));
    let call = queue.call().await;
    let room = MAX_BYTES - call.bytes;
    call.succeed();
    empty.await.unwrap().unwrap();

    let fits = queue.store(of_bytes(0, room));
    let call = queue.call().await;
    assert_eq!(call.bytes, MAX_BYTES);
    call.succeed();
    fits.await.unwrap().unwrap();

    let error = queue.store(of_bytes(0, room + 1)).await.unwrap().unwrap_err();
    assert_eq!(error.code, "dead_letter_too_large");
    assert!(error.cause.to_string().contains("DEAD_LETTER_BUCKET"), "the remedy: {}", error.cause);
}

/// The errors of a queue whose `MaximumMessageSize` is smaller than ours: for one letter, and for a whole call.
const TOO_LONG: &str = "InvalidParameterValue";
const TOO_LONG_TOGETHER: &str = "com.amazonaws.sqs#BatchRequestTooLong";

#[tokio::test]
async fn a_letter_that_sqs_refuses_as_too_long_goes_into_the_bucket() {
    let refusals: [fn(Call); 2] =
        [|call| call.answer_each(|_| EntryResult::Refused(TOO_LONG)), |call| call.refuse(TOO_LONG_TOGETHER)];
    for refuse in refusals {
        let mut queue = Queue::with_bucket(Some("large-letters")).await;
        let refused = of_bytes(0, 300_000);
        let mut stored = queue.store(refused.clone());
        let whole = queue.call_of(&mut stored).await;
        assert!(whole.bytes > 300_000, "it is tried whole first");
        refuse(whole);
        let pointer = queue.call_of(&mut stored).await;
        assert!(pointer.bytes < 2_000, "{} bytes point to it", pointer.bytes);
        let stored_letter = StoredLetter::read(&pointer.bodies[0]).unwrap();
        pointer.succeed();
        stored.await.unwrap().unwrap();

        let address = stored_letter.raw_in.clone().unwrap();
        let object = queue.objects.lock().unwrap()[&format!("{}/{}", address.bucket, address.key)].clone();
        assert_eq!((address.bucket.as_str(), address.bytes), ("large-letters", object.len()));
        assert_eq!(stored_letter.whole(&object).unwrap(), refused, "the whole letter");
    }
}

#[tokio::test]
async fn a_letter_refused_even_without_its_bytes_is_an_error() {
    let mut queue = Queue::with_bucket(Some("large-letters")).await;
    let mut stored = queue.store(letter(0));
    for _ in 0..2 {
        queue.call_of(&mut stored).await.answer_each(|_| EntryResult::Refused(TOO_LONG));
    }
    assert_eq!(stored.await.unwrap().unwrap_err().code, "dead_letter_refused");
}

#[tokio::test]
async fn without_a_bucket_the_error_names_the_variable_to_set() {
    let mut queue = Queue::start().await;
    let stored = queue.store(of_bytes(0, 300_000));
    queue.call().await.answer_each(|_| EntryResult::Refused(TOO_LONG));
    let error = stored.await.unwrap().unwrap_err();
    assert_eq!(error.code, "dead_letter_refused");
    let text = error.cause.to_string();
    assert!(text.contains("DEAD_LETTER_BUCKET") && text.contains("MaximumMessageSize"), "the remedy: {text}");
    let from_sqs = std::error::Error::source(&*error.cause).unwrap().to_string();
    assert!(from_sqs.contains(TOO_LONG), "{from_sqs}");
}

#[tokio::test]
async fn letters_too_long_together_are_sent_one_by_one() {
    let mut queue = Queue::start().await;
    let mut stores: Vec<_> = (0..4).map(|offset| queue.store(letter(offset))).collect();
    let first = queue.call().await;
    queue.all_waiting().await;
    first.succeed();
    let together = queue.call().await;
    assert_eq!(together.letters.len(), 3);
    together.refuse(TOO_LONG_TOGETHER);
    for offset in 1..4 {
        let alone = queue.call_of(&mut stores[offset as usize]).await;
        assert_eq!(alone.letters, [id(offset)]);
        alone.answer_each(|letter| if letter == id(2) { EntryResult::Refused(TOO_LONG) } else { EntryResult::Stored });
    }
    let mut codes = Vec::new();
    for store in stores {
        codes.push(store.await.unwrap().err().map(|error| error.code));
    }
    assert_eq!(codes, [None, None, Some("dead_letter_refused"), None], "the others are stored");
}
