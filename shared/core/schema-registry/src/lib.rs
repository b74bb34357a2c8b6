//! Schemas by id: wire frames, registry clients and the cache before them.
//!
//! A record's bytes begin with (or are accompanied by) the id of the schema that wrote them. [`split`] takes the
//! bytes apart, a [`Schemas`] port fetches the schema behind the id, [`SchemaCache`] asks it once, and [`PlanCache`]
//! compiles it once for each type that reads it.
//!
//! ```
//! use schema_registry::{Body, Clues, FrameFormat, SchemaId, SchemaRef, split};
//!
//! let value = [0, 0, 1, 134, 162, 2, 84];
//! let frame = split(FrameFormat::Confluent, &value, Clues::default())?;
//! assert_eq!(frame.schema, SchemaRef::Id(SchemaId(100_002)));
//! assert_eq!(frame.body, Body::Plain(&[2, 84]));
//! # Ok::<(), schema_registry::FrameError>(())
//! ```

mod activity;
mod cache;
pub mod compatibility;
#[cfg(feature = "confluent")]
mod confluent;
#[cfg(feature = "env")]
mod env;
mod format;
mod frame;
#[cfg(feature = "glue")]
mod glue;
#[cfg(any(feature = "confluent", feature = "glue"))]
mod http;
mod inflate;
mod plans;
#[cfg(any(feature = "confluent", feature = "snapshot"))]
mod rules;
mod schemas;
#[cfg(feature = "snapshot")]
mod snapshot;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(any(feature = "confluent", feature = "testing"))]
mod token_life;

pub use activity::Activity;
pub use cache::{CachePolicy, SchemaCache};
#[cfg(feature = "confluent")]
pub use confluent::{
    Auth, ClientCredentials, Compatibility, ConfluentConfig, ConfluentConfigError, ConfluentRegistry, NewSchema,
    RegisteringSubjects, SchemaReference, Tls,
};
#[cfg(feature = "env")]
pub use env::{RegistryConfig, RegistryConfigError};
pub use format::{FrameFormat, Frames, KeyFormat};
pub use frame::{
    Body, Clues, Frame, FrameError, KEY_SCHEMA_HEADER, MAX_INFLATED_BYTES, SchemaId, SchemaRef, VALUE_SCHEMA_HEADER,
    inflates_to_at_most, split,
};
#[cfg(feature = "glue")]
pub use glue::{GlueConfigError, GlueRegistry};
pub use plans::{NoPlanOfText, PlanCache, PlanError};
pub use schemas::{Asked, RegisteredSchema, RegistryError, RegistryErrorKind, SchemaText, Schemas, Subjects, Version};
#[cfg(feature = "snapshot")]
pub use snapshot::{Snapshot, SnapshotError};
