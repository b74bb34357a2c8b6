//! Dates and times. Without a zone unless their name says so.

use avro_decode::AvroRead;
use jiff::{SignedDuration, civil};

/// `io.debezium.time.Date`: days since 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, AvroRead)]
pub struct Date(pub i32);

/// `io.debezium.time.Time`: milliseconds since midnight; MySQL's may be negative or beyond a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, AvroRead)]
pub struct Time(pub i32);

/// `io.debezium.time.MicroTime`: microseconds since midnight; MySQL's may be negative or beyond a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, AvroRead)]
pub struct MicroTime(pub i64);

/// `io.debezium.time.NanoTime`: nanoseconds since midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, AvroRead)]
pub struct NanoTime(pub i64);

/// `io.debezium.time.Timestamp`: milliseconds since 1970-01-01T00:00:00, no zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, AvroRead)]
pub struct Timestamp(pub i64);

/// `io.debezium.time.MicroTimestamp`: microseconds since 1970-01-01T00:00:00, no zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, AvroRead)]
pub struct MicroTimestamp(pub i64);

/// `io.debezium.time.NanoTimestamp`: nanoseconds since 1970-01-01T00:00:00, no zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, AvroRead)]
pub struct NanoTimestamp(pub i64);

/// `io.debezium.time.Year`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, AvroRead)]
pub struct Year(pub i32);

/// `io.debezium.time.MicroDuration`: an interval in microseconds; months count as the connector approximates them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, AvroRead)]
pub struct MicroDuration(pub i64);

/// `io.debezium.time.ZonedTimestamp`: ISO 8601 with its offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, AvroRead)]
pub struct ZonedTimestamp<'a>(pub &'a str);

/// `io.debezium.time.ZonedTime`: ISO 8601 with its offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, AvroRead)]
pub struct ZonedTime<'a>(pub &'a str);

/// Outside the years -9999 to 9999, or (PostgreSQL) infinite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the value is outside of the years -9999 to 9999 or is infinite")]
pub struct OutOfRange;

impl Date {
    /// The calendar's date.
    ///
    /// # Errors
    /// [`OutOfRange`].
    pub fn to_date(self) -> Result<civil::Date, OutOfRange> {
        let epoch = civil::Date::constant(1970, 1, 1);
        epoch.checked_add(jiff::Span::new().try_days(self.0).map_err(|_| OutOfRange)?).map_err(|_| OutOfRange)
    }
}

/// Counted on the calendar itself and not by way of an instant: instants end a day before 9999-12-31, which databases
/// use as "never".
fn wall_clock(since_1970: SignedDuration) -> Result<civil::DateTime, OutOfRange> {
    civil::DateTime::constant(1970, 1, 1, 0, 0, 0, 0).checked_add(since_1970).map_err(|_| OutOfRange)
}

impl Timestamp {
    /// Date and time of a wall clock in a zone that the record does not tell.
    ///
    /// # Errors
    /// [`OutOfRange`].
    pub fn to_datetime(self) -> Result<civil::DateTime, OutOfRange> {
        wall_clock(SignedDuration::from_millis(self.0))
    }
}

impl MicroTimestamp {
    /// Date and time of a wall clock in a zone that the record does not tell.
    ///
    /// # Errors
    /// [`OutOfRange`].
    pub fn to_datetime(self) -> Result<civil::DateTime, OutOfRange> {
        wall_clock(SignedDuration::from_micros(self.0))
    }
}

impl NanoTimestamp {
    /// Date and time of a wall clock in a zone that the record does not tell.
    ///
    /// # Errors
    /// [`OutOfRange`].
    pub fn to_datetime(self) -> Result<civil::DateTime, OutOfRange> {
        wall_clock(SignedDuration::from_nanos(self.0))
    }
}

impl ZonedTimestamp<'_> {
    /// The instant.
    ///
    /// # Errors
    /// [`OutOfRange`] also where the text is no timestamp.
    pub fn to_timestamp(self) -> Result<jiff::Timestamp, OutOfRange> {
        self.0.parse().map_err(|_| OutOfRange)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_times_are_counted_from_1970() {
        assert_eq!(Date(-1122).to_date().unwrap().to_string(), "1966-12-06");
        assert_eq!(
            MicroTimestamp(1_754_840_377_562_122).to_datetime().unwrap().to_string(),
            "2025-08-10T15:39:37.562122"
        );
        let zoned = ZonedTimestamp("2024-09-10T06:43:09.000000Z").to_timestamp().unwrap();
        assert_eq!(zoned.as_second(), 1_725_950_589);
    }

    #[test]
    fn the_last_moment_that_a_database_can_name_is_still_a_time() {
        let last = MicroTimestamp(253_402_300_799_999_999).to_datetime().unwrap();
        assert_eq!(last.to_string(), "9999-12-31T23:59:59.999999");
        assert_eq!(MicroTimestamp(253_402_300_800_000_000).to_datetime(), Err(OutOfRange));
        assert_eq!(Timestamp(253_402_300_799_999).to_datetime().unwrap().date(), Date(2_932_896).to_date().unwrap());
        assert_eq!(NanoTimestamp(-1).to_datetime().unwrap().to_string(), "1969-12-31T23:59:59.999999999");
    }

    #[test]
    fn what_the_calendar_does_not_hold_is_an_error() {
        assert_eq!(Date(i32::MAX).to_date(), Err(OutOfRange));
        assert_eq!(MicroTimestamp(i64::MAX).to_datetime(), Err(OutOfRange));
    }
}
