//! The variables of a function's schema registry, and the clients that they configure.
//!
//! Every function on a topic reads them without naming them, and its records are read through the schemas that they give.
//! A producer has a [`RegistryConfig`] in its own configuration and asks for subjects:
//!
//! ```
//! use event_functions::{Aws, Config, RegistryConfig, RegistryConfigError};
//!
//! #[derive(Config)]
//! struct Config {
//!     #[env(flatten)]
//!     registry: RegistryConfig,
//! }
//!
//! fn wire(config: &Config, aws: &Aws<()>) -> Result<(), RegistryConfigError> {
//!     let subjects = aws.subjects(&config.registry, None)?;
//!     // The producer's encoder is made with `subjects`, and with the frame that values have.
//!     let frame = config.registry.frames.values;
//!     # let _ = (subjects, frame);
//!     Ok(())
//! }
//! ```

mod credentials;
mod frames;
mod kind;

use std::{fs, io, path::PathBuf, sync::Arc, time::Duration};

use aws_config::SdkConfig;
use environment::{Configuration, Reader};
use event_functions_derive::Config;
use schema_registries::{
    Auth, ConfluentConfig, ConfluentConfigError, ConfluentRegistry, GlueConfigError, GlueRegistry, Snapshot,
    SnapshotError,
};
use schema_registry::{CachePolicy, Frames, SchemaCache, Schemas};

use crate::manifest::{ActionUse, When};
use credentials::Credentials;
use frames::FrameVariables;
use kind::RegistryKind;

/// Where a function's schemas come from, and how its records name their schemas.
#[derive(Debug, Clone)]
pub struct RegistryConfig {
    /// How keys and values name their schemas.
    pub frames: Frames,
    kind: RegistryKind,
    urls: Vec<String>,
    auth: Auth,
    authorities: Option<PathBuf>,
    identity: Option<(PathBuf, PathBuf)>,
    request_timeout: Duration,
    snapshot: Option<PathBuf>,
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

/// The variables, in the order of the README.
#[derive(Config)]
struct Variables {
    /// Kind of registry: one with Confluent's REST API, or AWS Glue.
    #[env(
        "SCHEMA_REGISTRY_KIND",
        kind = one_of([("confluent", RegistryKind::Confluent), ("glue", RegistryKind::Glue)]),
        default = "confluent"
    )]
    kind: RegistryKind,
    /// Address of the registry. Several addresses of one cluster are tried in turn. For AWS Glue: its endpoint, if it is not
    /// the region's own.
    #[env(
        "SCHEMA_REGISTRY_URL",
        kind = list(url()),
        example = "https://registry.example.com",
        required_when(kind == RegistryKind::Confluent, "SCHEMA_REGISTRY_KIND=confluent")
    )]
    urls: Option<Vec<String>>,
    #[env(flatten)]
    credentials: Credentials,
    /// PEM file of certificate authorities to trust in addition to the public ones.
    #[env("SCHEMA_REGISTRY_CA_FILE", example = "/var/task/ca.pem")]
    authorities: Option<String>,
    /// PEM file of a client certificate, for a registry that requires one.
    #[env("SCHEMA_REGISTRY_CERTIFICATE_FILE", example = "/var/task/client.pem")]
    certificate: Option<String>,
    /// PEM file of that certificate's private key.
    #[env(
        "SCHEMA_REGISTRY_KEY_FILE",
        example = "/var/task/client.key",
        required_when(certificate.is_some(), "SCHEMA_REGISTRY_CERTIFICATE_FILE is set")
    )]
    key: Option<String>,
    /// How long one request to the registry may take. A lookup may take twice as long.
    #[env("SCHEMA_REGISTRY_TIMEOUT_MS", kind = milliseconds(100..=10_000), default = "5000")]
    request_timeout: Duration,
    #[env(flatten)]
    frames: FrameVariables,
    /// JSON file of schemas that need not be fetched, taken from the same registry. Its format:
    /// `shared/adapters/schema-registries`.
    #[env("SCHEMA_SNAPSHOT", example = "/var/task/schemas.json")]
    snapshot: Option<String>,
}

impl Configuration for RegistryConfig {
    fn read(env: &mut Reader<'_>) -> Self {
        let read = Variables::read(env);
        RegistryConfig {
            frames: read.frames.frames(read.kind, env),
            kind: read.kind,
            urls: read.urls.unwrap_or_default(),
            auth: read.credentials.auth(),
            authorities: read.authorities.map(PathBuf::from),
            identity: read.certificate.zip(read.key).map(|(certificate, key)| (certificate.into(), key.into())),
            request_timeout: read.request_timeout,
            snapshot: read.snapshot.map(PathBuf::from),
        }
    }
}

impl RegistryConfig {
    /// The schemas by id for readers of records, behind a cache that starts with the schemas of the snapshot file. Makes no
    /// request yet.
    ///
    /// # Errors
    /// When a file cannot be read or used, or the client cannot be built.
    pub fn schemas(&self, aws: &SdkConfig) -> Result<Arc<dyn Schemas>, RegistryConfigError> {
        let snapshot = self.read_snapshot()?;
        Ok(match self.kind {
            RegistryKind::Confluent => Arc::new(cached(self.confluent()?, snapshot)),
            RegistryKind::Glue => {
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
        if self.kind == RegistryKind::Glue {
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

    /// The actions of IAM that reading schemas takes.
    pub(crate) fn rights(&self) -> Vec<ActionUse> {
        let glue = When { variable: "SCHEMA_REGISTRY_KIND", is: "glue" };
        // AWS checks this action against the registry and the schema, which an id does not tell.
        vec![ActionUse { when: Some(glue), ..ActionUse::on(&["glue:GetSchemaVersion"], "*") }]
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
