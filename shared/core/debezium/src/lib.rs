//! Reads Debezium's change events: envelope, operations, row versions and semantic types.
//!
//! A function declares the columns that it reads and gets them as [`Change`], for every version of the table's schema:
//!
//! ```
//! use avro_decode::{AvroRead, Limits, Plan, Schema};
//! use debezium::{Change, Op};
//!
//! #[derive(AvroRead)]
//! struct Account<'a> {
//!     email: &'a str,
//!     language: Option<&'a str>,
//! }
//!
//! # let schemas: serde_json::Value = serde_json::from_str(include_str!("../../../../events/recorded/postgres-accounts/schemas.json"))?;
//! # let text = schemas["100002"]["schema"].as_str().ok_or("a schema")?;
//! let writer = Schema::parse(text)?;
//! let plan = Plan::<Change<Account>>::compile(&writer, &Limits::default())?;
//! # let records = include_str!("../../../../events/recorded/postgres-accounts/records.jsonl");
//! # let record: serde_json::Value = serde_json::from_str(records.lines().nth(26).ok_or("a record")?)?;
//! # let bytes = base64_simd::STANDARD.decode_to_vec(record["value"].as_str().ok_or("a value")?)?;
//! # let body = &bytes[5..];
//! let change = plan.decode(body)?;
//! assert_eq!(change.op(), Op::Create);
//! assert_eq!(change.after().map(|account| account.email), Some("lubo.istwell25@example.org"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Sources: Debezium 3.6's connector documentation, and the recordings in `events/recorded`.
#![doc = include_str!("../README.md")]

mod change;
pub mod header;
pub mod mongodb;
mod number;
mod row_key;
mod source;
pub mod types;
mod version;

pub use change::{Change, Op, RowImage};
pub use row_key::{KeyError, RowKey};
pub use source::{SnapshotMark, Source, Transaction};
pub use version::{Position, Precedence, RowVersion};
