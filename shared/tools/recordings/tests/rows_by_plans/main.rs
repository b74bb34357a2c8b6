//! Recorded rows decode into structs, field for field as an independent implementation decoded them.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs, unreachable_pub)]

use std::collections::HashMap;

use avro_decode::{AvroRead, AvroType, Decimal, Limits, Plan, Schema};
use recordings::Recording;
use serde_json::{Value as Json, json};

mod types;
use types::{Account, Envelope, PostgresSource, Transaction};

type AccountChange<'a> = Envelope<'a, Account<'a>, PostgresSource<'a>>;
type OrderChange<'a> = Envelope<'a, Order<'a>, MysqlSource<'a>>;

#[derive(AvroRead)]
struct Order<'a> {
    id: i64,
    order_no: &'a str,
    account_id: &'a str,
    status: Status,
    total: Decimal,
    currency: Option<&'a str>,
    #[avro(default = "none yet")]
    channel: &'a str,
    qty: i64,
    gift: i32,
    items: Option<&'a str>,
    note: Option<&'a str>,
    options: Option<&'a str>,
    weight_kg: Option<f32>,
    rate: Option<f64>,
    flags: Option<&'a [u8]>,
    paid: Option<bool>,
    delivery_at: Option<Point<'a>>,
    receipt: Option<Vec<u8>>,
    placed_at: i64,
    updated_at: Option<&'a str>,
    ship_date: Option<i32>,
    pickup: Option<i64>,
    tax_year: Option<i32>,
}

/// Written as text: Debezium's enums are.
#[derive(AvroRead, Debug)]
#[avro(rename_all = "lowercase")]
enum Status {
    New,
    Paid,
    Shipped,
    Cancelled,
}

#[derive(AvroRead)]
struct Point<'a> {
    x: f64,
    y: f64,
    wkb: Option<&'a [u8]>,
    srid: Option<i32>,
}

#[derive(AvroRead)]
struct MysqlSource<'a> {
    file: &'a str,
    pos: i64,
    row: i32,
    snapshot: Option<&'a str>,
}

#[derive(AvroRead)]
struct LoginChange<'a> {
    after: Option<&'a str>,
    op: Option<&'a str>,
    #[avro(rename = "updateDescription")]
    update: Option<Update<'a>>,
    source: MongoSource,
}

#[derive(AvroRead)]
#[avro(rename_all = "camelCase")]
struct Update<'a> {
    removed_fields: Option<Vec<Option<&'a str>>>,
    updated_fields: Option<&'a str>,
}

#[derive(AvroRead)]
struct MongoSource {
    ts_ms: i64,
    ord: i32,
}

#[test]
fn accounts_decode_to_what_was_recorded_over_three_schema_versions() {
    let count = each::<AccountChange<'static>>("postgres-accounts", "public.accounts-value", |change, expected| {
        assert_eq!(json!(change.op), expected["op"]);
        for (row, expected) in [(&change.before, &expected["before"]), (&change.after, &expected["after"])] {
            check_account(row.as_ref(), expected);
        }
        let source = &change.source;
        let rendered = json!({
            "version": source.version, "connector": source.connector, "name": source.name, "ts_ms": source.ts_ms,
            "snapshot": source.snapshot, "db": source.db, "sequence": source.sequence, "ts_us": source.ts_us,
            "ts_ns": source.ts_ns, "schema": source.schema, "table": source.table, "txId": source.tx_id,
            "lsn": source.lsn, "xmin": source.xmin, "origin": source.origin, "origin_lsn": source.origin_lsn,
        });
        assert_eq!(rendered, expected["source"]);
        let transaction = change.transaction.as_ref().map(|Transaction { id, total_order, data_collection_order }| {
            json!({"id": id, "total_order": total_order, "data_collection_order": data_collection_order})
        });
        assert_eq!(json!(transaction), expected["transaction"]);
        assert_eq!(json!([change.ts_ms, change.ts_us, change.ts_ns]), list(expected, &["ts_ms", "ts_us", "ts_ns"]));
    });
    assert_eq!(count, 167);
}

fn check_account(row: Option<&Account<'_>>, expected: &Json) {
    let Some(row) = row else {
        return assert!(expected.is_null());
    };
    let mut rendered = json!({
        "id": row.id, "email": row.email, "full_name": row.full_name, "status": row.status, "locale": row.locale,
        "marketing_opt_in": row.marketing_opt_in, "credit": row.credit.map(decimal), "profile": row.profile,
        "tags": row.tags, "created_at": row.created_at, "updated_at": row.updated_at, "birth_date": row.birth_date,
        "bio": row.bio, "loyalty_tier": row.loyalty_tier,
    });
    // A field that the writer's version lacks is `None` here and missing in the expectation.
    let fields = rendered.as_object_mut().unwrap();
    fields.retain(|name, value| !value.is_null() || expected.get(name).is_some());
    let mut expected = expected.clone();
    unscaled(&mut expected["credit"]);
    assert_eq!(rendered, expected);
}

