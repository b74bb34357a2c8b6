//! Confluent's Python client and ours read each other's records through one registry.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets a surprise must fail")]

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use avro_decode::{AvroRead, Limits};
use base64_simd::STANDARD;
use kafka_producer::{Encoder, Framing};
use local_stack::Registry;
use schema_registries::{ConfluentConfig, ConfluentRegistry, NewSchema};
use schema_registry::{
    CachePolicy, FrameFormat, PlanCache, SchemaCache, SchemaHints, SchemaRef, Subjects, VALUE_SCHEMA_HEADER, Version,
    split,
};
use serde::Serialize;
use serde_json::{Value, json};

const TOPIC: &str = "shop.order.placed";
const SUBJECT: &str = "shop.order.placed-value";
const SCHEMA: &str = r#"{"type": "record", "name": "OrderPlaced", "namespace": "shop", "fields": [
    {"name": "order_id", "type": "string"},
    {"name": "cents", "type": "long"},
    {"name": "note", "type": ["null", "string"], "default": null}]}"#;

#[derive(AvroRead, Serialize, Debug, PartialEq)]
struct OrderPlaced<'a> {
    order_id: &'a str,
    cents: i64,
    note: Option<&'a str>,
}

const ORDERS: [OrderPlaced<'static>; 3] = [
    OrderPlaced { order_id: "o-1", cents: 1, note: None },
    OrderPlaced { order_id: "ü-2", cents: i64::MIN, note: Some("") },
    OrderPlaced { order_id: "", cents: i64::MAX, note: Some("für Ada 🎁") },
];

/// Runs the peer on lines, one answer to each.
fn peer(mode: &str, url: &str, lines: &[Value]) -> Vec<Value> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let here = package.join("confluent-python");
    let setup = Command::new(package.join("setup-python.sh")).arg("confluent-python").status().unwrap();
    assert!(setup.success(), "setup-python.sh failed; its message is above");
    let python: PathBuf = here.join("../../../.local/confluent-python/bin/python");
    let mut process = Command::new(python)
        .arg(here.join("peer.py"))
        .args([mode, url, TOPIC])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let input: String = lines.iter().map(|line| format!("{line}\n")).collect();
    process.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = process.wait_with_output().unwrap();
    assert!(output.status.success(), "the peer failed; its message is above");
    let answers: Vec<Value> =
        String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), lines.len());
    answers
}

async fn registry() -> (Registry, ConfluentRegistry) {
    let registry = Registry::start(BTreeMap::new()).await.unwrap();
    let client = ConfluentRegistry::new(ConfluentConfig::new(registry.url())).unwrap();
    (registry, client)
}

#[tokio::test(flavor = "multi_thread")]
async fn our_client_reads_what_confluents_wrote() {
    let (registry, client) = registry().await;
    let plans = PlanCache::<OrderPlaced<'static>>::new(
        Arc::new(SchemaCache::new(client, CachePolicy::default())),
        Limits::default(),
    );
    for (ids, format) in [("prefix", FrameFormat::Confluent), ("header", FrameFormat::ConfluentHeader)] {
        let asked: Vec<_> = ORDERS.iter().map(|order| json!({"schema": SCHEMA, "value": order, "ids": ids})).collect();
        for (order, written) in ORDERS.iter().zip(peer("write", registry.url(), &asked)) {
            let value = STANDARD.decode_to_vec(written["value"].as_str().unwrap()).unwrap();
            let header = written["headers"][VALUE_SCHEMA_HEADER].as_str();
            let header = header.map(|header| STANDARD.decode_to_vec(header).unwrap());
            let frame = split(format, &value, SchemaHints { header: header.as_deref(), metadata_id: None }).unwrap();
            assert_eq!(matches!(frame.schema, SchemaRef::Guid(_)), ids == "header");
            let plan = plans.plan(frame.schema).await.unwrap();
            assert_eq!(plan.decode(&frame.body.inflate().unwrap()).unwrap(), *order, "{ids}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn confluents_client_reads_what_ours_wrote() {
    let (registry, client) = registry().await;
    let id = client.register(SUBJECT, &NewSchema { schema: SCHEMA.to_owned(), references: Vec::new() }).await.unwrap();
    let latest = client.version(SUBJECT, Version::Latest).await.unwrap();
    assert_eq!((latest.id, latest.version), (id, 1));
    let guid = [&[1], latest.guid.unwrap().as_bytes().as_slice()].concat();
    let in_header = json!({VALUE_SCHEMA_HEADER: STANDARD.encode_to_string(guid)});
    for (framing, headers) in [(Framing::Confluent(id.0), json!({})), (Framing::Bare, in_header)] {
        let encoder = Encoder::new(&latest.schema.text, &latest.schema.references, framing).unwrap();
        let written = ORDERS.iter().map(|order| STANDARD.encode_to_string(encoder.encode(order).unwrap()));
        let written: Vec<_> = written.map(|value| json!({"value": value, "headers": headers})).collect();
        let read = peer("read", registry.url(), &written);
        assert_eq!(read, ORDERS.iter().map(|order| json!(order)).collect::<Vec<_>>(), "{framing:?}");
    }
}
