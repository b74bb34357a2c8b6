//! A broken deployment does not drain a topic into the dead letters, and bad records do not stop one.

use std::time::Duration;

use event_runtime::{Drain, Outcome, Settings};

use crate::world::{World, by_key, outcomes};

const PARTITION: &str = "accounts-0";

const TEN_MINUTES: Duration = Duration::from_secs(600);

/// A batch of skipped records with one other record in the middle.
fn batch_around(records: usize, one: &str) -> Vec<&str> {
    let mut values = vec!["skip:x"; records];
    values[records / 2] = one;
    values
}

/// Distinct accounts, so that each has a claim of its own.
fn each(verb: &str, accounts: std::ops::Range<usize>) -> Vec<String> {
    accounts.map(|account| format!("{verb}:{account}")).collect()
}

fn texts(values: &[String]) -> Vec<&str> {
    values.iter().map(String::as_str).collect()
}

#[tokio::test(start_paused = true)]
async fn a_broken_deployment_does_not_drain_a_topic_into_the_dead_letters() {
    let world = World::new();
    let report = world.deliver(&[(PARTITION, &["undecodable:x"; 40])]).await;
    assert_eq!(outcomes(&report), [(Outcome::DeadLettered("rejected"), 10), (Outcome::Unfinished("flood_guard"), 30)]);
}

#[tokio::test(start_paused = true)]
async fn a_broken_deployment_dead_letters_no_more_when_its_batch_comes_again() {
    let world = World::new();
    let values = ["undecodable:x"; 40];
    let first = world.deliver(&[(PARTITION, &values)]).await;
    assert_eq!((world.letters.letters().len(), first.partitions_stopped_by_flood_guard), (10, 1));

    let again = world.deliver(&[(PARTITION, &values)]).await;
    assert_eq!(outcomes(&again), [(Outcome::Unfinished("flood_guard"), 40)]);
    assert_eq!((world.letters.letters().len(), again.partitions_stopped_by_flood_guard), (10, 1));

    let fixed = world.deliver(&[(PARTITION, &["send:a", "undecodable:x"])]).await;
    assert_eq!(outcomes(&fixed), [(Outcome::Done, 1), (Outcome::DeadLettered("rejected"), 1)]);
    assert_eq!(fixed.partitions_stopped_by_flood_guard, 0);
}

#[tokio::test(start_paused = true)]
async fn the_flood_guard_allows_a_fifth_of_a_long_partition_in_a_row() {
    let world = World::new();
    let report = world.deliver(&[(PARTITION, &["undecodable:x"; 100])]).await;
    assert_eq!(outcomes(&report), [(Outcome::DeadLettered("rejected"), 20), (Outcome::Unfinished("flood_guard"), 80)]);
}

