//! The variables of a function's schema registry, and the clients that they configure.
//!
//! A function's configuration contains a [`RegistryConfig`], and its `main` opens the registry:
//!
//! ```no_run
//! use environment::{Env, Reader};
//! use event_functions::RegistryConfig;
//!
//! struct Config {
//!     registry: RegistryConfig,
//! }
//!
//! fn read(env: &mut Reader<'_>) -> Config {
//!     Config { registry: RegistryConfig::read(env) }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let aws = aws_types::SdkConfig::builder().build();
//! let config = Env::from_process().read(read)?;
//! // Shared by all readers of the function; `config.registry.frames` has the formats for `AvroReader`.
//! let schemas = config.registry.schemas(&aws)?;
//! # Ok(()) }
//! ```

use std::{fs, io, path::PathBuf, sync::Arc, time::Duration};

use aws_types::SdkConfig;
use environment::{Reader, list, milliseconds, one_of, secret, text, url};
use schema_registries::{
    Auth, ClientCredentials, ConfluentConfig, ConfluentConfigError, ConfluentRegistry, GlueConfigError, GlueRegistry,
    Snapshot, SnapshotError,
};
use schema_registry::{CachePolicy, FrameFormat, Frames, KeyFormat, SchemaCache, Schemas};

/// Where a function's schemas come from, and how its records name their schemas.
#[derive(Debug, Clone)]
pub struct RegistryConfig {
    /// How keys and values name their schemas.
    pub frames: Frames,
    kind: Kind,
    urls: Vec<String>,
    auth: Auth,
    authorities: Option<PathBuf>,
    identity: Option<(PathBuf, PathBuf)>,
    request_timeout: Duration,
    snapshot: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Confluent,
    Glue,
}

