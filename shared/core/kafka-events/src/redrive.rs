//! The mark of an event that sends a dead-lettered record again.

use std::borrow::Cow;

use serde::Deserialize;

/// Marks an event that was not delivered by the event source mapping: an operator sends one dead-lettered record again.
/// `"redrive":{"letterId":"<id>","attempt":<n>}` beside `records`, which then contains exactly that record.
///
/// ```
/// let body = br#"{"redrive":{"letterId":"0f3c","attempt":2},"records":{"orders-0":[
///     {"topic":"orders","partition":0,"offset":15,"timestamp":1545084650987}]}}"#;
/// let redrive = kafka_events::Event::scan(body)?.redrive.unwrap();
/// assert_eq!((&*redrive.letter_id, redrive.attempt), ("0f3c", 2));
/// # Ok::<(), kafka_events::ScanError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Redrive<'a> {
    /// The dead letter that the record came from; it stays until the record is finished.
    #[serde(borrow)]
    pub letter_id: Cow<'a, str>,
    /// How often the letter was sent, this time included; at least 1.
    pub attempt: u32,
}

impl<'a> Redrive<'a> {
    /// Reads the mark's value; `None` where it is not a valid mark.
    pub(crate) fn read(json: &'a [u8]) -> Option<Self> {
        serde_json::from_slice(json).ok().filter(|redrive: &Redrive<'_>| redrive.is_whole())
    }

    fn is_whole(&self) -> bool {
        !self.letter_id.is_empty() && self.attempt > 0
    }
}
