//! The costs of the worst bytes: of skipping, reading and inflating them, of headers and of error texts.

use std::error::Error;
use std::fmt;
use std::io::Write;

use avro_decode::{AvroRead, Limits, Plan, Schema, Value};
use event_runtime::{Blame, Disposition, Failure, Fault, MAX_ERROR_CHAIN, Stage};
use flate2::{Compression, write::ZlibEncoder};
use kafka_events::{Entry, Event};
use schema_registry::{FrameFormat, MAX_INFLATED_BYTES, SchemaHints, inflates_to_at_most, split};

use crate::table::{Bound, Cost, Table};

#[derive(AvroRead)]
#[allow(dead_code, reason = "only its reading is measured")]
struct Tail {
    tail: i64,
}

fn record(name: &str, fields: &[&str]) -> String {
    let fields: Vec<String> =
        fields.iter().enumerate().map(|(n, ty)| format!(r#"{{"name": "f{n}", "type": {ty}}}"#)).collect();
    format!(r#"{{"type": "record", "name": "{name}", "fields": [{}]}}"#, fields.join(","))
}

const EMPTY: &str = r#"{"type": "record", "name": "E", "fields": []}"#;

/// Nested records, as deep as data may be, around `inner`.
fn chain(inner: &str) -> String {
    (0..60).fold(inner.to_owned(), |inner, level| record(&format!("C{level}"), &[&inner, "\"null\""]))
}

/// Records that each hold the next one twice, around one of no size: skipped one by one, a million steps.
fn doubling() -> String {
    (0..20).fold(EMPTY.to_owned(), |inner, level| {
        let again = if level == 0 { "\"E\"".to_owned() } else { format!("\"D{}\"", level - 1) };
        record(&format!("D{level}"), &[&inner, &again])
    })
}

/// A schema, and bytes of it that cost the most.
struct Worst {
    name: &'static str,
    schema: String,
    datum: Vec<u8>,
}

/// So many items in one block, as a list.
fn block(count: u32, item: &[u8]) -> Vec<u8> {
    let zigzag = count << 1;
    let mut datum: Vec<u8> = (0..4).map(|n| (zigzag >> (7 * n)) as u8 | 0x80).collect();
    datum.push((zigzag >> 28) as u8);
    datum.extend(item.repeat(count as usize));
    datum.push(0);
    datum
}

fn worst() -> Vec<Worst> {
    let list = |items: &str| format!(r#"{{"type": "array", "items": {items}}}"#);
    let map = |values: &str| format!(r#"{{"type": "map", "values": {values}}}"#);
    let branches: Vec<String> = (0..100).map(|n| record(&format!("B{n}"), &["\"boolean\""])).collect();
    let one = |name, schema, datum| Worst { name, schema, datum };
    vec![
        one("records that double and have no bytes", doubling(), vec![]),
        one("a list of records that double", list(&doubling()), block(10_000, b"")),
        one("sixty records around each byte", list(&chain("\"boolean\"")), block(100_000, b"\x01")),
        one("sixty records around each nullable", list(&chain(r#"["null", "int"]"#)), block(100_000, b"\x00")),
        one(
            "records of two bytes",
            list(&record("T", &["\"boolean\"", &chain("\"boolean\"")])),
            block(50_000, b"\x01\x01"),
        ),
        one("lists of no items", list(&list("\"int\"")), block(100_000, b"\x00")),
        one("a block for each item", list("\"boolean\""), [&b"\x02\x01".repeat(50_000)[..], b"\x00"].concat()),
        one("a map of empty keys", map("\"null\""), block(100_000, b"\x00")),
        one("a union of a hundred records", list(&format!("[{}]", branches.join(","))), block(50_000, b"\x02\x01")),
        one("nulls", list("\"null\""), block(10_000, b"")),
        one("empty text", list("\"string\""), block(100_000, b"\x00")),
        one("a linked list as long as may be", record("L", &[r#"["null", "L"]"#]), [&[2; 63][..], &[0]].concat()),
        one("a linked list that is longer", record("L", &[r#"["null", "L"]"#]), vec![2; 100_000]),
    ]
}

#[test]
fn the_worst_datum_is_skipped_in_some_steps_a_byte() {
    let mut table = Table::new("Skipping");
    let bound = Bound { steps: 3.0, least_steps: 10, least_peak: 1_024, least_allocations: 8, ..Bound::default() };
    for Worst { name, schema, datum } in worst() {
        let schema = Schema::parse(
            &record("W", &[&schema, "\"long\""]).replace("\"f1\", \"type\": \"long\"", "\"tail\", \"type\": \"long\""),
        )
        .unwrap();
        let plan = Plan::<Tail>::compile(&schema, &Limits::default()).unwrap();
        let datum = [&datum[..], &[2]].concat();
        table.row(name, Cost::of(datum.len(), || Some(plan.decode_counting(&datum).1)), bound);
    }
    table.check();
}

/// Read as a generic value, the most expensive type: the limits bound its memory for every datum.
#[test]
fn the_worst_datum_takes_no_more_memory_than_the_limits_allow() {
    let limits = Limits { max_output_bytes: 8 << 20, ..Limits::default() };
    let mut table = Table::new("Reading as a value, with 8 MiB to spend");
    let most = 2 * limits.max_output_bytes as u64;
    let bound = Bound { peak: 0.0, least_peak: most, allocations: 60.0, least_allocations: 40_000, ..Bound::default() };
    for Worst { name, schema, datum } in worst() {
        let plan = Plan::<Value>::compile(&Schema::parse(&schema).unwrap(), &limits).unwrap();
        table.row(name, Cost::of(datum.len(), || plan.decode(&datum).map(drop).map_or(None, |()| None)), bound);
    }
    table.check();
}

/// A Glue frame around `bytes`, compressed.
fn glue(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new([&[3, 5][..], &[7; 16]].concat(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn the_worst_stream_inflates_to_no_more_than_was_reserved() {
    let mut table = Table::new("zlib");
    let zeros = |length: usize| glue(&vec![0; length]);
    for (name, frame) in [
        ("zeros, a little", zeros(100_000)),
        ("zeros, up to the bound", zeros(MAX_INFLATED_BYTES)),
        ("zeros beyond the bound", zeros(64 << 20)),
        ("a stream that is cut", zeros(8 << 20).split_last_chunk::<8>().unwrap().0.to_vec()),
        ("a stream with bytes behind it", [&zeros(8 << 20)[..], &[0]].concat()),
        ("bytes that are not a stream", [&[3, 5][..], &[7; 16], &[0xff; 100_000]].concat()),
    ] {
        let naming =
            Cost::of(frame.len(), || split(FrameFormat::Glue, &frame, SchemaHints::default()).map(|_| None).unwrap());
        table.row(
            format!("{name}: its schema"),
            naming,
            Bound { least_peak: 0, least_allocations: 0, ..Bound::default() },
        );
        let body = split(FrameFormat::Glue, &frame, SchemaHints::default()).unwrap().body;
        let reserved = inflates_to_at_most(&frame) as u64;
        assert!(reserved <= MAX_INFLATED_BYTES as u64);
        let cost = Cost::of(frame.len(), || body.inflate().map(drop).map_or(None, |()| None));
        // The buffer grows by doubling, and both exist for a moment.
        let bound = Bound { peak: 4.0, least_peak: 2 * reserved + (64 << 10), ..Bound::default() };
        table.row(format!("{name}: inflated"), cost, bound);
    }
    table.check();
}

#[test]
fn the_worst_headers_cost_a_small_multiple_of_their_bytes() {
    let mut table = Table::new("Headers");
    let bound = Bound { steps: 0.5, peak: 4.0, allocations: 0.5, ..Bound::default() };
    let event = |headers: &str| {
        format!(
            r#"{{"eventSource": "aws:kafka", "records": {{"t-0": [{{"topic": "t", "partition": 0, "offset": 0, "timestamp": 0,
                "timestampType": "CREATE_TIME", "headers": {headers}}}]}}}}"#
        )
    };
    for (name, headers) in [
        ("empty headers", format!("[{}]", [r#"{"":[]}"#; 50_000].join(","))),
        ("nulls", format!("[{}]", [r#"{"a":null}"#; 50_000].join(","))),
        ("one long value", format!(r#"[{{"a":[{}]}}]"#, ["-1"; 100_000].join(","))),
        ("values that are not bytes", format!("[{}]", [r#"{"a":[999]}"#; 50_000].join(","))),
        ("names in escapes", format!("[{}]", [r#"{"\u0061\ud83d\ude00":[1]}"#; 20_000].join(","))),
        ("one object of many headers", format!("[{{{}}}]", [r#""a":[1]"#; 50_000].join(","))),
        ("no objects", format!("[{}]", ["1"; 100_000].join(","))),
        ("nested objects", format!("[{}{}]", r#"{"a":"#.repeat(100), "}".repeat(100))),
    ] {
        let body = event(&headers);
        let cost = Cost::of(body.len(), || {
            let event = Event::scan(body.as_bytes()).unwrap();
            let mut steps = 0;
            for entry in event.partitions.iter().flat_map(|partition| &partition.records) {
                let Entry::Record(record) = entry else { continue };
                steps += record.headers.iter().count() as u64;
                let _ = (record.headers.contains("b"), record.headers.get_last("b"));
            }
            Some(steps)
        });
        table.row(name, cost, bound);
    }
    table.check();
}

/// An error that quotes a long name, caused by another one, and so on.
#[derive(Debug)]
struct Quoting {
    name: String,
    cause: Option<Box<Quoting>>,
}

impl fmt::Display for Quoting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not what it should be", self.name)
    }
}

impl Error for Quoting {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_ref().map(|cause| cause as &(dyn Error + 'static))
    }
}

impl Failure for Quoting {
    fn disposition(&self) -> Disposition {
        Disposition::DeadLetter
    }
    fn code(&self) -> &'static str {
        "quoting"
    }
    fn blame(&self) -> Blame {
        Blame::Record
    }
}

#[test]
fn the_worst_error_makes_a_text_that_fits_a_letter() {
    let mut table = Table::new("Error texts");
    let nested = |causes: usize, length: usize| {
        let name = |n: usize| format!("{n}{}", "ä\n\u{0}".repeat(length / 4));
        (0..causes).fold(Quoting { name: name(0), cause: None }, |cause, n| Quoting {
            name: name(n + 1),
            cause: Some(Box::new(cause)),
        })
    };
    for (name, causes, length) in
        [("one long name", 0, 4 << 20), ("many causes", 1_000, 16), ("many causes of long names", 100, 40 << 10)]
    {
        let fault = Fault::new(Stage::Decode, nested(causes, length));
        let cost = Cost::of(causes * length + length, || {
            let text = fault.to_string();
            assert!(text.len() <= MAX_ERROR_CHAIN + 17 * 64, "{name}: {} bytes", text.len());
            Some(text.len() as u64)
        });
        table.row(name, cost, Bound { least_steps: 8_192, least_peak: 32 << 10, ..Bound::default() });
    }
    table.check();
}
