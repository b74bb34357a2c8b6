//! The function behind an Invoke endpoint: AWS's own, `cargo lambda watch`, or AWS's Runtime Interface Emulator.

use std::time::{Duration, Instant};

use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_lambda::Client;
use aws_sdk_lambda::config::Credentials;
use aws_sdk_lambda::error::SdkError;
use aws_sdk_lambda::primitives::Blob;
use bytes::Bytes;

use crate::ports::{Invocation, Target};
use kafka_connection::with_causes;

const TIMED_OUT: &str = "Task timed out after";

/// A function by name, at an endpoint.
#[derive(Debug, Clone)]
pub struct LambdaFunction {
    client: Client,
    name: String,
    emulated: bool,
    timeout: Option<Duration>,
}

impl LambdaFunction {
    /// The function `name` at AWS, with the credentials and the region of the environment; or at an endpoint of one's
    /// own, such as `http://127.0.0.1:9000`, which is asked without credentials.
    ///
    /// At an endpoint of one's own a response with `errorType` and `errorMessage` is a failure: the emulator in AWS's
    /// container images does not mark errors otherwise.
    ///
    /// An invocation may take 15 minutes, the longest that Lambda knows, and a function that `cargo lambda watch` has to
    /// compile first takes its time.
    pub async fn new(name: &str, endpoint: Option<&str>) -> Self {
        let patience = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(5))
            .operation_attempt_timeout(Duration::from_secs(15 * 60 + 10))
            .build();
        let loader = aws_config::defaults(BehaviorVersion::latest())
            .retry_config(RetryConfig::disabled())
            // A function that takes its time sends nothing meanwhile.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .timeout_config(patience);
        let emulated = endpoint.is_some();
        let loader = match endpoint {
            Some(endpoint) => loader
                .endpoint_url(endpoint)
                .region(Region::new("us-east-1"))
                .credentials_provider(Credentials::new("local", "local", None, None, "local")),
            None => loader,
        };
        LambdaFunction { client: Client::new(&loader.load().await), name: name.to_owned(), emulated, timeout: None }
    }

    /// The same function with its timeout, which counts at an endpoint of one's own: AWS ends an invocation by itself.
    ///
    /// What takes longer is waited for, and counts as timed out whatever it returned. Not to wait would have the retry
    /// run beside it, which AWS never does.
    #[must_use]
    pub fn with_timeout(self, timeout: Option<Duration>) -> Self {
        LambdaFunction { timeout, ..self }
    }

    async fn invoke_once(&self, event: Bytes) -> Invocation {
        let request = self.client.invoke().function_name(&self.name).payload(Blob::new(event.to_vec()));
        match request.send().await {
            Ok(answer) => {
                let body = Bytes::from(answer.payload.map(Blob::into_inner).unwrap_or_default());
                match answer.function_error {
                    // So does Lambda itself report a timeout.
                    Some(_) if is_timeout(&body) => Invocation::TimedOut,
                    Some(_) => Invocation::Failed(body),
                    None if self.emulated && is_error_document(&body) => Invocation::Failed(body),
                    // The Runtime Interface Emulator writes it without JSON around it.
                    None if self.emulated && body.starts_with(TIMED_OUT.as_bytes()) => Invocation::TimedOut,
                    None => Invocation::Returned(body),
                }
            }
            Err(error) => of_error(&error),
        }
    }
}

impl Target for LambdaFunction {
    async fn invoke(&self, event: Bytes) -> Invocation {
        let started = Instant::now();
        let outcome = self.invoke_once(event).await;
        let late = self.emulated && self.timeout.is_some_and(|timeout| started.elapsed() > timeout);
        match outcome {
            Invocation::Returned(_) | Invocation::Failed(_) if late => Invocation::TimedOut,
            outcome => outcome,
        }
    }
}

fn of_error<E: std::error::Error + 'static>(error: &SdkError<E>) -> Invocation {
    let Some(response) = error.raw_response() else {
        return Invocation::Unreachable(with_causes(error));
    };
    let body = Bytes::copy_from_slice(response.body().bytes().unwrap_or_default());
    match response.status().as_u16() {
        // AWS answers 200 with a header. `cargo lambda watch` answers 500 to an error, and the Runtime Interface Emulator
        // 502 to a process that ended.
        500 | 502 if is_error_document(&body) => Invocation::Failed(body),
        408 => Invocation::TimedOut,
        429 => Invocation::Throttled,
        status => Invocation::Unreachable(format!("HTTP {status}: {}", String::from_utf8_lossy(&body).trim())),
    }
}

