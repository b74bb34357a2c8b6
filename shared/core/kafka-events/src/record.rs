//! One record of a topic-partition: its members, in any order.

use std::borrow::Cow;

use crate::{
    Encoded, Headers, Record, SchemaMetadata, TimestampType,
    cursor::{Cursor, Fault},
    record_error::RecordFault,
};

/// Reads the record at the cursor. After an error the cursor is anywhere inside.
///
/// A member that occurs twice is an error: neither of two offsets can be trusted. `topic` keeps the topic's text from one
/// record of a topic-partition to the next, since it rarely changes.
#[inline]
pub(crate) fn read<'a>(
    cursor: &mut Cursor<'a>,
    topic_partition: &str,
    topic: &mut &'a str,
) -> Result<Record<'a>, (RecordFault, usize)> {
    let mut fields = Fields::default();
    match fields.read(cursor, topic) {
        Ok(()) => fields.record(topic_partition).map_err(|fault| (fault, cursor.at())),
        Err(fault) => Err((fault, cursor.at())),
    }
}

/// The coordinates of an element that is not a record, as far as they are readable: topic, partition, offset.
pub(crate) fn coordinates(raw: &[u8]) -> (Option<Cow<'_, str>>, Option<i32>, Option<i64>) {
    let mut cursor = Cursor::new(raw);
    let mut fields = Fields::default();
    if cursor.eat(b'{') {
        let mut first = true;
        while let Ok(Some(name)) = fields.member(&mut cursor, &mut first) {
            let start = cursor.at();
            let read = match name {
                Name::Topic | Name::Partition | Name::Offset => fields.field(&mut cursor, name, &mut ""),
                _ => Ok(()),
            };
            if read.is_err() {
                fields.forget(name);
            }
            cursor.seek(start);
            if cursor.value().is_err() {
                break;
            }
        }
    }
    (fields.topic, fields.partition, fields.offset)
}

/// The members of a record that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Name {
    Topic,
    Partition,
    Offset,
    Timestamp,
    TimestampType,
    Key,
    Value,
    Headers,
    KeySchema,
    ValueSchema,
    Unknown,
}

impl Name {
    /// The members in the order in which AWS writes them.
    const KNOWN: [(&'static str, Name); 10] = [
        ("topic", Name::Topic),
        ("partition", Name::Partition),
        ("offset", Name::Offset),
        ("timestamp", Name::Timestamp),
        ("timestampType", Name::TimestampType),
        ("key", Name::Key),
        ("value", Name::Value),
        ("headers", Name::Headers),
        ("keySchemaMetadata", Name::KeySchema),
        ("valueSchemaMetadata", Name::ValueSchema),
    ];

    fn spelled(self) -> &'static str {
        Self::KNOWN.iter().find(|(_, name)| *name == self).map_or("", |(spelled, _)| spelled)
    }

    /// The name at the start of `rest` and its length with quotes, when it has no escapes.
    #[inline]
    fn at_start(rest: &[u8]) -> Option<(Name, usize)> {
        // The closing quote is part of the comparison: `key` is not `keySchemaMetadata`.
        let is = |spelled: &[u8]| rest.starts_with(spelled);
        match rest.get(1)? {
            b't' if is(b"\"topic\"") => Some((Name::Topic, 7)),
            b't' if is(b"\"timestamp\"") => Some((Name::Timestamp, 11)),
            b't' if is(b"\"timestampType\"") => Some((Name::TimestampType, 15)),
            b'p' if is(b"\"partition\"") => Some((Name::Partition, 11)),
            b'o' if is(b"\"offset\"") => Some((Name::Offset, 8)),
            b'k' if is(b"\"key\"") => Some((Name::Key, 5)),
            b'k' if is(b"\"keySchemaMetadata\"") => Some((Name::KeySchema, 19)),
            b'v' if is(b"\"value\"") => Some((Name::Value, 7)),
            b'v' if is(b"\"valueSchemaMetadata\"") => Some((Name::ValueSchema, 21)),
            b'h' if is(b"\"headers\"") => Some((Name::Headers, 9)),
            _ => None,
        }
    }
}

