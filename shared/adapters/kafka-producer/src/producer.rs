//! The port: records in, one answer for each.

use bytes::Bytes;
use futures_util::future::BoxFuture;

use crate::error::DeliveryError;

/// A record on its way to a topic.
///
/// Its timestamp is the time of sending, which whoever sends it stamps: Kafka deletes by it what is older than the topic's
/// retention. When the fact happened is for the value and the headers to say.
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
    /// sent, and it keeps the timestamp of its first sending. A record that is refused by its own fault
    /// ([`Blame::Record`](event_runtime::Blame::Record)) costs no other, and a key's records keep their order around it.
    /// Behind one that fails otherwise those of its partition are not sent; those that went with it may have been written,
    /// so whoever sends it again should let consumers tell old from new (a revision).
    ///
    /// The future is to be awaited: dropping it does not take back what was handed over.
    fn send(&self, records: Vec<OutgoingRecord>) -> BoxFuture<'_, Vec<Result<Delivered, DeliveryError>>>;
}
