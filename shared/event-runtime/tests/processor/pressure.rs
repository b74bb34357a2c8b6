//! One fault does not become many, and one batch does not take all.

use std::time::Duration;

use event_runtime::{Outcome, Settings};
use tokio::time::Instant;

use crate::world::{World, by_key, outcomes};

#[tokio::test(start_paused = true)]
async fn a_dependency_that_is_down_opens_the_circuit_and_the_rest_is_reported_at_once() {
    let world = World::with(by_key(1));
    let values: Vec<_> = (0..40).map(|n| format!("throttled:{n}")).collect();
    let values: Vec<_> = values.iter().map(String::as_str).collect();
    let report = world.deliver(&[("accounts-0", &values)]).await;
    assert_eq!(report.unfinished_records(), 40);
    assert!(world.letters.letters().is_empty(), "nothing is parked for a dependency that is down");
    let tries: u32 = world.handler.tries.lock().unwrap().values().sum();
    assert_eq!(tries, 10, "the circuit opened");
}

#[tokio::test(start_paused = true)]
async fn a_broken_deployment_does_not_drain_a_topic_into_the_dead_letters() {
    let world = World::new();
    let values = ["undecodable:x"; 40];
    let report = world.deliver(&[("accounts-0", &values)]).await;
    assert_eq!(outcomes(&report), [(Outcome::Parked("rejected"), 10), (Outcome::Unfinished("flood_guard"), 30)]);
}

#[tokio::test(start_paused = true)]
async fn a_broken_deployment_that_is_given_its_batch_again_parks_no_more() {
    let world = World::new();
    let values = ["undecodable:x"; 40];
    let first = world.deliver(&[("accounts-0", &values)]).await;
    assert_eq!((world.letters.letters().len(), first.lanes_stopped_by_flood_guard), (10, 1));

    let again = world.deliver(&[("accounts-0", &values)]).await;
    assert_eq!(outcomes(&again), [(Outcome::Unfinished("flood_guard"), 40)]);
    assert_eq!((world.letters.letters().len(), again.lanes_stopped_by_flood_guard), (10, 1));

    let mended = world.deliver(&[("accounts-0", &["send:a", "undecodable:x"])]).await;
    assert_eq!(outcomes(&mended), [(Outcome::Done, 1), (Outcome::Parked("rejected"), 1)]);
    assert_eq!(mended.lanes_stopped_by_flood_guard, 0);
}

#[tokio::test(start_paused = true)]
async fn the_flood_guard_allows_a_fifth_of_a_long_lane_in_a_row() {
    let world = World::new();
    let report = world.deliver(&[("accounts-0", &["undecodable:x"; 100])]).await;
    assert_eq!(outcomes(&report), [(Outcome::Parked("rejected"), 20), (Outcome::Unfinished("flood_guard"), 80)]);
}

#[tokio::test(start_paused = true)]
async fn a_success_between_starts_the_flood_guards_count_anew() {
    let world = World::new();
    let mut values = vec!["undecodable:x"; 9];
    values.push("send:a");
    values.extend(["undecodable:x"; 9]);
    let report = world.deliver(&[("accounts-0", &values)]).await;
    assert_eq!(outcomes(&report), [(Outcome::Done, 1), (Outcome::Parked("rejected"), 18)]);

    // A duplicate is no success: it shows only that there was one.
    let world = World::new();
    world.deliver(&[("accounts-1", &["send:a"])]).await;
    let mut values = vec!["undecodable:x"; 9];
    values.push("send:a");
    values.extend(["undecodable:x"; 9]);
    let report = world.deliver(&[("accounts-0", &values)]).await;
    assert_eq!(report.outcomes[&Outcome::Unfinished("flood_guard")], 8);
}

#[tokio::test(start_paused = true)]
async fn records_that_are_to_blame_themselves_and_a_guard_that_is_off_stop_no_lane() {
    let world = World::new();
    let report = world.deliver(&[("accounts-0", &["garbled:x"; 40])]).await;
    assert_eq!(outcomes(&report), [(Outcome::Parked("garbled"), 40)]);

    let world = World::with(Settings { flood_guard: false, ..Settings::default() });
    let report = world.deliver(&[("accounts-0", &["undecodable:x"; 40])]).await;
    assert_eq!(outcomes(&report), [(Outcome::Parked("rejected"), 40)]);
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_refused_effects_leaves_their_claims_free() {
    let world = World::new();
    let values: Vec<_> = (0..12).map(|n| format!("rejected:{n}")).collect();
    let values: Vec<_> = values.iter().map(String::as_str).collect();
    let report = world.deliver(&[("accounts-0", &values)]).await;
    assert_eq!(outcomes(&report), [(Outcome::Parked("rejected"), 10), (Outcome::Unfinished("flood_guard"), 2)]);
    assert!(matches!(world.claim("10").await, event_runtime::Claim::Claimed(_)));
}

/// How long four slow effects of 20 ms in four lanes take.
async fn four_lanes(settings: Settings) -> Duration {
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
async fn records_in_flight_are_bounded_across_lanes() {
    let millis = |text: u64| Duration::from_millis(text);
    assert!(four_lanes(Settings::default()).await < millis(25));
    let two = Settings { max_records_in_flight: 2.try_into().unwrap(), ..Settings::default() };
    let took = four_lanes(two).await;
    assert!((millis(40)..millis(60)).contains(&took), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn bytes_in_flight_are_bounded_across_lanes() {
    // Each record takes some ten bytes; the bound lets one in at a time, and one that is larger than the bound as well.
    for bound in [12, 1] {
        let tight = Settings { max_bytes_in_flight: bound.try_into().unwrap(), ..Settings::default() };
        let took = four_lanes(tight).await;
        assert!(took >= Duration::from_millis(80), "{bound}: {took:?}");
    }
}
