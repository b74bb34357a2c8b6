//! The straight path: a record spelled exactly as AWS spells nearly all of them.
//!
//! Members in AWS's order, no white space, no escapes, headers of plain arrays. Whatever differs is left to the
//! general path in `record`, which reads the same things; so this one may give up anywhere, and does.

use std::borrow::Cow;

use memchr::{memchr, memchr2};

use crate::{Encoded, Headers, Record, TimestampType, cursor::Cursor};

/// The record at the cursor, or `None` with the cursor where it was.
#[inline]
pub(crate) fn read<'a>(cursor: &mut Cursor<'a>, topic: &mut &'a str) -> Option<Record<'a>> {
    let start = cursor.rest();
    let (record, rest) = record(start, topic)?;
    cursor.advance(start.len() - rest.len());
    Some(record)
}

#[inline]
fn record<'a>(rest: &'a [u8], last_topic: &mut &'a str) -> Option<(Record<'a>, &'a [u8])> {
    let rest = rest.strip_prefix(b"{\"topic\":\"")?;
    let (topic, rest) = topic(rest, last_topic)?;
    let rest = rest.strip_prefix(b",\"partition\":")?;
    let (partition, rest) = integer(rest)?;
    let rest = rest.strip_prefix(b",\"offset\":")?;
    let (offset, rest) = integer(rest)?;
    let rest = rest.strip_prefix(b",\"timestamp\":")?;
    let (timestamp, rest) = integer(rest)?;
    let rest = rest.strip_prefix(b",\"timestampType\":\"")?;
    let (timestamp_type, rest) = if let Some(rest) = rest.strip_prefix(b"CREATE_TIME\"") {
        (TimestampType::CreateTime, rest)
    } else {
        (TimestampType::LogAppendTime, rest.strip_prefix(b"LOG_APPEND_TIME\"")?)
    };
    let (key, rest) = match rest.strip_prefix(b",\"key\":") {
        Some(rest) => encoded(rest)?,
        None => (None, rest),
    };
    let (value, rest) = match rest.strip_prefix(b",\"value\":") {
        Some(rest) => encoded(rest)?,
        None => (None, rest),
    };
    let (headers, rest) = match rest.strip_prefix(b",\"headers\":") {
        Some(rest) => headers(rest)?,
        None => (Headers::default(), rest),
    };
    let rest = rest.strip_prefix(b"}")?;
    let partition = i32::try_from(partition).ok()?;
    let record = Record {
        topic: Cow::Borrowed(topic),
        partition,
        offset,
        timestamp,
        timestamp_type,
        key,
        value,
        headers,
        key_schema: None,
        value_schema: None,
    };
    Some((record, rest))
}

/// The inside of a string whose opening quote is consumed, as it stands there. A quote behind a backslash may not be
/// the end, so that is left to the general path.
#[inline]
fn inside(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let (inside, rest) = rest.split_at_checked(memchr(b'"', rest)?)?;
    if inside.last() == Some(&b'\\') { None } else { Some((inside, rest.get(1..)?)) }
}

/// Topics hardly ever change within a lane, so the last one is compared before anything is checked anew.
#[inline]
fn topic<'a>(rest: &'a [u8], last: &mut &'a str) -> Option<(&'a str, &'a [u8])> {
    let same = rest.strip_prefix(last.as_bytes()).and_then(|rest| rest.strip_prefix(b"\""));
    if let Some(rest) = same.filter(|_| !last.is_empty()) {
        return Some((last, rest));
    }
    let (topic, rest) = inside(rest)?;
    if memchr(b'\\', topic).is_some() {
        return None;
    }
    *last = std::str::from_utf8(topic).ok()?;
    Some((last, rest))
}

#[inline]
fn integer(rest: &[u8]) -> Option<(i64, &[u8])> {
    // Eighteen digits always fit; the byte that ends them is what the next literal begins with, or we give up there.
    let mut value = 0_i64;
    for (length, byte) in rest.iter().enumerate().take(19) {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            let usual = (length == 1 || rest.first() != Some(&b'0')) && (1..=18).contains(&length);
            return if usual { Some((value, rest.get(length..)?)) } else { None };
        }
        if length < 18 {
            value = value * 10 + i64::from(digit);
        }
    }
    None
}

#[inline]
fn encoded(rest: &[u8]) -> Option<(Option<Encoded<'_>>, &[u8])> {
    if let Some(rest) = rest.strip_prefix(b"\"") {
        let (text, rest) = inside(rest)?;
        return Some((Some(Encoded::new(text)), rest));
    }
    Some((None, rest.strip_prefix(b"null")?))
}

/// Finds the end of `[{"name":[1,2]},…]`.
#[inline]
fn headers(whole: &[u8]) -> Option<(Headers<'_>, &[u8])> {
    let mut rest = whole.strip_prefix(b"[")?;
    if let Some(after) = rest.strip_prefix(b"]") {
        return Some((Headers::new(whole.get(..2)?), after));
    }
    loop {
        rest = header(rest)?.rest;
        if let Some(next) = rest.strip_prefix(b",") {
            rest = next;
            continue;
        }
        let after = rest.strip_prefix(b"]")?;
        let raw = whole.get(..whole.len() - after.len())?;
        return Some((Headers::new(raw), after));
    }
}

/// A header's parts as they stand in the event.
pub(crate) struct RawHeader<'a> {
    /// Quotes included.
    pub(crate) name: &'a [u8],
    /// Brackets included.
    pub(crate) value: &'a [u8],
    /// What follows the header's object.
    pub(crate) rest: &'a [u8],
}

/// The header `{"name":[1,2]}` at the start of `whole`.
#[inline]
pub(crate) fn header(whole: &[u8]) -> Option<RawHeader<'_>> {
    let (name, after) = inside(whole.strip_prefix(b"{\"")?)?;
    let value = after.strip_prefix(b":")?;
    // A quote first means that these are no numbers. An inner array fails at the closing brace.
    let end = 1 + memchr2(b']', b'"', value.strip_prefix(b"[")?)?;
    let (value, rest) = value.split_at_checked(end + 1)?;
    let rest = rest.strip_prefix(b"}")?;
    if value.last() != Some(&b']') {
        return None;
    }
    Some(RawHeader { name: whole.get(1..name.len() + 3)?, value, rest })
}
