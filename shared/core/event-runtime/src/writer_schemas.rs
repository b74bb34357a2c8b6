//! The names of a record's writer schemas, for logs and dead letters.

use schema_registry::{FrameFormat, Frames, KeyFormat};

use crate::framing::frame_of;
use crate::raw_record::RawRecord;
use crate::side::Side;

/// The writer schemas of a record: `id:100001`, `guid:…`, `glue:…`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct WriterSchemas {
    /// The key's; keys of plain text have none.
    pub(crate) key: Option<String>,
    /// The value's.
    pub(crate) value: Option<String>,
}

impl WriterSchemas {
    /// The schemas that a record's frames name. A frame that cannot be read names none.
    pub(crate) fn of(record: &RawRecord<'_>, frames: Frames) -> Self {
        let key = match frames.keys {
            KeyFormat::Framed(format) => schema_of(Side::Key, format, record),
            KeyFormat::Text => None,
        };
        WriterSchemas { key, value: schema_of(Side::Value, frames.values, record) }
    }
}

fn schema_of(side: Side, format: FrameFormat, record: &RawRecord<'_>) -> Option<String> {
    let bytes = record.bytes(side)?;
    frame_of(side, format, record, bytes).ok().map(|frame| frame.schema.to_string())
}
