//! Changes that are made up: each operation, each way to have no recipient, each way not to send.

use event_functions::Op;
use event_functions::testing::{Outcome, Rows, StoredClaim};
use send_welcome_email::account::Account;

use crate::deployment::Deployment;

fn to(email: &'static str) -> Option<Account<'static>> {
    Some(Account { email: Some(email), ..Account::default() })
}

#[test]
fn only_an_insert_gets_mail_and_only_once() {
    let deployment = Deployment::new();
    let accounts = Rows::<Account<'static>>::of(&deployment.harness);
    for (op, outcome) in [
        (Op::Read, Outcome::Skipped("snapshot")),
        (Op::Update, Outcome::Skipped("update")),
        (Op::Create, Outcome::Done),
        (Op::Create, Outcome::Duplicate),
        (Op::Truncate, Outcome::Skipped("truncate")),
    ] {
        assert_eq!(accounts.change(op, "42", 1, to("ada@example.com")), outcome);
    }
    assert_eq!(accounts.change(Op::Delete, "42", 2, None), Outcome::Skipped("delete"));
    assert_eq!(deployment.mails(), ["ada@example.com"]);
    assert!(matches!(deployment.harness.claims().stored("welcome:42"), Some(StoredClaim::Done { .. })));
}

#[test]
fn without_a_recipient_an_insert_is_a_dead_letter_and_not_claimed() {
    let deployment = Deployment::new();
    let accounts = Rows::<Account<'static>>::of(&deployment.harness);
    let cases =
        [(None, "row_missing"), (Some(Account::default()), "recipient_missing"), (to("a"), "recipient_malformed")];
    for (row, code) in cases {
        assert_eq!(accounts.change(Op::Create, code, 1, row), Outcome::DeadLettered(code));
        assert_eq!(deployment.harness.claims().stored(&format!("welcome:{code}")), None);
    }
    assert!(deployment.harness.letters().iter().all(|letter| letter.stage == "decode"));
}

#[test]
fn a_mail_that_may_have_been_sent_is_parked_for_a_person() {
    let deployment = Deployment::new();
    let accounts = Rows::<Account<'static>>::of(&deployment.harness);
    assert_eq!(accounts.change(Op::Create, "42", 1, to("ada@broken.example")), Outcome::DeadLettered("ses_timeout"));
    assert!(matches!(deployment.harness.claims().stored("welcome:42"), Some(StoredClaim::Parked { .. })));
    assert_eq!(accounts.change(Op::Create, "42", 1, to("ada@broken.example")), Outcome::Duplicate);
    assert_eq!(deployment.mails().len(), 1);
}

#[test]
fn switched_off_it_sends_nothing_and_loses_nothing() {
    let deployment = Deployment::with(&[("EMAIL_SENDING", "off")]);
    let accounts = Rows::<Account<'static>>::of(&deployment.harness);
    assert_eq!(accounts.change(Op::Create, "42", 1, to("ada@example.com")), Outcome::Unfinished("sending_off"));
    assert_eq!((deployment.mails(), deployment.harness.letters()), (vec![], vec![]));
}

#[test]
fn a_mail_waits_for_its_turn_no_longer_than_its_time_allows() {
    for (rate, second) in [("2", Outcome::Unfinished("send_rate_exceeded")), ("20", Outcome::Done)] {
        let deployment = Deployment::with(&[("EFFECT_TIMEOUT_MS", "500"), ("EMAIL_RATE_PER_SECOND", rate)]);
        let accounts = Rows::<Account<'static>>::of(&deployment.harness);
        assert_eq!(accounts.change(Op::Create, "1", 1, to("ada@example.com")), Outcome::Done);
        assert_eq!(accounts.change(Op::Create, "2", 2, to("bob@example.com")), second, "{rate} a second");
    }
}
