//! Reads recorded bytes of real connectors as a function would.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets a surprise must fail"
)]

use std::collections::{BTreeMap, HashMap};

use avro_decode::{AvroRead, AvroType, Limits, Plan, Schema};
use debezium::types::{Json, MicroTimestamp, Toasted, ZonedTimestamp};
use debezium::{Change, Op, Precedence, RowImage, RowVersion};
use recordings::{Expected, Recording, folder_of};
use serde_json::Value;

/// The final state of a recorded table or collection, from a file beside its records.
fn final_state(recording: &str, file: &str) -> Value {
    serde_json::from_slice(&std::fs::read(folder_of(recording).join(file)).unwrap()).unwrap()
}

/// Each record of a topic with its value decoded; tombstones are left out.
fn each<T: AvroType>(recording: &Recording, topic: &str, mut see: impl FnMut(&Expected, T::Of<'_>)) -> usize {
    let mut plans: HashMap<u32, Plan<T>> = HashMap::new();
    let mut count = 0;
    for record in recording.of_topic(topic) {
        let Some(frame) = record.value_frame().unwrap() else { continue };
        let plan = plans.entry(frame.schema_id).or_insert_with(|| {
            let schema = Schema::parse(&recording.schemas[&frame.schema_id].schema).unwrap();
            Plan::compile(&schema, &Limits::default()).unwrap()
        });
        see(record.expected(), plan.decode(&frame.datum).unwrap());
        count += 1;
    }
    count
}

#[derive(Debug, AvroRead)]
struct Account<'a> {
    email: &'a str,
    full_name: &'a str,
    locale: Option<&'a str>,
    created_at: Option<ZonedTimestamp<'a>>,
    updated_at: Option<MicroTimestamp>,
    bio: Option<Toasted<'a>>,
}

fn op_of(record: &Expected) -> Op {
    match record.value["op"].as_str().unwrap() {
        "c" => Op::Create,
        "r" => Op::Read,
        "u" => Op::Update,
        "d" => Op::Delete,
        other => panic!("an operation that the recordings do not have: {other}"),
    }
}

#[test]
fn every_change_of_an_account_reads_under_all_three_schemas() {
    let recording = Recording::of_repository("postgres-accounts").unwrap();
    let count = each::<Change<Account>>(&recording, "cdc.postgres.public.accounts", |record, change| {
        let expect = &record.value;
        assert_eq!(change.op(), op_of(record));
        assert_eq!(change.after().map(|row| row.email), expect["after"]["email"].as_str());
        assert_eq!(change.after().and_then(|row| row.locale), expect["after"]["locale"].as_str());
        assert_eq!(change.source.unwrap().lsn, expect["source"]["lsn"].as_i64());
        assert!(change.row_version(0).is_some());
        if let Some(row) = change.after() {
            assert!(row.created_at.is_none_or(|at| at.to_timestamp().is_ok()));
            assert!(row.updated_at.is_none_or(|at| at.to_datetime().is_ok()));
        }
    });
    assert!(count > 150);
}

#[test]
fn a_deletes_fabricated_row_cannot_be_read_by_accident() {
    let recording = Recording::of_repository("postgres-accounts").unwrap();
    let mut deletes = 0;
    each::<Change<Account>>(&recording, "cdc.postgres.public.accounts", |_, change| {
        if change.op() == Op::Delete {
            deletes += 1;
            assert!(change.before(RowImage::KeyOnly).is_none());
            assert_eq!(change.before(RowImage::Full).unwrap().email, "", "what the connector made up");
        }
    });
    assert!(deletes > 0);
}

#[test]
fn heartbeats_and_transaction_markers_are_recognised() {
    let recording = Recording::of_repository("postgres-accounts").unwrap();
    let heartbeats = each::<Change<Account>>(&recording, "__debezium-heartbeat.cdc.postgres", |_, change| {
        assert!(change.is_heartbeat() && !change.is_transaction_marker());
    });
    let markers = each::<Change<Account>>(&recording, "cdc.postgres.transaction", |_, change| {
        assert!(change.is_transaction_marker() && !change.is_heartbeat());
    });
    assert_eq!((heartbeats, markers), (9, 162));
}

/// A table with the newest version of each row, as a cache keeps it.
#[derive(Default)]
struct Newest<R>(BTreeMap<String, (RowVersion, Option<R>)>);

