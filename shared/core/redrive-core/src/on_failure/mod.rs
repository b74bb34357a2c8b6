//! Documents that a Kafka event source mapping sends to its on-failure destination: one type for SQS, SNS, S3 and a
//! Kafka topic.
//!
//! SQS and SNS get only what the batch was ([`OnFailure::batch`]); S3 adds the whole event; a Kafka topic gets one
//! message per record. Reading is tolerant where AWS is not consistent: numbers as text, `null` parts, both spellings
//! of a condition, the payload as text or as JSON, an SNS envelope around it all.
//!
//! ```
//! let document = redrive_core::on_failure::OnFailure::read(include_bytes!("../../../../../events/samples/on-failure/sqs.json"))?;
//! assert_eq!(document.function_name(), Some("send-welcome-email"));
//! let partition = &document.batch.partitions["cdc.postgres.public.accounts-0"];
//! assert_eq!((partition.first_offset, partition.last_offset), (Some(100), Some(116)));
//! assert!(document.records()?.is_none(), "SQS is not told the records");
//! # Ok::<(), redrive_core::on_failure::OnFailureError>(())
//! ```

mod document;
mod error;
mod payload;
mod tolerant;

pub use document::{Batch, Condition, OffsetRange, OnFailure, Response};
pub use error::OnFailureError;
pub use payload::{FailedRecord, FailedRecords};
