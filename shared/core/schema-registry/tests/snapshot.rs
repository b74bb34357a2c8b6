//! Schemas that a function brings along, and its registry's configuration.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::{path::Path, sync::Arc};

use aws_types::SdkConfig;
use environment::Env;
use schema_registry::{
    CachePolicy, FrameFormat, Frames, KeyFormat, RegistryConfig, RegistryConfigError, RegistryErrorKind, SchemaCache,
    SchemaId, SchemaRef, Schemas, Snapshot, SnapshotError, Subjects, Version,
    testing::{GUID, INNER, InMemorySchemas, MIDDLE, OUTER, Weather},
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
    registry.set_weather(Weather::Down);
    let snapshot = Snapshot::parse(&snapshot()).unwrap();
    let cache = SchemaCache::new(Arc::clone(&registry), CachePolicy { max_schemas: 1, ..CachePolicy::default() })
        .with_snapshot(snapshot);
    let outer = cache.by_id(id(7)).await.unwrap();
    assert_eq!((outer.text.as_str(), outer.references.as_slice()), (OUTER, &[INNER.into(), MIDDLE.into()][..]));
    for schema in [id(9), SchemaRef::Guid(GUID), SchemaRef::GlueVersion(GUID)] {
        assert_eq!(cache.by_id(schema).await.unwrap().text, INNER, "{schema}");
    }
    assert_eq!(registry.questions(), 0);
    let unknown = cache.by_id(id(10)).await.unwrap_err();
    assert_eq!((unknown.kind(), unknown.is_transient()), (RegistryErrorKind::Unavailable, true));

    registry.set_weather(Weather::Fair);
    for number in 10..20 {
        registry.put(id(number), "\"int\"", &[]);
        assert_eq!(cache.by_id(id(number)).await.unwrap().text, "\"int\"", "what it lacks is asked for");
    }
    registry.set_weather(Weather::Down);
    assert!(cache.by_id(id(7)).await.is_ok(), "what came along is not pushed out");
}

