//! A login document, and the row that is stored for it.

use avro_decode::AvroRead;
use debezium::RowVersion;
use debezium::mongodb::{Date, DocumentError, IdText, document_id};
use debezium::types::Json;
use dynamodb::keys::{EARLIEST_TIME, MAX_PARTITION_KEY_BYTES};
use event_runtime::{Blame, Disposition, Failure};
use jiff::Timestamp;
use serde::Deserialize;

/// The key of a record: the document's `_id` as JSON text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AvroRead)]
pub struct LoginKey<'a> {
    /// Extended JSON.
    pub id: &'a str,
}

/// A version of one login document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The document's `_id`.
    pub id: String,
    /// Which version.
    pub version: RowVersion,
    /// When MongoDB made it, in milliseconds since 1970; 0 in snapshots.
    pub changed_at_ms: i64,
    /// The document; `None` once it was deleted.
    pub login: Option<Login>,
}

/// The fields of a document that are stored. MongoDB has no schema: any field may be missing, and is then not stored.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Login {
    /// Who logged in.
    pub user: Option<String>,
    /// When.
    pub at: Option<Timestamp>,
    /// From where.
    pub ip: Option<String>,
    /// With what.
    pub user_agent: Option<String>,
}

impl Login {
    /// Reads a document.
    ///
    /// # Errors
    /// [`LoginError::Document`], [`LoginError::Time`] and [`LoginError::UserTooLong`].
    pub fn from_document(document: Json<'_>) -> Result<Self, LoginError> {
        #[derive(Deserialize)]
        struct Document {
            #[serde(rename = "userId")]
            user: Option<IdText>,
            at: Option<Date>,
            ip: Option<String>,
            #[serde(rename = "userAgent")]
            user_agent: Option<String>,
        }
        let document: Document = document.document().map_err(LoginError::Document)?;
        // An index does not take empty keys: an empty user means no user.
        let user = document.user.map(|user| user.0).filter(|user| !user.is_empty());
        if user.as_ref().is_some_and(|user| user.len() > MAX_PARTITION_KEY_BYTES) {
            return Err(LoginError::UserTooLong);
        }
        let at = document.at.map(sortable).transpose()?;
        Ok(Login { user, at, ip: document.ip, user_agent: document.user_agent })
    }
}

/// A time that sorts as text.
fn sortable(at: Date) -> Result<Timestamp, LoginError> {
    let at = Timestamp::from_millisecond(at.0).ok();
    at.filter(|at| *at >= EARLIEST_TIME).ok_or(LoginError::Time)
}

/// The document's id, which is the key of its row.
///
/// # Errors
/// [`LoginError::KeyMissing`] and [`LoginError::Key`].
pub fn row_id(key: Option<LoginKey<'_>>) -> Result<String, LoginError> {
    let id = document_id(key.ok_or(LoginError::KeyMissing)?.id).map_err(LoginError::Key)?;
    if id.is_empty() || id.len() > MAX_PARTITION_KEY_BYTES { Err(LoginError::KeyMissing) } else { Ok(id) }
}

/// A record that cannot be stored. Holds nothing of the document.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// The document is unknown without a key.
    #[error(
        "the record's key is missing, empty or longer than {MAX_PARTITION_KEY_BYTES} bytes; check the connector: it must send the document's _id"
    )]
    KeyMissing,
    /// The key is not extended JSON.
    #[error("the record's key is not extended JSON with an id")]
    Key(#[source] DocumentError),
    /// The document is not a login.
    #[error("the document is not a login; correct it in MongoDB")]
    Document(#[source] DocumentError),
    /// The login's time does not sort as text.
    #[error("the login's time is outside the years 0 to 9999; correct the document in MongoDB")]
    Time,
    /// The user does not fit into the index.
    #[error("the login's user has more than {MAX_PARTITION_KEY_BYTES} bytes; correct the document in MongoDB")]
    UserTooLong,
    /// An insert or a read without a document.
    #[error("the change is an insert or a snapshot read, but has no document; check the connector")]
    DocumentMissing,
    /// Not a record of MongoDB's connector, or one without a position.
    #[error(
        "the record's source has no position of MongoDB, so the document's version is unknown; check that the mapping reads the right topic"
    )]
    VersionMissing,
}

impl Failure for LoginError {
    fn disposition(&self) -> Disposition {
        Disposition::DeadLetter
    }

    fn code(&self) -> &'static str {
        match self {
            LoginError::KeyMissing => "key_missing",
            LoginError::Key(_) => "key_malformed",
            LoginError::Document(_) | LoginError::Time | LoginError::UserTooLong => "document_malformed",
            LoginError::DocumentMissing => "document_missing",
            LoginError::VersionMissing => "version_missing",
        }
    }

    fn blame(&self) -> Blame {
        match self {
            LoginError::VersionMissing => Blame::Deployment,
            LoginError::KeyMissing
            | LoginError::Key(_)
            | LoginError::Document(_)
            | LoginError::Time
            | LoginError::UserTooLong
            | LoginError::DocumentMissing => Blame::Record,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(document: &str) -> Result<Login, LoginError> {
        Login::from_document(Json(document))
    }

    #[test]
    fn a_document_may_lack_any_field_and_have_others() {
        let whole = r#"{"_id": {"$oid": "69"},"userId": "u1","at": {"$date": 0},"ip": "192.0.2.1","userAgent": "curl","risk": NaN}"#;
        let expected = Login {
            user: Some("u1".to_owned()),
            at: Some(Timestamp::UNIX_EPOCH),
            ip: Some("192.0.2.1".to_owned()),
            user_agent: Some("curl".to_owned()),
        };
        assert_eq!(login(whole).unwrap(), expected);
        assert_eq!(login(r#"{"userId": "","at": null}"#).unwrap(), Login::default());
        assert_eq!(login(r#"{"userId": {"$oid": "69"}}"#).unwrap().user.as_deref(), Some("69"));
    }

    #[test]
    fn an_error_does_not_quote_the_document() {
        for document in [
            "[]",
            "",
            r#"{"ip": 4}"#,
            r#"{"at": "2026-01-14"}"#,
            r#"{"at": {"$date": 253402300800000}}"#,
            r#"{"at": {"$date": -62167219200001}}"#,
        ] {
            assert_eq!(login(document).unwrap_err().code(), "document_malformed", "{document}");
        }
        let long = "u".repeat(MAX_PARTITION_KEY_BYTES + 1);
        let error = login(&format!(r#"{{"userId": "{long}"}}"#)).unwrap_err();
        assert!(!error.to_string().contains("uu"), "{error}");
    }

    #[test]
    fn a_row_has_the_id_of_its_document() {
        assert_eq!(row_id(Some(LoginKey { id: r#"{"$oid": "69"}"# })).unwrap(), "69");
        assert_eq!(row_id(None).unwrap_err().code(), "key_missing");
        assert_eq!(row_id(Some(LoginKey { id: "{" })).unwrap_err().code(), "key_malformed");
        assert_eq!(
            row_id(Some(LoginKey { id: &format!("\"{}\"", "x".repeat(MAX_PARTITION_KEY_BYTES)) })).unwrap_err().code(),
            "key_missing"
        );
    }
}
