//! The error codes that functions share: the README's tables of them.

use event_runtime::{FailureCode, FailureCodes, code_table};

use crate::handlers::change::VersionMissing;
use crate::handlers::document::DocumentUnreadable;
use crate::handlers::event::EventUnusable;
use crate::handlers::headers::HeadersUnreadable;
use crate::handlers::row_key::KeyUnusable;
use crate::patterns::append_once::EntryUnusable;
use crate::patterns::content::ContentUnwritable;
use crate::patterns::keep_newest::Missing;

const OF_CHANGES: &[&[FailureCode]] =
    &[KeyUnusable::CODES, VersionMissing::CODES, HeadersUnreadable::CODES, DocumentUnreadable::CODES, Missing::CODES];
const OF_EVENTS: &[&[FailureCode]] =
    &[EventUnusable::CODES, HeadersUnreadable::CODES, EntryUnusable::CODES, ContentUnwritable::CODES];
const OF_TABLES: &[&[FailureCode]] = &[dynamodb::TableError::CODES];

#[test]
fn the_readme_lists_the_codes_that_functions_share() {
    let readme = include_str!("../README.md");
    let tables = [OF_CHANGES, OF_EVENTS, OF_TABLES].map(|codes| code_table(codes.iter().copied().flatten()));
    let missing: Vec<_> = tables.iter().filter(|table| !readme.contains(*table)).cloned().collect();
    assert!(missing.is_empty(), "the README's tables should be:\n{}", missing.join("\n"));
}
