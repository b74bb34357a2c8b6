//! The variables of a function's schema registry: which go together, and how the others are refused.

use environment::{Configuration, Env};
use event_functions::{RegistryConfig, RegistryConfigError, SdkConfig};
use schema_registry::{FrameFormat, Frames, KeyFormat, SchemaId, SchemaRef, Subjects, Version};

fn id(number: u32) -> SchemaRef {
    SchemaRef::Id(SchemaId(number))
}

const SNAPSHOT: &str = r#"{"9": {"subject": "s", "version": 1, "schema": "{\"type\":\"string\"}"}}"#;
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
fn variables_that_do_not_go_together_are_named() {
    let (user, password) = (("SCHEMA_REGISTRY_USER", "reader"), ("SCHEMA_REGISTRY_PASSWORD", "hunter2"));
    let token = ("SCHEMA_REGISTRY_TOKEN", "hunter3");
    let cases: [(&[(&str, &str)], &str); 6] = [
        (&[], "SCHEMA_REGISTRY_URL is not set, but is required when SCHEMA_REGISTRY_KIND=confluent"),
        (&[URL, user], "SCHEMA_REGISTRY_PASSWORD is not set, but is required when SCHEMA_REGISTRY_USER is set"),
        (&[URL, user, password, token], "SCHEMA_REGISTRY_TOKEN sets a second way to authenticate"),
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
fn keys_and_values_each_have_their_frame_or_share_one() {
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
fn a_frame_unknown_to_the_registry_is_refused_for_that_side_alone() {
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
        assert!(problems.contains("SCHEMA_FRAME sets both VALUE_FRAME and KEY_FRAME"), "{problems}");
    }
    let problems = read(&[URL, ("VALUE_FRAME", "text")]).unwrap_err();
    assert!(problems.contains("VALUE_FRAME is `text`, which is not one of the choices"), "{problems}");
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
async fn schemas_of_the_snapshot_are_read_while_the_registry_is_down() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), SNAPSHOT).unwrap();
    let snapshot = ("SCHEMA_SNAPSHOT", file.path().to_str().unwrap());
    // Nothing listens at port 1.
    let config = read(&[("SCHEMA_REGISTRY_URL", "http://127.0.0.1:1"), snapshot]).unwrap();
    let schemas = config.schemas(&SdkConfig::builder().build()).unwrap();
    assert_eq!(schemas.by_id(id(9)).await.unwrap().text, r#"{"type":"string"}"#);
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
