//! A lenient field never costs the record.

#![allow(clippy::unwrap_used, missing_docs)]

use avro_decode::{AvroRead, Decimal, Lenient, Limits, Plan, Schema, Value};
use jiff::civil;

#[derive(AvroRead, Debug, PartialEq)]
struct Account<'a> {
    first: &'a str,
    #[avro(alias = "language")]
    language: Lenient<&'a str>,
    last: i64,
}

fn plan<T: avro_decode::AvroType>(written: &str) -> Plan<T> {
    let schema = format!(
        r#"{{"type": "record", "name": "V", "fields": [{{"name": "first", "type": "string"}},
            {{"name": "language", "type": {written}}}, {{"name": "last", "type": "long"}}]}}"#
    );
    Plan::compile(&Schema::parse(&schema).unwrap(), &Limits::default()).unwrap()
}

#[track_caller]
fn language(written: &str, bytes: &[u8], expected: Option<&str>) {
    let datum = [b"\x02a", bytes, b"\x54"].concat();
    let account = plan::<Account>(written).decode(&datum).unwrap();
    assert_eq!(account, Account { first: "a", language: Lenient(expected), last: 42 }, "{written}");
}

#[test]
fn a_readable_value_is_present() {
    language("\"string\"", b"\x04de", Some("de"));
    language(r#"["null", "string"]"#, b"\x02\x04de", Some("de"));
    language(r#"["null", "string"]"#, b"\x00", None);
    language("\"bytes\"", b"\x04de", Some("de"));
    language(r#"["int", "string"]"#, b"\x02\x04de", Some("de"));
}

#[test]
fn a_writers_type_that_cannot_be_read_leaves_the_field_absent() {
    language("\"int\"", b"\x0e", None);
    language("\"null\"", b"", None);
    language("\"boolean\"", b"\x01", None);
    language("\"double\"", &[0; 8], None);
    language(r#"["int", "string"]"#, b"\x00\xff\xff\x03", None);
    language(r#"["null", "int"]"#, b"\x02\x0e", None);
    language(r#"{"type": "fixed", "name": "F", "size": 3}"#, b"abc", None);
    language(r#"{"type": "enum", "name": "E", "symbols": ["de"]}"#, b"\x00", None);
    language(r#"{"type": "array", "items": "string"}"#, b"\x03\x08\x02a\x02b\x00", None);
    language(r#"{"type": "map", "values": ["null", "int"]}"#, b"\x04\x02a\x02\x02\x02b\x00\x00", None);
    let record = r#"{"type": "record", "name": "L", "fields": [
        {"name": "tag", "type": "string"}, {"name": "next", "type": ["null", "L"]}]}"#;
    language(record, b"\x04de\x02\x04at\x00", None);
}

#[test]
fn a_value_that_cannot_be_read_is_absent_and_what_follows_is_read() {
    language("\"string\"", b"\x04\xff\xfe", None);
    language(r#"["null", "string"]"#, b"\x02\x04\xc3\x28", None);

    #[derive(AvroRead, Debug, PartialEq)]
    struct Row {
        language: Lenient<Part>,
        last: i64,
    }
    #[derive(AvroRead, Debug, PartialEq)]
    struct Part {
        amount: Decimal,
        on: civil::Date,
    }
    let part = r#"["null", {"type": "record", "name": "P", "fields": [
        {"name": "on", "type": {"type": "int", "logicalType": "date"}}, {"name": "x", "type": ["null", "P"]},
        {"name": "amount", "type": {"type": "bytes", "logicalType": "decimal", "precision": 60, "scale": 0}}]}]"#;
    let rows = plan::<Row>(part);
    let row = |bytes: &[u8]| rows.decode(&[b"\x02a", bytes, b"\x54"].concat()).unwrap();
    let read = Part { amount: Decimal { unscaled: 7, scale: 0 }, on: civil::date(1970, 1, 2) };
    assert_eq!(row(b"\x02\x02\x00\x02\x07"), Row { language: Lenient(Some(read)), last: 42 });
    let mut wide = vec![0x02, 0x02, 0x00, 0x22, 0x01];
    wide.extend([0; 16]);
    assert_eq!(row(&wide), Row { language: Lenient(None), last: 42 });
    assert_eq!(row(b"\x02\xfe\xff\xff\xff\x0f\x00\x02\x07"), Row { language: Lenient(None), last: 42 });
}

#[test]
fn a_missing_field_is_absent() {
    let schema = r#"{"type": "record", "name": "V", "fields": [
        {"name": "last", "type": "long"}, {"name": "first", "type": "string"}]}"#;
    let plan = Plan::<Account>::compile(&Schema::parse(schema).unwrap(), &Limits::default()).unwrap();
    assert_eq!(plan.decode(b"\x54\x02a").unwrap(), Account { first: "a", language: Lenient(None), last: 42 });
}

#[test]
fn bytes_that_are_not_the_writers_type_stay_an_error() {
    let code = |written: &str, bytes: &[u8]| {
        let datum = [b"\x02a", bytes].concat();
        plan::<Account>(written).decode(&datum).unwrap_err().code()
    };
    assert_eq!(code("\"string\"", b"\x04d"), "avro_truncated");
    assert_eq!(code("\"string\"", b"\x01"), "avro_negative_length");
    assert_eq!(code(r#"["null", "int"]"#, b"\x04"), "avro_union_index");
    assert_eq!(code("\"int\"", &[0xff; 11]), "avro_varint_overflow");
    assert_eq!(code(r#"{"type": "array", "items": "int"}"#, &[0x80, 0xa8, 0xd6, 0xb9, 0x07]), "avro_block_count");
    assert_eq!(code("\"string\"", b"\x04de"), "avro_truncated");
}

/// What a failed attempt took from the budgets stays spent, so that repeated failures are bounded too.
#[test]
fn failed_attempts_stay_within_the_limits() {
    #[derive(AvroRead)]
    #[allow(dead_code, reason = "read, not looked at")]
    struct Wide<'a> {
        last: i64,
        language: Lenient<Vec<Lenient<Value<'a>>>>,
    }
    let limits = Limits { max_output_bytes: 1 << 20, ..Limits::default() };
    let schema = r#"{"type": "array", "items": {"type": "record", "name": "V", "fields": [
        {"name": "language", "type": {"type": "array", "items": "string"}}, {"name": "last", "type": "long"}]}}"#;
    let plan = Plan::<Vec<Wide>>::compile(&Schema::parse(schema).unwrap(), &limits).unwrap();
    let row = [&b"\xd0\x0f"[..], &[0; 1_000], &[0, 2]].concat();
    let datum = [&[0x90, 0x03][..], &row.repeat(200), &[0]].concat();
    assert_eq!(plan.decode(&datum).err().unwrap().code(), "avro_output_size");
}
