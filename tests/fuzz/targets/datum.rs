//! Data with schemas of real connectors, read as generic values and into a struct.
#![no_main]

use std::sync::LazyLock;

use avro_decode::{AvroRead, Limits, Plan, Schema, Value};

#[derive(AvroRead)]
#[allow(dead_code)]
struct Row<'a> {
    id: Option<&'a str>,
    email: Option<&'a str>,
    tags: Option<Vec<Option<&'a str>>>,
    updated_at: Option<i64>,
}

#[derive(AvroRead)]
#[allow(dead_code)]
struct Envelope<'a> {
    before: Option<Row<'a>>,
    after: Option<Row<'a>>,
    op: Option<&'a str>,
}

struct Plans {
    whole: Plan<Value<'static>>,
    narrow: Option<Plan<Envelope<'static>>>,
}

static PLANS: LazyLock<Vec<Plans>> = LazyLock::new(|| {
    let recordings = [
        include_str!("../../../events/recorded/postgres-accounts/schemas.json"),
        include_str!("../../../events/recorded/mysql-orders/schemas.json"),
        include_str!("../../../events/recorded/mongodb-logins/schemas.json"),
    ];
    let mut plans = Vec::new();
    for recording in recordings {
        let schemas: serde_json::Value = serde_json::from_str(recording).expect("JSON");
        for schema in schemas.as_object().expect("an object").values() {
            let schema = Schema::parse(schema["schema"].as_str().expect("text")).expect("a schema");
            plans.push(Plans {
                whole: Plan::compile(&schema, &Limits::default()).expect("a plan"),
                narrow: Plan::compile(&schema, &Limits::default()).ok(),
            });
        }
    }
    plans
});

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    let Some((which, datum)) = input.split_first() else { return };
    let plans = &PLANS[usize::from(*which) % PLANS.len()];
    // The two need not agree: skipping trusts a block's size in bytes, and does not check text.
    let _ = plans.whole.decode(datum);
    let _ = plans.narrow.as_ref().map(|narrow| narrow.decode(datum).is_ok());
});
