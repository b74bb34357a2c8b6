//! A key or value as base64 text, still in the event's bytes.

use std::borrow::Cow;

use memchr::memchr;

use crate::cursor::unescape_inner;

/// The base64 text of a key or value.
///
/// The alphabet is the standard one. Padding is either complete or left out; white space and a partial padding are
/// errors, so that text which was cut or joined is not read as shorter data. Bits that are set beyond the last byte are
/// ignored, as the decoders of Java and Python do: the sample event in AWS's documentation has such a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Encoded<'a> {
    /// The inside of the JSON string, escapes unresolved.
    inner: &'a [u8],
}

/// The text is not base64, or its JSON escapes are broken.
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

    /// Decodes into `scratch`, whose memory is reused. Use the returned slice: `scratch` itself holds working data beyond
    /// it.
    ///
    /// # Errors
    /// When the text is not base64.
    #[inline]
    pub fn decode_into<'s>(&self, scratch: &'s mut Vec<u8>) -> Result<&'s [u8], Base64Error> {
        let length = match decode(self.inner, scratch) {
            Some(length) => length,
            None => self.decode_escaped(scratch)?,
        };
        scratch.get(..length).ok_or(Base64Error)
    }

    /// Some JSON writers escape `/`, `+` or `=`.
    #[cold]
    #[inline(never)]
    fn decode_escaped(&self, scratch: &mut Vec<u8>) -> Result<usize, Base64Error> {
        let text = memchr(b'\\', self.inner).and_then(|_| unescape_inner(self.inner));
        text.and_then(|text| decode(text.as_bytes(), scratch)).ok_or(Base64Error)
    }

    /// Decodes into memory of its own.
    ///
    /// # Errors
    /// When the text is not base64.
    pub fn to_vec(&self) -> Result<Vec<u8>, Base64Error> {
        let mut decoded = Vec::new();
        let length = self.decode_into(&mut decoded)?.len();
        decoded.truncate(length);
        Ok(decoded)
    }

    /// The most bytes that decoding can give.
    pub fn decoded_len_bound(&self) -> usize {
        self.inner.len() / 4 * 3 + 3
    }

    /// The text with its JSON escapes resolved, decodable or not. Invalid UTF-8 is replaced by U+FFFD.
    pub fn raw(&self) -> Cow<'a, str> {
        match memchr(b'\\', self.inner).and_then(|_| unescape_inner(self.inner)) {
            Some(text) => Cow::Owned(text),
            None => String::from_utf8_lossy(self.inner),
        }
    }
}

/// How many bytes longer than the text the buffer for decoding is.
const SPARE: usize = 40;
/// Zeros in base64.
const ZEROS: [u8; SPARE] = [b'A'; SPARE];

/// Decodes over the text's own copy in `scratch` and gives the length of what it decoded to, or `None`.
///
/// The decoder takes 32 characters at a time as long as at least six are left behind them, and the rest one by one,
/// which takes most of the time for a short text. So the text is padded with zeros to a length that leaves six, and the
/// bytes that the zeros decode to are cut off.
///
/// The end of a text is often not in the cache yet, and the amount of its padding is unpredictable: nothing reads it
/// before the text is copied, and nothing branches on it.
#[inline(never)]
fn decode(text: &[u8], scratch: &mut Vec<u8>) -> Option<usize> {
    if scratch.len() < text.len() + SPARE {
        scratch.resize(text.len() + SPARE, 0);
    }
    scratch.get_mut(..text.len())?.copy_from_slice(text);
    let padding = match text {
        [.., last_but_one, last] => {
            let last = usize::from(*last == b'=');
            last + (last & usize::from(*last_but_one == b'='))
        }
        _ => 0,
    };
    let digits = text.len() - padding;
    *scratch.get_mut(digits..)?.first_chunk_mut()? = ZEROS;
    base64_simd::STANDARD_NO_PAD.decode_inplace(scratch.get_mut(..digits.next_multiple_of(32) + 6)?).ok()?;
    // Bits beyond the last byte run into the zeros behind it, and are cut off with them.
    let whole = (padding == 0 || text.len().is_multiple_of(4)) && digits % 4 != 1;
    whole.then_some(digits * 3 / 4)
}

#[cfg(test)]
mod tests {
    use super::{Base64Error, Encoded};

    /// Bytes of every kind, so that each digit occurs at each place.
    fn bytes(length: usize) -> Vec<u8> {
        (0..length).map(|n| (n * 167 + length * 59) as u8).collect()
    }

    #[test]
    fn text_of_every_length_decodes_with_padding_and_without() -> Result<(), Base64Error> {
        let mut scratch = Vec::new();
        for length in 0..300 {
            let bytes = bytes(length);
            for alphabet in [base64_simd::STANDARD, base64_simd::STANDARD_NO_PAD] {
                let text = alphabet.encode_to_string(&bytes);
                assert_eq!(Encoded::new(text.as_bytes()).decode_into(&mut scratch)?, bytes);
            }
        }
        Ok(())
    }

    #[test]
    fn a_wrong_byte_at_any_place_is_an_error() {
        let mut scratch = Vec::new();
        for length in [1, 2, 3, 24, 25, 26, 27, 100] {
            let text = base64_simd::STANDARD_NO_PAD.encode_to_string(bytes(length)).into_bytes();
            for place in 0..text.len() {
                for wrong in [b'=', b' ', b'\n', b'-', b'_', b'"', 0, 0x80, 0xff] {
                    let mut text = text.clone();
                    // One that completes the padding is valid, and is not a digit.
                    if let Some(byte) = text.get_mut(place) {
                        *byte = wrong;
                    }
                    let is = Encoded::new(&text).decode_into(&mut scratch).is_ok();
                    let padding = wrong == b'=' && place + 1 == text.len() && text.len().is_multiple_of(4);
                    assert!(!is || padding, "{wrong} at {place} of {}", text.len());
                }
            }
        }
    }

    #[test]
    fn padding_is_whole_and_bits_beyond_the_last_byte_are_left_out() {
        let mut scratch = Vec::new();
        for text in ["A", "AAAAA", "=", "==", "===", "====", "A===", "AA=", "AAA==", "AAAA=", "AAAA=="] {
            assert_eq!(Encoded::new(text.as_bytes()).decode_into(&mut scratch), Err(Base64Error), "{text}");
        }
        for (text, bytes) in [
            ("", &b""[..]),
            ("AA", b"\0"),
            ("AA==", b"\0"),
            ("AAA", b"\0\0"),
            ("//8=", b"\xff\xff"),
            ("AB==", b"\0"),
            ("AP", b"\0"),
            ("AAB=", b"\0\0"),
            ("AAD", b"\0\0"),
            ("//9=", b"\xff\xff"),
        ] {
            assert_eq!(Encoded::new(text.as_bytes()).decode_into(&mut scratch), Ok(bytes), "{text}");
        }
    }
}
