//! Email addresses: which ones can be sent to, and in what form SES wants them.

use std::fmt;

use email_address::{EmailAddress, Options};

/// Longest address that SES takes.
const MAX_ADDRESS: usize = 320;

/// An address that SES can be asked to send to: trimmed, an international domain in Punycode, else as written.
///
/// Shows nothing of itself in `Debug`, so that it cannot get into a log by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    text: String,
    at: usize,
}

impl Address {
    /// Reads an address as a row holds it.
    ///
    /// The part before the `@` has to be ASCII, because SES does not speak SMTPUTF8 (RFC 6531); an international
    /// domain is turned into its ASCII form, as SES asks for. A domain without a dot and an IP address in place of a
    /// domain are refused: nobody on the public internet has either.
    ///
    /// # Errors
    ///
    /// What is wrong, without the address itself.
    pub fn parse(written: &str) -> Result<Self, AddressError> {
        let written = written.trim();
        if written.is_empty() {
            return Err(AddressError::Empty);
        }
        if written.contains(char::is_control) {
            return Err(AddressError::ControlCharacter);
        }
        let (local, domain) = written.rsplit_once('@').ok_or(AddressError::NoAt)?;
        if !local.is_ascii() {
            return Err(AddressError::LocalNotAscii);
        }
        let domain = match url::Host::parse(domain) {
            // As written where that is ASCII: whoever compares with the row finds the same text.
            Ok(url::Host::Domain(ascii)) => {
                if domain.is_ascii() {
                    domain.to_owned()
                } else {
                    ascii
                }
            }
            Ok(url::Host::Ipv4(_) | url::Host::Ipv6(_)) | Err(_) => return Err(AddressError::Domain),
        };
        let text = format!("{local}@{domain}");
        if text.len() > MAX_ADDRESS {
            return Err(AddressError::TooLong);
        }
        let options = Options { minimum_sub_domains: 2, allow_domain_literal: false, allow_display_text: false };
        match EmailAddress::parse_with_options(&text, options) {
            Ok(_) => Ok(Address { at: local.len(), text }),
            Err(_) => Err(AddressError::Syntax),
        }
    }

    /// Holds the place of an address that could not be read while the rest of a configuration is. Goes nowhere: the
    /// domain is reserved for that (RFC 2606).
    pub(crate) fn stand_in() -> Self {
        Address { text: "nobody@example.invalid".to_owned(), at: 6 }
    }

    /// The address as SES gets it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What follows the `@`, in ASCII.
    pub fn domain(&self) -> &str {
        self.text.get(self.at + 1..).unwrap_or_default()
    }

    /// Whether both mean the same mailbox. Strictly only its host knows whether case matters before the `@`; in
    /// practice it does not.
    pub fn is_same_mailbox(&self, other: &Address) -> bool {
        self.text.eq_ignore_ascii_case(&other.text)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address(…)")
    }
}

/// Why a text is no address to send to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Nothing but blanks.
    #[error("it is empty")]
    Empty,
    /// A line break or the like, which has no place in an address.
    #[error("it holds a control character")]
    ControlCharacter,
    /// No `@`.
    #[error("it has no @")]
    NoAt,
    /// SES does not speak SMTPUTF8.
    #[error("the part before its @ is not ASCII, which SES cannot send to")]
    LocalNotAscii,
    /// Not a domain of the public internet.
    #[error("what follows its @ is not a domain name")]
    Domain,
    /// Over 320 characters.
    #[error("it is longer than 320 characters")]
    TooLong,
    /// Anything else that RFC 5322 does not allow.
    #[error("it is not an address by RFC 5322")]
    Syntax,
}

/// A sender: an address, with or without a name before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox {
    /// The name that mail programs show.
    pub name: Option<String>,
    /// The address.
    pub address: Address,
}

