//! Headers of a record that cannot be read.

use kafka_events::HeaderError;

use crate::Failure;

/// The record's headers are not what Lambda writes.
#[derive(Debug, Failure)]
#[failure(
    "the record's headers cannot be read; check what writes them",
    dead_letter,
    code = _0.code(),
    codes = ["headers_malformed", "header_name_unreadable", "header_value_unreadable"],
    blame = record,
    remedy = "Check what writes the headers; end the letter."
)]
pub(crate) struct HeadersUnreadable(#[source] pub(crate) HeaderError);
