//! Several batches at a time in one process, as Lambda Managed Instances send them.

use std::sync::Arc;

use event_runtime::{BatchReport, Deadline, Outcome, Processor, RecordHandler, Settings};
use tokio::task::JoinHandle;

use crate::world::{World, event, invocation};

/// Generic like the host: the spawned future must be `Send` for every handler.
fn spawn<H: RecordHandler + Send + 'static>(processor: Arc<Processor<H>>, body: String) -> JoinHandle<BatchReport> {
    tokio::spawn(async move { processor.process(body.as_bytes(), &invocation(Deadline::unknown())).await.unwrap() })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn batches_that_run_side_by_side_take_each_effect_once() {
    let world = World::new();
    let body = event(&[("accounts-0", &["send:a", "slow:b", "panics:c", "send:d", "rejected:e"])]).to_string();
    let batches = (0..8).map(|_| spawn(Arc::clone(&world.processor), body.clone()));
    let mut done = 0;
    let mut dead_lettered = 0;
    for batch in futures_util::future::join_all(batches).await {
        let report = batch.unwrap();
        let count = |outcome| report.outcomes.get(&outcome).copied().unwrap_or_default();
        assert_eq!((report.records(), report.unfinished_records()), (5, 0));
        done += count(Outcome::Done);
        dead_lettered += count(Outcome::DeadLettered("handler_panicked")) + count(Outcome::DeadLettered("rejected"));
    }
    assert_eq!((done, dead_lettered), (3, 2), "the others found duplicates");
    let mut effects = world.effects();
    effects.sort();
    assert_eq!(effects, ["a", "b", "d"]);
    assert_eq!(world.letters.letters().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn batches_that_run_side_by_side_share_bounds_circuit_and_flood_guard() {
    let world = World::with(Settings { max_records_in_flight: 1.try_into().unwrap(), ..Settings::default() });
    let started = tokio::time::Instant::now();
    let (first, second) = tokio::join!(world.deliver(&[("a-0", &["slow:a"])]), world.deliver(&[("b-0", &["slow:b"])]));
    assert_eq!(first.unfinished_records() + second.unfinished_records(), 0);
    assert!(started.elapsed() >= std::time::Duration::from_millis(40), "one at a time in the whole process");

    let world = World::new();
    let values: Vec<_> = (0..10).map(|n| format!("throttled:{n}")).collect();
    let partitions: Vec<_> = values.iter().map(|value| (value.clone(), [value.as_str()])).collect();
    let partitions: Vec<(&str, &[&str])> =
        partitions.iter().map(|(name, values)| (name.as_str(), values.as_slice())).collect();
    world.deliver(&partitions).await;
    let report = world.deliver(&[("b-0", &["send:b"])]).await;
    assert!(report.outcomes.contains_key(&Outcome::Unfinished("circuit_open")), "{:?}", report.outcomes);

    let world = World::new();
    let (first, second) = tokio::join!(
        world.deliver(&[("a-0", &["undecodable:x"; 30])]),
        world.deliver(&[("a-0", &["undecodable:x"; 30])])
    );
    assert!(first.partitions_stopped_by_flood_guard + second.partitions_stopped_by_flood_guard == 2);
    assert_eq!(world.letters.letters().len(), 10);
}
