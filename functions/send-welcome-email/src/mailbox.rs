//! Parses and writes the sender: an address, and the name that mail programs show.

use std::borrow::Cow;

use crate::address::{Address, AddressError};

/// A sender: an address, with or without a name before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox {
    /// The name that mail programs show.
    pub name: Option<String>,
    /// The address.
    pub address: Address,
}

impl Mailbox {
    /// Reads `ada@example.com` or `Ada Lovelace <ada@example.com>`: the name as plain text, in quotation marks (with a
    /// backslash before a quotation mark or another backslash, RFC 5322, 3.2.4), or in encoded words (RFC 2047).
    ///
    /// # Errors
    ///
    /// As [`Address::parse`]; also when the name cannot be read or contains a control character.
    pub fn parse(written: &str) -> Result<Self, AddressError> {
        let Some((name, address)) = written.trim().strip_suffix('>').and_then(|rest| rest.rsplit_once('<')) else {
            return Ok(Mailbox { name: None, address: Address::parse(written)? });
        };
        let name = decode_words(&unquote(name.trim())?)?;
        let name = name.trim();
        if name.contains(char::is_control) {
            return Err(AddressError::ControlCharacter);
        }
        let name = (!name.is_empty()).then(|| name.to_owned());
        Ok(Mailbox { name, address: Address::parse(address)? })
    }

    /// The sender's name for the text of the mail: the name, or else the domain.
    pub fn brand(&self) -> &str {
        self.name.as_deref().unwrap_or_else(|| self.address.domain())
    }

    /// The mailbox for a header field: the name in quotation marks, or in encoded words (RFC 2047) if it is not ASCII.
    pub fn to_header(&self) -> String {
        let address = self.address.as_str();
        match self.name.as_deref() {
            None => address.to_owned(),
            Some(name) if name.is_ascii() => {
                format!("\"{}\" <{address}>", name.replace('\\', "\\\\").replace('"', "\\\""))
            }
            Some(name) => format!("{} <{address}>", encoded_words(name)),
        }
    }
}

/// The content of a quoted string; a name that is not quoted as a whole is returned unchanged.
fn unquote(name: &str) -> Result<Cow<'_, str>, AddressError> {
    let Some(inside) = name.strip_prefix('"') else { return Ok(Cow::Borrowed(name)) };
    let mut content = String::with_capacity(inside.len());
    let mut rest = inside.chars();
    loop {
        match rest.next() {
            None => return Err(AddressError::NameUnclosed),
            Some('"') if rest.as_str().is_empty() => return Ok(Cow::Owned(content)),
            // Quotation marks around a part of the name: `"Fern" Shop`.
            Some('"') => return Ok(Cow::Borrowed(name)),
            Some('\\') => content.extend(rest.next()),
            Some(c) => content.push(c),
        }
    }
}

/// Decodes encoded words. Blanks between two of them are dropped; a character may be split between two, although RFC 2047
/// forbids it.
fn decode_words(name: &str) -> Result<String, AddressError> {
    if !name.contains("=?") {
        return Ok(name.to_owned());
    }
    let mut decoded = Vec::new();
    let mut after_encoded = false;
    for word in name.split_whitespace() {
        let encoded = word.strip_prefix("=?").and_then(|word| word.strip_suffix("?="));
        if !(decoded.is_empty() || after_encoded && encoded.is_some()) {
            decoded.push(b' ');
        }
        match encoded {
            Some(encoded) => decoded.extend(decode_word(encoded).ok_or(AddressError::NameEncoded)?),
            None => decoded.extend_from_slice(word.as_bytes()),
        }
        after_encoded = encoded.is_some();
    }
    String::from_utf8(decoded).map_err(|_| AddressError::NameEncoded)
}

/// The bytes in UTF-8 of `charset?encoding?text`; a language may follow the character set (RFC 2231, 5).
fn decode_word(word: &str) -> Option<Vec<u8>> {
    let [charset, encoding, text]: [&str; 3] = word.split('?').collect::<Vec<_>>().try_into().ok()?;
    let bytes = match encoding {
        "B" | "b" => base64_simd::STANDARD.decode_to_vec(text).ok()?,
        "Q" | "q" => decode_q(text)?,
        _ => return None,
    };
    let charset = charset.split_once('*').map_or(charset, |(charset, _language)| charset);
    match charset.to_ascii_lowercase().as_str() {
        "utf-8" | "utf8" | "us-ascii" => Some(bytes),
        "iso-8859-1" | "latin1" => Some(bytes.into_iter().map(char::from).collect::<String>().into_bytes()),
        _ => None,
    }
}

