//! Each rule has a check. With the rule the check holds; without it, it does not.

use std::time::Duration;

use super::world::{Event, Item, Offsets, Reply, World, item, items, lists, partition, success};
use crate::machine::rules::without;
use crate::machine::{Action, Condition, DestinationFailure, Machine, PartialResponses, Rule, Rules, Time};

const STEPS: usize = 400;

fn only(number: i32, offsets: impl IntoIterator<Item = i64>) -> Offsets {
    Offsets::from([(number, offsets.into_iter().collect())])
}

fn listing() -> Rules {
    Rules { partial_responses: Some(PartialResponses::OnlyTheListed), ..Rules::default() }
}

/// Fails while a batch holds this offset of partition 0.
fn poison(offset: i64) -> impl FnMut(&Offsets) -> Reply {
    move |records| if records.get(&0).is_some_and(|part| part.contains(&offset)) { Reply::Fail } else { success() }
}

/// Replies in turn, then with success.
fn in_turn(replies: impl IntoIterator<Item = Reply>) -> impl FnMut(&Offsets) -> Reply {
    let mut replies = replies.into_iter();
    move |_| replies.next().unwrap_or_else(success)
}

fn ran<F: FnMut(&Offsets) -> Reply>(rules: Rules, function: F, records: Vec<Item>) -> World<F> {
    let mut world = World::new(rules, 2, function);
    world.read(0, records);
    world.run(STEPS);
    world
}

