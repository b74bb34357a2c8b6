//! Events that are appended once: when they happened, and what tells them apart.

use std::collections::HashMap;
use std::time::Duration;

use event_functions::testing::{EventHeaders, Facts, Harness, Outcome};
use event_functions::{AppendOnce, AvroRead, Config, Entry, Function, Table, Timestamp, item};

#[derive(AvroRead)]
struct Closed {
    by: i64,
}

#[derive(Config)]
struct Tables {
    /// DynamoDB table of the log.
    #[env("LOG_TABLE")]
    log: Table,
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn log(variables: &[(&str, &str)]) -> Harness {
    let function =
        Function::new("log-tickets").events::<Closed>("desk.ticket.closed").effect(|config: &Tables, aws| {
            AppendOnce::in_table(aws, &config.log, |event| item! { "by" => event.data().by })
        });
    function.schemas_elsewhere().test(&[&[("LOG_TABLE", "log")], variables].concat())
}

fn named(id: &str) -> EventHeaders<'_> {
    EventHeaders { id: Some(id), time: None }
}

#[test]
fn a_made_up_event_without_a_time_happens_at_the_clocks_time() {
    let test = log(&[("RETENTION_DAYS", "1")]);
    let facts = Facts::<Closed>::of(&test);
    assert_eq!(facts.happened("42", named("a"), Closed { by: 1 }), Outcome::Done);
    test.advance(2 * DAY);
    assert_eq!(facts.happened("42", named("b"), Closed { by: 1 }), Outcome::Done);
    let expiries: Vec<_> = test.items("log").iter().filter_map(|item| item["expires_at"].as_u64()).collect();
    assert_eq!(expiries.iter().max().unwrap() - expiries.iter().min().unwrap(), 2 * DAY.as_secs(), "{expiries:?}");
}

#[test]
fn content_that_cannot_be_written_is_refused_and_not_taken_for_other() {
    let function =
        Function::new("log-tickets").events::<Closed>("desk.ticket.closed").effect(|config: &Tables, aws| {
            AppendOnce::in_table(aws, &config.log, |event| {
                // The keys of an object in JSON are texts.
                let content = HashMap::from([((1, 2), event.data().by)]);
                Entry::new("ticket", Timestamp::UNIX_EPOCH, "a", item! {}).with_content(&content)
            })
        });
    let test = function.schemas_elsewhere().test(&[("LOG_TABLE", "log")]);
    let facts = Facts::<Closed>::of(&test);
    for by in [1, 2] {
        let outcome = facts.happened("42", named("a"), Closed { by });
        assert_eq!(outcome, Outcome::DeadLettered("content_unwritable"));
    }
    assert!(test.items("log").is_empty());
    let letter = test.letters().pop().unwrap();
    assert_eq!((letter.stage.as_str(), letter.error.len()), ("decode", 1), "{letter:?}");
}
