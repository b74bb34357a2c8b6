//! The limits of DynamoDB's keys: their longest length, and times as text that sorts.
//!
//! [`index_text`] and [`sortable`] check a column that is the key of an index, in one line each. Their errors are
//! [`Failure`]s of the record, so `?` is enough:
//!
//! ```
//! use dynamodb::keys::{self, Precision};
//! use dynamodb::{Columns, item};
//!
//! struct Login<'a> { user: Option<&'a str>, at: jiff::Timestamp }
//!
//! fn columns(login: &Login<'_>) -> Result<Columns, Box<dyn std::error::Error>> {
//!     let user = keys::index_text(login.user)?;
//!     let at = keys::sortable(login.at, Precision::Milliseconds)?;
//!     Ok(item! { "user" => user, "at" => at })
//! }
//!
//! let at = jiff::Timestamp::UNIX_EPOCH;
//! assert_eq!(columns(&Login { user: Some(""), at })?, item! { "user" => None::<&str>, "at" => at });
//! assert!(columns(&Login { user: Some(&"x".repeat(2049)), at }).is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>

use event_runtime::Failure;
use jiff::Timestamp;

/// The longest partition key of a table or an index, in bytes. A key has at least one byte.
pub const MAX_PARTITION_KEY_BYTES: usize = 2048;

// The text of a row's key is a partition key, alone or behind a claim's scope.
const _: () = assert!(debezium::RowKey::MAX_BYTES < MAX_PARTITION_KEY_BYTES);

/// The longest sort key of a table or an index, in bytes. A key has at least one byte.
pub const MAX_SORT_KEY_BYTES: usize = 1024;

/// The earliest time whose text sorts: the beginning of the year 0. Earlier years have a sign in front.
pub const EARLIEST_TIME: Timestamp = Timestamp::constant(-62_167_219_200, 0);

/// The fraction of a second in a [`sortable_time`]. One table keeps to one precision: two do not sort together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// Three digits.
    Milliseconds,
    /// Six digits.
    Microseconds,
}

/// A time as text that sorts like the time: RFC 3339 in UTC with a fixed number of digits. Finer fractions are cut off.
///
/// Only from [`EARLIEST_TIME`] on: [`sortable`] refuses an earlier one.
///
/// ```
/// use dynamodb::keys::{Precision, sortable_time};
///
/// let at = "2026-01-14T07:02:32.9717+01:00".parse()?;
/// assert_eq!(sortable_time(at, Precision::Milliseconds), "2026-01-14T06:02:32.971Z");
/// assert_eq!(sortable_time(at, Precision::Microseconds), "2026-01-14T06:02:32.971700Z");
/// # Ok::<(), jiff::Error>(())
/// ```
pub fn sortable_time(at: Timestamp, precision: Precision) -> String {
    match precision {
        Precision::Milliseconds => format!("{at:.3}"),
        Precision::Microseconds => format!("{at:.6}"),
    }
}

/// A time as text that sorts like the time ([`sortable_time`]).
///
/// # Errors
/// [`TimeOutOfRange`] before [`EARLIEST_TIME`].
pub fn sortable(at: Timestamp, precision: Precision) -> Result<String, TimeOutOfRange> {
    if at < EARLIEST_TIME { Err(TimeOutOfRange) } else { Ok(sortable_time(at, precision)) }
}

/// A time in milliseconds since 1970, as MongoDB and Java have it, as text that sorts like the time.
///
/// # Errors
/// [`TimeOutOfRange`] before [`EARLIEST_TIME`] and where no calendar has the time.
pub fn sortable_millis(since_1970: i64) -> Result<String, TimeOutOfRange> {
    let at = Timestamp::from_millisecond(since_1970).map_err(|_| TimeOutOfRange)?;
    sortable(at, Precision::Milliseconds)
}

/// A column that is the partition key of an index. An index does not take empty keys: an empty text becomes `None`, so the
/// row is stored and the index does not contain it.
///
/// # Errors
/// [`KeyTooLong`] above [`MAX_PARTITION_KEY_BYTES`]: DynamoDB would reject the whole row.
pub fn index_text<T: AsRef<str>>(text: Option<T>) -> Result<Option<T>, KeyTooLong> {
    match text.as_ref().map_or(0, |text| text.as_ref().len()) {
        0 => Ok(None),
        bytes if bytes > MAX_PARTITION_KEY_BYTES => Err(KeyTooLong { bytes }),
        _ => Ok(text),
    }
}

/// A text is too long for the key of an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Failure)]
#[failure(
    "a text that is the key of an index has {bytes} bytes, and a key has at most {MAX_PARTITION_KEY_BYTES}: correct it at its source",
    dead_letter,
    code = "key_too_long",
    blame = record,
    remedy = "Correct the text at its source; end the letter."
)]
pub struct KeyTooLong {
    /// How long it is.
    pub bytes: usize,
}

/// A time is outside the years 0 to 9999, and only those sort as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Failure)]
#[failure(
    "a time is outside the years 0 to 9999, and only those sort as text: correct it at its source",
    dead_letter,
    code = "time_out_of_range",
    blame = record,
    remedy = "Correct the time at its source; end the letter."
)]
pub struct TimeOutOfRange;

#[cfg(test)]
mod tests {
    use event_runtime::{Blame, Disposition};

    use super::*;

    #[test]
    fn times_sort_as_text_from_the_year_0_on() {
        let times = [
            EARLIEST_TIME,
            "1969-12-31T23:59:59.999Z".parse().unwrap(),
            Timestamp::UNIX_EPOCH,
            "2026-01-14T06:02:32.97Z".parse().unwrap(),
            Timestamp::MAX,
        ];
        for (precision, example) in [
            (Precision::Milliseconds, "1970-01-01T00:00:00.000Z"),
            (Precision::Microseconds, "1970-01-01T00:00:00.000000Z"),
        ] {
            let texts = times.map(|at| sortable_time(at, precision));
            assert!(texts.is_sorted(), "{texts:?}");
            assert!(texts.iter().all(|text| text.len() == example.len()), "{texts:?}");
        }
        let before = Timestamp::from_second(EARLIEST_TIME.as_second() - 1).unwrap();
        assert!(sortable_time(before, Precision::Milliseconds).starts_with('-'));
    }

    #[test]
    fn an_index_key_is_neither_empty_nor_too_long() {
        assert_eq!(
            (index_text(Some("u1")), index_text(Some("")), index_text(None::<&str>)),
            (Ok(Some("u1")), Ok(None), Ok(None))
        );
        let longest = "x".repeat(MAX_PARTITION_KEY_BYTES);
        assert!(index_text(Some(&longest)).is_ok());
        let error = index_text(Some(format!("{longest}x"))).unwrap_err();
        assert_eq!((error.bytes, error.code(), error.disposition()), (2049, "key_too_long", Disposition::DeadLetter));
        assert!(!error.to_string().contains("xx"));
    }

    #[test]
    fn a_time_that_does_not_sort_is_refused() {
        assert_eq!(sortable_millis(971).as_deref(), Ok("1970-01-01T00:00:00.971Z"));
        assert_eq!(sortable(EARLIEST_TIME, Precision::Microseconds).as_deref(), Ok("0000-01-01T00:00:00.000000Z"));
        for outside in [-62_167_219_200_001, 253_402_300_800_000, i64::MIN] {
            assert_eq!(sortable_millis(outside), Err(TimeOutOfRange), "{outside}");
        }
        assert_eq!((TimeOutOfRange.code(), TimeOutOfRange.blame()), ("time_out_of_range", Blame::Record));
    }
}