/// The registry cannot be opened with this configuration.
#[derive(Debug, thiserror::Error)]
pub enum RegistryConfigError {
    /// The client of a Confluent-compatible registry cannot be built.
    #[error(transparent)]
    Confluent(#[from] ConfluentConfigError),
    /// The client of AWS Glue cannot be built.
    #[error(transparent)]
    Glue(#[from] GlueConfigError),
    /// The caller needs subjects, which AWS Glue does not have.
    #[error("this needs SCHEMA_REGISTRY_KIND=confluent: AWS Glue has no subjects")]
    NoSubjects,
    /// A file cannot be read.
    #[error("{variable} names the file {}, which cannot be read", path.display())]
    File {
        /// The variable.
        variable: &'static str,
        /// The file.
        path: PathBuf,
        /// Why it cannot be read.
        source: io::Error,
    },
    /// The snapshot file cannot be used.
    #[error("SCHEMA_SNAPSHOT names the file {}, which is not a snapshot of schemas", path.display())]
    Snapshot {
        /// The file.
        path: PathBuf,
        /// Why.
        source: SnapshotError,
    },
}

impl RegistryConfig {
    /// Reads the variables; `env` collects the problems.
    pub fn read(env: &mut Reader<'_>) -> Self {
        let kinds = one_of([("confluent", Kind::Confluent), ("glue", Kind::Glue)]);
        let kind = env.default("SCHEMA_REGISTRY_KIND", doc::KIND, kinds, "confluent");
        let (when, urls) = ("SCHEMA_REGISTRY_KIND=confluent", list(url()).example("https://registry.example.com"));
        let urls = env.required_when(kind == Kind::Confluent, when, "SCHEMA_REGISTRY_URL", doc::URL, urls);
        let auth = read_auth(env);
        let authorities = env.optional("SCHEMA_REGISTRY_CA_FILE", doc::CA, text().example("/var/task/ca.pem"));
        let certificate = text().example("/var/task/client.pem");
        let certificate = env.optional("SCHEMA_REGISTRY_CERTIFICATE_FILE", doc::CERTIFICATE, certificate);
        let key = env.required_when(
            certificate.is_some(),
            "SCHEMA_REGISTRY_CERTIFICATE_FILE is set",
            "SCHEMA_REGISTRY_KEY_FILE",
            doc::KEY,
            text().example("/var/task/client.key"),
        );
        let request_timeout =
            env.default("SCHEMA_REGISTRY_TIMEOUT_MS", doc::TIMEOUT, milliseconds(100..=10_000), "5000");
        let frames = read_frames(env, kind);
        let snapshot = env.optional("SCHEMA_SNAPSHOT", doc::SNAPSHOT, text().example("/var/task/schemas.json"));
        RegistryConfig {
            frames,
            kind,
            urls: urls.unwrap_or_default(),
            auth,
            authorities: authorities.map(PathBuf::from),
            identity: certificate.zip(key).map(|(certificate, key)| (certificate.into(), key.into())),
            request_timeout,
            snapshot: snapshot.map(PathBuf::from),
        }
    }

    /// The schemas by id for readers of records, behind a cache that starts with the schemas of the snapshot file. Makes no
    /// request yet.
    ///
    /// # Errors
    /// When a file cannot be read or used, or the client cannot be built.
    pub fn schemas(&self, aws: &SdkConfig) -> Result<Arc<dyn Schemas>, RegistryConfigError> {
        let snapshot = self.read_snapshot()?;
        Ok(match self.kind {
            Kind::Confluent => Arc::new(cached(self.confluent()?, snapshot)),
            Kind::Glue => {
                let endpoint = self.urls.first().map(String::as_str);
                Arc::new(cached(GlueRegistry::new(aws, endpoint, self.request_timeout)?, snapshot))
            }
        })
    }

    /// The client itself, for producers and tools that look schemas up by subject.
    ///
    /// # Errors
    /// When the registry is AWS Glue, a file cannot be read or used, or the client cannot be built.
    pub fn confluent(&self) -> Result<ConfluentRegistry, RegistryConfigError> {
        if self.kind == Kind::Glue {
            return Err(RegistryConfigError::NoSubjects);
        }
        let mut config = ConfluentConfig::new("");
        config.urls.clone_from(&self.urls);
        config.auth = self.auth.clone();
        config.request_timeout = self.request_timeout;
        config.operation_timeout = 2 * self.request_timeout;
        if let Some(path) = &self.authorities {
            config.tls.authorities = Some(read_file("SCHEMA_REGISTRY_CA_FILE", path)?);
        }
        if let Some((certificate, key)) = &self.identity {
            let mut pem = read_file("SCHEMA_REGISTRY_CERTIFICATE_FILE", certificate)?;
            // The file may end without a line break.
            pem.push(b'\n');
            pem.extend(read_file("SCHEMA_REGISTRY_KEY_FILE", key)?);
            config.tls.identity = Some(pem);
        }
        Ok(ConfluentRegistry::new(config)?)
    }

    fn read_snapshot(&self) -> Result<Snapshot, RegistryConfigError> {
        let Some(path) = &self.snapshot else { return Ok(Snapshot::default()) };
        let text = fs::read_to_string(path).map_err(|source| RegistryConfigError::File {
            variable: "SCHEMA_SNAPSHOT",
            path: path.clone(),
            source,
        })?;
        Snapshot::parse(&text).map_err(|source| RegistryConfigError::Snapshot { path: path.clone(), source })
    }
}

fn cached<S: Schemas + 'static>(registry: S, snapshot: Snapshot) -> SchemaCache<S> {
    SchemaCache::new(registry, CachePolicy::default()).with_preloaded(snapshot)
}

fn read_file(variable: &'static str, path: &PathBuf) -> Result<Vec<u8>, RegistryConfigError> {
    fs::read(path).map_err(|source| RegistryConfigError::File { variable, path: path.clone(), source })
}

/// One way to authenticate, or none.
fn read_auth(env: &mut Reader<'_>) -> Auth {
    let user = env.optional("SCHEMA_REGISTRY_USER", doc::USER, text().example("reader"));
    let when = "SCHEMA_REGISTRY_USER is set";
    let password = env.required_when(user.is_some(), when, "SCHEMA_REGISTRY_PASSWORD", doc::PASSWORD, secret());
    let token = env.optional("SCHEMA_REGISTRY_TOKEN", doc::TOKEN, secret());
    let example = url().example("https://login.example.com/oauth2/token");
    let token_url = env.optional("SCHEMA_REGISTRY_OAUTH_URL", doc::OAUTH_URL, example);
    let (needed, when) = (token_url.is_some(), "SCHEMA_REGISTRY_OAUTH_URL is set");
    let id = text().example("welcome-email");
    let client_id = env.required_when(needed, when, "SCHEMA_REGISTRY_OAUTH_CLIENT_ID", doc::CLIENT_ID, id);
    let client_secret =
        env.required_when(needed, when, "SCHEMA_REGISTRY_OAUTH_CLIENT_SECRET", doc::CLIENT_SECRET, secret());
    let scope = env.optional("SCHEMA_REGISTRY_OAUTH_SCOPE", doc::SCOPE, text().example("schemas:read"));
    let cluster = text().example("lsrc-abc123");
    let logical_cluster = env.optional("SCHEMA_REGISTRY_LOGICAL_CLUSTER", doc::CLUSTER, cluster);
    let identity_pool = env.optional("SCHEMA_REGISTRY_IDENTITY_POOL", doc::POOL, text().example("pool-abc1"));
    if usize::from(user.is_some()) + usize::from(token.is_some()) + usize::from(needed) > 1 {
        let wrong = "sets a second way to authenticate: keep one of user, token and OAuth";
        env.refuse(if needed { "SCHEMA_REGISTRY_OAUTH_URL" } else { "SCHEMA_REGISTRY_TOKEN" }, wrong);
    }
    match (user.zip(password), token, token_url, client_id.zip(client_secret)) {
        (Some((user, password)), ..) => Auth::Basic { user, password: password.expose().to_owned() },
        (None, Some(token), ..) => Auth::Bearer(token.expose().to_owned()),
        (None, None, Some(token_url), Some((client_id, secret))) => Auth::OAuth(ClientCredentials {
            token_url,
            client_id,
            client_secret: secret.expose().to_owned(),
            scope,
            logical_cluster,
            identity_pool,
        }),
        (None, None, _, _) => Auth::None,
    }
}

/// One setting for keys and values, or one for each.
fn read_frames(env: &mut Reader<'_>, kind: Kind) -> Frames {
    let both = env.optional("SCHEMA_FRAME", doc::FRAME, one_of(FORMATS));
    let values = env.optional("VALUE_FRAME", doc::VALUE_FRAME, one_of(FORMATS));
    let keys = env.optional("KEY_FRAME", doc::KEY_FRAME, one_of(KEY_FORMATS));
    if both.is_some() && (values.is_some() || keys.is_some()) {
        env.refuse("SCHEMA_FRAME", "sets both VALUE_FRAME and KEY_FRAME: leave it out if one of them is set");
    }
    let default = both.unwrap_or(FrameFormat::Confluent);
    let frames = Frames { keys: keys.unwrap_or(default.into()), values: values.unwrap_or(default) };
    let fits = |format| match (kind, format) {
        (_, FrameFormat::Metadata) | (Kind::Glue, FrameFormat::Glue) => true,
        (Kind::Glue, FrameFormat::Confluent | FrameFormat::ConfluentHeader | FrameFormat::Apicurio)
        | (Kind::Confluent, FrameFormat::Glue) => false,
        (Kind::Confluent, FrameFormat::Confluent | FrameFormat::ConfluentHeader | FrameFormat::Apicurio) => true,
    };
    let misfits = (!fits(frames.values), matches!(frames.keys, KeyFormat::Framed(format) if !fits(format)));
    let wrong = "does not go with SCHEMA_REGISTRY_KIND: Glue's frames need AWS Glue, and AWS Glue needs Glue's frames or metadata";
    let refused: &[&'static str] = match misfits {
        (true, true) if both.is_some() => &["SCHEMA_FRAME"],
        (true, true) => &["VALUE_FRAME", "KEY_FRAME"],
        (true, false) => &["VALUE_FRAME"],
        (false, true) => &["KEY_FRAME"],
        (false, false) => &[],
    };
    for variable in refused {
        env.refuse(variable, wrong);
    }
    frames
}

const FORMATS: [(&str, FrameFormat); 5] = [
    ("confluent", FrameFormat::Confluent),
    ("confluent-header", FrameFormat::ConfluentHeader),
    ("apicurio", FrameFormat::Apicurio),
    ("glue", FrameFormat::Glue),
    ("metadata", FrameFormat::Metadata),
];

const KEY_FORMATS: [(&str, KeyFormat); 6] = [
    ("confluent", KeyFormat::Framed(FrameFormat::Confluent)),
    ("confluent-header", KeyFormat::Framed(FrameFormat::ConfluentHeader)),
    ("apicurio", KeyFormat::Framed(FrameFormat::Apicurio)),
    ("glue", KeyFormat::Framed(FrameFormat::Glue)),
    ("metadata", KeyFormat::Framed(FrameFormat::Metadata)),
    ("text", KeyFormat::Text),
];

/// What the variables mean, for problems and for READMEs.
mod doc {
    pub(super) const KIND: &str = "Kind of registry: one with Confluent's REST API, or AWS Glue.";
    pub(super) const URL: &str = "Address of the registry. Several addresses of one cluster are tried in turn. \
        For AWS Glue: its endpoint, if it is not the region's own.";
    pub(super) const USER: &str = "User of the registry; in Confluent Cloud the API key.";
    pub(super) const PASSWORD: &str = "Password of that user; in Confluent Cloud the API secret.";
    pub(super) const TOKEN: &str = "Bearer token for the registry, instead of a user.";
    pub(super) const OAUTH_URL: &str = "OAuth token endpoint (client credentials grant), instead of a user.";
    pub(super) const CLIENT_ID: &str = "OAuth client id.";
    pub(super) const CLIENT_SECRET: &str = "OAuth client secret.";
    pub(super) const SCOPE: &str = "OAuth scope to request.";
    pub(super) const CLUSTER: &str = "With OAuth in Confluent Cloud: the registry's logical cluster.";
    pub(super) const POOL: &str = "With OAuth in Confluent Cloud: the identity pool.";
    pub(super) const CA: &str = "PEM file of certificate authorities to trust in addition to the public ones.";
    pub(super) const CERTIFICATE: &str = "PEM file of a client certificate, for a registry that requires one.";
    pub(super) const KEY: &str = "PEM file of that certificate's private key.";
    pub(super) const TIMEOUT: &str = "How long one request to the registry may take. A lookup may take twice as long.";
    pub(super) const FRAME: &str =
        "How keys and values name their schemas, if both do it the same way. Sets `VALUE_FRAME` and `KEY_FRAME`.";
    pub(super) const VALUE_FRAME: &str =
        "How values name their schemas. `confluent` if neither this nor `SCHEMA_FRAME` is set.";
    pub(super) const KEY_FRAME: &str = "How keys name their schemas, or `text` for keys that are plain text without a schema. \
        `confluent` if neither this nor `SCHEMA_FRAME` is set.";
    pub(super) const SNAPSHOT: &str = "JSON file of schemas that need not be fetched, taken from the same registry. \
        Its format: `shared/adapters/schema-registries`.";
}
