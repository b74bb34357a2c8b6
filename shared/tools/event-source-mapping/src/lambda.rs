//! The function behind an Invoke endpoint: AWS's own, or `cargo lambda watch`.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_lambda::Client;
use aws_sdk_lambda::config::Credentials;
use aws_sdk_lambda::error::SdkError;
use aws_sdk_lambda::primitives::Blob;
use bytes::Bytes;

use crate::causes::with_causes;
use crate::ports::{Invocation, Target};

/// A function by name, at an endpoint.
#[derive(Debug, Clone)]
pub struct LambdaFunction {
    client: Client,
    name: String,
}

impl LambdaFunction {
    /// The function `name` at AWS, with the credentials and the region of the environment; or at an endpoint of one's
    /// own, such as `http://127.0.0.1:9000`, which is asked without credentials.
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
        let loader = match endpoint {
            Some(endpoint) => loader
                .endpoint_url(endpoint)
                .region(Region::new("us-east-1"))
                .credentials_provider(Credentials::new("local", "local", None, None, "local")),
            None => loader,
        };
        LambdaFunction { client: Client::new(&loader.load().await), name: name.to_owned() }
    }
}

impl Target for LambdaFunction {
    async fn invoke(&self, event: Bytes) -> Invocation {
        let request = self.client.invoke().function_name(&self.name).payload(Blob::new(event.to_vec()));
        match request.send().await {
            Ok(answer) => {
                let body = Bytes::from(answer.payload.map(Blob::into_inner).unwrap_or_default());
                match answer.function_error {
                    // So does Lambda itself report a timeout.
                    Some(_) if is_timeout(&body) => Invocation::TimedOut,
                    Some(_) => Invocation::Failed(body),
                    None => Invocation::Returned(body),
                }
            }
            Err(error) => of_error(&error),
        }
    }
}

fn of_error<E: std::error::Error + 'static>(error: &SdkError<E>) -> Invocation {
    let Some(response) = error.raw_response() else {
        return Invocation::Unreachable(with_causes(error));
    };
    let body = Bytes::copy_from_slice(response.body().bytes().unwrap_or_default());
    match response.status().as_u16() {
        // `cargo lambda watch` answers so to what AWS answers 200 with a header.
        500 if is_error_document(&body) => Invocation::Failed(body),
        408 => Invocation::TimedOut,
        429 => Invocation::Throttled,
        status => Invocation::Unreachable(format!("HTTP {status}: {}", String::from_utf8_lossy(&body).trim())),
    }
}

fn is_error_document(body: &[u8]) -> bool {
    serde_json::from_slice::<serde_json::Value>(body).is_ok_and(|document| document.get("errorType").is_some())
}

fn is_timeout(body: &[u8]) -> bool {
    let message = serde_json::from_slice::<serde_json::Value>(body).ok();
    let message = message.as_ref().and_then(|document| document["errorMessage"].as_str()).unwrap_or_default();
    message.contains("Task timed out after")
}
