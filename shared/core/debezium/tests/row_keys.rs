//! Primary keys as text: one text for each row.
#![allow(clippy::unwrap_used, reason = "a test that meets a surprise must fail")]

use std::collections::BTreeMap;

use avro_decode::{Limits, Plan, Schema, Value};
use debezium::{KeyError, RowKey};
use proptest::prelude::*;
use serde_json::json;

fn of(schema: &serde_json::Value, datum: &[u8]) -> Result<RowKey, KeyError> {
    let plan = Plan::<Value>::compile(&Schema::parse(&schema.to_string()).unwrap(), &Limits::default()).unwrap();
    RowKey::of(Some(&plan.decode(datum).unwrap()))
}

fn key(columns: &[(&str, serde_json::Value)], datum: &[u8]) -> Result<RowKey, KeyError> {
    let fields: Vec<_> = columns.iter().map(|(name, column)| json!({"name": name, "type": column})).collect();
    of(&json!({"type": "record", "name": "Key", "fields": fields}), datum)
}

fn text(columns: &[(&str, serde_json::Value)], datum: &[u8]) -> String {
    key(columns, datum).unwrap().as_str().to_owned()
}

fn decimal() -> serde_json::Value {
    json!({"type": "record", "name": "VariableScaleDecimal", "namespace": "io.debezium.data", "fields": [
        {"name": "scale", "type": "int"}, {"name": "value", "type": "bytes"}]})
}

#[test]
fn a_key_of_one_column_is_that_columns_text() {
    assert_eq!(text(&[("id", json!("string"))], b"\x04u1"), "u1");
    assert_eq!(text(&[("customer_no", json!("long"))], b"\x54"), "42");
    assert_eq!(text(&[("id", json!("bytes"))], b"\x04\x01\x00"), "0100");
    assert_eq!(text(&[("id", json!("boolean"))], b"\x01"), "true");
    assert_eq!(text(&[("id", json!({"type": "enum", "name": "E", "symbols": ["A", "B"]}))], b"\x02"), "B");
    assert_eq!(of(&json!("string"), b"\x04u1").unwrap().as_str(), "u1", "a key without columns");
    assert_eq!(key(&[("id", json!("string"))], b"\x04u1").unwrap().formerly(), None);
}

#[test]
fn a_number_of_any_type_makes_a_key() {
    assert_eq!(text(&[("id", decimal())], b"\x00\x04\x01\x00"), "256");
    assert_eq!(text(&[("id", decimal())], b"\x04\x06\x00\x64\x00"), "256", "256.00");
    assert_eq!(text(&[("id", json!("double"))], &256.0_f64.to_le_bytes()), "256");
    assert_eq!(text(&[("id", json!("float"))], &0.1_f32.to_le_bytes()), "0.1");
    assert_eq!(text(&[("id", json!("double"))], &(-0.0_f64).to_le_bytes()), "0");
    let composite = [("no", decimal()), ("at", json!("double"))];
    let both = key(&composite, &[&b"\x02\x02\x05"[..], &1.5_f64.to_le_bytes()].concat()).unwrap();
    assert_eq!((both.as_str(), both.formerly()), (r"\(at=1.5,no=0.5)", None));
}

#[test]
fn columns_are_named_so_that_their_order_does_not_matter() {
    let (region, no) = (("region", json!("int")), ("no", json!("int")));
    let first = key(&[region.clone(), no.clone()], b"\x02\x04").unwrap();
    let rebuilt = key(&[no.clone(), region.clone()], b"\x04\x02").unwrap();
    let other = key(&[no, region], b"\x02\x04").unwrap();
    assert_eq!((first.as_str(), first.formerly()), (r"\(no=2,region=1)", Some("1,2")));
    assert_eq!((rebuilt.as_str(), rebuilt.formerly()), (r"\(no=2,region=1)", Some("2,1")));
    assert_eq!((other.as_str(), other.formerly()), (r"\(no=1,region=2)", Some("1,2")));
}

#[test]
fn a_part_that_is_null_is_part_of_the_key() {
    let column = |name| (name, json!(["null", "string"]));
    let some = key(&[column("a"), column("b")], b"\x00\x02\x02x").unwrap();
    assert_eq!((some.as_str(), some.formerly()), (r"\(a,b=x)", None));
    assert_eq!(text(&[column("a"), column("b")], b"\x02\x00\x02\x02x"), r"\(a=,b=x)");
    assert_eq!(text(&[column("a"), column("b")], b"\x02\x08null\x02\x02x"), r"\(a=null,b=x)");
}

#[test]
fn a_struct_is_part_of_the_key() {
    let point = json!({"type": "record", "name": "Point", "fields": [
        {"name": "y", "type": "double"}, {"name": "x", "type": "double"}]});
    let datum = [1.0_f64.to_le_bytes(), 2.0_f64.to_le_bytes()].concat();
    assert_eq!(text(&[("at", point)], &datum), r"\(at=(x=2,y=1))");
}