impl<R> Newest<R> {
    /// The row that this version replaces, if it is newer.
    fn apply(&mut self, key: String, version: RowVersion, row: impl FnOnce(Option<R>) -> Option<R>) {
        match self.0.remove(&key) {
            Some((known, kept)) if version.compare(&known) != Precedence::Newer => {
                self.0.insert(key, (known, kept));
            }
            known => {
                let row = row(known.and_then(|(_, row)| row));
                self.0.insert(key, (version, row));
            }
        }
    }

    fn rows(self) -> BTreeMap<String, R> {
        self.0.into_iter().filter_map(|(key, (_, row))| Some((key, row?))).collect()
    }
}

#[test]
fn newest_versions_of_accounts_are_the_table_at_the_end() {
    let recording = Recording::of_repository("postgres-accounts").unwrap();
    for late_re_emissions in [false, true] {
        let mut newest = Newest::default();
        let rounds = if late_re_emissions { 2 } else { 1 };
        for _ in 0..rounds {
            each::<Change<Account>>(&recording, "cdc.postgres.public.accounts", |record, change| {
                let key = record.key["id"].as_str().unwrap().to_owned();
                let version = change.row_version(0).unwrap();
                newest.apply(key, version, |known: Option<(String, String, Option<String>)>| {
                    let row = change.after()?;
                    let bio = match row.bio {
                        Some(Toasted::Unchanged) => known.and_then(|(_, _, bio)| bio),
                        Some(bio) => bio.text().map(str::to_owned),
                        None => None,
                    };
                    Some((row.email.to_owned(), row.full_name.to_owned(), bio))
                });
            });
        }
        let rows = newest.rows();
        let table = final_state("postgres-accounts", "final_state.json");
        let table = table.as_object().unwrap();
        assert_eq!(rows.keys().collect::<Vec<_>>(), table.keys().collect::<Vec<_>>());
        for (id, (email, name, bio)) in &rows {
            assert_eq!(table[id]["email"], **email);
            assert_eq!(table[id]["full_name"], **name);
            assert_eq!(table[id]["bio"].as_str(), bio.as_deref(), "{id}");
        }
    }
}

#[test]
fn newest_versions_of_logins_are_the_collection_at_the_end() {
    let recording = Recording::of_repository("mongodb-logins").unwrap();
    let mut newest = Newest::default();
    each::<Change<Json>>(&recording, "cdc.mongodb.users.login", |record, change| {
        let id: Value = serde_json::from_str(record.key["id"].as_str().unwrap()).unwrap();
        let key = id["$oid"].as_str().unwrap().to_owned();
        newest.apply(key, change.row_version(0).unwrap(), |_| {
            // A bare NaN is not JSON; the final state writes it out.
            let text = change.after()?.0.replace(": NaN", r#": {"$numberDouble": "NaN"}"#);
            Some(serde_json::from_str::<Value>(&text).unwrap())
        });
    });
    let rows: serde_json::Map<_, _> = newest.rows().into_iter().collect();
    assert_eq!(Value::Object(rows), final_state("mongodb-logins", "final_state.json"));
}

#[derive(Debug, AvroRead)]
struct OrderRow {
    id: i64,
}

#[test]
fn newest_versions_of_mysql_orders_are_the_ids_alive_at_the_end() {
    let recording = Recording::of_repository("mysql-orders").unwrap();
    let mut newest = Newest::default();
    let count = each::<Change<OrderRow>>(&recording, "cdc.mysql.shop.orders", |record, change| {
        assert_eq!(change.op(), op_of(record));
        let id = record.key["id"].to_string();
        newest.apply(id, change.row_version(0).unwrap(), |_| change.after().map(|row| row.id));
    });
    assert!(count > 90);
    let mut alive: Vec<i64> = newest.rows().into_values().collect();
    alive.sort_unstable();
    let expected = final_state("mysql-orders", "final_ids.json");
    let expected = expected["live"].as_array().unwrap();
    let mut expected: Vec<i64> = expected.iter().map(|id| id.as_i64().unwrap()).collect();
    expected.sort_unstable();
    assert_eq!(alive, expected);
}

#[derive(Debug, AvroRead)]
#[allow(dead_code, reason = "never read: it does not compile to a plan")]
struct WronglyDeclared {
    full_name: Option<i64>,
}

#[test]
fn a_column_of_the_wrong_type_is_refused_before_the_first_record() {
    let recording = Recording::of_repository("postgres-accounts").unwrap();
    let schema = Schema::parse(&recording.schemas[&100_002].schema).unwrap();
    let refused = Plan::<Change<WronglyDeclared>>::compile(&schema, &Limits::default()).unwrap_err().to_string();
    assert!(refused.contains("full_name"), "{refused}");
}
