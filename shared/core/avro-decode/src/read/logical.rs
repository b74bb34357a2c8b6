//! Reads the specification's logical types: decimals, dates, times, UUIDs, durations.

use jiff::{SignedDuration, civil};
use uuid::Uuid;

use super::traits::{AvroRead, AvroType, read_branch};
use crate::compile::Compiler;
use crate::cursor::Cursor;
use crate::error::{DecodeError, DecodeErrorKind as Kind, ResolveError};
use crate::program::{Node, Op};
use crate::schema::{Logical, Type, TypeId, Unit};

/// A decimal number: `unscaled × 10^-scale`. One beyond 128 bits is an error: see [`DecimalBytes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Decimal {
    /// The digits as an integer.
    pub unscaled: i128,
    /// How many of the digits follow the decimal point, by the writer's schema.
    pub scale: u32,
}

/// A decimal number of any size, as its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DecimalBytes<'a> {
    /// The digits as an integer: two's complement, big endian.
    pub unscaled: &'a [u8],
    /// How many of the digits follow the decimal point, by the writer's schema.
    pub scale: u32,
}

impl DecimalBytes<'_> {
    /// The number, if it fits 128 bits.
    #[inline]
    pub fn to_decimal(&self) -> Option<Decimal> {
        if self.unscaled.len() <= 8 {
            // Nearly always, and in one register.
            let start = if self.unscaled.first().is_some_and(|b| b & 0x80 != 0) { -1i64 } else { 0 };
            let unscaled = self.unscaled.iter().fold(start, |n, b| n << 8 | i64::from(*b));
            return Some(Decimal { unscaled: i128::from(unscaled), scale: self.scale });
        }
        let negative = self.unscaled.first().is_some_and(|b| b & 0x80 != 0);
        let sign = if negative { 0xff } else { 0 };
        let (extra, kept) = self.unscaled.split_at(self.unscaled.len().saturating_sub(16));
        let mut bytes = [sign; 16];
        bytes.get_mut(16 - kept.len()..)?.copy_from_slice(kept);
        let unscaled = i128::from_be_bytes(bytes);
        // The bytes that were cut off may only repeat the sign.
        (extra.iter().all(|b| *b == sign) && (unscaled < 0) == negative)
            .then_some(Decimal { unscaled, scale: self.scale })
    }
}

impl std::fmt::Display for Decimal {
    /// `-123.45`; `-12345E-2000` with more than 1,000 digits after the point, which a schema may declare.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let digits = self.unscaled.unsigned_abs().to_string();
        let scale = self.scale as usize;
        let text = if scale == 0 {
            digits
        } else if scale > 1_000 {
            format!("{digits}E-{scale}")
        } else {
            let digits = format!("{digits:0>width$}", width = scale + 1);
            let (whole, fraction) = digits.split_at(digits.len() - scale);
            format!("{whole}.{fraction}")
        };
        f.pad_integral(self.unscaled >= 0, "", &text)
    }
}

/// The scale of bytes, or of a fixed with its size: by the specification, else by Kafka Connect.
fn scale_of(ty: &Type) -> Option<(i64, Option<u32>)> {
    let (logical, fixed) = match ty {
        Type::Bytes(logical) => (*logical, None),
        Type::Fixed(fixed) => (fixed.logical, Some(fixed.size)),
        _ => return None,
    };
    match logical? {
        Logical::Decimal { scale, .. } => Some((i64::from(scale), fixed)),
        Logical::OddDecimal { scale } => Some((i64::from(scale?), fixed)),
        _ => None,
    }
}

impl AvroType for DecimalBytes<'static> {
    type Of<'de> = DecimalBytes<'de>;

    fn compile(compiler: &mut Compiler<'_>, writer: TypeId) -> Result<Node, ResolveError> {
        compiler.leaf(writer, "DecimalBytes", |ty| {
            let (scale, fixed) = scale_of(ty)?;
            Some((Op::Decimal { scale: u32::try_from(scale).ok()?, fixed }, true))
        })
    }
}

impl<'de> AvroRead<'de> for DecimalBytes<'de> {
    #[inline(always)]
    fn read<'p>(node: &'p Node, cursor: &mut Cursor<'p, 'de>) -> Result<Self, DecodeError> {
        match &node.0 {
            Op::Decimal { scale, fixed: None } => Ok(Self { unscaled: cursor.bytes()?, scale: *scale }),
            Op::Decimal { scale, fixed: Some(size) } => {
                Ok(Self { unscaled: cursor.take(*size as usize)?, scale: *scale })
            }
            _ => read_branch(node, cursor),
        }
    }

    #[inline(always)]
    fn blank() -> Option<Self> {
        Some(Self { unscaled: &[], scale: 0 })
    }
}

