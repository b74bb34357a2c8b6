//! The client of Confluent's REST API, which Redpanda, Karapace and Apicurio (under `/apis/ccompat/v7`) speak too.

use std::{collections::HashSet, error::Error, fmt, sync::Arc, time::Duration};

use futures_util::{FutureExt, future::BoxFuture};
use reqwest::{
    Client, RequestBuilder, Response, StatusCode, Url,
    header::{ACCEPT, RETRY_AFTER},
};
use serde::{Deserialize, de::DeserializeOwned};

use uuid::Uuid;

use crate::{
    Asked, RegisteredSchema, RegistryError, RegistryErrorKind, SchemaId, SchemaRef, SchemaText, Schemas, Subjects,
    Version,
};

/// How a registry is reached.
#[derive(Debug, Clone)]
pub struct ConfluentConfig {
    /// Its base URL, with the path under which the API lies if it has one.
    pub url: String,
    /// How we identify ourselves.
    pub auth: Auth,
    /// The most that connecting may take. Default 2 s.
    pub connect_timeout: Duration,
    /// The most that one request may take, connecting included. Default 5 s.
    pub request_timeout: Duration,
    /// The most bytes of one answer. Default 4 MiB.
    pub max_answer_bytes: usize,
    /// The most schemas that one schema may refer to, directly or not. Default 100.
    pub max_references: usize,
}

impl ConfluentConfig {
    /// The defaults for a registry at `url`.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            auth: Auth::None,
            connect_timeout: Duration::from_secs(2),
            request_timeout: Duration::from_secs(5),
            max_answer_bytes: 4 << 20,
            max_references: 100,
        }
    }
}

/// How we identify ourselves to the registry. Secrets never show in `Debug`.
#[derive(Clone, Default)]
pub enum Auth {
    /// Not at all.
    #[default]
    None,
    /// HTTP basic; in Confluent Cloud an API key and its secret.
    Basic {
        /// User or API key.
        user: String,
        /// Password or secret.
        password: String,
    },
    /// A bearer token.
    Bearer(String),
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Auth::None => "None",
            Auth::Basic { .. } => "Basic(…)",
            Auth::Bearer(_) => "Bearer(…)",
        })
    }
}

/// The configuration cannot work.
#[derive(Debug, thiserror::Error)]
pub enum ConfluentConfigError {
    /// The URL is no URL.
    #[error("the schema registry's URL must look like https://host:port/path, without user and password")]
    Url,
    /// The HTTP client could not be built.
    #[error("the HTTP client of the schema registry cannot be built")]
    Client(#[source] reqwest::Error),
}

/// A Confluent-compatible registry. TLS certificates are verified and redirects are not followed.
#[derive(Debug, Clone)]
pub struct ConfluentRegistry {
    client: Client,
    base: Url,
    auth: Auth,
    max_answer_bytes: usize,
    max_references: usize,
}

impl ConfluentRegistry {
    /// A client; nothing is sent yet.
    ///
    /// # Errors
    /// When the URL is no HTTP URL or carries credentials (they belong in [`Auth`]), or TLS cannot be set up.
    pub fn new(config: ConfluentConfig) -> Result<Self, ConfluentConfigError> {
        let base = Url::parse(&config.url).map_err(|_| ConfluentConfigError::Url)?;
        let credentials = !base.username().is_empty() || base.password().is_some();
        if !matches!(base.scheme(), "http" | "https") || base.cannot_be_a_base() || credentials {
            return Err(ConfluentConfigError::Url);
        }
        let client = Client::builder()
            .connect_timeout(config.connect_timeout)
            .timeout(config.request_timeout)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(ConfluentConfigError::Client)?;
        let ConfluentConfig { auth, max_answer_bytes, max_references, .. } = config;
        Ok(Self { client, base, auth, max_answer_bytes, max_references })
    }

    async fn schema(&self, schema: SchemaRef) -> Result<Arc<SchemaText>, RegistryError> {
        let question = Question { registry: self, asked: schema.into() };
        let found = match schema {
            SchemaRef::Id(SchemaId(id)) => question.ask(&["schemas", "ids", &id.to_string()]).await?,
            SchemaRef::Guid(guid) => question.ask(&["schemas", "guids", &guid.to_string()]).await?,
            SchemaRef::GlueVersion(_) => return Err(question.error(RegistryErrorKind::Unsupported)),
        };
        let references = question.references(&found.references).await?;
        Ok(Arc::new(SchemaText { text: found.schema, references }))
    }
}

impl ConfluentRegistry {
    async fn under(&self, subject: &str, version: Version) -> Result<Arc<RegisteredSchema>, RegistryError> {
        let question = Question { registry: self, asked: Asked::Version(subject.to_owned(), version) };
        let body = question.get(&["subjects", subject, "versions", &version.to_string()]).await?;
        let place: Place = question.read(&body)?;
        let found = question.registered(&body)?;
        let references = question.references(&found.references).await?;
        let schema = Arc::new(SchemaText { text: found.schema, references });
        Ok(Arc::new(RegisteredSchema { id: SchemaId(place.id), version: place.version, guid: place.guid, schema }))
    }
}

impl Subjects for ConfluentRegistry {
    fn version<'a>(
        &'a self,
        subject: &'a str,
        version: Version,
    ) -> BoxFuture<'a, Result<Arc<RegisteredSchema>, RegistryError>> {
        self.under(subject, version).boxed()
    }
}

impl Schemas for ConfluentRegistry {
    fn by_id(&self, schema: SchemaRef) -> BoxFuture<'_, Result<Arc<SchemaText>, RegistryError>> {
        self.schema(schema).boxed()
    }
}