#[tokio::test(start_paused = true)]
async fn eleven_bad_records_in_eleven_days_among_skipped_ones_stop_nothing() {
    for bad in ["undecodable:x", "unreadable_panic:x", "refused:x", "rejected:x"] {
        let world = World::new();
        for day in 0..13 {
            let report = world.deliver_from(day * 49, PARTITION, &batch_around(49, bad)).await;
            assert_eq!(report.unfinished_records(), 0, "{bad}, day {day}: {:?}", report.outcomes);
            tokio::time::advance(Duration::from_secs(86_400)).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn bad_records_in_a_row_of_days_stop_nothing_where_nothing_else_comes() {
    let world = World::new();
    for day in 0..30 {
        let report = world.deliver_from(day, PARTITION, &["undecodable:x"]).await;
        assert_eq!(outcomes(&report), [(Outcome::DeadLettered("rejected"), 1)], "day {day}");
        tokio::time::advance(Duration::from_secs(86_400)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn records_that_cannot_be_read_stop_nothing_among_records_that_can() {
    let world = World::new();
    for minute in 0..100 {
        let report = world.deliver_from(minute * 49, PARTITION, &batch_around(49, "undecodable:x")).await;
        assert_eq!(report.unfinished_records(), 0, "minute {minute}: {:?}", report.outcomes);
    }
}

#[tokio::test(start_paused = true)]
async fn a_deployment_whose_mails_are_all_refused_stops_among_skipped_records() {
    // At any pace of mails, as long as there are less than ten minutes between them.
    for pause in [Duration::ZERO, Duration::from_secs(60), TEN_MINUTES - Duration::from_secs(1)] {
        for verb in ["rejected", "refused", "undecided_panic", "panics", "answer_lost"] {
            let world = World::new();
            let mut dead_lettered = 0;
            for batch in 0..20 {
                let mail = format!("{verb}:{batch}");
                let report = world.deliver_from(batch * 49, PARTITION, &batch_around(49, &mail)).await;
                dead_lettered += 1 - usize::from(report.unfinished_records() > 0);
                if report.unfinished_records() > 0 {
                    break;
                }
                tokio::time::advance(pause).await;
            }
            assert_eq!((dead_lettered, world.letters.letters().len()), (10, 10), "{verb}, {pause:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_partition_that_has_stopped_is_tried_with_one_record_a_delivery() {
    let world = World::new();
    let refused = each("refused", 0..40);
    world.deliver(&[(PARTITION, &texts(&refused))]).await;
    let tries = || world.handler.tries.lock().unwrap().values().sum::<u32>();
    assert_eq!(tries(), 11);
    for delivery in 1..=3 {
        let report = world.deliver(&[(PARTITION, &texts(&refused))]).await;
        assert_eq!(outcomes(&report), [(Outcome::Unfinished("flood_guard"), 40)]);
        assert_eq!(tries(), 11 + delivery);
    }
}

#[tokio::test(start_paused = true)]
async fn no_record_stops_its_partition_for_good() {
    // Twelve records that are always refused, then one that is not: the same batch is delivered again and again.
    for (verb, later) in [("undecodable", "skip:x"), ("refused", "send:z"), ("rejected", "send:z")] {
        let world = World::new();
        let mut values = each(verb, 0..12);
        values.push(later.to_owned());
        let mut minutes = 0;
        loop {
            let report = world.deliver(&[(PARTITION, &texts(&values))]).await;
            if report.unfinished_records() == 0 {
                break;
            }
            assert!(world.letters.letters().len() <= 10 + minutes / 10, "one more each ten minutes");
            tokio::time::advance(Duration::from_secs(60)).await;
            minutes += 1;
            assert!(minutes < 60, "{verb}: still stopped");
        }
        assert_eq!((minutes, world.letters.letters().len()), (20, 12), "{verb}");

        // The partition goes on as usual for the records after them.
        let more = each(verb, 20..30);
        let report = world.deliver_from(100, PARTITION, &texts(&more)).await;
        assert_eq!(outcomes(&report), [(Outcome::DeadLettered("rejected"), 10)], "{verb}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_broken_deployment_drains_no_topic_in_a_night() {
    let world = World::new();
    let values = each("undecodable", 0..200);
    for _ in 0..8 * 6 {
        world.deliver(&[(PARTITION, &texts(&values))]).await;
        tokio::time::advance(TEN_MINUTES).await;
    }
    assert_eq!(world.letters.letters().len(), 40 + 8 * 6 - 1);
}

#[tokio::test(start_paused = true)]
async fn a_stopped_partition_keeps_a_record_whose_letter_cannot_be_stored() {
    let world = World::new();
    let values = ["undecodable:x"; 12];
    world.deliver(&[(PARTITION, &values)]).await;
    tokio::time::advance(TEN_MINUTES).await;
    world.letters.set_down(true);
    let down = world.deliver(&[(PARTITION, &values)]).await;
    assert_eq!(down.outcomes[&Outcome::Duplicate], 10, "their letters are stored");
    assert_eq!(down.outcomes[&Outcome::Unfinished("dead_letters_unavailable")], 1);
    world.letters.set_down(false);
    let up = world.deliver(&[(PARTITION, &values)]).await;
    assert_eq!(
        outcomes(&up),
        [(Outcome::Duplicate, 10), (Outcome::DeadLettered("rejected"), 1), (Outcome::Unfinished("flood_guard"), 1)]
    );
}

#[tokio::test(start_paused = true)]
async fn an_effect_clears_all_codes_and_a_duplicate_only_those_of_its_stages() {
    let nine_and_nine = |between: &'static str| {
        let mut values = each("refused", 0..9);
        values.push(between.to_owned());
        values.extend(each("refused", 10..19));
        values
    };
    let world = World::new();
    let report = world.deliver(&[(PARTITION, &texts(&nine_and_nine("send:a")))]).await;
    assert_eq!(outcomes(&report), [(Outcome::Done, 1), (Outcome::DeadLettered("rejected"), 18)]);

    // A duplicate shows only that some deployment ran the effect.
    let world = World::new();
    world.deliver(&[("accounts-1", &["send:a"])]).await;
    let report = world.deliver(&[(PARTITION, &texts(&nine_and_nine("send:a")))]).await;
    assert_eq!(report.outcomes[&Outcome::Unfinished("flood_guard")], 8);

    // But it was read, and its claim matches.
    for (verb, code) in [("undecodable", "rejected"), ("pay", "claim_conflict")] {
        let world = World::new();
        let paid: Vec<_> = each("pay", 0..20).iter().map(|pay| format!("{pay}=1")).collect();
        world.deliver(&[("accounts-1", &texts(&paid))]).await;
        let mut values: Vec<_> = each(verb, 0..9).iter().map(|value| format!("{value}=2")).collect();
        values.push("pay:19=1".to_owned());
        values.extend(each(verb, 10..19).iter().map(|value| format!("{value}=2")));
        let report = world.deliver(&[(PARTITION, &texts(&values))]).await;
        assert_eq!(outcomes(&report), [(Outcome::Duplicate, 1), (Outcome::DeadLettered(code), 18)], "{verb}");
    }
}

#[tokio::test(start_paused = true)]
async fn records_that_are_at_fault_themselves_stop_no_partition() {
    let world = World::new();
    let report = world.deliver(&[(PARTITION, &["garbled:x"; 40])]).await;
    assert_eq!(outcomes(&report), [(Outcome::DeadLettered("garbled"), 40)]);
}

#[tokio::test(start_paused = true)]
async fn a_drained_partition_dead_letters_its_records_and_goes_on() {
    let values = ["undecodable:x"; 40];
    for drain in [Drain::Everything, Drain::Partitions(["accounts-1".to_owned(), PARTITION.to_owned()].into())] {
        let world = World::with(Settings { drain, ..Settings::default() });
        let report = world.deliver(&[(PARTITION, &values)]).await;
        assert_eq!(outcomes(&report), [(Outcome::DeadLettered("rejected"), 40)]);
    }
    let others = Drain::Partitions(["accounts-1".to_owned()].into());
    let world = World::with(Settings { drain: others, ..Settings::default() });
    let report = world.deliver(&[(PARTITION, &values), ("accounts-1", &values)]).await;
    assert_eq!(outcomes(&report), [(Outcome::DeadLettered("rejected"), 50), (Outcome::Unfinished("flood_guard"), 30)]);
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_refused_effects_leaves_their_claims_free() {
    let world = World::new();
    let values = each("rejected", 0..12);
    let report = world.deliver(&[(PARTITION, &texts(&values))]).await;
    assert_eq!(outcomes(&report), [(Outcome::DeadLettered("rejected"), 10), (Outcome::Unfinished("flood_guard"), 2)]);
    assert!(matches!(world.claim("10").await, event_runtime::Claim::Claimed(_)));
}

#[tokio::test(start_paused = true)]
async fn under_order_by_key_a_flood_stops_its_partition_too() {
    let world = World::with(by_key(4));
    let values = each("refused", 0..40);
    let report = world.deliver(&[(PARTITION, &texts(&values))]).await;
    assert_eq!(report.outcomes[&Outcome::DeadLettered("rejected")], 10);
    assert_eq!(report.outcomes[&Outcome::Unfinished("flood_guard")], 30);
}
