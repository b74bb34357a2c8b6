//! The row that a mail is made of, and the account that it is sent for.

use std::borrow::Cow;

use avro_decode::{AvroRead, Value, Wished};
use debezium::row_key;
use event_runtime::{Blame, Disposition, Failure};

use crate::address::Address;
use crate::error::SendError;
use crate::message::Recipient;

/// The columns of the accounts table that this function reads. All may be missing: columns come and go, and every
/// version of the schema must decode.
#[derive(Debug, Clone, PartialEq, Eq, Default, AvroRead)]
pub struct Account<'a> {
    /// Where to write to.
    #[avro(alias = "email_address", alias = "mail")]
    pub email: Option<&'a str>,
    /// What to call the person.
    #[avro(alias = "name", alias = "display_name")]
    pub full_name: Option<&'a str>,
    /// What to call the person where the table has no full name.
    pub first_name: Option<&'a str>,
    /// Follows the first name.
    pub last_name: Option<&'a str>,
    /// The language to write in, as BCP 47 or as the C library's locale. A table's `language` may as well be a number or
    /// whatever else: no mail is worth less for it.
    #[avro(alias = "language")]
    pub locale: Wished<&'a str>,
}

impl<'a> Account<'a> {
    /// Whom to welcome.
    ///
    /// # Errors
    /// [`SendError::RecipientMissing`] and [`SendError::RecipientMalformed`].
    pub fn recipient(&self) -> Result<Recipient<'a>, SendError> {
        let written = self.email.map(str::trim).filter(|email| !email.is_empty()).ok_or(SendError::RecipientMissing)?;
        let address = Address::parse(written).map_err(SendError::RecipientMalformed)?;
        Ok(Recipient { address, name: self.name(), locale: *self.locale })
    }

    fn name(&self) -> Option<Cow<'a, str>> {
        // A row may have the column and nothing in it.
        let [full, first, last] =
            [self.full_name, self.first_name, self.last_name].map(|name| name.filter(|name| !name.trim().is_empty()));
        match (full, first, last) {
            (Some(name), _, _) | (None, Some(name), None) | (None, None, Some(name)) => Some(Cow::Borrowed(name)),
            (None, Some(first), Some(last)) => Some(Cow::Owned(format!("{first} {last}"))),
            (None, None, None) => None,
        }
    }
}

/// The account's id: the row's primary key, whatever its columns are called and whatever their types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountId(String);

impl AccountId {
    /// Reads the record's key. A key of one column is that column's text; more columns are joined with `,` after each
    /// is escaped, so that two different keys never meet.
    ///
    /// # Errors
    /// [`NoAccountId`] where there is no key or it holds something else than plain values.
    pub fn from_key(key: Option<&Value<'_>>) -> Result<Self, NoAccountId> {
        key.and_then(row_key).map(AccountId).ok_or(NoAccountId)
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Without an id the mail cannot be guarded.
#[derive(Debug, thiserror::Error)]
#[error("the record has no key that names an account; the table needs a primary key")]
pub struct NoAccountId;

impl Failure for NoAccountId {
    fn disposition(&self) -> Disposition {
        Disposition::DeadLetter
    }
    fn code(&self) -> &'static str {
        "key_missing"
    }
    fn blame(&self) -> Blame {
        Blame::Record
    }
}

#[cfg(test)]
mod tests {
    use avro_decode::{Limits, Plan, Schema};

    use super::*;

    #[test]
    fn the_name_is_put_together_from_what_there_is() {
        let name = |full_name, first_name, last_name| {
            let email = Some(" ada@example.com");
            let account = Account { email, full_name, first_name, last_name, locale: Wished(None) };
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
    fn a_language_of_any_type_costs_nobody_a_mail() {
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

    fn id(schema: &str, datum: &[u8]) -> Result<AccountId, NoAccountId> {
        let plan = Plan::<Value>::compile(&Schema::parse(schema).unwrap(), &Limits::default()).unwrap();
        AccountId::from_key(Some(&plan.decode(datum).unwrap()))
    }

    #[test]
    fn an_id_is_the_primary_key_whatever_its_type() {
        let text = r#"{"type": "record", "name": "Key", "fields": [{"name": "id", "type": "string"}]}"#;
        assert_eq!(id(text, b"\x04u1").unwrap().as_str(), "u1");
        let number = r#"{"type": "record", "name": "Key", "fields": [{"name": "customer_no", "type": "long"}]}"#;
        assert_eq!(id(number, b"\x54").unwrap().as_str(), "42");
    }

    #[test]
    fn composite_keys_never_meet() {
        let two = r#"{"type": "record", "name": "Key", "fields": [
            {"name": "a", "type": "string"}, {"name": "b", "type": "string"}]}"#;
        assert_eq!(id(two, b"\x06x,y\x02z").unwrap().as_str(), r"x\,y,z");
        assert_eq!(id(two, b"\x02x\x06y,z").unwrap().as_str(), r"x,y\,z");
    }

    #[test]
    fn without_a_key_there_is_no_id() {
        assert!(AccountId::from_key(None).is_err());
        let empty = r#"{"type": "record", "name": "Key", "fields": [{"name": "id", "type": "string"}]}"#;
        assert!(id(empty, b"\x00").is_err());
    }
}
