//! Schemas as registries hold them: what is read although the specification forbids it, and what is refused and why.

#![allow(clippy::unwrap_used, missing_docs)]

use std::thread::Builder;

use avro_decode::{AvroRead, Limits, Plan, Schema, Value};

fn plan(schema: &str) -> Plan<Value<'static>> {
    Plan::compile(&Schema::parse(schema).unwrap(), &Limits::default()).unwrap()
}

#[track_caller]
fn refused(schema: &str, why: &str) {
    let error = Schema::parse(schema).unwrap_err();
    assert!(error.to_string().contains(why), "{error}");
}

/// The field's name in a record, as JSON.
fn field(name: &str) -> String {
    format!(r#"{{"type": "record", "name": "R", "fields": [{{"name": "{name}", "type": "long"}}]}}"#)
}

#[derive(AvroRead, Debug, PartialEq)]
struct Row<'a> {
    größe: i64,
    #[avro(rename = "ticket-id")]
    ticket_id: &'a str,
    #[avro(alias = "OriginId ")]
    origin: Option<&'a str>,
    kind: Kind,
}

#[derive(AvroRead, Debug, PartialEq)]
enum Kind {
    #[avro(rename = "N/A")]
    None,
    #[avro(rename = "café")]
    Cafe,
}

#[test]
fn names_of_any_characters_are_read() {
    let writer = r#"{"type": "record", "name": "用户-1", "namespace": "a.$b", "fields": [
        {"name": "한글", "type": "string"}, {"name": "größe", "type": "int"}, {"name": "ticket-id", "type": "string"},
        {"name": "OriginId ", "type": "string"},
        {"name": "kind", "type": {"type": "enum", "name": "1st kind", "symbols": ["N/A", "café", ""]}},
        {"name": "again", "type": "1st kind"}, {"name": "a.b", "type": "long"}, {"name": "\n", "type": "long"}]}"#;
    let schema = Schema::parse(writer).unwrap();
    let row = Plan::<Row>::compile(&schema, &Limits::default()).unwrap();
    let datum = b"\x00\x54\x02u\x02o\x02\x04\x02\x02";
    let expected = Row { größe: 42, ticket_id: "u", origin: Some("o"), kind: Kind::Cafe };
    assert_eq!(row.decode(datum).unwrap(), expected);
    let Value::Record(record) = plan(writer).decode(datum).unwrap() else { panic!("a record") };
    assert_eq!(record.name(), "a.$b.用户-1");
    assert!(matches!(record.get("again"), Some(Value::Enum(symbol)) if symbol.as_str().is_empty()));
    assert_eq!(record.get("a.b"), Some(&Value::Long(1)));
}

#[test]
fn peculiarities_list_what_other_libraries_refuse() {
    let listed = |schema: &str| Schema::parse(schema).unwrap().peculiarities();
    assert_eq!(listed(&field("id_2")), Vec::<String>::new());
    for name in ["ticket-id", "größe", "2nd", "a b", "a.b", "$"] {
        let [problem] = listed(&field(name)).try_into().unwrap();
        assert!(problem.starts_with(&format!("`{name}` in `R` is not a valid Avro name")), "{problem}");
    }
    let symbols = r#"{"type": "enum", "name": "a-b.E-1", "symbols": ["A", "0"]}"#;
    assert_eq!(listed(symbols).len(), 2);
    let twice = r#"[{"type": "fixed", "name": "a-b.H", "size": 2},
        {"type": "record", "name": "R", "fields": [{"name": "h", "type": {"type": "fixed", "name": "a-b.H", "size": 2}}]}]"#;
    assert_eq!(listed(twice), ["`a-b.H` is defined more than once; define it once and refer to it by its name"]);
}

