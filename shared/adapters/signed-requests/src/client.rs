//! The client of one service.

use std::time::{Duration, SystemTime};

use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_types::SdkConfig;
use reqwest::{Client, RequestBuilder};
use url::Url;

use crate::answer::{Answer, Incomplete, receive};

const CONTENT: &str = "application/x-amz-json-1.1";

/// Signs requests to one service and sends them.
#[derive(Debug, Clone)]
pub struct ServiceClient {
    http: Client,
    credentials: SharedCredentialsProvider,
    service: &'static str,
    max_answer_bytes: usize,
}

/// The client cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum ServiceClientError {
    /// The AWS configuration has no credentials.
    #[error("the AWS configuration has no credentials: give the function a role, or set the AWS SDK's variables")]
    Credentials,
    /// TLS cannot be set up.
    #[error("the HTTP client cannot be built")]
    Http(#[source] reqwest::Error),
}

/// Where a request goes, and for which region it is signed.
#[derive(Debug, Clone)]
pub struct Place {
    endpoint: Url,
    region: String,
}

/// A request has no answer.
#[derive(Debug, thiserror::Error)]
pub enum Unsent {
    /// The credentials cannot be loaded.
    #[error("the AWS credentials cannot be loaded: give the function a role, or set the AWS SDK's variables")]
    Credentials(#[source] CredentialsError),
    /// The request cannot be signed.
    #[error("the request cannot be signed")]
    Signature,
    /// It was sent.
    #[error(transparent)]
    Incomplete(#[from] Incomplete),
}

impl Place {
    /// The endpoint of a service in a region: `endpoint`, such as an interface endpoint of a VPC or an emulator, or else the
    /// region's own. `None` if that is not an address.
    pub fn of(service: &'static str, region: &str, endpoint: Option<&str>) -> Option<Self> {
        // China's regions have a domain of their own.
        let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        let own = format!("https://{service}.{region}.{domain}");
        let url = Url::parse(endpoint.unwrap_or(&own)).ok()?;
        let usable = matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none();
        usable.then(|| Place { endpoint: url, region: region.to_owned() })
    }
}

impl ServiceClient {
    /// A client with the credentials of `aws`; nothing is sent yet. `service` is the name that requests are signed for.
    ///
    /// # Errors
    /// When there is no source of credentials, or TLS cannot be set up.
    pub fn new(
        service: &'static str,
        aws: &SdkConfig,
        connect_timeout: Duration,
        request_timeout: Duration,
        max_answer_bytes: usize,
    ) -> Result<Self, ServiceClientError> {
        let credentials = aws.credentials_provider().ok_or(ServiceClientError::Credentials)?;
        let http = Client::builder()
            .connect_timeout(connect_timeout)
            .timeout(request_timeout)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(ServiceClientError::Http)?;
        Ok(ServiceClient { http, credentials, service, max_answer_bytes })
    }

    /// Calls an operation, such as `AWSGlue.GetSchemaVersion`, once.
    ///
    /// # Errors
    /// When the request cannot be signed, or there is no whole answer in time.
    pub async fn call(&self, place: &Place, operation: &str, body: Vec<u8>) -> Result<Answer, Unsent> {
        let request = self.signed(place, operation, body).await?;
        Ok(receive(request, self.max_answer_bytes).await?)
    }

    async fn signed(&self, place: &Place, operation: &str, body: Vec<u8>) -> Result<RequestBuilder, Unsent> {
        let identity = self.credentials.provide_credentials().await.map_err(Unsent::Credentials)?.into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&place.region)
            .name(self.service)
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .map_err(|_| Unsent::Signature)?
            .into();
        let headers = [("content-type", CONTENT), ("x-amz-target", operation)];
        let signable =
            SignableRequest::new("POST", place.endpoint.as_str(), headers.into_iter(), SignableBody::Bytes(&body))
                .map_err(|_| Unsent::Signature)?;
        let (signature, _) = sign(signable, &parameters).map_err(|_| Unsent::Signature)?.into_parts();
        let request = self.http.post(place.endpoint.clone()).body(body);
        let headers = headers.into_iter().chain(signature.headers());
        Ok(headers.fold(request, |request, (name, value)| request.header(name, value)))
    }
}
