//! Sends requests: to which URL, how often, with which credentials, and for how long.

use std::sync::atomic::{AtomicUsize, Ordering};

use environment::Secret;
use futures_util::FutureExt;
use reqwest::{
    Certificate, Client, Identity, Method, RequestBuilder, StatusCode, Url,
    header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue},
};
use schema_registry::{RegistryError, RegistryErrorKind, RegistryTarget};
use signed_requests::Answer;

use super::{
    answer::success,
    config::{Auth, ConfluentConfig, ConfluentConfigError, Tls},
    oauth::{Token, Tokens, unreadable},
};
use crate::http::{Cause, RetryLimits, is_failure, receive, unavailable};

const CONTENT: &str = "application/vnd.schemaregistry.v1+json";
/// Headers of Confluent Cloud: which cluster is meant, and by which identity pool.
const LOGICAL_CLUSTER: HeaderName = HeaderName::from_static("target-sr-cluster");
const IDENTITY_POOL: HeaderName = HeaderName::from_static("confluent-identity-pool-id");

/// One request to the registry.
pub(super) struct Request<'q> {
    pub(super) target: &'q RegistryTarget,
    pub(super) method: Method,
    pub(super) path: &'q [&'q str],
    pub(super) query: &'q [(&'q str, &'q str)],
    pub(super) body: Option<Vec<u8>>,
}

/// Sends requests and retries them.
#[derive(Debug)]
pub(super) struct Transport {
    client: Client,
    urls: Vec<Url>,
    /// The URL that answered last.
    preferred: AtomicUsize,
    credentials: Credentials,
    limits: RetryLimits,
    max_answer_bytes: usize,
}

#[derive(Debug)]
enum Credentials {
    Fixed(Auth),
    Fetched { tokens: Box<Tokens>, headers: Vec<(HeaderName, HeaderValue)> },
}

impl Transport {
    pub(super) fn new(config: ConfluentConfig) -> Result<Self, ConfluentConfigError> {
        let urls = config.urls.iter().map(|url| base_url(url).ok_or(ConfluentConfigError::Url));
        let urls: Vec<Url> = urls.collect::<Result<_, _>>()?;
        if urls.is_empty() {
            return Err(ConfluentConfigError::Url);
        }
        let client = client(&config)?;
        let credentials = Credentials::of(config.auth, &client, config.max_answer_bytes)?;
        let ConfluentConfig { rounds, max_pause, operation_timeout: timeout, max_answer_bytes, .. } = config;
        let limits = RetryLimits { rounds, max_pause, timeout };
        Ok(Self { client, urls, preferred: AtomicUsize::new(0), credentials, limits, max_answer_bytes })
    }

    /// The body of the answer.
    pub(super) async fn send(&self, request: Request<'_>) -> Result<Vec<u8>, RegistryError> {
        self.limits.run(request.target, || self.round(&request).boxed()).await
    }

    /// Each URL in turn until one answers.
    async fn round(&self, request: &Request<'_>) -> Result<Vec<u8>, RegistryError> {
        let first = self.preferred.load(Ordering::Relaxed);
        let mut last = unavailable(request.target);
        for index in (first..self.urls.len()).chain(0..first) {
            match self.send_authorized(index, request).await {
                Ok(answer) if is_failure(&answer) => {
                    if let Err(error) = success(answer, request.target) {
                        last = error;
                    }
                }
                Ok(answer) => {
                    self.preferred.store(index, Ordering::Relaxed);
                    let refused = answer.status == StatusCode::UNAUTHORIZED;
                    return success(answer, request.target).map_err(|error| match refused && self.has_fixed_user() {
                        true => error.caused_by(Cause::FixedUser),
                        false => error,
                    });
                }
                Err(error) if error.kind() == RegistryErrorKind::Unavailable => last = error,
                Err(error) => return Err(error),
            }
        }
        Err(last)
    }

    /// Whether the password may be replaced while the process runs, and the user may not.
    fn has_fixed_user(&self) -> bool {
        match &self.credentials {
            Credentials::Fixed(Auth::Basic { user, password }) => user.arn().is_none() && password.arn().is_some(),
            Credentials::Fixed(_) | Credentials::Fetched { .. } => false,
        }
    }

