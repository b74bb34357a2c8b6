//! What Debezium sends: unchanged columns, times, decimals, and texts with a meaning.

use avro_decode::Decimal;
use debezium::mongodb;
use debezium::types::{
    Bits, Date, Enum, EnumSet, Json, Ltree, MicroDuration, MicroTime, MicroTimestamp, NanoTime, NanoTimestamp, Time,
    Timestamp, Toasted, Uuid, VariableScaleDecimal, Xml, Year, ZonedTime, ZonedTimestamp,
};

use super::numbers::{number_or_text, wide_decimal};
use super::{IntoColumn, bytes};
use crate::column::Column;
use crate::keys::EARLIEST_TIME;

impl IntoColumn for Toasted<'_> {
    fn into_column(self) -> Column {
        match self {
            Toasted::Text(value) => value.into_column(),
            Toasted::Bytes(value) => bytes(value),
            Toasted::Unchanged => Column::Unchanged,
        }
    }
}

macro_rules! as_they_are {
    ($($wrapper:ty),+) => {$(
        impl IntoColumn for $wrapper {
            fn into_column(self) -> Column {
                self.0.into_column()
            }
        }
    )+};
}

as_they_are!(Enum<'_>, EnumSet<'_>, Json<'_>, Ltree<'_>, Uuid<'_>, Xml<'_>, ZonedTime<'_>, ZonedTimestamp<'_>);
as_they_are!(Bits<'_>, mongodb::IdText);
as_they_are!(Time, MicroTime, NanoTime, MicroDuration, Year);

impl IntoColumn for Date {
    fn into_column(self) -> Column {
        self.to_date()
            .ok()
            .filter(|date| date.year() >= 0)
            .map_or_else(|| self.0.into_column(), |date| date.into_column())
    }
}

macro_rules! wall_clocks {
    ($($wrapper:ty: $digits:literal),+) => {$(
        impl IntoColumn for $wrapper {
            fn into_column(self) -> Column {
                match self.to_datetime() {
                    Ok(at) if at.year() >= 0 => format!(concat!("{:.", $digits, "}"), at).into_column(),
                    Ok(_) | Err(_) => self.0.into_column(),
                }
            }
        }
    )+};
}

wall_clocks!(Timestamp: "3", MicroTimestamp: "6", NanoTimestamp: "9");

impl IntoColumn for mongodb::Date {
    fn into_column(self) -> Column {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(at) if at >= EARLIEST_TIME => at.into_column(),
            Ok(_) | Err(_) => self.0.into_column(),
        }
    }
}

impl IntoColumn for VariableScaleDecimal<'_> {
    /// One beyond 128 bits is a map of `scale` and the bytes `unscaled`.
    fn into_column(self) -> Column {
        match (self.unscaled(), u32::try_from(self.scale)) {
            (Ok(unscaled), Ok(scale)) => Decimal { unscaled, scale }.into_column(),
            (Ok(unscaled), Err(_)) => number_or_text(format!("{unscaled}E{}", self.scale.unsigned_abs())),
            (Err(_), _) => wide_decimal(i64::from(self.scale), self.value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{number, text};

    #[test]
    fn times_are_text_that_sorts_and_beyond_the_calendar_a_number() {
        let is = |column: Column, value| assert_eq!(column, Column::Is(value));
        is(Date(20_467).into_column(), text("2026-01-14"));
        is(Date(i32::MAX).into_column(), number(i32::MAX));
        is(Timestamp(971).into_column(), text("1970-01-01T00:00:00.971"));
        is(MicroTimestamp(1).into_column(), text("1970-01-01T00:00:00.000001"));
        is(NanoTimestamp(0).into_column(), text("1970-01-01T00:00:00.000000000"));
        is(MicroTimestamp(i64::MAX).into_column(), number(i64::MAX));
        is(mongodb::Date(0).into_column(), text("1970-01-01T00:00:00.000Z"));
        for outside in [-62_167_219_200_001, 253_402_300_800_000] {
            is(mongodb::Date(outside).into_column(), number(outside));
        }
        is(Time(5).into_column(), number(5));
    }

    #[test]
    fn a_decimal_of_any_scale_is_a_number() {
        let decimal = |scale, value| VariableScaleDecimal { scale, value }.into_column();
        assert_eq!(decimal(2, &[0x05, 0x2a, 0x5e]), Column::Is(aws_number("3385.26")));
        assert_eq!(decimal(-3, &[5]), Column::Is(aws_number("5E3")));
        assert!(matches!(decimal(0, &[1; 17]), Column::Is(aws_sdk_dynamodb::types::AttributeValue::M(_))));
    }

    fn aws_number(number: &str) -> aws_sdk_dynamodb::types::AttributeValue {
        aws_sdk_dynamodb::types::AttributeValue::N(number.to_owned())
    }

    #[test]
    fn texts_with_a_meaning_and_references_are_text() {
        for column in [Json("7").into_column(), Enum("7").into_column(), mongodb::IdText("7".to_owned()).into_column()]
        {
            assert_eq!(column, Column::Is(text("7")));
        }
        assert_eq!(Toasted::Text("7").into_column(), Column::Is(text("7")));
    }
}
