//! Inflates zlib within a bound: a few hostile bytes may inflate to gigabytes.

use std::cell::RefCell;

use flate2::{Decompress, FlushDecompress, Status};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InflateError {
    Damaged,
    TooLarge,
}

/// How many times larger than its stream a body is expected to be.
const USUAL_RATIO: usize = 4;

std::thread_local! {
    /// Reused from body to body: its tables and window take 43 KB, and most bodies are smaller than 1 KB.
    static INFLATER: RefCell<Decompress> = RefCell::new(Decompress::new(true));
}

/// The whole of a zlib stream. Memory grows with the output, so a small body never reserves the bound at once.
pub(crate) fn inflate(body: &[u8], bound: usize) -> Result<Vec<u8>, InflateError> {
    INFLATER.with_borrow_mut(|inflater| {
        inflater.reset(true);
        inflate_with(inflater, body, bound)
    })
}

fn inflate_with(inflater: &mut Decompress, body: &[u8], bound: usize) -> Result<Vec<u8>, InflateError> {
    // One byte more than the bound, so that output beyond it is noticed.
    let room = bound.saturating_add(1);
    let mut out = Vec::with_capacity(body.len().saturating_mul(USUAL_RATIO).clamp(64.min(room), room));
    loop {
        let read = usize::try_from(inflater.total_in()).map_err(|_| InflateError::Damaged)?;
        let rest = body.get(read..).ok_or(InflateError::Damaged)?;
        let written = out.len();
        let status = inflater.decompress_vec(rest, &mut out, FlushDecompress::None);
        if out.len() > bound {
            return Err(InflateError::TooLarge);
        }
        match status {
            Ok(Status::StreamEnd) => {
                let whole = usize::try_from(inflater.total_in()).is_ok_and(|read| read == body.len());
                return if whole { Ok(out) } else { Err(InflateError::Damaged) };
            }
            Ok(Status::Ok | Status::BufError) if out.len() == out.capacity() => {
                // Twice as much, or the whole bound: another move near the end would hold the body twice.
                let twice = out.len().max(1).saturating_mul(2);
                let wanted = if twice > room / 2 { room } else { twice };
                out.reserve_exact(wanted - out.len());
            }
            // There was room and no output: the stream is cut.
            Ok(Status::Ok | Status::BufError) if out.len() == written => return Err(InflateError::Damaged),
            Ok(Status::Ok | Status::BufError) => {}
            Err(_) => return Err(InflateError::Damaged),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::ZlibEncoder};
    use std::io::Write;

    fn deflated(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn inflating_returns_what_was_compressed() {
        for length in [0, 1, 63, 64, 65, 100_000] {
            let bytes: Vec<u8> = (0..length).map(|n: u32| (n.wrapping_mul(n) >> 3) as u8).collect();
            assert_eq!(inflate(&deflated(&bytes), 1 << 20).unwrap(), bytes);
        }
    }

    #[test]
    fn the_bound_is_exact() {
        let stream = deflated(&[7; 10_000]);
        assert_eq!(inflate(&stream, 10_000).unwrap().len(), 10_000);
        assert_eq!(inflate(&stream, 9_999), Err(InflateError::TooLarge));
    }

    #[test]
    fn cut_damaged_and_overlong_streams_are_errors() {
        let stream = deflated(b"some bytes that do not repeat");
        for length in 0..stream.len() {
            assert_eq!(inflate(&stream[..length], 1 << 20), Err(InflateError::Damaged), "{length}");
        }
        let mut overlong = stream.clone();
        overlong.push(0);
        assert_eq!(inflate(&overlong, 1 << 20), Err(InflateError::Damaged));
        let mut damaged = stream;
        damaged[8] ^= 0x55;
        assert!(inflate(&damaged, 1 << 20).is_err());
        assert_eq!(inflate(&deflated(b"the next body"), 1 << 20).unwrap(), b"the next body");
    }
}