#[test]
fn what_is_no_snapshot_is_told() {
    for (text, expected) in [
        ("{\n\"7\": 7}", "line 2 is not as in a snapshot of schemas"),
        (r#"{"seven": {"subject": "s", "version": 1, "schema": "{}"}}"#, "`seven` names no schema"),
        (r#"{"glue:7": {"subject": "s", "version": 1, "schema": "{}"}}"#, "`glue:7` names no schema"),
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

const URL: (&str, &str) = ("SCHEMA_REGISTRY_URL", "https://registry.example.com");

fn read(variables: &[(&str, &str)]) -> Result<RegistryConfig, String> {
    Env::from_pairs(variables.iter().copied()).read(RegistryConfig::read).map_err(|problems| problems.to_string())
}

#[test]
fn an_address_is_enough() {
    let config = read(&[URL]).unwrap();
    assert_eq!(config.frames, Frames::both(FrameFormat::Confluent));
    config.schemas(&SdkConfig::builder().build()).unwrap();
    config.confluent().unwrap();
    let several = read(&[("SCHEMA_REGISTRY_URL", "https://a.example.com, https://b.example.com/apis/ccompat/v7")]);
    several.unwrap().confluent().unwrap();
}

#[test]
fn what_does_not_go_together_is_told_with_the_variable() {
    let (user, password) = (("SCHEMA_REGISTRY_USER", "reader"), ("SCHEMA_REGISTRY_PASSWORD", "hunter2"));
    let token = ("SCHEMA_REGISTRY_TOKEN", "hunter3");
    let cases: [(&[(&str, &str)], &str); 6] = [
        (&[], "SCHEMA_REGISTRY_URL is not set, but SCHEMA_REGISTRY_KIND=confluent needs it"),
        (&[URL, user], "SCHEMA_REGISTRY_PASSWORD is not set, but SCHEMA_REGISTRY_USER is set needs it"),
        (&[URL, user, password, token], "SCHEMA_REGISTRY_TOKEN is one way to identify ourselves too many"),
        (
            &[URL, ("SCHEMA_REGISTRY_OAUTH_URL", "https://login.example.com")],
            "SCHEMA_REGISTRY_OAUTH_CLIENT_ID is not set",
        ),
        (&[URL, ("SCHEMA_REGISTRY_CERTIFICATE_FILE", "c.pem")], "SCHEMA_REGISTRY_KEY_FILE is not set"),
        (&[("SCHEMA_REGISTRY_URL", "https://a.example.com,b")], "SCHEMA_REGISTRY_URL has an item 2"),
    ];
    for (variables, expected) in cases {
        let problems = read(variables).unwrap_err();
        assert!(problems.contains(expected) && !problems.contains("hunter"), "{problems}");
    }
}

#[test]
fn each_side_has_a_frame_of_its_own_and_both_may_be_set_at_once() {
    let framed = |keys: FrameFormat, values| Frames { keys: keys.into(), values };
    let glue = ("SCHEMA_REGISTRY_KIND", "glue");
    let cases: [(&[(&str, &str)], Frames); 6] = [
        (&[URL, ("SCHEMA_FRAME", "apicurio")], Frames::both(FrameFormat::Apicurio)),
        (&[URL, ("VALUE_FRAME", "confluent-header")], framed(FrameFormat::Confluent, FrameFormat::ConfluentHeader)),
        (&[URL, ("KEY_FRAME", "metadata")], framed(FrameFormat::Metadata, FrameFormat::Confluent)),
        (&[URL, ("KEY_FRAME", "text")], Frames { keys: KeyFormat::Text, values: FrameFormat::Confluent }),
        (
            &[glue, ("VALUE_FRAME", "glue"), ("KEY_FRAME", "text")],
            Frames { keys: KeyFormat::Text, values: FrameFormat::Glue },
        ),
        (&[glue, ("VALUE_FRAME", "metadata"), ("KEY_FRAME", "glue")], framed(FrameFormat::Glue, FrameFormat::Metadata)),
    ];
    for (variables, frames) in cases {
        assert_eq!(read(variables).unwrap().frames, frames, "{variables:?}");
    }
}

#[test]
fn a_frame_that_the_registry_cannot_resolve_is_refused_on_its_side_alone() {
    type Case<'c> = (&'c [(&'c str, &'c str)], &'c [&'c str]);
    let glue = ("SCHEMA_REGISTRY_KIND", "glue");
    let cases: [Case<'_>; 6] = [
        (&[glue], &["VALUE_FRAME", "KEY_FRAME"]),
        (&[glue, ("VALUE_FRAME", "glue")], &["KEY_FRAME"]),
        (&[glue, ("KEY_FRAME", "text")], &["VALUE_FRAME"]),
        (&[glue, ("SCHEMA_FRAME", "confluent-header")], &["SCHEMA_FRAME"]),
        (&[URL, ("SCHEMA_FRAME", "glue")], &["SCHEMA_FRAME"]),
        (&[URL, ("KEY_FRAME", "glue")], &["KEY_FRAME"]),
    ];
    for (variables, refused) in cases {
        let problems = read(variables).unwrap_err();
        for variable in ["SCHEMA_FRAME", "VALUE_FRAME", "KEY_FRAME"] {
            let told = problems.contains(&format!("{variable} does not go with SCHEMA_REGISTRY_KIND"));
            assert_eq!(told, refused.contains(&variable), "{variables:?}: {problems}");
        }
    }
    for beside in [("VALUE_FRAME", "confluent"), ("KEY_FRAME", "text")] {
        let problems = read(&[URL, ("SCHEMA_FRAME", "confluent"), beside]).unwrap_err();
        assert!(problems.contains("SCHEMA_FRAME sets VALUE_FRAME and KEY_FRAME alike"), "{problems}");
    }
    let problems = read(&[URL, ("VALUE_FRAME", "text")]).unwrap_err();
    assert!(problems.contains("VALUE_FRAME is `text`, which is not among the choices"), "{problems}");
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let aws = SdkConfig::builder().build();
    for variable in ["SCHEMA_SNAPSHOT", "SCHEMA_REGISTRY_CA_FILE"] {
        let error = read(&[URL, (variable, "/nowhere/at-all")]).unwrap().schemas(&aws).err().unwrap();
        assert_eq!(error.to_string(), format!("{variable} names the file /nowhere/at-all, which cannot be read"));
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "[]").unwrap();
    let error = read(&[URL, ("SCHEMA_SNAPSHOT", file.path().to_str().unwrap())]).unwrap().schemas(&aws).err().unwrap();
    assert!(matches!(error, RegistryConfigError::Snapshot { .. }), "{error}");
}

#[tokio::test]
async fn a_function_whose_registry_is_down_reads_what_its_snapshot_has() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), snapshot()).unwrap();
    let snapshot = ("SCHEMA_SNAPSHOT", file.path().to_str().unwrap());
    // Nobody listens at port 1.
    let config = read(&[("SCHEMA_REGISTRY_URL", "http://127.0.0.1:1"), snapshot]).unwrap();
    let schemas = config.schemas(&SdkConfig::builder().build()).unwrap();
    assert_eq!(schemas.by_id(id(9)).await.unwrap().text, INNER);
    assert!(schemas.by_id(id(10)).await.unwrap_err().is_transient());
    assert!(config.confluent().unwrap().version("inner", Version::Latest).await.unwrap_err().is_transient());
}

#[tokio::test]
async fn glue_needs_a_region_and_has_no_subjects() {
    let glue = [("SCHEMA_REGISTRY_KIND", "glue"), ("SCHEMA_FRAME", "glue")];
    let config = read(&glue).unwrap();
    assert!(matches!(config.confluent(), Err(RegistryConfigError::NoSubjects)));
    let error = config.schemas(&SdkConfig::builder().build()).err().unwrap().to_string();
    assert_eq!(error, "AWS Glue needs a region: set AWS_REGION");
}
