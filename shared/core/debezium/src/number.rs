//! Writes each number as one text, the same for every type that it may come as.

use crate::types::VariableScaleDecimal;

/// Numbers of more digits than this are written with an exponent. Every 64-bit integer has fewer.
const MAX_PLAIN: i64 = 40;
/// PostgreSQL's numbers may have 131,072 digits, but its index cannot hold a key of more bytes than this.
const MAX_BYTES: usize = 1024;

/// A decimal: 1.50 and 1.5 are one number, as in a database. `None` beyond 1024 bytes.
pub(crate) fn of_decimal(decimal: VariableScaleDecimal<'_>) -> Option<String> {
    let (negative, digits) = match decimal.unscaled() {
        Ok(unscaled) => (unscaled < 0, unscaled.unsigned_abs().to_string()),
        Err(_) if decimal.value.len() > MAX_BYTES => return None,
        Err(_) => wide(decimal.value),
    };
    Some(canonical(negative, &digits, -i64::from(decimal.scale)))
}

/// A double, by the shortest digits that read as the same double: -0 is 0, as in a database.
pub(crate) fn of_double(number: f64) -> String {
    if number.is_finite() { of_scientific(&format!("{number:e}")) } else { not_finite(number) }
}

/// The same for a float: 0.1 is 0.1, and not the double next to it.
pub(crate) fn of_float(number: f32) -> String {
    if number.is_finite() { of_scientific(&format!("{number:e}")) } else { not_finite(number.into()) }
}

fn not_finite(number: f64) -> String {
    let text = if number.is_nan() {
        "NaN"
    } else if number > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    };
    text.to_owned()
}

/// From what `{:e}` writes: `-1.5e-7`.
fn of_scientific(text: &str) -> String {
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent: i64 = exponent.parse().unwrap_or(0);
    let digits = format!("{}{fraction}", whole.trim_start_matches('-'));
    canonical(whole.starts_with('-'), &digits, exponent - fraction.len() as i64)
}

/// `digits × 10^exponent`.
fn canonical(negative: bool, digits: &str, exponent: i64) -> String {
    let digits = digits.trim_start_matches('0');
    let significant = digits.trim_end_matches('0');
    if significant.is_empty() {
        return "0".to_owned();
    }
    let exponent = exponent + (digits.len() - significant.len()) as i64;
    let length = significant.len() as i64;
    let sign = if negative { "-" } else { "" };
    if exponent >= 0 && length + exponent <= MAX_PLAIN {
        return format!("{sign}{significant}{}", "0".repeat(exponent as usize));
    }
    if exponent < 0 && length.max(-exponent) <= MAX_PLAIN {
        let after = exponent.unsigned_abs() as usize;
        let padded = format!("{significant:0>width$}", width = after + 1);
        let (whole, fraction) = padded.split_at(padded.len() - after);
        return format!("{sign}{whole}.{fraction}");
    }
    let (first, rest) = significant.split_at(1);
    let point = if rest.is_empty() { "" } else { "." };
    format!("{sign}{first}{point}{rest}e{}", exponent + length - 1)
}

/// Sign and decimal digits of two's complement, big endian, of any width.
fn wide(bytes: &[u8]) -> (bool, String) {
    const GROUP: u64 = 1_000_000_000;
    let negative = bytes.first().is_some_and(|first| first & 0x80 != 0);
    let mut magnitude: Vec<u8> = bytes.iter().map(|byte| if negative { !byte } else { *byte }).collect();
    if negative {
        for byte in magnitude.iter_mut().rev() {
            let (sum, carried) = byte.overflowing_add(1);
            *byte = sum;
            if !carried {
                break;
            }
        }
    }
    let mut groups = Vec::new();
    while magnitude.iter().any(|byte| *byte != 0) {
        let rest = magnitude.iter_mut().fold(0, |rest, byte| {
            let dividend = rest << 8 | u64::from(*byte);
            *byte = (dividend / GROUP) as u8;
            dividend % GROUP
        });
        groups.push(rest);
    }
    (negative, groups.iter().rev().map(|group| format!("{group:09}")).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decimal(value: &[u8], scale: i32) -> String {
        of_decimal(VariableScaleDecimal { scale, value }).unwrap()
    }

    #[test]
    fn equal_numbers_have_one_text() {
        for (value, scale) in
            [(&[0x01, 0x00][..], 0), (&[0x0a, 0x00], 1), (&[0x00, 0x64, 0x00], 2), (&[0x00, 0x01, 0x00], 0)]
        {
            assert_eq!(decimal(value, scale), "256");
        }
        assert_eq!(of_double(256.0), "256");
        assert_eq!(of_float(256.0), "256");
        assert_eq!((decimal(&[], 5), of_double(-0.0), decimal(&[0], -9)), ("0".into(), "0".into(), "0".into()));
        assert_eq!((of_double(0.1), of_float(0.1), decimal(&[1], 1)), ("0.1".into(), "0.1".into(), "0.1".into()));
        assert_eq!((of_double(-1.5e-3), decimal(&[0xf1], 4)), ("-0.0015".into(), "-0.0015".into()));
        assert_eq!((of_double(1e300), decimal(&[1], -300)), ("1e300".into(), "1e300".into()));
        assert_eq!((of_double(f64::NAN), of_double(-f64::NAN)), ("NaN".into(), "NaN".into()));
        assert_eq!((of_float(f32::INFINITY), of_double(f64::NEG_INFINITY)), ("Infinity".into(), "-Infinity".into()));
    }

    #[test]
    fn a_huge_scale_does_not_make_a_long_text() {
        assert_eq!(decimal(&[0x0f], i32::MAX), "1.5e-2147483646");
        assert_eq!(decimal(&[0xf1], i32::MIN), "-1.5e2147483649");
    }

    #[test]
    fn a_number_of_any_width_is_its_digits() {
        // 2^127, and what is one less than -2^127.
        let two_to_127 = [&[0x00, 0x80][..], &[0; 15]].concat();
        assert_eq!(decimal(&two_to_127, 0), "170141183460469231731687303715884105728");
        let below = [&[0xff, 0x7f][..], &[0xff; 15]].concat();
        assert_eq!(decimal(&below, 0), "-170141183460469231731687303715884105729");
        assert_eq!(decimal(&[0; 1024], 0), "0");
        assert_eq!(of_decimal(VariableScaleDecimal { scale: 0, value: &[1; 1025] }), None);
    }

    proptest! {
        #[test]
        fn width_does_not_matter(number in any::<i128>(), scale in -50..50_i32, more in 0..40_usize) {
            let bytes = number.to_be_bytes();
            let sign = if number < 0 { 0xff } else { 0 };
            let wider = [vec![sign; more], bytes.to_vec()].concat();
            prop_assert_eq!(decimal(&wider, scale), decimal(&bytes, scale));
        }

        #[test]
        fn trailing_zeros_do_not_matter(number in any::<i64>(), scale in -50..50_i32, zeros in 0..18_u32) {
            let longer = i128::from(number) * 10_i128.pow(zeros);
            prop_assert_eq!(decimal(&longer.to_be_bytes(), scale + zeros as i32), decimal(&number.to_be_bytes(), scale));
        }

        #[test]
        fn an_integer_is_the_text_of_an_integer(number in any::<i64>()) {
            prop_assert_eq!(decimal(&number.to_be_bytes(), 0), number.to_string());
        }

        #[test]
        fn a_doubles_text_reads_as_the_double(number in any::<f64>().prop_filter("a number", |number| number.is_finite())) {
            prop_assert_eq!(of_double(number).parse::<f64>().unwrap(), number);
        }
    }
}
