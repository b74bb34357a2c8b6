//! The readers' types: an evolved view of what the generator writes.
//!
//! Evolved means: another order, `full_name` read under a new name, an `int` read as `long`, and a field that the
//! writer does not have. Generic over text and bytes, so that ways which cannot borrow use the same definitions.

use avro_decode::AvroRead;
use serde::{Deserialize, Serialize};

/// A record's key.
#[derive(AvroRead, Deserialize, Serialize)]
pub struct Key<S> {
    /// The row's key.
    pub id: S,
}

/// A Debezium envelope: 33 fields with those of the row.
#[derive(AvroRead, Deserialize, Serialize)]
pub struct Change<S, B> {
    /// The operation.
    pub op: S,
    /// The row before.
    pub before: Option<Account<S, B>>,
    /// The row after.
    pub after: Option<Account<S, B>>,
    /// Where it came from.
    pub source: Source<S>,
    /// Its transaction.
    pub transaction: Option<Transaction<S>>,
    /// Connector's clock.
    pub ts_ms: Option<i64>,
    /// Connector's clock.
    pub ts_us: Option<i64>,
    /// Connector's clock.
    pub ts_ns: Option<i64>,
}

/// A row.
#[derive(AvroRead, Deserialize, Serialize)]
#[allow(missing_docs, reason = "columns")]
pub struct Account<S, B> {
    pub id: S,
    #[avro(alias = "full_name")]
    #[serde(alias = "full_name")]
    pub name: S,
    pub email: S,
    pub status: Option<S>,
    pub locale: Option<S>,
    pub marketing_opt_in: Option<bool>,
    pub credit: Option<B>,
    pub profile: Option<S>,
    pub tags: Option<Vec<Option<S>>>,
    pub created_at: Option<S>,
    pub updated_at: Option<i64>,
    pub birth_date: Option<i64>,
    pub bio: Option<S>,
    #[serde(default = "none")]
    pub loyalty_tier: Option<S>,
}

/// A bound on `S: Default` would come with `#[serde(default)]`.
fn none<S>() -> Option<S> {
    None
}

/// Debezium's `source`.
#[derive(AvroRead, Deserialize, Serialize)]
#[allow(missing_docs, reason = "Debezium's fields")]
pub struct Source<S> {
    pub version: S,
    pub connector: S,
    pub name: S,
    pub ts_ms: i64,
    pub snapshot: Option<S>,
    pub db: S,
    pub sequence: Option<S>,
    pub ts_us: Option<i64>,
    pub ts_ns: Option<i64>,
    pub schema: S,
    pub table: S,
    #[avro(rename = "txId")]
    #[serde(rename = "txId")]
    pub tx_id: Option<i64>,
    pub lsn: Option<i64>,
    pub xmin: Option<i64>,
    pub origin: Option<S>,
    pub origin_lsn: Option<i64>,
}

/// Debezium's `transaction`.
#[derive(AvroRead, Deserialize, Serialize)]
#[allow(missing_docs, reason = "Debezium's fields")]
pub struct Transaction<S> {
    pub id: S,
    pub total_order: i64,
    pub data_collection_order: i64,
}

/// What a welcome email needs: seven fields.
#[derive(AvroRead, Serialize)]
#[allow(missing_docs, reason = "a part of `Change`")]
pub struct ChangeSlim<'a> {
    pub op: &'a str,
    pub source: SourceSlim,
    pub after: Option<AccountSlim<'a>>,
}

/// The part of `source` that a welcome email needs.
#[derive(AvroRead, Serialize)]
#[allow(missing_docs, reason = "a part of `Source`")]
pub struct SourceSlim {
    pub ts_ms: i64,
    pub lsn: Option<i64>,
}

/// The part of the row that a welcome email needs.
#[derive(AvroRead, Serialize)]
#[allow(missing_docs, reason = "a part of `Account`")]
pub struct AccountSlim<'a> {
    pub id: &'a str,
    #[avro(alias = "full_name")]
    pub name: &'a str,
    pub email: &'a str,
    pub locale: Option<&'a str>,
}

/// A small event of a user's profile.
#[derive(AvroRead, Deserialize, Serialize)]
#[allow(missing_docs, reason = "plain data")]
pub struct Profile<S> {
    pub event_id: S,
    pub user_id: S,
    pub occurred_at: i64,
    pub changed: Vec<S>,
    pub email: Option<S>,
    #[avro(alias = "full_name")]
    #[serde(alias = "full_name")]
    pub name: Option<S>,
    pub locale: Option<S>,
    pub country: Option<S>,
    pub age: Option<i64>,
    pub marketing_opt_in: bool,
    pub score: f64,
    #[serde(default = "none")]
    pub loyalty_tier: Option<S>,
}

/// Seven fields of it.
#[derive(AvroRead, Serialize)]
#[allow(missing_docs, reason = "a part of `Profile`")]
pub struct ProfileSlim<'a> {
    pub event_id: &'a str,
    pub user_id: &'a str,
    pub occurred_at: i64,
    pub changed: Vec<&'a str>,
    pub email: Option<&'a str>,
    #[avro(alias = "full_name")]
    pub name: Option<&'a str>,
    pub marketing_opt_in: bool,
}
