//! Bounds on what is in flight, across all partitions and across invocations that share the process.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use schema_registry::{Body, FrameError, inflates_to_at_most};
use tokio::sync::{OnceCell, Semaphore, SemaphorePermit};

use crate::avro::Side;

/// So many records, and so many bytes of theirs.
#[derive(Debug)]
pub(crate) struct InFlight {
    records: Semaphore,
    bytes: Arc<Semaphore>,
    max_bytes: u32,
}

/// Room for one record, until it is dropped.
#[derive(Debug)]
pub(crate) struct Room<'a> {
    _record: Option<SemaphorePermit<'a>>,
    bytes: Option<SemaphorePermit<'a>>,
}

impl InFlight {
    pub(crate) fn new(records: NonZeroUsize, bytes: NonZeroUsize) -> Self {
        let max_bytes = u32::try_from(bytes.get()).unwrap_or(u32::MAX);
        InFlight {
            records: Semaphore::new(records.get().min(Semaphore::MAX_PERMITS)),
            bytes: Arc::new(Semaphore::new((max_bytes as usize).min(Semaphore::MAX_PERMITS))),
            max_bytes,
        }
    }

    /// Waits for room for a record of so many bytes; one that is larger than the bound waits until it is alone. Taken
    /// in one order, so that nobody waits in a circle.
    pub(crate) async fn admit(&self, bytes: usize) -> Room<'_> {
        // Refused only once closed, which these never are.
        let record = self.records.acquire().await.ok();
        let bytes = self.bytes.acquire_many(self.at_most_all(bytes)).await.ok();
        Room { _record: record, bytes }
    }

    /// Room for bodies that may have to be inflated. Where that can be, the record's bytes are taken out of `room`, to
    /// be given back in exchange for more.
    pub(crate) fn inflated(&self, room: &mut Room<'_>, key: Option<&[u8]>, value: Option<&[u8]>) -> Inflated {
        let [key, value] = [key, value].map(|bytes| bytes.map_or(0, inflates_to_at_most));
        let Some(permit) = room.bytes.take_if(|_| key + value > 0) else { return Inflated::default() };
        let travelling = u32::try_from(permit.num_permits()).unwrap_or(u32::MAX);
        permit.forget();
        let bytes = Arc::clone(&self.bytes);
        let held = AtomicU32::new(travelling);
        Inflated::within(Some(Arc::new(Bytes { bytes, max: self.max_bytes, travelling, key, value, held })))
    }

    fn at_most_all(&self, bytes: usize) -> u32 {
        u32::try_from(bytes).unwrap_or(u32::MAX).min(self.max_bytes)
    }
}

/// The bytes in flight of a record whose bodies may be inflated.
#[derive(Debug)]
struct Bytes {
    bytes: Arc<Semaphore>,
    max: u32,
    /// What the record takes as it travels.
    travelling: u32,
    /// What its key and its value may become at most.
    key: usize,
    value: usize,
    held: AtomicU32,
}

impl Bytes {
    /// Waits for room for all that the record may become. What it holds is given back first: whoever waits for bytes
    /// holds none, so that nobody waits in a circle. What becomes of the bodies is not known before they are inflated,
    /// so their bound is taken, and given back at once by [`Bytes::keep`].
    async fn take_all(&self) {
        self.give_back(self.held.swap(0, Ordering::Relaxed));
        let all = self.with(self.key.saturating_add(self.value));
        if let Ok(permit) = self.bytes.acquire_many(all).await {
            permit.forget();
            self.held.store(all, Ordering::Relaxed);
        }
    }

    /// Gives back what is held beyond the bytes that travel and so many more.
    fn keep(&self, more: usize) {
        let kept = self.with(more).min(self.held.load(Ordering::Relaxed));
        let held = self.held.swap(kept, Ordering::Relaxed);
        self.give_back(held - kept);
    }

    fn with(&self, more: usize) -> u32 {
        u32::try_from(more).unwrap_or(u32::MAX).saturating_add(self.travelling).min(self.max)
    }

    fn give_back(&self, bytes: u32) {
        self.bytes.add_permits(bytes as usize);
    }
}

impl Drop for Bytes {
    fn drop(&mut self) {
        self.give_back(self.held.load(Ordering::Relaxed));
    }
}

/// Room for bodies that had to be inflated, so that events can borrow from them as they do from the record. What comes
/// out counts against the bytes in flight; by itself ([`Inflated::default`]) the room has no bound.
#[derive(Debug, Default)]
pub struct Inflated {
    key: OnceLock<Vec<u8>>,
    value: OnceLock<Vec<u8>>,
    bytes: Option<Arc<Bytes>>,
    /// Both sides' room is waited for once, and together: a record that waited for its key's while it held its value's
    /// could wait for another that does the same.
    taken: OnceCell<()>,
}

