//! Compares row versions with the server's real order of two changes of one MongoDB document: a model of the server's two
//! clocks, a grid of histories, and the orders in which their changes may arrive.
#![allow(clippy::unwrap_used, reason = "a test that meets a surprise must fail")]

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use debezium::{Position, Precedence, RowVersion};

/// A primary. Times are in tenths of a millisecond.
struct Server {
    /// The steps in which the clock that it reads advances.
    tick: u64,
    /// How far that clock is behind.
    behind: u64,
    /// The time of the cluster: a second, and a number within it.
    cluster: (u64, u64),
}

/// Where a write reads the clock for its wall time: before the cluster's time for updates, after it for inserts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wall {
    First,
    Last,
}

/// How long a write takes between its two reads of the clock.
const BETWEEN: u64 = 2;

/// What the connector passes on of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Change {
    ts_ms: u64,
    ord: u64,
}

impl Server {
    fn clock_ms(&self, now: u64) -> u64 {
        let now = now - self.behind;
        (now - now % self.tick) / 10
    }

    fn write(&mut self, now: u64, wall: Wall) -> Change {
        let (for_wall, for_cluster) = match wall {
            Wall::First => (now, now + BETWEEN),
            Wall::Last => (now + BETWEEN, now),
        };
        let second = self.clock_ms(for_cluster) / 1000;
        if second > self.cluster.0 {
            self.cluster = (second, 0);
        }
        self.cluster.1 += 1;
        Change { ts_ms: self.clock_ms(for_wall), ord: self.cluster.1 }
    }
}

impl Change {
    fn version(self) -> RowVersion {
        let position = Position::ChangeStream { ts_ms: self.ts_ms, ord: self.ord, total_order: 0 };
        RowVersion { epoch: 0, position }
    }
}

/// Two changes of one document, in the order in which the server made them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct History {
    first: Change,
    then: Change,
}

/// Every pair of moments around a turn and in the middle of a second, with various numbers of other writes before and
/// between them, and with another primary in between if `behind` is not zero.
fn histories(behind: u64) -> BTreeSet<History> {
    let mut histories = BTreeSet::new();
    // The turn of second 101 is at 1,010,000.
    let around =
        |at: u64| (at - 300..at - 12).step_by(11).chain(at - 12..at + 12).chain((at + 12..at + 300).step_by(11));
    let moments: Vec<u64> = around(1_005_000).chain(around(1_010_000)).collect();
    let walls = [[Wall::First; 2], [Wall::Last; 2], [Wall::Last, Wall::First]];
    let others = [(0, 0), (0, 1), (0, 56), (1, 0), (2, 0), (56, 0), (4_000, 0), (4_000, 100)];
    for (tick, (before, between), walls) in [10, 100]
        .into_iter()
        .flat_map(|tick| others.iter().flat_map(move |others| walls.map(|walls| (tick, *others, walls))))
    {
        for (at, first) in moments.iter().enumerate() {
            // The second write of a document begins after the first one is over.
            for then in moments.iter().skip(at + 1).filter(|then| **then > first + BETWEEN) {
                let mut server = Server { tick, behind: 0, cluster: (100, before) };
                let first = server.write(*first, walls[0]);
                server.cluster.1 += between;
                server.behind = behind;
                histories.insert(History { first, then: server.write(*then, walls[1]) });
            }
        }
    }
    histories
}

/// The change that is kept of those that arrive in this order.
fn kept(arriving: &[Change], newer: impl Fn(Change, Change) -> bool) -> Change {
    let mut kept = arriving[0];
    for change in arriving {
        if newer(*change, kept) {
            kept = *change;
        }
    }
    kept
}

/// The wall clock alone, and the number only within its millisecond.
fn by_clock(new: Change, there: Change) -> bool {
    (new.ts_ms, new.ord).cmp(&(there.ts_ms, there.ord)) == Ordering::Greater
}

fn by_version(new: Change, there: Change) -> bool {
    new.version().compare(&there.version()) == Precedence::Newer
}

/// Histories that end with the wrong change, by how their changes arrive.
fn wrong(histories: &BTreeSet<History>, newer: impl Fn(Change, Change) -> bool + Copy) -> [BTreeSet<History>; 3] {
    let ends_wrong = |arrive: fn(&History) -> Vec<Change>| {
        let wrong = histories.iter().filter(|history| kept(&arrive(history), newer) != history.then);
        wrong.copied().collect::<BTreeSet<_>>()
    };
    [
        ends_wrong(|history| vec![history.first, history.then]),
        // A batch is delivered again, or a connector restarts: everything that follows comes again too.
        ends_wrong(|history| vec![history.first, history.then, history.first, history.then]),
        // One change alone, late: a redriven letter.
        ends_wrong(|history| vec![history.first, history.then, history.first]),
    ]
}

/// Whether both were made in one millisecond at the turn of a second.
fn at_one_turn(history: &History) -> bool {
    let in_second = history.first.ts_ms % 1000;
    history.first.ts_ms == history.then.ts_ms && !(10..990).contains(&in_second)
}

#[test]
fn changes_in_the_logs_order_leave_the_newest_even_at_a_turn() {
    let histories = histories(0);
    let [in_order, again, _] = wrong(&histories, by_version);
    for history in in_order.union(&again) {
        // A change with the same position as another one cannot be distinguished from its repetition.
        assert_eq!(history.first, history.then, "{history:?}");
    }
    let [clock_in_order, clock_again, _] = wrong(&histories, by_clock);
    assert!(in_order.len() < clock_in_order.len() && in_order.is_subset(&clock_in_order));
    assert!(again.is_subset(&clock_again));
    assert!(clock_in_order.iter().all(at_one_turn));
}

#[test]
fn a_late_change_is_refused_except_where_a_turn_makes_it_undecidable() {
    let histories = histories(0);
    let [in_order, _, late] = wrong(&histories, by_version);
    assert!(late.difference(&in_order).all(at_one_turn));
    // Undecidable: two histories leave the same two changes, each with another one last.
    let mut orders: BTreeMap<BTreeSet<Change>, BTreeSet<Change>> = BTreeMap::new();
    for history in &histories {
        orders.entry([history.first, history.then].into()).or_default().insert(history.then);
    }
    let undecidable = orders.values().filter(|last| last.len() > 1).count();
    assert!(undecidable > 0, "an order by the record's fields alone would be enough");
}

#[test]
fn a_clock_that_is_set_back_within_a_second_changes_nothing() {
    // Set back by 40 ms, for every pair away from a turn: what the wall clock alone gets wrong is right.
    let near_turn = |change: Change| !(10..990).contains(&(change.ts_ms % 1000));
    let histories: BTreeSet<_> = histories(400)
        .into_iter()
        .filter(|history| !near_turn(history.first) && !near_turn(history.then))
        .filter(|history| history.first.ts_ms / 1000 == history.then.ts_ms / 1000)
        .collect();
    let [clock, ..] = wrong(&histories, by_clock);
    assert!(!clock.is_empty());
    let [in_order, again, _] = wrong(&histories, by_version);
    assert!(in_order.is_empty() && again.is_empty(), "{in_order:?}");
}

#[test]
fn a_clock_that_is_set_back_over_a_turn_is_not_noticed() {
    let (first, then) = (Change { ts_ms: 101_020, ord: 3 }, Change { ts_ms: 100_980, ord: 4 });
    assert!(!by_version(then, first), "the README of cache-user-login documents this as a limitation");
}
