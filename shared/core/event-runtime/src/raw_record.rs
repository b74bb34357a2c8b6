//! One record as a function's handler gets it: its coordinates, bytes, headers and frames.

use kafka_events::{Headers, SchemaMetadata};

use crate::record_frames::RecordFrames;
use crate::side::Side;

/// One record with its bytes out of base64, borrowed from the batch.
#[derive(Debug, Clone, Copy)]
pub struct RawRecord<'a> {
    /// Topic.
    pub topic: &'a str,
    /// Partition.
    pub partition: i32,
    /// Offset.
    pub offset: i64,
    /// Record timestamp in milliseconds since 1970; -1 where there is none.
    pub timestamp: i64,
    /// Key, frame and all.
    pub key: Option<&'a [u8]>,
    /// Value, frame and all; `None` is a tombstone.
    pub value: Option<&'a [u8]>,
    /// Headers, not yet parsed.
    pub headers: &'a Headers<'a>,
    /// The key's schema, where the event source mapping read the registry.
    pub key_schema: Option<&'a SchemaMetadata<'a>>,
    /// The value's schema, where the event source mapping read the registry.
    pub value_schema: Option<&'a SchemaMetadata<'a>>,
    /// The frames of the key and the value, each split once, and their inflated bodies.
    pub frames: &'a RecordFrames<'a>,
}

impl<'a> RawRecord<'a> {
    /// The bytes of one side.
    pub(crate) fn bytes(&self, side: Side) -> Option<&'a [u8]> {
        match side {
            Side::Key => self.key,
            Side::Value => self.value,
        }
    }
}