impl Inflated {
    fn within(bytes: Option<Arc<Bytes>>) -> Self {
        Inflated { key: OnceLock::new(), value: OnceLock::new(), bytes, taken: OnceCell::new() }
    }

    /// The same room for another try of the record, with nothing in it.
    pub(crate) fn for_a_try(&self) -> Self {
        Inflated::within(self.bytes.clone())
    }

    /// What was put there.
    pub(crate) fn get(&self, side: Side) -> Option<&[u8]> {
        self.place(side).get().map(Vec::as_slice)
    }

    /// What was put there, or else is made now.
    pub(crate) fn get_or_make(&self, side: Side, make: impl FnOnce() -> Vec<u8>) -> &[u8] {
        self.place(side).get_or_init(make)
    }

    /// Inflates a body, once, when there is room for it.
    pub(crate) async fn inflate(&self, side: Side, body: Body<'_>) -> Result<(), FrameError> {
        if self.place(side).get().is_some() {
            return Ok(());
        }
        let Some(bytes) = &self.bytes else { return self.put(side, body) };
        self.taken.get_or_init(|| bytes.take_all()).await;
        let put = self.put(side, body);
        let [key, value] = [(&self.key, bytes.key), (&self.value, bytes.value)]
            .map(|(place, bound)| place.get().map_or(bound, Vec::capacity));
        bytes.keep(key.saturating_add(value));
        put
    }

    fn put(&self, side: Side, body: Body<'_>) -> Result<(), FrameError> {
        let inflated = body.inflate()?.into_owned();
        self.place(side).get_or_init(|| inflated);
        Ok(())
    }

    fn place(&self, side: Side) -> &OnceLock<Vec<u8>> {
        match side {
            Side::Key => &self.key,
            Side::Value => &self.value,
        }
    }
}

impl Drop for Inflated {
    fn drop(&mut self) {
        if let Some(bytes) = &self.bytes {
            drop((self.key.take(), self.value.take()));
            bytes.keep(0);
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

    /// A body of zeroes, compressed, in Glue's frame.
    fn compressed(zeroes: usize) -> Vec<u8> {
        use std::io::Write;
        let mut stream = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        stream.write_all(&vec![0; zeroes]).unwrap();
        [vec![3, 5], vec![7; 16], stream.finish().unwrap()].concat()
    }

    fn body(framed: &[u8]) -> Body<'_> {
        Body::Zlib(&framed[18..])
    }

    #[tokio::test]
    async fn what_comes_out_counts_and_what_was_kept_for_the_worst_case_is_given_back() {
        let in_flight = InFlight::new(NonZeroUsize::MAX, NonZeroUsize::new(1 << 20).unwrap());
        let value = compressed(100_000);
        let mut room = in_flight.admit(value.len()).await;
        let inflated = in_flight.inflated(&mut room, Some(b"key"), Some(&value));
        assert_eq!(in_flight.bytes.available_permits(), (1 << 20) - value.len());
        let one_try = inflated.for_a_try();
        one_try.inflate(Side::Value, body(&value)).await.unwrap();
        let out = one_try.get(Side::Value).unwrap().len();
        let taken = (1 << 20) - in_flight.bytes.available_permits();
        assert!(out == 100_000 && (out + value.len()..=2 * out).contains(&taken), "{taken}");
        drop(one_try);
        assert_eq!(in_flight.bytes.available_permits(), (1 << 20) - value.len(), "given back with the try");
        drop((inflated, room));
        assert_eq!(in_flight.bytes.available_permits(), 1 << 20);
    }

    #[tokio::test]
    async fn who_waits_for_room_to_inflate_holds_none() {
        let in_flight = InFlight::new(NonZeroUsize::MAX, NonZeroUsize::new(2 << 20).unwrap());
        let side = compressed(600_000);
        let mut rooms = [in_flight.admit(2 * side.len()).await, in_flight.admit(2 * side.len()).await];
        let records = rooms.each_mut().map(|room| in_flight.inflated(room, Some(&side), Some(&side)));
        let [first, second] = &records;
        first.inflate(Side::Value, body(&side)).await.unwrap();
        let mut waits = Box::pin(second.inflate(Side::Value, body(&side)));
        assert!((&mut waits).now_or_never().is_none());
        // The first goes on to its end although the second came before its key's turn.
        first.inflate(Side::Key, body(&side)).now_or_never().unwrap().unwrap();
        assert!((&mut waits).now_or_never().is_none());
        drop(waits);
        let [first, second] = records;
        drop(first);
        // Who stopped waiting begins anew, and a body that is damaged leaves nothing behind.
        second.inflate(Side::Value, body(&side)).await.unwrap();
        assert_eq!(second.inflate(Side::Key, Body::Zlib(b"x")).await, Err(FrameError::CompressionBroken));
        drop((second, rooms));
        assert_eq!(in_flight.bytes.available_permits(), 2 << 20);
    }
}
