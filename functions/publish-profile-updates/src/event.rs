//! What the function is invoked with: a schedule's event, or an item that was parked and comes back.

use event_runtime::{Disposition, Failure};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::parked::EVENT_SOURCE;

/// What the function is invoked for.
#[derive(Debug)]
pub enum Event {
    /// Anything without the mark of a redrive: the cursor tells where to go on, not the event.
    Schedule,
    /// An item that was parked, under the mark of a redrive.
    Redriven(RedrivenItem),
}

/// An item that was parked, as `redrive-dead-letters` sends it:
/// `{"redrive": {"letterId": "…", "attempt": 1}, "eventSource": "profile-api", "item": {…}}`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RedrivenItem {
    /// The mark.
    pub redrive: Mark,
    event_source: String,
    /// The item as the API gave it.
    pub item: Box<RawValue>,
}

/// Which letter comes back, and for which time.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mark {
    /// The letter's name for later tries; the answer repeats it.
    pub letter_id: String,
    /// From 1.
    pub attempt: u32,
}

/// The event has the mark of a redrive, and the rest does not fit. Holds nothing of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadEvent {
    /// A field is missing or of another type.
    #[error(
        "the redriven event has not the fields redrive.letterId, redrive.attempt, eventSource and item \
         (line {line}, column {column}); send the letter again with redrive-dead-letters of this version"
    )]
    Unreadable {
        /// In the event, from 1.
        line: usize,
        /// From 1.
        column: usize,
    },
    /// The letter is none of ours.
    #[error("the redriven item does not come from {EVENT_SOURCE}: its letter belongs to another function")]
    AnotherSource,
}

impl Event {
    /// Tells what an event is.
    ///
    /// # Errors
    /// When it is marked as a redrive and holds no item of ours.
    pub fn read(event: &RawValue) -> Result<Self, BadEvent> {
        #[derive(Deserialize)]
        struct Marked {
            redrive: Option<IgnoredAny>,
        }
        match serde_json::from_str(event.get()) {
            Ok(Marked { redrive: Some(_) }) => {}
            // A schedule may send any JSON.
            Ok(Marked { redrive: None }) | Err(_) => return Ok(Event::Schedule),
        }
        let item: RedrivenItem = serde_json::from_str(event.get())
            .map_err(|error| BadEvent::Unreadable { line: error.line(), column: error.column() })?;
        if item.event_source != EVENT_SOURCE {
            return Err(BadEvent::AnotherSource);
        }
        Ok(Event::Redriven(item))
    }
}

impl Failure for BadEvent {
    fn disposition(&self) -> Disposition {
        Disposition::DeadLetter
    }

    fn code(&self) -> &'static str {
        "event_unreadable"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(event: &str) -> Result<Event, BadEvent> {
        Event::read(&RawValue::from_string(event.to_owned()).unwrap())
    }

    #[test]
    fn whatever_a_schedule_sends_is_a_run() {
        let sample = include_str!("../../../events/samples/publish-profile-updates/schedule.json");
        for event in [sample, "{}", "null", "[]", "7", "\"text\"", r#"{"redrive": null}"#] {
            assert!(matches!(read(event), Ok(Event::Schedule)), "{event}");
        }
    }

    #[test]
    fn a_marked_item_comes_with_its_letter() {
        let sample = include_str!("../../../events/samples/publish-profile-updates/redriven.json");
        let Ok(Event::Redriven(redriven)) = read(sample) else { panic!("the sample is a redrive") };
        assert_eq!((redriven.redrive.letter_id.ends_with("-redriven"), redriven.redrive.attempt), (true, 1));
        assert!(redriven.item.get().contains("chg-000042"));
    }

    /// Taken for a schedule's event it would be answered as a run, and its letter be lost.
    #[test]
    fn a_mark_without_our_item_is_refused_and_never_taken_for_a_schedule() {
        for event in [
            r#"{"redrive": {"letterId": "0a", "attempt": 1}, "eventSource": "profile-api", "records": {"l": [{}]}}"#,
            r#"{"redrive": {"letterId": "0a"}, "eventSource": "profile-api", "item": {}}"#,
            r#"{"redrive": true, "eventSource": "profile-api", "item": {"name": "hunter2"}}"#,
        ] {
            let refused = read(event).unwrap_err();
            assert!(matches!(refused, BadEvent::Unreadable { .. }), "{event}");
            assert!(!refused.to_string().contains("hunter2"));
        }
        let foreign = r#"{"redrive": {"letterId": "0a", "attempt": 1}, "eventSource": "order-api", "item": {}}"#;
        assert_eq!(read(foreign).unwrap_err(), BadEvent::AnotherSource);
    }
}
