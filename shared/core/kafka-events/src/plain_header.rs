//! One header as AWS writes nearly all of them: `{"name":[104,-61,-85]}`, without white space and escapes.

use memchr::{memchr, memchr2};

/// A header's parts, as bytes of the event.
pub(crate) struct RawHeader<'a> {
    /// Quotes included.
    pub(crate) name: &'a [u8],
    /// Brackets included.
    pub(crate) value: &'a [u8],
    /// The bytes that follow the header's object.
    pub(crate) rest: &'a [u8],
}

/// The header `{"name":[1,2]}` at the start of `whole`.
#[inline]
pub(crate) fn header(whole: &[u8]) -> Option<RawHeader<'_>> {
    let (name, after) = inside(whole.strip_prefix(b"{\"")?)?;
    let value = after.strip_prefix(b":")?;
    // A quote first means that these are not numbers. An inner array fails at the closing brace.
    let end = 1 + memchr2(b']', b'"', value.strip_prefix(b"[")?)?;
    let (value, rest) = value.split_at_checked(end + 1)?;
    let rest = rest.strip_prefix(b"}")?;
    if value.last() != Some(&b']') {
        return None;
    }
    Some(RawHeader { name: whole.get(1..name.len() + 3)?, value, rest })
}

/// The inside of a string whose opening quote is consumed. A quote behind a backslash may not be the end, so that is left
/// to the general path.
#[inline]
pub(crate) fn inside(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let (inside, rest) = rest.split_at_checked(memchr(b'"', rest)?)?;
    if inside.last() == Some(&b'\\') { None } else { Some((inside, rest.get(1..)?)) }
}
