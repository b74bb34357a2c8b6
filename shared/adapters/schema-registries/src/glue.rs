//! The client of AWS Glue's schema registry: schema versions by their UUID.
//!
//! It makes one call of one service, so it signs the request itself (Signature Version 4) and does without that service's SDK.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use aws_types::SdkConfig;
use futures_util::{FutureExt, future::BoxFuture};
use reqwest::{Client, StatusCode, Url};
use schema_registry::{RegistryError, RegistryErrorKind, RegistryTarget, SchemaRef, SchemaText, Schemas};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::http::{Cause, HttpResponse, RetryLimits, receive};

const SERVICE: &str = "glue";
const TARGET: &str = "AWSGlue.GetSchemaVersion";
const CONTENT: &str = "application/x-amz-json-1.1";
/// A schema definition has at most 170,000 characters.
const MAX_ANSWER_BYTES: usize = 4 << 20;

/// How long Glue may take; see [`ConfluentConfig`](crate::ConfluentConfig) for the parts.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const RETRY_LIMITS: RetryLimits =
    RetryLimits { rounds: 2, max_pause: Duration::from_millis(500), timeout: Duration::from_secs(10) };

/// AWS Glue's schema registry, as this account and region have it. It needs the right `glue:GetSchemaVersion`.
#[derive(Debug, Clone)]
pub struct GlueRegistry {
    client: Client,
    endpoint: Url,
    region: String,
    credentials: SharedCredentialsProvider,
}

/// The client cannot be built with this configuration.
#[derive(Debug, thiserror::Error)]
pub enum GlueConfigError {
    /// The AWS configuration has no region.
    #[error("AWS Glue needs a region: set AWS_REGION")]
    Region,
    /// The AWS configuration has no credentials.
    #[error("AWS Glue needs credentials: a role or the AWS SDK's variables")]
    Credentials,
    /// The endpoint is not a URL.
    #[error("the endpoint of AWS Glue must look like https://host:port, without user and password")]
    Endpoint,
    /// The HTTP client could not be built.
    #[error("the HTTP client of AWS Glue cannot be built")]
    Client(#[source] reqwest::Error),
}

impl GlueRegistry {
    /// A client with the region and credentials of `aws`; nothing is sent yet. `endpoint` is for an interface endpoint
    /// of a VPC or an emulator; without it the endpoint is that of `aws` or else the region's own. One request may take
    /// `request_timeout`.
    ///
    /// # Errors
    /// When there is no region or no source of credentials, or the endpoint is not a URL.
    pub fn new(aws: &SdkConfig, endpoint: Option<&str>, request_timeout: Duration) -> Result<Self, GlueConfigError> {
        let region = aws.region().ok_or(GlueConfigError::Region)?.to_string();
        let credentials = aws.credentials_provider().ok_or(GlueConfigError::Credentials)?;
        // China's regions have a domain of their own.
        let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        let own = format!("https://glue.{region}.{domain}");
        let endpoint = Url::parse(endpoint.or(aws.endpoint_url()).unwrap_or(&own)).ok();
        let endpoint = endpoint.filter(|url| matches!(url.scheme(), "http" | "https") && url.username().is_empty());
        let client = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(request_timeout)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(GlueConfigError::Client)?;
        Ok(Self { client, endpoint: endpoint.ok_or(GlueConfigError::Endpoint)?, region, credentials })
    }

    async fn version(&self, version: Uuid) -> Result<Arc<SchemaText>, RegistryError> {
        let target = RegistryTarget::Schema(SchemaRef::GlueVersion(version));
        let body = serde_json::to_vec(&GetSchemaVersion { schema_version_id: version })
            .map_err(|error| RegistryError::new(target.clone(), RegistryErrorKind::Refused).caused_by(error))?;
        RETRY_LIMITS.run(&target, || async { found(self.send(&target, &body).await?, &target) }.boxed()).await
    }

