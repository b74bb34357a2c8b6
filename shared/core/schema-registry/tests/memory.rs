//! The memory that inflating hostile bytes allocates is bounded.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::io::Write;

use flate2::{Compression, write::ZlibEncoder};
use schema_registry::{FrameFormat, MAX_INFLATED_BYTES, SchemaHints, split};

const MIB: usize = 1 << 20;

/// The most that was allocated at a time while something ran in this thread.
fn most_memory<T>(run: impl FnOnce() -> T) -> (usize, T) {
    let mut returned = None;
    let counted = allocation_counter::measure(|| returned = Some(run()));
    (usize::try_from(counted.bytes_max).unwrap(), returned.unwrap())
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn inflating_takes_a_small_multiple_of_the_body_within_a_bound() {
    let zeroes = |length: usize| zlib(&vec![0; length]);
    let mut cut = zeroes(4 * MIB);
    cut.truncate(cut.len() - 6);
    let noise: Vec<u8> = (0..1_000_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let streams = [
        ("zeroes, as many as are read", zeroes(MAX_INFLATED_BYTES), MAX_INFLATED_BYTES),
        ("zeroes, four times as many", zeroes(4 * MAX_INFLATED_BYTES), MAX_INFLATED_BYTES),
        ("few zeroes", zeroes(1_000), 1_000),
        ("a stream that is cut", cut, 4 * MIB),
        ("noise", zlib(&noise), noise.len()),
        ("noise, not a stream", noise.clone(), 0),
        ("nothing", Vec::new(), 0),
    ];
    for (what, stream, comes_out) in streams {
        let bytes = [&[3, 5], [7; 16].as_slice(), &stream].concat();
        let (told, frame) = most_memory(|| split(FrameFormat::Glue, &bytes, SchemaHints::default()).unwrap());
        assert_eq!(told, 0, "{what}: the schema is told without inflating");
        let (taken, body) = most_memory(|| frame.body.inflate().map(|body| body.len()));
        println!("{what}: {} bytes become {body:?}, {taken} allocated, {} a byte", bytes.len(), taken / bytes.len());
        // The inflater has a window and tables of its own. What fills its place moves to one of twice the size, or from
        // half of the bound to all of it.
        let moving = if comes_out > MAX_INFLATED_BYTES / 4 { MAX_INFLATED_BYTES * 3 / 2 } else { 3 * comes_out };
        assert!(taken <= moving + 4 * stream.len() + 100_000, "{what}: {taken}");
    }
}