impl AvroType for Decimal {
    type Of<'de> = Self;

    fn compile(compiler: &mut Compiler<'_>, writer: TypeId) -> Result<Node, ResolveError> {
        compiler.leaf(writer, "Decimal", |ty| {
            let (scale, fixed) = scale_of(ty)?;
            let op = match u32::try_from(scale) {
                Ok(scale) => Op::Decimal { scale, fixed },
                Err(_) => Op::DecimalTimes { zeros: u32::try_from(scale.unsigned_abs()).ok()?, fixed },
            };
            Some((op, true))
        })
    }
}

impl<'de> AvroRead<'de> for Decimal {
    #[inline]
    fn read<'p>(node: &'p Node, cursor: &mut Cursor<'p, 'de>) -> Result<Self, DecodeError> {
        if let Op::Decimal { .. } = &node.0 {
            let bytes = DecimalBytes::read(node, cursor)?;
            return bytes.to_decimal().ok_or_else(|| cursor.fail(Kind::DecimalOverflow));
        }
        uncommon_decimal(node, cursor)
    }

    #[inline(always)]
    fn blank() -> Option<Self> {
        Some(Self { unscaled: 0, scale: 0 })
    }
}

#[cold]
#[inline(never)]
fn uncommon_decimal<'p>(node: &'p Node, cursor: &mut Cursor<'p, '_>) -> Result<Decimal, DecodeError> {
    let Op::DecimalTimes { zeros, fixed } = &node.0 else {
        return read_branch(node, cursor);
    };
    let unscaled = match fixed {
        None => cursor.bytes()?,
        Some(size) => cursor.take(*size as usize)?,
    };
    let digits = DecimalBytes { unscaled, scale: 0 }.to_decimal().map(|decimal| decimal.unscaled);
    let number = match digits {
        Some(0) => Some(0),
        digits => digits.zip(10i128.checked_pow(*zeros)).and_then(|(digits, power)| digits.checked_mul(power)),
    };
    let unscaled = number.ok_or_else(|| cursor.fail(Kind::DecimalOverflow))?;
    Ok(Decimal { unscaled, scale: 0 })
}

/// Avro's `duration`: three separate counts, since months and days vary in length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Duration {
    /// Whole months.
    pub months: u32,
    /// Days beyond the months.
    pub days: u32,
    /// Milliseconds beyond the days.
    pub millis: u32,
}

impl AvroType for Duration {
    type Of<'de> = Self;

    fn compile(compiler: &mut Compiler<'_>, writer: TypeId) -> Result<Node, ResolveError> {
        compiler.leaf(writer, "Duration", |ty| match ty {
            Type::Fixed(f) if f.logical == Some(Logical::Duration) => Some((Op::Fixed(12), true)),
            _ => None,
        })
    }
}

impl<'de> AvroRead<'de> for Duration {
    fn read<'p>(node: &'p Node, cursor: &mut Cursor<'p, 'de>) -> Result<Self, DecodeError> {
        let [a, b, c, d, e, f, g, h, i, j, k, l] = <[u8; 12]>::read(node, cursor)?;
        Ok(Self {
            months: u32::from_le_bytes([a, b, c, d]),
            days: u32::from_le_bytes([e, f, g, h]),
            millis: u32::from_le_bytes([i, j, k, l]),
        })
    }

    #[inline(always)]
    fn blank() -> Option<Self> {
        Some(Self { months: 0, days: 0, millis: 0 })
    }
}

/// Reads the logical type `uuid` on a string or on a fixed of 16 bytes; also any string that is a UUID's text.
impl AvroType for Uuid {
    type Of<'de> = Self;

    fn compile(compiler: &mut Compiler<'_>, writer: TypeId) -> Result<Node, ResolveError> {
        compiler.leaf(writer, "Uuid", |ty| match ty {
            Type::String(logical) => Some((Op::String, logical.is_some())),
            Type::Fixed(f) if f.logical == Some(Logical::Uuid) => Some((Op::Fixed(16), true)),
            _ => None,
        })
    }
}

