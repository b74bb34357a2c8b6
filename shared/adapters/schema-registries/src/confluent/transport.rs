//! Requests: which URL, how often, with which credentials, and for how long.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::FutureExt;
use reqwest::{
    Certificate, Client, Identity, Method, RequestBuilder, StatusCode, Url,
    header::{ACCEPT, CONTENT_TYPE, HeaderName, HeaderValue},
};
use schema_registry::{Asked, RegistryError, RegistryErrorKind};

use super::{
    answer::success,
    config::{Auth, ConfluentConfig, ConfluentConfigError, Tls},
    oauth::{Token, Tokens},
};
use crate::http::{Answer, Patience, receive, unavailable};

const CONTENT: &str = "application/vnd.schemaregistry.v1+json";
/// Confluent Cloud's names for who asks which cluster.
const LOGICAL_CLUSTER: HeaderName = HeaderName::from_static("target-sr-cluster");
const IDENTITY_POOL: HeaderName = HeaderName::from_static("confluent-identity-pool-id");

/// One question to the registry.
pub(super) struct Question<'q> {
    pub(super) asked: &'q Asked,
    pub(super) method: Method,
    pub(super) path: &'q [&'q str],
    pub(super) query: &'q [(&'q str, &'q str)],
    pub(super) body: Option<Vec<u8>>,
}

/// Gets questions answered.
#[derive(Debug)]
pub(super) struct Transport {
    client: Client,
    urls: Vec<Url>,
    /// The URL that answered last.
    preferred: AtomicUsize,
    credentials: Credentials,
    patience: Patience,
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
        let ConfluentConfig { rounds, max_pause, question_timeout: timeout, max_answer_bytes, .. } = config;
        let patience = Patience { rounds, max_pause, timeout };
        Ok(Self { client, urls, preferred: AtomicUsize::new(0), credentials, patience, max_answer_bytes })
    }

    /// The body of the answer.
    pub(super) async fn ask(&self, question: Question<'_>) -> Result<Vec<u8>, RegistryError> {
        self.patience.ask(question.asked, || self.round(&question).boxed()).await
    }

    /// Each URL in turn until one answers.
    async fn round(&self, question: &Question<'_>) -> Result<Vec<u8>, RegistryError> {
        let first = self.preferred.load(Ordering::Relaxed);
        let mut last = unavailable(question.asked);
        for index in (first..self.urls.len()).chain(0..first) {
            match self.authorized(index, question).await {
                Ok(answer) if answer.is_failure() => {
                    if let Err(error) = success(answer, question.asked) {
                        last = error;
                    }
                }
                Ok(answer) => {
                    self.preferred.store(index, Ordering::Relaxed);
                    return success(answer, question.asked);
                }
                Err(error) if error.kind() == RegistryErrorKind::Unavailable => last = error,
                Err(error) => return Err(error),
            }
        }
        Err(last)
    }

    /// One request; two where a token was refused that may only have been revoked.
    async fn authorized(&self, index: usize, question: &Question<'_>) -> Result<Answer, RegistryError> {
        let Some(url) = self.urls.get(index) else { return Err(unavailable(question.asked)) };
        match &self.credentials {
            Credentials::Fixed(auth) => self.send(url, question, |request| with(auth, request)).await,
            Credentials::Fetched { tokens, headers } => {
                let token = tokens.fresh(question.asked).await?;
                let sign = |token: &Token, request: RequestBuilder| {
                    let request = request.bearer_auth(token.text());
                    headers.iter().fold(request, |request, (name, value)| request.header(name, value))
                };
                let answer = self.send(url, question, |request| sign(&token, request)).await?;
                if answer.status != StatusCode::UNAUTHORIZED {
                    return Ok(answer);
                }
                tokens.refuse(&token).await;
                let token = tokens.fresh(question.asked).await?;
                self.send(url, question, |request| sign(&token, request)).await
            }
        }
    }

    async fn send(
        &self,
        base: &Url,
        question: &Question<'_>,
        sign: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Result<Answer, RegistryError> {
        let mut url = base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(question.path);
        }
        if !question.query.is_empty() {
            url.query_pairs_mut().extend_pairs(question.query);
        }
        let mut request = self.client.request(question.method.clone(), url).header(ACCEPT, CONTENT);
        if let Some(body) = &question.body {
            request = request.header(CONTENT_TYPE, CONTENT).body(body.clone());
        }
        receive(sign(request), self.max_answer_bytes, question.asked).await
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

fn with(auth: &Auth, request: RequestBuilder) -> RequestBuilder {
    match auth {
        Auth::None | Auth::OAuth(_) => request,
        Auth::Basic { user, password } => request.basic_auth(user, Some(password)),
        Auth::Bearer(token) => request.bearer_auth(token),
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
