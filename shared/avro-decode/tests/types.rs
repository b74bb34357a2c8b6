//! Rust types read what the specification says they can.

#![allow(clippy::unwrap_used, missing_docs)]

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use avro_decode::{AvroRead, AvroType, DecodeError, Limits, Plan, ResolveError, Rule, Schema};

fn plan<T: AvroType>(writer: &str) -> Result<Plan<T>, ResolveError> {
    Plan::compile(&Schema::parse(writer).unwrap(), &Limits::default())
}

#[derive(AvroRead, Debug, PartialEq)]
struct Account<'a> {
    id: &'a str,
    #[avro(alias = "mail")]
    email: Option<&'a str>,
    #[avro(default = "bronze")]
    tier: &'a str,
    #[avro(default)]
    visits: i64,
    labels: Option<HashMap<String, i64>>,
    tags: Vec<Option<Cow<'a, str>>>,
    owner: Option<Box<Account<'a>>>,
}

const ACCOUNT: &str = r#"{"type": "record", "name": "Account", "namespace": "a.b", "fields": [
    {"name": "mail", "type": ["string", "null"]},
    {"name": "unused", "type": {"type": "map", "values": ["null", "double", "Account"]}},
    {"name": "id", "type": "string"},
    {"name": "tags", "type": {"type": "array", "items": ["null", "string"]}},
    {"name": "labels", "type": {"type": "map", "values": "int"}},
    {"name": "owner", "type": ["null", "Account"]}]}"#;

#[test]
fn a_struct_reads_the_fields_it_names_and_skips_the_rest() {
    let plan = plan::<Account>(ACCOUNT).unwrap();
    let mut datum = Vec::new();
    datum.extend(b"\x00\x06a@b"); // mail
    datum.extend(b"\x02\x02k\x02\0\0\0\0\0\0\0\0\0"); // unused
    datum.extend(b"\x04id"); // id
    datum.extend(b"\x03\x08\x00\x02\x02x\0"); // tags: a block with its size
    datum.extend(b"\x02\x02n\x0e\0"); // labels
    datum.extend(b"\x02\x02\0\x02o\0\0\0"); // owner
    let account = plan.decode(&datum).unwrap();
    let owner = Account {
        id: "o",
        email: None,
        tier: "bronze",
        visits: 0,
        labels: Some(HashMap::new()),
        tags: vec![],
        owner: None,
    };
    assert_eq!(
        account,
        Account {
            id: "id",
            email: Some("a@b"),
            tier: "bronze",
            visits: 0,
            labels: Some(HashMap::from([("n".into(), 7)])),
            tags: vec![None, Some("x".into())],
            owner: Some(Box::new(owner)),
        }
    );
}

#[derive(AvroRead, Debug, PartialEq)]
struct Envelope<'a, T> {
    op: Op,
    after: Option<T>,
    source: Source<'a>,
}

#[derive(AvroRead, Debug, PartialEq, Clone, Copy)]
enum Op {
    #[avro(rename = "c")]
    Create,
    #[avro(rename = "d", alias = "del")]
    Delete,
    #[avro(default)]
    Else,
}

#[derive(AvroRead, Debug, PartialEq)]
struct Source<'a> {
    name: &'a str,
}

#[derive(AvroRead, Debug, PartialEq)]
struct Row<'a>(&'a str);

