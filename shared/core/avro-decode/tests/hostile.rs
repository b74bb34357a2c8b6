//! Hostile bytes and schemas cost little and end in an error.

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
fn a_claim_of_a_billion_items_in_five_bytes_is_refused_at_once() {
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
fn skipping_is_bounded_too() {
    let writer = |ty: &str| {
        format!(
            r#"{{"type": "record", "name": "R", "fields": [{{"name": "skipped", "type": {ty}}},
                {{"name": "tail", "type": "long"}}]}}"#
        )
    };
    let nulls = writer(r#"{"type": "array", "items": "null"}"#);
    assert_eq!(code::<Tail>(&nulls, &BILLION), "avro_zero_size_items");
    assert_eq!(code::<Tail>(&writer(r#"{"type": "array", "items": "long"}"#), &BILLION), "avro_block_count");
    // When skipping, a block's size counts, as far as there are bytes; its item count does not matter.
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
    // The branch that nests too deeply does not resolve; the last one does.
    let plan = Plan::<Value<'static>>::compile(&schema, &Limits::default()).unwrap();
    assert_eq!(plan.decode(&[0]).unwrap_err().code(), "avro_union_branch");
    assert!(plan.decode(&[0xc0, 0xb8, 0x02]).is_ok());
    let error = Plan::<Tail>::compile(&schema, &Limits::default()).unwrap_err();
    assert_eq!(error.code(), "avro_resolve_missing_field");
}

#[test]
fn no_beginning_of_a_recorded_datum_decodes() {
    const ID: u32 = 100_017;
    let recording = recordings::Recording::of_repository("mysql-orders").unwrap();
    let plan = plan::<Value<'static>>(&recording.schemas[&ID].schema);
    let mut tried = 0;
    for record in &recording.records {
        if let Some(frame) = record.value_frame().unwrap().filter(|frame| frame.schema_id == ID) {
            assert!(plan.decode(&frame.datum).is_ok());
            assert!((0..frame.datum.len()).all(|end| plan.decode(&frame.datum[..end]).is_err()));
            tried += 1;
        }
    }
    assert!(tried > 10, "{tried}");
}

/// Records that each hold the next one twice, the last of no size: their datum has no bytes at all.
fn doubling_nothing(levels: usize, last: &str) -> String {
    (0..levels).fold(last.to_owned(), |inner, level| {
        let again = if level == 0 { "E".to_owned() } else { format!("R{}", level - 1) };
        format!(
            r#"{{"type": "record", "name": "R{level}", "fields": [
                {{"name": "a", "type": {inner}}}, {{"name": "b", "type": "{again}"}}]}}"#
        )
    })
}

fn skipped(ty: &str) -> String {
    format!(
        r#"{{"type": "record", "name": "W", "fields": [{{"name": "x", "type": {ty}}}, {{"name": "tail", "type": "long"}}]}}"#
    )
}

