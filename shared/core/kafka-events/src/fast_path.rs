//! The fast path: reads a record that is written exactly as AWS writes nearly all of them.
//!
//! Members in AWS's order, no white space, no escapes, headers of plain arrays. Every other record is left to the general
//! path in `record`, which reads the same members; so the fast path may give up at any byte.

use std::borrow::Cow;

use memchr::{memchr, memchr2};

use crate::plain_header::{header, inside};
use crate::{Encoded, Headers, Record, TimestampType, cursor::Cursor};

/// The parts of the last record that rarely change from one record of a topic-partition to the next: they are compared
/// before they are parsed again. Debezium's headers name connector and task.
#[derive(Debug, Default)]
pub(crate) struct Last<'a> {
    place: Place<'a>,
    /// The topic's text, as the general path keeps it.
    pub(crate) topic: &'a str,
    /// A whole array, brackets included, so that equal bytes end at the same place.
    headers: &'a [u8],
    /// The start of an array of one header, up to the bracket of its value: a trace header has another value in each record.
    header: &'a [u8],
}

/// Topic and partition with the bytes that they were read from: all of a record up to its offset.
#[derive(Debug, Default, Clone, Copy)]
struct Place<'a> {
    bytes: &'a [u8],
    topic: &'a str,
    partition: i32,
}

/// The record at the cursor, or `None` with the cursor unmoved.
#[inline(always)]
pub(crate) fn read<'a>(cursor: &mut Cursor<'a>, last: &mut Last<'a>) -> Option<Record<'a>> {
    let start = cursor.rest();
    let (record, rest) = record(start, last)?;
    cursor.advance(start.len() - rest.len());
    Some(record)
}

#[inline(always)]
fn record<'a>(rest: &'a [u8], last: &mut Last<'a>) -> Option<(Record<'a>, &'a [u8])> {
    let (Place { topic, partition, .. }, rest) = place(rest, &mut last.place)?;
    let (offset, rest) = integer(rest)?;
    let rest = rest.strip_prefix(b",\"timestamp\":")?;
    let (timestamp, rest) = integer(rest)?;
    let (timestamp_type, rest) = if let Some(rest) = rest.strip_prefix(b",\"timestampType\":\"CREATE_TIME\"") {
        (TimestampType::CreateTime, rest)
    } else {
        (TimestampType::LogAppendTime, rest.strip_prefix(b",\"timestampType\":\"LOG_APPEND_TIME\"")?)
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
        Some(rest) => headers(rest, last)?,
        None => (Headers::default(), rest),
    };
    let rest = rest.strip_prefix(b"}")?;
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

/// Topic and partition. They are the same in all records of a topic-partition, so the bytes of the last record are compared
/// before anything is parsed again.
#[inline(always)]
fn place<'a>(whole: &'a [u8], last: &mut Place<'a>) -> Option<(Place<'a>, &'a [u8])> {
    if !last.bytes.is_empty()
        && let Some(rest) = whole.strip_prefix(last.bytes)
    {
        return Some((*last, rest));
    }
    *last = other_place(whole)?;
    Some((*last, whole.get(last.bytes.len()..)?))
}

#[inline(never)]
fn other_place(whole: &[u8]) -> Option<Place<'_>> {
    let (topic, rest) = inside(whole.strip_prefix(b"{\"topic\":\"")?)?;
    if memchr(b'\\', topic).is_some() {
        return None;
    }
    let (partition, rest) = integer(rest.strip_prefix(b",\"partition\":")?)?;
    let rest = rest.strip_prefix(b",\"offset\":")?;
    let bytes = whole.get(..whole.len() - rest.len())?;
    Some(Place { bytes, topic: std::str::from_utf8(topic).ok()?, partition: i32::try_from(partition).ok()? })
}

/// A number of up to fifteen digits. The byte that ends it is the first of the next literal, or that literal does not match.
#[inline(always)]
fn integer(rest: &[u8]) -> Option<(i64, &[u8])> {
    let (count, value) = digits(rest)?;
    if count == 0 || (count > 1 && rest.first() == Some(&b'0')) {
        return None;
    }
    if count < 8 {
        return Some((value as i64, rest.get(count..)?));
    }
    let rest = rest.get(8..)?;
    let (count, low) = digits(rest)?;
    const TENS: [u64; 8] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000];
    Some(((value * TENS.get(count)? + low) as i64, rest.get(count..)?))
}