#[derive(Default)]
struct Fields<'a> {
    /// One bit a member that was met.
    met: u16,
    topic: Option<Cow<'a, str>>,
    partition: Option<i32>,
    offset: Option<i64>,
    timestamp: Option<i64>,
    timestamp_type: TimestampType,
    key: Option<Encoded<'a>>,
    value: Option<Encoded<'a>>,
    headers: Headers<'a>,
    key_schema: Option<SchemaMetadata<'a>>,
    value_schema: Option<SchemaMetadata<'a>>,
}

impl<'a> Fields<'a> {
    #[inline]
    fn read(&mut self, cursor: &mut Cursor<'a>, topic: &mut &'a str) -> Result<(), RecordFault> {
        if !cursor.eat(b'{') {
            return Err(RecordFault::NoObject);
        }
        let mut first = true;
        while let Some(name) = self.member(cursor, &mut first)? {
            self.field(cursor, name, topic)?;
        }
        Ok(())
    }

    /// The next member's name, with the cursor at its value; `None` after the object's end.
    #[inline]
    fn member(&self, cursor: &mut Cursor<'a>, first: &mut bool) -> Result<Option<Name>, Fault> {
        cursor.skip_space();
        if cursor.eat(b'}') {
            return Ok(None);
        }
        if !std::mem::take(first) {
            cursor.expect(b',', "a comma")?;
            cursor.skip_space();
        }
        let name = match Name::at_start(cursor.rest()) {
            Some((name, length)) => {
                cursor.advance(length);
                name
            }
            None => {
                let name = cursor.string()?;
                let known = Name::KNOWN.iter().find(|(spelled, _)| name.is(spelled));
                known.map_or(Name::Unknown, |(_, name)| *name)
            }
        };
        cursor.expect(b':', "a colon")?;
        cursor.skip_space();
        Ok(Some(name))
    }

    #[inline]
    fn field(&mut self, cursor: &mut Cursor<'a>, name: Name, topic: &mut &'a str) -> Result<(), RecordFault> {
        if name == Name::Unknown {
            cursor.value()?;
            return Ok(());
        }
        let bit = 1_u16 << (name as u16);
        if self.met & bit != 0 {
            return Err(RecordFault::Twice(name.spelled()));
        }
        self.met |= bit;
        match name {
            Name::Topic => self.topic = read_topic(cursor, topic)?,
            Name::Partition => {
                let partition = cursor.integer().and_then(|partition| i32::try_from(partition).ok());
                self.partition = Some(partition.ok_or(RecordFault::Type("partition"))?);
            }
            Name::Offset => self.offset = Some(cursor.integer().ok_or(RecordFault::Type("offset"))?),
            Name::Timestamp => self.timestamp = read_timestamp(cursor)?,
            Name::TimestampType => self.timestamp_type = read_timestamp_type(cursor)?,
            Name::Key => self.key = read_encoded(cursor, "key")?,
            Name::Value => self.value = read_encoded(cursor, "value")?,
            Name::Headers => {
                if !cursor.null() {
                    self.headers = Headers::new(cursor.value()?);
                }
            }
            Name::KeySchema => self.key_schema = read_schema(cursor)?,
            Name::ValueSchema => self.value_schema = read_schema(cursor)?,
            Name::Unknown => {}
        }
        Ok(())
    }

    fn forget(&mut self, name: Name) {
        match name {
            Name::Topic => self.topic = None,
            Name::Partition => self.partition = None,
            Name::Offset => self.offset = None,
            _ => {}
        }
    }

