//! Limits: the circuit breaker, and the bounds on records and bytes in flight.

use std::time::Duration;

use event_runtime::{Outcome, Settings};
use tokio::time::Instant;

use crate::world::{World, by_key, outcomes};

#[tokio::test(start_paused = true)]
async fn a_dependency_that_is_down_opens_the_circuit_for_the_rest() {
    let world = World::with(by_key(1));
    let values: Vec<_> = (0..40).map(|n| format!("throttled:{n}")).collect();
    let values: Vec<_> = values.iter().map(String::as_str).collect();
    let report = world.deliver(&[("accounts-0", &values)]).await;
    assert_eq!(report.unfinished_records(), 40);
    assert!(world.letters.letters().is_empty(), "no record is dead-lettered because a dependency is down");
    let tries: u32 = world.handler.tries.lock().unwrap().values().sum();
    assert_eq!(tries, 10, "the circuit opened");
}

/// How long four slow effects of 20 ms in four partitions take.
async fn four_partitions(settings: Settings) -> Duration {
    let world = World::with(settings);
    let started = Instant::now();
    let report = world
        .deliver(&[
            ("accounts-0", &["slow:a"]),
            ("accounts-1", &["slow:b"]),
            ("accounts-2", &["slow:c"]),
            ("accounts-3", &["slow:d"]),
        ])
        .await;
    assert_eq!(outcomes(&report), [(Outcome::Done, 4)]);
    started.elapsed()
}

#[tokio::test(start_paused = true)]
async fn records_in_flight_are_bounded_across_partitions() {
    let millis = |text: u64| Duration::from_millis(text);
    assert!(four_partitions(Settings::default()).await < millis(25));
    let two = Settings { max_records_in_flight: 2.try_into().unwrap(), ..Settings::default() };
    let took = four_partitions(two).await;
    assert!((millis(40)..millis(60)).contains(&took), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn bytes_in_flight_are_bounded_across_partitions() {
    // Each record takes about ten bytes; the bound admits one at a time, and also one that is larger than the bound.
    for bound in [12, 1] {
        let tight = Settings { max_bytes_in_flight: bound.try_into().unwrap(), ..Settings::default() };
        let took = four_partitions(tight).await;
        assert!(took >= Duration::from_millis(80), "{bound}: {took:?}");
    }
}
