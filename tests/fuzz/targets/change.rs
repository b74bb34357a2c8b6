//! Debezium's text and keys of every type: MongoDB ids, times with a zone, placeholders, row keys.
#![no_main]

use std::sync::LazyLock;

use avro_decode::{Limits, Plan, Schema, Value};
use debezium::RowKey;
use debezium::mongodb::{IdText, document_id};
use debezium::types::{Placeholder, ZonedTimestamp};

/// A key of every type that a key may contain.
const KEY: &str = r#"{"type": "record", "name": "Key", "fields": [
    {"name": "text", "type": ["null", "string"]},
    {"name": "number", "type": ["null", {"type": "record", "name": "VariableScaleDecimal", "fields": [
        {"name": "scale", "type": "int"}, {"name": "value", "type": "bytes"}]}]},
    {"name": "double", "type": ["null", "double", "float"]},
    {"name": "struct", "type": ["null", {"type": "record", "name": "Struct", "fields": [
        {"name": "bytes", "type": "bytes"}, {"name": "more", "type": ["null", "Struct", {"type": "array", "items": "int"}]}]}]}]}"#;

static KEYS: LazyLock<Plan<Value<'static>>> = LazyLock::new(|| {
    Plan::compile(&Schema::parse(KEY).expect("a schema"), &Limits::default()).expect("a plan")
});

libfuzzer_sys::fuzz_target!(|input: (&str, &[u8])| {
    let (text, key) = input;
    // An object id loses its braces; the text of any other id is the id's own spelling.
    if let Ok(id) = document_id(text)
        && !text.contains("$")
    {
        assert_eq!(document_id(&id).expect("an id"), id);
    }
    let _ = serde_json::from_str::<IdText>(text);
    let _ = ZonedTimestamp(text).to_timestamp();
    let _ = Placeholder::parse(text);
    if let Ok(key) = KEYS.decode(key)
        && let Ok(key) = RowKey::of(Some(&key))
    {
        assert!(key.as_str().len() <= 2000);
    }
});
