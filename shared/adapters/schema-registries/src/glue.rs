//! The client of AWS Glue's schema registry: schema versions by their UUID.
//!
//! It makes one call of one service, so it does without that service's SDK.

use std::{sync::Arc, time::Duration};

use aws_types::SdkConfig;
use futures_util::{FutureExt, future::BoxFuture};
use reqwest::StatusCode;
use schema_registry::{RegistryError, RegistryErrorKind, RegistryTarget, SchemaRef, SchemaText, Schemas};
use serde::{Deserialize, Serialize};
use signed_requests::{Answer, Place, ServiceClient, ServiceClientError, Unsent};
use uuid::Uuid;

use crate::http::{Cause, RetryLimits, incomplete, kind_by_status};

const SERVICE: &str = "glue";
const OPERATION: &str = "AWSGlue.GetSchemaVersion";
/// A schema definition has at most 170,000 characters.
const MAX_ANSWER_BYTES: usize = 4 << 20;

/// How long Glue may take; see [`ConfluentConfig`](crate::ConfluentConfig) for the parts.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const RETRY_LIMITS: RetryLimits =
    RetryLimits { rounds: 2, max_pause: Duration::from_millis(500), timeout: Duration::from_secs(10) };

/// AWS Glue's schema registry, as this account and region have it. It needs the right `glue:GetSchemaVersion`.
#[derive(Debug, Clone)]
pub struct GlueRegistry {
    client: ServiceClient,
    place: Place,
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
        let region = aws.region().ok_or(GlueConfigError::Region)?;
        let client =
            ServiceClient::new(SERVICE, aws, CONNECT_TIMEOUT, request_timeout, MAX_ANSWER_BYTES).map_err(|error| {
                match error {
                    ServiceClientError::Credentials => GlueConfigError::Credentials,
                    ServiceClientError::Http(error) => GlueConfigError::Client(error),
                }
            })?;
        let place = Place::of(SERVICE, region.as_ref(), endpoint.or(aws.endpoint_url()));
        Ok(Self { client, place: place.ok_or(GlueConfigError::Endpoint)? })
    }

    async fn version(&self, version: Uuid) -> Result<Arc<SchemaText>, RegistryError> {
        let target = RegistryTarget::Schema(SchemaRef::GlueVersion(version));
        let body = serde_json::to_vec(&GetSchemaVersion { schema_version_id: version })
            .map_err(|error| RegistryError::new(target.clone(), RegistryErrorKind::Refused).caused_by(error))?;
        RETRY_LIMITS.run(&target, || async { found(self.send(&target, &body).await?, &target) }.boxed()).await
    }

    async fn send(&self, target: &RegistryTarget, body: &[u8]) -> Result<Answer, RegistryError> {
        self.client.call(&self.place, OPERATION, body.to_vec()).await.map_err(|unsent| match unsent {
            Unsent::Incomplete(error) => incomplete(target, error),
            // Wrong credentials are wrong for every record.
            Unsent::Credentials(_) | Unsent::Signature => {
                RegistryError::new(target.clone(), RegistryErrorKind::Refused).caused_by(unsent)
            }
        })
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

fn found(answer: Answer, target: &RegistryTarget) -> Result<Arc<SchemaText>, RegistryError> {
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
fn refusal(answer: &Answer, target: &RegistryTarget) -> RegistryError {
    let status = answer.status.as_u16();
    let name = answer.exception();
    let kind = match name.as_deref() {
        Some("EntityNotFoundException") => RegistryErrorKind::NotFound,
        Some("ThrottlingException" | "ThrottledException" | "Throttling" | "TooManyRequestsException") => {
            RegistryErrorKind::Throttled
        }
        Some("InternalServiceException" | "OperationTimeoutException" | "ServiceUnavailableException") => {
            RegistryErrorKind::Unavailable
        }
        Some(_) | None => kind_by_status(answer),
    };
    let cause = match name {
        Some(code) => Cause::Code { status, code },
        None => Cause::Status(status),
    };
    RegistryError::new(target.clone(), kind).after(answer.retry_after).caused_by(cause)
}
