//! The position in a datum, its budgets, and Avro's primitive encodings.

use crate::error::{DecodeError, DecodeErrorKind as Kind};
use crate::limits::Limits;
use crate::program::Program;
use crate::utf8::utf8;

/// The bytes of a datum that are not read yet, with what is left of its [`Limits`].
///
/// Passed through [`crate::AvroRead::read`]; opaque outside of this crate.
pub struct Cursor<'p, 'de> {
    rest: &'de [u8],
    len: usize,
    pub(crate) program: &'p Program,
    depth: u32,
    output: usize,
    zero_size_items: usize,
    /// The skipping operations so far, for tests of what a datum may cost.
    pub(crate) steps: u64,
}

/// A position to go back to.
pub(crate) struct Mark<'de> {
    rest: &'de [u8],
    depth: u32,
}

impl<'p, 'de> Cursor<'p, 'de> {
    pub(crate) fn new(datum: &'de [u8], program: &'p Program) -> Self {
        let Limits { max_depth, max_output_bytes, max_zero_size_items } = program.limits;
        Self {
            rest: datum,
            len: datum.len(),
            program,
            depth: max_depth,
            output: max_output_bytes,
            zero_size_items: max_zero_size_items.saturating_add(datum.len()),
            steps: 0,
        }
    }