/// How many digits `rest` begins with, at most eight, and their number: all at once, eight bytes in one word.
#[inline(always)]
fn digits(rest: &[u8]) -> Option<(usize, u64)> {
    let word = u64::from_le_bytes(*rest.first_chunk::<8>()?) ^ 0x3030_3030_3030_3030;
    // The high bit of each byte above 9. A carry only reaches bytes behind a byte that is not a digit.
    let others = (word.wrapping_add(0x7676_7676_7676_7676) | word) & 0x8080_8080_8080_8080;
    let count = others.trailing_zeros() / 8;
    // Leading zeros replace the bytes that follow the digits; then pairs, fours and all eight are combined.
    let word = word.checked_shl(64 - 8 * count).unwrap_or_default();
    let word = (word.wrapping_mul(10).wrapping_add(word >> 8)) & 0x00ff_00ff_00ff_00ff;
    let word = (word.wrapping_mul(100).wrapping_add(word >> 16)) & 0x0000_ffff_0000_ffff;
    let word = word.wrapping_mul(10_000).wrapping_add(word >> 32) & 0xffff_ffff;
    Some((count as usize, word))
}

#[inline(always)]
fn encoded(rest: &[u8]) -> Option<(Option<Encoded<'_>>, &[u8])> {
    if let Some(rest) = rest.strip_prefix(b"\"") {
        let (text, rest) = inside(rest)?;
        return Some((Some(Encoded::new(text)), rest));
    }
    Some((None, rest.strip_prefix(b"null")?))
}

#[inline(always)]
fn headers<'a>(whole: &'a [u8], last: &mut Last<'a>) -> Option<(Headers<'a>, &'a [u8])> {
    if !last.headers.is_empty()
        && let Some(rest) = whole.strip_prefix(last.headers)
    {
        return Some((Headers::new(last.headers), rest));
    }
    if !last.header.is_empty()
        && let Some(value) = whole.strip_prefix(last.header)
        // As in `header`.
        && let Some(end) = memchr2(b']', b'"', value)
        && let Some(rest) = value.get(end..)?.strip_prefix(b"]}]")
    {
        return Some((Headers::new(whole.get(..whole.len() - rest.len())?), rest));
    }
    let (headers, rest) = other_headers(whole)?;
    last.headers = headers;
    last.header = one_header(headers).unwrap_or_default();
    Some((Headers::new(headers), rest))
}

/// `[{"name":[` of an array of one header.
fn one_header(headers: &[u8]) -> Option<&[u8]> {
    let first = header(headers.strip_prefix(b"[")?)?;
    if first.rest == b"]" { headers.get(..1 + 1 + first.name.len() + 1 + 1) } else { None }
}

/// Finds the end of `[{"name":[1,2]},…]`.
#[inline(never)]
fn other_headers(whole: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut rest = whole.strip_prefix(b"[")?;
    if rest.starts_with(b"]") {
        return whole.split_at_checked(2);
    }
    loop {
        rest = header(rest)?.rest;
        if let Some(next) = rest.strip_prefix(b",") {
            rest = next;
            continue;
        }
        let after = rest.strip_prefix(b"]")?;
        return whole.split_at_checked(whole.len() - after.len());
    }
}

#[cfg(test)]
mod tests {
    use super::integer;

    #[test]
    fn whole_numbers_are_read_with_what_follows_them() {
        for number in
            [0, 7, 10, 99, 12_345_678, 123_456_789, 1_795_421_344_687, 99_999_999_999_999, 999_999_999_999_999]
        {
            for after in [",\"offset\"", "}}}}}}}}", "/////////", ":::::::::", "\u{ff}\u{ff}\u{ff}\u{ff}\u{ff}"] {
                let text = format!("{number}{after}");
                assert_eq!(integer(text.as_bytes()), Some((number, after.as_bytes())), "{text}");
            }
        }
    }

    #[test]
    fn other_spellings_are_left_to_the_general_path() {
        for text in ["", "1", "x,,,,,,,,", "00,,,,,,,,", "01,,,,,,,,", "-1,,,,,,,,,", "1234567890123456,,,,,,,,"] {
            assert_eq!(integer(text.as_bytes()), None, "{text}");
        }
    }
}