#[test]
fn a_generic_struct_borrows_through_its_parameter() {
    let writer = |op: &str| {
        format!(
            r#"{{"type": "record", "name": "E", "fields": [{{"name": "after", "type": ["null", "string"]}},
            {{"name": "op", "type": {op}}},
            {{"name": "source", "type": {{"type": "record", "name": "S", "fields": [{{"name": "name", "type": "string"}}]}}}}]}}"#
        )
    };
    let text = plan::<Envelope<Row>>(&writer(r#""string""#)).unwrap();
    let datum = b"\x02\x02r\x02d\x04pg".to_vec();
    let expected = Envelope { op: Op::Delete, after: Some(Row("r")), source: Source { name: "pg" } };
    assert_eq!(text.decode(&datum).unwrap(), expected);
    let named =
        plan::<Envelope<Row>>(&writer(r#"{"type": "enum", "name": "X", "symbols": ["x", "del", "c"]}"#)).unwrap();
    assert_eq!(named.decode(b"\x02\x02r\x02\x04pg").unwrap(), expected);
    assert_eq!(named.decode(b"\x00\x00\x04pg").unwrap().op, Op::Else);
    assert_eq!(named.decode(b"\x00\x06\x04pg").unwrap_err().code(), "avro_enum_index");
}

#[derive(AvroRead, Debug, PartialEq)]
enum Event<'a> {
    Nothing,
    LoggedIn(LoggedIn<'a>),
    #[avro(name = "x.LoggedOut")]
    Out(Out),
    Number(i64),
    Text(&'a str),
    #[avro(other)]
    Unknown,
}

#[derive(AvroRead, Debug, PartialEq)]
struct LoggedIn<'a> {
    who: &'a str,
}

#[derive(AvroRead, Debug, PartialEq)]
struct Out {
    when: Option<i64>,
}

#[test]
fn an_enum_reads_a_union_by_name_then_by_shape() {
    let plan = plan::<Event>(
        r#"["string", "bytes", "int", "null",
            {"type": "record", "name": "LoggedOut", "namespace": "x", "fields": [{"name": "when", "type": "long"}]},
            {"type": "record", "name": "y.LoggedOut", "fields": [{"name": "who", "type": "string"}]},
            {"type": "array", "items": "double"}]"#,
    )
    .unwrap();
    assert_eq!(plan.decode(b"\x00\x02a").unwrap(), Event::Text("a"));
    assert_eq!(plan.decode(b"\x02\x02a").unwrap(), Event::Text("a"));
    assert_eq!(plan.decode(b"\x04\x03").unwrap(), Event::Number(-2));
    assert_eq!(plan.decode(b"\x06").unwrap(), Event::Nothing);
    assert_eq!(plan.decode(b"\x08\x02").unwrap(), Event::Out(Out { when: Some(1) }));
    assert_eq!(plan.decode(b"\x0a\x02w").unwrap(), Event::LoggedIn(LoggedIn { who: "w" }));
    assert_eq!(plan.decode(b"\x0c\x02\0\0\0\0\0\0\0\0\0").unwrap(), Event::Unknown);
    assert_eq!(plan.decode(b"\x0e").unwrap_err().code(), "avro_union_index");
}

#[test]
fn a_union_of_the_writer_is_read_by_a_type_that_is_none() {
    let plan =
        plan::<BTreeMap<&'static str, f64>>(r#"["null", {"type": "map", "values": ["int", "string", "float"]}]"#)
            .unwrap();
    assert_eq!(plan.decode(b"\x02\x02\x02a\0\x02\0").unwrap(), BTreeMap::from([("a", 1.0)]));
    let error = plan.decode(b"\x02\x02\x02a\x02\x02x\0").unwrap_err();
    assert_eq!((error.code(), error.path().as_str(), error.offset()), ("avro_union_branch", "{0}", 5));
    assert_eq!(plan.decode(b"\x00").unwrap_err().code(), "avro_union_branch");
}

#[test]
fn nothing_is_narrowed() {
    let error = plan::<i32>(r#"{"type": "long", "logicalType": "timestamp-millis"}"#).unwrap_err();
    assert_eq!(error.rule(), Rule::Narrowing);
    assert!(error.to_string().contains("write `i64`"), "{error}");
    let millis = plan::<i64>(r#"{"type": "long", "logicalType": "timestamp-millis"}"#).unwrap();
    assert_eq!(millis.decode(b"\x80\x01").unwrap(), 64);
}

#[test]
fn a_missing_field_is_refused_with_its_place_and_a_remedy() {
    let error = plan::<Account>(r#"{"type": "record", "name": "A", "fields": [{"name": "ident", "type": "string"}]}"#)
        .unwrap_err();
    assert_eq!(error.rule(), Rule::MissingField);
    assert_eq!(error.reader_path(), "Account.id");
    assert!(error.to_string().contains("#[avro(default)]") && error.to_string().contains("`ident`"), "{error}");
}

#[test]
fn an_error_names_the_path_and_the_byte() {
    let plan = plan::<Account>(ACCOUNT).unwrap();
    let error: DecodeError = plan.decode(b"\x02\0\x04id\x04\x02\x02x\x02\x0a").unwrap_err();
    assert_eq!((error.path().as_str(), error.offset(), error.code()), ("tags[1]", 11, "avro_truncated"));
}
