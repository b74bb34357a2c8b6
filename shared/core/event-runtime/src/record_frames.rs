//! The frames of one record: each side is split once, and its compressed body inflated once.

use std::sync::OnceLock;

use avro_decode::{AvroType, Plan};
use schema_registry::{
    Body, FetchCounter, Frame, FrameError, FrameFormat, PlanCache, PlanError, SchemaRef, inflates_to_at_most,
};
use tokio::sync::OnceCell;

use crate::effort::{Step, count};
use crate::in_flight::Room;
use crate::read_error::ReadError;
use crate::side::Side;

/// The frames of a record's key and value as they were split, and their inflated bodies, kept for all tries of the record. Events borrow from
/// the inflated bodies as they borrow from the record.
///
/// An inflated body counts against the bytes in flight until the record is finished, through pauses between tries as
/// well: then no try inflates it again. Without a processor ([`RecordFrames::default`]) nothing bounds it.
#[derive(Debug, Default)]
pub struct RecordFrames<'r> {
    // Fields are dropped in this order: the bodies are freed before their room is given back.
    key: OneSide,
    value: OneSide,
    /// The most bytes that the key and the value become; set once there is room for both. Room is waited for once and for
    /// both sides together: a record that waited for its key's while it held its value's could wait for another record
    /// that does the same.
    bounds: OnceCell<[usize; 2]>,
    room: Room<'r>,
    /// Counts the schemas that the record's batch had to wait for.
    fetches: Option<&'r FetchCounter>,
}

#[derive(Debug, Default)]
struct OneSide {
    frame: OnceLock<(FrameFormat, Result<Split, ReadError>)>,
    body: OnceLock<Vec<u8>>,
}

/// A frame that borrows nothing: a body is always the end of its side's bytes.
#[derive(Debug, Clone, Copy)]
struct Split {
    schema: SchemaRef,
    body_at: usize,
    compressed: bool,
}

impl Split {
    fn of(frame: Frame<'_>, bytes: &[u8]) -> Self {
        let (body, compressed) = match frame.body {
            Body::Plain(body) => (body, false),
            Body::Zlib(stream) => (stream, true),
        };
        Split { schema: frame.schema, body_at: bytes.len() - body.len(), compressed }
    }

    fn frame(self, bytes: &[u8]) -> Frame<'_> {
        let body = bytes.get(self.body_at..).unwrap_or_default();
        let body = if self.compressed { Body::Zlib(body) } else { Body::Plain(body) };
        Frame { schema: self.schema, body }
    }
}

impl<'r> RecordFrames<'r> {
    /// Nothing split yet; inflated bodies take their room from `room`.
    pub(crate) fn within(room: Room<'r>) -> Self {
        RecordFrames { room, ..RecordFrames::default() }
    }

    /// The same for a record of a batch whose schemas `fetches` counts.
    pub(crate) fn counting(self, fetches: &'r FetchCounter) -> Self {
        RecordFrames { fetches: Some(fetches), ..self }
    }

    /// The plan for a schema, fetched and compiled if need be, counted for the record's batch.
    pub(crate) async fn plan<T: AvroType>(
        &self,
        plans: &PlanCache<T>,
        schema: SchemaRef,
    ) -> Result<Plan<T>, PlanError> {
        match self.fetches {
            Some(fetches) => plans.plan_counted(schema, fetches).await,
            None => plans.plan(schema).await,
        }
    }

