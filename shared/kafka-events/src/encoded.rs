//! A key or value as base64 text that still lies in the event.

use std::borrow::Cow;

use memchr::memchr;

use crate::cursor::unescape_inner;

/// The base64 text of a key or value.
///
/// The alphabet is the standard one. Padding is either complete or left out; white space, a partial padding and bits
/// set beyond the last byte are errors, so a text that was cut or glued is not silently shorter data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Encoded<'a> {
    /// The inside of the JSON string, escapes unresolved.
    inner: &'a [u8],
}

/// The text is no base64, or its JSON escapes are broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not base64 in the standard alphabet")]
pub struct Base64Error;

impl Base64Error {
    /// The bounded name of this error.
    pub fn code(&self) -> &'static str {
        "base64_invalid"
    }
}

impl<'a> Encoded<'a> {
    pub(crate) fn new(inner: &'a [u8]) -> Self {
        Self { inner }
    }

    /// Decodes into `scratch`, whose former content is dropped and whose memory is used again.
    ///
    /// # Errors
    /// When the text is no base64; `scratch` is left empty.
    pub fn decode_into<'s>(&self, scratch: &'s mut Vec<u8>) -> Result<&'s [u8], Base64Error> {
        scratch.clear();
        if decode(self.inner, scratch).is_err() {
            scratch.clear();
            // Some JSON writers escape `/`, `+` or `=`.
            let text = memchr(b'\\', self.inner).and_then(|_| unescape_inner(self.inner)).ok_or(Base64Error)?;
            if decode(text.as_bytes(), scratch).is_err() {
                scratch.clear();
                return Err(Base64Error);
            }
        }
        Ok(scratch)
    }

    /// Decodes into memory of its own.
    ///
    /// # Errors
    /// When the text is no base64.
    pub fn to_vec(&self) -> Result<Vec<u8>, Base64Error> {
        let mut decoded = Vec::new();
        self.decode_into(&mut decoded)?;
        Ok(decoded)
    }

    /// The most bytes that decoding can give.
    pub fn decoded_len_bound(&self) -> usize {
        self.inner.len() / 4 * 3 + 3
    }

    /// The text as the event's sender meant it, decodable or not. What is no UTF-8 shows as U+FFFD.
    pub fn raw(&self) -> Cow<'a, str> {
        match memchr(b'\\', self.inner).and_then(|_| unescape_inner(self.inner)) {
            Some(text) => Cow::Owned(text),
            None => String::from_utf8_lossy(self.inner),
        }
    }
}

fn decode(text: &[u8], into: &mut Vec<u8>) -> Result<(), base64_simd::Error> {
    let padded = text.last() == Some(&b'=');
    let alphabet = if padded { base64_simd::STANDARD } else { base64_simd::STANDARD_NO_PAD };
    alphabet.decode_append(text, into)
}
