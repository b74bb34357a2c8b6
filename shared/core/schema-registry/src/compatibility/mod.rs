//! Checks whether a new version of a schema is compatible with the versions before it, by the resolver that compiles plans.
//!
//! The levels are those of schema registries. [`avro_decode::incompatibilities`] decides, by the rules by which our
//! functions really read: what passes here decodes there.
//!
//! ```
//! use avro_decode::Schema;
//! use schema_registry::compatibility::{Direction, Level, conflicts};
//!
//! let v1 = Schema::parse(r#"{"type": "record", "name": "R", "fields": [{"name": "id", "type": "long"}]}"#)?;
//! let v2 = Schema::parse(
//!     r#"{"type": "record", "name": "R", "fields": [{"name": "id", "type": "long"}, {"name": "at", "type": "long"}]}"#,
//! )?;
//!
//! assert!(conflicts(&v2, &[(1, &v1)], Level::Forward).is_empty());
//! let [conflict] = conflicts(&v2, &[(1, &v1)], Level::Full).try_into().unwrap();
//! assert_eq!((conflict.version, conflict.direction), (1, Direction::Backward));
//! assert_eq!(conflict.found[0].error().code(), "avro_resolve_missing_field");
//! # Ok::<(), avro_decode::SchemaError>(())
//! ```

mod conflict;
mod level;

pub use conflict::{Conflict, conflicts};
pub use level::{Direction, Level, UnknownLevel};
