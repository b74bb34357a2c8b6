//! A change as the API gives it, and the event that becomes of it.

use std::time::Duration;

use event_functions::keys::EARLIEST_TIME;
use event_functions::{Failure, UnixMillis};
use jiff::Timestamp;
use jiff::fmt::temporal::Pieces;
use kafka_producer::{DomainEvent, EventSource};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

/// The schema that [`UserProfileUpdated`] is written by, as this version of the function knows it. It is used only where
/// the function may register it.
pub(crate) const SCHEMA: &str = include_str!("../../../events/schemas/user.profile.updated-value/v1.avsc");

/// How far ahead of our clock a change may be: clocks differ, and time zones get mixed up. A change with a later time
/// cannot have happened, and consumers that sort by time would show it first until then.
pub(crate) const MOST_AHEAD: Duration = Duration::from_secs(24 * 60 * 60);

/// One item of the API's feed. Other fields are ignored.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Change {
    /// Identifies the change within the API; never changes.
    pub(crate) id: String,
    /// The user of the profile.
    pub(crate) user_id: String,
    /// When, in RFC 3339.
    pub(crate) changed_at: String,
    /// Who changed it.
    #[serde(default)]
    pub(crate) changed_by: Option<String>,
    /// From where.
    #[serde(default)]
    pub(crate) origin: Option<String>,
    /// The profile's revision after the change.
    pub(crate) revision: i64,
    /// What changed.
    pub(crate) changes: Vec<FieldChange>,
}

/// One changed field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FieldChange {
    /// The field's name.
    pub(crate) field: String,
    /// Its value before.
    #[serde(default)]
    pub(crate) before: Option<String>,
    /// Its value after.
    #[serde(default)]
    pub(crate) after: Option<String>,
}

/// The event, field for field as `events/schemas/user.profile.updated-value` has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct UserProfileUpdated {
    /// A UUID of version 5 over the source and the change's id: the same change always has the same id.
    pub(crate) event_id: String,
    /// The user of the profile; the record's key.
    pub(crate) user_id: String,
    /// When, in milliseconds since 1970.
    pub(crate) changed_at: i64,
    /// Who.
    pub(crate) changed_by: Option<String>,
    /// From where.
    pub(crate) origin: Option<String>,
    /// The profile's revision after it.
    pub(crate) revision: i64,
    /// What.
    pub(crate) changes: Vec<FieldChange>,
}

/// Why an item cannot become an event. Keeps none of its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Failure)]
#[failure(dead_letter, blame = record)]
pub(crate) enum BadItem {
    /// The item cannot be read as a change.
    #[failure(
        "the item cannot be read as a change: a field is missing or of another type (line {line}, column {column})",
        code = "item_unreadable",
        remedy = "It is wrong at its source: see Redriven items."
    )]
    Unreadable {
        /// In the item's JSON, from 1.
        line: usize,
        /// From 1.
        column: usize,
    },
    /// The item cannot be read as a change.
    // Without an id a repetition could not be recognised.
    #[failure(
        "the item has an empty id",
        code = "item_without_id",
        remedy = "It is wrong at its source: see Redriven items."
    )]
    NoId,
    /// The item cannot be read as a change.
    // It would have no key.
    #[failure(
        "the item has an empty user_id",
        code = "item_without_user",
        remedy = "It is wrong at its source: see Redriven items."
    )]
    NoUser,
    /// `changed_at` is not a time in RFC 3339 with an offset.
    #[failure(
        "the item's changed_at is not a time in RFC 3339 with an offset",
        code = "item_time",
        remedy = "It is wrong at its source: see Redriven items."
    )]
    Time,
    /// `changed_at` is more than 24 hours ahead of the function's clock.
    #[failure(
        "the item's changed_at lies more than 24 hours ahead of this machine's clock",
        code = "item_from_future",
        remedy = "If it is right, redrive it later; otherwise it is wrong at its source."
    )]
    FromFuture,
    /// The item cannot be read as a change.
    #[failure(
        "the item has no changes",
        code = "item_without_changes",
        remedy = "It is wrong at its source: see Redriven items."
    )]
    NoChanges,
}

