//! Snapshot files: schemas that are deployed with a function.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::{path::Path, sync::Arc};

use schema_registries::{Snapshot, SnapshotError};
use schema_registry::{
    CachePolicy, RegistryErrorKind, SchemaCache, SchemaId, SchemaRef, Schemas,
    testing::{GUID, Health, INNER, InMemorySchemas, MIDDLE, OUTER},
};

fn id(number: u32) -> SchemaRef {
    SchemaRef::Id(SchemaId(number))
}

fn snapshot() -> String {
    let text = |schema: &str| serde_json::to_string(schema).unwrap();
    format!(
        r#"{{
            "7": {{"subject": "outer", "version": 1, "schema": {outer},
                   "references": [{{"name": "Middle", "subject": "middle", "version": 1}},
                                  {{"name": "Inner", "subject": "inner", "version": 2}}]}},
            "8": {{"subject": "middle", "version": 1, "schema": {middle},
                   "references": [{{"name": "Inner", "subject": "inner", "version": 2}}]}},
            "9": {{"subject": "inner", "version": 2, "schema": {inner}}},
            "{GUID}": {{"subject": "inner", "version": 2, "schema": {inner}, "references": []}},
            "glue:{GUID}": {{"subject": "inner", "version": 2, "schema": {inner}}}
        }}"#,
        outer = text(OUTER),
        middle = text(MIDDLE),
        inner = text(INNER),
    )
}

#[tokio::test]
async fn a_cold_start_with_a_snapshot_needs_no_registry() {
    let registry = Arc::new(InMemorySchemas::default());
    registry.set_health(Health::Down);
    let snapshot = Snapshot::parse(&snapshot()).unwrap();
    let cache = SchemaCache::new(Arc::clone(&registry), CachePolicy { max_schemas: 1, ..CachePolicy::default() })
        .with_preloaded(snapshot);
    let outer = cache.by_id(id(7)).await.unwrap();
    assert_eq!((outer.text.as_str(), outer.references.as_slice()), (OUTER, &[INNER.into(), MIDDLE.into()][..]));
    for schema in [id(9), SchemaRef::Guid(GUID), SchemaRef::GlueVersion(GUID)] {
        assert_eq!(cache.by_id(schema).await.unwrap().text, INNER, "{schema}");
    }
    assert_eq!(registry.requests(), 0);
    let unknown = cache.by_id(id(10)).await.unwrap_err();
    assert_eq!((unknown.kind(), unknown.is_transient()), (RegistryErrorKind::Unavailable, true));

    registry.set_health(Health::Up);
    for number in 10..20 {
        registry.put(id(number), "\"int\"", &[]);
        assert_eq!(cache.by_id(id(number)).await.unwrap().text, "\"int\"", "a schema that it lacks is fetched");
    }
    registry.set_health(Health::Down);
    assert!(cache.by_id(id(7)).await.is_ok(), "schemas of the snapshot are not dropped");
}

#[test]
fn a_bad_snapshot_is_refused_with_the_reason() {
    for (text, expected) in [
        ("{\n\"7\": 7}", "line 2 does not match the format of snapshots"),
        (r#"{"seven": {"subject": "s", "version": 1, "schema": "{}"}}"#, "`seven` is not the id of a schema"),
        (r#"{"glue:7": {"subject": "s", "version": 1, "schema": "{}"}}"#, "`glue:7` is not the id of a schema"),
        (
            r#"{"7": {"subject": "s", "version": 1, "schema": "{}", "references": [{"subject": "t", "version": 3}]}}"#,
            "schema 7 refers to subject t, version 3, which is not in the snapshot",
        ),
        (
            r#"{"7": {"subject": "s", "version": 1, "schema": "{}", "ruleSet": {"domainRules": [{"type": "ENCRYPT"}]}}}"#,
            "schema 7 has a rule of type ENCRYPT that its readers must run",
        ),
    ] {
        let error = Snapshot::parse(text).unwrap_err();
        assert!(error.to_string().starts_with(expected), "{error}");
        assert_eq!(matches!(error, SnapshotError::Malformed { .. }), expected.starts_with("line"));
    }
    assert!(Snapshot::parse("{}").unwrap().is_empty());
    let harmless =
        r#"{"7": {"subject": "s", "version": 1, "schema": "{}", "ruleSet": null, "metadata": {"tags": {}}}}"#;
    assert_eq!(Snapshot::parse(harmless).unwrap().len(), 1);
}

#[test]
fn the_schemas_of_every_recording_are_a_snapshot() {
    for recording in ["postgres-accounts", "mysql-orders", "mongodb-logins"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../events/recorded").join(recording);
        let snapshot = Snapshot::parse(&std::fs::read_to_string(path.join("schemas.json")).unwrap()).unwrap();
        assert!(snapshot.len() > 1, "{recording}");
    }
}
