//! Finds the frame of one side of a record: in its bytes, its headers or the event's metadata, as its format says.

use schema_registry::{Frame, FrameFormat, KEY_SCHEMA_HEADER, SchemaHints, VALUE_SCHEMA_HEADER, split};

use crate::raw_record::RawRecord;
use crate::read_error::ReadError;
use crate::side::Side;

/// The frame; the first call for a side of a record splits it, the others get what that one found.
pub(crate) fn frame_of<'de>(
    side: Side,
    format: FrameFormat,
    record: &RawRecord<'de>,
    bytes: &'de [u8],
) -> Result<Frame<'de>, ReadError> {
    record.frames.split_once(side, format, bytes, || split_frame(side, format, record, bytes))
}

fn split_frame<'de>(
    side: Side,
    format: FrameFormat,
    record: &RawRecord<'de>,
    bytes: &'de [u8],
) -> Result<Frame<'de>, ReadError> {
    let (name, metadata) = match side {
        Side::Key => (KEY_SCHEMA_HEADER, record.key_schema),
        Side::Value => (VALUE_SCHEMA_HEADER, record.value_schema),
    };
    let header = if format.looks_at_headers() { record.headers.get_last(name)? } else { None };
    let mut metadata_id = None;
    if let Some(metadata) = metadata.filter(|_| format.looks_at_metadata()) {
        match metadata.data_format()?.as_deref() {
            None | Some("AVRO") => metadata_id = metadata.schema_id()?,
            Some(other) => return Err(not_avro(side, other)),
        }
    }
    let hints = SchemaHints { header: header.as_deref(), metadata_id: metadata_id.as_deref() };
    split(format, bytes, hints).map_err(|error| match metadata {
        Some(_) if !format.looks_at_metadata() => ReadError::FrameTaken { side, error },
        Some(_) | None => ReadError::Frame(error),
    })
}

pub(crate) fn not_avro(side: Side, format: &str) -> ReadError {
    let format = format.chars().filter(char::is_ascii_alphanumeric).take(20).collect();
    ReadError::NotAvro { side, format }
}
