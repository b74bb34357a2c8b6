//! Log lines of failures: without row data, one line for one failure, a few lines for many of the same kind.

use std::io;
use std::sync::{Arc, Mutex, Once};

use tracing_subscriber::fmt::MakeWriter;

use crate::world::{World, by_key};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Lines;
    fn make_writer(&'a self) -> Lines {
        self.clone()
    }
}

impl Lines {
    /// Collects this thread's log lines until the guard is dropped.
    fn listen() -> (Self, tracing::subscriber::DefaultGuard) {
        // With a single subscriber, tracing caches a line as disabled if another test's thread without a subscriber
        // reaches it first. This global one prevents that.
        static EVERYWHERE: Once = Once::new();
        EVERYWHERE.call_once(|| {
            let silent = tracing_subscriber::fmt().with_writer(io::sink).finish();
            tracing::subscriber::set_global_default(silent).unwrap();
        });
        let lines = Lines::default();
        let subscriber = tracing_subscriber::fmt().json().flatten_event(true).with_writer(lines.clone()).finish();
        (lines, tracing::subscriber::set_default(subscriber))
    }

    fn read(&self) -> Vec<serde_json::Value> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn each_failed_record_has_one_line_and_the_others_none() {
    let values = [
        ("throttled:secret", "throttled"),
        ("rejected:secret", "rejected"),
        ("refused:secret", "rejected"),
        ("undecodable:secret", "rejected"),
        ("answer_lost:secret", "answer_lost"),
        ("hangs:secret", "effect_timeout"),
        ("panics:secret", "handler_panicked"),
        ("unreadable_panic:secret", "handler_panicked"),
    ];
    for (value, code) in values {
        let (lines, _listening) = Lines::listen();
        let world = World::new();
        world.deliver(&[("accounts-0", &["send:z", "skip:x", value, "send:y"])]).await;
        let lines = lines.read();
        assert_eq!(lines.len(), 1, "{value}: {lines:#?}");
        assert_eq!(lines[0]["error_code"], code, "{value}");
        assert_eq!((&lines[0]["topic"], &lines[0]["offset"]), (&"accounts".into(), &2.into()), "{value}");
        assert!(lines[0]["stage"].is_string() && lines[0]["key"].is_string(), "{value}");
        assert!(!lines[0].to_string().contains("secret"), "{value}: row data");
    }
}

#[tokio::test(start_paused = true)]
async fn a_redriven_failure_has_one_line() {
    for value in ["throttled:a", "rejected:a", "refused:a", "undecodable:a", "answer_lost:a"] {
        let (lines, _listening) = Lines::listen();
        World::new().redrive(value, "0f3c").await;
        assert_eq!(lines.read().len(), 1, "{value}: {:#?}", lines.read());
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_of_a_store_has_the_records_one_line() {
    let (lines, _listening) = Lines::listen();
    let world = World::new();
    world.letters.set_down(true);
    world.deliver(&[("accounts-0", &["rejected:a"])]).await;
    assert_eq!(lines.read().len(), 1);
    assert_eq!(lines.read()[0]["error_code"], "dead_letters_unavailable");

    let (lines, _listening) = Lines::listen();
    let world = World::new();
    (0..10).for_each(|_| world.claims.fail_next("complete"));
    world.deliver(&[("accounts-0", &["send:a"])]).await;
    assert_eq!(lines.read().len(), 1);
    assert_eq!(lines.read()[0]["error_code"], "claim_unsettled");
}

#[tokio::test(start_paused = true)]
async fn a_stopped_flood_has_a_line_per_letter_and_one_for_the_stop() {
    let (lines, _listening) = Lines::listen();
    World::new().deliver(&[("accounts-0", &["undecodable:x"; 40])]).await;
    assert_eq!(lines.read().len(), 11);
}

/// Distinct keys, so that no record waits for another.
fn each(verb: &str, records: usize) -> Vec<String> {
    (0..records).map(|record| format!("{verb}:{record}")).collect()
}

/// The log lines of a batch with these records in one partition.
async fn logged(world: &World, values: &[String]) -> Vec<serde_json::Value> {
    let (lines, _listening) = Lines::listen();
    let values: Vec<_> = values.iter().map(String::as_str).collect();
    world.deliver(&[("accounts-0", &values)]).await;
    lines.read()
}

#[tokio::test(start_paused = true)]
async fn a_table_that_is_down_under_many_keys_has_a_handful_of_lines() {
    let world = World::with(by_key(16));
    (0..10_000).for_each(|_| world.claims.fail_next("claim"));
    let lines = logged(&world, &each("send", 500)).await;
    assert!(lines.len() <= 4, "{} lines: {lines:#?}", lines.len());
    let first = &lines[0];
    assert_eq!((&first["error_code"], &first["stage"]), (&"claims_unavailable".into(), &"claim".into()));
    assert_eq!(first["message"], "not finished; the event source must deliver it again");
    assert!(first["key"].is_string() && first["offset"].is_number(), "in full: {first}");
    let last = lines.last().unwrap();
    assert_eq!(last["message"], "in all: not finished; the event source must deliver it again");
    assert_eq!((&last["error_code"], &last["stage"]), (&"circuit_open".into(), &"handle".into()));
    assert_eq!((&last["first"], &last["last"]), (&"accounts-0@0".into(), &"accounts-0@499".into()));
    assert!(last["error"].as_str().is_some_and(|error| error.contains("in a row")), "{last}");
    let of_unavailable = lines.iter().filter(|line| line["error_code"] == "claims_unavailable");
    let unavailable = of_unavailable.map(|line| line["records"].as_u64().unwrap_or(1)).max();
    assert_eq!(last["records"].as_u64().zip(unavailable).map(|(open, failed)| open + failed), Some(500));
}

/// The verb of the records, and what is down.
type Outage = (&'static str, fn(&World));

#[tokio::test(start_paused = true)]
async fn any_dependency_down_under_many_keys_has_a_handful_of_lines() {
    let down: [Outage; 4] = [
        ("throttled", |_| ()),
        ("garbled", |world| world.letters.set_down(true)),
        ("rejected", |world| (0..10_000).for_each(|_| world.claims.fail_next("park"))),
        ("throttled", |world| (0..10_000).for_each(|_| world.claims.fail_next("release"))),
    ];
    for (number, (verb, take_down)) in down.into_iter().enumerate() {
        let world = World::with(by_key(16));
        take_down(&world);
        let lines = logged(&world, &each(verb, 500)).await;
        assert!((1..=8).contains(&lines.len()), "{number}: {} lines: {lines:#?}", lines.len());
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_over_many_partitions_is_summed_up_over_all_of_them() {
    let (lines, _listening) = Lines::listen();
    let world = World::new();
    world.letters.set_down(true);
    let partitions =
        ["accounts-0", "accounts-1", "accounts-2"].map(|partition| (partition, &["skip:x", "garbled:a"] as &[&str]));
    world.deliver(&partitions).await;
    let [_, all] = &lines.read()[..] else { panic!("{:#?}", lines.read()) };
    assert_eq!((&all["records"], &all["partitions"]), (&3.into(), &3.into()));
    assert_eq!((&all["first"], &all["last"]), (&"accounts-0@1".into(), &"accounts-2@1".into()));
    assert_eq!(all["error_code"], "dead_letters_unavailable");
}

#[tokio::test(start_paused = true)]
async fn dead_lettered_records_have_ten_lines_per_code_and_a_summary() {
    let mut values = each("garbled", 300);
    values.extend(each("undecodable", 3));
    let world = World::new();
    let lines = logged(&world, &values).await;
    assert_eq!(world.letters.letters().len(), 303, "each has its letter");
    assert_eq!(lines.len(), 10 + 3 + 1);
    let all = lines.last().unwrap();
    assert_eq!((&all["message"], &all["records"]), (&"in all: dead-lettered".into(), &300.into()));
    assert_eq!((&all["first"], &all["last"]), (&"accounts-0@0".into(), &"accounts-0@299".into()));
    assert_eq!((&all["error_code"], &all["stage"]), (&"garbled".into(), &"decode".into()));

    let lines = logged(&World::new(), &each("garbled", 10)).await;
    assert_eq!(lines.len(), 10, "there is nothing to sum up");
}
