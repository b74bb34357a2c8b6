//! The choice of accounts that get a mail, and what becomes of those mails: the whole function in memory.
#![allow(clippy::unwrap_used, reason = "a test that meets a surprise must fail")]

mod deployment;
mod made_up;

use std::future::Future;
use std::time::Duration;

use event_functions::testing::{Claim, Claims, EarlierClaims, Outcome, OwnerToken, StoredClaim};
use event_functions::{ClaimKey, EffectId};

use deployment::Deployment;

#[test]
fn recorded_inserts_get_one_mail_each_and_nothing_else_does() {
    let deployment = Deployment::new();
    let schemas = include_str!("../../../../events/recorded/postgres-accounts/schemas.json");
    let event = include_str!("../../../../events/recorded/postgres-accounts/event.json");
    let outcomes = deployment.deliver(event, schemas);
    let mails = deployment.mails();
    let skipped = ["delete", "key_change", "snapshot", "tombstone", "update"].map(Outcome::Skipped);
    let found: Vec<_> = outcomes.iter().map(|(outcome, _)| *outcome).collect();
    assert_eq!(found, [&[Outcome::Done], &skipped[..]].concat());
    assert_eq!(outcomes[0].1, mails.len());
    assert_eq!(deployment.deliver(event, schemas)[0], (Outcome::Duplicate, mails.len()));
    assert_eq!(deployment.mails().len(), mails.len());
}

#[test]
fn a_snapshot_that_arrives_as_inserts_sends_no_mail() {
    let recorded = include_str!("../../../../events/recorded/postgres-accounts/schemas.json");
    let deployment = Deployment::new();
    let outcomes = deployment.deliver(include_str!("snapshot-as-insert.event.json"), recorded);
    assert_eq!((outcomes, deployment.mails()), (vec![(Outcome::Skipped("snapshot"), 2)], vec![]));
}

#[test]
fn an_account_id_may_be_a_number_of_any_scale() {
    let deployment = Deployment::new();
    let (event, schemas) = (include_str!("numeric-key.event.json"), include_str!("numeric-key.schemas.json"));
    assert_eq!(deployment.deliver(event, schemas), [(Outcome::Done, 1)]);
    assert!(deployment.harness.claims().stored("welcome:256").is_some());
    assert_eq!(deployment.deliver(event, schemas), [(Outcome::Duplicate, 1)]);
}

#[test]
fn a_numeric_language_does_not_cost_the_mail() {
    let deployment = Deployment::new();
    let (event, schemas) =
        (include_str!("language-is-a-number.event.json"), include_str!("language-is-a-number.schemas.json"));
    assert_eq!(deployment.deliver(event, schemas), [(Outcome::Done, 1)]);
    assert_eq!(deployment.mails(), ["ada@example.com"]);
}

#[test]
fn unusual_column_names_and_schema_comments_do_not_cost_the_mail() {
    let (event, schemas) =
        (include_str!("column-with-umlaut.event.json"), include_str!("column-with-umlaut.schemas.json"));
    let renamed = schemas.replace("größe", "shoe-size %");
    let commented = schemas.replace(r#""{\"type\""#, r#""/* since 2019 */ {\"type\""#);
    assert!(renamed != schemas && commented != schemas);
    for schemas in [schemas, &renamed, &commented] {
        let deployment = Deployment::new();
        assert_eq!(deployment.deliver(event, schemas), [(Outcome::Done, 1)]);
        assert_eq!(deployment.mails().len(), 1);
    }
}

const NO_KEY: (&str, &str) =
    (include_str!("key-without-value.event.json"), include_str!("key-without-value.schemas.json"));

#[test]
fn a_key_without_content_is_a_dead_letter_with_the_reason() {
    let deployment = Deployment::new();
    assert_eq!(deployment.deliver(NO_KEY.0, NO_KEY.1), [(Outcome::DeadLettered("key_missing"), 1)]);
    let letter = deployment.harness.letters().remove(0);
    let why = letter.error.join(": ");
    assert!(why.contains("column of the record's key is null or empty: id;"), "{why}");
    assert_eq!(letter.stage, "decode");
}

#[test]
fn a_key_with_a_map_is_a_dead_letter_too() {
    let mut schemas: serde_json::Value = serde_json::from_str(NO_KEY.1).unwrap();
    let map =
        r#"{"type": "record", "name": "Key", "fields": [{"name": "id", "type": {"type": "map", "values": "int"}}]}"#;
    // The key's bytes are an empty map.
    schemas["1"]["schema"] = map.into();
    let outcomes = Deployment::new().deliver(NO_KEY.0, &schemas.to_string());
    assert_eq!(outcomes, [(Outcome::DeadLettered("key_unsupported"), 1)]);
}

#[test]
fn a_record_that_gets_no_mail_needs_no_key() {
    let (event, schemas) = NO_KEY;
    let late = Deployment::with(&[("START_TIME", "2100-01-01T00:00:00Z")]);
    assert_eq!(late.deliver(event, schemas), [(Outcome::Skipped("before_start_time"), 1)]);

    let moved = event.replace(r#""headers": []"#, r#""headers": [{"__debezium.oldkey": [0]}]"#);
    assert_ne!(moved, event);
    assert_eq!(late.deliver(&moved, schemas), [(Outcome::Skipped("key_change"), 1)]);
}

const REORDERED: (&str, &str) =
    (include_str!("key-columns-reordered.event.json"), include_str!("key-columns-reordered.schemas.json"));

#[test]
fn reordered_key_columns_do_not_confuse_two_accounts() {
    let deployment = Deployment::new();
    assert_eq!(deployment.deliver(REORDERED.0, REORDERED.1), [(Outcome::Done, 2)]);
    assert_eq!(deployment.mails(), ["ada@example.com", "bob@example.com"]);
    assert_eq!(deployment.deliver(REORDERED.0, REORDERED.1), [(Outcome::Duplicate, 2)]);
}

/// The claim that earlier versions made for the key (region 1, no 2): they joined the columns in order.
fn claimed_by_an_earlier_version(deployment: &Deployment) -> Claim {
    let claims = EarlierClaims(deployment.harness.claims().clone());
    let effect = EffectId::new(ClaimKey::new("welcome", "1,2").unwrap());
    let claim = done(claims.claim(&effect, Duration::from_secs(15), OwnerToken::fresh())).unwrap();
    if let Claim::Claimed(held) = &claim {
        done(claims.complete(held)).unwrap();
    }
    claim
}

fn done<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

#[test]
fn neither_an_upgrade_nor_a_rollback_sends_a_mail_twice() {
    let (event, schemas) = REORDERED;
    // Claimed before the upgrade for the first account. The second one has the same former text, so it counts too.
    let upgraded = Deployment::new();
    assert!(matches!(claimed_by_an_earlier_version(&upgraded), Claim::Claimed(_)));
    assert_eq!(upgraded.deliver(event, schemas), [(Outcome::Duplicate, 2)]);
    assert_eq!(upgraded.mails(), Vec::<String>::new());

    let rolled_back = Deployment::new();
    assert_eq!(rolled_back.deliver(event, schemas), [(Outcome::Done, 2)]);
    let claim = rolled_back.harness.claims().stored(r"welcome:\(no=2,region=1)");
    assert!(matches!(claim, Some(StoredClaim::Done { .. })), "{claim:?}");
    assert_eq!(claimed_by_an_earlier_version(&rolled_back), Claim::Done);
    assert_eq!(rolled_back.deliver(event, schemas), [(Outcome::Duplicate, 2)], "after the next upgrade");
}
