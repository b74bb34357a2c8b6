//! A login document, and the row that is kept of it.

use avro_decode::AvroRead;
use debezium::RowVersion;
use debezium::mongodb::{Date, DocumentError, IdText, document_id};
use debezium::types::Json;
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

/// What is kept of a document. MongoDB has no schema: everything may be missing, and what is missing is not kept.
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

/// A partition key of DynamoDB, also of an index, holds at most 2048 bytes.
const MAX_KEY_BYTES: usize = 2048;

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
        // An index does not take empty keys: no user is what an empty one means.
        let user = document.user.map(|user| user.0).filter(|user| !user.is_empty());
        if user.as_ref().is_some_and(|user| user.len() > MAX_KEY_BYTES) {
            return Err(LoginError::UserTooLong);
        }
        let at = document.at.map(sortable).transpose()?;
        Ok(Login { user, at, ip: document.ip, user_agent: document.user_agent })
    }
}

/// As text, times sort from the year 0 on.
fn sortable(at: Date) -> Result<Timestamp, LoginError> {
    const YEAR_0_MS: i64 = -62_167_219_200_000;
    let in_range = Some(at.0).filter(|at| *at >= YEAR_0_MS);
    in_range.and_then(|at| Timestamp::from_millisecond(at).ok()).ok_or(LoginError::Time)
}

/// The document's id, which is where its row is kept.
///
/// # Errors
/// [`LoginError::KeyMissing`] and [`LoginError::Key`].
pub fn row_id(key: Option<LoginKey<'_>>) -> Result<String, LoginError> {
    let id = document_id(key.ok_or(LoginError::KeyMissing)?.id).map_err(LoginError::Key)?;
    if id.is_empty() || id.len() > MAX_KEY_BYTES { Err(LoginError::KeyMissing) } else { Ok(id) }
}

/// A record that cannot be kept. Holds nothing of the document.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// Without a key there is no telling which document it is.
    #[error("the record has no key that names a document, or one of more than {MAX_KEY_BYTES} bytes")]
    KeyMissing,
    /// The key is not extended JSON.
    #[error("the record's key cannot be read")]
    Key(#[source] DocumentError),
    /// The document is not one of a login.
    #[error("the document is not that of a login")]
    Document(#[source] DocumentError),
    /// The time of the login cannot be sorted by.
    #[error("the login's time lies outside of the years 0 to 9999")]
    Time,
    /// The index has no room for that user.
    #[error("the login's user has more than {MAX_KEY_BYTES} bytes")]
    UserTooLong,
    /// A record that says that there is a document, and has none.
    #[error("the change says that a document was inserted or read and carries none")]
    DocumentMissing,
    /// Not a record of MongoDB's connector, or one without its position.
    #[error("the record's source says too little to tell which version of the document it is")]
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
    fn a_document_may_lack_anything_and_hold_anything_else() {
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
    fn what_cannot_be_kept_is_told_without_quoting_it() {
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
        let long = "u".repeat(MAX_KEY_BYTES + 1);
        let error = login(&format!(r#"{{"userId": "{long}"}}"#)).unwrap_err();
        assert!(!error.to_string().contains("uu"), "{error}");
    }

    #[test]
    fn a_row_is_kept_under_the_documents_id() {
        assert_eq!(row_id(Some(LoginKey { id: r#"{"$oid": "69"}"# })).unwrap(), "69");
        assert_eq!(row_id(None).unwrap_err().code(), "key_missing");
        assert_eq!(row_id(Some(LoginKey { id: "{" })).unwrap_err().code(), "key_malformed");
        assert_eq!(
            row_id(Some(LoginKey { id: &format!("\"{}\"", "x".repeat(2048)) })).unwrap_err().code(),
            "key_missing"
        );
    }
}
