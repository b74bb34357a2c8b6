//! The source: one request for a secret, tried again where it may help.

use std::time::Duration;

use aws_types::SdkConfig;
use aws_types::service_config::ServiceConfigKey;
use environment::{FetchError, SecretArn, SecretError, SecretSource};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use signed_requests::{Answer, Place, ServiceClient, ServiceClientError, Unsent};

const SERVICE: &str = "secretsmanager";
const OPERATION: &str = "secretsmanager.GetSecretValue";
/// A secret has at most 64 KiB, and JSON may write a byte in six.
const MAX_ANSWER_BYTES: usize = 512 << 10;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(4);
const TRIES: u32 = 3;
/// The longest pause before the second try; it doubles.
const PAUSE: Duration = Duration::from_millis(200);

/// AWS Secrets Manager, in the regions that the ARNs name.
#[derive(Debug, Clone)]
pub struct SecretsManager {
    client: ServiceClient,
    endpoint: Option<String>,
}

/// The client cannot be built.
#[derive(Debug, thiserror::Error)]
#[error("the client of AWS Secrets Manager cannot be built")]
pub struct SecretsManagerError(#[from] ServiceClientError);

/// Why a request failed, as far as it may be shown.
#[derive(Debug, thiserror::Error)]
enum Cause {
    #[error("the endpoint of AWS Secrets Manager must look like https://host:port, without user and password")]
    Endpoint,
    #[error("AWS Secrets Manager answered with HTTP status {status} and error code {code}")]
    Refused { status: u16, code: String },
    #[error("the answer of AWS Secrets Manager contains no text")]
    NoText,
    #[error("the answer is not one of AWS Secrets Manager")]
    Unreadable,
    #[error("AWS Secrets Manager could not be asked")]
    Unsent(#[source] Unsent),
}

impl SecretsManager {
    /// A client with the credentials of `aws`; nothing is requested yet. Its endpoint is that of
    /// `AWS_ENDPOINT_URL_SECRETS_MANAGER`, that of `aws`, or else the one of the secret's region.
    ///
    /// # Errors
    /// When there is no source of credentials, or TLS cannot be set up.
    pub fn new(aws: &SdkConfig) -> Result<Self, SecretsManagerError> {
        let client = ServiceClient::new(SERVICE, aws, CONNECT_TIMEOUT, REQUEST_TIMEOUT, MAX_ANSWER_BYTES)?;
        Ok(SecretsManager { client, endpoint: own_endpoint(aws).or_else(|| aws.endpoint_url().map(str::to_owned)) })
    }

    async fn text(&self, arn: &SecretArn) -> Result<String, SecretError> {
        let mut tries = 1;
        let mut pause = PAUSE;
        loop {
            match self.ask(arn).await {
                Ok(text) => return Ok(text),
                Err((FetchError::Unavailable, _)) if tries < TRIES => {}
                Err((problem, cause)) => return Err(SecretError::fetch(arn, problem, cause)),
            }
            tokio::time::sleep(pause.mul_f64(fastrand::f64())).await;
            pause *= 2;
            tries += 1;
        }
    }

    async fn ask(&self, arn: &SecretArn) -> Result<String, (FetchError, Cause)> {
        let place = Place::of(SERVICE, arn.region(), self.endpoint.as_deref());
        let place = place.ok_or((FetchError::NoEndpoint, Cause::Endpoint))?;
        let body = serde_json::to_vec(&GetSecretValue { secret_id: arn.as_str() })
            .map_err(|_| (FetchError::NotFound, Cause::Unreadable))?;
        match self.client.call(&place, OPERATION, body).await {
            Ok(answer) if answer.status.is_success() => text_of(&answer),
            Ok(answer) => Err(refusal(&answer)),
            Err(unsent @ Unsent::Incomplete(_)) => Err((FetchError::Unavailable, Cause::Unsent(unsent))),
            Err(unsent @ (Unsent::Credentials(_) | Unsent::Signature)) => {
                Err((FetchError::NoCredentials, Cause::Unsent(unsent)))
            }
        }
    }
}

impl SecretSource for SecretsManager {
    fn fetch<'a>(&'a self, arn: &'a SecretArn) -> BoxFuture<'a, Result<String, SecretError>> {
        self.text(arn).boxed()
    }
}

/// As the SDK's clients find it: by a variable or the profile, for this service alone.
fn own_endpoint(aws: &SdkConfig) -> Option<String> {
    let key = ServiceConfigKey::builder()
        .service_id("Secrets Manager")
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build()
        .ok()?;
    aws.service_config()?.load_config(key)
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct GetSecretValue<'a> {
    secret_id: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SecretValue {
    secret_string: Option<String>,
}

fn text_of(answer: &Answer) -> Result<String, (FetchError, Cause)> {
    // The error of serde_json may quote the body, so it is not kept.
    let value: SecretValue =
        serde_json::from_slice(&answer.body).map_err(|_| (FetchError::Unavailable, Cause::Unreadable))?;
    value.secret_string.ok_or((FetchError::NoText, Cause::NoText))
}

fn refusal(answer: &Answer) -> (FetchError, Cause) {
    let (status, code) = (answer.status.as_u16(), answer.exception().unwrap_or_default());
    let problem = match code.as_str() {
        // The second one: it is being deleted.
        "ResourceNotFoundException" | "InvalidRequestException" => FetchError::NotFound,
        "ThrottlingException" | "Throttling" | "TooManyRequestsException" | "InternalServiceError" => {
            FetchError::Unavailable
        }
        _ if answer.status.is_server_error() || matches!(status, 408 | 429) => FetchError::Unavailable,
        _ => FetchError::Denied,
    };
    (problem, Cause::Refused { status, code })
}
