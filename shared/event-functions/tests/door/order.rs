//! Which records wait for each other, and when a partition stops.

use event_functions::testing::{Delivered, Harness, Outcome};
use event_functions::{Change, ChangeHandler, Conditional, Decided, Decision, Effect, Failure, Function, Performed};

use crate::bytes::{TOPIC, Ticket, deliver_inserts, register};

/// The desk does not want a ticket, or not now.
#[derive(Debug, Failure)]
enum Refused {
    /// The desk is closed.
    #[failure("the desk is closed", retry, code = "desk_closed")]
    Closed,
    /// The desk does not know such tickets.
    #[failure("the desk does not know such tickets", dead_letter, code = "ticket_unknown")]
    Unknown,
}

struct Desk<const SIDE_BY_SIDE: bool>;

impl<const SIDE_BY_SIDE: bool> ChangeHandler for Desk<SIDE_BY_SIDE> {
    type Row = Ticket<'static>;
    type Guard = Conditional;
    type Work = bool;

    const KEYS_SIDE_BY_SIDE: bool = SIDE_BY_SIDE;

    fn decide(&self, change: Change<'_, Ticket<'_>>) -> Decided<Self> {
        match change.after().and_then(|ticket| ticket.status) {
            Some("unknown") => Err(Refused::Unknown.into()),
            status => Ok(Decision::conditional(status == Some("open"))),
        }
    }

    async fn perform(&self, is_open: bool) -> Performed {
        if is_open { Ok(Effect::Done) } else { Err(Refused::Closed.into()) }
    }
}

fn function<const SIDE_BY_SIDE: bool>() -> Function {
    let function = Function::new("call-desk").changes::<Ticket>(TOPIC);
    function.effect(|_: &(), _| Desk::<SIDE_BY_SIDE>).schemas_elsewhere()
}

fn desk<const SIDE_BY_SIDE: bool>(variables: &[(&str, &str)]) -> Harness {
    let test = function::<SIDE_BY_SIDE>().test(variables);
    register(&test);
    test
}

#[test]
fn a_pending_record_stops_its_key_or_its_whole_partition() {
    let batch = [(1, "later"), (2, "open"), (1, "open")];
    let outcomes = |delivered: Delivered| delivered.0.into_iter().collect::<Vec<_>>();
    let (closed, behind) = (Outcome::Unfinished("desk_closed"), Outcome::Unfinished("lane_stopped"));
    let by_key = outcomes(deliver_inserts(&desk::<true>(&[]), &batch));
    assert_eq!(by_key, [(Outcome::Done, 1), (closed, 1), (behind, 1)]);
    let in_sequence = outcomes(deliver_inserts(&desk::<false>(&[]), &batch));
    assert_eq!(in_sequence, [(closed, 1), (behind, 2)]);
}

#[test]
fn only_keys_side_by_side_have_a_number_in_flight() {
    let reads = |function: Function| function.manifest().variables.iter().any(|read| read.name == "KEYS_IN_FLIGHT");
    assert!(reads(function::<true>()));
    assert!(!reads(function::<false>()));
    assert!(function::<true>().try_test(&[("KEYS_IN_FLIGHT", "0")]).is_err());
    assert!(function::<false>().try_test(&[("KEYS_IN_FLIGHT", "0")]).is_ok(), "it is not read");
}

#[test]
fn a_partition_that_an_operator_drains_does_not_stop() {
    let batch: Vec<_> = (0..40).map(|key| (key, "unknown")).collect();
    let unknown = |drained: &[(&str, &str)]| {
        let delivered = deliver_inserts(&desk::<true>(drained), &batch);
        let count = |outcome| delivered.count(outcome);
        (count(Outcome::DeadLettered("ticket_unknown")), count(Outcome::Unfinished("flood_guard")))
    };
    assert_eq!(unknown(&[]), (10, 30));
    assert_eq!(unknown(&[("DRAIN_PARTITIONS", "cdc.mysql.desk.tickets-1")]), (10, 30));
    assert_eq!(unknown(&[("DRAIN_PARTITIONS", "cdc.mysql.desk.tickets-0")]), (40, 0));
    assert_eq!(unknown(&[("DRAIN_PARTITIONS", "*")]), (40, 0));
}
