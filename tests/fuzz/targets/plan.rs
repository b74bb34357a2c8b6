//! Schemas from a hostile registry: parsing, resolving one against another, and decoding a datum with the resulting plan.
#![no_main]

use std::borrow::Cow;

use avro_decode::{AvroRead, AvroType, Decimal, DecimalBytes, Limits, Plan, Schema, Value, Lenient};

#[derive(AvroRead)]
#[allow(dead_code)]
struct Row<'a> {
    a: Lenient<Cow<'a, str>>,
    b: Lenient<Box<Row<'a>>>,
    c: Option<Vec<Lenient<Decimal>>>,
    d: Lenient<Either<'a>>,
    e: Lenient<jiff::civil::Date>,
    f: Lenient<jiff::civil::DateTime>,
}

#[derive(AvroRead)]
#[allow(dead_code)]
enum Either<'a> {
    Row(Box<Row<'a>>),
    Symbol(Symbol),
    Number(DecimalBytes<'a>),
    #[avro(other)]
    Other,
}

#[derive(AvroRead)]
enum Symbol {
    A,
    #[avro(default)]
    Other,
}

fn read<T: AvroType>(writer: &Schema, limits: &Limits, datum: &[u8]) {
    match Plan::<T>::compile(writer, limits) {
        Ok(plan) => {
            let (read, steps) = plan.decode_counting(datum);
            assert!(steps <= 200 * (datum.len() as u64 + 1), "{steps} steps for {} bytes", datum.len());
            assert!(read.err().is_none_or(|error| error.to_string().len() <= 4_096));
        }
        Err(error) => assert!(error.to_string().len() <= 4_096),
    }
}

libfuzzer_sys::fuzz_target!(|input: (&str, &str, &[u8])| {
    let (writer, reader, datum) = input;
    // This parser reads everything that serde reads as JSON; serde refuses comments and halves of surrogate pairs.
    let as_text = serde_json::to_string(writer).expect("text");
    let named = format!(r#"{{"type": "fixed", "name": "F", "size": 1, "aliases": [{as_text}]}}"#);
    assert!(Schema::parse(&named).is_ok(), "{named}");
    let parsed = match Schema::parse(writer) {
        Ok(parsed) => parsed,
        Err(error) => {
            let text = error.to_string();
            assert!(text.len() <= 4_096);
            assert!(!text.contains("not JSON") || serde_json::from_str::<serde_json::Value>(writer).is_err(), "{text}");
            return;
        }
    };
    let _ = (parsed.peculiarities(), parsed.invalid_defaults());
    let writer = parsed;
    let limits = Limits::default();
    read::<Value>(&writer, &limits, datum);
    read::<Row>(&writer, &limits, datum);
    read::<Either>(&writer, &limits, datum);
    let Ok(reader) = Schema::parse(reader) else { return };
    let found = avro_decode::incompatibilities(&writer, &reader);
    assert!(found.iter().all(|found| found.to_string().len() <= 16_384));
    if let Ok(plan) = Plan::compile_with_reader(&writer, &reader, &limits) {
        let _ = plan.decode(datum);
    }
});
