//! Checks bytes for UTF-8. Nearly all text is short ASCII, so that is checked first, a word at a time; the standard
//! library checks short text byte by byte.
//!
//! The only unsafe code of this crate: without it, the conversion would check the same words again.
#![allow(unsafe_code, reason = "each block gives its argument; `cargo miri test -p avro-decode utf8`")]

/// The high bit of every byte, which ASCII does not have.
const HIGH: u64 = 0x8080_8080_8080_8080;

/// The bytes that the vectorised check reads at once.
const BLOCK: usize = 64;

/// The bytes as text, if they are UTF-8.
#[inline(always)]
pub(crate) fn utf8(bytes: &[u8]) -> Option<&str> {
    if is_ascii(bytes) {
        // SAFETY: bytes below 0x80 are UTF-8, each by itself.
        return Some(unsafe { std::str::from_utf8_unchecked(bytes) });
    }
    utf8_beyond_ascii(bytes)
}

#[inline(never)]
fn utf8_beyond_ascii(bytes: &[u8]) -> Option<&str> {
    let mut block = [0; BLOCK];
    let Some(start) = block.get_mut(..bytes.len()) else { return simdutf8::basic::from_utf8(bytes).ok() };
    start.copy_from_slice(bytes);
    simdutf8::basic::from_utf8(&block).ok()?;
    // SAFETY: the block begins with these bytes and is UTF-8. What follows them there is zeros, or nothing, and no
    // character continues with a zero; so the bytes end where a character does, and are UTF-8 by themselves.
    Some(unsafe { std::str::from_utf8_unchecked(bytes) })
}

/// Whether all bytes are ASCII. The last word overlaps the one before it.
#[inline(always)]
fn is_ascii(bytes: &[u8]) -> bool {
    if let (Some(first), Some(last)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        let mut bits = u64::from_le_bytes(*first) | u64::from_le_bytes(*last);
        let mut rest = bytes;
        while let Some((chunk, after)) = rest.split_first_chunk::<16>() {
            let chunk = u128::from_le_bytes(*chunk);
            bits |= chunk as u64 | (chunk >> 64) as u64;
            rest = after;
        }
        if let Some(chunk) = rest.first_chunk::<8>() {
            bits |= u64::from_le_bytes(*chunk);
        }
        return bits & HIGH == 0;
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        return u64::from(u32::from_le_bytes(*first) | u32::from_le_bytes(*last)) & HIGH == 0;
    }
    bytes.iter().fold(0, |bits, byte| bits | byte) < 0x80
}

#[cfg(test)]
mod tests {
    use super::utf8;

    #[test]
    fn agrees_with_the_standard_library_at_every_length_and_place() {
        // Under Miri, a thousand times slower, each kind of length and some places.
        let (step, lengths): (usize, Vec<usize>) = match cfg!(miri) {
            true => (7, vec![0, 1, 3, 4, 7, 8, 9, 15, 16, 17, 24, 31, 36, 63, 64, 65, 90]),
            false => (1, (0..=140).collect()),
        };
        for length in lengths {
            let ascii: Vec<u8> = (0..length).map(|n| (n % 0x80) as u8).collect();
            assert_eq!(utf8(&ascii), std::str::from_utf8(&ascii).ok());
            for place in (0..length).step_by(step) {
                // Characters of two, three and four bytes, whole or cut off, and bytes that are never valid.
                for wrong in [
                    "é".as_bytes(),
                    "€".as_bytes(),
                    "😀".as_bytes(),
                    b"\xc3",
                    b"\xa9",
                    b"\xed\xa0\x80",
                    b"\xff",
                    b"\xc0\x80",
                    b"\xf0\x9f\x98",
                ] {
                    let mut bytes = ascii.clone();
                    for (byte, wrong) in bytes.iter_mut().skip(place).zip(wrong) {
                        *byte = *wrong;
                    }
                    assert_eq!(utf8(&bytes), std::str::from_utf8(&bytes).ok(), "{wrong:x?} at {place} of {length}");
                }
            }
        }
    }
}
