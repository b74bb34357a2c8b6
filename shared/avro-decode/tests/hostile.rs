//! Bytes and schemas made to hurt cost little, and end in an error.

#![allow(clippy::unwrap_used, missing_docs)]

use avro_decode::{AvroRead, AvroType, Limits, Plan, Schema, Value};

fn plan<T: AvroType>(writer: &str) -> Plan<T> {
    Plan::compile(&Schema::parse(writer).unwrap(), &Limits::default()).unwrap()
}

fn code<T: AvroType>(writer: &str, datum: &[u8]) -> &'static str {
    plan::<T>(writer).decode(datum).err().unwrap().code()
}

/// The block count 10^9, in five bytes.
const BILLION: [u8; 5] = [0x80, 0xa8, 0xd6, 0xb9, 0x07];

#[test]
fn five_bytes_that_claim_a_billion_items_are_refused_before_anything_is_read() {
    for writer in [r#"{"type": "array", "items": "int"}"#, r#"{"type": "map", "values": "int"}"#] {
        assert_eq!(code::<Value<'static>>(writer, &BILLION), "avro_block_count");
    }
    assert_eq!(code::<Vec<i32>>(r#"{"type": "array", "items": "int"}"#, &BILLION), "avro_block_count");
    let nulls = r#"{"type": "array", "items": "null"}"#;
    assert_eq!(code::<Value<'static>>(nulls, &BILLION), "avro_zero_size_items");
    let empty = r#"{"type": "array", "items": {"type": "record", "name": "E", "fields": []}}"#;
    assert_eq!(code::<Value<'static>>(empty, &BILLION), "avro_zero_size_items");
}

#[derive(AvroRead, Debug)]
struct Tail {
    tail: i64,
}

#[test]
fn what_is_skipped_is_bounded_too() {
    let writer = |ty: &str| {
        format!(
            r#"{{"type": "record", "name": "R", "fields": [{{"name": "skipped", "type": {ty}}},
                {{"name": "tail", "type": "long"}}]}}"#
        )
    };
    let nulls = writer(r#"{"type": "array", "items": "null"}"#);
    assert_eq!(code::<Tail>(&nulls, &BILLION), "avro_zero_size_items");
    assert_eq!(code::<Tail>(&writer(r#"{"type": "array", "items": "long"}"#), &BILLION), "avro_block_count");
    // A block's size is taken at its word as far as there are bytes, whatever its count claims.
    assert_eq!(plan::<Tail>(&nulls).decode(&[0x01, 0x00, 0x00, 0x08]).unwrap().tail, 4);
    assert_eq!(code::<Tail>(&nulls, &[0x01, 0x7e, 0x00, 0x08]), "avro_truncated");
    assert_eq!(code::<Tail>(&nulls, &[0x01, 0x01, 0x00, 0x08]), "avro_negative_length");
    let deep = writer(r#"{"type": "record", "name": "L", "fields": [{"name": "next", "type": ["null", "L"]}]}"#);
    assert_eq!(code::<Tail>(&deep, &[2; 100_000]), "avro_depth");
}

#[derive(AvroRead)]
struct Linked {
    next: Option<Box<Linked>>,
}

#[test]
fn deep_data_ends_at_the_depth_limit() {
    let linked = r#"{"type": "record", "name": "L", "fields": [{"name": "next", "type": ["null", "L"]}]}"#;
    assert_eq!(code::<Linked>(linked, &[2; 100_000]), "avro_depth");
    assert_eq!(code::<Value<'static>>(linked, &[2; 100_000]), "avro_depth");
    let mut fits = [2; 64];
    fits[63] = 0;
    let mut depth = 0;
    let mut next = plan::<Linked>(linked).decode(&fits).unwrap().next;
    while let Some(linked) = next {
        depth += 1;
        next = linked.next;
    }
    assert_eq!(depth, 63);
    // Lists of lists count as well.
    let nested =
        r#"{"type": "record", "name": "T", "fields": [{"name": "kids", "type": {"type": "array", "items": "T"}}]}"#;
    assert_eq!(code::<Value<'static>>(nested, &[2; 100_000]), "avro_depth");
}

#[test]
fn the_decoded_value_is_bounded() {
    let limits = Limits { max_output_bytes: 1 << 20, ..Limits::default() };
    let writer = Schema::parse(r#"{"type": "array", "items": "boolean"}"#).unwrap();
    let mut datum = vec![0xc0, 0x9a, 0x0c]; // 100,000
    datum.extend([1; 100_000]);
    datum.push(0);
    assert_eq!(Plan::<Vec<bool>>::compile(&writer, &limits).unwrap().decode(&datum).unwrap().len(), 100_000);
    let error = Plan::<Value<'static>>::compile(&writer, &limits).unwrap().decode(&datum).unwrap_err();
    assert_eq!(error.code(), "avro_output_size");
}

#[test]
fn a_readers_default_does_not_multiply_a_datum_without_bound() {
    let writer = Schema::parse(
        r#"{"type": "array", "items": {"type": "record", "name": "R", "fields": [{"name": "a", "type": "int"}]}}"#,
    )
    .unwrap();
    let reader = format!(
        r#"{{"type": "array", "items": {{"type": "record", "name": "R", "fields": [
            {{"name": "b", "type": "string", "default": "{}"}}]}}}}"#,
        "x".repeat(10_000)
    );
    let reader = Schema::parse(&reader).unwrap();
    let plan = Plan::<Value<'static>>::compile_with_reader(&writer, &reader, &Limits::default()).unwrap();
    let mut datum = vec![0xc0, 0x9a, 0x0c];
    datum.extend([1; 100_000]);
    datum.push(0);
    assert_eq!(plan.decode(&datum).unwrap_err().code(), "avro_output_size");
}

#[test]
fn a_schema_that_nests_deeply_is_refused() {
    let deep = format!("{}\"int\"{}", r#"{"type": "array", "items": "#.repeat(50_000), "}".repeat(50_000));
    assert_eq!(Schema::parse(&deep).unwrap_err().code(), "avro_schema_invalid");
}

/// Records that each hold the next one twice: 2^n of them, written out.
fn doubling(levels: usize) -> String {
    let records: Vec<String> = (0..levels)
        .map(|i| {
            let next = if i + 1 < levels { format!("\"R{}\"", i + 1) } else { "\"int\"".into() };
            format!(
                r#"{{"type": "record", "name": "R{i}", "fields": [
                    {{"name": "a", "type": {next}, "default": {{}}}}, {{"name": "b", "type": {next}, "default": {{}}}}]}}"#
            )
        })
        .collect();
    format!("[{}]", records.join(","))
}

#[test]
fn records_that_recur_are_compiled_once() {
    let writer = doubling(200);
    let plan = plan::<Value<'static>>(&writer);
    // All of its 2^200 fields.
    assert_eq!(plan.decode(&[0; 100]).unwrap_err().code(), "avro_depth");
    let small = plan.decode(&[0x86, 0x03, 2, 4]).unwrap_err();
    assert!(!small.code().is_empty());
    let tail = format!(
        r#"{{"type": "record", "name": "T", "fields": [{{"name": "s", "type": {writer}}}, {{"name": "tail", "type": "int"}}]}}"#
    );
    let skipping = self::plan::<Tail>(&tail);
    assert_eq!(skipping.decode(&[0; 100]).unwrap_err().code(), "avro_depth");
}

#[test]
fn defaults_that_double_at_each_level_are_refused() {
    let writer = Schema::parse(r#"{"type": "record", "name": "W", "fields": []}"#).unwrap();
    let reader = format!(
        r#"{{"type": "record", "name": "W", "fields": [{{"name": "u", "type": {}, "default": {{}}}}]}}"#,
        doubling(40)
    );
    let reader = Schema::parse(&reader).unwrap();
    let error = Plan::<Value<'static>>::compile_with_reader(&writer, &reader, &Limits::default()).unwrap_err();
    assert_eq!(error.code(), "avro_resolve_default");
}

#[test]
fn a_long_chain_of_records_does_not_exhaust_the_stack() {
    let chain: Vec<String> = (0..20_000)
        .map(|i| format!(r#"{{"type": "record", "name": "C{i}", "fields": [{{"name": "n", "type": "C{}"}}]}}"#, i + 1))
        .collect();
    let last = r#"{"type": "record", "name": "C20000", "fields": []}"#;
    let schema = Schema::parse(&format!("[{},{last}]", chain.join(","))).unwrap();
    // What nests too deeply is a branch that does not resolve; the last one does.
    let plan = Plan::<Value<'static>>::compile(&schema, &Limits::default()).unwrap();
    assert_eq!(plan.decode(&[0]).unwrap_err().code(), "avro_union_branch");
    assert!(plan.decode(&[0xc0, 0xb8, 0x02]).is_ok());
    let error = Plan::<Tail>::compile(&schema, &Limits::default()).unwrap_err();
    assert_eq!(error.code(), "avro_resolve_missing_field");
}

#[test]
fn no_beginning_of_a_recorded_datum_decodes() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/recorded/mysql-orders/");
    let schemas: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(format!("{folder}schemas.json")).unwrap()).unwrap();
    let plan = plan::<Value<'static>>(schemas["100017"]["schema"].as_str().unwrap());
    let records = std::fs::read_to_string(format!("{folder}records.jsonl")).unwrap();
    let mut tried = 0;
    for line in records.lines() {
        let record: serde_json::Value = serde_json::from_str(line).unwrap();
        let Some(value) = record["value"].as_str() else { continue };
        let frame = base64_simd::STANDARD.decode_to_vec(value).unwrap();
        if frame[1..5] == 100_017u32.to_be_bytes() {
            let datum = &frame[5..];
            assert!(plan.decode(datum).is_ok());
            assert!((0..datum.len()).all(|end| plan.decode(&datum[..end]).is_err()));
            tried += 1;
        }
    }
    assert!(tried > 10, "{tried}");
}