    /// One side's frame: the first call splits it by `split`, later ones get the same frame or error. Where two readers of
    /// one side differ in their format, the first one's result is kept.
    pub(crate) fn split_once<'b>(
        &self,
        side: Side,
        format: FrameFormat,
        bytes: &'b [u8],
        split: impl Fn() -> Result<Frame<'b>, ReadError>,
    ) -> Result<Frame<'b>, ReadError> {
        let split = || {
            count(Step::Frame);
            split()
        };
        let of_side = &self.side(side).frame;
        let (known, found) = of_side.get_or_init(|| (format, split().map(|frame| Split::of(frame, bytes))));
        match found {
            _ if *known != format => split(),
            Ok(found) => Ok(found.frame(bytes)),
            Err(error) => Err(error.clone()),
        }
    }

    /// The body of one side that was inflated or made.
    pub(crate) fn body(&self, side: Side) -> Option<&[u8]> {
        self.side(side).body.get().map(Vec::as_slice)
    }

    /// The same; made now if it is missing.
    pub(crate) fn body_or_make(&self, side: Side, make: impl FnOnce() -> Vec<u8>) -> &[u8] {
        self.side(side).body.get_or_init(make)
    }

    /// Inflates a body, once, when there is room for it and for the other side's. `key` and `value` are the bytes of both.
    pub(crate) async fn inflate(
        &self,
        side: Side,
        body: Body<'_>,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
    ) -> Result<(), FrameError> {
        if self.body(side).is_some() {
            return Ok(());
        }
        let take = || async {
            // Their bounds, because a stream does not contain its inflated size.
            let bounds = [key, value].map(|bytes| bytes.map_or(0, inflates_to_at_most));
            self.room.take_for(bounds.into_iter().fold(0, usize::saturating_add)).await;
            bounds
        };
        let [key_bound, value_bound] = *self.bounds.get_or_init(take).await;
        count(Step::Inflate);
        let inflated = body.inflate().map(|body| self.body_or_make(side, || body.into_owned()));
        let takes = |side: &OneSide, bound| side.body.get().map_or(bound, Vec::capacity);
        let kept = takes(&self.key, key_bound).saturating_add(takes(&self.value, value_bound));
        self.room.keep_for(kept);
        inflated.map(drop)
    }

    fn side(&self, side: Side) -> &OneSide {
        match side {
            Side::Key => &self.key,
            Side::Value => &self.value,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::num::NonZeroUsize;

    use futures_util::FutureExt;
    use schema_registry::{SchemaHints, SchemaId, split};

    use super::*;
    use crate::in_flight::InFlight;

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

    #[test]
    fn a_frame_is_split_once_and_its_error_is_kept_too() {
        for (bytes, expected) in [
            (b"\0\0\0\0\x02ab".as_slice(), Ok((SchemaRef::Id(SchemaId(2)), Body::Plain(b"ab".as_slice())))),
            (b"\x07", Err("frame_unknown_magic")),
        ] {
            let (frames, looks) = (RecordFrames::default(), Cell::new(0));
            for _ in 0..3 {
                let found = frames.split_once(Side::Value, FrameFormat::Confluent, bytes, || {
                    looks.set(looks.get() + 1);
                    Ok(split(FrameFormat::Confluent, bytes, SchemaHints::default())?)
                });
                let found = found.map(|frame| (frame.schema, frame.body));
                assert_eq!(found.map_err(|error| crate::Failure::code(&error)), expected);
            }
            assert_eq!(looks.get(), 1);
        }
    }

    #[test]
    fn a_reader_of_another_format_is_not_handed_the_first_ones_frame() {
        let (frames, bytes) = (RecordFrames::default(), b"\0\0\0\0\x02ab".as_slice());
        let read = |format| {
            let split = || Ok(split(format, bytes, SchemaHints { header: None, metadata_id: Some("9") })?);
            frames.split_once(Side::Value, format, bytes, split).map(|frame| frame.schema).unwrap()
        };
        for _ in 0..2 {
            assert_eq!(read(FrameFormat::Confluent), SchemaRef::Id(SchemaId(2)));
            assert_eq!(read(FrameFormat::Metadata), SchemaRef::Id(SchemaId(9)));
        }
    }

    #[tokio::test]
    async fn an_inflated_body_counts_and_room_for_the_worst_case_is_given_back() {
        let in_flight = InFlight::new(NonZeroUsize::MAX, NonZeroUsize::new(1 << 20).unwrap());
        let value = compressed(100_000);
        let frames = RecordFrames::within(in_flight.admit(value.len()).await);
        assert_eq!(in_flight.free_bytes(), (1 << 20) - value.len());
        for _ in 0..2 {
            frames.inflate(Side::Value, body(&value), Some(b"key"), Some(&value)).await.unwrap();
            let out = frames.body(Side::Value).unwrap().len();
            let taken = (1 << 20) - in_flight.free_bytes();
            assert!(out == 100_000 && (out + value.len()..=2 * out).contains(&taken), "counted once: {taken}");
        }
        drop(frames);
        assert_eq!(in_flight.free_bytes(), 1 << 20);
    }

    #[tokio::test]
    async fn a_record_that_waits_for_room_to_inflate_holds_none() {
        let in_flight = InFlight::new(NonZeroUsize::MAX, NonZeroUsize::new(2 << 20).unwrap());
        let bytes = compressed(600_000);
        let inflate = async |frames: &RecordFrames<'_>, side| {
            frames.inflate(side, body(&bytes), Some(&bytes), Some(&bytes)).await
        };
        let first = RecordFrames::within(in_flight.admit(2 * bytes.len()).await);
        let second = RecordFrames::within(in_flight.admit(2 * bytes.len()).await);
        inflate(&first, Side::Value).await.unwrap();
        let mut waits = Box::pin(inflate(&second, Side::Value));
        assert!((&mut waits).now_or_never().is_none());
        // The first goes on to its end although the second began to wait before its key's turn.
        inflate(&first, Side::Key).now_or_never().unwrap().unwrap();
        assert!((&mut waits).now_or_never().is_none());
        drop(waits);
        drop(first);
        // A wait that was dropped begins again, and a damaged body leaves nothing behind.
        inflate(&second, Side::Value).await.unwrap();
        let damaged = second.inflate(Side::Key, Body::Zlib(b"x"), Some(&bytes), Some(&bytes)).await;
        assert_eq!(damaged, Err(FrameError::CompressionBroken));
        drop(second);
        assert_eq!(in_flight.free_bytes(), 2 << 20);
    }
}
