//! The Invoke API of AWS, of `cargo lambda watch` and of the Runtime Interface Emulator: what each answer means.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets a surprise must fail")]

use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_lambda::config::Credentials;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use event_functions::redrive::{ExpectedAnswer, Invoked, Invoker, NotInvoked, Target};
use redrive_dead_letters::LambdaInvoker;
use tokio::net::TcpListener;

/// Status, one header, body.
type Answer = (u16, Option<(&'static str, &'static str)>, &'static str);

async fn config(endpoint: &str) -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(endpoint)
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .load()
        .await
}

async fn invoke_of(answer: Answer) -> Result<Invoked, NotInvoked> {
    invoke_for(ExpectedAnswer::NoFailures, answer).await
}

async fn invoke_for(expected: ExpectedAnswer, answer: Answer) -> Result<Invoked, NotInvoked> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let routes = Router::new().route("/2015-03-31/functions/{name}/invocations", post(respond)).with_state(answer);
    tokio::spawn(async move { axum::serve(listener, routes).await });
    let invoker = LambdaInvoker::new(&config(&endpoint).await, Duration::from_secs(5));
    let target = Target { function: "welcome".into(), qualifier: Some("live".into()), expected };
    invoker.invoke(&target, b"{}".to_vec()).await
}

async fn respond(State((status, header, body)): State<Answer>, Path(name): Path<String>, uri: Uri) -> Response {
    assert_eq!((name.as_str(), uri.query()), ("welcome", Some("Qualifier=live")));
    let mut headers = HeaderMap::new();
    if let Some((name, value)) = header {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    (StatusCode::from_u16(status).unwrap(), headers, body).into_response()
}

const FAILED: &str = r#"{"errorType":"UnfinishedRecords","errorMessage":"1 of 1 records are not finished (x: 1)"}"#;
const REFUSED: &str = r#"{"Type":"User","message":"no"}"#;

fn error(name: &'static str) -> Option<(&'static str, &'static str)> {
    Some(("x-amzn-errortype", name))
}

#[tokio::test]
async fn only_an_answer_without_failures_finishes_a_batch() {
    assert_eq!(invoke_of((200, None, r#"{"batchItemFailures":[]}"#)).await.unwrap(), Invoked::Finished);
    for answer in ["", "null", "{}", r#"{"batchItemFailures":null}"#, r#"{"statusCode":200}"#] {
        assert!(matches!(invoke_of((200, None, answer)).await.unwrap(), Invoked::Unconfirmed(_)), "{answer:?}");
    }
}

/// The answer of a scheduled run, or of a function that was invoked by mistake, must not remove a letter.
#[tokio::test]
async fn only_an_answer_that_names_the_letter_finishes_it() {
    let read = async |answer| {
        invoke_for(ExpectedAnswer::Finished("0a-redriven".to_owned()), (200, None, answer)).await.unwrap()
    };
    assert_eq!(read(r#"{"finished":"0a-redriven"}"#).await, Invoked::Finished);
    let schedules = r#"{"pages":1,"published":3,"parked":0,"ended":"caught_up"}"#;
    for answer in ["", "null", "{}", schedules, r#"{"finished":"0b-redriven"}"#, r#"{"batchItemFailures":[]}"#] {
        assert!(matches!(read(answer).await, Invoked::Unconfirmed(_)), "{answer}");
    }
}

#[tokio::test]
async fn a_failed_function_is_reported_with_its_error_on_aws_and_watch() {
    let error = "UnfinishedRecords: 1 of 1 records are not finished (x: 1)".to_owned();
    for answer in [(200, Some(("x-amz-function-error", "Unhandled")), FAILED), (500, None, FAILED)] {
        assert_eq!(invoke_of(answer).await.unwrap(), Invoked::Failed(error.clone()));
    }
    let listed = invoke_of((200, None, r#"{"batchItemFailures":[{"itemIdentifier":{}}]}"#)).await.unwrap();
    assert_eq!(listed, Invoked::Failed("reported as unfinished: 1".to_owned()));
    for answer in ["[1]", "\"text\"", "not JSON"] {
        assert!(matches!(invoke_of((200, None, answer)).await.unwrap(), Invoked::Unconfirmed(_)), "{answer}");
    }
    assert!(matches!(invoke_of((408, None, "")).await.unwrap(), Invoked::Failed(_)), "a timeout under watch");
}

/// The Runtime Interface Emulator answers 200 to an error and to a timeout alike, and marks neither.
#[tokio::test]
async fn an_error_that_only_its_document_shows_is_a_failure() {
    let error = "UnfinishedRecords: 1 of 1 records are not finished (x: 1)".to_owned();
    let finished = ExpectedAnswer::Finished("0a-redriven".to_owned());
    for expected in [ExpectedAnswer::NoFailures, finished.clone()] {
        for status in [200, 502] {
            assert_eq!(
                invoke_for(expected.clone(), (status, None, FAILED)).await.unwrap(),
                Invoked::Failed(error.clone())
            );
        }
        let late = invoke_for(expected, (200, None, "Task timed out after 3.00 seconds")).await.unwrap();
        assert_eq!(late, Invoked::Failed("the function exceeded its timeout".to_owned()));
    }
    let both = r#"{"finished":"0a-redriven","batchItemFailures":[],"errorType":"Poison","errorMessage":"no"}"#;
    let failed = invoke_for(finished.clone(), (200, None, both)).await.unwrap();
    assert_eq!(failed, Invoked::Failed("Poison: no".to_owned()));
    // A gateway on the way, which knows nothing of the function.
    assert!(matches!(invoke_of((502, None, "<html>")).await.unwrap(), Invoked::Unknown(_)));
    // An answer that only mentions an error.
    let mentions = r#"{"finished":"0a-redriven","errorType":null}"#;
    assert_eq!(invoke_for(finished, (200, None, mentions)).await.unwrap(), Invoked::Finished);
}

#[tokio::test]
async fn a_rejected_invocation_counts_as_not_invoked() {
    let refused = async |status, name| invoke_of((status, error(name), REFUSED)).await.unwrap_err();
    assert!(matches!(refused(429, "TooManyRequestsException").await, NotInvoked::Throttled(_)));
    assert!(matches!(refused(404, "ResourceNotFoundException").await, NotInvoked::Missing(_)));
    assert!(matches!(refused(403, "AccessDeniedException").await, NotInvoked::Denied(_)));
    assert!(matches!(refused(413, "RequestTooLargeException").await, NotInvoked::TooLarge(_)));
    assert!(matches!(refused(409, "ResourceConflictException").await, NotInvoked::Refused { .. }));
    let nobody = LambdaInvoker::new(&config("http://127.0.0.1:1").await, Duration::from_secs(5));
    let target = Target { function: "welcome".into(), qualifier: None, expected: ExpectedAnswer::NoFailures };
    let unreachable = nobody.invoke(&target, b"{}".to_vec()).await;
    assert!(matches!(unreachable, Err(NotInvoked::Unreachable(_))), "{unreachable:?}");
}

#[tokio::test]
async fn an_error_of_lambda_itself_leaves_the_result_unknown() {
    let answer = (500, error("ServiceException"), REFUSED);
    assert!(matches!(invoke_of(answer).await.unwrap(), Invoked::Unknown(_)));
}

/// Invokes a function on a server that takes one request, and then closes the connection or never answers.
async fn silent(close: bool) -> Result<Invoked, NotInvoked> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            assert!(open.is_empty(), "the request is not sent again");
            stream.readable().await.unwrap();
            open.push((!close).then_some(stream));
        }
    });
    let invoker = LambdaInvoker::new(&config(&endpoint).await, Duration::from_millis(300));
    let target = Target { function: "welcome".into(), qualifier: None, expected: ExpectedAnswer::NoFailures };
    let invoked = invoker.invoke(&target, b"{}".to_vec()).await;
    assert!(!server.is_finished());
    server.abort();
    invoked
}

#[tokio::test]
async fn a_missing_answer_leaves_the_result_unknown_without_a_retry() {
    for close in [true, false] {
        let invoked = silent(close).await;
        assert!(matches!(invoked, Ok(Invoked::Unknown(_))), "{invoked:?}");
    }
}
