//! Redriven records: which are older than what their guard remembers.

use std::time::Duration;

use event_functions::testing::{Harness, Outcome};
use event_functions::{
    AvroRead, Clock, Conditional, Config, DecidedOnEvent, Decision, Effect, Event, EventHandler, Function, KeepNewest,
    Performed, SystemClock, Table, item,
};
use serde_json::{Value, json};

use crate::bytes::{KEY, Said, TOPIC, Ticket, event, record, register};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const TOO_OLD: Outcome = Outcome::Unfinished("redrive_too_old");

#[derive(Config)]
struct Tables {
    /// DynamoDB table of the tickets.
    #[env("TICKETS_TABLE")]
    tickets: Table,
}

/// The record as one that is so many days old, redriven or not.
fn deliver(test: &Harness, mut record: Value, days: u32, redriven: bool) -> Outcome {
    record["timestamp"] = json!(SystemClock.now().0 - u64::try_from((DAY * days).as_millis()).unwrap());
    let mut event = event(&[record]);
    if redriven {
        event["redrive"] = json!({"letterId": "0f3c", "attempt": 1});
    }
    test.deliver(&event).only()
}

#[test]
fn a_row_is_not_redriven_past_the_tombstones() {
    let function = Function::new("index-tickets").changes::<Ticket>(TOPIC).effect(|config: &Tables, aws| {
        KeepNewest::in_table(aws, &config.tickets, |ticket| item! { "status" => ticket.status })
    });
    let test = function.schemas_elsewhere().test(&[("TICKETS_TABLE", "tickets"), ("TOMBSTONE_DAYS", "10")]);
    register(&test);
    let change = |lsn| record(1, Some(KEY), Some(&Said { lsn: Some(lsn), ..Said::inserted("open") }.bytes()));
    assert_eq!(deliver(&test, change(1), 9, true), Outcome::Done);
    assert_eq!(deliver(&test, change(2), 11, true), TOO_OLD);
    assert_eq!(deliver(&test, change(3), 11, false), Outcome::Done, "the topic delivers what it still has");
    test.advance(2 * DAY);
    assert_eq!(deliver(&test, change(4), 9, true), TOO_OLD);
}

#[derive(AvroRead)]
struct Closed {}

/// Remembers ten days, or for ever.
struct Remembers<const TEN_DAYS: bool>;

impl EventHandler for Remembers<true> {
    type Data = Closed;
    type Guard = Conditional;
    type Work = ();

    fn redrive_within(&self) -> Option<Duration> {
        Some(10 * DAY)
    }

    fn decide(&self, _: Event<'_, Closed>) -> DecidedOnEvent<Self> {
        Ok(Decision::conditional(()))
    }

    async fn perform(&self, (): ()) -> Performed {
        Ok(Effect::Done)
    }
}

impl EventHandler for Remembers<false> {
    type Data = Closed;
    type Guard = Conditional;
    type Work = ();

    fn decide(&self, _: Event<'_, Closed>) -> DecidedOnEvent<Self> {
        Ok(Decision::conditional(()))
    }

    async fn perform(&self, (): ()) -> Performed {
        Ok(Effect::Done)
    }
}

fn events<const TEN_DAYS: bool>() -> Harness
where
    Remembers<TEN_DAYS>: EventHandler<Data = Closed>,
{
    let function = Function::new("count-tickets").events::<Closed>("desk.ticket.closed");
    let test = function.effect(|_: &(), _| Remembers::<TEN_DAYS>).schemas_elsewhere().test(&[]);
    test.schema(9, r#"{"type":"record","name":"Closed","fields":[]}"#);
    test
}

#[test]
fn an_event_is_not_redriven_past_what_its_handler_remembers() {
    let closed = || record(1, Some(b"42"), Some(&[0, 0, 0, 0, 9]));
    let test = events::<true>();
    assert_eq!(deliver(&test, closed(), 9, true), Outcome::Done);
    assert_eq!(deliver(&test, closed(), 11, true), TOO_OLD);
    assert_eq!(deliver(&test, closed(), 11, false), Outcome::Done);
    assert_eq!(deliver(&events::<false>(), closed(), 11, true), Outcome::Done);
}
