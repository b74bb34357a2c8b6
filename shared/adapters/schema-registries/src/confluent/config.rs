//! The configuration of a client: addresses, credentials, certificates, limits.

use std::{fmt, time::Duration};

use environment::Secret;

/// How a registry is reached.
///
/// A request goes to the URLs in turn, beginning with the one that answered last, until one answers. No connection, no answer
/// in time, half an answer and statuses of 500 and above (and 408) lead to the next URL; every other answer, 401 and 404
/// included, is the cluster's answer. When no URL answers, there is a short pause with jitter and one more round. Little, on
/// purpose: the reader of a record tries again by its own rules.
#[derive(Debug, Clone)]
pub struct ConfluentConfig {
    /// Its base URLs, each with the path of the API if it has one. They lead to one cluster.
    pub urls: Vec<String>,
    /// How the client authenticates.
    pub auth: Auth,
    /// Certificates in addition to the public ones.
    pub tls: Tls,
    /// The most that connecting may take. Default 2 s.
    pub connect_timeout: Duration,
    /// The most that one request may take, connecting included. Default 5 s.
    pub request_timeout: Duration,
    /// The most that one operation may take, with all its tries, rounds and pauses; each reference of a schema is one of
    /// its own. Default 10 s.
    pub operation_timeout: Duration,
    /// How often all URLs are tried. Default 2.
    pub rounds: u32,
    /// The longest pause before another round; a registry that asks for a longer one by `Retry-After` is not target
    /// again here. Default 500 ms.
    pub max_pause: Duration,
    /// The most bytes of one answer. Default 4 MiB.
    pub max_answer_bytes: usize,
    /// The most bytes of one schema together with all that it refers to. Default 8 MiB.
    pub max_schema_bytes: usize,
    /// The most schemas that one schema may refer to, directly or not. Default 100.
    pub max_references: usize,
}

impl ConfluentConfig {
    /// The defaults for a registry at `url`: one, or several with commas between them.
    pub fn new(url: impl AsRef<str>) -> Self {
        let urls = url.as_ref().split(',').map(|url| url.trim().to_owned()).collect();
        Self {
            urls,
            auth: Auth::None,
            tls: Tls::default(),
            connect_timeout: Duration::from_secs(2),
            request_timeout: Duration::from_secs(5),
            operation_timeout: Duration::from_secs(10),
            rounds: 2,
            max_pause: Duration::from_millis(500),
            max_answer_bytes: 4 << 20,
            max_schema_bytes: 8 << 20,
            max_references: 100,
        }
    }
}

/// How the client authenticates to the registry. `Debug` never shows secrets.
///
/// A secret that is refused is read again, once for all that wait, and the request is tried once more if it has changed.
#[derive(Clone, Default)]
pub enum Auth {
    /// Not at all, or only by a client certificate ([`Tls::identity`]).
    #[default]
    None,
    /// HTTP basic; in Confluent Cloud an API key and its secret.
    Basic {
        /// User or API key. A key that is rotated together with its secret is kept beside it.
        user: Secret,
        /// Password or secret.
        password: Secret,
    },
    /// A bearer token.
    Bearer(Secret),
    /// Bearer tokens that the client fetches.
    OAuth(ClientCredentials),
}

/// OAuth 2.0's client credentials grant (RFC 6749, section 4.4).
///
/// A token is fetched once for all that wait for it, and again when four fifths of its lifetime have passed. Until it expires
/// the old token is used while fetching fails. When the registry refuses a token, one new token is fetched.
#[derive(Clone)]
pub struct ClientCredentials {
    /// The token endpoint.
    pub token_url: String,
    /// The client id.
    pub client_id: String,
    /// The client secret.
    pub client_secret: Secret,
    /// The scope to request, where the endpoint needs one.
    pub scope: Option<String>,
    /// Confluent Cloud's `target-sr-cluster`: `lsrc-…`.
    pub logical_cluster: Option<String>,
    /// Confluent Cloud's `Confluent-Identity-Pool-Id`: `pool-…`.
    pub identity_pool: Option<String>,
}

/// Certificates in PEM.
#[derive(Clone, Default)]
pub struct Tls {
    /// Certificate authorities to trust in addition to those of the system.
    pub authorities: Option<Vec<u8>>,
    /// The client certificate with its chain and its private key, for registries that require one.
    pub identity: Option<Vec<u8>>,
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Auth::None => "None",
            Auth::Basic { .. } => "Basic(…)",
            Auth::Bearer(_) => "Bearer(…)",
            Auth::OAuth(_) => "OAuth(…)",
        })
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (authorities, identity) = (self.authorities.is_some(), self.identity.is_some());
        f.debug_struct("Tls").field("authorities", &authorities).field("identity", &identity).finish()
    }
}

/// The client cannot be built with this configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfluentConfigError {
    /// A URL is missing or is not one.
    #[error("the schema registry's URL must look like https://host:port/path, without user and password")]
    Url,
    /// The token endpoint's URL is not one.
    #[error("the token endpoint's URL must look like https://host:port/path, without user and password")]
    TokenUrl,
    /// A value cannot be sent in a header.
    #[error("{0} cannot be sent in an HTTP header")]
    Header(&'static str),
    /// The authorities' certificates cannot be read.
    #[error(
        "the file of certificate authorities contains no certificate: it must be PEM with BEGIN CERTIFICATE blocks"
    )]
    Authorities(#[source] Option<reqwest::Error>),
    /// The client certificate or its key cannot be read.
    #[error(
        "the client certificate cannot be used: it must be PEM with BEGIN CERTIFICATE and BEGIN PRIVATE KEY blocks"
    )]
    Identity(#[source] reqwest::Error),
    /// The HTTP client could not be built.
    #[error("the HTTP client of the schema registry cannot be built")]
    Client(#[source] reqwest::Error),
}