#[test]
fn types_without_bytes_are_skipped_in_no_steps() {
    for last in [
        r#"{"type": "record", "name": "E", "fields": []}"#,
        r#"{"type": "fixed", "name": "E", "size": 0}"#,
        r#"{"type": "record", "name": "E", "fields": [{"name": "n", "type": "null"}]}"#,
    ] {
        for levels in [16, 60, 300] {
            let plan = plan::<Tail>(&skipped(&doubling_nothing(levels, last)));
            let (tail, steps) = plan.decode_counting(&[2]);
            assert_eq!((tail.unwrap().tail, steps), (1, 0), "{levels} levels");
            // Lists of them are counted, not iterated.
            let list = format!(r#"{{"type": "array", "items": {}}}"#, doubling_nothing(levels, last));
            let (tail, steps) = self::plan::<Tail>(&skipped(&list)).decode_counting(&[0x90, 0x4e, 0, 2]);
            assert_eq!((tail.unwrap().tail, steps), (1, 1), "{levels} levels");
        }
    }
}

#[test]
fn skipping_takes_at_most_some_steps_a_byte() {
    let record = |name: &str, fields: &[&str]| {
        let fields: Vec<String> =
            fields.iter().enumerate().map(|(i, ty)| format!(r#"{{"name": "f{i}", "type": {ty}}}"#)).collect();
        format!(r#"{{"type": "record", "name": "{name}", "fields": [{}]}}"#, fields.join(","))
    };
    let empty = record("E", &[]);
    let mut chain = record("C0", &["\"boolean\"", &empty]);
    for level in 1..60 {
        chain = record(
            &format!("C{level}"),
            &["\"E\"", &chain, "\"null\""].map(|ty| if level == 1 && ty == "\"E\"" { "\"null\"" } else { ty }),
        );
    }
    let list = format!(r#"{{"type": "array", "items": {chain}}}"#);
    let nullable = format!(r#"{{"type": "array", "items": ["null", {chain}]}}"#);
    let map = format!(r#"{{"type": "map", "values": {chain}}}"#);
    let count = [0xa0, 0x8d, 0x06]; // 50,000
    for (ty, item) in [(list, &b"\x01"[..]), (nullable, b"\x02\x01"), (map, b"\x00\x01")] {
        let datum = [&count[..], &item.repeat(50_000), b"\x00\x02"].concat();
        let (tail, steps) = plan::<Tail>(&skipped(&ty)).decode_counting(&datum);
        assert_eq!(tail.unwrap().tail, 1);
        assert!(steps <= 3 * datum.len() as u64, "{steps} steps for {} bytes", datum.len());
    }
}

#[test]
fn a_ring_of_records_ends_at_the_depth_limit() {
    let ring = r#"{"type": "record", "name": "A", "fields": [{"name": "b", "type":
        {"type": "record", "name": "B", "fields": [{"name": "a", "type": "A"}]}}]}"#;
    assert_eq!(code::<Tail>(&skipped(ring), &[2; 100]), "avro_depth");
    assert_eq!(code::<Value<'static>>(ring, &[2; 100]), "avro_depth");
}

#[test]
fn values_without_bytes_are_counted_when_they_are_read() {
    let empty = r#"{"type": "record", "name": "E", "fields": []}"#;
    assert_eq!(code::<Value<'static>>(&skipped(&doubling_nothing(40, empty)), &[2]), "avro_zero_size_items");
    // As many as the datum has bytes are ordinary.
    let row = format!(
        r#"{{"type": "record", "name": "R", "fields": [{{"name": "e", "type": {empty}}}, {{"name": "n", "type": "int"}}]}}"#
    );
    let rows = plan::<Value<'static>>(&format!(r#"{{"type": "array", "items": {row}}}"#));
    assert!(rows.decode(&[&[0xc0, 0x9a, 0x0c][..], &[2; 100_000], &[0]].concat()).is_ok());
}

/// `count` of something, separated by commas.
fn many(count: usize, one: impl Fn(usize) -> String) -> String {
    (0..count).map(one).collect::<Vec<_>>().join(",")
}

#[derive(AvroRead)]
#[allow(dead_code, reason = "read, not looked at")]
struct Reads {
    f1: Option<i64>,
    f7: Option<Symbol>,
}

#[derive(AvroRead)]
enum Symbol {
    S1,
    S2,
    #[avro(default)]
    Other,
}

/// A schema twice as long takes twice the steps, not four times: as a struct, as a value, against itself, in a survey.
#[test]
fn compiling_takes_steps_by_the_length_of_the_schema() {
    let wide = |count| {
        format!(
            r#"{{"type": "record", "name": "K", "fields": [{}]}}"#,
            many(count, |n| format!(r#"{{"name": "f{n}", "type": "int", "aliases": ["g{n}"]}}"#))
        )
    };
    let symbols =
        |count| format!(r#"{{"type": "enum", "name": "E", "symbols": [{}]}}"#, many(count, |n| format!("\"S{n}\"")));
    let shared = |count| {
        let fields = many(count, |n| format!(r#"{{"name": "f{}", "type": "E"}}"#, n + 1));
        format!(
            r#"{{"type": "record", "name": "K", "fields": [{{"name": "f0", "type": {}}},{fields}]}}"#,
            symbols(count)
        )
    };
    let union =
        |count| format!("[{}]", many(count, |n| format!(r#"{{"type": "fixed", "name": "n{n}.F", "size": {n}}}"#)));
    let aliases = |count| {
        let aliases = many(count, |n| format!("\"A{n}\""));
        let fields = many(count, |n| format!(r#"{{"name": "f{}", "type": "F"}}"#, n + 1));
        format!(
            r#"{{"type": "record", "name": "K", "fields": [
                {{"name": "f0", "type": {{"type": "fixed", "name": "F", "size": 1, "aliases": [{aliases}]}}}},{fields}]}}"#
        )
    };
    let ahead = |count| {
        let uses = many(count, |n| format!(r#"{{"name": "f{n}", "type": "T{n}"}}"#));
        let definitions =
            many(count, |n| format!(r#"{{"name": "d{n}", "type": {{"type": "fixed", "name": "T{n}", "size": 0}}}}"#));
        format!(r#"{{"type": "record", "name": "K", "fields": [{uses},{definitions}]}}"#)
    };
    let schemas: [(&str, &dyn Fn(usize) -> String); 6] = [
        ("a wide record", &wide),
        ("a wide enum", &symbols),
        ("many fields of one wide enum", &shared),
        ("a wide union", &union),
        ("many fields of one type of many aliases", &aliases),
        ("names ahead of their definitions", &ahead),
    ];
    for (name, schema) in schemas {
        let steps = |count: usize| {
            let schema = Schema::parse(&schema(count)).unwrap();
            let limits = Limits::default();
            let parsing = schema.steps();
            let value = Plan::<Value<'static>>::compile(&schema, &limits).unwrap().steps();
            let reader = Plan::compile_with_reader(&schema, &schema, &limits).unwrap().steps();
            let narrow = Plan::<Reads>::compile(&schema, &limits).map_or(0, |plan| plan.steps());
            let union = Plan::<Option<Reads>>::compile(&schema, &limits).map_or(0, |plan| plan.steps());
            assert_eq!(avro_decode::incompatibilities(&schema, &schema), []);
            [parsing, value, reader, narrow, union]
        };
        for (fewer, more) in steps(2_000).into_iter().zip(steps(4_000)) {
            assert!(more <= fewer * 21 / 10 + 100, "{name}: {fewer} steps, then {more}");
        }
    }
}

/// The same names in namespaces of their own, in rings of two lengths: each type of the one meets each of the other.
#[test]
fn types_that_pair_up_without_end_are_refused_after_some_steps() {
    let ring = |length: usize| {
        let next = |n: usize| format!("n{}.R", n % length);
        let records = many(length, |n| {
            format!(
                r#"{{"type": "record", "name": "n{n}.R", "fields": [
                    {{"name": "both", "type": ["null", "{}"]}}, {{"name": "one", "type": ["null", "{}"]}},
                    {{"name": "other", "type": ["null", "{}"]}}]}}"#,
                next(n + 1),
                if length.is_multiple_of(2) { next(n + 1) } else { format!("n{n}.R") },
                if length.is_multiple_of(2) { format!("n{n}.R") } else { next(n + 1) },
            )
        });
        Schema::parse(&format!("[{records}]")).unwrap()
    };
    let (writer, reader) = (ring(900), ring(901));
    let error = Plan::compile_with_reader(&writer, &reader, &Limits::default()).unwrap_err();
    assert_eq!(error.code(), "avro_resolve_steps");
    let found = avro_decode::incompatibilities(&writer, &reader);
    assert!(found.iter().any(|found| found.error().code() == "avro_resolve_steps") && found.len() <= 1_001);
}

#[test]
fn a_long_namespace_is_not_multiplied_by_the_names_in_it() {
    let schema = |namespace: usize| {
        let types = many(20_000, |n| format!(r#"{{"type": "fixed", "name": "F{n}", "size": 1}}"#));
        let fields = format!(r#"[{{"name": "f", "type": [{types}]}}]"#);
        format!(r#"{{"type": "record", "name": "R", "namespace": "{}", "fields": {fields}}}"#, "n".repeat(namespace))
    };
    assert!(Schema::parse(&schema(200)).is_ok());
    let error = Schema::parse(&schema(1 << 20)).unwrap_err();
    assert_eq!(error.code(), "avro_schema_invalid");
    assert!(error.to_string().ends_with("the namespaces are too long for so many names"), "{error}");
}

#[test]
fn a_huge_scale_does_not_make_a_huge_text() {
    let schema = r#"{"type": "bytes", "logicalType": "decimal", "precision": 4000000000, "scale": 4000000000}"#;
    let decimal = plan::<avro_decode::Decimal>(schema).decode(b"\x04\xff\x85").unwrap();
    assert_eq!(decimal.to_string(), "-123E-4000000000");
}
