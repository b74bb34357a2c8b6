//! Wrappers for Debezium's semantic types: what a plain Avro value means, by its `connect.name`.
//!
//! Each wrapper reads the plain value; its name says what it is. Conversions are methods, so that a column that is only
//! passed on costs nothing. With the connector's default `time.precision.mode=adaptive` only `connect.name` has the meaning
//! of a time: Avro's logical types are absent.

mod numbers;
mod text;
mod time;
mod toasted;

pub use numbers::{Bits, Geometry, Point, TooWide, VariableScaleDecimal};
pub use text::{Enum, EnumSet, Json, Ltree, Uuid, Xml};
pub use time::{
    Date, MicroDuration, MicroTime, MicroTimestamp, NanoTime, NanoTimestamp, NoInstant, OutOfRange, Time, Timestamp,
    Year, ZonedTime, ZonedTimestamp,
};
pub use toasted::{Placeholder, PlaceholderError, Toasted, UNAVAILABLE_VALUE};
