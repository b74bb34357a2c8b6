//! The event of a profile update, and the digest of its content.

use avro_decode::AvroRead;
use dynamodb::keys::{EARLIEST_TIME, Precision, sortable_time};
use jiff::Timestamp;
use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::error::{EventError, MAX_EVENT_ID_BYTES, MAX_USER_ID_BYTES};

/// The value of a record: `user.profile.updated`.
///
/// [`ProfileUpdated::digest`] hashes its serialized form, which leaves out null fields: a field added to the schema later
/// must not change the digest of events without it.
#[derive(Debug, Clone, PartialEq, Eq, AvroRead, Serialize)]
pub struct ProfileUpdated<'a> {
    /// The id of the change. It never names another change.
    pub event_id: &'a str,
    /// Whose profile.
    pub user_id: &'a str,
    /// When it was changed, by the clock of the source.
    #[serde(serialize_with = "nanoseconds")]
    pub changed_at: Timestamp,
    /// Who changed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changed_by: Option<&'a str>,
    /// From where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<&'a str>,
    /// The profile's revision after the change.
    pub revision: i64,
    /// What changed.
    pub changes: Vec<FieldChange<'a>>,
}

/// One changed field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AvroRead, Serialize)]
pub struct FieldChange<'a> {
    /// Its name.
    pub field: &'a str,
    /// Its value before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<&'a str>,
    /// Its value after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<&'a str>,
}

impl ProfileUpdated<'_> {
    /// Checks that the event can be put into the log.
    ///
    /// # Errors
    /// The first reason why it cannot.
    pub fn check(&self) -> Result<(), EventError> {
        match (self.event_id.len(), self.user_id.len()) {
            (0, _) | (BEYOND_ID.., _) => Err(EventError::Id(self.event_id.len())),
            (_, 0) | (_, BEYOND_USER..) => Err(EventError::User(self.user_id.len())),
            _ if self.changed_at < EARLIEST_TIME => Err(EventError::Time),
            _ if self.changes.is_empty() => Err(EventError::NoChanges),
            _ => Ok(()),
        }
    }

    /// The change's time as text that sorts like the time.
    pub fn sortable_time(&self) -> String {
        sortable_time(self.changed_at, Precision::Microseconds)
    }

    /// Digest of the event's whole content: SHA-256 of its serialized form, in hexadecimal.
    pub fn digest(&self) -> String {
        // Text, numbers and lists of them always become JSON.
        hex::encode(Sha256::digest(serde_json::to_vec(self).unwrap_or_default()))
    }
}

const BEYOND_ID: usize = MAX_EVENT_ID_BYTES + 1;
const BEYOND_USER: usize = MAX_USER_ID_BYTES + 1;

fn nanoseconds<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_i128(at.as_nanosecond())
}

#[cfg(test)]
mod tests {
    use event_runtime::Failure;

    use super::*;

    fn update() -> ProfileUpdated<'static> {
        ProfileUpdated {
            event_id: "e1",
            user_id: "u1",
            changed_at: Timestamp::UNIX_EPOCH,
            changed_by: None,
            origin: Some("web"),
            revision: 7,
            changes: vec![FieldChange { field: "name", before: None, after: Some("Ada") }],
        }
    }

    #[test]
    fn an_event_that_cannot_be_stored_is_refused() {
        assert!(update().check().is_ok());
        let long = "x".repeat(BEYOND_USER);
        for wrong in [
            ProfileUpdated { event_id: "", ..update() },
            ProfileUpdated { event_id: &long[..BEYOND_ID], ..update() },
            ProfileUpdated { user_id: "", ..update() },
            ProfileUpdated { user_id: &long, ..update() },
            ProfileUpdated { changed_at: Timestamp::MIN, ..update() },
            ProfileUpdated { changes: Vec::new(), ..update() },
        ] {
            assert_eq!(wrong.check().unwrap_err().code(), "event_malformed");
        }
    }

    #[test]
    fn the_time_of_an_entry_has_microseconds() {
        let at = "2026-01-14T06:02:32.97Z".parse().unwrap();
        let event = ProfileUpdated { changed_at: at, ..update() };
        assert_eq!(event.sortable_time(), "2026-01-14T06:02:32.970000Z");
    }

    #[test]
    fn every_field_is_part_of_the_content() {
        let other = FieldChange { field: "name", before: Some(""), after: Some("Ada") };
        let mut digests: Vec<_> = [
            update(),
            ProfileUpdated { event_id: "e2", ..update() },
            ProfileUpdated { user_id: "u2", ..update() },
            ProfileUpdated { changed_at: Timestamp::from_second(1).unwrap(), ..update() },
            ProfileUpdated { changed_by: Some("u1"), ..update() },
            ProfileUpdated { origin: None, ..update() },
            ProfileUpdated { revision: 8, ..update() },
            ProfileUpdated { changes: vec![other], ..update() },
            ProfileUpdated { changes: vec![other, other], ..update() },
        ]
        .iter()
        .map(ProfileUpdated::digest)
        .collect();
        let all = digests.len();
        digests.sort();
        digests.dedup();
        assert_eq!(digests.len(), all);
    }

    #[test]
    fn the_digest_stays_what_it_was() {
        // Stored entries have this digest: if it changes, every repeated event looks like a conflict.
        let form = r#"{"event_id":"e1","user_id":"u1","changed_at":0,"origin":"web","revision":7,"changes":[{"field":"name","after":"Ada"}]}"#;
        assert_eq!(serde_json::to_string(&update()).unwrap(), form);
    }
}