impl UserProfileUpdated {
    /// The event of an item that is read at `now`.
    ///
    /// # Errors
    /// When the item cannot be published.
    pub(crate) fn of(item: &RawValue, source: &EventSource, now: UnixMillis) -> Result<Self, BadItem> {
        let change: Change = serde_json::from_str(item.get())
            .map_err(|error| BadItem::Unreadable { line: error.line(), column: error.column() })?;
        let changed_at = time_of(&change.changed_at)?;
        if i128::from(changed_at.as_millisecond()) > i128::from(now.plus(MOST_AHEAD).0) {
            return Err(BadItem::FromFuture);
        }
        if change.id.is_empty() {
            return Err(BadItem::NoId);
        }
        if change.user_id.is_empty() {
            return Err(BadItem::NoUser);
        }
        if change.changes.is_empty() {
            return Err(BadItem::NoChanges);
        }
        Ok(UserProfileUpdated {
            event_id: event_id(source, &change.id).to_string(),
            user_id: change.user_id,
            changed_at: changed_at.as_millisecond(),
            changed_by: change.changed_by,
            origin: change.origin,
            revision: change.revision,
            changes: change.changes,
        })
    }
}

/// A time in RFC 3339, which begins with the year 0. Its last day, 9999-12-31, is often used for "never" and is beyond the
/// range of `Timestamp`.
fn time_of(text: &str) -> Result<Timestamp, BadItem> {
    if let Ok(time) = text.parse() {
        return if time >= EARLIEST_TIME { Ok(time) } else { Err(BadItem::Time) };
    }
    let pieces = Pieces::parse(text).ok().filter(|pieces| pieces.time().is_some() && pieces.offset().is_some());
    Err(if pieces.is_some_and(|pieces| pieces.date().year() == 9999) { BadItem::FromFuture } else { BadItem::Time })
}

/// Ids are unique within a source: two sources may give their changes the same ids.
fn event_id(source: &EventSource, change: &str) -> Uuid {
    let namespace = Uuid::new_v5(&Uuid::NAMESPACE_URL, source.as_str().as_bytes());
    Uuid::new_v5(&namespace, change.as_bytes())
}

impl DomainEvent for UserProfileUpdated {
    const TYPE: &'static str = "user.profile.updated";

    fn id(&self) -> &str {
        &self.event_id
    }

    fn key(&self) -> &str {
        &self.user_id
    }

