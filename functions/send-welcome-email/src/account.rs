//! Reads an account's row and its recipient.

use std::borrow::Cow;

use event_functions::{AvroRead, Lenient};

use crate::address::Address;
use crate::error::SendError;
use crate::message::Recipient;

/// The columns of the accounts table that this function reads. All may be missing: columns come and go, and every version
/// of the schema must decode.
#[derive(Debug, Clone, PartialEq, Eq, Default, AvroRead)]
pub struct Account<'a> {
    /// The address of the mail.
    #[avro(alias = "email_address", alias = "mail")]
    pub email: Option<&'a str>,
    /// The person's name for the greeting.
    #[avro(alias = "name", alias = "display_name")]
    pub full_name: Option<&'a str>,
    /// Used if the table has no full name.
    pub first_name: Option<&'a str>,
    /// Follows the first name.
    pub last_name: Option<&'a str>,
    /// The language to write in, as BCP 47 or as a C library's locale. If a table's `language` is a number or anything
    /// else, the mail is sent in English.
    #[avro(alias = "language")]
    pub locale: Lenient<&'a str>,
}

impl<'a> Account<'a> {
    /// The recipient of the mail.
    ///
    /// # Errors
    /// [`SendError::RecipientMissing`] and [`SendError::RecipientMalformed`].
    pub fn recipient(&self) -> Result<Recipient<'a>, SendError> {
        let written = self.email.map(str::trim).filter(|email| !email.is_empty()).ok_or(SendError::RecipientMissing)?;
        let address = Address::parse(written).map_err(SendError::RecipientMalformed)?;
        Ok(Recipient { address, name: self.name(), locale: *self.locale })
    }

    fn name(&self) -> Option<Cow<'a, str>> {
        // A row may have the column without any text in it.
        let [full, first, last] =
            [self.full_name, self.first_name, self.last_name].map(|name| name.filter(|name| !name.trim().is_empty()));
        match (full, first, last) {
            (Some(name), _, _) | (None, Some(name), None) | (None, None, Some(name)) => Some(Cow::Borrowed(name)),
            (None, Some(first), Some(last)) => Some(Cow::Owned(format!("{first} {last}"))),
            (None, None, None) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use event_functions::Failure;
    use event_functions::avro_decode::{Limits, Plan, Schema};

    use super::*;

    #[test]
    fn the_name_is_built_from_the_columns_that_have_text() {
        let name = |full_name, first_name, last_name| {
            let email = Some(" ada@example.com");
            let account = Account { email, full_name, first_name, last_name, locale: Lenient(None) };
            account.recipient().unwrap().name.map(Cow::into_owned)
        };
        assert_eq!(name(Some("Ada King"), Some("Ada"), Some("Lovelace")).as_deref(), Some("Ada King"));
        assert_eq!(name(Some(" "), Some("Ada"), Some("Lovelace")).as_deref(), Some("Ada Lovelace"));
        assert_eq!(name(None, Some("Ada"), Some("")).as_deref(), Some("Ada"));
        assert_eq!(name(None, None, Some("Lovelace")).as_deref(), Some("Lovelace"));
        assert_eq!(name(None, None, None), None);
    }

    #[test]
    fn without_a_usable_address_there_is_no_recipient() {
        for (email, code) in
            [(None, "recipient_missing"), (Some("  "), "recipient_missing"), (Some("a"), "recipient_malformed")]
        {
            let account = Account { email, ..Account::default() };
            assert_eq!(account.recipient().unwrap_err().code(), code);
        }
    }

    #[test]
    fn a_language_of_any_type_does_not_cost_the_mail() {
        for (language, bytes, locale) in [
            ("\"string\"", &b"\x04de"[..], Some("de")),
            (r#"["null", "string"]"#, b"\x02\x04de", Some("de")),
            ("\"int\"", b"\x0e", None),
            (r#"["null", {"type": "enum", "name": "L", "symbols": ["de"]}]"#, b"\x02\x00", None),
            (r#"{"type": "array", "items": "string"}"#, b"\x02\x04de\x00", None),
            ("\"bytes\"", b"\x04\xff\xfe", None),
        ] {
            let schema = format!(
                r#"{{"type": "record", "name": "Value", "fields": [
                    {{"name": "language", "type": {language}}}, {{"name": "email", "type": "string"}}]}}"#
            );
            let plan = Plan::<Account>::compile(&Schema::parse(&schema).unwrap(), &Limits::default()).unwrap();
            let datum = [bytes, b"\x1eada@example.com"].concat();
            let account = plan.decode(&datum).unwrap();
            assert_eq!((account.email, account.recipient().unwrap().locale), (Some("ada@example.com"), locale));
        }
    }
}
