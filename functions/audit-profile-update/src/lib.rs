//! Writes each profile update once: `user.profile.updated` → append-only audit log in DynamoDB.

use event_functions::{
    AppendOnce, AvroRead, Config, Entry, Event, Failed, Failure, Function, Precision, Reader, Table, Timestamp,
    UnixMillis, item, keys,
};
use serde::{Serialize, Serializer};

/// The value of a record. Its serialized form is the content that a repetition is compared with. It leaves out null
/// fields: a field added to the schema later must not change the digest of events without it.
#[derive(Clone, AvroRead, Serialize)]
struct ProfileUpdated<'a> {
    /// The id of the change. It never names another change.
    event_id: &'a str,
    /// Whose profile.
    user_id: &'a str,
    /// When it was changed, by the clock of the source.
    #[serde(serialize_with = "nanoseconds")]
    changed_at: Timestamp,
    /// Who changed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    changed_by: Option<&'a str>,
    /// From where.
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<&'a str>,
    /// The profile's revision after the change.
    revision: i64,
    /// What changed.
    changes: Vec<FieldChange<'a>>,
}

#[derive(Clone, Copy, AvroRead, Serialize)]
struct FieldChange<'a> {
    field: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<&'a str>,
}

#[derive(Config)]
#[env(check = former_names)]
struct Config {
    /// DynamoDB table of the audit log.
    #[env("AUDIT_TABLE", example = "audit")]
    table: Table,
}

fn former_names(_: &Config, env: &mut Reader<'_>) {
    env.renamed("AUDIT_RETENTION_DAYS", "RETENTION_DAYS");
}

/// The function.
pub fn function() -> Function {
    Function::new("audit-profile-update").events::<ProfileUpdated>("user.profile.updated").effect(
        |config: &Config, aws| {
            let clock = aws.clock();
            AppendOnce::in_table(aws, &config.table.with_person(&["pk", "changed_by"]), move |event| {
                entry(event, clock.now())
            })
        },
    )
}

fn entry(event: &Event<'_, ProfileUpdated<'_>>, now: UnixMillis) -> Result<Entry, Failed> {
    let (update, record) = (event.data(), event.record());
    if update.event_id.is_empty() || update.user_id.is_empty() || update.changes.is_empty() {
        return Err(UpdateUnusable::Incomplete.into());
    }
    if event.header("ce_id")?.is_some_and(|id| id != update.event_id.as_bytes()) {
        return Err(UpdateUnusable::IdsDiffer.into());
    }
    let change = |change: &FieldChange<'_>| {
        item! { "field" => change.field, "before" => change.before, "after" => change.after }
    };
    let columns = item! {
        "event_id" => update.event_id, "user_id" => update.user_id,
        "changed_at" => keys::sortable_time(update.changed_at, Precision::Microseconds),
        "changed_by" => update.changed_by, "origin" => update.origin, "revision" => update.revision,
        "changes" => update.changes.iter().map(change).collect::<Vec<_>>(),
        "topic" => record.topic, "partition" => record.partition, "offset" => record.offset, "recorded_at" => now.0,
    };
    Entry::new(format!("user#{}", update.user_id), update.changed_at, update.event_id, columns).with_content(update)
}

fn nanoseconds<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_i128(at.as_nanosecond())
}

