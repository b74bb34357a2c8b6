//! Waiting for schemas: one that a registry does not have yet, and a registry that has lost all of its own.

use std::sync::Arc;
use std::time::Duration;

use event_runtime::{Clock, Outcome, SystemClock};
use schema_registry::testing::InMemorySchemas;
use schema_registry::{FetchStats, FrameFormat, Frames, SchemaId, SchemaRef};
use serde_json::json;

use crate::world::{Any, Reads, World, event, fill, outcome, record, registry};

const UNKNOWN: SchemaRef = SchemaRef::Id(SchemaId(9));
const MISSED: Outcome = Outcome::Unfinished("schema_not_found");
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

fn world(registry: &Arc<InMemorySchemas>) -> World<Reads<Any>> {
    World::of(Reads::new(registry, Frames::both(FrameFormat::Confluent)))
}

/// A record whose value names a schema, with this timestamp.
fn naming(id: u8, timestamp: i64) -> serde_json::Value {
    event(&[record(0, b"\0\0\0\0\x01\x02k", &[0, 0, 0, 0, id, 4, b'a', b'b'], json!({"timestamp": timestamp}))])
}

fn now() -> i64 {
    i64::try_from(SystemClock.now().0).unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_unknown_schema_is_waited_for_half_a_minute() {
    let year = 365 * DAY_MS;
    for timestamp in [now(), now() - 31_000, now() - DAY_MS, now() + 60_000, now() + year, now() * 1_000, i64::MAX, -1]
    {
        let world = world(&registry());
        let event = naming(9, timestamp);
        for _ in 0..3 {
            assert_eq!(outcome(&world.deliver(&event).await), MISSED, "{timestamp}");
            tokio::time::advance(Duration::from_millis(9_900)).await;
        }
        tokio::time::advance(Duration::from_millis(300)).await;
        assert_eq!(outcome(&world.deliver(&event).await), Outcome::DeadLettered("schema_not_found"), "{timestamp}");
        assert_eq!(world.letters.letters().len(), 1, "{timestamp}");
        // The next of that schema does not wait again.
        assert_eq!(outcome(&world.deliver(&event).await), Outcome::DeadLettered("schema_not_found"), "{timestamp}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_record_older_than_a_week_is_not_waited_for() {
    // Also one whose timestamp is in seconds.
    for timestamp in [now() - 8 * DAY_MS, now() / 1_000, 0] {
        let world = world(&registry());
        assert_eq!(
            outcome(&world.deliver(&naming(9, timestamp)).await),
            Outcome::DeadLettered("schema_not_found"),
            "{timestamp}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_old_record_is_read_once_the_registry_has_its_schema() {
    let registry = registry();
    let world = world(&registry);
    let event = naming(9, now() - DAY_MS);
    assert_eq!(outcome(&world.deliver(&event).await), MISSED);
    registry.put(UNKNOWN, "\"string\"", &[]);
    tokio::time::advance(Duration::from_secs(11)).await;
    assert_eq!(outcome(&world.deliver(&event).await), Outcome::Done);
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_denies_a_schema_it_had_costs_no_record() {
    let registry = registry();
    let world = world(&registry);
    assert_eq!(outcome(&world.deliver(&naming(2, now())).await), Outcome::Done);
    registry.forget();
    tokio::time::advance(Duration::from_secs(11)).await;
    let event = naming(9, now() - DAY_MS);
    for _ in 0..9 {
        assert_eq!(outcome(&world.deliver(&event).await), Outcome::Unfinished("registry_lost_schemas"));
        assert_eq!(outcome(&world.deliver(&naming(2, now())).await), Outcome::Done, "what is known is read");
        tokio::time::advance(Duration::from_secs(60)).await;
    }
    fill(&registry);
    assert_eq!(outcome(&world.deliver(&event).await), MISSED, "it knows its own again, and not this one");
    registry.put(UNKNOWN, "\"string\"", &[]);
    tokio::time::advance(Duration::from_secs(11)).await;
    assert_eq!(outcome(&world.deliver(&event).await), Outcome::Done);
    assert!(world.letters.letters().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_registry_without_any_schema_stops_no_partition_for_ever() {
    let registry = registry();
    let world = world(&registry);
    assert_eq!(outcome(&world.deliver(&naming(2, now())).await), Outcome::Done);
    registry.forget();
    tokio::time::advance(Duration::from_secs(11)).await;
    let event = naming(9, -1);
    let mut waited = 0;
    while !matches!(outcome(&world.deliver(&event).await), Outcome::DeadLettered("schema_not_found")) {
        waited += 10;
        assert!(waited <= 700, "more than ten minutes and the grace");
        tokio::time::advance(Duration::from_secs(10)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn each_of_two_batches_at_a_time_reports_its_own_schemas() {
    let registry = registry();
    registry.put(UNKNOWN, "\"string\"", &[]);
    let world = world(&registry);
    registry.hold();
    let (event, other) = (naming(2, now()), naming(9, now()));
    let answers = async {
        tokio::time::advance(Duration::from_millis(40)).await;
        registry.release();
    };
    let (first, second, ()) = tokio::join!(world.deliver(&event), world.deliver(&other), answers);
    // Each fetches its value's schema; the first to go on fetches the key's too.
    let took = Duration::from_millis(40);
    let stats = |count| FetchStats { misses: count, fetches: count, failures: 0, fetch_time: took };
    assert_eq!([first.schemas, second.schemas], [stats(2), stats(1)]);

    let again = world.deliver(&event).await;
    assert_eq!(again.schemas, FetchStats::default(), "a batch whose plans are known counts nothing");
}
