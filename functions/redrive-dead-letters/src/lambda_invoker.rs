//! Implements [`Invoker`] with the Lambda Invoke API, of AWS, of `cargo lambda watch` and of AWS's Runtime Interface Emulator.

use std::error::Error;
use std::io;
use std::time::Duration;

use aws_sdk_lambda::Client;
use aws_sdk_lambda::config::retry::RetryConfig;
use aws_sdk_lambda::config::timeout::TimeoutConfig;
use aws_sdk_lambda::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_lambda::operation::invoke::{InvokeError, InvokeOutput};
use aws_sdk_lambda::primitives::Blob;
use event_functions::SdkConfig;
use event_functions::redrive::{ExpectedAnswer, Invoked, Invoker, NotInvoked, Target, error_text, read_answer};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::Value;

type Response = aws_sdk_lambda::config::http::HttpResponse;

/// How AWS's Runtime Interface Emulator tells of a function that exceeded its timeout: with status 200, and no JSON around it.
const TIMED_OUT: &[u8] = b"Task timed out after";
const EXCEEDED: &str = "the function exceeded its timeout";

/// Invokes functions through Lambda's Invoke API. AWS marks a function that failed by `X-Amz-Function-Error`. With
/// `AWS_ENDPOINT_URL_LAMBDA` functions are invoked elsewhere, and their failures look different:
///
/// | | the function failed | its process ended | it exceeded its timeout |
/// |---|---|---|---|
/// | `cargo lambda watch` | 500 | 500 | 408 |
/// | AWS's Runtime Interface Emulator | 200 and an error document | 502 and an error document | 200 and a text |
#[derive(Debug, Clone)]
pub struct LambdaInvoker {
    client: Client,
}

impl LambdaInvoker {
    /// An invoker that waits at most `timeout` for an answer. It retries nothing: an invocation whose answer was lost may
    /// have had its effect.
    pub fn new(aws: &SdkConfig, timeout: Duration) -> Self {
        let timeouts = TimeoutConfig::builder().operation_attempt_timeout(timeout).read_timeout(timeout).build();
        let config = aws_sdk_lambda::config::Builder::from(aws)
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts)
            .build();
        LambdaInvoker { client: Client::from_conf(config) }
    }

    async fn invoke(&self, target: &Target, event: Vec<u8>) -> Result<Invoked, NotInvoked> {
        let call = self.client.invoke().function_name(&target.function).set_qualifier(target.qualifier.clone());
        match call.payload(Blob::new(event)).send().await {
            Ok(output) => Ok(read_output(&output, &target.expected)),
            Err(error) => read_error(target, error),
        }
    }
}

impl Invoker for LambdaInvoker {
    fn invoke<'a>(&'a self, target: &'a Target, event: Vec<u8>) -> BoxFuture<'a, Result<Invoked, NotInvoked>> {
        self.invoke(target, event).boxed()
    }
}

fn read_output(output: &InvokeOutput, expected: &ExpectedAnswer) -> Invoked {
    let payload = output.payload().map(Blob::as_ref).unwrap_or_default();
    match output.function_error() {
        Some(_) => Invoked::Failed(error_text(payload)),
        None if is_error_document(payload) => Invoked::Failed(error_text(payload)),
        None if payload.starts_with(TIMED_OUT) => Invoked::Failed(EXCEEDED.to_owned()),
        None => read_answer(payload, expected),
    }
}

fn read_error(target: &Target, error: SdkError<InvokeError, Response>) -> Result<Invoked, NotInvoked> {
    let function = || target.function.clone();
    match error {
        SdkError::ServiceError(service) => {
            let raw = service.raw();
            if let Some(invoked) = read_local_error(raw.status().as_u16(), raw) {
                return Ok(invoked);
            }
            let code = service.err().code().unwrap_or_default();
            match (code, raw.status().as_u16()) {
                ("TooManyRequestsException", _) | (_, 429) => Err(NotInvoked::Throttled(function())),
                ("ResourceNotFoundException", _) | (_, 404) => Err(NotInvoked::Missing(function())),
                ("RequestTooLargeException", _) | (_, 413) => Err(NotInvoked::TooLarge(function())),
                (code, 401 | 403) if !code.starts_with("KMS") => Err(NotInvoked::Denied(function())),
                // Lambda can answer 5xx after the function has started.
                (code, 500..) => Ok(Invoked::Unknown(format!("Lambda failed during the invocation ({code})"))),
                (code, status) => {
                    let code = if code.is_empty() { format!("HTTP {status}") } else { code.to_owned() };
                    Err(NotInvoked::Refused { function: function(), code })
                }
            }
        }
        SdkError::ConstructionFailure(failure) => Err(unreachable(SdkError::ConstructionFailure(failure))),
        SdkError::DispatchFailure(failure)
            if !may_have_been_sent(failure.as_connector_error().map(|error| error as &(dyn Error + 'static))) =>
        {
            Err(unreachable(SdkError::DispatchFailure(failure)))
        }
        SdkError::DispatchFailure(_) => Ok(Invoked::Unknown("the connection broke before the answer came".to_owned())),
        SdkError::TimeoutError(_) => Ok(Invoked::Unknown("no answer in time".to_owned())),
        SdkError::ResponseError(_) => Ok(Invoked::Unknown("the answer cannot be read".to_owned())),
        // The SDK may add variants.
        _ => Ok(Invoked::Unknown("no answer".to_owned())),
    }
}

fn unreachable(error: SdkError<InvokeError, Response>) -> NotInvoked {
    NotInvoked::Unreachable(Box::new(error))
}

/// Reads an error of `cargo lambda watch` or of the Runtime Interface Emulator; `None` for an error of AWS, which has its
/// name in a header.
fn read_local_error(status: u16, raw: &Response) -> Option<Invoked> {
    if raw.headers().get("x-amzn-errortype").is_some() {
        return None;
    }
    let body = raw.body().bytes().unwrap_or_default();
    match status {
        500 => Some(Invoked::Failed(error_text(body))),
        502 if is_error_document(body) => Some(Invoked::Failed(error_text(body))),
        408 => Some(Invoked::Failed(EXCEEDED.to_owned())),
        _ => None,
    }
}

/// Whether this is how a runtime reports a failure, whatever stands around it.
fn is_error_document(body: &[u8]) -> bool {
    let document: Value = serde_json::from_slice(body).unwrap_or_default();
    document["errorType"].is_string() && document["errorMessage"].is_string()
}

/// Whether the request may have been sent. Only a connection that was never made proves that it was not.
fn may_have_been_sent(mut cause: Option<&(dyn Error + 'static)>) -> bool {
    while let Some(error) = cause {
        if let Some(io) = error.downcast_ref::<io::Error>() {
            return !matches!(
                io.kind(),
                io::ErrorKind::ConnectionRefused
                    | io::ErrorKind::HostUnreachable
                    | io::ErrorKind::NetworkUnreachable
                    | io::ErrorKind::AddrNotAvailable
            );
        }
        cause = error.source();
    }
    true
}
