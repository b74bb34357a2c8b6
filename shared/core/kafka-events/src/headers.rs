//! Record headers, parsed only on request: reading their arrays of integers takes longer than decoding the Avro.

use std::borrow::Cow;

use crate::{
    cursor::{Cursor, Fault, JsonText},
    plain_header,
};

/// The headers of a record, as bytes of the event: `[{"name":[104,-61,-85]},…]`.
///
/// Names may repeat and their order is kept. Iteration yields one header at a time; one that cannot be read is one
/// error, and the ones behind it are still yielded.
#[derive(Debug, Clone, Copy, Default)]
pub struct Headers<'a> {
    raw: &'a [u8],
}

/// One header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header<'a> {
    /// The name.
    pub name: Cow<'a, str>,
    /// The value; `None` where Kafka has null.
    pub value: Option<Vec<u8>>,
}

/// A header that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{reason} at byte {at} of the headers")]
pub struct HeaderError {
    reason: HeaderFault,
    at: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum HeaderFault {
    #[error("the headers are not an array of objects")]
    Shape,
    #[error("a header's name is not text")]
    Name,
    #[error("a header's value is neither null nor an array of bytes (-128 to 255)")]
    Value,
}

impl HeaderError {
    /// The bounded name of this error.
    pub fn code(&self) -> &'static str {
        match self.reason {
            HeaderFault::Shape => "headers_malformed",
            HeaderFault::Name => "header_name_unreadable",
            HeaderFault::Value => "header_value_unreadable",
        }
    }

    /// Where in [`Headers::raw`] the error is.
    pub fn at(&self) -> usize {
        self.at
    }
}

impl<'a> Headers<'a> {
    pub(crate) fn new(raw: &'a [u8]) -> Self {
        Self { raw }
    }

    /// The headers' JSON; empty when the event has none or null.
    pub fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// The headers in their order.
    pub fn iter(&self) -> impl Iterator<Item = Result<Header<'a>, HeaderError>> + use<'a> {
        Members::new(self.raw).map(|member| {
            let member = member?;
            let name = member.name.text().ok_or(HeaderError { reason: HeaderFault::Name, at: member.at })?;
            Ok(Header { name, value: member.bytes()? })
        })
    }

    /// Whether a header has this name. Values are not read.
    ///
    /// # Errors
    /// When the headers are malformed and none of the readable ones has the name.
    pub fn contains(&self, name: &str) -> Result<bool, HeaderError> {
        let mut doubt = None;
        for member in Members::new(self.raw) {
            match member {
                Ok(member) if member.name.is(name) => return Ok(true),
                Ok(_) => {}
                Err(error) => doubt = doubt.or(Some(error)),
            }
        }
        doubt.map_or(Ok(false), Err)
    }

    /// The value of the last header of this name; `None` when there is no such header or its value is null.
    ///
    /// # Errors
    /// When that header cannot be read, or the headers are malformed, so that the last one is unknown.
    pub fn get_last(&self, name: &str) -> Result<Option<Vec<u8>>, HeaderError> {
        let mut last = None;
        for member in Members::new(self.raw) {
            let member = member?;
            if member.name.is(name) {
                last = Some(member);
            }
        }
        last.map_or(Ok(None), |member| member.bytes())
    }
}

/// A name and the JSON of its value.
struct Member<'a> {
    name: JsonText<'a>,
    value: &'a [u8],
    /// Where the value starts in the headers.
    at: usize,
}