fn is_error_document(body: &[u8]) -> bool {
    let document = serde_json::from_slice::<serde_json::Value>(body).unwrap_or_default();
    document["errorType"].is_string() && document["errorMessage"].is_string()
}

fn is_timeout(body: &[u8]) -> bool {
    let message = serde_json::from_slice::<serde_json::Value>(body).ok();
    let message = message.as_ref().and_then(|document| document["errorMessage"].as_str()).unwrap_or_default();
    message.contains(TIMED_OUT)
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::http::StatusCode;
    use axum::routing::post;
    use tokio::net::TcpListener;

    use super::*;

    type Answer = (StatusCode, [(&'static str, &'static str); 1], &'static str);

    async fn endpoint(answer: Answer) -> String {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let routes = Router::new().route("/2015-03-31/functions/orders/invocations", post(async move || answer));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        url
    }

    #[tokio::test]
    async fn every_kind_of_endpoint_is_understood() {
        const ERROR: &str = r#"{"errorType":"ValueError","errorMessage":"no total"}"#;
        const EXIT: &str = r#"{"errorType":"Runtime.ExitError","errorMessage":"Error: exit status 7"}"#;
        const TIMEOUT: &str = r#"{"errorMessage":"2026-11-29 1 Task timed out after 3.00 seconds"}"#;
        let failed = |document: &'static str| Invocation::Failed(document.into());
        let returned = |response: &'static str| Invocation::Returned(response.into());
        let (unhandled, plain) = ([("x-amz-function-error", "Unhandled")], [("content-type", "text/plain")]);
        let unavailable = Invocation::Unreachable("HTTP 503: wait".to_owned());
        let answers = [
            // AWS
            ((StatusCode::OK, plain, "null"), returned("null")),
            ((StatusCode::OK, unhandled, ERROR), failed(ERROR)),
            ((StatusCode::OK, unhandled, TIMEOUT), Invocation::TimedOut),
            ((StatusCode::TOO_MANY_REQUESTS, plain, "{}"), Invocation::Throttled),
            ((StatusCode::SERVICE_UNAVAILABLE, plain, "wait"), unavailable),
            // cargo lambda watch
            ((StatusCode::INTERNAL_SERVER_ERROR, plain, ERROR), failed(ERROR)),
            ((StatusCode::REQUEST_TIMEOUT, plain, ""), Invocation::TimedOut),
            // AWS's Runtime Interface Emulator
            ((StatusCode::OK, plain, ERROR), failed(ERROR)),
            ((StatusCode::OK, plain, "Task timed out after 3.00 seconds"), Invocation::TimedOut),
            ((StatusCode::BAD_GATEWAY, plain, EXIT), failed(EXIT)),
            // A response of the function that only mentions an error.
            ((StatusCode::OK, plain, r#"{"errorType":null}"#), returned(r#"{"errorType":null}"#)),
        ];
        for (answer, expected) in answers {
            let url = endpoint(answer).await;
            let outcome = LambdaFunction::new("orders", Some(&url)).await.invoke("{}".into()).await;
            assert_eq!(outcome, expected, "{answer:?}");
        }
    }

    #[tokio::test]
    async fn an_invocation_longer_than_the_timeout_counts_as_timed_out() {
        const ERROR: &str = r#"{"errorType":"ValueError","errorMessage":"no total"}"#;
        let plain = [("content-type", "text/plain")];
        let (short, long) = (Duration::from_nanos(1), Duration::from_secs(60));
        for (status, body, within) in [
            (StatusCode::OK, "null", Invocation::Returned("null".into())),
            (StatusCode::INTERNAL_SERVER_ERROR, ERROR, Invocation::Failed(ERROR.into())),
        ] {
            let url = endpoint((status, plain, body)).await;
            let function = LambdaFunction::new("orders", Some(&url)).await;
            let outcome = async |timeout| function.clone().with_timeout(timeout).invoke("{}".into()).await;
            assert_eq!(outcome(Some(short)).await, Invocation::TimedOut, "{body}");
            assert_eq!((outcome(Some(long)).await, outcome(None).await), (within.clone(), within));
        }
        let url = endpoint((StatusCode::TOO_MANY_REQUESTS, plain, "{}")).await;
        let throttled = LambdaFunction::new("orders", Some(&url)).await.with_timeout(Some(short));
        assert_eq!(throttled.invoke("{}".into()).await, Invocation::Throttled, "the function did not run");
    }
}
