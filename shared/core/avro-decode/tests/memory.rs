//! Decoding allocates a small multiple of the datum's size, no matter what the datum claims.

#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::HashMap;

use allocation_counter::measure;
use avro_decode::{AvroRead, AvroType, Limits, Plan, Schema, Value};

/// The most bytes that may be allocated at one time for each byte of the datum: one byte can be a value of 40 bytes, and a
/// list that grows exists twice for a moment.
const TIMES: u64 = 120;
/// The bytes that may be allocated at once for the items that a block claims.
const AT_ONCE: u64 = 64 << 10;

fn plan<T: AvroType>(writer: &str) -> Plan<T> {
    Plan::compile(&Schema::parse(writer).unwrap(), &Limits::default()).unwrap()
}

fn peak<T: AvroType>(plan: &Plan<T>, datum: &[u8]) -> u64 {
    measure(|| drop(plan.decode(datum))).bytes_max
}

#[track_caller]
fn check<T: AvroType>(name: &str, plan: &Plan<T>, datum: &[u8]) {
    let peak = peak(plan, datum);
    let most = TIMES * datum.len() as u64;
    assert!(peak <= most.max(AT_ONCE), "{name}: {peak} bytes for {} of datum", datum.len());
}

#[derive(AvroRead)]
#[allow(dead_code, reason = "read, not looked at")]
struct Row<'a> {
    id: Option<&'a str>,
    email: Option<String>,
    tags: Option<Vec<Option<&'a str>>>,
    opened_at: Option<i64>,
}

#[derive(AvroRead)]
#[allow(dead_code, reason = "read, not looked at")]
struct Envelope<'a> {
    before: Option<Row<'a>>,
    after: Option<Box<Row<'a>>>,
    op: Option<&'a str>,
}

/// Blocks of all kinds that claim 10^9 items, alone and followed by as many bytes as a record may have.
#[test]
fn a_blocks_claim_is_not_allocated() {
    let billion = [0x80, 0xa8, 0xd6, 0xb9, 0x07];
    let billion_of_a_size = [0xff, 0xa7, 0xd6, 0xb9, 0x07, 0x08];
    for start in [&billion[..], &billion_of_a_size] {
        for rest in [0, 1_000, 1_000_000] {
            let datum = [start, &vec![0; rest]].concat();
            check("longs", &plan::<Vec<i64>>(r#"{"type": "array", "items": "long"}"#), &datum);
            check("text", &plan::<Vec<String>>(r#"{"type": "array", "items": "string"}"#), &datum);
            check("map", &plan::<HashMap<String, i64>>(r#"{"type": "map", "values": "long"}"#), &datum);
            for items in
                ["\"null\"", "\"long\"", r#"{"type": "record", "name": "E", "fields": []}"#, r#"["null", "long"]"#]
            {
                check(items, &plan::<Value<'static>>(&format!(r#"{{"type": "array", "items": {items}}}"#)), &datum);
                check(items, &plan::<Value<'static>>(&format!(r#"{{"type": "map", "values": {items}}}"#)), &datum);
            }
        }
    }
    // A length is checked against what is left, too.
    for ty in ["\"string\"", "\"bytes\""] {
        assert!(peak(&plan::<Value<'static>>(ty), &billion) < 1_000);
    }
    assert!(peak(&plan::<String>("\"string\""), &billion) < 1_000);
}

/// Real blocks as full as they can be.
#[test]
fn real_items_take_a_small_multiple() {
    let items = |count: u32, item: &[u8]| {
        // The count in five bytes, over-long.
        let zigzag = count << 1;
        let mut datum: Vec<u8> = (0..4).map(|n| (zigzag >> (7 * n)) as u8 | 0x80).collect();
        datum.push((zigzag >> 28) as u8);
        datum.extend(item.repeat(count as usize));
        datum.push(0);
        datum
    };
    let list = r#"{"type": "array", "items": ["null", "string"]}"#;
    let datum = items(100_000, &[0]);
    assert!(plan::<Vec<Option<&str>>>(list).decode(&datum).is_ok());
    check("nulls of a union", &plan::<Vec<Option<&str>>>(list), &datum);
    check("nulls of a union", &plan::<Value<'static>>(list), &datum);
    let map = r#"{"type": "map", "values": "boolean"}"#;
    let datum = items(100_000, &[0, 1]);
    assert!(plan::<Value<'static>>(map).decode(&datum).is_ok());
    check("entries", &plan::<HashMap<String, bool>>(map), &datum);
    check("entries", &plan::<Value<'static>>(map), &datum);
    // A block for each item: the list grows step by step.
    let datum = [&[2, 1].repeat(50_000)[..], &[0]].concat();
    let list = r#"{"type": "array", "items": "boolean"}"#;
    assert!(plan::<Vec<bool>>(list).decode(&datum).is_ok());
    check("single blocks", &plan::<Vec<bool>>(list), &datum);
    check("single blocks", &plan::<Value<'static>>(list), &datum);
}

#[test]
fn random_bytes_by_real_schemas_take_a_small_multiple() {
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut byte = move || {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (random >> 56) as u8
    };
    for folder in ["postgres-accounts", "mysql-orders", "mongodb-logins"] {
        for schema in recordings::Recording::of_repository(folder).unwrap().schemas.values() {
            let schema = Schema::parse(&schema.schema).unwrap();
            let whole = Plan::<Value<'static>>::compile(&schema, &Limits::default()).unwrap();
            let narrow = Plan::<Envelope<'static>>::compile(&schema, &Limits::default()).ok();
            for _ in 0..500 {
                let len = usize::from(byte()) * 16;
                // Mostly small bytes: valid lengths and branches.
                let datum: Vec<u8> = (0..len).map(|_| if byte() < 200 { byte() & 7 } else { byte() }).collect();
                let most = TIMES * datum.len() as u64 + 4_096;
                assert!(peak(&whole, &datum) <= most);
                assert!(narrow.as_ref().is_none_or(|narrow| peak(narrow, &datum) <= most));
            }
        }
    }
}
