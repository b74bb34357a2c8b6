//! Keys of each kind, including plain text, with the event's schema metadata.
#![no_main]

use std::sync::{Arc, LazyLock};

use avro_decode::{Limits, Value};
use event_runtime::{AvroReader, RawRecord, RecordFrames};
use kafka_events::{Entry, Event};
use schema_registry::{FrameFormat, KeyFormat, PlanCache, SchemaId, SchemaRef, testing::InMemorySchemas};

type Reader = AvroReader<Value<'static>>;

static READERS: LazyLock<Vec<(KeyFormat, Reader)>> = LazyLock::new(|| {
    let registry = Arc::new(InMemorySchemas::default());
    let key = r#"{"type":"record","name":"Key","fields":[{"name":"id","type":["null","string","long"]}]}"#;
    for id in 1..=3 {
        registry.put(SchemaRef::Id(SchemaId(id)), key, &[]);
    }
    registry.put(SchemaRef::GlueVersion(uuid::Uuid::from_bytes([7; 16])), key, &[]);
    let formats = [
        KeyFormat::Text,
        FrameFormat::Confluent.into(),
        FrameFormat::ConfluentHeader.into(),
        FrameFormat::Apicurio.into(),
        FrameFormat::Glue.into(),
        FrameFormat::Metadata.into(),
    ];
    let reader = |format| AvroReader::of_keys(format, PlanCache::new(Arc::clone(&registry) as _, Limits::default()));
    formats.into_iter().map(|format| (format, reader(format))).collect()
});

libfuzzer_sys::fuzz_target!(|input: (&[u8], Option<&[u8]>, Option<&str>, Option<&str>)| {
    let (key, header, data_format, schema_id) = input;
    let headers = header.map_or(String::new(), |id| format!(r#"{{"__key_schema_id":{id:?}}}"#));
    let metadata = serde_json::json!({"dataFormat": data_format, "schemaId": schema_id});
    let event = format!(
        r#"{{"records":{{"t-0":[{{"topic":"t","partition":0,"offset":0,"timestamp":1,"timestampType":"CREATE_TIME",
            "headers":[{headers}],"keySchemaMetadata":{metadata}}}]}}}}"#
    );
    let event = Event::scan(event.as_bytes()).expect("an event");
    let Some(Entry::Record(beside)) = event.partitions.first().and_then(|partition| partition.records.first()) else { return };
    for (format, reader) in READERS.iter() {
        let frames = RecordFrames::default();
        let record = RawRecord {
            topic: "t",
            partition: 0,
            offset: 0,
            timestamp: 1,
            key: Some(key),
            value: None,
            headers: &beside.headers,
            key_schema: beside.key_schema.as_ref(),
            value_schema: None,
            frames: &frames,
        };
        let ready = futures_executor::block_on(reader.ready(&record));
        let read = reader.read(&record);
        assert!(ready.is_ok() || read.is_err(), "what is not ready is not read");
        if let (KeyFormat::Text, Ok(text)) = (format, read) {
            assert!(matches!(text, Some(Value::String(text)) if text.as_bytes() == key));
        }
    }
});