    pub(crate) fn finish(&self) -> Result<(), DecodeError> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.fail(Kind::TrailingBytes)) }
    }

    #[cold]
    #[inline(never)]
    pub(crate) fn fail(&self, kind: Kind) -> DecodeError {
        DecodeError::new(kind, self.len - self.rest.len())
    }

    /// An error at this position, for a reading type's own checks. `code` names the failure in metrics.
    #[cold]
    pub fn error(&self, code: &'static str) -> DecodeError {
        self.fail(Kind::Custom(code))
    }

    #[inline(always)]
    pub(crate) fn take(&mut self, len: usize) -> Result<&'de [u8], DecodeError> {
        match self.rest.split_at_checked(len) {
            Some((taken, rest)) => {
                self.rest = rest;
                Ok(taken)
            }
            None => Err(self.fail(Kind::Truncated)),
        }
    }

    #[inline(always)]
    fn take_array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        match self.rest.split_first_chunk::<N>() {
            Some((taken, rest)) => {
                self.rest = rest;
                Ok(*taken)
            }
            None => Err(self.fail(Kind::Truncated)),
        }
    }

    #[inline(always)]
    pub(crate) fn boolean(&mut self) -> Result<bool, DecodeError> {
        match self.rest.split_first() {
            Some((0, rest)) => {
                self.rest = rest;
                Ok(false)
            }
            Some((1, rest)) => {
                self.rest = rest;
                Ok(true)
            }
            Some(_) => Err(self.fail(Kind::InvalidBoolean)),
            None => Err(self.fail(Kind::Truncated)),
        }
    }

    #[inline(always)]
    pub(crate) fn long(&mut self) -> Result<i64, DecodeError> {
        match self.rest.split_first() {
            Some((&byte, rest)) if byte < 0x80 => {
                self.rest = rest;
                Ok(zigzag(u64::from(byte)))
            }
            _ => self.long_of_many(),
        }
    }

    /// Two to ten bytes.
    #[inline(always)]
    fn long_of_many(&mut self) -> Result<i64, DecodeError> {
        let (value, length) = leading_varint(self.rest);
        match self.rest.get(length..) {
            Some(rest) if length > 0 => {
                self.rest = rest;
                Ok(zigzag(value))
            }
            _ => self.long_near_end(),
        }
    }

    #[inline(never)]
    fn long_near_end(&mut self) -> Result<i64, DecodeError> {
        let mut value = 0u64;
        for (index, &byte) in self.rest.iter().take(10).enumerate() {
            let bits = u64::from(byte & 0x7f);
            if index == 9 && bits > 1 {
                return Err(self.fail(Kind::VarintOverflow));
            }
            value |= bits << (7 * index);
            if byte < 0x80 {
                self.rest = self.rest.get(index + 1..).unwrap_or_default();
                return Ok(zigzag(value));
            }
        }
        Err(self.fail(if self.rest.len() < 10 { Kind::Truncated } else { Kind::VarintOverflow }))
    }

    #[inline(always)]
    pub(crate) fn int(&mut self) -> Result<i32, DecodeError> {
        let long = self.long()?;
        i32::try_from(long).map_err(|_| self.fail(Kind::IntOverflow))
    }

    #[inline(always)]
    pub(crate) fn float(&mut self) -> Result<f32, DecodeError> {
        Ok(f32::from_le_bytes(self.take_array()?))
    }

    #[inline(always)]
    pub(crate) fn double(&mut self) -> Result<f64, DecodeError> {
        Ok(f64::from_le_bytes(self.take_array()?))
    }

    /// Bytes after their length. The length is checked against the bytes left before anything else.
    #[inline(always)]
    pub(crate) fn bytes(&mut self) -> Result<&'de [u8], DecodeError> {
        // The length is nearly always in one byte; that byte is even because the length is not negative.
        if let Some((&byte, rest)) = self.rest.split_first()
            && byte & 0x81 == 0
            && let Some((taken, rest)) = rest.split_at_checked(usize::from(byte >> 1))
        {
            self.rest = rest;
            return Ok(taken);
        }
        self.bytes_of_any_length()
    }

    #[inline(never)]
    fn bytes_of_any_length(&mut self) -> Result<&'de [u8], DecodeError> {
        let len = self.long()?;
        match usize::try_from(len) {
            Ok(len) => self.take(len),
            Err(_) => Err(self.fail(Kind::NegativeLength)),
        }
    }

    #[inline(always)]
    pub(crate) fn string(&mut self) -> Result<&'de str, DecodeError> {
        let bytes = self.bytes()?;
        self.utf8(bytes)
    }

    /// `bytes` as text; they were just taken from this cursor.
    #[inline(always)]
    pub(crate) fn utf8(&self, bytes: &'de [u8]) -> Result<&'de str, DecodeError> {
        match utf8(bytes) {
            Some(text) => Ok(text),
            None => Err(self.fail(Kind::InvalidUtf8)),
        }
    }

    /// The index of a union's branch or an enum's symbol, below `count`.
    #[inline(always)]
    pub(crate) fn index(&mut self, count: usize, kind: Kind) -> Result<usize, DecodeError> {
        let long = self.long()?;
        match usize::try_from(long) {
            Ok(index) if index < count => Ok(index),
            _ => Err(self.fail(kind)),
        }
    }

    /// Whether a union of null and one other has null, `null` being that branch's index.
    #[inline(always)]
    pub(crate) fn is_null(&mut self, null: bool) -> Result<bool, DecodeError> {
        match self.rest.split_first() {
            Some((&byte, rest)) if byte & !2 == 0 => {
                self.rest = rest;
                Ok((byte == 2) == null)
            }
            _ => self.is_null_at_length(null),
        }
    }

    /// The index in more than one byte, or missing.
    #[cold]
    #[inline(never)]
    fn is_null_at_length(&mut self, null: bool) -> Result<bool, DecodeError> {
        Ok(self.index(2, Kind::UnionIndex)? == usize::from(null))
    }

    /// The next block of a list or map: its count, 0 at the end. `min` is the smallest size of an item in bytes.
    #[inline(always)]
    pub(crate) fn block(&mut self, min: u32) -> Result<usize, DecodeError> {
        // The count is nearly always in one byte, which is even because the count is not negative, of items that take bytes.
        if let Some((&byte, rest)) = self.rest.split_first()
            && byte & 0x81 == 0
            && usize::from(byte >> 1) * min as usize <= rest.len()
            && min > 0
        {
            self.rest = rest;
            return Ok(usize::from(byte >> 1));
        }
        self.block_of_any_count(min)
    }

    #[inline(never)]
    fn block_of_any_count(&mut self, min: u32) -> Result<usize, DecodeError> {
        let mut count = self.long()?;
        if count < 0 {
            // A negative count is followed by the block's size in bytes, for readers that skip.
            count = count.checked_neg().ok_or_else(|| self.fail(Kind::BlockCount))?;
            let size = self.long()?;
            match usize::try_from(size) {
                Ok(size) if size <= self.rest.len() => {}
                Ok(_) => return Err(self.fail(Kind::Truncated)),
                Err(_) => return Err(self.fail(Kind::NegativeLength)),
            }
        }
        self.checked_count(count, min)
    }

    /// As [`Cursor::block`], for skipping: `Err` in the inner result is a number of bytes to skip.
    pub(crate) fn block_to_skip(&mut self, min: u32) -> Result<Result<usize, usize>, DecodeError> {
        let count = self.long()?;
        if count >= 0 {
            return self.checked_count(count, min).map(Ok);
        }
        let size = self.long()?;
        usize::try_from(size).map(Err).map_err(|_| self.fail(Kind::NegativeLength))
    }

    fn checked_count(&mut self, count: i64, min: u32) -> Result<usize, DecodeError> {
        let Ok(count) = usize::try_from(count) else {
            return Err(self.fail(Kind::BlockCount));
        };
        if min > 0 {
            if count > self.rest.len() / min as usize {
                return Err(self.fail(Kind::BlockCount));
            }
        } else {
            self.charge_hollow(count)?;
        }
        Ok(count)
    }

    /// Takes values without bytes from the budget.
    pub(super) fn charge_hollow(&mut self, count: usize) -> Result<(), DecodeError> {
        match self.zero_size_items.checked_sub(count) {
            Some(left) => {
                self.zero_size_items = left;
                Ok(())
            }
            None => Err(self.fail(Kind::ZeroSizeItems)),
        }
    }

    /// This position, for [`Cursor::go_back`].
    pub(crate) fn mark(&self) -> Mark<'de> {
        Mark { rest: self.rest, depth: self.depth }
    }

    /// Goes back to where `mark` was made. What was taken from the budgets since then stays taken, so that repeated reading
    /// is bounded too.
    pub(crate) fn go_back(&mut self, mark: Mark<'de>) {
        (self.rest, self.depth) = (mark.rest, mark.depth);
    }

    /// Takes memory outside of the datum from the budget.
    #[inline(always)]
    pub(crate) fn charge(&mut self, count: usize, size: usize) -> Result<(), DecodeError> {
        match count.checked_mul(size).and_then(|bytes| self.output.checked_sub(bytes)) {
            Some(left) => {
                self.output = left;
                Ok(())
            }
            None => Err(self.fail(Kind::OutputSize)),
        }
    }

    #[inline]
    pub(crate) fn enter(&mut self) -> Result<(), DecodeError> {
        match self.depth.checked_sub(1) {
            Some(left) => {
                self.depth = left;
                Ok(())
            }
            None => Err(self.fail(Kind::Depth)),
        }
    }

    #[inline]
    pub(crate) fn leave(&mut self) {
        self.depth += 1;
    }
}

