//! Keys and values in every frame, and the errors of wrong settings.

use avro_decode::AvroRead;
use event_runtime::{Outcome, Settings};
use schema_registry::{FrameFormat, Frames, KeyFormat, SchemaRef};
use serde_json::json;
use uuid::Uuid;

use crate::world::{Any, Reads, World, event, outcome, record, registry};

const GUID: Uuid = Uuid::from_u128(0x6fdc_a7a3_0e10_4b1d_9d3f_0123_4567_89ab);

/// A key of one column, for readers of that column.
#[derive(Debug, AvroRead)]
struct Key<'a> {
    id: &'a str,
}

fn text_keys(values: FrameFormat) -> Frames {
    Frames { keys: KeyFormat::Text, values }
}

/// The outcome of a batch of one record, with what was read or the error of its letter.
async fn one<K>(frames: Frames, record: serde_json::Value) -> (Outcome, String)
where
    K: avro_decode::AvroType,
    for<'de> K::Of<'de>: std::fmt::Debug + Send + Sync,
{
    let handler = Reads::<K>::new(&registry(), frames);
    let seen = handler.seen.clone();
    let world = World::of(handler);
    let report = world.deliver(&event(&[record])).await;
    let error_or_values = match world.letters.letters().first() {
        Some(letter) => letter.error.chain.join(": "),
        None => seen.lock().unwrap().join(", "),
    };
    (outcome(&report), error_or_values)
}

#[tokio::test]
async fn a_topic_that_moves_to_ids_in_headers_is_read_before_and_after() {
    let registry = registry();
    registry.put(SchemaRef::Guid(GUID), "\"string\"", &[]);
    let handler = Reads::<Any>::new(&registry, Frames::both(FrameFormat::ConfluentHeader));
    let seen = handler.seen.clone();
    let guid: Vec<i8> = [&[1], GUID.as_bytes().as_slice()].concat().into_iter().map(|byte| byte as i8).collect();
    let headers = json!({"headers": [{"__key_schema_id": guid}, {"__value_schema_id": guid}]});
    let old = record(0, b"\0\0\0\0\x02\x04k1", b"\0\0\0\0\x02\x04v1", json!({}));
    // The body is bare, and may begin as an old one does.
    let new = record(1, b"\x04k1", b"\x0a\0\0\0\0\x02", headers.clone());
    let null = record(2, b"\0\0\0\0\x02\x04k1", b"\0\0\0\0\x02\x04v3", json!({"headers": [{"__key_schema_id": null}]}));
    let report = World::of(handler).deliver(&event(&[old, new, null])).await;
    assert_eq!(outcome(&report), Outcome::Done);
    let expected = [
        r#"Some(String("k1")) Some("v1")"#,
        r#"Some(String("k1")) Some("\0\0\0\0\u{2}")"#,
        r#"Some(String("k1")) Some("v3")"#,
    ];
    assert_eq!(*seen.lock().unwrap(), expected);
}

#[tokio::test]
async fn keys_of_plain_text_are_read_beside_framed_values() {
    let framed = b"\0\0\0\0\x02\x04ab";
    for key in ["7", "Struct{id=7}", "größe", "", &"x".repeat(300)] {
        let (outcome, seen) =
            one::<Any>(text_keys(FrameFormat::Confluent), record(0, key.as_bytes(), framed, json!({}))).await;
        assert_eq!((outcome, seen), (Outcome::Done, format!("Some(String({key:?})) Some(\"ab\")")));
        let (outcome, seen) =
            one::<&'static str>(text_keys(FrameFormat::Confluent), record(0, key.as_bytes(), framed, json!({}))).await;
        assert_eq!((outcome, seen), (Outcome::Done, format!("Some({key:?}) Some(\"ab\")")));
    }
    let null = record(0, b"", framed, json!({"key": null}));
    assert_eq!(
        one::<Any>(text_keys(FrameFormat::Confluent), null).await,
        (Outcome::Done, "None Some(\"ab\")".to_owned())
    );
}

#[tokio::test]
async fn a_reader_of_columns_refuses_keys_of_plain_text() {
    let (outcome, error) =
        one::<Key<'static>>(text_keys(FrameFormat::Confluent), record(0, b"7", b"\0\0\0\0\x02\x04ab", json!({}))).await;
    assert_eq!(outcome, Outcome::DeadLettered("key_is_text"));
    assert!(
        error.starts_with("KEY_FRAME=text means that keys are plain text, but this function reads columns"),
        "{error}"
    );
}

