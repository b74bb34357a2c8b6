//! Dates and times, without a zone unless their name says so.

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

/// `io.debezium.time.ZonedTimestamp`: ISO 8601 with its offset; PostgreSQL's `infinity` and `-infinity` are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, AvroRead)]
pub struct ZonedTimestamp<'a>(pub &'a str);

/// `io.debezium.time.ZonedTime`: ISO 8601 with its offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, AvroRead)]
pub struct ZonedTime<'a>(pub &'a str);

/// The value is outside the years -9999 to 9999, or infinite (PostgreSQL).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the value is outside the years -9999 to 9999 or infinite; use the number itself")]
pub struct OutOfRange;

/// Why a [`ZonedTimestamp`] has no instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoInstant {
    /// Databases have times that an instant cannot hold, such as the last evening of the year 9999, which means "never" in
    /// many tables: compare the text of [`ZonedTimestamp`] instead.
    #[error(
        "the time is infinite or outside -009999-01-02T01:59:59Z to 9999-12-30T22:00:00.999999999Z; compare its text instead"
    )]
    OutOfRange,
    /// Not what the connector writes.
    #[error("the text is not a time with an offset, as in 2024-09-10T06:43:09Z")]
    Malformed,
}

impl Date {
    /// The date on the calendar.
    ///
    /// # Errors
    /// [`OutOfRange`].
    pub fn to_date(self) -> Result<civil::Date, OutOfRange> {
        let epoch = civil::Date::constant(1970, 1, 1);
        epoch.checked_add(jiff::Span::new().try_days(self.0).map_err(|_| OutOfRange)?).map_err(|_| OutOfRange)
    }
}

/// Computed on the calendar, not through an instant: instants end a day before 9999-12-31, which databases use as
/// "never".
fn wall_clock(since_1970: SignedDuration) -> Result<civil::DateTime, OutOfRange> {
    civil::DateTime::constant(1970, 1, 1, 0, 0, 0, 0).checked_add(since_1970).map_err(|_| OutOfRange)
}

impl Timestamp {
    /// Date and time of a wall clock in a zone that the record does not have.
    ///
    /// # Errors
    /// [`OutOfRange`].
    pub fn to_datetime(self) -> Result<civil::DateTime, OutOfRange> {
        wall_clock(SignedDuration::from_millis(self.0))
    }
}

impl MicroTimestamp {
    /// Date and time of a wall clock in a zone that the record does not have.
    ///
    /// # Errors
    /// [`OutOfRange`].
    pub fn to_datetime(self) -> Result<civil::DateTime, OutOfRange> {
        wall_clock(SignedDuration::from_micros(self.0))
    }
}

impl NanoTimestamp {
    /// Date and time of a wall clock in a zone that the record does not have.
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
    /// The connector writes years as Java's `ISO_LOCAL_DATE` does: four digits, with a sign before the year 0 and, from
    /// 10000 on, with a sign and as many digits as it takes.
    ///
    /// # Errors
    /// [`NoInstant::OutOfRange`], and [`NoInstant::Malformed`] when the text is not a timestamp.
    pub fn to_timestamp(self) -> Result<jiff::Timestamp, NoInstant> {
        // Nearly all years have four digits and no sign, as in ISO 8601 itself.
        if let Ok(instant) = self.0.parse() {
            return Ok(instant);
        }
        if matches!(self.0, "infinity" | "-infinity") {
            return Err(NoInstant::OutOfRange);
        }
        let (year, rest) = split_year(self.0).ok_or(NoInstant::Malformed)?;
        let expanded = if (-9999..0).contains(&year) { format!("-{:06}{rest}", -year).parse().ok() } else { None };
        // Years repeat every 400 years, so an equivalent year shows whether the rest is a time.
        let alike = format!("{:04}{rest}", 2000 + year.rem_euclid(400)).parse::<jiff::Timestamp>();
        expanded.ok_or(if alike.is_ok() { NoInstant::OutOfRange } else { NoInstant::Malformed })
    }
}

/// The year at the start of a timestamp, and the rest.
fn split_year(text: &str) -> Option<(i64, &str)> {
    let (negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    let (digits, _) = unsigned.split_once('-')?;
    let year: i64 = Some(digits).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_digit()))?.parse().ok()?;
    Some((if negative { -year } else { year }, unsigned.get(digits.len()..)?))
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
    fn the_last_moment_of_a_database_is_still_a_time() {
        let last = MicroTimestamp(253_402_300_799_999_999).to_datetime().unwrap();
        assert_eq!(last.to_string(), "9999-12-31T23:59:59.999999");
        assert_eq!(MicroTimestamp(253_402_300_800_000_000).to_datetime(), Err(OutOfRange));
        assert_eq!(Timestamp(253_402_300_799_999).to_datetime().unwrap().date(), Date(2_932_896).to_date().unwrap());
        assert_eq!(NanoTimestamp(-1).to_datetime().unwrap().to_string(), "1969-12-31T23:59:59.999999999");
    }

    #[test]
    fn years_before_0_read_as_java_writes_them() {
        let instant = |text| ZonedTimestamp(text).to_timestamp().map(|at| at.to_string());
        assert_eq!(instant("-0043-03-15T12:00:00.000000Z").as_deref(), Ok("-000043-03-15T12:00:00Z"));
        assert_eq!(instant("-4712-01-01T00:00:00+01:00").as_deref(), Ok("-004713-12-31T23:00:00Z"));
        assert_eq!(instant("-0004-02-29T00:00:00Z").as_deref(), Ok("-000004-02-29T00:00:00Z"), "a leap year");
        assert_eq!(instant("0000-12-31T23:00:00Z").as_deref(), Ok("0000-12-31T23:00:00Z"));
    }

    #[test]
    fn a_time_out_of_range_is_distinguished_from_malformed_text() {
        let error = |text| ZonedTimestamp(text).to_timestamp().unwrap_err();
        for text in [
            "+10000-01-01T00:00:00Z",
            "+294276-12-31T23:59:59.999999Z",
            "-10000-01-01T00:00:00Z",
            "9999-12-31T23:59:59Z",
            "infinity",
            "-infinity",
        ] {
            assert_eq!(error(text), NoInstant::OutOfRange, "{text}");
        }
        for text in
            ["", "-", "+", "--", "-0043", "2020-02-30T00:00:00Z", "-0043-02-29T00:00:00Z", "+1e4-01-01T00:00:00Z"]
        {
            assert_eq!(error(text), NoInstant::Malformed, "{text}");
        }
        assert_eq!(error("99999999999999999999-01-01T00:00:00Z"), NoInstant::Malformed);
    }

    #[test]
    fn a_date_beyond_the_calendar_is_an_error() {
        assert_eq!(Date(i32::MAX).to_date(), Err(OutOfRange));
        assert_eq!(MicroTimestamp(i64::MAX).to_datetime(), Err(OutOfRange));
    }
}