#[test]
fn a_name_that_is_empty_is_refused() {
    refused(&field(""), "schema at `.`: a field's name is empty");
    for name in ["", "a.", "."] {
        refused(&format!(r#"{{"type": "fixed", "name": "{name}", "size": 1}}"#), "a type's name is empty");
    }
    refused(r#"{"type": "fixed", "name": "int", "size": 1}"#, "`int` is the name of a primitive type");
    // Within a namespace `int` is a name like any other.
    let named = r#"["a.int", {"type": "fixed", "name": "a.int", "size": 1}]"#;
    refused(named, "a union may hold each type only once");
    assert!(Schema::parse(r#"{"type": "fixed", "name": "a.int", "size": 1}"#).is_ok());
}

#[test]
fn a_definition_may_be_repeated_if_it_is_the_same() {
    let row = |second: &str| {
        format!(
            r#"{{"type": "record", "name": "R", "namespace": "n", "fields": [
            {{"name": "a", "type": {{"type": "record", "name": "Address", "doc": "where to", "fields": [
                {{"name": "street", "type": ["null", "string"], "default": null}},
                {{"name": "hash", "type": {{"type": "fixed", "name": "Hash", "size": 2}}}},
                {{"name": "next", "type": ["null", {{"type": "array", "items": "Address"}}], "default": null}}]}}}},
            {{"name": "b", "type": {second}}}]}}"#
        )
    };
    let same = r#"{"name": "n.Address", "type": "record", "fields": [
        {"type": ["null", {"type": "string", "doc": "more"}], "name": "street", "default" : /* none */ null},
        {"name": "hash", "type": {"size": 2, "type": "fixed", "name": "Hash"}},
        {"name": "next", "type": ["null", {"type": "array", "items": "n.Address"}], "default": null}]}"#;
    let Value::Record(record) = plan(&row(same)).decode(b"\x02\x02s12\x00\x00ab\x00").unwrap() else { panic!() };
    let Some(Value::Record(b)) = record.get("b") else { panic!("{record:?}") };
    assert_eq!(b.get("hash"), Some(&Value::Fixed(b"ab"[..].into())));

    let both_places = "schema at `b`: `n.Address` is defined twice and not the same each time: also at `a`";
    for (from, to) in [
        ("\"street\"", "\"road\""),
        ("[\"null\", {\"type\": \"string\", \"doc\": \"more\"}]", "[\"null\", \"bytes\"]"),
        (" /* none */ null", "\"\""),
        ("\"record\", ", "\"record\", \"aliases\": [\"Old\"], "),
        ("\"default\" : /* none */ null", "\"aliases\": [\"road\"], \"default\": null"),
    ] {
        assert!(same.contains(from), "{from}");
        refused(&row(&same.replace(from, to)), both_places);
    }
    refused(&row(&same.replace("\"size\": 2", "\"size\": 3")), "also at `a.hash`");
    refused(&row(r#"{"type": "enum", "name": "Address", "symbols": []}"#), both_places);
}

#[test]
fn a_references_definition_may_be_repeated_in_the_schema() {
    let hash = |size: u32| format!(r#"{{"type": "fixed", "name": "n.Hash", "size": {size}}}"#);
    let row = format!(r#"{{"type": "record", "name": "R", "fields": [{{"name": "h", "type": {}}}]}}"#, hash(2));
    let reference = |text: &str| Schema::parse_with_references(&row, &[r#""int""#, text]);
    assert!(reference(&hash(2)).is_ok());
    let error = reference(&hash(3)).unwrap_err();
    assert!(error.to_string().ends_with("not the same each time: also at `.` (in reference 2)"), "{error}");
    let error = reference(r#"{"type": "fixed", "name": "n.Hash"}"#).unwrap_err();
    assert_eq!(error.to_string(), "schema at `.`: a fixed needs a `size` in bytes (in reference 2)");
}

#[test]
fn a_record_within_its_own_definition_is_refused() {
    let within = r#"{"type": "record", "name": "T", "fields": [
        {"name": "t", "type": {"type": "record", "name": "T", "fields": []}}]}"#;
    refused(within, "schema at `t`: `T` is defined within its own definition");
}

#[test]
fn comments_in_a_schema_are_skipped() {
    let schema = "/* since 2019 */ {\"type\": \"record\", // a row\n \"name\": \"R\", \"fields\": [/**/
        {\"name\": \"id\", \"doc\": \"no // comment\", \"type\": \"long\"} // more to come?\n ]} // end";
    assert!(plan(schema).decode(&[2]).is_ok());
    refused("{\"type\": \"int\" # a comment of other languages\n}", "not JSON: a `,` is missing (line 1 column 16)");
}

#[test]
fn half_of_a_surrogate_pair_does_not_stop_a_topic() {
    let schema =
        field("id").replace("\"type\": \"long\"", r#""type": "long", "doc": "\ud83d cut off", "x": {"\udc00": 1}"#);
    assert!(plan(&schema).decode(&[2]).is_ok());
}

/// Records of one nullable record each: four levels of JSON and two of types for each.
fn nullable_records(levels: usize) -> String {
    (0..levels).fold("\"long\"".to_owned(), |inner, level| {
        format!(r#"{{"type": "record", "name": "R{level}", "fields": [{{"name": "c", "type": ["null", {inner}]}}]}}"#)
    })
}

/// Half of what a thread has at least.
fn in_a_small_stack(run: impl FnOnce() + Send + 'static) {
    Builder::new().stack_size(1 << 20).spawn(run).unwrap().join().unwrap();
}

#[derive(AvroRead)]
#[allow(dead_code, reason = "read, not looked at")]
struct Nested {
    c: Option<Box<Nested>>,
}

#[derive(AvroRead)]
struct Nothing {}

#[test]
fn schemas_nest_as_deeply_as_java_reads_and_no_stack_is_exhausted() {
    in_a_small_stack(|| {
        for (schema, datum) in [
            (nullable_records(60), [2; 61].to_vec()),
            (nullable_records(250), vec![2, 2, 0]),
            (format!("{}\"int\"{}", r#"{"type": "array", "items": "#.repeat(1_000), "}".repeat(1_000)), vec![0]),
            (format!("{}\"int\"{}", r#"{"type": "map", "values": "#.repeat(1_000), "}".repeat(1_000)), vec![0]),
            (format!("{}\"int\"{}", r#"{"type": "#.repeat(1_000), "}".repeat(1_000)), vec![0]),
        ] {
            let schema = Schema::parse(&schema).unwrap();
            assert!(Plan::<Value>::compile(&schema, &Limits::default()).unwrap().decode(&datum).is_ok());
            assert!(Plan::<Value>::compile_with_reader(&schema, &schema, &Limits::default()).is_ok());
            assert_eq!(avro_decode::incompatibilities(&schema, &schema), []);
        }
        let schema = Schema::parse(&nullable_records(250)).unwrap();
        assert!(Plan::<Nothing>::compile(&schema, &Limits::default()).unwrap().decode(&[2, 2, 0]).is_ok());
        let refused = Plan::<Nested>::compile(&schema, &Limits::default()).err();
        assert!(refused.is_none_or(|error| error.to_string().len() < 4_096));
    });
}

#[test]
fn deeper_nesting_is_refused_and_the_error_names_the_bound() {
    in_a_small_stack(|| {
        let bound = "nested deeper than 1000 arrays and objects (line 1 column ";
        refused(&nullable_records(251), bound);
        refused(&"[".repeat(4 << 20), bound);
        refused(&r#"{"type":"#.repeat(500_000), bound);
        // Types that refer to one another nest without JSON that does.
        let chain: Vec<String> = (0..5_000)
            .map(|i| {
                format!(
                    r#"{{"type": "record", "name": "C{i}", "fields": [{{"name": "c", "type": ["null", "C{}"]}}]}}"#,
                    i + 1
                )
            })
            .collect();
        let chain = format!("[{}, {{\"type\": \"record\", \"name\": \"C5000\", \"fields\": []}}]", chain.join(","));
        let schema = Schema::parse(&chain).unwrap();
        assert!(Plan::<Nested>::compile(&schema, &Limits::default()).is_ok());
        let plan = Plan::<Value>::compile(&schema, &Limits::default()).unwrap();
        assert!(plan.decode(&[0, 2, 2, 0]).is_ok());
    });
}

#[test]
fn an_error_quotes_a_name_cut_to_some_length() {
    let long = "x".repeat(1_200_000);
    let record = |name: &str, field: &str| {
        format!(r#"{{"type": "record", "name": "{name}", "fields": [{{"name": "{field}", "type": "int"}}]}}"#)
    };
    let mut errors = vec![
        Schema::parse(&record(&long, &long).replace("\"int\"", "\"long-\"")).unwrap_err().to_string(),
        Schema::parse(&format!(r#"["int", {}, "{long}"]"#, record(&long, "a"))).unwrap_err().to_string(),
        Schema::parse(&format!(r#"[{}, {}]"#, record(&long, "a"), record(&long, "b"))).unwrap_err().to_string(),
    ];
    // Sixty levels of long names, line breaks and all.
    let deep = (0..60).fold("\"int\"".to_owned(), |inner, level| {
        let name = format!("{}\\n{level}", "y".repeat(20_000));
        format!(r#"{{"type": "record", "name": "{name}", "fields": [{{"name": "{name}", "type": {inner}}}]}}"#)
    });
    errors.push(Schema::parse(&deep.replace("\"int\"", "\"there is none\"")).unwrap_err().to_string());
    let datum = Plan::<Value>::compile(&Schema::parse(&deep).unwrap(), &Limits::default()).unwrap();
    errors.push(datum.decode(&[]).unwrap_err().to_string());
    for (written, read) in [
        (record(&long, "a"), record("R", "a")),
        (record("R", "a"), record("R", &long)),
        (record("R", &long), record("R", &long).replace("\"int\"", "\"string\"")),
        (deep.clone(), deep.replace("\"int\"", "\"string\"")),
        (
            format!(r#"{{"type": "enum", "name": "E", "symbols": ["{long}", "b"]}}"#),
            r#"{"type": "enum", "name": "E", "symbols": ["c"]}"#.to_owned(),
        ),
    ] {
        let (written, read) = (Schema::parse(&written).unwrap(), Schema::parse(&read).unwrap());
        let found = avro_decode::incompatibilities(&written, &read);
        assert!(!found.is_empty());
        errors.extend(found.iter().map(|found| found.error().to_string()));
        assert!(found.iter().all(|found| found.to_string().len() < 16_384));
        errors.extend(Plan::<Row>::compile(&written, &Limits::default()).err().map(|error| error.to_string()));
        errors.extend(written.peculiarities());
    }
    for error in &errors {
        assert!(error.len() <= 4_096 && !error.contains('\n'), "{} bytes: {}", error.len(), &error[..200]);
    }
    assert!(errors.iter().any(|error| error.contains("x… (1200000 bytes)")));
    assert!(errors.iter().any(|error| error.contains("levels…")));
}