/// The event cannot be put into the log. Holds nothing of the event's content.
#[derive(Debug, Failure)]
#[failure(dead_letter, blame = record, remedy = "Correct the producer; end the letter.")]
enum UpdateUnusable {
    /// `event_id`, `user_id` or `changes` is empty.
    #[failure(
        "the event's event_id, user_id or changes are empty; the producer must send ids and at least one changed field",
        code = "event_malformed"
    )]
    Incomplete,
    /// `ce_id` and `event_id` differ, so the event has two ids and a repetition might come with either.
    #[failure(
        "the header ce_id and the field event_id differ; the producer must set both to the event's id",
        code = "event_ids_differ"
    )]
    IdsDiffer,
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use event_functions::testing::{EventHeaders, Facts, FailureCodes, Harness, Outcome};
    use serde_json::{Value, json};

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

    fn test() -> Harness {
        function().test(&[("AUDIT_TABLE", "audit")])
    }

    fn happened(test: &Harness, update: ProfileUpdated<'static>) -> Outcome {
        Facts::<ProfileUpdated>::of(test).happened(update.user_id, EventHeaders::default(), update)
    }

    /// The one entry that is stored of an update.
    fn stored(update: ProfileUpdated<'static>) -> Value {
        let (test, key) = (test(), format!("user#{}", update.user_id));
        assert_eq!(happened(&test, update), Outcome::Done);
        test.item("audit", &key).unwrap()
    }

    #[test]
    fn an_event_that_cannot_be_stored_is_refused() {
        let long: &'static str = "secret".repeat(341).leak();
        let test = test();
        for wrong in [
            ProfileUpdated { event_id: "", ..update() },
            ProfileUpdated { event_id: &long[..997], ..update() },
            ProfileUpdated { user_id: "", ..update() },
            ProfileUpdated { user_id: &long[..2044], ..update() },
            ProfileUpdated { changed_at: Timestamp::MIN, ..update() },
            ProfileUpdated { changes: Vec::new(), ..update() },
        ] {
            assert_eq!(happened(&test, wrong), Outcome::DeadLettered("event_malformed"));
        }
        assert!(test.letters().iter().all(|letter| !letter.error.concat().contains("secret")));
        assert!(test.items("audit").is_empty());
        let longest = ProfileUpdated { event_id: &long[..996], user_id: &long[..2043], ..update() };
        assert_eq!(happened(&test, longest), Outcome::Done);
    }

    #[test]
    fn an_entry_has_what_the_event_says_and_where_it_came_from() {
        let changed_at = "2026-01-14T06:02:32.97Z".parse().unwrap();
        let mut entry = stored(ProfileUpdated { changed_at, changed_by: Some("admin-7"), ..update() });
        assert!(entry["recorded_at"].is_u64() && entry["content"].is_string());
        entry.as_object_mut().unwrap().retain(|name, _| !["recorded_at", "content"].contains(&name.as_str()));
        let expected = json!({
            "pk": "user#u1", "sk": "2026-01-14T06:02:32.970000Z#e1", "format": 2, "event_id": "e1", "user_id": "u1",
            "changed_at": "2026-01-14T06:02:32.970000Z", "changed_by": "admin-7", "origin": "web", "revision": 7,
            "changes": [{"field": "name", "after": "Ada"}], "topic": "made-up", "partition": 0, "offset": 0,
        });
        assert_eq!(entry, expected);
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
        .map(|update| stored(update)["content"].to_string())
        .into();
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
        let sha_256_of_it = "6ca38e7a1bbe69b751707ff610e13e85d763b0285862a9ac2e5bfd94d0358306";
        assert_eq!(stored(update())["content"], sha_256_of_it);
    }

    #[test]
    fn an_id_belongs_to_one_content() {
        let test = test();
        assert_eq!(happened(&test, update()), Outcome::Done);
        assert_eq!(happened(&test, update()), Outcome::Duplicate);
        let other = ProfileUpdated { revision: 8, ..update() };
        assert_eq!(happened(&test, other), Outcome::DeadLettered("event_conflict"));
        assert_eq!(test.item("audit", "user#u1").unwrap()["revision"], 7);
    }

    #[test]
    fn an_event_with_two_ids_is_refused() {
        let test = test();
        let updates = Facts::<ProfileUpdated>::of(&test);
        for (id, outcome) in [
            (Some("e2"), Outcome::DeadLettered("event_ids_differ")),
            (Some(""), Outcome::DeadLettered("event_ids_differ")),
            (Some("e1"), Outcome::Done),
            (None, Outcome::Duplicate),
        ] {
            assert_eq!(updates.happened("u1", EventHeaders { id, time: None }, update()), outcome, "{id:?}");
        }
    }

    #[test]
    fn entry_and_id_expire_together_and_expired_events_are_skipped() {
        let test = function().test(&[("AUDIT_TABLE", "audit"), ("RETENTION_DAYS", "30")]);
        assert_eq!(happened(&test, update()), Outcome::Skipped("past_retention"));
        let changed_at = Timestamp::now();
        let new = ProfileUpdated { changed_at, ..update() };
        assert_eq!(happened(&test, new.clone()), Outcome::Done);
        let expiry = changed_at.as_second() + 30 * 24 * 60 * 60;
        let items = test.items("audit");
        assert!(items.len() == 2 && items.iter().all(|item| item["expires_at"] == expiry), "{items:?}");
        test.advance(Duration::from_secs(31 * 24 * 60 * 60));
        assert_eq!(happened(&test, new), Outcome::Skipped("past_retention"));
        assert!(stored(update()).get("expires_at").is_none(), "entries do not expire unless a retention is set");
    }

    #[test]
    fn the_former_name_of_the_retention_is_refused() {
        let read = function().try_test(&[("AUDIT_TABLE", "audit"), ("AUDIT_RETENTION_DAYS", "30")]);
        let problems = read.err().unwrap().to_string();
        assert!(problems.contains("AUDIT_RETENTION_DAYS was renamed to RETENTION_DAYS"), "{problems}");
    }

    #[test]
    fn the_readme_lists_the_functions_variables_and_codes() {
        function().check_readme(include_str!("../README.md"), &[UpdateUnusable::CODES]);
    }
}