/// The registry's answer to any question for a schema.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Registered {
    schema: String,
    /// Left out for Avro.
    schema_type: Option<String>,
    #[serde(default)]
    references: Vec<Reference>,
}

/// What else the answer says to a question for a subject's version.
#[derive(Deserialize)]
struct Place {
    id: u32,
    version: u32,
    guid: Option<Uuid>,
}

#[derive(Deserialize, Clone, PartialEq, Eq, Hash)]
struct Reference {
    subject: String,
    version: i64,
}

#[derive(Deserialize)]
struct Refusal {
    error_code: i64,
}

/// One schema that was asked for, and all requests that it takes.
struct Question<'r> {
    registry: &'r ConfluentRegistry,
    asked: Asked,
}

impl Question<'_> {
    /// What a schema refers to, dependencies first. Walked with a stack of our own: how deep references go is up to
    /// whoever registered them.
    async fn references(&self, first: &[Reference]) -> Result<Vec<String>, RegistryError> {
        enum Step {
            Enter(Reference),
            Leave(String),
        }
        let mut texts = Vec::new();
        let mut met = HashSet::new();
        let mut steps: Vec<Step> = first.iter().rev().cloned().map(Step::Enter).collect();
        while let Some(step) = steps.pop() {
            let reference = match step {
                Step::Leave(text) => {
                    texts.push(text);
                    continue;
                }
                Step::Enter(reference) if met.contains(&reference) => continue,
                Step::Enter(reference) => reference,
            };
            if met.len() >= self.registry.max_references {
                return Err(self.error(RegistryErrorKind::Unusable));
            }
            let version = reference.version.to_string();
            let found = self.ask(&["subjects", &reference.subject, "versions", &version]).await?;
            met.insert(reference);
            steps.push(Step::Leave(found.schema));
            steps.extend(found.references.into_iter().rev().map(Step::Enter));
        }
        Ok(texts)
    }

    async fn ask(&self, path: &[&str]) -> Result<Registered, RegistryError> {
        let mut url = self.url(path)?;
        if path.first() == Some(&"subjects") {
            // A version that others refer to may have been soft-deleted since.
            url.query_pairs_mut().append_pair("deleted", "true");
        }
        self.registered(&self.send(url).await?)
    }

    async fn get(&self, path: &[&str]) -> Result<Vec<u8>, RegistryError> {
        self.send(self.url(path)?).await
    }

    fn url(&self, path: &[&str]) -> Result<Url, RegistryError> {
        let mut url = self.registry.base.clone();
        url.path_segments_mut().map_err(|()| self.error(RegistryErrorKind::Refused))?.pop_if_empty().extend(path);
        Ok(url)
    }

    async fn send(&self, url: Url) -> Result<Vec<u8>, RegistryError> {
        let request = self.registry.client.get(url).header(ACCEPT, "application/vnd.schemaregistry.v1+json");
        let response = self.sign(request).send().await.map_err(|error| self.unavailable(error.without_url()))?;
        let status = response.status();
        let wait = retry_after(&response);
        let body = self.body(response).await?;
        match status {
            StatusCode::OK => Ok(body),
            StatusCode::NOT_FOUND if says_not_found(&body) => Err(self.error(RegistryErrorKind::NotFound)),
            StatusCode::TOO_MANY_REQUESTS => Err(self.error(RegistryErrorKind::Throttled).after(wait)),
            _ if status.is_server_error() => Err(self.error(RegistryErrorKind::Unavailable).after(wait)),
            _ => Err(self.error(RegistryErrorKind::Refused).caused_by(UnexpectedStatus(status.as_u16()))),
        }
    }

    fn sign(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.registry.auth {
            Auth::None => request,
            Auth::Basic { user, password } => request.basic_auth(user, Some(password)),
            Auth::Bearer(token) => request.bearer_auth(token),
        }
    }

    async fn body(&self, mut response: Response) -> Result<Vec<u8>, RegistryError> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.unavailable(error.without_url()))? {
            if body.len() + chunk.len() > self.registry.max_answer_bytes {
                return Err(self.error(RegistryErrorKind::Unusable));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn registered(&self, body: &[u8]) -> Result<Registered, RegistryError> {
        let found: Registered = self.read(body)?;
        match found.schema_type.as_deref() {
            None | Some("AVRO") => Ok(found),
            Some(_) => Err(self.error(RegistryErrorKind::Unusable)),
        }
    }

    /// The error of serde_json may quote the body, so it is not kept.
    fn read<T: DeserializeOwned>(&self, body: &[u8]) -> Result<T, RegistryError> {
        serde_json::from_slice(body).map_err(|_| self.error(RegistryErrorKind::Refused).caused_by(NoSchema))
    }

    fn error(&self, kind: RegistryErrorKind) -> RegistryError {
        RegistryError::new(self.asked.clone(), kind)
    }

    fn unavailable(&self, error: impl Error + Send + Sync + 'static) -> RegistryError {
        self.error(RegistryErrorKind::Unavailable).caused_by(error)
    }
}

#[derive(Debug, thiserror::Error)]
#[error("it answered with HTTP status {0}")]
struct UnexpectedStatus(u16);

#[derive(Debug, thiserror::Error)]
#[error("its answer holds no schema")]
struct NoSchema;

/// Error codes 404xx are the registry's own: subject, version or schema not found. A 404 without one comes from
/// somebody else, behind a URL that is wrong.
fn says_not_found(body: &[u8]) -> bool {
    serde_json::from_slice(body).is_ok_and(|Refusal { error_code }| (40_400..40_500).contains(&error_code))
}

/// Seconds only: no registry sends a date.
fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}
