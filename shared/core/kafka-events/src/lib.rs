//! The Lambda Kafka event: from its bytes to topic-partitions of borrowed records, and back to a batch response.
//!
//! One pass finds where keys, values and headers are; they are decoded only on request. A record that cannot be read is
//! an error of that record, never of the event.
//!
//! ```
//! use kafka_events::{Entry, Event};
//!
//! let body = br#"{"eventSource":"aws:kafka","records":{"orders-0":[
//!     {"topic":"orders","partition":0,"offset":15,"timestamp":1545084650987,"timestampType":"CREATE_TIME",
//!      "key":"MQ==","value":null,"headers":[{"trace":[104,-61,-85]}]},
//!     {"topic":"orders","partition":0,"offset":"sixteen"}]}}"#;
//!
//! let event = Event::scan(body)?;
//! let mut scratch = Vec::new();
//! for entry in &event.partitions[0].records {
//!     match entry {
//!         Entry::Record(record) => {
//!             assert_eq!(record.offset, 15);
//!             assert_eq!(record.key.unwrap().decode_into(&mut scratch)?, b"1");
//!             assert!(record.value.is_none());
//!             assert_eq!(record.headers.get_last("trace")?.unwrap(), "hë".as_bytes());
//!         }
//!         Entry::Malformed(malformed) => assert_eq!(malformed.error.code(), "record_field_type"),
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod cursor;
mod encoded;
mod event;
mod fast_path;
mod headers;
mod plain_header;
mod record;
mod record_error;
mod redrive;
mod response;
mod scan;
mod schema_metadata;

pub use encoded::{Base64Error, Encoded};
pub use event::{Entry, Event, EventSource, Malformed, Record, TimestampType, TopicPartition};
pub use headers::{Header, HeaderError, Headers};
pub use record_error::RecordError;
pub use redrive::Redrive;
pub use response::{BatchItemFailure, BatchResponse, ItemIdentifier};
pub use scan::ScanError;
pub use schema_metadata::{SchemaMetadata, SchemaMetadataError};
