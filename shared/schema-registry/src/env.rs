//! A function's registry as its environment configures it: the same variables for every function.
//!
//! A function's configuration reads it beside its own variables, and its `main` opens it:
//!
//! ```no_run
//! use env_config::{Env, Reader};
//! use schema_registry::RegistryConfig;
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
//! // Shared by all readers of the function; `config.registry.frames` is the format for `AvroReader`.
//! let schemas = config.registry.schemas(&aws)?;
//! # Ok(()) }
//! ```

use std::sync::Arc;

use aws_types::SdkConfig;
use env_config::{Reader, one_of, secret, text, url};

use crate::{
    Auth, CachePolicy, ConfluentConfig, ConfluentConfigError, ConfluentRegistry, FrameFormat, SchemaCache, Schemas,
};

/// Where a function's schemas come from, and how its records name them.
#[derive(Debug, Clone)]
pub struct RegistryConfig {
    /// How keys and values name their schemas.
    pub frames: FrameFormat,
    confluent: ConfluentConfig,
}

/// The registry's configuration cannot work.
#[derive(Debug, thiserror::Error)]
pub enum RegistryConfigError {
    /// The client of a Confluent-compatible registry cannot be built.
    #[error(transparent)]
    Confluent(#[from] ConfluentConfigError),
}

impl RegistryConfig {
    /// Reads the variables; problems are left with `env`.
    pub fn read(env: &mut Reader<'_>) -> Self {
        let mut confluent = ConfluentConfig::new(env.required("SCHEMA_REGISTRY_URL", doc::URL, url().example(EXAMPLE)));
        confluent.auth = read_auth(env);
        let frames = env.default("SCHEMA_FRAME", doc::FRAME, one_of(FRAMES), "confluent");
        RegistryConfig { frames, confluent }
    }

    /// The schemas by id, behind a cache: what readers of records need. Nothing is sent yet.
    ///
    /// # Errors
    /// When the client cannot be built.
    pub fn schemas(&self, _aws: &SdkConfig) -> Result<Arc<dyn Schemas>, RegistryConfigError> {
        Ok(Arc::new(SchemaCache::new(self.confluent()?, CachePolicy::default())))
    }

    /// The client itself: what producers and tools need, which ask by subject.
    ///
    /// # Errors
    /// When the client cannot be built.
    pub fn confluent(&self) -> Result<ConfluentRegistry, RegistryConfigError> {
        Ok(ConfluentRegistry::new(self.confluent.clone())?)
    }
}

fn read_auth(env: &mut Reader<'_>) -> Auth {
    let user = env.optional("SCHEMA_REGISTRY_USER", doc::USER, text().example("reader"));
    let when = "SCHEMA_REGISTRY_USER is set";
    let password = env.required_when(user.is_some(), when, "SCHEMA_REGISTRY_PASSWORD", doc::PASSWORD, secret());
    match (user, password) {
        (Some(user), Some(password)) => Auth::Basic { user, password: password.expose().to_owned() },
        _ => Auth::None,
    }
}

const EXAMPLE: &str = "https://registry.example.com";

const FRAMES: [(&str, FrameFormat); 6] = [
    ("confluent", FrameFormat::Confluent),
    ("confluent-header", FrameFormat::ConfluentHeader),
    ("apicurio", FrameFormat::Apicurio),
    ("glue", FrameFormat::Glue),
    ("metadata", FrameFormat::Metadata),
    ("auto", FrameFormat::Auto),
];

/// What the variables mean, for problems and for READMEs.
mod doc {
    pub(super) const URL: &str = "Schema registry with Confluent's REST interface.";
    pub(super) const USER: &str = "User of the registry.";
    pub(super) const PASSWORD: &str = "Password of that user.";
    pub(super) const FRAME: &str = "How keys and values name their schemas.";
}