impl<'de> AvroRead<'de> for Uuid {
    fn read<'p>(node: &'p Node, cursor: &mut Cursor<'p, 'de>) -> Result<Self, DecodeError> {
        match &node.0 {
            Op::String => {
                let text = cursor.bytes()?;
                Uuid::try_parse_ascii(text).map_err(|_| cursor.fail(Kind::InvalidUuid))
            }
            Op::Fixed(_) => <[u8; 16]>::read(node, cursor).map(Uuid::from_bytes),
            _ => read_branch(node, cursor),
        }
    }

    #[inline(always)]
    fn blank() -> Option<Self> {
        Some(Self::nil())
    }
}

/// Types of jiff, each only from its logical types, since a plain number has no unit. The civil types range from
/// -9999-01-01 to 9999-12-31; a `Timestamp` from -9999-01-02T01:59:59Z to 9999-12-30T22:00:00Z.
macro_rules! temporal {
    ($rust:ty, $name:literal, { $($ty:pat => $op:expr),+ $(,)? }, |$cursor:ident| { $($read:pat => $value:expr),+ $(,)? }) => {
        impl AvroType for $rust {
            type Of<'de> = Self;

            fn compile(compiler: &mut Compiler<'_>, writer: TypeId) -> Result<Node, ResolveError> {
                compiler.leaf(writer, $name, |ty| match ty {
                    $($ty => Some(($op, true)),)+
                    _ => None,
                })
            }
        }

        impl<'de> AvroRead<'de> for $rust {
            fn read<'p>(node: &'p Node, $cursor: &mut Cursor<'p, 'de>) -> Result<Self, DecodeError> {
                let value = match &node.0 {
                    $($read => $value,)+
                    _ => return read_branch(node, $cursor),
                };
                value.ok_or_else(|| $cursor.fail(Kind::TemporalRange))
            }

            #[inline(always)]
            fn blank() -> Option<Self> {
                Some(<$rust>::default())
            }
        }
    };
}

temporal!(civil::Date, "jiff::civil::Date", {
    Type::Int(Some(Logical::Date)) => Op::Date,
}, |cursor| {
    Op::Date => date(i64::from(cursor.int()?)),
});

temporal!(civil::Time, "jiff::civil::Time", {
    Type::Int(Some(Logical::Time(_))) => Op::Time(Unit::Millis),
    Type::Long(Some(Logical::Time(_))) => Op::Time(Unit::Micros),
}, |cursor| {
    Op::Time(Unit::Millis) => time(i64::from(cursor.int()?).checked_mul(1_000_000)),
    Op::Time(_) => time(cursor.long()?.checked_mul(1_000)),
});

temporal!(jiff::Timestamp, "jiff::Timestamp", {
    Type::Long(Some(Logical::Timestamp(unit))) => Op::Timestamp(*unit),
}, |cursor| {
    Op::Timestamp(unit) => timestamp(cursor.long()?, *unit),
});

temporal!(civil::DateTime, "jiff::civil::DateTime", {
    Type::Long(Some(Logical::LocalTimestamp(unit))) => Op::Timestamp(*unit),
}, |cursor| {
    Op::Timestamp(unit) => datetime(cursor.long()?, *unit),
});

/// Computed on the calendar, as [`datetime`] is: instants of jiff begin a day later than the calendar and end a day
/// earlier, and databases write 9999-12-31 for "forever".
fn date(days: i64) -> Option<civil::Date> {
    let days = jiff::Span::new().try_days(days).ok()?;
    civil::Date::constant(1970, 1, 1).checked_add(days).ok()
}

fn datetime(value: i64, unit: Unit) -> Option<civil::DateTime> {
    let since_1970 = match unit {
        Unit::Millis => SignedDuration::from_millis(value),
        Unit::Micros => SignedDuration::from_micros(value),
        Unit::Nanos => SignedDuration::from_nanos(value),
    };
    civil::DateTime::constant(1970, 1, 1, 0, 0, 0, 0).checked_add(since_1970).ok()
}

fn time(nanos: Option<i64>) -> Option<civil::Time> {
    let nanos = nanos.filter(|n| (0..86_400_000_000_000).contains(n))?;
    let timestamp = jiff::Timestamp::from_nanosecond(i128::from(nanos)).ok()?;
    Some(jiff::tz::Offset::UTC.to_datetime(timestamp).time())
}

fn timestamp(value: i64, unit: Unit) -> Option<jiff::Timestamp> {
    match unit {
        Unit::Millis => jiff::Timestamp::from_millisecond(value).ok(),
        Unit::Micros => jiff::Timestamp::from_microsecond(value).ok(),
        Unit::Nanos => jiff::Timestamp::from_nanosecond(i128::from(value)).ok(),
    }
}
