//! Rust types read what the specification allows.

#![allow(clippy::unwrap_used, missing_docs)]

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use avro_decode::{
    AvroRead, AvroType, Compiler, Cursor, DecodeError, Limits, Node, Plan, ResolveError, Rule, Schema, TypeId,
};

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
fn a_type_that_is_not_a_union_reads_the_writers_union() {
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

#[test]
fn numbers_promote_by_the_specification() {
    assert_eq!(plan::<i64>(r#""int""#).unwrap().decode(b"\x03").unwrap(), -2);
    assert_eq!(plan::<f32>(r#""int""#).unwrap().decode(b"\x03").unwrap(), -2.0);
    assert_eq!(plan::<f32>(r#""long""#).unwrap().decode(b"\x03").unwrap(), -2.0);
    assert_eq!(plan::<f64>(r#""long""#).unwrap().decode(b"\x03").unwrap(), -2.0);
    assert_eq!(plan::<f64>(r#""float""#).unwrap().decode(b"\0\0\0\x3f").unwrap(), 0.5);
    for narrow in [plan::<f32>(r#""double""#).err(), plan::<i64>(r#""double""#).err(), plan::<i32>(r#""float""#).err()]
    {
        assert_eq!(narrow.unwrap().rule(), Rule::Narrowing);
    }
}

#[test]
fn text_and_bytes_read_one_another() {
    assert_eq!(plan::<&'static str>(r#""bytes""#).unwrap().decode(b"\x02a").unwrap(), "a");
    assert_eq!(plan::<&'static [u8]>(r#""string""#).unwrap().decode(b"\x02a").unwrap(), b"a");
    assert_eq!(plan::<String>(r#""bytes""#).unwrap().decode(b"\x02\xff").unwrap_err().code(), "avro_invalid_utf8");
    assert_eq!(plan::<Cow<'static, [u8]>>(r#""bytes""#).unwrap().decode(b"\x02\xff").unwrap(), Cow::Borrowed(b"\xff"));
}

#[derive(AvroRead, Debug, PartialEq)]
#[avro(name = "shop.Order", alias = "shop.Purchase", rename_all = "camelCase")]
struct Order {
    order_number: i32,
    #[avro(rename = "TOTAL")]
    total: Option<i32>,
}

#[test]
fn a_struct_that_names_a_record_reads_only_that_one() {
    let writer = |name: &str| {
        format!(
            r#"{{"type": "record", "name": "{name}", "fields": [{{"name": "TOTAL", "type": "int"}}, {{"name": "orderNumber", "type": "int"}}]}}"#
        )
    };
    for name in ["shop.Order", "shop.Purchase"] {
        let order = plan::<Order>(&writer(name)).unwrap().decode(b"\x02\x04").unwrap();
        assert_eq!(order, Order { order_number: 2, total: Some(1) });
    }
    assert_eq!(plan::<Order>(&writer("other.Order")).unwrap_err().rule(), Rule::NameMismatch);
}

#[derive(AvroRead, Debug, PartialEq)]
enum Nested {
    Leaf(i64),
    Branch(Vec<Nested>),
}

#[test]
fn a_union_may_hold_itself() {
    let writer = r#"{"type": "record", "name": "Tree", "fields": [{"name": "node", "type": ["long", {"type": "array", "items": "int"}]}]}"#;
    #[derive(AvroRead)]
    struct Tree {
        node: Nested,
    }
    let plan = plan::<Tree>(writer).unwrap();
    assert_eq!(
        plan.decode(b"\x02\x04\x02\x04\0").unwrap().node,
        Nested::Branch(vec![Nested::Leaf(1), Nested::Leaf(2)])
    );
    assert_eq!(plan.decode(b"\x00\x05").unwrap().node, Nested::Leaf(-3));
}

#[test]
fn an_enum_without_a_default_refuses_an_unknown_symbol() {
    #[derive(AvroRead, Debug, PartialEq)]
    #[avro(rename_all = "SCREAMING_SNAKE_CASE")]
    enum Color {
        DarkRed,
        Blue,
    }
    let plan =
        plan::<Color>(r#"{"type": "enum", "name": "Colour", "symbols": ["BLUE", "GREEN", "DARK_RED"]}"#).unwrap();
    assert_eq!(plan.decode(b"\x00").unwrap(), Color::Blue);
    assert_eq!(plan.decode(b"\x04").unwrap(), Color::DarkRed);
    assert_eq!(plan.decode(b"\x02").unwrap_err().code(), "avro_enum_symbol");
}

#[test]
fn an_option_takes_unions_of_more_than_null() {
    let plan = plan::<Option<f64>>(r#"["int", "null", "string", "double"]"#).unwrap();
    assert_eq!(plan.decode(b"\x00\x02").unwrap(), Some(1.0));
    assert_eq!(plan.decode(b"\x02").unwrap(), None);
    assert_eq!(plan.decode(b"\x04\x02a").unwrap_err().code(), "avro_union_branch");
    // The index of a branch may be written in more bytes than it takes.
    let nullable = self::plan::<Option<i32>>(r#"["null", "int"]"#).unwrap();
    assert_eq!(nullable.decode(b"\x82\x00\x02").unwrap(), Some(1));
    assert_eq!(nullable.decode(b"\x80\x00").unwrap(), None);
    assert_eq!(nullable.decode(b"\x04").unwrap_err().code(), "avro_union_index");
    assert_eq!(nullable.decode(b"").unwrap_err().code(), "avro_truncated");
}

#[test]
fn fields_in_another_order_are_read_into_their_places() {
    #[derive(AvroRead, Debug, PartialEq)]
    struct Triple<'a> {
        c: Option<[u8; 2]>,
        #[avro(default = 7)]
        d: i32,
        a: i64,
        b: &'a str,
    }
    let plan = plan::<Triple>(
        r#"{"type": "record", "name": "R", "fields": [{"name": "b", "type": "string"},
        {"name": "x", "type": "double"}, {"name": "a", "type": "int"},
        {"name": "c", "type": {"type": "fixed", "name": "F", "size": 2}}, {"name": "y", "type": ["null", "long"]}]}"#,
    )
    .unwrap();
    let decoded = plan.decode(b"\x02b\0\0\0\0\0\0\0\0\x02hi\x02\x02").unwrap();
    assert_eq!(decoded, Triple { c: Some(*b"hi"), d: 7, a: 1, b: "b" });
}

/// Implemented by hand, so that a struct which holds it is assembled from its parts.
#[derive(Debug, PartialEq)]
struct Celsius(f64);

impl AvroType for Celsius {
    type Of<'de> = Self;
    fn compile(compiler: &mut Compiler<'_>, writer: TypeId) -> Result<Node, ResolveError> {
        f64::compile(compiler, writer)
    }
}

impl<'de> AvroRead<'de> for Celsius {
    fn read<'p>(node: &'p Node, cursor: &mut Cursor<'p, 'de>) -> Result<Self, DecodeError> {
        f64::read(node, cursor).map(Self)
    }
}

#[derive(AvroRead, Debug, PartialEq)]
struct Reading<'a> {
    room: &'a str,
    #[avro(default = 3)]
    floor: i32,
    celsius: Celsius,
    before: Option<Celsius>,
    note: Option<&'a str>,
}

#[test]
fn a_struct_with_a_type_implemented_by_hand_reads_in_any_order() {
    let record = |fields: &[&str]| format!(r#"{{"type": "record", "name": "R", "fields": [{}]}}"#, fields.join(","));
    let room = r#"{"name": "room", "type": "string"}"#;
    let celsius = r#"{"name": "celsius", "type": "float"}"#;
    let before = r#"{"name": "before", "type": ["null", "double"]}"#;
    let (written, other) = (20.5_f32.to_le_bytes(), 19.0_f64.to_le_bytes());
    let expected =
        || Reading { room: "hall", floor: 3, celsius: Celsius(20.5), before: Some(Celsius(19.0)), note: None };

    let straight = plan::<Reading>(&record(&[room, celsius, before])).unwrap();
    let datum = [b"\x08hall".as_slice(), &written, b"\x02", &other].concat();
    assert_eq!(straight.decode(&datum).unwrap(), expected());

    let turned = plan::<Reading>(&record(&[before, celsius, room])).unwrap();
    let datum = [b"\x02".as_slice(), &other, &written, b"\x08hall"].concat();
    assert_eq!(turned.decode(&datum).unwrap(), expected());
    let error = turned.decode(&datum[..14]).unwrap_err();
    assert_eq!((error.code(), error.path().as_str()), ("avro_truncated", "room"));
}

#[test]
fn decoding_into_a_place_keeps_none_of_the_old_value() {
    let full = plan::<Account>(ACCOUNT).unwrap();
    let small = plan::<Account>(
        r#"{"type": "record", "name": "Account", "fields": [{"name": "id", "type": "string"},
        {"name": "tags", "type": {"type": "array", "items": "string"}}]}"#,
    )
    .unwrap();
    let datum = b"\x00\x06a@b\x00\x04id\x02\x02\x02t\x00\x02\x02k\x0e\x00\x00".as_slice();
    let mut place = None;
    let account = full.decode_into(datum, &mut place).unwrap();
    assert_eq!((account.email, account.labels.is_some(), account.tags.len()), (Some("a@b"), true, 1));
    let account = small.decode_into(b"\x02x\x00", &mut place).unwrap();
    assert_eq!(*account, small.decode(b"\x02x\x00").unwrap());
    assert_eq!((account.id, account.email, &account.labels, account.tags.len()), ("x", None, &None, 0));
}

#[test]
fn references_may_come_in_any_order() {
    let order = r#"{"type": "record", "name": "shop.Order", "fields": [{"name": "item", "type": "shop.Item"}]}"#;
    let item = r#"{"type": "record", "name": "shop.Item", "fields": [{"name": "unit", "type": "shop.Unit"}]}"#;
    let unit = r#"{"type": "enum", "name": "shop.Unit", "symbols": ["KG"]}"#;
    for references in [[item, unit, item], [unit, item, unit]] {
        assert!(Schema::parse_with_references(order, &references).is_ok());
    }
    let error = Schema::parse_with_references(order, &[item]).unwrap_err();
    assert!(error.to_string().contains("`shop.Unit` is not defined"), "{error}");
}
