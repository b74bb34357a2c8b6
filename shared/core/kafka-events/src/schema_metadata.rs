//! Schema metadata: the report of the event source mapping's own registry integration about a key or value.

use std::borrow::Cow;

use crate::cursor::{Cursor, Fault};

/// `keySchemaMetadata` or `valueSchemaMetadata`: `{"dataFormat":"AVRO","schemaId":"…"}`, parsed on request.
///
/// With the integration's `EventRecordFormat=SOURCE` the frame is stripped from the bytes, and this is the only place
/// that names the writer schema.
#[derive(Debug, Clone, Copy)]
pub struct SchemaMetadata<'a> {
    raw: &'a [u8],
}

/// The metadata is not an object whose members are text or a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the schema metadata cannot be read at its byte {at}")]
pub struct SchemaMetadataError {
    at: usize,
}

impl SchemaMetadataError {
    /// The bounded name of this error.
    pub fn code(&self) -> &'static str {
        "schema_metadata_malformed"
    }
}

impl From<Fault> for SchemaMetadataError {
    fn from(fault: Fault) -> Self {
        Self { at: fault.at }
    }
}

impl<'a> SchemaMetadata<'a> {
    pub(crate) fn new(raw: &'a [u8]) -> Self {
        Self { raw }
    }

    /// The metadata's JSON.
    pub fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// `AVRO`, `JSON` or `PROTOBUF`.
    ///
    /// # Errors
    /// When the metadata cannot be read.
    pub fn data_format(&self) -> Result<Option<Cow<'a, str>>, SchemaMetadataError> {
        self.member("dataFormat")
    }

    /// The id of the writer schema: a number in a Confluent registry, a UUID in AWS Glue.
    ///
    /// # Errors
    /// When the metadata cannot be read.
    pub fn schema_id(&self) -> Result<Option<Cow<'a, str>>, SchemaMetadataError> {
        self.member("schemaId")
    }

    /// The text (or number) of a member; the last one counts when it occurs twice.
    fn member(&self, wanted: &str) -> Result<Option<Cow<'a, str>>, SchemaMetadataError> {
        let mut cursor = Cursor::new(self.raw);
        let mut found = None;
        cursor.expect(b'{', "an object")?;
        cursor.skip_space();
        if cursor.eat(b'}') {
            return Ok(None);
        }
        loop {
            cursor.skip_space();
            let name = cursor.string()?;
            cursor.expect(b':', "a colon")?;
            cursor.skip_space();
            if name.is(wanted) {
                found = scalar(&mut cursor)?;
            } else {
                cursor.value()?;
            }
            cursor.skip_space();
            if cursor.eat(b',') {
                continue;
            }
            cursor.expect(b'}', "the end of the object")?;
            return Ok(found);
        }
    }
}

fn scalar<'a>(cursor: &mut Cursor<'a>) -> Result<Option<Cow<'a, str>>, SchemaMetadataError> {
    let at = cursor.at();
    if cursor.null() {
        return Ok(None);
    }
    if cursor.peek() == Some(b'"') {
        return cursor.string()?.text().map(Some).ok_or(SchemaMetadataError { at });
    }
    cursor.integer().ok_or(SchemaMetadataError { at })?;
    let digits = std::str::from_utf8(cursor.since(at)).map_err(|_| SchemaMetadataError { at })?;
    Ok(Some(Cow::Borrowed(digits)))
}
