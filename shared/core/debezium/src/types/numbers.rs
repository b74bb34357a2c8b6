//! Decimals of any scale, bits, points and geometries.

use avro_decode::AvroRead;

/// `io.debezium.data.VariableScaleDecimal`: PostgreSQL's bare `numeric`, each value with its own scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AvroRead)]
pub struct VariableScaleDecimal<'a> {
    /// Digits after the point.
    pub scale: i32,
    /// The unscaled value, two's complement, big endian.
    pub value: &'a [u8],
}

/// The number has more bits than the integer that was asked for; its bytes are still available.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the number has too many bits for an integer; read its bytes instead")]
pub struct TooWide;

impl VariableScaleDecimal<'_> {
    /// The number without its point: 12.30 with scale 2 is 1230.
    ///
    /// # Errors
    /// [`TooWide`] beyond 16 bytes.
    pub fn unscaled(self) -> Result<i128, TooWide> {
        let bytes = self.value;
        let mut wide = [if bytes.first().is_some_and(|first| first & 0x80 != 0) { 0xff } else { 0 }; 16];
        let start = wide.len().checked_sub(bytes.len()).ok_or(TooWide)?;
        wide.get_mut(start..).ok_or(TooWide)?.copy_from_slice(bytes);
        Ok(i128::from_be_bytes(wide))
    }
}

/// `io.debezium.data.Bits`: little endian, without trailing zero bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, AvroRead)]
pub struct Bits<'a>(pub &'a [u8]);

impl Bits<'_> {
    /// One bit, counted from the least significant; false beyond the end.
    pub fn bit(self, index: usize) -> bool {
        self.0.get(index / 8).is_some_and(|byte| byte >> (index % 8) & 1 == 1)
    }

    /// The bits as a number.
    ///
    /// # Errors
    /// [`TooWide`] beyond 64 bits.
    pub fn to_u64(self) -> Result<u64, TooWide> {
        if self.0.len() > 8 {
            return Err(TooWide);
        }
        Ok(self.0.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }
}

/// `io.debezium.data.geometry.Geometry`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AvroRead)]
pub struct Geometry<'a> {
    /// Well-known binary.
    pub wkb: &'a [u8],
    /// Spatial reference system.
    pub srid: Option<i32>,
}

/// `io.debezium.data.geometry.Point`.
#[derive(Debug, Clone, Copy, PartialEq, AvroRead)]
pub struct Point<'a> {
    /// First coordinate.
    pub x: f64,
    /// Second coordinate.
    pub y: f64,
    /// Well-known binary.
    pub wkb: Option<&'a [u8]>,
    /// Spatial reference system.
    pub srid: Option<i32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_of_any_scale_is_twos_complement() {
        let decimal = |value| VariableScaleDecimal { scale: 2, value };
        assert_eq!(decimal(&[0x05, 0x2a, 0x5e]).unscaled(), Ok(338_526));
        assert_eq!(decimal(&[0xff]).unscaled(), Ok(-1));
        assert_eq!(decimal(&[]).unscaled(), Ok(0));
        assert_eq!(decimal(&[1; 17]).unscaled(), Err(TooWide));
    }

    #[test]
    fn bits_are_little_endian() {
        assert_eq!(Bits(&[0b101]).to_u64(), Ok(5));
        assert_eq!(Bits(&[0, 1]).to_u64(), Ok(256));
        assert!(Bits(&[0, 1]).bit(8) && !Bits(&[0, 1]).bit(99));
        assert_eq!(Bits(&[0; 9]).to_u64(), Err(TooWide));
    }
}