/// Whether what a rule says is so.
fn holds(rule: Rule) -> bool {
    match rule {
        Rule::BatchSize => {
            let world = ran(Rules { batch_size: 2, ..Rules::default() }, in_turn([]), items(0..5));
            world.invocations() == [only(0, 0..2), only(0, 2..4), only(0, 4..5)]
        }
        Rule::Window => ran(Rules::default(), in_turn([]), items(0..1)).times() == [500],
        Rule::FullBatch => ran(Rules { batch_size: 5, ..Rules::default() }, in_turn([]), items(0..5)).times() == [0],
        Rule::Payload => {
            let large = |offset| Item { bytes: 4_000_000, ..item(offset) };
            ran(Rules::default(), in_turn([]), (0..3).map(large).collect()).invocations().len() == 3
        }
        Rule::TooLarge => {
            let records = vec![item(0), Item { bytes: 7_000_000, ..item(1) }, item(2)];
            let world = ran(Rules::default(), in_turn([]), records);
            world.given_up() == [(only(0, [1]), Condition::MaximumPayloadSizeExceeded)]
                && world.invocations() == [only(0, [0]), only(0, [2])]
                && world.committed(0) == Some(3)
        }
        Rule::OneBatchPerPartition => {
            let mut machine = Machine::new(Rules { batch_size: 1, ..Rules::default() });
            machine.assigned(partition(0));
            machine.received(&partition(0), items(0..2), Time(0));
            let first = machine.poll(Time(0));
            matches!(first, Some(Action::Invoke { .. })) && machine.poll(Time(10_000)).is_none()
        }
        Rule::CommitAfterBatch => {
            let world = ran(Rules::default(), in_turn([Reply::Fail]), items(0..3));
            let events: Vec<_> = world.events.iter().map(|(_, event)| event.clone()).collect();
            events == [Event::Invoked(only(0, 0..3)), Event::Invoked(only(0, 0..3)), Event::Committed(0, 3)]
        }
        Rule::CommitStopsAtUnfinished => {
            let mut world = World::new(listing(), 2, in_turn([lists(&[("t-0", 1)]), Reply::Fail]));
            world.read(0, items(0..3));
            world.run(4);
            world.committed(0) == Some(1)
        }
        Rule::WholeBatchAgain => {
            let world = ran(Rules::default(), in_turn([Reply::Fail, Reply::Fail]), items(0..3));
            world.invocations() == [only(0, 0..3), only(0, 0..3), only(0, 0..3)]
        }
        Rule::Backoff => {
            let world = ran(Rules::default(), in_turn([Reply::Fail, Reply::Fail, Reply::Fail]), items(0..1));
            // Each invocation takes 10 ms.
            world.times() == [500, 500 + 1010, 500 + 1010 + 2010, 500 + 1010 + 2010 + 4010]
        }
        Rule::ResponseIgnored => {
            let world = ran(Rules::default(), in_turn([lists(&[("t-0", 0)])]), items(0..2));
            world.invocations().len() == 1 && world.committed(0) == Some(2)
        }
        Rule::ListedComeAgain => {
            let response = || lists(&[("t-0", 1), ("t-0", 3)]);
            let from_the_lowest = Rules { partial_responses: Some(PartialResponses::FromTheLowest), ..listing() };
            ran(listing(), in_turn([response()]), items(0..5)).invocations()[1..] == [only(0, [1, 3])]
                && ran(from_the_lowest, in_turn([response()]), items(0..5)).invocations()[1..] == [only(0, 1..5)]
        }
        Rule::UnknownItemFailsBatch => {
            let unknown = [("t", 0), ("t-0", 9), ("t-1", 0), ("u-0", 0)];
            unknown.into_iter().all(|unknown| {
                let world = ran(listing(), in_turn([lists(&[("t-0", 1), unknown])]), items(0..2));
                world.invocations() == [only(0, 0..2), only(0, 0..2)]
            })
        }
        Rule::MalformedResponseFailsBatch => {
            let malformed = [r#"{"batchItemFailures": [{}]}"#, r#"{"batchItemFailures": 1}"#, "[1]", r#""ok""#, "{"];
            malformed.into_iter().all(|response| {
                let world = ran(listing(), in_turn([Reply::Return(response.to_owned())]), items(0..2));
                world.invocations() == [only(0, 0..2), only(0, 0..2)]
            })
        }
        Rule::Bisect => {
            let rules = Rules { bisect: true, retries: Some(0), ..Rules::default() };
            let world = ran(rules, poison(5), items(0..8));
            world.given_up() == [(only(0, [5]), Condition::RetryAttemptsExhausted)] && world.committed(0) == Some(8)
        }
        Rule::SplittingIsFree => {
            let rules = Rules { bisect: true, retries: Some(1), ..Rules::default() };
            let world = ran(rules, poison(5), items(0..8));
            // Eight, four, two, and twice the one.
            world.invocations().iter().filter(|records| records[&0].contains(&5)).count() == 5
        }
        Rule::RetriesEnd => {
            let world = ran(Rules { retries: Some(2), ..Rules::default() }, poison(0), items(0..2));
            world.invocations().len() == 3
                && world.given_up() == [(only(0, 0..2), Condition::RetryAttemptsExhausted)]
                && world.committed(0) == Some(2)
        }
        Rule::AgeEnds => {
            let rules = Rules { age: Some(Duration::from_secs(60)), ..Rules::default() };
            let records = vec![item(0), Item { timestamp: Time(40_000), ..item(1) }];
            let world = ran(rules, poison(0), records);
            world.given_up() == [(only(0, [0]), Condition::RecordAgeExceeded)]
                && world.invocations().last() == Some(&only(0, [1]))
                && world.events.iter().all(|(at, event)| *event != Event::Invoked(only(0, 0..2)) || at.0 <= 60_000)
        }
        Rule::ThrottlingIsFree => {
            let throttled = in_turn(std::iter::repeat_n(Reply::NotInvoked, 5));
            let world = ran(Rules { retries: Some(1), ..Rules::default() }, throttled, items(0..1));
            world.given_up().is_empty() && world.invocations().len() == 6 && world.committed(0) == Some(1)
        }
        Rule::ToTheDestination => {
            let rules = Rules { retries: Some(0), destination: true, ..Rules::default() };
            let world = ran(rules, poison(0), items(0..2));
            world
                .events
                .iter()
                .any(|(_, event)| *event == Event::Sent(only(0, 0..2), Condition::RetryAttemptsExhausted))
        }
        Rule::DestinationBeforeCommit => {
            let rules = Rules { retries: Some(0), destination: true, ..Rules::default() };
            let mut world = World::new(rules.clone(), 1, poison(0));
            world.refusals = 3;
            world.read(0, items(0..1));
            world.run(STEPS);
            let sent = |world: &World<_>| world.given_up().len();
            let again = sent(&world) == 4 && world.committed(0) == Some(1);
            let dropping = Rules { destination_failure: DestinationFailure::Drop, ..rules };
            let mut world = World::new(dropping, 1, poison(0));
            world.refusals = 1;
            world.read(0, items(0..1));
            world.run(STEPS);
            again && world.given_up().len() == 1 && world.machine.counters().dropped_event_count == 1
        }
        Rule::Filtered => {
            let refused = |offset| Item { passes: false, ..item(offset) };
            let world = ran(Rules::default(), in_turn([]), vec![refused(0), item(1), refused(2)]);
            let all_refused = ran(Rules::default(), in_turn([]), vec![refused(7)]);
            world.invocations() == [only(0, [1])]
                && world.committed(0) == Some(3)
                && all_refused.invocations().is_empty()
                && all_refused.committed(0) == Some(8)
        }
        Rule::RevokedIsForgotten => {
            let mut world = World::new(Rules { batch_size: 2, ..Rules::default() }, 2, in_turn([]));
            world.read(0, items(0..1));
            world.read(1, items(0..1));
            let Some(Action::Invoke { batch, .. }) = world.machine.poll(Time(0)) else { return false };
            world.machine.revoked(&partition(0));
            world.answer(batch, &success());
            world.run(STEPS);
            world.committed(0).is_none() && world.committed(1) == Some(1)
        }
    }
}

#[test]
fn every_rule_holds() {
    for rule in Rule::ALL {
        assert!(holds(rule), "{rule:?}");
    }
}

#[test]
fn every_rule_is_missed_when_it_is_removed() {
    for rule in Rule::ALL {
        assert!(!without(rule, || holds(rule)), "without {rule:?} its check still holds");
    }
}

#[test]
fn any_shape_of_success_finishes_the_batch() {
    for response in ["null", "{}", "", r#"{"batchItemFailures": []}"#, r#"{"batchItemFailures": null}"#, r#"{"a": 1}"#]
    {
        let world = ran(listing(), in_turn([Reply::Return(response.to_owned())]), items(0..2));
        assert_eq!(world.invocations().len(), 1, "{response}");
        assert_eq!(world.committed(0), Some(2), "{response}");
    }
}

#[test]
fn a_batch_mixes_partitions_and_releases_those_that_are_finished() {
    let mut world = World::new(listing(), 2, in_turn([lists(&[("t-0", 0)])]));
    world.read(0, items(0..1));
    world.read(1, items(0..1));
    world.run(STEPS);
    assert_eq!(world.invocations(), [Offsets::from([(0, vec![0]), (1, vec![0])]), only(0, [0])]);
    world.read(1, items(1..2));
    world.run(STEPS);
    assert_eq!(world.committed(1), Some(2));
}

#[test]
fn a_machine_that_stops_begins_nothing_and_ends_what_is_under_way() {
    let mut world = World::new(Rules { batch_size: 1, ..Rules::default() }, 1, in_turn([]));
    world.read(0, items(0..2));
    let Some(Action::Invoke { batch, .. }) = world.machine.poll(Time(0)) else { panic!("a full batch") };
    world.machine.stop();
    assert!(!world.machine.is_quiet());
    world.answer(batch, &success());
    world.run(STEPS);
    assert!(world.machine.is_quiet());
    assert_eq!((world.invocations().len(), world.committed(0)), (0, Some(1)), "the second was not begun");
}

#[test]
fn the_page_has_a_row_for_every_rule() {
    let page = include_str!("../../../EVENT-SOURCE-MAPPING.md");
    for rule in Rule::ALL {
        assert_eq!(page.matches(&format!("\n| `{rule:?}` |")).count(), 1, "{rule:?}");
    }
}