#[test]
fn orders_decode_to_what_was_recorded_over_two_schema_versions() {
    let count = each::<OrderChange<'static>>("mysql-orders", "shop.orders-value", |change, expected| {
        assert_eq!(json!(change.op), expected["op"]);
        for (row, expected) in [(&change.before, &expected["before"]), (&change.after, &expected["after"])] {
            check_order(row.as_ref(), expected);
        }
        let source = &change.source;
        assert_eq!(
            json!([source.file, source.pos, source.row, source.snapshot]),
            list(&expected["source"], &["file", "pos", "row", "snapshot"])
        );
    });
    assert_eq!(count, 96);
}

fn check_order(row: Option<&Order<'_>>, expected: &Json) {
    let Some(row) = row else {
        return assert!(expected.is_null());
    };
    let bytes = |b: &[u8]| json!({ "bytes_hex": hex(b) });
    let mut rendered = json!({
        "id": row.id, "order_no": row.order_no, "account_id": row.account_id,
        "status": format!("{:?}", row.status).to_lowercase(), "total": decimal(row.total), "currency": row.currency,
        "channel": row.channel, "qty": row.qty, "gift": row.gift, "items": row.items, "note": row.note,
        "options": row.options, "weight_kg": row.weight_kg.map(f64::from), "rate": row.rate,
        "flags": row.flags.map(bytes), "paid": row.paid,
        "delivery_at": row.delivery_at.as_ref().map(|p| json!({
            "x": p.x, "y": p.y, "wkb": p.wkb.map(bytes), "srid": p.srid,
        })),
        "receipt": row.receipt.as_deref().map(bytes), "placed_at": row.placed_at, "updated_at": row.updated_at,
        "ship_date": row.ship_date, "pickup": row.pickup, "tax_year": row.tax_year,
    });
    let mut expected = expected.clone();
    if expected.get("channel").is_none() {
        assert_eq!(rendered["channel"], "none yet");
        rendered.as_object_mut().unwrap().remove("channel");
    }
    unscaled(&mut expected["total"]);
    assert_eq!(rendered, expected);
}

#[test]
fn logins_decode_to_what_was_recorded() {
    let count = each::<LoginChange<'static>>("mongodb-logins", "users.login-value", |change, expected| {
        assert_eq!(json!([change.after, change.op]), list(expected, &["after", "op"]));
        let source = &change.source;
        assert_eq!(json!([source.ts_ms, source.ord]), list(&expected["source"], &["ts_ms", "ord"]));
        match &change.update {
            None => assert!(expected["updateDescription"].is_null()),
            Some(update) => {
                assert_eq!(json!(update.removed_fields), expected["updateDescription"]["removedFields"]);
                assert_eq!(json!(update.updated_fields), expected["updateDescription"]["updatedFields"]);
            }
        }
    });
    assert_eq!(count, 123);
}

/// Decodes each value of the subject, and gives it to `check` with its `expect`.
fn each<T: AvroType>(folder: &str, subject: &str, check: impl Fn(&T::Of<'_>, &Json)) -> usize {
    let recording = Recording::of_repository(folder).unwrap();
    let of_subject = recording.schemas.iter().filter(|(_, schema)| schema.subject.ends_with(subject));
    let plans: HashMap<u32, Plan<T>> = of_subject
        .map(|(id, schema)| {
            let schema = Schema::parse(&schema.schema).unwrap();
            (*id, Plan::compile(&schema, &Limits::default()).unwrap())
        })
        .collect();
    let mut count = 0;
    for record in &recording.records {
        let Some(frame) = record.value_frame().unwrap() else { continue };
        if let Some(plan) = plans.get(&frame.schema_id) {
            check(&plan.decode(&frame.datum).unwrap(), &record.expected().value);
            count += 1;
        }
    }
    count
}

fn list(of: &Json, names: &[&str]) -> Json {
    names.iter().map(|name| of[name].clone()).collect()
}

fn decimal(decimal: Decimal) -> Json {
    assert_eq!(decimal.scale, 2);
    json!(i64::try_from(decimal.unscaled).unwrap())
}

/// Turns a decimal's bytes into its unscaled number.
fn unscaled(bytes: &mut Json) {
    if let Some(text) = bytes["bytes_hex"].as_str() {
        let sign = if text.as_bytes()[0] >= b'8' { "f" } else { "0" };
        let full = format!("{}{text}", sign.repeat(16 - text.len()));
        *bytes = json!(u64::from_str_radix(&full, 16).unwrap() as i64);
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
