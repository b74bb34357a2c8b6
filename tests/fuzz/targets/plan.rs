//! Schemas from a hostile registry: parsing, resolving one against another, and a datum by whatever plan comes out.
#![no_main]

use avro_decode::{Limits, Plan, Schema, Value};

libfuzzer_sys::fuzz_target!(|input: (&str, &str, &[u8])| {
    let (writer, reader, datum) = input;
    let Ok(writer) = Schema::parse(writer) else { return };
    let limits = Limits::default();
    if let Ok(plan) = Plan::<Value>::compile(&writer, &limits) {
        let _ = plan.decode(datum);
    }
    let Ok(reader) = Schema::parse(reader) else { return };
    if let Ok(plan) = Plan::compile_with_reader(&writer, &reader, &limits) {
        let _ = plan.decode(datum);
    }
});
