//! Checks email addresses and brings them into the form that SES accepts.

use std::fmt;

use email_address::{EmailAddress, Options};

/// Longest address that SES takes.
const MAX_ADDRESS: usize = 320;

/// An address that SES can send to: trimmed, with an international domain in Punycode, otherwise as written.
///
/// `Debug` shows nothing of it, so that it cannot get into a log by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    text: String,
    at: usize,
}

impl Address {
    /// Reads an address as a row contains it.
    ///
    /// The part before the `@` must be ASCII, because SES does not support SMTPUTF8 (RFC 6531). An international domain is
    /// converted to ASCII, as SES requires; a trailing dot is removed. Dots where RFC 5322 forbids them (`ada..l@`, `ada.@`,
    /// which Japanese carriers issued) are kept by quoting the part before the `@`. Domains without a dot, domains with an
    /// underscore and IP addresses are refused: no address on the public internet has these.
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
        let local = if has_stray_dots(local) { format!("\"{local}\"") } else { local.to_owned() };
        let domain = domain.strip_suffix('.').unwrap_or(domain);
        let domain = match url::Host::parse(domain) {
            // As written if it is ASCII, so that it is the same text as in the row.
            Ok(url::Host::Domain(ascii)) => {
                if domain.is_ascii() {
                    domain.to_owned()
                } else {
                    ascii
                }
            }
            Ok(url::Host::Ipv4(_) | url::Host::Ipv6(_)) | Err(_) => return Err(AddressError::Domain),
        };
        if domain.contains('_') {
            return Err(AddressError::Domain);
        }
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

    /// What stands for an address where there is no environment, or none that can be read. It tells which variable it comes
    /// from, and reaches nobody.
    pub(crate) fn stand_in(variable: &str) -> Self {
        let text = format!("${{{variable}}}");
        Address { at: text.len(), text }
    }

    /// The address as it is sent to SES.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What follows the `@`, in ASCII.
    pub fn domain(&self) -> &str {
        self.text.get(self.at + 1..).unwrap_or_default()
    }

    /// Whether both are the same mailbox. In theory case may matter before the `@`; in practice it does not.
    pub fn is_same_mailbox(&self, other: &Address) -> bool {
        self.text.eq_ignore_ascii_case(&other.text)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address(…)")
    }
}

/// Whether it would be an atom by RFC 5322 except for the position of its dots.
fn has_stray_dots(local: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    let has_letters = local.contains(|c| c != '.');
    let stray = local.starts_with('.') || local.ends_with('.') || local.contains("..");
    stray && has_letters && local.chars().all(is_plain)
}

/// Why a text is not an address that mail can be sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Empty, or only white space.
    #[error("it is empty")]
    Empty,
    /// A line break or the like, which has no place in an address.
    #[error("it contains a control character")]
    ControlCharacter,
    /// No `@`.
    #[error("it has no @")]
    NoAt,
    /// The part before the `@` is not ASCII; SES does not support SMTPUTF8.
    #[error("the part before its @ is not ASCII, which SES cannot send to")]
    LocalNotAscii,
    /// Not a domain of the public internet.
    #[error("what follows its @ is not a domain name")]
    Domain,
    /// Over 320 characters.
    #[error("it is longer than 320 characters")]
    TooLong,
    /// A name with an opening quotation mark only.
    #[error("the name before it has no closing quotation mark")]
    NameUnclosed,
    /// A name in damaged encoded words, or in a character set other than UTF-8, ASCII and ISO 8859-1.
    #[error(
        "the name before it has an encoded word (=?…?=) that cannot be read; write the name as plain text, it will be encoded"
    )]
    NameEncoded,
    /// Anything else that RFC 5322 does not allow.
    #[error("it is not a valid address (RFC 5322)")]
    Syntax,
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
            ("ada@example.com.", "ada@example.com"),
            ("info@bücher.example.", "info@xn--bcher-kva.example"),
            ("ada..l@example.com", "\"ada..l\"@example.com"),
            (".ada.@docomo.example", "\".ada.\"@docomo.example"),
            ("\"ada.\"@docomo.example", "\"ada.\"@docomo.example"),
        ] {
            assert_eq!(Address::parse(written).map(|a| a.as_str().to_owned()), Ok(sent.to_owned()), "{written}");
        }
    }

    #[test]
    fn other_addresses_are_refused_with_a_reason() {
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
            ("ada@example.com..", Syntax),
            ("ada@.", Domain),
            ("@example.com", Syntax),
            ("...@example.com", Syntax),
            ("ada.(x)..l@example.com", Syntax),
            ("ada@sub_domain.example.com", Domain),
            ("ada@_dmarc.example.com", Domain),
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
    fn debug_does_not_show_the_address() {
        assert_eq!(format!("{:?}", Address::parse("ada@example.com")), "Ok(Address(…))");
    }
}
