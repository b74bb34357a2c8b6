//! Numbers, as far as DynamoDB can hold them.

use avro_decode::{Decimal, DecimalBytes};
use aws_sdk_dynamodb::types::AttributeValue;

use super::{IntoColumn, bytes};
use crate::column::Column;

/// DynamoDB keeps 38 digits. <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>
const DIGITS: usize = 38;
/// The first power of ten that is too great, and the last that is not too small.
const TOO_GREAT: i64 = 126;
const SMALLEST: i64 = -130;

/// A number, or its text where DynamoDB cannot hold it: a row with such a value is still kept.
pub(super) fn number_or_text(number: String) -> Column {
    Column::Is(if fits(&number) { AttributeValue::N(number) } else { AttributeValue::S(number) })
}

/// Whether a number, as Rust and [`Decimal`] write it, is one of DynamoDB's.
fn fits(number: &str) -> bool {
    let unsigned = number.strip_prefix('-').unwrap_or(number);
    let (digits, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all: String = [whole, fraction].concat();
    let Ok(exponent) = exponent.parse::<i64>() else { return false };
    if all.is_empty() || !all.bytes().all(|digit| digit.is_ascii_digit()) {
        return false;
    }
    let significant = all.trim_start_matches('0');
    let Some(leading) = significant.len().checked_sub(1) else { return true };
    // The power of ten of the first digit that is not 0.
    let greatest = leading as i64 - fraction.len() as i64 + exponent;
    significant.trim_end_matches('0').len() <= DIGITS && (SMALLEST..TOO_GREAT).contains(&greatest)
}

macro_rules! integers {
    ($($integer:ty),+) => {$(
        impl IntoColumn for $integer {
            fn into_column(self) -> Column {
                number_or_text(self.to_string())
            }
        }
    )+};
}

integers!(i8, i16, i32, i64, i128, isize, u16, u32, u64, u128, usize);

impl IntoColumn for u8 {
    fn into_column(self) -> Column {
        number_or_text(self.to_string())
    }

    fn list(values: impl Iterator<Item = Self>) -> Column {
        bytes(values.collect::<Vec<u8>>())
    }
}

macro_rules! floats {
    ($($float:ty),+) => {$(
        impl IntoColumn for $float {
            fn into_column(self) -> Column {
                let usual = self == 0.0 || (1e-6..1e21).contains(&self.abs()) || !self.is_finite();
                number_or_text(if usual { self.to_string() } else { format!("{self:e}") })
            }
        }
    )+};
}

floats!(f32, f64);

impl IntoColumn for Decimal {
    fn into_column(self) -> Column {
        number_or_text(self.to_string())
    }
}

impl IntoColumn for DecimalBytes<'_> {
    /// One beyond 128 bits is a map of `scale` and the bytes `unscaled`.
    fn into_column(self) -> Column {
        match self.to_decimal() {
            Some(decimal) => decimal.into_column(),
            None => wide_decimal(i64::from(self.scale), self.unscaled),
        }
    }
}

pub(super) fn wide_decimal(scale: i64, unscaled: &[u8]) -> Column {
    let parts = [("scale", scale.into_column()), ("unscaled", bytes(unscaled))];
    let parts = parts.into_iter().filter_map(|(name, part)| Some((name.to_owned(), part.within()?)));
    Column::Is(AttributeValue::M(parts.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn n(number: &str) -> Column {
        Column::Is(AttributeValue::N(number.to_owned()))
    }

    fn s(number: &str) -> Column {
        Column::Is(AttributeValue::S(number.to_owned()))
    }

    #[test]
    fn integers_and_decimals_are_numbers_up_to_38_digits() {
        assert_eq!((7_u8.into_column(), i64::MIN.into_column()), (n("7"), n("-9223372036854775808")));
        let most = 10_u128.pow(38) - 1;
        assert_eq!((most.into_column(), (most + 2).into_column()), (n(&"9".repeat(38)), s(&(most + 2).to_string())));
        let decimal = |unscaled, scale| Decimal { unscaled, scale }.into_column();
        assert_eq!(
            (decimal(-12_345, 2), decimal(0, 2), decimal(5, 131)),
            (n("-123.45"), n("0.00"), s(&format!("0.{}5", "0".repeat(130))))
        );
        assert_eq!(decimal(5, 2_000), s("5E-2000"));
    }

    #[test]
    fn floats_are_numbers_where_dynamodb_has_them() {
        assert_eq!(
            (0.1_f32.into_column(), 1.5_f64.into_column(), (-0.0_f64).into_column()),
            (n("0.1"), n("1.5"), n("-0"))
        );
        assert_eq!((9.99e125_f64.into_column(), 1e126_f64.into_column()), (n("9.99e125"), s("1e126")));
        assert_eq!((1e-130_f64.into_column(), 1e-131_f64.into_column()), (n("1e-130"), s("1e-131")));
        assert_eq!((f64::NAN.into_column(), f64::NEG_INFINITY.into_column()), (s("NaN"), s("-inf")));
    }

    #[test]
    fn a_decimal_beyond_128_bits_keeps_its_bytes() {
        let unscaled = [1; 17];
        let Column::Is(AttributeValue::M(parts)) = DecimalBytes { unscaled: &unscaled, scale: 3 }.into_column() else {
            panic!("a map");
        };
        assert_eq!(parts["scale"], AttributeValue::N("3".to_owned()));
        assert_eq!(parts["unscaled"].as_b().unwrap().as_ref(), unscaled);
        assert_eq!(DecimalBytes { unscaled: &[5], scale: 1 }.into_column(), n("0.5"));
    }
}
