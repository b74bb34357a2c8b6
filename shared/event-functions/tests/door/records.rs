//! Records as bytes: which changes are skipped and under which name, when a key matters, and the stage of a failure.

use event_functions::testing::{Harness, Outcome};
use event_functions::{
    Change, ChangeHandler, Conditional, Decided, Decision, Effect, Failure, Function, Op, Performed,
};

use crate::bytes::{KEY, Said, TOPIC, Ticket, event, record, register};

/// Acts on one operation. What the row says decides where it fails.
struct Acts<const OP: char>;

const fn acts_on(op: char) -> &'static [Op] {
    match op {
        'c' => &[Op::Create],
        'u' => &[Op::Update],
        'd' => &[Op::Delete],
        _ => &[Op::Create, Op::Read, Op::Update, Op::Delete, Op::Truncate, Op::Message],
    }
}

/// The ticket does not please.
#[derive(Debug, Failure)]
#[failure("the ticket does not please", dead_letter, code = "ticket_refused", blame = record)]
struct Refused;

impl<const OP: char> ChangeHandler for Acts<OP> {
    type Row = Ticket<'static>;
    type Guard = Conditional;
    type Work = bool;

    const ACTS_ON: &'static [Op] = acts_on(OP);

    fn decide(&self, change: Change<'_, Ticket<'_>>) -> Decided<Self> {
        match change.after().and_then(|ticket| ticket.status) {
            Some("panic") => panic!("the function has an error"),
            Some("refuse") => Err(Refused.into()),
            Some("key") => change.key().map(|_| Decision::conditional(true)),
            status => Ok(Decision::conditional(status != Some("fail"))),
        }
    }

    async fn perform(&self, pleases: bool) -> Performed {
        if pleases { Ok(Effect::Done) } else { Err(Refused.into()) }
    }
}

fn function<const OP: char>() -> Harness {
    let function = Function::new("read-tickets").changes::<Ticket>(TOPIC);
    let test = function.effect(|_: &(), _| Acts::<OP>).schemas_elsewhere().test(&[]);
    register(&test);
    test
}

fn deliver(test: &Harness, key: Option<&[u8]>, value: Option<&[u8]>) -> Outcome {
    test.deliver(&event(&[record(1, key, value)])).only()
}

fn said(test: &Harness, said: Said) -> Outcome {
    deliver(test, Some(KEY), Some(&said.bytes()))
}

#[test]
fn what_a_function_does_not_act_on_is_skipped_under_its_name() {
    let op = |op| Said { op: Some(op), ..Said::default() };
    let snapshot = Said { snapshot: Some("first"), ..op("c") };
    let table = [
        (op("c"), "insert"),
        (op("r"), "snapshot"),
        (snapshot, "snapshot"),
        (op("d"), "delete"),
        (op("t"), "truncate"),
        (op("m"), "message"),
        (op("x"), "unknown_operation"),
        (Said::default(), "heartbeat"),
        (Said { marker: Some("BEGIN"), ..Said::default() }, "transaction"),
    ];
    let updates = function::<'u'>();
    for (record, reason) in table {
        assert_eq!(said(&updates, record), Outcome::Skipped(reason));
    }
    assert_eq!(said(&updates, op("u")), Outcome::Done);
    assert_eq!(said(&function::<'c'>(), op("u")), Outcome::Skipped("update"));
    assert_eq!(said(&function::<'c'>(), snapshot), Outcome::Skipped("snapshot"));
    assert_eq!(deliver(&updates, Some(KEY), None), Outcome::Skipped("tombstone"));
    let all = function::<'*'>();
    for letter in ["c", "r", "u", "d", "t", "m"] {
        assert_eq!(said(&all, op(letter)), Outcome::Done, "{letter}");
    }
}

#[test]
fn a_key_that_cannot_be_read_is_an_error_only_where_it_is_needed() {
    let test = function::<'c'>();
    let change = |op, status| Said { op: Some(op), status: Some(status), ..Said::default() }.bytes();
    // Its schema is unknown, it has no frame, or it is cut off.
    for key in [&[0, 0, 0, 0, 8][..], &[1, 2, 3], b""] {
        assert_eq!(deliver(&test, Some(key), Some(&change("c", "open"))), Outcome::Done, "{key:?}");
        assert_eq!(deliver(&test, Some(key), Some(&change("d", "key"))), Outcome::Skipped("delete"), "{key:?}");
        let needed = deliver(&test, Some(key), Some(&change("c", "key")));
        assert!(matches!(needed, Outcome::DeadLettered(_)), "{key:?}: {needed:?}");
    }
    assert_eq!(deliver(&test, None, Some(&change("c", "key"))), Outcome::DeadLettered("key_missing"));
    assert_eq!(deliver(&test, Some(KEY), Some(&change("c", "key"))), Outcome::Done);
}

#[test]
fn a_failure_has_the_stage_of_the_step_that_returned_it() {
    let table = [
        ("refuse", "decode", "ticket_refused"),
        ("fail", "handle", "ticket_refused"),
        ("panic", "handle", "handler_panicked"),
    ];
    for (status, stage, code) in table {
        let test = function::<'c'>();
        said(&test, Said { op: Some("c"), status: Some(status), ..Said::default() });
        let letter = test.letters().pop().unwrap();
        assert_eq!((letter.stage.as_str(), letter.code.as_str()), (stage, code), "{status}");
    }
}