impl Mailbox {
    /// Reads `ada@example.com` or `Ada Lovelace <ada@example.com>`, the name with or without quotation marks.
    ///
    /// # Errors
    ///
    /// As [`Address::parse`]; also when the name holds a control character.
    pub fn parse(written: &str) -> Result<Self, AddressError> {
        let Some((name, address)) = written.trim().strip_suffix('>').and_then(|rest| rest.split_once('<')) else {
            return Ok(Mailbox { name: None, address: Address::parse(written)? });
        };
        let name = name.trim();
        let name = name.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(name).trim();
        if name.contains(char::is_control) {
            return Err(AddressError::ControlCharacter);
        }
        let name = (!name.is_empty()).then(|| name.to_owned());
        Ok(Mailbox { name, address: Address::parse(address)? })
    }

    /// What the reader knows the sender by: the name, or else the domain.
    pub fn brand(&self) -> &str {
        self.name.as_deref().unwrap_or_else(|| self.address.domain())
    }

    /// The mailbox as a header field wants it: the name quoted, or as encoded words (RFC 2047) if it is not ASCII.
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
    fn ordinary_and_unusual_addresses_are_taken() {
        for (written, sent) in [
            ("ada@example.com", "ada@example.com"),
            ("  Ada.Lovelace+news@Example.COM ", "Ada.Lovelace+news@Example.COM"),
            ("o'brien@example.ie", "o'brien@example.ie"),
            ("\"john doe\"@example.org", "\"john doe\"@example.org"),
            ("info@bücher.example", "info@xn--bcher-kva.example"),
            ("info@例え.テスト", "info@xn--r8jz45g.xn--zckzah"),
        ] {
            assert_eq!(Address::parse(written).map(|a| a.as_str().to_owned()), Ok(sent.to_owned()), "{written}");
        }
    }

    #[test]
    fn what_cannot_be_sent_to_is_refused_with_its_reason() {
        use AddressError::*;
        let long = format!("{}@example.com", "x".repeat(309));
        let local = format!("{}@example.com", "x".repeat(65));
        for (written, why) in [
            ("", Empty),
            (" \t", Empty),
            ("ada", NoAt),
            ("ada@", Domain),
            ("ada@[127.0.0.1]", Domain),
            ("ada@127.0.0.1", Domain),
            ("ada@exa mple.com", Domain),
            ("ada@localhost", Syntax),
            ("ada@example..com", Syntax),
            ("@example.com", Syntax),
            ("ada..l@example.com", Syntax),
            ("a da@example.com", Syntax),
            ("ada@b@example.com", Syntax),
            ("ada@example.com,bob@example.com", Syntax),
            ("Ada <ada@example.com>", Domain),
            ("äda@example.com", LocalNotAscii),
            ("ada@example.com\r\nBcc: all@example.com", ControlCharacter),
            ("ada\u{0}@example.com", ControlCharacter),
            (long.as_str(), TooLong),
            (local.as_str(), Syntax),
        ] {
            assert_eq!(Address::parse(written).map(|a| a.as_str().to_owned()), Err(why), "{written:?}");
        }
    }

    #[test]
    fn an_address_does_not_show_itself() {
        assert_eq!(format!("{:?}", Address::parse("ada@example.com")), "Ok(Address(…))");
    }

    #[test]
    fn a_sender_may_have_a_name() {
        for (written, brand, header) in [
            ("hello@shop.example", "shop.example", "hello@shop.example"),
            ("<hello@shop.example>", "shop.example", "hello@shop.example"),
            ("The Shop <hello@shop.example>", "The Shop", "\"The Shop\" <hello@shop.example>"),
            ("\"Shop, Inc.\" <hello@shop.example>", "Shop, Inc.", "\"Shop, Inc.\" <hello@shop.example>"),
            ("Büro <hello@shop.example>", "Büro", "=?UTF-8?B?QsO8cm8=?= <hello@shop.example>"),
        ] {
            let mailbox = Mailbox::parse(written).unwrap();
            assert_eq!((mailbox.brand(), mailbox.to_header().as_str()), (brand, header));
        }
        assert_eq!(Mailbox::parse("Shop\nBcc: x <hello@shop.example>"), Err(AddressError::ControlCharacter));
        assert_eq!(Mailbox::parse("Shop hello@shop.example"), Err(AddressError::Syntax));
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