fn decode_q(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'_' => b' ',
            b'=' => {
                let digit = |byte| char::from(byte).to_digit(16);
                let (high, low) = (digit(rest.next()?)?, digit(rest.next()?)?);
                u8::try_from(high * 16 + low).ok()?
            }
            byte => byte,
        });
    }
    Some(bytes)
}

/// RFC 2047: at most 75 characters a word, no character split between two.
fn encoded_words(text: &str) -> String {
    const BYTES_PER_WORD: usize = 45;
    let mut words = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= BYTES_PER_WORD).last();
        let (word, after) = rest.split_at(end.unwrap_or(rest.len()));
        words.push(format!("=?UTF-8?B?{}?=", base64_simd::STANDARD.encode_to_string(word)));
        rest = after;
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_may_have_a_name() {
        for (written, brand, header) in [
            ("hello@shop.example", "shop.example", "hello@shop.example"),
            ("<hello@shop.example>", "shop.example", "hello@shop.example"),
            ("The Shop <hello@shop.example>", "The Shop", "\"The Shop\" <hello@shop.example>"),
            ("\"Shop, Inc.\" <hello@shop.example>", "Shop, Inc.", "\"Shop, Inc.\" <hello@shop.example>"),
            ("Büro <hello@shop.example>", "Büro", "=?UTF-8?B?QsO8cm8=?= <hello@shop.example>"),
            (
                "\"The \\\"Fern\\\" Shop\" <hello@shop.example>",
                "The \"Fern\" Shop",
                "\"The \\\"Fern\\\" Shop\" <hello@shop.example>",
            ),
            (
                "\"C:\\\\Shop <new>\" <hello@shop.example>",
                "C:\\Shop <new>",
                "\"C:\\\\Shop <new>\" <hello@shop.example>",
            ),
            ("\"Fern\" Shop <hello@shop.example>", "\"Fern\" Shop", "\"\\\"Fern\\\" Shop\" <hello@shop.example>"),
            ("=?UTF-8?Q?B=C3=BCro_1?= <hello@shop.example>", "Büro 1", "=?UTF-8?B?QsO8cm8gMQ==?= <hello@shop.example>"),
            ("\"=?utf-8*de?b?QsO8cm8=?=\" <hello@shop.example>", "Büro", "=?UTF-8?B?QsO8cm8=?= <hello@shop.example>"),
            (
                "=?iso-8859-1?q?B=FCro?= =?UTF-8?B?w7xibw==?= GmbH <a@shop.example>",
                "Büroübo GmbH",
                "=?UTF-8?B?QsO8cm/DvGJvIEdtYkg=?= <a@shop.example>",
            ),
            (
                "=?UTF-8?B?ww==?= =?UTF-8?B?vA==?= ber <a@shop.example>",
                "ü ber",
                "=?UTF-8?B?w7wgYmVy?= <a@shop.example>",
            ),
        ] {
            let mailbox = Mailbox::parse(written).unwrap();
            assert_eq!((mailbox.brand(), mailbox.to_header().as_str()), (brand, header));
        }
        assert_eq!(Mailbox::parse("Shop\nBcc: x <hello@shop.example>"), Err(AddressError::ControlCharacter));
        assert_eq!(Mailbox::parse("Shop hello@shop.example"), Err(AddressError::Syntax));
        assert_eq!(Mailbox::parse("\"Shop\\\" <hello@shop.example>"), Err(AddressError::NameUnclosed));
        for word in
            ["=?koi8-r?B?8A==?=", "=?UTF-8?B?*?=", "=?UTF-8?Q?=C?=", "=?UTF-8?B?ww==?=", "=?UTF-8?X?a?=", "=??="]
        {
            let written = format!("{word} <hello@shop.example>");
            assert_eq!(Mailbox::parse(&written), Err(AddressError::NameEncoded), "{word}");
        }
        let hidden = "=?UTF-8?B?U2hvcAo=?= =?UTF-8?Q?=0ABcc:_x?= <hello@shop.example>";
        assert_eq!(Mailbox::parse(hidden), Err(AddressError::ControlCharacter));
    }

    #[test]
    fn encoded_words_stay_short_and_split_no_character() {
        let name = "日本語の長い名前".repeat(10);
        for word in encoded_words(&name).split(' ') {
            assert!(word.len() <= 75, "{word}");
            let body = word.strip_prefix("=?UTF-8?B?").and_then(|w| w.strip_suffix("?=")).unwrap();
            assert!(String::from_utf8(base64_simd::STANDARD.decode_to_vec(body).unwrap()).is_ok());
        }
    }
}