    /// Sends a request once, or twice if the registry refuses a token that may have been revoked.
    async fn send_authorized(&self, index: usize, request: &Request<'_>) -> Result<Answer, RegistryError> {
        let Some(url) = self.urls.get(index) else { return Err(unavailable(request.target)) };
        match &self.credentials {
            Credentials::Fixed(Auth::None | Auth::OAuth(_)) => self.send_to(url, request, |builder| builder).await,
            Credentials::Fixed(Auth::Basic { user, password }) => {
                self.send_secrets(url, request, [user, password], |builder, [user, password]| {
                    builder.basic_auth(user, Some(password))
                })
                .await
            }
            Credentials::Fixed(Auth::Bearer(token)) => {
                self.send_secrets(url, request, [token], |builder, [token]| builder.bearer_auth(token)).await
            }
            Credentials::Fetched { tokens, headers } => {
                let token = tokens.fresh(request.target).await?;
                let sign = |token: &Token, builder: RequestBuilder| {
                    let builder = builder.bearer_auth(token.text());
                    headers.iter().fold(builder, |builder, (name, value)| builder.header(name, value))
                };
                let answer = self.send_to(url, request, |builder| sign(&token, builder)).await?;
                if answer.status != StatusCode::UNAUTHORIZED {
                    return Ok(answer);
                }
                tokens.refuse(&token).await;
                let token = tokens.fresh(request.target).await?;
                self.send_to(url, request, |builder| sign(&token, builder)).await
            }
        }
    }

    /// Sends a request once, or twice if the registry refuses secrets of which one has been replaced.
    async fn send_secrets<const N: usize>(
        &self,
        url: &Url,
        request: &Request<'_>,
        secrets: [&Secret; N],
        sign: impl Fn(RequestBuilder, [&str; N]) -> RequestBuilder,
    ) -> Result<Answer, RegistryError> {
        let known = secrets.map(Secret::expose);
        let answer = self.send_to(url, request, |builder| sign(builder, known.each_ref().map(|text| &**text))).await?;
        if !matches!(answer.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            return Ok(answer);
        }
        let mut replaced = false;
        for (secret, text) in secrets.iter().zip(&known) {
            replaced |= secret.refused(text).await.map_err(|error| unreadable(request.target, error))?;
        }
        if !replaced {
            return Ok(answer);
        }
        let known = secrets.map(Secret::expose);
        self.send_to(url, request, |builder| sign(builder, known.each_ref().map(|text| &**text))).await
    }

    async fn send_to(
        &self,
        base: &Url,
        request: &Request<'_>,
        sign: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Result<Answer, RegistryError> {
        let mut url = base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(request.path);
        }
        if !request.query.is_empty() {
            url.query_pairs_mut().extend_pairs(request.query);
        }
        let mut builder = self.client.request(request.method.clone(), url).header(ACCEPT, CONTENT);
        if let Some(body) = &request.body {
            builder = builder.header(CONTENT_TYPE, CONTENT).body(body.clone());
        }
        receive(sign(builder), self.max_answer_bytes, request.target).await
    }
}

impl Credentials {
    fn of(auth: Auth, client: &Client, max_answer_bytes: usize) -> Result<Self, ConfluentConfigError> {
        let Auth::OAuth(credentials) = auth else { return Ok(Credentials::Fixed(auth)) };
        let url = base_url(&credentials.token_url).ok_or(ConfluentConfigError::TokenUrl)?;
        let mut headers = Vec::new();
        for (name, value, what) in [
            (LOGICAL_CLUSTER, &credentials.logical_cluster, "the logical cluster"),
            (IDENTITY_POOL, &credentials.identity_pool, "the identity pool"),
        ] {
            if let Some(value) = value {
                headers.push((name, HeaderValue::from_str(value).map_err(|_| ConfluentConfigError::Header(what))?));
            }
        }
        Ok(Credentials::Fetched {
            tokens: Box::new(Tokens::new(client.clone(), url, credentials, max_answer_bytes)),
            headers,
        })
    }
}

fn base_url(url: &str) -> Option<Url> {
    let url = Url::parse(url).ok()?;
    let credentials = !url.username().is_empty() || url.password().is_some();
    let usable = matches!(url.scheme(), "http" | "https") && !url.cannot_be_a_base() && !credentials;
    usable.then_some(url)
}

fn client(config: &ConfluentConfig) -> Result<Client, ConfluentConfigError> {
    let Tls { authorities, identity } = &config.tls;
    let mut builder = Client::builder()
        .connect_timeout(config.connect_timeout)
        .timeout(config.request_timeout)
        .redirect(reqwest::redirect::Policy::none());
    if let Some(pem) = authorities {
        let authorities =
            Certificate::from_pem_bundle(pem).map_err(|error| ConfluentConfigError::Authorities(Some(error)))?;
        if authorities.is_empty() {
            return Err(ConfluentConfigError::Authorities(None));
        }
        builder = builder.tls_certs_merge(authorities);
    }
    if let Some(pem) = identity {
        builder = builder.identity(Identity::from_pem(pem).map_err(ConfluentConfigError::Identity)?);
    }
    builder.build().map_err(ConfluentConfigError::Client)
}
