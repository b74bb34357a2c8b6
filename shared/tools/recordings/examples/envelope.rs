//! Measures decoding of recorded Debezium envelopes: a whole one, a few fields of one, and a decoder written by hand.
//!
//! `cargo run --profile bench -p recordings --example envelope`

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, missing_docs, unreachable_pub, dead_code)]

use std::hint::black_box;
use std::time::Instant;

use avro_decode::{AvroRead, AvroType, Decimal, Limits, Plan, Schema, Value};

#[path = "../tests/rows_by_plans/types.rs"]
mod types;
use types::{Account, Envelope, PostgresSource, Transaction};

type Whole<'a> = Envelope<'a, Account<'a>, PostgresSource<'a>>;

#[derive(AvroRead)]
struct Few<'a> {
    after: Option<FewOfRow<'a>>,
    op: &'a str,
    source: FewOfSource,
}
#[derive(AvroRead)]
struct FewOfRow<'a> {
    id: &'a str,
    email: &'a str,
    credit: Option<Decimal>,
    bio: Option<&'a str>,
}
#[derive(AvroRead)]
struct FewOfSource {
    lsn: Option<i64>,
}

fn main() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../events/recorded/postgres-accounts/");
    let schemas = std::fs::read_to_string(format!("{folder}schemas.json")).unwrap();
    let schemas: serde_json::Value = serde_json::from_str(&schemas).unwrap();
    let writer = Schema::parse(schemas["100002"]["schema"].as_str().unwrap()).unwrap();
    let mut data: Vec<Vec<u8>> = Vec::new();
    for line in std::fs::read_to_string(format!("{folder}records.jsonl")).unwrap().lines() {
        let record: serde_json::Value = serde_json::from_str(line).unwrap();
        let Some(value) = record["value"].as_str() else { continue };
        let bytes = base64_simd::STANDARD.decode_to_vec(value).unwrap();
        // Rows with a text of kilobytes would measure the check of that text's UTF-8 alone.
        if bytes[1..5] == 100002u32.to_be_bytes() && bytes.len() < 800 {
            data.push(bytes[5..].to_vec());
        }
    }
    let bytes: usize = data.iter().map(Vec::len).sum();
    println!("{} records, {} bytes on average", data.len(), bytes / data.len());

    run::<Whole<'static>>("whole envelope, derived", &writer, &data);
    time("whole envelope, by hand", &data, |datum| {
        black_box(by_hand(datum));
    });
    run::<Few<'static>>("7 fields, derived", &writer, &data);
    run::<Value<'static>>("generic value", &writer, &data);
}

fn run<T: AvroType>(name: &str, writer: &Schema, data: &[Vec<u8>]) {
    let plan = Plan::<T>::compile(writer, &Limits::default()).unwrap();
    time(name, data, |datum| {
        black_box(plan.decode(black_box(datum)).unwrap());
    });
}

fn time(name: &str, data: &[Vec<u8>], mut decode: impl FnMut(&[u8])) {
    if std::env::args().nth(1).is_some_and(|only| !name.contains(&only)) {
        return;
    }
    let mut best = f64::MAX;
    for _ in 0..100 {
        let start = Instant::now();
        for _ in 0..40 {
            data.iter().for_each(|datum| decode(datum));
        }
        best = best.min(start.elapsed().as_nanos() as f64 / (40 * data.len()) as f64);
    }
    println!("{name}: {best:.0} ns a record");
}

/// The floor: no plan, no schema, the order of this one writer.
struct Hand<'a>(&'a [u8]);

impl<'a> Hand<'a> {
    fn long(&mut self) -> i64 {
        let mut n = 0u64;
        let mut shift = 0;
        loop {
            let (byte, rest) = self.0.split_first().expect("more");
            self.0 = rest;
            n |= u64::from(byte & 0x7f) << shift;
            if *byte < 0x80 {
                return (n >> 1) as i64 ^ -((n & 1) as i64);
            }
            shift += 7;
        }
    }
    fn bytes(&mut self) -> &'a [u8] {
        let len = self.long() as usize;
        let (taken, rest) = self.0.split_at(len);
        self.0 = rest;
        taken
    }
    fn text(&mut self) -> &'a str {
        std::str::from_utf8(self.bytes()).expect("text")
    }
    fn option<T>(&mut self, null: i64, read: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (self.long() != null).then(|| read(self))
    }
    fn row(&mut self) -> Account<'a> {
        Account {
            id: self.text(),
            email: self.text(),
            full_name: self.text(),
            status: self.option(1, Self::text),
            locale: self.option(0, Self::text),
            marketing_opt_in: self.option(0, |s| {
                let (byte, rest) = s.0.split_first().expect("more");
                s.0 = rest;
                *byte == 1
            }),
            credit: self.option(0, |s| {
                let mut n = 0;
                for byte in s.bytes() {
                    n = n << 8 | i128::from(*byte);
                }
                Decimal { unscaled: n, scale: 2 }
            }),
            profile: self.option(0, Self::text),
            tags: self.option(0, |s| {
                let mut tags = Vec::new();
                loop {
                    let count = s.long();
                    if count == 0 {
                        return tags;
                    }
                    for _ in 0..count {
                        tags.push(s.option(0, Self::text));
                    }
                }
            }),
            created_at: self.option(0, Self::text),
            updated_at: self.option(0, Self::long),
            birth_date: self.option(0, |s| s.long() as i32),
            bio: self.option(0, Self::text),
            loyalty_tier: None,
        }
    }
}

fn by_hand(datum: &[u8]) -> Whole<'_> {
    let mut s = Hand(datum);
    Envelope {
        before: s.option(0, Hand::row),
        after: s.option(0, Hand::row),
        source: PostgresSource {
            version: s.text(),
            connector: s.text(),
            name: s.text(),
            ts_ms: s.long(),
            snapshot: s.option(1, Hand::text),
            db: s.text(),
            sequence: s.option(0, Hand::text),
            ts_us: s.option(0, Hand::long),
            ts_ns: s.option(0, Hand::long),
            schema: s.text(),
            table: s.text(),
            tx_id: s.option(0, Hand::long),
            lsn: s.option(0, Hand::long),
            xmin: s.option(0, Hand::long),
            origin: s.option(0, Hand::text),
            origin_lsn: s.option(0, Hand::long),
        },
        transaction: s.option(0, |s| Transaction {
            id: s.text(),
            total_order: s.long(),
            data_collection_order: s.long(),
        }),
        op: s.text(),
        ts_ms: s.option(0, Hand::long),
        ts_us: s.option(0, Hand::long),
        ts_ns: s.option(0, Hand::long),
    }
}
