//! Bounds on the records and bytes in flight, across all topic-partitions and all invocations that share the process.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::sync::{Semaphore, SemaphorePermit};

/// The records that may be in flight together, and the bytes that they may take.
#[derive(Debug)]
pub(crate) struct InFlight {
    records: Semaphore,
    bytes: Semaphore,
    max_bytes: u32,
}

/// Room for one record, until it is dropped. One that was not admitted ([`Room::default`]) has no bound.
#[derive(Debug, Default)]
pub(crate) struct Room<'a> {
    _record: Option<SemaphorePermit<'a>>,
    in_flight: Option<&'a InFlight>,
    /// Bytes that the record takes as it was delivered.
    delivered: u32,
    /// Bytes that are taken for it now.
    held: AtomicU32,
}

impl InFlight {
    pub(crate) fn new(records: NonZeroUsize, bytes: NonZeroUsize) -> Self {
        let max_bytes = u32::try_from(bytes.get()).unwrap_or(u32::MAX);
        InFlight {
            records: Semaphore::new(records.get().min(Semaphore::MAX_PERMITS)),
            bytes: Semaphore::new((max_bytes as usize).min(Semaphore::MAX_PERMITS)),
            max_bytes,
        }
    }

    /// Waits for room for a record of so many bytes; one that is larger than the bound waits until it is alone. Taken
    /// in one order, so that no two records wait for each other.
    pub(crate) async fn admit(&self, bytes: usize) -> Room<'_> {
        // Refused only once closed, which these never are.
        let record = self.records.acquire().await.ok();
        let delivered = u32::try_from(bytes).unwrap_or(u32::MAX);
        let held = AtomicU32::new(self.take(delivered.min(self.max_bytes)).await);
        Room { _record: record, in_flight: Some(self), delivered, held }
    }

    async fn take(&self, bytes: u32) -> u32 {
        match self.bytes.acquire_many(bytes).await {
            Ok(permit) => {
                permit.forget();
                bytes
            }
            Err(_closed) => 0,
        }
    }

    fn give_back(&self, bytes: u32) {
        self.bytes.add_permits(bytes as usize);
    }

    #[cfg(test)]
    pub(crate) fn free_bytes(&self) -> usize {
        self.bytes.available_permits()
    }
}

impl Room<'_> {
    /// Waits for room for so many bytes beside those of the delivered record. What is held is given back first: a record
    /// that waits for bytes holds none, so that no two wait for each other.
    pub(crate) async fn take_for(&self, inflated: usize) {
        let Some(in_flight) = self.in_flight else { return };
        in_flight.give_back(self.held.swap(0, Ordering::Relaxed));
        let taken = in_flight.take(self.with(in_flight, inflated)).await;
        self.held.store(taken, Ordering::Relaxed);
    }

    /// Gives back what is held beyond the bytes of the delivered record and so many more.
    pub(crate) fn keep_for(&self, inflated: usize) {
        let Some(in_flight) = self.in_flight else { return };
        let kept = self.with(in_flight, inflated).min(self.held.load(Ordering::Relaxed));
        let held = self.held.swap(kept, Ordering::Relaxed);
        in_flight.give_back(held - kept);
    }

    fn with(&self, in_flight: &InFlight, inflated: usize) -> u32 {
        u32::try_from(inflated).unwrap_or(u32::MAX).saturating_add(self.delivered).min(in_flight.max_bytes)
    }
}

impl Drop for Room<'_> {
    fn drop(&mut self) {
        if let Some(in_flight) = self.in_flight {
            in_flight.give_back(*self.held.get_mut());
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn a_record_larger_than_the_bound_goes_alone() {
        let in_flight = InFlight::new(NonZeroUsize::MAX, NonZeroUsize::new(100).unwrap());
        let small = in_flight.admit(60).await;
        assert!(in_flight.admit(usize::MAX).now_or_never().is_none());
        assert!(in_flight.admit(40).now_or_never().is_some());
        drop(small);
        let _large = in_flight.admit(usize::MAX).await;
        assert!(in_flight.admit(1).now_or_never().is_none());
    }
}