    fn occurred_at(&self) -> Timestamp {
        // It was made from one.
        Timestamp::from_millisecond(self.changed_at).unwrap_or(Timestamp::UNIX_EPOCH)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn item(change: &[(&str, serde_json::Value)]) -> Box<RawValue> {
        let mut item = json!({
            "id": "chg-1", "user_id": "u-7", "changed_at": "2026-11-20T10:15:00.250+01:00", "changed_by": "support",
            "origin": "backoffice", "revision": 4, "new": {"ignored": true},
            "changes": [{"field": "display_name", "before": "Ada", "after": "Ada L."}, {"field": "phone", "after": null}],
        });
        for (name, value) in change {
            item[*name] = value.clone();
        }
        serde_json::value::to_raw_value(&item).unwrap()
    }

    /// 2026-11-20T10:00:00Z.
    const NOW: UnixMillis = UnixMillis(1_795_168_800_000);

    fn source(text: &str) -> EventSource {
        text.parse().unwrap()
    }

    #[test]
    fn an_item_becomes_an_event_with_all_its_fields() {
        let event = UserProfileUpdated::of(&item(&[]), &source("/profile-api"), NOW).unwrap();
        assert_eq!((event.key(), event.revision, event.changed_at), ("u-7", 4, 1_795_166_100_250));
        assert_eq!((event.changed_by.as_deref(), event.origin.as_deref()), (Some("support"), Some("backoffice")));
        assert_eq!(event.changes[0].after.as_deref(), Some("Ada L."));
        assert_eq!(event.changes[1], FieldChange { field: "phone".to_owned(), before: None, after: None });
        assert_eq!(event.occurred_at().to_string(), "2026-11-20T09:15:00.25Z");
    }

    #[test]
    fn the_schema_is_the_newest_version_in_the_repository() {
        let folder =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/schemas/user.profile.updated-value");
        let versions = std::fs::read_dir(&folder).unwrap().filter_map(|entry| {
            let name = entry.unwrap().file_name().into_string().unwrap();
            name.strip_prefix('v')?.strip_suffix(".avsc")?.parse::<u32>().ok()
        });
        let newest = std::fs::read_to_string(folder.join(format!("v{}.avsc", versions.max().unwrap()))).unwrap();
        assert_eq!(SCHEMA, newest, "name the newest version in SCHEMA");
    }

    #[test]
    fn the_same_change_has_the_same_id_for_ever() {
        let id = |text: &str, change: &str| {
            UserProfileUpdated::of(&item(&[("id", json!(change))]), &source(text), NOW).unwrap().event_id
        };
        assert_eq!(id("/profile-api", "chg-1"), "e50908c4-ee6c-5905-9ad1-7f066cf0e2aa");
        assert_ne!(id("/profile-api", "chg-1"), id("/profile-api", "chg-2"));
        assert_ne!(id("/profile-api", "chg-1"), id("/another", "chg-1"));
    }

    #[test]
    fn an_item_may_be_a_day_ahead_of_our_clock_and_no_more() {
        let of = |time: &str| {
            UserProfileUpdated::of(&item(&[("changed_at", json!(time))]), &source("/profile-api"), NOW)
                .map(|event| event.occurred_at().to_string())
        };
        assert_eq!(of("2026-11-21T10:00:00Z"), Ok("2026-11-21T10:00:00Z".to_owned()));
        assert_eq!(of("2026-11-21T12:00:00+02:00"), Ok("2026-11-21T10:00:00Z".to_owned()));
        for ahead in [
            "2026-11-21T10:00:00.001Z",
            "2027-11-20T10:00:00Z",
            "9999-12-30T21:00:00Z",
            "9999-12-31T00:00:00Z",
            "9999-12-31T23:59:59.999+14:00",
        ] {
            assert_eq!(of(ahead), Err(BadItem::FromFuture), "{ahead}");
        }
        for unreadable in ["9999-12-31", "9999-12-31T23:59:59", "9999-13-31T23:59:59Z", "-009999-12-31T00:00:00Z"] {
            assert_eq!(of(unreadable), Err(BadItem::Time), "{unreadable}");
        }
        assert_eq!(of("0001-01-01T00:00:00Z"), Ok("0001-01-01T00:00:00Z".to_owned()), "long ago is not ahead");
    }

    #[test]
    fn a_bad_item_is_reported_without_its_data() {
        let bad = |change: &[(&str, serde_json::Value)]| {
            UserProfileUpdated::of(&item(change), &source("/profile-api"), NOW).unwrap_err()
        };
        assert_eq!(bad(&[("id", json!(""))]), BadItem::NoId);
        assert_eq!(bad(&[("user_id", json!(""))]), BadItem::NoUser);
        assert_eq!(bad(&[("changed_at", json!("yesterday"))]), BadItem::Time);
        assert_eq!(bad(&[("changes", json!([]))]), BadItem::NoChanges);
        let unreadable = bad(&[("revision", json!("hunter2"))]);
        assert_eq!(unreadable.code(), "item_unreadable");
        assert!(!unreadable.to_string().contains("hunter2"), "{unreadable}");
    }
}
