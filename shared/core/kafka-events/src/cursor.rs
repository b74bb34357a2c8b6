//! Delimits JSON without interpreting it: finds where a string, an object or an array ends.
//!
//! Nothing here recurses or allocates, so depth costs nothing. Values that are not read are only delimited: the inside
//! of an unknown value is not checked beyond its quotes and its own kind of bracket.

use std::borrow::Cow;

use memchr::{memchr, memchr2, memchr3};

/// Where reading stopped, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) at: usize,
    pub(crate) kind: FaultKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FaultKind {
    /// The bytes end inside a value.
    Truncated,
    /// Another byte was found where this was needed.
    Expected(&'static str),
}

/// A reading position in JSON bytes; `at` never passes the end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// Moves back (or forward) to a position that `at` returned.
    pub(crate) fn seek(&mut self, at: usize) {
        self.at = at.min(self.bytes.len());
    }

    #[inline]
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    #[inline]
    pub(crate) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    #[inline]
    pub(crate) fn advance(&mut self, by: usize) {
        self.at = self.at.saturating_add(by).min(self.bytes.len());
    }

    #[inline]
    pub(crate) fn skip_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    /// Consumes `byte` when it is next.
    #[inline]
    pub(crate) fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// Consumes `byte`, after white space, or reports what was expected.
    #[inline]
    pub(crate) fn expect(&mut self, byte: u8, what: &'static str) -> Result<(), Fault> {
        self.skip_space();
        if self.eat(byte) { Ok(()) } else { Err(self.unexpected(what)) }
    }

    pub(crate) fn unexpected(&self, what: &'static str) -> Fault {
        let kind = if self.at == self.bytes.len() { FaultKind::Truncated } else { FaultKind::Expected(what) };
        Fault { at: self.at, kind }
    }

    fn truncated(&self) -> Fault {
        Fault { at: self.bytes.len(), kind: FaultKind::Truncated }
    }

    /// The bytes from `start` to here.
    pub(crate) fn since(&self, start: usize) -> &'a [u8] {
        self.bytes.get(start..self.at).unwrap_or_default()
    }

    /// Consumes a string, quotes and all.
    #[inline]
    pub(crate) fn string(&mut self) -> Result<JsonText<'a>, Fault> {
        let start = self.at;
        if !self.eat(b'"') {
            return Err(self.unexpected("a string"));
        }
        let mut escaped = false;
        loop {
            let rest = self.rest();
            let Some(found) = memchr2(b'"', b'\\', rest) else { return Err(self.truncated()) };
            if rest.get(found) == Some(&b'"') {
                self.advance(found + 1);
                return Ok(JsonText { quoted: self.since(start), escaped });
            }
            escaped = true;
            self.advance(found + 2); // the backslash and what it escapes; `\u` leaves its digits, which are plain
        }
    }

    /// Consumes any value and returns its bytes.
    #[inline]
    pub(crate) fn value(&mut self) -> Result<&'a [u8], Fault> {
        let start = self.at;
        match self.peek() {
            Some(b'"') => {
                self.string()?;
            }
            Some(b'[') => self.balanced(b'[', b']')?,
            Some(b'{') => self.balanced(b'{', b'}')?,
            _ => self.scalar()?,
        }
        Ok(self.since(start))
    }

    /// Consumes up to the bracket that closes the one at the cursor. Counting one kind is enough in well-formed JSON; in
    /// malformed JSON any end will do as long as it is found in one pass.
    fn balanced(&mut self, open: u8, close: u8) -> Result<(), Fault> {
        let mut depth = 0_usize;
        loop {
            let rest = self.rest();
            let Some(found) = memchr3(b'"', open, close, rest) else { return Err(self.truncated()) };
            self.advance(found);
            match rest.get(found) {
                Some(b'"') => {
                    self.string()?;
                    continue;
                }
                Some(byte) if *byte == open => depth += 1,
                _ => depth -= 1,
            }
            self.advance(1);
            if depth == 0 {
                return Ok(());
            }
        }
    }

    fn scalar(&mut self) -> Result<(), Fault> {
        let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.');
        let length = self.rest().iter().take_while(|byte| plain(byte)).count();
        if length == 0 {
            return Err(self.unexpected("a value"));
        }
        self.advance(length);
        Ok(())
    }

    /// Consumes `null` when it is next.
    #[inline]
    pub(crate) fn null(&mut self) -> bool {
        let found = self.rest().starts_with(b"null");
        if found {
            self.advance(4);
        }
        found
    }

    /// Consumes an integer that fits; `None` (nothing consumed) for any other value.
    #[inline]
    pub(crate) fn integer(&mut self) -> Option<i64> {
        let rest = self.rest();
        let negative = rest.first() == Some(&b'-');
        let digits = rest.get(usize::from(negative)..)?;
        let mut length = 0;
        let mut value = 0_i64;
        for byte in digits {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                break;
            }
            // Computed as a negative number, because the lowest number has no positive counterpart.
            value = value.checked_mul(10)?.checked_sub(i64::from(digit))?;
            length += 1;
        }
        let leading_zero = length > 1 && digits.first() == Some(&b'0');
        let goes_on = matches!(digits.get(length), Some(b'.' | b'e' | b'E' | b'+' | b'-'));
        if length == 0 || leading_zero || goes_on {
            return None;
        }
        let value = if negative { value } else { value.checked_neg()? };
        self.advance(length + usize::from(negative));
        Some(value)
    }
}

/// A JSON string as bytes of the event, quotes included.
#[derive(Debug, Clone, Copy)]
pub(crate) struct JsonText<'a> {
    quoted: &'a [u8],
    escaped: bool,
}

impl<'a> JsonText<'a> {
    /// A whole string, quotes included.
    #[inline]
    pub(crate) fn of_quoted(quoted: &'a [u8]) -> Self {
        Self { quoted, escaped: memchr(b'\\', quoted).is_some() }
    }

    /// The bytes between the quotes, escapes unresolved.
    #[inline]
    pub(crate) fn inner(&self) -> &'a [u8] {
        self.quoted.get(1..self.quoted.len().saturating_sub(1)).unwrap_or_default()
    }

    /// The text itself; `None` when it is not UTF-8 or has a broken escape.
    #[inline]
    pub(crate) fn text(&self) -> Option<Cow<'a, str>> {
        if self.escaped {
            return unescape(self.quoted).map(Cow::Owned);
        }
        std::str::from_utf8(self.inner()).ok().map(Cow::Borrowed)
    }

    /// Whether the text is `name`, without allocating unless it has escapes.
    pub(crate) fn is(&self, name: &str) -> bool {
        if self.escaped {
            unescape(self.quoted).is_some_and(|text| text == name)
        } else {
            self.inner() == name.as_bytes()
        }
    }
}

/// Strings with escapes are rare here, so a general parser reads them.
fn unescape(quoted: &[u8]) -> Option<String> {
    serde_json::from_slice(quoted).ok()
}

/// The text of a string's inside that may have escapes.
pub(crate) fn unescape_inner(inner: &[u8]) -> Option<String> {
    let mut quoted = Vec::with_capacity(inner.len() + 2);
    quoted.push(b'"');
    quoted.extend_from_slice(inner);
    quoted.push(b'"');
    unescape(&quoted)
}
