//! Documents that a Kafka event source mapping sends to its on-failure destination: one type for SQS, SNS, S3 and a
//! Kafka topic.
//!
//! SQS and SNS receive a description of the batch ([`OnFailureDocument::batch`]); S3 receives the whole event as well; a
//! Kafka topic receives one message per record. Reading accepts the forms that AWS is known to write: numbers as text,
//! `null` parts, both spellings of a condition, the payload as text or as JSON, and an SNS notification around the
//! document.
//!
//! ```
//! use redrive_core::on_failure::OnFailureDocument;
//!
//! let document = OnFailureDocument::read(include_bytes!("../../../../../events/samples/on-failure/sqs.json"))?;
//! assert_eq!(document.function_name(), Some("send-welcome-email"));
//! for (partition, offsets) in &document.batch.partitions {
//!     assert!(partition.starts_with("cdc.") && offsets.first_offset <= offsets.last_offset);
//! }
//! assert!(document.records()?.is_none(), "SQS does not receive the records");
//! # Ok::<(), redrive_core::on_failure::OnFailureError>(())
//! ```

mod delivery_steps;
mod document;
mod error;
mod records;
mod scalars;

pub(crate) use delivery_steps::delivery_steps;
pub(crate) use document::topic_and_partition;
pub use document::{Batch, Condition, OffsetRange, OnFailureDocument, Response};
pub use error::OnFailureError;
pub use records::{FailedRecord, FailedRecords};
