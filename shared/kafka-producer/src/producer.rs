//! The port: records in, one answer for each.

use bytes::Bytes;
use futures_util::future::BoxFuture;

use crate::error::DeliveryError;

/// A record on its way to a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingRecord {
    /// Its topic.
    pub topic: String,
    /// Its key, frame and all; records of one key go to one partition. `None` goes to any.
    pub key: Option<Bytes>,
    /// Its value, frame and all; `None` is a tombstone.
    pub value: Option<Bytes>,
    /// Its headers in order; names may repeat.
    pub headers: Vec<(String, Bytes)>,
    /// When it was made, in milliseconds since 1970.
    pub timestamp: i64,
}

/// Where an acknowledged record stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivered {
    /// Its partition.
    pub partition: i32,
    /// Its offset; `None` where the broker knew the record from an earlier try and does not tell the offset again.
    pub offset: Option<i64>,
}

/// Whatever takes records and keeps them.
///
/// An implementation must hold the contract in `testing`, a feature of this crate.
pub trait Producer: Send + Sync {
    /// Sends records in the given order and waits until each is kept or given up: one answer for each, in their order.
    ///
    /// `Ok` means that the record is durable. Within one call a record is not written twice, however often it has to be
    /// sent. A key's records keep their order as long as none fails; behind a failed one others may have been written,
    /// so whoever sends it again should let consumers tell old from new (a revision).
    ///
    /// The future is to be awaited: dropping it does not take back what was handed over.
    fn send(&self, records: Vec<OutgoingRecord>) -> BoxFuture<'_, Vec<Result<Delivered, DeliveryError>>>;
}
