//! The limits of DynamoDB's keys: their longest length, and times as text that sorts.
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>

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
/// Only from [`EARLIEST_TIME`] on; refuse an earlier one before.
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

#[cfg(test)]
mod tests {
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
}
