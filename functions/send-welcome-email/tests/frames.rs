//! An account is one account, however its records name their schemas.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use base64_simd::STANDARD as BASE64;
use event_functions::testing::StoredClaim;
use send_welcome_email::error::SendError;
use send_welcome_email::function_with;
use send_welcome_email::mailer::{Mailer, SentMail};
use send_welcome_email::message::Email;
use serde_json::{Value, json};

const EVENT: &str = include_str!("../../../events/recorded/postgres-accounts/event.json");
const SCHEMAS: &str = include_str!("../../../events/recorded/postgres-accounts/schemas.json");

/// The schema ids of the recorded keys and values.
const KEY: u32 = 100_001;
const VALUE: u32 = 100_002;

#[derive(Clone)]
struct AnyMail;

impl Mailer for AnyMail {
    async fn send(&self, _: &Email) -> Result<SentMail, SendError> {
        Ok(SentMail::Accepted { message_id: "1".to_owned() })
    }
}

fn uuid(number: u32) -> String {
    format!("6fdca7a3-0e10-4b1d-9d3f-0000{number:08x}")
}

fn uuid_bytes(number: u32) -> Vec<u8> {
    [&[0x6f, 0xdc, 0xa7, 0xa3, 0x0e, 0x10, 0x4b, 0x1d, 0x9d, 0x3f, 0, 0], number.to_be_bytes().as_slice()].concat()
}

/// The recorded schemas by number, and the same under GUIDs and Glue's versions.
fn schemas() -> String {
    let mut schemas: BTreeMap<String, Value> = serde_json::from_str(SCHEMAS).unwrap();
    for number in [KEY, VALUE] {
        let schema = schemas[&number.to_string()].clone();
        schemas.insert(uuid(number), schema.clone());
        schemas.insert(format!("glue:{}", uuid(number)), schema);
    }
    serde_json::to_string(&schemas).unwrap()
}

/// Puts another frame around bytes in Confluent's frame; returns the header too.
fn reframe(format: &str, framed: &[u8]) -> (Vec<u8>, Option<Vec<u8>>) {
    let (frame, body) = framed.split_at(5);
    let number = u32::from_be_bytes(frame[1..].try_into().unwrap());
    match format {
        "confluent" | "apicurio" => (framed.to_vec(), None),
        "confluent-header" => (body.to_vec(), Some([vec![1], uuid_bytes(number)].concat())),
        "glue" => ([vec![3, 0], uuid_bytes(number), body.to_vec()].concat(), None),
        "metadata" => (body.to_vec(), None),
        // The column alone: an Avro string after its length.
        "text" => (body[1..].to_vec(), None),
        other => panic!("{other} is not a format"),
    }
}

fn bytes(encoded: &Value) -> Option<Vec<u8>> {
    encoded.as_str().map(|text| BASE64.decode_to_vec(text).unwrap())
}

/// A recorded change with its key and value in these frames; `None` for records that are none.
fn reframed(mut record: Value, keys: &str, values: &str) -> Option<Value> {
    let value = bytes(&record["value"]).filter(|value| value[1..5] == VALUE.to_be_bytes())?;
    let (value, value_header) = reframe(values, &value);
    let (key, key_header) = reframe(keys, &bytes(&record["key"])?);
    record["key"] = BASE64.encode_to_string(key).into();
    record["value"] = BASE64.encode_to_string(value).into();
    for (name, header) in [("__key_schema_id", key_header), ("__value_schema_id", value_header)] {
        record["headers"].as_array_mut()?.extend(header.map(|id| json!({ name: id })));
    }
    for (name, number) in [("keySchemaMetadata", KEY), ("valueSchemaMetadata", VALUE)] {
        record[name] = json!({"dataFormat": "AVRO", "schemaId": number.to_string()});
    }
    Some(record)
}

/// The claims that the recorded changes of accounts leave, with keys and values in these frames.
fn claims(keys: &str, values: &str) -> Vec<String> {
    let mut event: Value = serde_json::from_str(EVENT).unwrap();
    let mut candidates = Vec::new();
    for records in event["records"].as_object_mut().unwrap().values_mut() {
        let all = records.as_array_mut().unwrap();
        candidates.extend(all.iter().map(|record| {
            let id = reframe("text", &bytes(&record["key"]).unwrap()).0;
            format!("welcome:{}", String::from_utf8(id).unwrap())
        }));
        *records = all.drain(..).filter_map(|record| reframed(record, keys, values)).collect();
    }
    let registry = if [keys, values].contains(&"glue") { "glue" } else { "confluent" };
    let test = function_with(|_, _| AnyMail).test(&[
        ("EMAIL_MODE", "live"),
        ("EMAIL_SENDER", "hello@shop.example"),
        ("EMAIL_RATE_PER_SECOND", "500"),
        ("SCHEMA_REGISTRY_KIND", registry),
        ("KEY_FRAME", keys),
        ("VALUE_FRAME", values),
    ]);
    test.schemas(&schemas());
    test.deliver(&event);
    assert_eq!(test.letters(), []);
    candidates.sort_unstable();
    candidates.dedup();
    candidates.retain(|claim| matches!(test.claims().stored(claim), Some(StoredClaim::Done { .. })));
    candidates
}

#[test]
fn an_account_has_the_same_claim_in_every_frame_format() {
    let expected = claims("confluent", "confluent");
    assert!(expected.len() > 2, "{expected:?}");
    for values in ["confluent-header", "apicurio", "glue", "metadata"] {
        assert_eq!(claims(values, values), expected, "{values}");
        assert_eq!(claims("text", values), expected, "text and {values}");
    }
    assert_eq!(claims("confluent-header", "confluent"), expected);
}
