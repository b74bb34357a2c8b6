//! Our own decoder reads what the encoder wrote.
#![allow(clippy::unwrap_used, reason = "a test that meets a surprise must fail")]

use std::collections::BTreeMap;

use avro_decode::{AvroRead, Limits, Plan, Schema};
use kafka_producer::{EncodeError, Encoder, Framing};
use serde::Serialize;
use uuid::Uuid;

const SCHEMA: &str = r#"{"type": "record", "name": "ProfileUpdated", "namespace": "user.profile", "fields": [
    {"name": "ticket_id", "type": "string"},
    {"name": "opened_at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
    {"name": "fields", "type": {"type": "array", "items": "string"}},
    {"name": "display_name", "type": ["null", "string"], "default": null},
    {"name": "visits", "type": {"type": "map", "values": "int"}},
    {"name": "plan", "type": {"type": "enum", "name": "Plan", "symbols": ["FREE", "PRO"]}},
    {"name": "score", "type": "double"},
    {"name": "avatar", "type": "bytes"}]}"#;

#[derive(Debug, PartialEq, Serialize, AvroRead)]
enum Tier {
    #[serde(rename = "FREE")]
    #[avro(rename = "FREE")]
    Free,
    #[serde(rename = "PRO")]
    #[avro(rename = "PRO")]
    Pro,
}

#[derive(Debug, PartialEq, Serialize, AvroRead)]
struct ProfileUpdated<'a> {
    ticket_id: &'a str,
    opened_at: i64,
    fields: Vec<&'a str>,
    display_name: Option<&'a str>,
    visits: BTreeMap<String, i32>,
    plan: Tier,
    score: f64,
    #[serde(with = "serde_bytes")]
    avatar: &'a [u8],
}

fn profile(display_name: Option<&str>, plan: Tier) -> ProfileUpdated<'_> {
    ProfileUpdated {
        ticket_id: "u1",
        opened_at: 1_795_421_347_752,
        fields: vec!["display_name", "plan"],
        display_name,
        visits: [("web".to_owned(), 7), ("app".to_owned(), -1)].into(),
        plan,
        score: 0.5,
        avatar: &[0, 255, 3],
    }
}

#[test]
fn a_typed_struct_is_read_back_from_every_frame() {
    let version = Uuid::from_u128(0x1234_5678_9abc_def0_1234_5678_9abc_def0);
    let plan = Plan::<ProfileUpdated>::compile(&Schema::parse(SCHEMA).unwrap(), &Limits::default()).unwrap();
    for (framing, frame) in [(Framing::Confluent(100_020), 5), (Framing::Glue(version), 18), (Framing::Bare, 0)] {
        let encoder = Encoder::new(SCHEMA, &[], framing).unwrap();
        let bytes = encoder.encode(&profile(None, Tier::Free)).unwrap();
        assert_eq!(plan.decode(&bytes[frame..]).unwrap(), profile(None, Tier::Free));
        let bytes = encoder.encode(&profile(Some("Zoë"), Tier::Pro)).unwrap();
        assert_eq!(plan.decode(&bytes[frame..]).unwrap(), profile(Some("Zoë"), Tier::Pro));
    }
}

#[test]
fn a_value_that_does_not_fit_is_refused_without_its_data() {
    #[derive(Serialize)]
    struct Other {
        ticket_id: u64,
    }
    let encoder = Encoder::new(SCHEMA, &[], Framing::Bare).unwrap();
    let refused = encoder.encode(&Other { ticket_id: 4_711 }).unwrap_err();
    assert!(matches!(refused, EncodeError::Value(_)) && !refused.to_string().contains("4711"));
}

#[test]
fn a_text_that_is_not_a_schema_is_refused() {
    assert!(matches!(Encoder::new("{", &[], Framing::Bare), Err(EncodeError::Schema(_))));
}

/// A schema that takes its types from two other subjects, one of which takes one from the other; and itself once more.
const REFERRING: &str = r#"{"type": "record", "name": "Moved", "namespace": "user.profile", "fields": [
    {"name": "from", "type": ["null", "user.place.Address"], "default": null},
    {"name": "to", "type": "user.place.Address"},
    {"name": "country", "type": "user.place.Country"},
    {"name": "before", "type": ["null", "Moved"], "default": null}]}"#;
const COUNTRY: &str = r#"{"type": "enum", "name": "Country", "namespace": "user.place", "symbols": ["FREE", "PRO"]}"#;
const ADDRESS: &str = r#"{"type": "record", "name": "Address", "namespace": "user.place", "fields": [
    {"name": "street", "type": "string"}, {"name": "country", "type": "Country"}]}"#;

#[derive(Debug, PartialEq, Serialize, AvroRead)]
struct Address {
    street: String,
    country: Tier,
}

#[derive(Debug, PartialEq, Serialize, AvroRead)]
struct Moved {
    from: Option<Address>,
    to: Address,
    country: Tier,
}

#[derive(Serialize)]
struct MovedTwice {
    from: Option<Address>,
    to: Address,
    country: Tier,
    before: Option<Box<MovedTwice>>,
}

#[test]
fn types_of_other_subjects_are_written() {
    let address = |street: &str| Address { street: street.to_owned(), country: Tier::Pro };
    let references = [COUNTRY, ADDRESS].map(str::to_owned);
    let encoder = Encoder::new(REFERRING, &references, Framing::Bare).unwrap();
    let first = MovedTwice { from: None, to: address("1"), country: Tier::Free, before: None };
    let before = Some(Box::new(first));
    let value = MovedTwice { from: Some(address("1")), to: address("2"), country: Tier::Free, before };
    let bytes = encoder.encode(&value).unwrap();
    let schema = Schema::parse_with_references(REFERRING, &[COUNTRY, ADDRESS]).unwrap();
    let plan = Plan::<Moved>::compile(&schema, &Limits::default()).unwrap();
    let expected = Moved { from: Some(address("1")), to: address("2"), country: Tier::Free };
    assert_eq!(plan.decode(&bytes).unwrap(), expected);
}

#[test]
fn a_missing_type_fails_before_the_first_value() {
    for references in [Vec::new(), vec![COUNTRY.to_owned()], vec![ADDRESS.to_owned()], vec!["{".to_owned()]] {
        let refused = Encoder::new(REFERRING, &references, Framing::Bare).unwrap_err();
        assert!(matches!(refused, EncodeError::Schema(_)), "{refused}");
        assert!(refused.to_string().contains("refers to"), "{refused}");
    }
}