    async fn send(&self, target: &RegistryTarget, body: &[u8]) -> Result<HttpResponse, RegistryError> {
        // Wrong credentials are wrong for every record.
        let refused = |cause: Unsigned| RegistryError::new(target.clone(), RegistryErrorKind::Refused).caused_by(cause);
        let credentials = self.credentials.provide_credentials().await.map_err(|_| refused(Unsigned::Credentials))?;
        let identity = credentials.into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(SERVICE)
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .map_err(|_| refused(Unsigned::Signature))?
            .into();
        let headers = [("content-type", CONTENT), ("x-amz-target", TARGET)];
        let signable =
            SignableRequest::new("POST", self.endpoint.as_str(), headers.into_iter(), SignableBody::Bytes(body))
                .map_err(|_| refused(Unsigned::Signature))?;
        let (signature, _) = sign(signable, &parameters).map_err(|_| refused(Unsigned::Signature))?.into_parts();
        let request = headers
            .into_iter()
            .chain(signature.headers())
            .fold(self.client.post(self.endpoint.clone()).body(body.to_vec()), |request, (name, value)| {
                request.header(name, value)
            });
        receive(request, MAX_ANSWER_BYTES, target).await
    }
}

impl Schemas for GlueRegistry {
    fn by_id(&self, schema: SchemaRef) -> BoxFuture<'_, Result<Arc<SchemaText>, RegistryError>> {
        async move {
            match schema {
                SchemaRef::GlueVersion(version) => self.version(version).await,
                SchemaRef::Id(_) | SchemaRef::Guid(_) => {
                    Err(RegistryError::new(schema, RegistryErrorKind::Unsupported))
                }
            }
        }
        .boxed()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct GetSchemaVersion {
    schema_version_id: Uuid,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SchemaVersion {
    schema_definition: String,
    data_format: String,
    status: Option<String>,
}

#[derive(Deserialize)]
struct Exception {
    #[serde(rename = "__type")]
    name: String,
}

#[derive(Debug, thiserror::Error)]
enum Unsigned {
    #[error("the AWS credentials cannot be loaded")]
    Credentials,
    #[error("the request cannot be signed")]
    Signature,
}

fn found(answer: HttpResponse, target: &RegistryTarget) -> Result<Arc<SchemaText>, RegistryError> {
    if answer.status != StatusCode::OK {
        return Err(refusal(&answer, target));
    }
    let error = |kind| RegistryError::new(target.clone(), kind);
    // The error of serde_json may quote the body, so it is not kept.
    let version: SchemaVersion = serde_json::from_slice(&answer.body)
        .map_err(|_| error(RegistryErrorKind::Refused).caused_by(Cause::Unreadable))?;
    match (version.data_format.as_str(), version.status.as_deref()) {
        // Its compatibility is still being checked.
        (_, Some("PENDING")) => Err(error(RegistryErrorKind::Unavailable)),
        (_, Some("FAILURE")) => Err(error(RegistryErrorKind::Unusable)),
        ("AVRO", _) => Ok(Arc::new(SchemaText { text: version.schema_definition, references: Vec::new() })),
        _ => Err(error(RegistryErrorKind::Unusable)),
    }
}

/// Most exceptions have status 400 and differ by name.
fn refusal(answer: &HttpResponse, target: &RegistryTarget) -> RegistryError {
    let status = answer.status.as_u16();
    let exception = serde_json::from_slice::<Exception>(&answer.body).ok();
    // `com.amazonaws.glue#EntityNotFoundException`, or without what stands before the `#`.
    let name = exception.as_ref().and_then(|exception| exception.name.rsplit('#').next());
    let kind = match name {
        Some("EntityNotFoundException") => RegistryErrorKind::NotFound,
        Some("ThrottlingException" | "ThrottledException" | "Throttling" | "TooManyRequestsException") => {
            RegistryErrorKind::Throttled
        }
        Some("InternalServiceException" | "OperationTimeoutException" | "ServiceUnavailableException") => {
            RegistryErrorKind::Unavailable
        }
        Some(_) | None => answer.kind_by_status(),
    };
    let cause = match name {
        Some(name) => Cause::Code { status, code: name.chars().filter(char::is_ascii_alphanumeric).take(60).collect() },
        None => Cause::Status(status),
    };
    RegistryError::new(target.clone(), kind).after(answer.retry_after).caused_by(cause)
}
