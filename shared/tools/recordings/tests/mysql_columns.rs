//! Every column type of the recorded MySQL table, read by its wrapper.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that meets a surprise must fail")]

use std::collections::HashMap;

use avro_decode::{AvroRead, Decimal, Limits, Plan, Schema};
use debezium::types::{Bits, Date, Enum, EnumSet, Json, MicroTime, MicroTimestamp, Point, Year, ZonedTimestamp};
use debezium::{Change, RowImage};
use recordings::Recording;
use serde_json::Value;

#[derive(Debug, AvroRead)]
struct Order<'a> {
    id: i64,
    status: Enum<'a>,
    total: Decimal,
    channel: Option<&'a str>,
    items: Option<Json<'a>>,
    options: Option<EnumSet<'a>>,
    weight_kg: Option<f32>,
    rate: Option<f64>,
    flags: Option<Bits<'a>>,
    paid: Option<bool>,
    delivery_at: Option<Point<'a>>,
    receipt: Option<&'a [u8]>,
    placed_at: MicroTimestamp,
    updated_at: Option<ZonedTimestamp<'a>>,
    ship_date: Option<Date>,
    pickup: Option<MicroTime>,
    tax_year: Option<Year>,
}

fn hex(value: &Value) -> Option<Vec<u8>> {
    let hex = value["bytes_hex"].as_str()?;
    Some((0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect())
}

/// Compares a row with what another decoder read from the same bytes.
fn assert_row(row: &Order<'_>, expect: &Value) {
    assert_eq!(Some(row.id), expect["id"].as_i64());
    assert_eq!(Some(row.status.0), expect["status"].as_str());
    assert_eq!(row.channel, expect["channel"].as_str());
    assert_eq!(row.items.map(|items| items.0), expect["items"].as_str());
    assert!(row.items.is_none_or(|items| items.parse().is_ok()));
    assert_eq!(row.options.map(|options| options.0), expect["options"].as_str());
    assert_eq!(row.weight_kg.map(f64::from), expect["weight_kg"].as_f64());
    assert_eq!(row.rate, expect["rate"].as_f64());
    assert_eq!(row.paid, expect["paid"].as_bool());
    assert_eq!(row.flags.map(|flags| flags.0.to_vec()), hex(&expect["flags"]));
    assert!(row.flags.is_none_or(|flags| flags.to_u64().is_ok_and(|number| number < 8)), "bit(3)");
    assert_eq!(row.receipt.map(<[u8]>::to_vec), hex(&expect["receipt"]));
    assert_eq!(Some(row.placed_at.0), expect["placed_at"].as_i64());
    assert!(row.placed_at.to_datetime().is_ok());
    assert_eq!(row.updated_at.map(|at| at.0), expect["updated_at"].as_str());
    assert!(row.updated_at.is_none_or(|at| at.to_timestamp().is_ok()));
    assert_eq!(row.ship_date.map(|date| i64::from(date.0)), expect["ship_date"].as_i64());
    assert_eq!(row.pickup.map(|time| time.0), expect["pickup"].as_i64());
    assert_eq!(row.tax_year.map(|year| i64::from(year.0)), expect["tax_year"].as_i64());

    let total = hex(&expect["total"]).unwrap();
    let negative = total.first().is_some_and(|byte| byte & 0x80 != 0);
    let unscaled = total.iter().fold(if negative { -1 } else { 0 }, |number, byte| number << 8 | i128::from(*byte));
    assert_eq!(row.total, Decimal { unscaled, scale: 2 });

    let point = row.delivery_at.map(|point| (point.x, point.y, point.wkb.map(<[u8]>::to_vec), point.srid));
    let expected = &expect["delivery_at"];
    let expected = (!expected.is_null()).then(|| {
        let srid = expected["srid"].as_i64().map(|srid| i32::try_from(srid).unwrap());
        (expected["x"].as_f64().unwrap(), expected["y"].as_f64().unwrap(), hex(&expected["wkb"]), srid)
    });
    assert_eq!(point, expected);
}

#[test]
fn every_order_reads_as_another_decoder_reads_it_before_and_after() {
    let recording = Recording::of_repository("mysql-orders").unwrap();
    let mut plans: HashMap<u32, Plan<Change<Order>>> = HashMap::new();
    let (mut befores, mut afters, mut beyond_a_day) = (0, 0, 0);
    for record in recording.of_topic("cdc.mysql.shop.orders") {
        let Some(frame) = record.value_frame().unwrap() else { continue };
        let plan = plans.entry(frame.schema_id).or_insert_with(|| {
            let schema = Schema::parse(&recording.schemas[&frame.schema_id].schema).unwrap();
            Plan::compile(&schema, &Limits::default()).unwrap()
        });
        let change = plan.decode(&frame.datum).unwrap();
        let expect = &record.expected().value;
        assert_eq!(change.before(RowImage::Full).is_some(), expect["before"].is_object());
        assert_eq!(change.after().is_some(), expect["after"].is_object());
        if let Some(row) = change.before(RowImage::Full) {
            assert_row(row, &expect["before"]);
            befores += 1;
        }
        if let Some(row) = change.after() {
            assert_row(row, &expect["after"]);
            afters += 1;
            beyond_a_day += usize::from(row.pickup.is_some_and(|time| !(0..86_400_000_000).contains(&time.0)));
        }
    }
    assert_eq!(plans.len(), 2, "the table has two schema versions");
    assert!(befores > 20 && afters > 80 && beyond_a_day > 0);
}