    #[inline]
    fn record(self, topic_partition: &str) -> Result<Record<'a>, RecordFault> {
        let partition = self.partition.ok_or(RecordFault::Missing("partition"))?;
        let offset = self.offset.ok_or(RecordFault::Missing("offset"))?;
        let topic = match self.topic {
            Some(topic) => topic,
            None => Cow::Owned(topic_of_partition(topic_partition, partition).to_owned()),
        };
        Ok(Record {
            topic,
            partition,
            offset,
            timestamp: self.timestamp.unwrap_or(-1),
            timestamp_type: self.timestamp_type,
            key: self.key,
            value: self.value,
            headers: self.headers,
            key_schema: self.key_schema,
            value_schema: self.value_schema,
        })
    }
}

fn topic_of_partition(topic_partition: &str, partition: i32) -> &str {
    match topic_partition.rsplit_once('-') {
        Some((topic, end)) if end.parse() == Ok(partition) => topic,
        _ => topic_partition,
    }
}

#[inline]
fn read_topic<'a>(cursor: &mut Cursor<'a>, last: &mut &'a str) -> Result<Option<Cow<'a, str>>, RecordFault> {
    if cursor.null() {
        return Ok(None);
    }
    if cursor.peek() != Some(b'"') {
        return Err(RecordFault::Type("topic"));
    }
    let inside = cursor.rest().get(1..).unwrap_or_default();
    if !last.is_empty() && inside.starts_with(last.as_bytes()) && inside.get(last.len()) == Some(&b'"') {
        cursor.advance(last.len() + 2);
        return Ok(Some(Cow::Borrowed(last)));
    }
    let topic = cursor.string()?.text().ok_or(RecordFault::Type("topic"))?;
    if let Cow::Borrowed(topic) = topic {
        *last = topic;
    }
    Ok(Some(topic))
}

/// An integer; also a float or a number in a string, because `KafkaEvent` of aws_lambda_events accepts them. Milliseconds
/// only: a fraction is cut off.
fn read_timestamp(cursor: &mut Cursor<'_>) -> Result<Option<i64>, RecordFault> {
    if let Some(timestamp) = cursor.integer() {
        return Ok(Some(timestamp));
    }
    if cursor.null() {
        return Ok(None);
    }
    let fault = RecordFault::Type("timestamp");
    let text = match cursor.peek() {
        Some(b'"') => cursor.string()?.text().ok_or(fault)?,
        Some(b'-' | b'0'..=b'9') => Cow::Borrowed(std::str::from_utf8(cursor.value()?).map_err(|_| fault)?),
        _ => return Err(fault),
    };
    let number: f64 = text.parse().map_err(|_| fault)?;
    // Within these bounds every whole number of milliseconds is exact.
    if number.abs() < 9_007_199_254_740_992.0 { Ok(Some(number as i64)) } else { Err(fault) }
}

#[inline]
fn read_timestamp_type(cursor: &mut Cursor<'_>) -> Result<TimestampType, RecordFault> {
    if cursor.null() {
        return Ok(TimestampType::Unknown);
    }
    if cursor.peek() != Some(b'"') {
        return Err(RecordFault::Type("timestampType"));
    }
    let text = cursor.string()?;
    Ok(match text.text().as_deref() {
        Some("CREATE_TIME") => TimestampType::CreateTime,
        Some("LOG_APPEND_TIME") => TimestampType::LogAppendTime,
        Some(_) | None => TimestampType::Unknown,
    })
}

#[inline]
fn read_encoded<'a>(cursor: &mut Cursor<'a>, name: &'static str) -> Result<Option<Encoded<'a>>, RecordFault> {
    match cursor.peek() {
        Some(b'"') => Ok(Some(Encoded::new(cursor.string()?.inner()))),
        _ if cursor.null() => Ok(None),
        _ => Err(RecordFault::Type(name)),
    }
}

#[inline]
fn read_schema<'a>(cursor: &mut Cursor<'a>) -> Result<Option<SchemaMetadata<'a>>, RecordFault> {
    if cursor.null() {
        return Ok(None);
    }
    Ok(Some(SchemaMetadata::new(cursor.value()?)))
}
