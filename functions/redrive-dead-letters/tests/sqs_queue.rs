//! SQS with messages that are gone, and with calls that fail in part: a message that is gone is not an error, and every
//! chunk is tried.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets a surprise must fail")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sqs::config::Credentials;
use aws_sdk_sqs::config::retry::RetryConfig;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use event_functions::redrive::LetterQueue;
use redrive_dead_letters::SqsLetterQueue;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// The known errors of SQS for a message that is gone.
const GONE: [(&str, &str); 5] = [
    (
        "InvalidParameterValue",
        "Value AQEB for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change.",
    ),
    (
        "InvalidParameterValue",
        "Value AQEB for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.",
    ),
    ("ReceiptHandleIsInvalid", "The input receipt handle is invalid."),
    ("AWS.SimpleQueueService.MessageNotInflight", ""),
    ("MessageNotInflight", "The message referred to is not in flight."),
];
/// Errors of SQS that do not say that a message is gone.
const OTHERS: [(&str, &str); 3] = [
    (
        "InvalidParameterValue",
        "Value 43200 for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the message is beyond the limit [43200 seconds].",
    ),
    ("InternalError", "We encountered an internal error. Please try again."),
    ("AccessDenied", ""),
];

/// Answers with an error for some receipts and with success for all others. The receipt `!` fails its whole call.
#[derive(Default)]
struct Sqs {
    errors: BTreeMap<String, (String, String)>,
    /// The receipts of all calls.
    received: Mutex<Vec<String>>,
}

async fn answer(State(sqs): State<Arc<Sqs>>, headers: HeaderMap, body: Bytes) -> Response {
    let body: Value = serde_json::from_slice(&body).unwrap();
    let target = headers["x-amz-target"].to_str().unwrap();
    assert!(target.ends_with("ChangeMessageVisibilityBatch") || target.ends_with("DeleteMessageBatch"), "{target}");
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for entry in body["Entries"].as_array().unwrap() {
        let receipt = entry["ReceiptHandle"].as_str().unwrap().to_owned();
        match sqs.errors.get(&receipt) {
            None => successful.push(json!({"Id": entry["Id"]})),
            Some((code, text)) => {
                failed.push(json!({"Id": entry["Id"], "SenderFault": true, "Code": code, "Message": text}));
            }
        }
        sqs.received.lock().unwrap().push(receipt);
    }
    if body.to_string().contains('!') {
        let headers = [("x-amzn-errortype", "AccessDeniedException")];
        return (StatusCode::BAD_REQUEST, headers, Json(json!({"__type": "AccessDeniedException"}))).into_response();
    }
    Json(json!({"Successful": successful, "Failed": failed})).into_response()
}

async fn queue(errors: &[(&str, (&str, &str))]) -> (SqsLetterQueue, Arc<Sqs>) {
    let owned = |(receipt, (code, text)): &(&str, (&str, &str))| {
        ((*receipt).to_owned(), ((*code).to_owned(), (*text).to_owned()))
    };
    let sqs = Arc::new(Sqs { errors: errors.iter().map(owned).collect(), received: Mutex::default() });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let routes = Router::new().route("/", post(answer)).with_state(sqs.clone());
    tokio::spawn(async move { axum::serve(listener, routes).await });
    let config: SdkConfig = aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(&endpoint)
        .retry_config(RetryConfig::disabled())
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .load()
        .await;
    (SqsLetterQueue::new(aws_sdk_sqs::Client::new(&config), format!("{endpoint}/000000000000/letters")), sqs)
}

fn receipts(numbers: std::ops::Range<u32>) -> Vec<String> {
    numbers.map(|number| format!("r{number}")).collect()
}

#[tokio::test]
async fn messages_that_are_gone_are_returned_without_an_error() {
    for (code, text) in GONE {
        let (queue, sqs) = queue(&[("r3", (code, text)), ("r14", (code, text))]).await;
        for hide in [Duration::from_secs(600), Duration::ZERO] {
            let gone = queue.hide(&receipts(0..25), hide).await.unwrap();
            assert_eq!(gone, ["r3", "r14"], "{code}: {text}");
        }
        queue.remove(&receipts(0..25)).await.unwrap();
        assert_eq!(sqs.received.lock().unwrap().len(), 75, "{code}: every receipt was in a call each time");
    }
}

#[tokio::test]
async fn other_errors_of_a_message_are_returned() {
    for (code, text) in OTHERS {
        let (queue, _) = queue(&[("r3", (code, text))]).await;
        assert_eq!(queue.hide(&receipts(0..5), Duration::from_secs(600)).await.unwrap_err().code, code);
        assert_eq!(queue.remove(&receipts(0..5)).await.unwrap_err().code, code);
    }
}

/// Messages are made visible chunk by chunk, also after an error.
#[tokio::test]
async fn every_chunk_is_tried_after_an_error() {
    let refused = ("InternalError", "");
    let (queue, sqs) = queue(&[("r3", refused), ("r24", refused)]).await;
    assert_eq!(queue.hide(&receipts(0..35), Duration::ZERO).await.unwrap_err().code, "InternalError");
    assert_eq!(sqs.received.lock().unwrap().len(), 35);

    let (queue, sqs) = self::queue(&[]).await;
    let mut with_a_call_that_fails = receipts(0..35);
    with_a_call_that_fails[12] = "!".to_owned();
    assert_eq!(queue.hide(&with_a_call_that_fails, Duration::ZERO).await.unwrap_err().code, "AccessDeniedException");
    assert_eq!(queue.remove(&with_a_call_that_fails).await.unwrap_err().code, "AccessDeniedException");
    assert_eq!(sqs.received.lock().unwrap().len(), 70);
}
