//! [`Invoker`] on the Lambda Invoke API: AWS's own, and that of `cargo lambda watch`.

use std::error::Error;
use std::io;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_lambda::Client;
use aws_sdk_lambda::config::retry::RetryConfig;
use aws_sdk_lambda::config::timeout::TimeoutConfig;
use aws_sdk_lambda::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_lambda::operation::invoke::{InvokeError, InvokeOutput};
use aws_sdk_lambda::primitives::Blob;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use redrive_core::{ExpectedAnswer, Invoked, Invoker, NotInvoked, Target, error_text, read_answer};

type Response = aws_sdk_lambda::config::http::HttpResponse;

/// Invokes through Lambda's API. `AWS_ENDPOINT_URL_LAMBDA` leads it to `cargo lambda watch`, which speaks a dialect: a
/// function that failed answers HTTP 500 (AWS: 200 with `X-Amz-Function-Error`), one that took too long 408.
#[derive(Debug, Clone)]
pub struct LambdaInvoker {
    client: Client,
}

impl LambdaInvoker {
    /// Waits for an answer for `timeout` at most. Retries nothing: an invocation whose answer was lost may have done
    /// its work.
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
            Ok(output) => Ok(ended(&output, &target.expected)),
            Err(error) => failed(target, error),
        }
    }
}

impl Invoker for LambdaInvoker {
    fn invoke<'a>(&'a self, target: &'a Target, event: Vec<u8>) -> BoxFuture<'a, Result<Invoked, NotInvoked>> {
        self.invoke(target, event).boxed()
    }
}

fn ended(output: &InvokeOutput, expected: &ExpectedAnswer) -> Invoked {
    let payload = output.payload().map(Blob::as_ref).unwrap_or_default();
    match output.function_error() {
        Some(_) => Invoked::Failed(error_text(payload)),
        None => read_answer(payload, expected),
    }
}

fn failed(target: &Target, error: SdkError<InvokeError, Response>) -> Result<Invoked, NotInvoked> {
    let function = || target.function.clone();
    match error {
        SdkError::ServiceError(service) => {
            let raw = service.raw();
            if let Some(invoked) = watched(raw.status().as_u16(), raw) {
                return Ok(invoked);
            }
            let code = service.err().code().unwrap_or_default();
            match (code, raw.status().as_u16()) {
                ("TooManyRequestsException", _) | (_, 429) => Err(NotInvoked::Throttled(function())),
                ("ResourceNotFoundException", _) | (_, 404) => Err(NotInvoked::Missing(function())),
                ("RequestTooLargeException", _) | (_, 413) => Err(NotInvoked::TooLarge(function())),
                (code, 401 | 403) if !code.starts_with("KMS") => Err(NotInvoked::Denied(function())),
                // A 5xx of Lambda itself may come after the function began.
                (code, 500..) => Ok(Invoked::Unknown(format!("Lambda failed over the invocation ({code})"))),
                (code, status) => {
                    let code = if code.is_empty() { format!("HTTP {status}") } else { code.to_owned() };
                    Err(NotInvoked::Refused { function: function(), code })
                }
            }
        }
        SdkError::ConstructionFailure(failure) => Err(unreachable(SdkError::ConstructionFailure(failure))),
        SdkError::DispatchFailure(failure)
            if !sent(failure.as_connector_error().map(|error| error as &(dyn Error + 'static))) =>
        {
            Err(unreachable(SdkError::DispatchFailure(failure)))
        }
        SdkError::DispatchFailure(_) => Ok(Invoked::Unknown("the connection broke before the answer".to_owned())),
        SdkError::TimeoutError(_) => Ok(Invoked::Unknown("no answer in time".to_owned())),
        SdkError::ResponseError(_) => Ok(Invoked::Unknown("the answer cannot be read".to_owned())),
        // The SDK keeps the right to say more.
        _ => Ok(Invoked::Unknown("no answer".to_owned())),
    }
}

fn unreachable(error: SdkError<InvokeError, Response>) -> NotInvoked {
    NotInvoked::Unreachable(Box::new(error))
}

/// The dialect of `cargo lambda watch`. AWS's own errors carry their name in a header, this one's do not.
fn watched(status: u16, raw: &Response) -> Option<Invoked> {
    if raw.headers().get("x-amzn-errortype").is_some() {
        return None;
    }
    match status {
        500 => Some(Invoked::Failed(error_text(raw.body().bytes().unwrap_or_default()))),
        408 => Some(Invoked::Failed("the function took longer than its timeout".to_owned())),
        _ => None,
    }
}

/// Whether the request may have left. Only a connection that was never made proves that it has not.
fn sent(mut cause: Option<&(dyn Error + 'static)>) -> bool {
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
