//! The costs of the worst schemas: of parsing and compiling them.

use avro_decode::{AvroRead, AvroType, Lenient, Limits, Plan, Schema, Value, incompatibilities};

use crate::table::{Bound, Cost, Table};

/// A registry's answer has at most 4 MiB; the costs grow with the length, as a separate test shows.
const LENGTH: usize = 512 << 10;

#[derive(AvroRead)]
#[allow(dead_code, reason = "only its compilation is measured")]
struct Row<'a> {
    f1: Option<i64>,
    f7: Lenient<&'a str>,
    next: Option<Box<Row<'a>>>,
    kind: Lenient<Kind>,
}

#[derive(AvroRead)]
enum Kind {
    S1,
    #[avro(default)]
    Other,
}

#[derive(AvroRead)]
#[allow(dead_code, reason = "only its compilation is measured")]
enum Event<'a> {
    Row(Row<'a>),
    Text(&'a str),
    #[avro(other)]
    Other,
}

/// So many bytes of items, separated by commas.
fn list(length: usize, one: impl Fn(usize) -> String) -> String {
    let mut text = String::new();
    for n in 0.. {
        if text.len() >= length {
            break;
        }
        if n > 0 {
            text.push(',');
        }
        text.push_str(&one(n));
    }
    text
}

fn record(name: &str, fields: &str) -> String {
    format!(r#"{{"type":"record","name":"{name}","fields":[{fields}]}}"#)
}

/// Makers of schemas of about so many bytes.
type Hostile = (&'static str, fn(usize) -> String);

const SCHEMAS: &[Hostile] = &[
    ("a record of many fields", |length| record("R", &list(length, |n| format!(r#"{{"name":"f{n}","type":"int"}}"#)))),
    ("an enum of many symbols", |length| {
        format!(r#"{{"type":"enum","name":"E","symbols":[{}]}}"#, list(length, |n| format!("\"S{n}\"")))
    }),
    ("many fields of one enum of many symbols", |length| {
        let symbols = list(length / 2, |n| format!("\"S{n}\""));
        let first = format!(r#"{{"name":"kind","type":{{"type":"enum","name":"E","symbols":[{symbols}]}}}}"#);
        record("R", &format!("{first},{}", list(length / 2, |n| format!(r#"{{"name":"f{n}","type":"E"}}"#))))
    }),
    ("many records with one enum of many symbols", |length| {
        let symbols = list(length / 2, |n| format!("\"S{n}\""));
        let kind = format!(r#"{{"type":"enum","name":"E","symbols":[{symbols}]}}"#);
        let rows = list(length / 2, |n| record(&format!("n{n}.Row"), r#"{"name":"kind","type":"E"}"#));
        format!("[{kind},{rows}]")
    }),
    ("a union of many types", |length| {
        format!("[{}]", list(length, |n| format!(r#"{{"type":"fixed","name":"F{n}","size":{n}}}"#)))
    }),
    ("a union of many types of one name", |length| {
        format!("[{}]", list(length, |n| format!(r#"{{"type":"fixed","name":"n{n}.F","size":1}}"#)))
    }),
    ("a type of many aliases, used by many fields", |length| {
        let aliases = list(length / 2, |n| format!("\"A{n}\""));
        let fixed = format!(r#"{{"name":"f0","type":{{"type":"fixed","name":"F","size":1,"aliases":[{aliases}]}}}}"#);
        record("R", &format!("{fixed},{}", list(length / 2, |n| format!(r#"{{"name":"f{}","type":"F"}}"#, n + 1))))
    }),
    ("fields of many aliases", |length| {
        record(
            "R",
            &list(length, |n| {
                let aliases = list(400, |a| format!("\"a{n}_{a}\""));
                format!(r#"{{"name":"f{n}","type":"int","aliases":[{aliases}]}}"#)
            }),
        )
    }),
    ("names ahead of their definitions", |length| {
        let uses = list(length / 3, |n| format!(r#"{{"name":"f{n}","type":"T{n}"}}"#));
        let count = uses.matches("name").count();
        let definitions: Vec<String> = (0..count)
            .map(|n| format!(r#"{{"name":"d{n}","type":{{"type":"fixed","name":"T{n}","size":1}}}}"#))
            .collect();
        record("R", &format!("{uses},{}", definitions.join(",")))
    }),
    ("names ahead of their definitions, below a long name", |length| {
        let inner = record("I", &list(length / 4, |n| format!(r#"{{"name":"f{n}","type":"T{}"}}"#, n % 100)));
        let outer = format!(r#"{{"name":"{}","type":{inner}}}"#, "x".repeat(length * 3 / 4));
        let types = (0..100).map(|n| format!(r#",{{"name":"t{n}","type":{{"type":"fixed","name":"T{n}","size":1}}}}"#));
        record("R", &format!("{outer}{}", types.collect::<String>()))
    }),
    ("one definition, repeated", |length| {
        record("R", &list(length, |n| format!(r#"{{"name":"f{n}","type":{{"type":"fixed","name":"F","size":1}}}}"#)))
    }),
    ("records that each hold the next one twice", |length| {
        let count = length / 80;
        let next = |n: usize| if n + 1 < count { format!("R{}", n + 1) } else { "int".to_owned() };
        let rows = (0..count).map(|n| {
            record(&format!("R{n}"), &format!(r#"{{"name":"a","type":"{0}"}},{{"name":"b","type":"{0}"}}"#, next(n)))
        });
        format!("[{}]", rows.collect::<Vec<_>>().join(","))
    }),
    ("long names in a long namespace", |length| {
        let types = list(length * 7 / 8, |n| format!(r#"{{"type":"fixed","name":"F{n}","size":1}}"#));
        let namespace = "n".repeat(500);
        format!(
            r#"{{"type":"record","name":"R","namespace":"{namespace}","fields":[{{"name":"f","type":[{types}]}}]}}"#
        )
    }),
    ("a thousand nested arrays, many times", |length| {
        let nested = format!("{}\"int\"{}", r#"{"type":"array","items":"#.repeat(990), "}".repeat(990));
        record("R", &list(length, |n| format!(r#"{{"name":"f{n}","type":{nested}}}"#)))
    }),
    ("attributes that are not read", |length| {
        format!(
            r#"{{"type":"int","x":[{}],"y":[{}]}}"#,
            list(length / 2, |_| "0".into()),
            list(length / 2, |_| "{}".into())
        )
    }),
    ("defaults of many values", |length| {
        let defaults = list(length, |_| "[0]".into());
        let lists = r#"{"type":"array","items":{"type":"array","items":"int"}}"#;
        record("R", &format!(r#"{{"name":"f1","type":{lists},"default":[{defaults}]}}"#))
    }),
    ("escapes and comments", |length| {
        let escapes = "\\ud800".repeat(length / 12);
        let comments = "/**/".repeat(length / 8);
        format!(r#"{{"type":"int",{comments}"doc":"{escapes}"}}"#)
    }),
];

fn compiled<T: AvroType>(schema: &Schema) -> u64 {
    // A refused schema took no more steps than an accepted one; its memory is counted all the same.
    Plan::<T>::compile(schema, &Limits::default()).map_or(0, |plan| plan.steps())
}

/// A way to compile a schema, with the steps that it takes.
type Way = (&'static str, fn(&Schema) -> u64);

const WAYS: &[Way] = &[
    ("as a value", compiled::<Value<'static>>),
    ("as a struct", compiled::<Row<'static>>),
    ("as an enum", compiled::<Event<'static>>),
    ("against itself", |schema| {
        Plan::compile_with_reader(schema, schema, &Limits::default()).map_or(0, |plan| plan.steps())
    }),
    ("surveyed", |schema| incompatibilities(schema, schema).len() as u64),
];

#[test]
fn the_worst_schema_costs_a_small_multiple_of_its_bytes() {
    let parsing = Bound { steps: 1.0, peak: 40.0, allocations: 0.3, ..Bound::default() };
    let compiling = Bound { steps: 1.0, peak: 16.0, allocations: 1.2, ..Bound::default() };
    let mut table = Table::new("Schemas: parsing and compiling");
    for (name, schema) in SCHEMAS {
        let text = schema(LENGTH);
        table.row(*name, Cost::of(text.len(), || Some(Schema::parse(&text).unwrap().steps())), parsing);
        let parsed = Schema::parse(&text).unwrap();
        for (way, compile) in WAYS {
            table.row(format!("  {way}"), Cost::of(text.len(), || Some(compile(&parsed))), compiling);
        }
    }
    table.check();
}

/// Twice the schema, twice the cost: in steps, memory and allocations.
#[test]
fn the_cost_of_a_schema_grows_no_faster_than_its_length() {
    for (name, schema) in SCHEMAS {
        let costs = |length: usize| {
            let text = schema(length);
            let parsing = Cost::of(text.len(), || Some(Schema::parse(&text).unwrap().steps()));
            let parsed = Schema::parse(&text).unwrap();
            let ways = WAYS.iter().map(|(_, compile)| Cost::of(text.len(), || Some(compile(&parsed))));
            [parsing].into_iter().chain(ways).collect::<Vec<Cost>>()
        };
        for (fewer, more) in costs(64 << 10).into_iter().zip(costs(128 << 10)) {
            let longer = more.input as f64 / fewer.input as f64;
            for (what, before, after) in [
                ("steps", fewer.steps.unwrap_or_default(), more.steps.unwrap_or_default()),
                ("bytes at one time", fewer.peak, more.peak),
                ("allocations", fewer.allocations, more.allocations),
            ] {
                // Tables and lists grow by doubling, so one byte more may take twice the memory.
                let most = before as f64 * longer * 2.1 + 16_384.0;
                assert!(after as f64 <= most, "{name}: {before} {what}, then {after}");
            }
        }
    }
}

/// A refused schema costs no more than an accepted one, also where two schemas form more and more pairs of types.
#[test]
fn a_schema_that_is_refused_costs_no_more() {
    let mut table = Table::new("Schemas that are refused");
    let parsing = Bound { peak: 60.0, allocations: 0.5, ..Bound::default() };
    let refused: [Hostile; 6] = [
        ("brackets that open and never close", |length| "[".repeat(length)),
        ("an array of no schemas", |length| format!("[{}]", list(length, |_| "0".into()))),
        ("names that are never defined", |length| format!("[{}]", list(length, |n| format!("\"T{n}\"")))),
        ("a text that does not end", |length| format!("\"{}", "\\n".repeat(length / 2))),
        ("a name of the whole schema", |length| format!("\"{}\"", "x".repeat(length))),
        ("a namespace that all names repeat", |length| {
            let types = list(length / 2, |n| format!(r#"{{"type":"fixed","name":"F{n}","size":1}}"#));
            let namespace = "n".repeat(length / 2);
            format!(
                r#"{{"type":"record","name":"R","namespace":"{namespace}","fields":[{{"name":"f","type":[{types}]}}]}}"#
            )
        }),
    ];
    for (name, schema) in refused {
        let text = schema(LENGTH);
        let cost = Cost::of(text.len(), || {
            let error = Schema::parse(&text).unwrap_err().to_string();
            assert!(error.len() <= 4_096, "{name}: an error of {} bytes", error.len());
            None
        });
        table.row(name, cost, parsing);
    }
    let ring = |length: usize, ahead: &str, behind: &str| {
        let rows = (0..length).map(|n| {
            let (next, own) = (format!("n{}.R", (n + 1) % length), format!("n{n}.R"));
            let at = |which: &str| if which == "next" { next.clone() } else { own.clone() };
            let field = |name: &str, ty: String| format!(r#"{{"name":"{name}","type":["null","{ty}"]}}"#);
            let fields = [field("a", next.clone()), field("b", at(ahead)), field("c", at(behind))];
            record(&own, &fields.join(","))
        });
        format!("[{}]", rows.collect::<Vec<_>>().join(","))
    };
    let (writer, reader) = (ring(900, "next", "own"), ring(901, "own", "next"));
    let (writer_schema, reader_schema) = (Schema::parse(&writer).unwrap(), Schema::parse(&reader).unwrap());
    let cost = Cost::of(writer.len() + reader.len(), || {
        let error = Plan::compile_with_reader(&writer_schema, &reader_schema, &Limits::default()).unwrap_err();
        assert_eq!(error.code(), "avro_resolve_steps");
        None
    });
    table.row(
        "two rings whose types form more and more pairs",
        cost,
        Bound { peak: 400.0, allocations: 10.0, ..parsing },
    );
    table.check();
}

/// Runs on a thread with the smallest stack that a function has.
#[test]
fn no_schema_exhausts_the_stack() {
    let chain = |ty: &str| {
        let rows = (0..5_000).map(|n| {
            record(
                &format!("C{n}"),
                &format!(r#"{{"name":"next","type":{}}}"#, ty.replace('#', &format!("C{}", n + 1))),
            )
        });
        format!("[{},{}]", rows.collect::<Vec<_>>().join(","), record("C5000", ""))
    };
    let mut texts = vec![chain("\"#\""), chain("[\"null\",\"#\"]")];
    texts.extend(SCHEMAS.iter().map(|(_, schema)| schema(64 << 10)));
    std::thread::Builder::new()
        .stack_size(2 << 20)
        .spawn(move || {
            for text in texts {
                let schema = Schema::parse(&text).unwrap();
                for (_, compile) in WAYS {
                    compile(&schema);
                }
            }
        })
        .unwrap()
        .join()
        .unwrap();
}