#[tokio::test]
async fn a_framed_key_is_not_read_as_text() {
    let glue = [&[3, 0], [7; 16].as_slice(), b"\x04ab"].concat();
    for key in [b"\0\0\0\0\x01\x02\x37".as_slice(), &[[1].as_slice(), GUID.as_bytes()].concat(), &glue, b"\xff\xfe"] {
        let record = record(0, key, b"\0\0\0\0\x02\x04ab", json!({}));
        let (outcome, error) = one::<Any>(text_keys(FrameFormat::Confluent), record).await;
        assert_eq!(outcome, Outcome::DeadLettered("key_not_text"), "{key:?}");
        assert!(error.contains("set KEY_FRAME to the format of the keys"), "{error}");
    }
}

#[tokio::test]
async fn a_mapping_that_delivers_json_is_named_and_stops_the_partition() {
    let metadata = |format: &str| json!({"valueSchemaMetadata": {"dataFormat": format, "schemaId": "2"}});
    let frames = text_keys(FrameFormat::Metadata);
    assert_eq!(one::<Any>(frames, record(0, b"7", b"\x04ab", metadata("AVRO"))).await.0, Outcome::Done);
    for (format, named_format) in [("JSON", "JSON"), ("PROTOBUF", "PROTOBUF"), ("a \"b\"\u{1b}", "ab")] {
        let (outcome, error) = one::<Any>(frames, record(0, b"7", b"\x04ab", metadata(format))).await;
        assert_eq!(outcome, Outcome::DeadLettered("format_not_avro"), "{format}");
        assert!(error.contains(&format!("deliver the value as {named_format}, but")), "{error}");
        assert!(error.contains("EventRecordFormat to SOURCE"), "{error}");
    }
    // The metadata may name the schema's format and not that of the bytes.
    let converted = one::<Any>(frames, record(0, b"7", br#"{"id": "7"}"#, metadata("AVRO"))).await;
    assert_eq!(converted.0, Outcome::DeadLettered("format_not_avro"), "{}", converted.1);
    let key =
        json!({"keySchemaMetadata": {"dataFormat": "JSON", "schemaId": "1"}, "valueSchemaMetadata": {"schemaId": "2"}});
    let (outcome, error) = one::<Any>(Frames::both(FrameFormat::Metadata), record(0, b"{}", b"\x04ab", key)).await;
    assert_eq!(outcome, Outcome::DeadLettered("format_not_avro"));
    assert!(error.contains("deliver the key as JSON"), "{error}");

    let world = World::with(Reads::<Any>::new(&registry(), frames), Settings::default());
    let records: Vec<_> = (0..40).map(|offset| record(offset, b"7", b"{}", metadata("JSON"))).collect();
    let report = world.deliver(&event(&records)).await;
    assert_eq!(report.outcomes[&Outcome::Unfinished("flood_guard")], 30);
    assert_eq!(world.letters.letters().len(), 10);
}

#[tokio::test]
async fn a_mapping_that_removes_frames_is_named_in_the_error() {
    let metadata = json!({"keySchemaMetadata": {"dataFormat": "AVRO", "schemaId": "1"},
        "valueSchemaMetadata": {"dataFormat": "AVRO", "schemaId": "2"}});
    let frames = Frames::both(FrameFormat::Confluent);
    let (outcome, error) = one::<Any>(frames, record(0, b"\x02\x37", b"\x04ab", metadata)).await;
    assert_eq!(outcome, Outcome::DeadLettered("frame_taken_off"));
    assert!(error.contains("set VALUE_FRAME=metadata"), "{error}");
    // A frame that is present counts, not the metadata beside it.
    let metadata = json!({"keySchemaMetadata": {"dataFormat": "AVRO"}, "valueSchemaMetadata": {"dataFormat": "JSON"}});
    let framed = record(0, b"\0\0\0\0\x01\x02\x37", b"\0\0\0\0\x02\x04ab", metadata);
    assert_eq!(one::<Any>(frames, framed).await.0, Outcome::Done);
}