impl Member<'_> {
    /// The value's bytes: AWS writes them signed, other senders unsigned.
    fn bytes(&self) -> Result<Option<Vec<u8>>, HeaderError> {
        let mut cursor = Cursor::new(self.value);
        let fault = |cursor: &Cursor<'_>| HeaderError { reason: HeaderFault::Value, at: self.at + cursor.at() };
        if self.value == b"null" {
            return Ok(None);
        }
        if !cursor.eat(b'[') {
            return Err(fault(&cursor));
        }
        let mut bytes = Vec::with_capacity(self.value.len() / 3);
        cursor.skip_space();
        if cursor.eat(b']') {
            return Ok(Some(bytes));
        }
        loop {
            cursor.skip_space();
            let start = cursor;
            let byte = match cursor.integer() {
                Some(unsigned @ 0..=255) => unsigned as u8,
                Some(signed @ -128..0) => signed as i8 as u8,
                _ => return Err(fault(&start)),
            };
            bytes.push(byte);
            cursor.skip_space();
            if cursor.eat(b',') {
                continue;
            }
            return if cursor.eat(b']') { Ok(Some(bytes)) } else { Err(fault(&cursor)) };
        }
    }
}

/// Walks `[{"a":…,"b":…},{"c":…}]` member by member. An object usually has one member, but may have more.
struct Members<'a> {
    cursor: Cursor<'a>,
    place: Place,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Start,
    /// Inside the array, before an element or its end.
    Array {
        first: bool,
    },
    /// Inside an object, before a member or its end.
    Object {
        first: bool,
    },
    End,
}

impl<'a> Members<'a> {
    fn new(raw: &'a [u8]) -> Self {
        let place = if raw.is_empty() { Place::End } else { Place::Start };
        Self { cursor: Cursor::new(raw), place }
    }

    /// The next member where the headers are written as AWS writes them; otherwise nothing is consumed.
    #[inline]
    fn as_aws_writes(&mut self) -> Option<Member<'a>> {
        let rest = self.cursor.rest();
        let before = match self.place {
            Place::Start => b"[",
            Place::Array { first: false } => b",",
            Place::Array { first: true } | Place::Object { .. } | Place::End => return None,
        };
        let start = rest.strip_prefix(before)?;
        let header = plain_header::header(start)?;
        let name = JsonText::of_quoted(header.name);
        let at = self.cursor.at() + 1 + header.name.len() + 2;
        self.cursor.advance(rest.len() - header.rest.len());
        self.place = Place::Array { first: false };
        Some(Member { name, value: header.value, at })
    }

    /// The next member, `None` at the end. After an error that cannot be skipped `place` is `End`.
    fn step(&mut self) -> Result<Option<Member<'a>>, Fault> {
        loop {
            self.cursor.skip_space();
            match self.place {
                Place::Start => {
                    self.place = Place::End;
                    self.cursor.expect(b'[', "an array")?;
                    self.place = Place::Array { first: true };
                }
                Place::Array { first } => {
                    self.place = Place::End;
                    if self.cursor.eat(b']') {
                        return Ok(None);
                    }
                    if !first {
                        self.cursor.expect(b',', "a comma")?;
                        self.cursor.skip_space();
                    }
                    if self.cursor.eat(b'{') {
                        self.place = Place::Object { first: true };
                        continue;
                    }
                    let fault = self.cursor.unexpected("an object");
                    self.cursor.value()?;
                    self.place = Place::Array { first: false };
                    return Err(fault);
                }
                Place::Object { first } => {
                    if self.cursor.eat(b'}') {
                        self.place = Place::Array { first: false };
                        continue;
                    }
                    self.place = Place::End;
                    if !first {
                        self.cursor.expect(b',', "a comma")?;
                        self.cursor.skip_space();
                    }
                    let name = self.cursor.string()?;
                    self.cursor.expect(b':', "a colon")?;
                    self.cursor.skip_space();
                    let at = self.cursor.at();
                    let value = self.cursor.value()?;
                    self.place = Place::Object { first: false };
                    return Ok(Some(Member { name, value, at }));
                }
                Place::End => return Ok(None),
            }
        }
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = Result<Member<'a>, HeaderError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if let Some(member) = self.as_aws_writes() {
            return Some(Ok(member));
        }
        self.step().map_err(|fault| HeaderError { reason: HeaderFault::Shape, at: fault.at }).transpose()
    }
}
