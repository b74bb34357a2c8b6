//! Structs for the recorded tables, as a function would write them.

use avro_decode::{AvroRead, Decimal};

#[derive(AvroRead, Debug)]
pub struct Envelope<'a, R, S> {
    pub before: Option<R>,
    pub after: Option<R>,
    pub source: S,
    pub transaction: Option<Transaction<'a>>,
    pub op: &'a str,
    pub ts_ms: Option<i64>,
    pub ts_us: Option<i64>,
    pub ts_ns: Option<i64>,
}

#[derive(AvroRead, Debug)]
pub struct Transaction<'a> {
    pub id: &'a str,
    pub total_order: i64,
    pub data_collection_order: i64,
}

/// `locale` left and `loyalty_tier` came in the life of the table.
#[derive(AvroRead, Debug)]
pub struct Account<'a> {
    pub id: &'a str,
    pub email: &'a str,
    pub full_name: &'a str,
    pub status: Option<&'a str>,
    pub locale: Option<&'a str>,
    pub marketing_opt_in: Option<bool>,
    pub credit: Option<Decimal>,
    pub profile: Option<&'a str>,
    pub tags: Option<Vec<Option<&'a str>>>,
    pub created_at: Option<&'a str>,
    pub updated_at: Option<i64>,
    pub birth_date: Option<i32>,
    pub bio: Option<&'a str>,
    pub loyalty_tier: Option<&'a str>,
}

#[derive(AvroRead, Debug)]
pub struct PostgresSource<'a> {
    pub version: &'a str,
    pub connector: &'a str,
    pub name: &'a str,
    pub ts_ms: i64,
    pub snapshot: Option<&'a str>,
    pub db: &'a str,
    pub sequence: Option<&'a str>,
    pub ts_us: Option<i64>,
    pub ts_ns: Option<i64>,
    pub schema: &'a str,
    pub table: &'a str,
    #[avro(rename = "txId")]
    pub tx_id: Option<i64>,
    pub lsn: Option<i64>,
    pub xmin: Option<i64>,
    pub origin: Option<&'a str>,
    pub origin_lsn: Option<i64>,
}
