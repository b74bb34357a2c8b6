//! Clients of schema registries, and schemas from a file: the adapters behind [`Schemas`](schema_registry::Schemas) and
//! [`Subjects`](schema_registry::Subjects).
//!
//! [`ConfluentRegistry`] speaks Confluent's REST API, [`GlueRegistry`] AWS Glue's. A [`Snapshot`] is a file of schemas
//! that is deployed with a function, so that its first record needs no registry.

#[cfg(feature = "clients")]
mod confluent;
#[cfg(feature = "clients")]
mod glue;
#[cfg(feature = "clients")]
mod http;
mod rule_set;
mod snapshot;
mod token_lifetime;

#[cfg(feature = "clients")]
pub use confluent::{
    Auth, ClientCredentials, Compatibility, ConfluentConfig, ConfluentConfigError, ConfluentRegistry, NewSchema,
    RegisteringSubjects, SchemaReference, Tls,
};
/// What [`Auth`] contains.
#[cfg(feature = "clients")]
pub use environment::Secret;
#[cfg(feature = "clients")]
pub use glue::{GlueConfigError, GlueRegistry};
pub use snapshot::{Snapshot, SnapshotError};
pub use token_lifetime::token_lifetime;
