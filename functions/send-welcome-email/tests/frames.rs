//! An account is one account, however its records name their schemas.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use event_runtime::{RawRecord, RecordFrames, RecordHandler};
use kafka_events::{Entry, Event};
use schema_registries::Snapshot;
use schema_registry::{
    CachePolicy, FrameFormat, Frames, KeyFormat, RegistryError, RegistryErrorKind, SchemaCache, SchemaRef, SchemaText,
    Schemas,
};
use send_welcome_email::error::SendError;
use send_welcome_email::handler::{Decision, WelcomeNewAccounts};
use send_welcome_email::mailer::{Mailer, SentMail};
use send_welcome_email::message::Email;

/// The schema ids of the recorded keys and values.
const KEY: u32 = 100_001;
const VALUE: u32 = 100_002;

struct NoMail;

impl Mailer for NoMail {
    async fn send(&self, _: &Email) -> Result<SentMail, SendError> {
        panic!("nothing is sent here")
    }
}

struct Nothing;

impl Schemas for Nothing {
    fn by_id(
        &self,
        schema: SchemaRef,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<Arc<SchemaText>, RegistryError>> + Send + '_>> {
        Box::pin(std::future::ready(Err(RegistryError::new(schema, RegistryErrorKind::NotFound))))
    }
}

fn uuid(number: u32) -> String {
    format!("6fdca7a3-0e10-4b1d-9d3f-0000{number:08x}")
}

fn uuid_bytes(number: u32) -> Vec<u8> {
    [&[0x6f, 0xdc, 0xa7, 0xa3, 0x0e, 0x10, 0x4b, 0x1d, 0x9d, 0x3f, 0, 0], number.to_be_bytes().as_slice()].concat()
}

/// The recorded schemas by number, and the same under GUIDs and Glue's versions.
fn schemas() -> Arc<dyn Schemas> {
    let recorded = std::fs::read_to_string(recording().join("schemas.json")).unwrap();
    let mut schemas: BTreeMap<String, serde_json::Value> = serde_json::from_str(&recorded).unwrap();
    for number in [KEY, VALUE] {
        let schema = schemas[&number.to_string()].clone();
        schemas.insert(uuid(number), schema.clone());
        schemas.insert(format!("glue:{}", uuid(number)), schema);
    }
    let snapshot = Snapshot::parse(&serde_json::to_string(&schemas).unwrap()).unwrap();
    Arc::new(SchemaCache::new(Nothing, CachePolicy::default()).with_preloaded(snapshot))
}

fn recording() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/recorded/postgres-accounts")
}

/// Puts another frame around bytes in Confluent's frame; returns the header too.
fn reframe(format: FrameFormat, framed: &[u8]) -> (Vec<u8>, Option<Vec<u8>>) {
    let (frame, body) = framed.split_at(5);
    let number = u32::from_be_bytes(frame[1..].try_into().unwrap());
    match format {
        FrameFormat::Confluent | FrameFormat::Apicurio => (framed.to_vec(), None),
        FrameFormat::ConfluentHeader => (body.to_vec(), Some([vec![1], uuid_bytes(number)].concat())),
        FrameFormat::Glue => ([vec![3, 0], uuid_bytes(number), body.to_vec()].concat(), None),
        FrameFormat::Metadata => (body.to_vec(), None),
    }
}

/// The claims of the recording's inserts in order, with keys and values in these frames.
async fn claims(frames: Frames) -> Vec<String> {
    let handler = WelcomeNewAccounts::new(&schemas(), frames, NoMail, "Shop", None);
    let event = std::fs::read(recording().join("event.json")).unwrap();
    let mut claims = Vec::new();
    for partition in &Event::scan(&event).unwrap().partitions {
        for entry in &partition.records {
            let Entry::Record(record) = entry else { panic!("malformed") };
            let Some(value) = record.value.map(|value| value.to_vec().unwrap()) else { continue };
            let framed_key = record.key.unwrap().to_vec().unwrap();
            if value[1..5] != VALUE.to_be_bytes() {
                continue;
            }
            let (value, value_header) = reframe(frames.values, &value);
            let (key, key_header) = match frames.keys {
                KeyFormat::Framed(format) => reframe(format, &framed_key),
                // The column alone: an Avro string after its length.
                KeyFormat::Text => (framed_key[6..].to_vec(), None),
            };
            let header = |name: &str, id: Option<Vec<u8>>| id.map(|id| serde_json::json!({ name: id }));
            let headers = [header("__key_schema_id", key_header), header("__value_schema_id", value_header)];
            let metadata = |number| serde_json::json!({"dataFormat": "AVRO", "schemaId": number});
            let carrier = serde_json::json!({"eventSource": "aws:kafka", "records": {"t-0": [{
                "topic": record.topic, "partition": 0, "offset": record.offset, "timestamp": record.timestamp,
                "timestampType": "CREATE_TIME", "headers": headers.into_iter().flatten().collect::<Vec<_>>(),
                "keySchemaMetadata": metadata(KEY), "valueSchemaMetadata": metadata(VALUE)}]}});
            let carrier = carrier.to_string();
            let carrier = Event::scan(carrier.as_bytes()).unwrap();
            let Some(Entry::Record(beside)) = carrier.partitions[0].records.first() else { panic!("no record") };
            let record_frames = RecordFrames::default();
            let raw = RawRecord {
                topic: &record.topic,
                partition: record.partition,
                offset: record.offset,
                timestamp: record.timestamp,
                key: Some(&key),
                value: Some(&value),
                headers: &beside.headers,
                key_schema: beside.key_schema.as_ref(),
                value_schema: beside.value_schema.as_ref(),
                frames: &record_frames,
            };
            if let Decision::Welcome { effect, .. } = handler.decode(raw).await.unwrap() {
                claims.push(effect.key.as_str().to_owned());
            }
        }
    }
    claims
}

#[tokio::test]
async fn an_account_has_the_same_claim_in_every_frame_format() {
    let expected = claims(Frames::both(FrameFormat::Confluent)).await;
    assert!(expected.len() > 2 && expected.iter().all(|claim| claim.starts_with("welcome:")), "{expected:?}");
    for values in [FrameFormat::ConfluentHeader, FrameFormat::Apicurio, FrameFormat::Glue, FrameFormat::Metadata] {
        assert_eq!(claims(Frames::both(values)).await, expected, "{values:?}");
        assert_eq!(claims(Frames { keys: KeyFormat::Text, values }).await, expected, "text and {values:?}");
    }
    let before_the_body = Frames { keys: FrameFormat::ConfluentHeader.into(), values: FrameFormat::Confluent };
    assert_eq!(claims(before_the_body).await, expected);
}