/// A number of up to nine bytes with its length, by value so that the position can stay in registers. The length is 0 if
/// the number is longer or too near the end. Timestamps take six to nine bytes, so eight are read at once.
#[inline(never)]
fn leading_varint(rest: &[u8]) -> (u64, usize) {
    let Some(chunk) = rest.first_chunk::<8>() else { return (0, 0) };
    let word = u64::from_le_bytes(*chunk);
    let stops = !word & 0x8080_8080_8080_8080;
    if stops == 0 {
        return match rest.get(8) {
            Some(last) if *last < 0x80 => (seven_of_eight(word) | u64::from(*last) << 56, 9),
            _ => (0, 0),
        };
    }
    // The bytes up to the first without a continuation bit.
    let number = word & (stops ^ (stops - 1));
    (seven_of_eight(number), stops.trailing_zeros() as usize / 8 + 1)
}

/// The low seven bits of each byte, joined.
#[inline]
fn seven_of_eight(word: u64) -> u64 {
    let word = (word & 0x007f_007f_007f_007f) | ((word & 0x7f00_7f00_7f00_7f00) >> 1);
    let word = (word & 0x0000_3fff_0000_3fff) | ((word & 0x3fff_0000_3fff_0000) >> 2);
    (word & 0x0000_0000_0fff_ffff) | ((word & 0x0fff_ffff_0000_0000) >> 4)
}

#[inline]
fn zigzag(n: u64) -> i64 {
    ((n >> 1) as i64) ^ -((n & 1) as i64)
}