#[test]
fn a_key_that_does_not_identify_a_row_is_an_error_that_says_why() {
    let problem = |result: Result<RowKey, KeyError>| result.unwrap_err().to_string();
    assert_eq!(RowKey::of(None), Err(KeyError::Missing));
    assert_eq!(of(&json!("null"), b""), Err(KeyError::Missing));
    assert_eq!(key(&[], b""), Err(KeyError::Missing));
    let null = problem(key(&[("id", json!(["null", "long"]))], b"\x00"));
    assert!(null.contains("null or empty: id;"), "{null}");
    let nulls = problem(key(&[("b", json!("null")), ("a", json!("null"))], b""));
    assert!(nulls.contains("null or empty: a, b;"), "{nulls}");
    let empty = problem(key(&[("id", json!("string"))], b"\x00"));
    assert!(empty.contains("null or empty: id;"), "{empty}");
    let array = problem(key(&[("id", json!("int")), ("tags", json!({"type": "array", "items": "int"}))], b"\x02\x00"));
    assert!(array.contains("column `tags` of the record's key is an array"), "{array}");
    let map = problem(key(&[("more", json!({"type": "map", "values": "int"}))], b"\x00"));
    assert!(map.contains("column `more` of the record's key is a map"), "{map}");
    let long = [&b"\x00\x82\x10"[..], &[1; 1025]].concat();
    assert!(problem(key(&[("no", decimal())], &long)).contains("column `no`"));
}

#[test]
fn a_long_key_becomes_its_hash() {
    let long = |bytes: usize, last: u8| {
        let length = bytes * 2;
        let mut datum = vec![0x80 | (length % 128) as u8, (length / 128) as u8];
        datum.extend(vec![b'x'; bytes]);
        *datum.last_mut().unwrap() = last;
        key(&[("id", json!("string"))], &datum).unwrap()
    };
    assert_eq!((long(2000, b'x').as_str().len(), long(2000, b'x').formerly()), (2000, None));
    assert_eq!((long(2001, b'x').as_str().len(), long(2001, b'x').formerly().map(str::len)), (66, Some(2001)));
    assert_ne!(long(2001, b'x'), long(2001, b'y'));
}

/// The writer's schema and the datum of a key whose columns are nullable text, in the order given.
fn written(columns: &[(String, Option<String>)]) -> RowKey {
    let names: Vec<_> = columns.iter().map(|(name, _)| (name.as_str(), json!(["null", "string"]))).collect();
    let datum: Vec<u8> = columns
        .iter()
        .flat_map(|(_, text)| match text {
            None => vec![0],
            Some(text) => [&[2, u8::try_from(text.len() * 2).unwrap()], text.as_bytes()].concat(),
        })
        .collect();
    key(&names, &datum).unwrap()
}

/// Text made mostly of the characters that mean something in a key's text.
fn punctuation() -> impl Strategy<Value = String> {
    r"[a\\(),=#]{0,5}"
}

fn columns() -> impl Strategy<Value = BTreeMap<String, Option<String>>> {
    let names = prop_oneof![Just("a"), Just("aa"), Just("b"), Just("a_"), Just("A")].prop_map(str::to_owned);
    proptest::collection::btree_map(names, proptest::option::weighted(0.8, punctuation()), 1..4).prop_filter(
        "a key that names a row",
        |columns| match columns.len() {
            1 => columns.values().flatten().any(|text| !text.is_empty()),
            _ => columns.values().any(Option::is_some),
        },
    )
}

/// What makes two keys different: a single column's text, or names with texts.
fn identity(columns: &BTreeMap<String, Option<String>>) -> Vec<(&str, Option<&str>)> {
    let named = columns.iter().map(|(name, text)| (name.as_str(), text.as_deref()));
    if columns.len() == 1 { named.map(|(_, text)| ("", text)).collect() } else { named.collect() }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn two_different_keys_never_have_the_same_text(one in columns(), other in columns()) {
        let texts = [&one, &other].map(|columns| written(&columns.clone().into_iter().collect::<Vec<_>>()));
        prop_assert_eq!(identity(&one) == identity(&other), texts[0].as_str() == texts[1].as_str());
    }

    #[test]
    fn the_order_of_columns_never_matters(columns in columns().prop_map(|columns| columns.into_iter().collect::<Vec<_>>()).prop_shuffle()) {
        let sorted: BTreeMap<_, _> = columns.clone().into_iter().collect();
        let (written_one, written_other) = (written(&columns), written(&sorted.into_iter().collect::<Vec<_>>()));
        prop_assert_eq!(written_one.as_str(), written_other.as_str());
    }

    #[test]
    fn a_composite_keys_text_is_never_a_former_text(one in columns(), other in columns()) {
        let [one, other] = [one, other].map(|columns| (columns.len(), written(&columns.into_iter().collect::<Vec<_>>())));
        if one.0 > 1 && other.0 > 1 {
            prop_assert_ne!(Some(one.1.as_str()), other.1.formerly());
        }
    }
}
