//! Schemas by id: the frames of records, the port to schema registries, and the caches of schemas and decoding plans.
//!
//! A record's bytes begin with (or are accompanied by) the id of the schema that wrote them. [`split`] takes the
//! bytes apart, a [`Schemas`] port fetches the schema behind the id, [`SchemaCache`] asks it once, and [`PlanCache`]
//! compiles it once for each type that reads it.
//!
//! ```
//! use schema_registry::{Body, FrameFormat, SchemaHints, SchemaId, SchemaRef, split};
//!
//! let value = [0, 0, 1, 134, 162, 2, 84];
//! let frame = split(FrameFormat::Confluent, &value, SchemaHints::default())?;
//! assert_eq!(frame.schema, SchemaRef::Id(SchemaId(100_002)));
//! assert_eq!(frame.body, Body::Plain(&[2, 84]));
//! # Ok::<(), schema_registry::FrameError>(())
//! ```

mod cache;
pub mod compatibility;
mod fetch_stats;
mod format;
mod frame;
mod inflate;
mod order_key;
mod plans;
mod schemas;
#[cfg(feature = "testing")]
pub mod testing;

pub use cache::{CachePolicy, SchemaCache};
pub use fetch_stats::{FetchCounter, FetchStats};
pub use format::{FrameFormat, Frames, KeyFormat};
pub use frame::{
    Body, Frame, FrameError, KEY_SCHEMA_HEADER, MAX_INFLATED_BYTES, SchemaHints, SchemaId, SchemaRef,
    VALUE_SCHEMA_HEADER, inflates_to_at_most, split,
};
pub use plans::{NoPlanOfText, PlanCache, PlanError};
pub use schemas::{
    RegisteredSchema, RegistryError, RegistryErrorKind, RegistryTarget, SchemaText, Schemas, Subjects, Version,
};
