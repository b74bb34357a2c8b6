//! The function's event: a schedule, or a dead-lettered item that a redrive brings back.

use event_functions::Failure;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::letter::EVENT_SOURCE;

/// What the function is invoked for.
#[derive(Debug)]
pub(crate) enum Event {
    /// Any event without the mark of a redrive. It says nothing: a run continues at the cursor.
    Schedule,
    /// A dead-lettered item, under the mark of a redrive.
    Redriven(RedrivenItem),
}

/// A dead-lettered item, as `redrive-dead-letters` sends it:
/// `{"redrive": {"letterId": "…", "attempt": 1}, "eventSource": "profile-api", "item": {…}}`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RedrivenItem {
    /// The mark.
    pub(crate) redrive: Mark,
    event_source: String,
    /// The item as the API gave it.
    pub(crate) item: Box<RawValue>,
}

/// Which letter is redriven, and how often it was.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Mark {
    /// The letter's id; the answer repeats it.
    pub(crate) letter_id: String,
    /// The attempt, from 1.
    pub(crate) attempt: u32,
}

/// The event has the mark of a redrive, but the rest does not fit. Keeps none of its data.
#[derive(Debug, Clone, PartialEq, Eq, Failure)]
#[failure(dead_letter, code = "event_unreadable", blame = record)]
pub(crate) enum BadEvent {
    /// The event has the mark of a redrive and no item of this function.
    #[failure(
        "the redriven event lacks one of the fields redrive.letterId, redrive.attempt, eventSource and item \
         (line {line}, column {column}); send the letter again with redrive-dead-letters of this version",
        remedy = "Redrive with the version of this deployment."
    )]
    Unreadable {
        /// In the event, from 1.
        line: usize,
        /// From 1.
        column: usize,
    },
    /// The event has the mark of a redrive and no item of this function.
    #[failure(
        "the redriven item does not come from {EVENT_SOURCE}: its letter belongs to another function",
        remedy = "Redrive with the version of this deployment."
    )]
    AnotherSource,
}

impl Event {
    /// Reads an event.
    ///
    /// # Errors
    /// When it is marked as a redrive and does not hold an item of this function.
    pub(crate) fn read(event: &RawValue) -> Result<Self, BadEvent> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(event: &str) -> Result<Event, BadEvent> {
        Event::read(&RawValue::from_string(event.to_owned()).unwrap())
    }

    #[test]
    fn any_event_without_a_mark_is_a_run() {
        let sample = include_str!("../../../events/samples/publish-profile-updates/schedule.json");
        for event in [sample, "{}", "null", "[]", "7", "\"text\"", r#"{"redrive": null}"#] {
            assert!(matches!(read(event), Ok(Event::Schedule)), "{event}");
        }
    }

    #[test]
    fn a_redriven_item_comes_with_its_letter_id() {
        let sample = include_str!("../../../events/samples/publish-profile-updates/redriven.json");
        let Ok(Event::Redriven(redriven)) = read(sample) else { panic!("the sample is a redrive") };
        assert_eq!((redriven.redrive.letter_id.ends_with("-redriven"), redriven.redrive.attempt), (true, 1));
        assert!(redriven.item.get().contains("chg-000042"));
    }

    /// Read as a schedule it would be answered as a run, and its letter would be lost.
    #[test]
    fn a_mark_without_our_item_is_refused_and_never_read_as_a_schedule() {
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
