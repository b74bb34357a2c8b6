//! The port: takes records and answers for each.

use bytes::Bytes;
use futures_util::future::BoxFuture;

use crate::error::DeliveryError;

/// A record on its way to a topic.
///
/// The producer sets its timestamp to the time of sending, by which Kafka deletes what is older than the topic's retention.
/// When the fact happened belongs into the value and the headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingRecord {
    /// Its topic.
    pub topic: String,
    /// Its key, including a frame; records of one key go to one partition. `None` goes to any.
    pub key: Option<Bytes>,
    /// Its value, including the frame; `None` is a tombstone.
    pub value: Option<Bytes>,
    /// Its headers in order; names may repeat.
    pub headers: Vec<(String, Bytes)>,
}

/// The place of an acknowledged record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivered {
    /// Its partition.
    pub partition: i32,
    /// Its offset; `None` where the broker recognised a retry and did not return the offset.
    pub offset: Option<i64>,
}

/// Sends records and waits until they are durable.
///
/// An implementation must hold the contract in `testing`, a feature of this crate.
pub trait Producer: Send + Sync {
    /// Sends records in the given order and waits until each is acknowledged or has failed: one answer for each, in their
    /// order.
    ///
    /// `Ok` means that the record is durable. Within one call a record is not written twice, however often it has to be
    /// sent, and it keeps the timestamp of its first sending. A record that is refused by its own fault
    /// ([`Blame::Record`](event_runtime::Blame::Record)) affects no other, and a key's records keep their order around it.
    /// Behind a record that fails otherwise, the records of its partition are not sent; those in the same batch may have been
    /// written. So a caller that sends it again should give consumers a way to compare versions, such as a revision.
    ///
    /// Await the future: dropping it does not recall records that were handed over.
    fn send(&self, records: Vec<OutgoingRecord>) -> BoxFuture<'_, Vec<Result<Delivered, DeliveryError>>>;
}
